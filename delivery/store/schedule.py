"""Repository of channels, slots, airings and timeline rows, and of what playout noticed while it ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, case, delete, func, insert, or_, select, update

from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.errors import N_, NotFound
from delivery.store.air import Airing, Channel, Control, Effect, Row, RowKind, Slot, freeze_continuity
from delivery.store.database import Database
from delivery.store.tables.broadcast_air import (
    AiringTable,
    ChannelTable,
    ControlTable,
    FaultTable,
    SlotTable,
    StopTable,
    TimelineTable,
    UpSpanTable,
)
from delivery.store.tables.core import PacketTable, SheetTable
from delivery.units import Ticks

_channel = ChannelTable.__table__  # type: ignore[attr-defined]
_slot = SlotTable.__table__  # type: ignore[attr-defined]
_airing = AiringTable.__table__  # type: ignore[attr-defined]
_control = ControlTable.__table__  # type: ignore[attr-defined]
_packet = PacketTable.__table__  # type: ignore[attr-defined]
_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_row = TimelineTable.__table__  # type: ignore[attr-defined]
_span = UpSpanTable.__table__  # type: ignore[attr-defined]
_fault = FaultTable.__table__  # type: ignore[attr-defined]
_stop = StopTable.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class PacketsOfActivity:
    """Packets with sheets of one activity that have not been delivered."""

    activity: str
    packets: int
    waiting: int
    """Sheets of them whose packet has not been posted."""
    last_posted_us: int
    """When the last of them was posted, 0 when none was."""


class ScheduleStore:
    """Reading opens its own connection; writing with ``_in`` joins the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    # Channels and slots

    def put_channel(self, channel: Channel) -> None:
        """Create the channel, or change its name and slates. Storing the same again does nothing."""
        values = {
            "name": channel.name,
            "kind": channel.kind,
            "slates": orjson.dumps({str(k): v for k, v in sorted(channel.slates.items())}).decode(),
            "details": orjson.dumps(channel.details(), option=orjson.OPT_SORT_KEYS).decode(),
        }
        with self.database.write() as connection:
            changed = connection.execute(
                update(ChannelTable).where(_channel.c.code == channel.code).values(**values)
            ).rowcount
            if not changed:
                connection.execute(
                    insert(ChannelTable), {"code": channel.code, "revision": 0, "asrun_tick": 0, **values}
                )

    def channels(self) -> list[Channel]:
        """All channels in order of their codes."""
        with self.database.read() as connection:
            return [_to_channel(r) for r in connection.execute(select(_channel).order_by(_channel.c.code))]

    def channel(self, code: str) -> Channel:
        """The channel with this code. Raises NotFound."""
        with self.database.read() as connection:
            row = connection.execute(select(_channel).where(_channel.c.code == code)).first()
        if row is None:
            raise NotFound(
                N_("There is no channel “{channel}”."),
                do=N_("List the channels with “tuxa channel list”."),
                channel=code,
            )
        return _to_channel(row)

    def put_slot_in(self, connection: Connection, slot: Slot) -> None:
        """Store a slot; one with the same id stays as it is."""
        if connection.execute(select(_slot.c.id).where(_slot.c.id == slot.id)).first():
            return
        connection.execute(
            insert(SlotTable),
            {
                "id": slot.id,
                "channel": slot.channel,
                "start_us": to_micros(slot.start),
                "rule": slot.rule,
                "materials": ",".join(slot.materials),
                "rerun": slot.rerun,
                "course": slot.course,
                "activity": slot.activity,
                "unit": slot.unit,
                "details": orjson.dumps(slot.details(), option=orjson.OPT_SORT_KEYS).decode(),
            },
        )

    def drop_slot_in(self, connection: Connection, slot: str) -> None:
        """Take a slot out of the schedule; what it has aired stays known."""
        connection.execute(delete(SlotTable).where(_slot.c.id == slot))

    def slots(self, channel: str | None = None) -> list[Slot]:
        """Slots of one channel, or of all, in order of their first start."""
        query = select(_slot).order_by(_slot.c.start_us, _slot.c.id)
        if channel is not None:
            query = query.where(_slot.c.channel == channel)
        with self.database.read() as connection:
            return [_to_slot(r) for r in connection.execute(query)]

    # Timeline

    def revision(self, channel: str) -> int:
        """A number that rises with every change of the channel's timeline; 0 when there is none."""
        with self.database.read() as connection:
            found = connection.execute(select(_channel.c.revision).where(_channel.c.code == channel)).scalar()
        return int(found or 0)

    def rows(self, channel: str, *, since_tick: int = 0, before_tick: int | None = None) -> tuple[Row, ...]:
        """Rows that end after `since_tick` and begin before `before_tick`, in order."""
        with self.database.read() as connection:
            return self.rows_in(connection, channel, since_tick=since_tick, before_tick=before_tick)

    def rows_in(
        self, connection: Connection, channel: str, *, since_tick: int = 0, before_tick: int | None = None
    ) -> tuple[Row, ...]:
        """As :meth:`rows`, in the caller's transaction."""
        # Rows lie end to end: those that end after a tick are the one that plays at it and all that begin later.
        first = (
            select(func.max(_row.c.start_tick))
            .where(_row.c.channel == channel, _row.c.start_tick <= since_tick)
            .scalar_subquery()
        )
        query: Select[Any] = (
            select(_row)
            .where(_row.c.channel == channel, _row.c.start_tick >= func.coalesce(first, since_tick))
            .order_by(_row.c.start_tick)
        )
        if before_tick is not None:
            query = query.where(_row.c.start_tick < before_tick)
        rows = (_to_row(r) for r in connection.execute(query))
        return tuple(row for row in rows if row.end_tick > since_tick)

    def last_row_in(self, connection: Connection, channel: str) -> Row | None:
        """The row with which the channel's timeline ends."""
        query = select(_row).where(_row.c.channel == channel).order_by(_row.c.start_tick.desc()).limit(1)
        found = connection.execute(query).first()
        return _to_row(found) if found else None

    def extend_in(
        self,
        connection: Connection,
        channel: str,
        *,
        from_tick: int,
        rows: Sequence[Row],
        airings: Sequence[Airing],
    ) -> None:
        """Replace every row that begins at `from_tick` or later by `rows`, and note the airings that they place."""
        connection.execute(
            delete(TimelineTable).where(_row.c.channel == channel, _row.c.start_tick >= from_tick)
        )
        connection.execute(
            delete(AiringTable).where(
                or_(
                    and_(_airing.c.channel == channel, _airing.c.start_tick >= from_tick),
                    _airing.c.id.in_([a.id for a in airings]),
                )
            )
        )
        if rows:
            connection.execute(insert(TimelineTable), [_from_row(channel, row) for row in rows])
        if airings:
            connection.execute(insert(AiringTable), [_from_airing(a) for a in airings])
        connection.execute(
            update(ChannelTable).where(_channel.c.code == channel).values(revision=_channel.c.revision + 1)
        )

    def airing(self, airing_id: str) -> Airing | None:
        """The airing with this id."""
        with self.database.read() as connection:
            row = connection.execute(select(_airing).where(_airing.c.id == airing_id)).first()
        return _to_airing(row) if row else None

    def airings_in(self, connection: Connection, idents: Sequence[str]) -> list[Airing]:
        """The airings with these ids, as far as they exist."""
        wanted = sorted({ident for ident in idents if ident})
        found: list[Airing] = []
        for at in range(0, len(wanted), 500):
            query = select(_airing).where(_airing.c.id.in_(wanted[at : at + 500]))
            found += [_to_airing(row) for row in connection.execute(query)]
        return found

    def airings(
        self, channel: str | None = None, *, since_tick: int = 0, before_tick: int | None = None
    ) -> list[Airing]:
        """Airings whose lesson ends after `since_tick` and begins before `before_tick`, in order."""
        query = select(_airing).where(_airing.c.start_tick + _airing.c.ticks > since_tick)
        if channel is not None:
            query = query.where(_airing.c.channel == channel)
        if before_tick is not None:
            query = query.where(_airing.c.start_tick < before_tick)
        with self.database.read() as connection:
            return [
                _to_airing(r) for r in connection.execute(query.order_by(_airing.c.start_tick, _airing.c.id))
            ]

    # Interventions by hand

    def put_control_in(self, connection: Connection, control: Control) -> None:
        """Keep an intervention; one with the same id stays as it is."""
        if connection.execute(select(_control.c.id).where(_control.c.id == control.id)).first():
            return
        effect = orjson.dumps(control.effect.as_json(), option=orjson.OPT_SORT_KEYS).decode()
        connection.execute(
            insert(ControlTable),
            {
                "id": control.id,
                "channel": control.channel,
                "at_tick": control.at_tick,
                "command": control.command,
                "actor": control.actor,
                "effect": effect,
            },
        )

    def controls(self, channel: str, *, since_tick: int = 0) -> tuple[Control, ...]:
        """Interventions of `since_tick` or later, in the order in which they were made."""
        query = (
            select(_control)
            .where(_control.c.channel == channel, _control.c.at_tick >= since_tick)
            .order_by(_control.c.at_tick, _control.c.id)
        )
        with self.database.read() as connection:
            return tuple(
                Control(
                    r.id, r.channel, r.at_tick, r.command, r.actor, Effect.from_json(orjson.loads(r.effect))
                )
                for r in connection.execute(query)
            )

    # What else the checks of a schedule need

    def packets_of(self, course: str) -> list[PacketsOfActivity]:
        """How far the packets of each activity of a course are: those that were neither voided nor replaced."""
        packet, sheet = _packet, _sheet
        query = (
            select(
                sheet.c.activity,
                func.count(func.distinct(packet.c.packet)),
                func.sum(case((packet.c.posted_at == 0, 1), else_=0)),
                func.max(packet.c.posted_at),
            )
            .select_from(sheet.join(packet, packet.c.packet == sheet.c.packet))
            .where(sheet.c.course == course, packet.c.voided_at == 0, packet.c.delivered_at == 0)
            .group_by(sheet.c.activity)
        )
        with self.database.read() as connection:
            return [
                PacketsOfActivity(a, int(n), int(w or 0), int(p or 0))
                for a, n, w, p in connection.execute(query)
            ]

    # What playout noticed

    def open_span(self, now_us: int) -> int:
        """A playout process has started; the id of its span."""
        with self.database.write() as connection:
            result = connection.execute(insert(_span).values(start_us=now_us, end_us=now_us))
            key = result.inserted_primary_key
            assert key is not None
            return int(key[0])

    def extend_span(self, span: int, now_us: int) -> None:
        """It still runs."""
        with self.database.write() as connection:
            connection.execute(update(UpSpanTable).where(_span.c.id == span).values(end_us=now_us))

    def up_spans(self, since_us: int) -> list[tuple[int, int]]:
        """(start, end) of the spans that end after `since_us`; they may overlap."""
        query = select(_span.c.start_us, _span.c.end_us).where(_span.c.end_us > since_us)
        with self.database.read() as connection:
            return sorted((int(a), int(b)) for a, b in connection.execute(query))

    def put_fault(self, channel: str, sequence: int, *, rendition: str, reason: str, now_us: int) -> bool:
        """Note that a segment goes out as a slate; False when that was known."""
        key = and_(
            _fault.c.channel == channel, _fault.c.sequence == sequence, _fault.c.rendition == rendition
        )
        with self.database.write() as connection:
            if connection.execute(select(_fault.c.sequence).where(key)).first():
                return False
            connection.execute(
                insert(FaultTable),
                {
                    "channel": channel,
                    "sequence": sequence,
                    "rendition": rendition,
                    "reason": reason,
                    "noticed_us": now_us,
                },
            )
        return True

    def is_faulty(self, channel: str, sequence: int, *, rendition: str) -> bool:
        """Whether that segment goes out as a slate."""
        key = and_(
            _fault.c.channel == channel, _fault.c.sequence == sequence, _fault.c.rendition == rendition
        )
        with self.database.read() as connection:
            return connection.execute(select(_fault.c.sequence).where(key)).first() is not None

    def put_stop(self, channel: str, airing: str, *, sequence: int, reason: str, now_us: int) -> bool:
        """Cut an airing off from `sequence` on; False when it was cut off before."""
        with self.database.write() as connection:
            key = and_(_stop.c.channel == channel, _stop.c.airing == airing)
            if connection.execute(select(_stop.c.sequence).where(key)).first():
                return False
            connection.execute(
                insert(StopTable),
                {
                    "channel": channel,
                    "airing": airing,
                    "sequence": sequence,
                    "reason": reason,
                    "noticed_us": now_us,
                },
            )
        return True

    def stopped_from(self, channel: str, airing: str) -> int | None:
        """Sequence from which an airing is cut off, or None."""
        with self.database.read() as connection:
            found = connection.execute(
                select(_stop.c.sequence).where(_stop.c.channel == channel, _stop.c.airing == airing)
            ).scalar()
        return None if found is None else int(found)

    def asrun_tick(self, channel: str) -> int:
        """Every lesson that ended by this tick has its as-run fact."""
        with self.database.read() as connection:
            found = connection.execute(
                select(_channel.c.asrun_tick).where(_channel.c.code == channel)
            ).scalar()
        return int(found or 0)

    def set_asrun_tick_in(self, connection: Connection, channel: str, tick: int) -> None:
        """Move the watermark, in the transaction that appends the facts."""
        connection.execute(update(ChannelTable).where(_channel.c.code == channel).values(asrun_tick=tick))


