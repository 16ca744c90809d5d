"""The runner of the schedule: reads slots, compiles, and stores timeline and facts in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.attendance import Codes
from delivery.broadcast.playout.hls import WINDOW_TICKS
from delivery.broadcast.schedule.byhand import ByHand, apply
from delivery.broadcast.schedule.checks import (
    LoadLimits,
    Post,
    gap_findings,
    load_findings,
    order_findings,
    packet_findings,
)
from delivery.broadcast.schedule.counting import Totals
from delivery.broadcast.schedule.findings import Finding
from delivery.broadcast.schedule.schedule import Wanted, expand, takes_card, tick_at
from delivery.broadcast.schedule.timeline import (
    Compiled,
    Filler,
    Plan,
    compile_timeline,
    renditions_of,
    takes_format,
)
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import VIETNAM, Clock, from_micros, to_micros
from delivery.errors import N_, NotFound, TuxaError
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, Airing, Channel, Control, Row, Slot
from delivery.store.factlog import FactLog
from delivery.store.schedule import ScheduleStore
from delivery.units import SEGMENT_TICKS, Micros

FROZEN_TICKS = 188
"""Frozen horizon: 60 s. What begins within it is as fixed as the past."""
CARDS_AHEAD = timedelta(hours=50)
"""Attendance cards are drawn this long before their lesson: longer than an air bundle reaches."""
_log = structlog.get_logger(__name__)
_TICK = timedelta(microseconds=TICK_US)
_CONTROLS_BACK = timedelta(days=2)
"""Older interventions have no say in what is to come."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What the rest of the program knows of materials and assets."""

    now: Callable[[Channel], Wanted]
    """What may air on a channel, as it stands at this moment: asked once for each compilation."""
    assets: Callable[[str], Asset]
    """Asset id -> asset; raises NotFound."""
    make_card: Callable[[Channel, str], str]
    """(channel, attendance code) -> asset id of a card of 18 ticks, made when there is none yet."""
    post: Callable[[], Post]
    """How far packets are."""
    limits: LoadLimits = field(default_factory=LoadLimits)


