"""The runner of the schedule: reads slots, compiles, and stores timeline and facts in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.attendance import Codes
from delivery.broadcast.playout.hls import WINDOW_TICKS
from delivery.broadcast.schedule.findings import Finding
from delivery.broadcast.schedule.schedule import Lesson, expand, takes_card, tick_at
from delivery.broadcast.schedule.timeline import Compiled, Plan, compile_timeline, renditions_of
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import Clock, from_micros, to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, Airing, Channel, Row, Slot
from delivery.store.factlog import FactLog
from delivery.store.schedule import ScheduleStore
from delivery.units import Micros

FROZEN_TICKS = 188
"""Frozen horizon: 60 s. What begins within it is as fixed as the past."""
_TICK = timedelta(microseconds=TICK_US)


@dataclass(frozen=True, slots=True)
class Materials:
    """What the rest of the program knows of materials and assets."""

    lesson_of: Callable[[str], Lesson | None]
    """Material code -> what was ingested for it."""
    is_approved: Callable[[str, str], bool]
    """(material, SHA-256 of its content) -> approved for broadcast (design D7)."""
    assets: Callable[[str], Asset]
    """Asset id -> asset; raises NotFound."""
    make_card: Callable[[Channel, str], str]
    """(channel, attendance code) -> asset id of a card of 18 ticks, made when there is none yet."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a compilation did."""

    channel: str
    digest: str
    rows: int
    new_rows: int
    start_us: int
    end_us: int
    placed: tuple[Airing, ...]
    findings: tuple[Finding, ...]


class Scheduler:
    """Slots in, timeline out."""

    def __init__(
        self, store: ScheduleStore, facts: FactLog, *, materials: Materials, codes: Codes, clock: Clock
    ) -> None:
        self._store = store
        self._facts = facts
        self._materials = materials
        self._codes = codes
        self._clock = clock

    def add(self, slot: Slot, *, actor: str) -> None:
        """Schedule a slot. Adding the same one again does nothing. Raises NotFound for an unknown channel."""
        self._store.channel(slot.channel)
        draft = Draft(
            id=fact_id(FactKind.SLOT_SCHEDULED, slot.id),
            kind=FactKind.SLOT_SCHEDULED,
            occurred_at=to_micros(self._clock.now()),
            actor=actor,
            course=slot.course,
            activity=slot.activity,
            mode=str(DeliveryMode.BROADCAST),
            data={
                "slot": slot.id,
                "channel": slot.channel,
                "start": to_micros(slot.start),
                "rule": slot.rule,
                "material": ",".join(slot.materials),
                "rerun": slot.rerun,
                "unit": slot.unit,
            },
        )
        with self._store.database.write() as connection:
            self._facts.append_in(connection, [draft], once=True)
            self._store.put_slot_in(connection, slot)

    def compile(self, channel_code: str, *, until: datetime, actor: str) -> Compilation:
        """Extend the channel's timeline to `until` (at least), leaving what is frozen as it is."""
        channel = self._store.channel(channel_code)
        renditions_of(channel, self._materials.assets)
        with self._store.database.read() as connection:
            last = self._store.last_row_in(connection, channel_code)
        now = self._clock.now()
        end = max(until, now + FROZEN_TICKS * _TICK, from_micros((last.end_tick if last else 0) * TICK_US))
        since = min(now, from_micros(last.end_tick * TICK_US)) if last else now
        expanded = expand(
            self._store.slots(channel_code),
            lesson_of=self._materials.lesson_of,
            is_approved=self._materials.is_approved,
            since=since,
            before=end + _TICK,
        )
        # Cards are drawn before the transaction, which must be short.
        cards = {
            airing.id: self._materials.make_card(channel, self._codes.of(channel_code, airing.id))
            for airing in expanded.airings
            if takes_card(airing, kind=channel.kind)
        }
        with self._store.database.write() as connection:
            return self._store_compiled(
                connection,
                channel,
                airings=expanded.airings,
                cards=cards,
                end=end,
                actor=actor,
                more=expanded.findings,
            )

    def _store_compiled(
        self,
        connection: Connection,
        channel: Channel,
        *,
        airings: tuple[Airing, ...],
        cards: dict[str, str],
        end: datetime,
        actor: str,
        more: tuple[Finding, ...],
    ) -> Compilation:
        now = self._clock.now()
        last = self._store.last_row_in(connection, channel.code)
        reach = min(tick_at(now), last.end_tick) - 1 if last else 0
        previous = self._store.rows_in(connection, channel.code, since_tick=reach) if last else ()
        compiled = compile_timeline(
            Plan(
                channel=channel,
                airings=airings,
                assets=self._materials.assets,
                cards=cards,
                # A new channel begins a window ago, so that it can be tuned in to at once.
                start_tick=tick_at(now) - WINDOW_TICKS,
                end_tick=max(tick_at(end), last.end_tick if last else 0),
                previous=previous,
                # Nothing of a new channel has been published yet, so nothing of it is fixed.
                frozen_tick=tick_at(now) + (FROZEN_TICKS if last else 0),
            )
        )
        rows = compiled.timeline.rows
        fresh = _fresh(compiled, previous)
        if fresh != previous[len(rows) - len(fresh) :] or len(rows) != len(previous):
            from_tick = fresh[0].start_tick if fresh else compiled.timeline.end_tick
            self._store.extend_in(
                connection, channel.code, from_tick=from_tick, rows=fresh, airings=compiled.placed
            )
            self._facts.append_in(connection, [self._compiled_fact(compiled, now, actor)], once=True)
        return Compilation(
            channel.code,
            compiled.timeline.digest,
            len(rows),
            len(fresh),
            rows[0].start_tick * TICK_US,
            compiled.timeline.end_tick * TICK_US,
            compiled.placed,
            (*more, *compiled.findings),
        )

    def _compiled_fact(self, compiled: Compiled, now: datetime, actor: str) -> Draft:
        timeline = compiled.timeline
        return Draft(
            id=fact_id(FactKind.TIMELINE_COMPILED, timeline.channel, timeline.digest),
            kind=FactKind.TIMELINE_COMPILED,
            occurred_at=Micros(to_micros(now)),
            actor=actor,
            mode=str(DeliveryMode.BROADCAST),
            data={
                "channel": timeline.channel,
                "digest": timeline.digest,
                "rows": len(timeline.rows),
                "start": timeline.start_tick * TICK_US,
                "end": timeline.end_tick * TICK_US,
            },
        )


def _fresh(compiled: Compiled, previous: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows from the first one that differs from what is stored."""
    rows = compiled.timeline.rows
    same = compiled.kept
    while same < min(len(rows), len(previous)) and rows[same] == previous[same]:
        same += 1
    return rows[same:]