def _to_channel(row: Any) -> Channel:
    details = orjson.loads(row.details)
    return Channel(
        row.code,
        row.name,
        row.kind,
        {int(k): v for k, v in orjson.loads(row.slates).items()},
        tuple(details.get("fillers", ())),
        details.get("ident", ""),
        details.get("gap_minutes", 0),
    )


def _to_slot(row: Any) -> Slot:
    details = orjson.loads(row.details)
    return Slot(
        row.id,
        row.channel,
        from_micros(row.start_us).astimezone(VIETNAM),
        row.rule,
        tuple(m for m in row.materials.split(",") if m),
        row.rerun,
        row.course,
        row.activity,
        row.unit,
        tuple(details.get("except", ())),
        tuple(datetime.fromisoformat(text) for text in details.get("also", ())),
        details.get("skip_holidays", False),
        details.get("minutes", 0),
        details.get("whole_course", False),
        details.get("makes_good", ""),
    )


_AIRING_COLUMNS = tuple(column.name for column in _airing.columns)


def _to_airing(row: Any) -> Airing:
    return Airing(
        **{name: getattr(row, name) for name in _AIRING_COLUMNS if name != "ticks"}, ticks=Ticks(row.ticks)
    )


def _from_airing(airing: Airing) -> dict[str, Any]:
    return {name: getattr(airing, name) for name in _AIRING_COLUMNS}


def _to_row(row: Any) -> Row:
    return Row(
        row.start_tick,
        row.ticks,
        RowKind(row.kind),
        row.asset,
        row.airing,
        row.sequence,
        freeze_continuity(orjson.loads(row.continuity)),
        row.first_segment,
    )


def _from_row(channel: str, row: Row) -> dict[str, Any]:
    continuity = orjson.dumps(
        {name: dict(pids) for name, pids in row.continuity}, option=orjson.OPT_SORT_KEYS
    )
    return {
        "channel": channel,
        "start_tick": row.start_tick,
        "ticks": row.ticks,
        "kind": str(row.kind),
        "asset": row.asset,
        "airing": row.airing,
        "sequence": row.sequence,
        "continuity": continuity.decode(),
        "first_segment": row.first_segment,
    }