@dataclass(frozen=True, slots=True)
class Drafted:
    """What was gathered for a compilation."""

    channel: Channel
    wanted: Wanted
    hand: ByHand
    cards: dict[str, str]
    end: datetime
    findings: tuple[Finding, ...]


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
        self,
        store: ScheduleStore,
        facts: FactLog,
        *,
        materials: Materials,
        codes: Codes,
        clock: Clock,
        compiled: Callable[[str], None] = lambda _channel: None,
        judge: Callable[[Sequence[Slot]], None] = lambda _slots: None,
    ) -> None:
        """`compiled(channel)` is called when a compilation has been stored, or found nothing to change; `judge(slots)`
        before slots are stored: it raises to refuse them."""
        self._compiled = compiled
        self._judge = judge
        self._totals: Totals = {}
        self._store = store
        self._facts = facts
        self._materials = materials
        self._codes = codes
        self._clock = clock

    def add(self, slot: Slot, *, actor: str) -> None:
        """Schedule a slot. Adding the same one again does nothing. Raises NotFound for an unknown channel."""
        self.add_all([slot], actor=actor)

    def add_all(self, slots: Sequence[Slot], *, actor: str) -> None:
        """Schedule all of them or none. Raises NotFound for an unknown channel."""
        for code in sorted({slot.channel for slot in slots}):
            self._store.channel(code)
        self._judge(slots)
        with self._store.database.write() as connection:
            numbers = [self._store.slot_numbers(connection, slot.id) for slot in slots]
            drafts = [
                self._slot_fact(slot, withdrawn + 1, actor)
                for slot, (scheduled, withdrawn) in zip(slots, numbers, strict=True)
                if scheduled <= withdrawn
            ]
            self._facts.append_in(connection, drafts, once=True)

    def _slot_fact(self, slot: Slot, number: int, actor: str) -> Draft:
        again = (number,) if number else ()
        return Draft(
            id=fact_id(FactKind.SLOT_SCHEDULED, slot.id, *again),
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
                **({"details": slot.details()} if slot.details() else {}),
                **({"n": number} if number else {}),
            },
        )

    def withdraw(self, slot_id: str, *, actor: str) -> Slot:
        """Take a slot out of the schedule; what is frozen or has aired stays. Raises NotFound."""
        slot = next((s for s in self._store.slots() if s.id == slot_id), None)
        if slot is None:
            raise NotFound(
                N_("There is no slot {slot}."),
                do=N_("List the slots with “tuxa schedule list”."),
                slot=slot_id,
            )
        with self._store.database.write() as connection:
            number, _ = self._store.slot_numbers(connection, slot.id)
            draft = Draft(
                id=fact_id(FactKind.SLOT_WITHDRAWN, slot.id, number),
                kind=FactKind.SLOT_WITHDRAWN,
                occurred_at=to_micros(self._clock.now()),
                actor=actor,
                course=slot.course,
                mode=str(DeliveryMode.BROADCAST),
                data={"slot": slot.id, "channel": slot.channel, **({"n": number} if number else {})},
            )
            self._facts.append_in(connection, [draft], once=True)
        return slot

    def compile(
        self, channel_code: str, *, until: datetime, actor: str, control: Control | None = None
    ) -> Compilation:
        """Extend the channel's timeline to `until` (at least), leaving what is frozen as it is.

        With `control`, an intervention by hand is stored in the same transaction and obeyed from its tick on.
        """
        draft = self.draft(channel_code, until=until, control=control)
        with self._store.database.write() as connection:
            done = self._store_compiled(connection, draft, actor=actor, control=control)
        self._compiled(channel_code)
        return done

    def draft(
        self,
        channel_code: str,
        *,
        until: datetime,
        control: Control | None = None,
        draw: bool = True,
        slots: Sequence[Slot] | None = None,
    ) -> Drafted:
        """All that a compilation depends on, gathered before the transaction, which must be short.

        Without `draw`, the slate stands for every attendance card. `slots` stand for those that are stored.
        """
        channel = self._store.channel(channel_code)
        renditions_of(channel, self._materials.assets)
        with self._store.database.read() as connection:
            last = self._store.last_row_in(connection, channel_code)
        now = self._clock.now()
        end = max(until, now + FROZEN_TICKS * _TICK, from_micros((last.end_tick if last else 0) * TICK_US))
        since = min(now, from_micros(last.end_tick * TICK_US)) if last else now
        wanted = self._materials.now(channel)
        controls = self._store.controls(channel_code, since_tick=tick_at(now - _CONTROLS_BACK))
        controls = (*controls, *((control,) if control else ()))
        # What was moved by hand may have been planned before now.
        reach = since - _CONTROLS_BACK if controls else since
        held = self._store.slots(channel_code) if slots is None else slots
        expanded = expand(held, wanted, since=reach, before=end + _TICK)
        hand = apply(expanded.airings, controls)
        coming = tuple(a for a in hand.airings if a.start_tick >= tick_at(since))
        hand = replace(hand, airings=coming)
        cards = {
            airing.id: self._card(channel, airing, now) if draw else channel.slates[SEGMENT_TICKS]
            for airing in hand.airings
            if takes_card(airing, kind=channel.kind) and airing.id not in hand.parts
        }
        findings = tuple(f for f in expanded.findings if f.at_us >= to_micros(since))
        return Drafted(channel, wanted, hand, cards, end, findings)

    def review(
        self, channel_code: str, *, until: datetime, slots: Sequence[Slot] | None = None
    ) -> list[Finding]:
        """What a compilation up to `until` would find, without storing anything; with `slots`, what it would find if
        the channel had those."""
        draft = self.draft(channel_code, until=until, draw=False, slots=slots)
        with self._store.database.read() as connection:
            previous = self.previous_rows(connection, channel_code)
        return self.findings(draft, compile_timeline(self.plan(draft, previous=previous)))

    def wanted(self, channel_code: str) -> Wanted:
        """What may air on a channel, as it stands now."""
        return self._materials.now(self._store.channel(channel_code))

    def planned(self, channel_code: str, *, since: datetime) -> tuple[Airing, ...]:
        """Airings of the slots from `since` to the end of the timeline, as if nobody had intervened."""
        with self._store.database.read() as connection:
            last = self._store.last_row_in(connection, channel_code)
        end = from_micros(last.end_tick * TICK_US) if last else self._clock.now()
        wanted = self.wanted(channel_code)
        return expand(self._store.slots(channel_code), wanted, since=since, before=end).airings

    def _card(self, channel: Channel, airing: Airing, now: datetime) -> str:
        """The card of an airing. Far ahead its place is held by the slate: drawing costs seconds of encoding."""
        if airing.planned_us > to_micros(now + CARDS_AHEAD):
            return channel.slates[SEGMENT_TICKS]
        return self._materials.make_card(channel, self._codes.of(channel.code, airing.id))

    def _filler(self, channel: Channel, wanted: Wanted, material: str) -> Filler | None:
        lesson = wanted.lesson_of(material) if material else None
        if lesson is None or wanted.gate(material, lesson.content, self._clock.now()):
            return None
        try:
            takes_format(channel, self._materials.assets(lesson.asset), self._materials.assets)
        except TuxaError as error:
            _log.warning("filler-left-out", channel=channel.code, material=material, reason=str(error))
            return None
        return Filler(lesson.asset, lesson.ticks)

    def plan(self, draft: Drafted, *, previous: tuple[Row, ...], control: Control | None = None) -> Plan:
        """The plan of a compilation over the rows that are there."""
        channel, now = draft.channel, self._clock.now()
        fillers = [f for m in channel.fillers if (f := self._filler(channel, draft.wanted, m))]
        # Nothing of a new channel has been published yet, so nothing of it is fixed.
        frozen = tick_at(now) + FROZEN_TICKS if previous else tick_at(now)
        return Plan(
            channel=channel,
            airings=draft.hand.airings,
            assets=self._materials.assets,
            cards=draft.cards,
            # A new channel begins a window ago, so that it can be tuned in to at once.
            start_tick=(tick_at(now) - WINDOW_TICKS) // channel.grain * channel.grain,
            end_tick=max(tick_at(draft.end), previous[-1].end_tick if previous else 0),
            previous=previous,
            frozen_tick=control.at_tick if control else frozen,
            cut_tick=control.at_tick if control else 0,
            parts=draft.hand.parts,
            blocked=draft.hand.blocked,
            fillers=fillers,
            ident=self._filler(channel, draft.wanted, channel.ident),
            totals=self._totals,
        )

    def previous_rows(self, connection: Connection, channel_code: str) -> tuple[Row, ...]:
        """The rows from the one that plays now on."""
        last = self._store.last_row_in(connection, channel_code)
        if last is None:
            return ()
        reach = min(tick_at(self._clock.now()), last.end_tick) - 1
        return self._store.rows_in(connection, channel_code, since_tick=reach)

    def _store_compiled(
        self, connection: Connection, draft: Drafted, *, actor: str, control: Control | None
    ) -> Compilation:
        channel, now = draft.channel, self._clock.now()
        previous = self.previous_rows(connection, channel.code)
        compiled = compile_timeline(self.plan(draft, previous=previous, control=control))
        rows = compiled.timeline.rows
        fresh = _fresh(compiled, previous)
        if control:
            self._facts.append_in(connection, [_control_fact(control, now)], once=True)
        if fresh != previous[len(rows) - len(fresh) :] or len(rows) != len(previous):
            from_tick = fresh[0].start_tick if fresh else compiled.timeline.end_tick
            placed = {airing.id for airing in compiled.placed}
            # A lesson that is cut short keeps its airing, although its row is laid again.
            cut = self._store.airings_in(connection, [r.airing for r in fresh if r.airing not in placed])
            self._store.extend_in(
                connection,
                channel.code,
                from_tick=from_tick,
                rows=fresh,
                airings=(*cut, *compiled.placed),
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
            tuple(self.findings(draft, compiled)),
        )

    def findings(self, draft: Drafted, compiled: Compiled) -> list[Finding]:
        """What is wrong with single airings, then with the span as a whole."""
        now = self._clock.now()
        monday = now.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
        monday -= timedelta(days=monday.weekday())
        coming = {a.id: a for a in draft.hand.airings}
        aired = [
            a
            for a in self._store.airings(draft.channel.code, since_tick=tick_at(monday))
            if a.id not in coming and a.planned_us <= to_micros(now)
        ]
        airings = [*aired, *coming.values()]
        return [
            *draft.findings,
            *compiled.findings,
            *load_findings(airings, self._materials.limits),
            *order_findings(airings),
            *packet_findings(coming.values(), self._materials.post(), now_us=to_micros(now)),
            *gap_findings(draft.channel.code, compiled.timeline.rows, minutes=draft.channel.gap_minutes),
        ]

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


def _control_fact(control: Control, now: datetime) -> Draft:
    return Draft(
        id=fact_id(FactKind.AIR_CONTROLLED, control.id),
        kind=FactKind.AIR_CONTROLLED,
        occurred_at=to_micros(now),
        actor=control.actor,
        mode=str(DeliveryMode.BROADCAST),
        data={
            "control": control.id,
            "channel": control.channel,
            "command": control.command,
            "at_tick": control.at_tick,
            "effect": control.effect.as_json(),
        },
    )


def _fresh(compiled: Compiled, previous: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows from the first one that differs from what is stored."""
    rows = compiled.timeline.rows
    same = compiled.kept
    while same < min(len(rows), len(previous)) and rows[same] == previous[same]:
        same += 1
    return rows[same:]
