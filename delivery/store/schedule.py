"""Repository of channels, slots, airings and timeline rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, case, delete, func, insert, or_, select, update

from delivery.errors import N_, NotFound
from delivery.store.air import Airing, Channel, Control, Row, Slot
from delivery.store.air_notes import AirNotes
from delivery.store.air_rows import (
    ROW_COLUMNS,
    from_airing,
    from_channel,
    from_row,
    to_airing,
    to_channel,
    to_control,
    to_row,
    to_slot,
)
from delivery.store.database import Database
from delivery.store.tables.broadcast_air import (
    AiringTable,
    ChannelTable,
    ControlTable,
    SlotTable,
    TimelineTable,
)
from delivery.store.tables.core import PacketTable, SheetTable

_channel = ChannelTable.__table__  # type: ignore[attr-defined]
_slot = SlotTable.__table__  # type: ignore[attr-defined]
_airing = AiringTable.__table__  # type: ignore[attr-defined]
_control = ControlTable.__table__  # type: ignore[attr-defined]
_packet = PacketTable.__table__  # type: ignore[attr-defined]
_sheet = SheetTable.__table__  # type: ignore[attr-defined]
_row = TimelineTable.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class PacketsOfActivity:
    """Packets with sheets of one activity that have not been delivered."""

    activity: str
    packets: int
    waiting: int
    """Sheets of them whose packet has not been posted."""
    last_posted_us: int
    """When the last of them was posted, 0 when none was."""


class ScheduleStore(AirNotes):
    """Channels, slots, airings and rows. Reading opens its own connection; writing with ``_in`` joins the caller's
    transaction. Slots and orders by hand are written by telling their facts (:mod:`air_projection`)."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        # A term is tens of thousands of rows: they go to the driver as they are.
        mark = "?" if database.dialect == "sqlite" else "%s"
        marks = ", ".join([mark] * len(ROW_COLUMNS))
        self._insert_rows = f"INSERT INTO {_row.name} ({', '.join(ROW_COLUMNS)}) VALUES ({marks})"

    # Channels and slots

    def put_channel(self, channel: Channel) -> None:
        """Create the channel, or change its name and slates. Storing the same again does nothing."""
        values = from_channel(channel)
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
            return [to_channel(r) for r in connection.execute(select(_channel).order_by(_channel.c.code))]

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
        return to_channel(row)

    def slot_numbers(self, connection: Connection, slot: str) -> tuple[int, int]:
        """(which scheduling of the slot was the last, which withdrawal), counted from 0; -1 for none."""
        query = select(_slot.c.scheduled_n, _slot.c.withdrawn_n).where(_slot.c.id == slot)
        found = connection.execute(query).first()
        return (found.scheduled_n, found.withdrawn_n) if found else (-1, -1)

    def slots(self, channel: str | None = None) -> list[Slot]:
        """Slots of one channel, or of all, in order of their first start."""
        query = select(_slot).where(_slot.c.scheduled_n > _slot.c.withdrawn_n)
        query = query.order_by(_slot.c.start_us, _slot.c.id)
        if channel is not None:
            query = query.where(_slot.c.channel == channel)
        with self.database.read() as connection:
            return [to_slot(r) for r in connection.execute(query)]

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
        rows = (to_row(r) for r in connection.execute(query))
        return tuple(row for row in rows if row.end_tick > since_tick)

    def last_row_in(self, connection: Connection, channel: str) -> Row | None:
        """The row with which the channel's timeline ends."""
        query = select(_row).where(_row.c.channel == channel).order_by(_row.c.start_tick.desc()).limit(1)
        found = connection.execute(query).first()
        return to_row(found) if found else None

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
            connection.exec_driver_sql(self._insert_rows, [from_row(channel, row) for row in rows])
        if airings:
            connection.execute(insert(AiringTable), [from_airing(a) for a in airings])
        connection.execute(
            update(ChannelTable).where(_channel.c.code == channel).values(revision=_channel.c.revision + 1)
        )

    def airing(self, airing_id: str) -> Airing | None:
        """The airing with this id."""
        with self.database.read() as connection:
            row = connection.execute(select(_airing).where(_airing.c.id == airing_id)).first()
        return to_airing(row) if row else None

    def airings_in(self, connection: Connection, idents: Sequence[str]) -> list[Airing]:
        """The airings with these ids, as far as they exist."""
        wanted = sorted({ident for ident in idents if ident})
        found: list[Airing] = []
        for at in range(0, len(wanted), 500):
            query = select(_airing).where(_airing.c.id.in_(wanted[at : at + 500]))
            found += [to_airing(row) for row in connection.execute(query)]
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
                to_airing(r) for r in connection.execute(query.order_by(_airing.c.start_tick, _airing.c.id))
            ]

    # Interventions by hand

    def controls(self, channel: str, *, since_tick: int = 0) -> tuple[Control, ...]:
        """Interventions of `since_tick` or later, in the order in which they were made."""
        query = (
            select(_control)
            .where(_control.c.channel == channel, _control.c.at_tick >= since_tick)
            .order_by(_control.c.at_tick, _control.c.id)
        )
        with self.database.read() as connection:
            return tuple(to_control(r) for r in connection.execute(query))

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
            .where(packet.c.course == course, packet.c.voided_at == 0, packet.c.delivered_at == 0)
            .group_by(sheet.c.activity)
        )
        with self.database.read() as connection:
            return [
                PacketsOfActivity(a, int(n), int(w or 0), int(p or 0))
                for a, n, w, p in connection.execute(query)
            ]
