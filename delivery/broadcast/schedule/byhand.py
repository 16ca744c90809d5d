"""What people do to a channel while it is on the air: hold, skip, extend, insert, slate, back. Pure.

Each command becomes an :class:`~delivery.store.air.Effect` on airings, computed here from the rows as they are and
shown before it is taken. Compilations obey effects from then on, so that nothing is undone behind a person's back.
Whatever has begun keeps its segments: commands act at the next border between two segments, at most 5.76 s away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum

from delivery.broadcast.schedule.timeline import Slice, Timeline
from delivery.errors import N_, Refused
from delivery.store.air import Airing, Control, Effect, Row, RowKind
from delivery.units import SEGMENT_TICKS, Ticks

BY_HAND = "by-hand"
"""Slot of airings that no slot knows."""
LEAD_TICKS = 2
"""A border this close is left alone: its segment is being handed over."""
OPEN_END_TICKS = 24 * 11_250
"""A slate without an end lasts at most a day; nobody forgets a channel for longer."""


class Command(StrEnum):
    HOLD = "hold"
    """What is on ends; then the slate, for a time, and everything that follows later by as much."""
    SKIP = "skip"
    """What is on ends now; the slate until the next programme, at its own time."""
    EXTEND = "extend"
    """As hold, but the next programmes are moved only as far as they must be."""
    INSERT = "insert"
    """Another programme now, or when the present one has ended; what follows moves as far as it must."""
    SLATE = "slate"
    """The slate now, until the channel is given back."""
    BACK = "back"
    """Back to the schedule: what should be on is joined in progress."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """Airings as people left them."""

    airings: tuple[Airing, ...]
    parts: Mapping[str, int] = field(default_factory=dict)
    """Airing that is joined in progress -> first segment of its asset."""
    blocked: tuple[tuple[int, int], ...] = ()


def apply(airings: Iterable[Airing], controls: Sequence[Control]) -> ByHand:
    """The schedule's airings, with every intervention in the order in which it was made."""
    all_known = {airing.id: airing for airing in airings}
    held = dict(all_known)
    parts: dict[str, int] = {}
    blocked: list[tuple[int, int]] = []
    for control in controls:
        effect = control.effect
        for document in effect.inserted:
            airing = Airing(**{**document, "ticks": Ticks(document["ticks"])})
            held[airing.id] = all_known[airing.id] = airing
        for ident, start in effect.moved.items():
            if ident in held:
                held[ident] = replace(held[ident], start_tick=start)
        for ident in effect.dropped:
            held.pop(ident, None)
        for ident, (base, start, first) in effect.joined.items():
            if base in all_known:
                whole = all_known[base]
                ticks = Ticks(whole.ticks - first * SEGMENT_TICKS)
                held[ident] = all_known[ident] = replace(whole, id=ident, start_tick=start, ticks=ticks)
                parts[ident] = first
        if effect.freed_from:
            blocked = [(first, min(stop, effect.freed_from)) for first, stop in blocked]
        blocked += effect.blocked
    return ByHand(tuple(held.values()), parts, tuple(b for b in blocked if b[0] < b[1]))


@dataclass(frozen=True, slots=True)
class Situation:
    """A channel at the moment of a command."""

    timeline: Timeline
    airings: Mapping[str, Airing]
    """All that have a place in the rows, by id."""
    now_tick: int
    planned: Mapping[str, Airing] = field(default_factory=dict)
    """Airings as the schedule has them, without interventions."""

    @property
    def border(self) -> int:
        """The first border between two segments at which something may still change."""
        for piece in self._coming():
            if piece.start_tick >= self.now_tick + LEAD_TICKS:
                return piece.start_tick
        raise Refused(
            N_("The channel is off the air: its timeline has ended."), do=N_("Compile its schedule first.")
        )

    @property
    def join(self) -> int:
        """Where what plays at the border, with its attendance card, ends by itself."""
        row = self._playing()
        at = self.timeline.rows.index(row)
        following = self.timeline.rows[at + 1] if at + 1 < len(self.timeline.rows) else None
        if following and following.kind is RowKind.CARD and row.kind is not RowKind.CARD:
            row = following
        return self.border if row.kind is RowKind.SLATE else row.end_tick

    def _playing(self) -> Row:
        """What plays just before the border."""
        row = self.timeline.row_at(self.border - 1)
        assert row is not None
        return row

    def _coming(self) -> Iterable[Slice]:
        return self.timeline.slices(self.now_tick, self.timeline.end_tick)

    def following(self, tick: int) -> list[Airing]:
        """Airings that begin at `tick` or later, in order."""
        return sorted((a for a in self.airings.values() if a.start_tick >= tick), key=lambda a: a.start_tick)

    def room(self, airing: Airing) -> int:
        """Ticks that an airing takes, its card included."""
        return airing.ticks + (SEGMENT_TICKS if airing.card else 0)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a command would do, before it is done."""

    command: Command
    at_tick: int
    effect: Effect
    cut: str = ""
    """Airing that ends early."""
    lost: tuple[str, ...] = ()
    """Airings that do not go out, or only in part, and want to be made good."""

    def moves(self, situation: Situation) -> list[tuple[Airing, int]]:
        """(airing, ticks by which it is later), in order."""
        found = [
            (situation.airings[ident], start - situation.airings[ident].start_tick)
            for ident, start in self.effect.moved.items()
            if ident in situation.airings
        ]
        return sorted(found, key=lambda pair: pair[0].start_tick)


def hold(situation: Situation, *, ticks: int) -> Preview:
    """Slate for `ticks` from the next join on; everything that follows is later by as much."""
    start = situation.join
    moved = {a.id: a.start_tick + ticks for a in situation.following(start)}
    effect = Effect(moved=moved, blocked=((start, start + ticks),))
    return Preview(Command.HOLD, start, effect)


def extend(situation: Situation, *, ticks: int) -> Preview:
    """`ticks` of slate more before the next programme, which gives way only as far as it must."""
    start = situation.join
    effect = Effect(moved=_pushed(situation, start, start + ticks), blocked=((start, start + ticks),))
    return Preview(Command.EXTEND, start, effect)


def skip(situation: Situation) -> Preview:
    """What is on ends at the border."""
    border = situation.border
    row = situation._playing()
    if row.kind is RowKind.SLATE:
        raise Refused(N_("Only the slate is on: there is nothing to skip."))
    cut = {row.airing: border} if row.airing and border < row.end_tick else {}
    following = next(iter(situation.following(border)), None)
    stop = following.start_tick if following else max(row.end_tick, border)
    blocked = ((border, min(stop, max(situation.join, border))),)
    effect = Effect(cut=cut, blocked=tuple(b for b in blocked if b[0] < b[1]))
    return Preview(Command.SKIP, border, effect, row.airing, tuple(cut))


def insert(situation: Situation, airing: Airing, *, now: bool) -> Preview:
    """`airing` at the border, or at the next join."""
    start = situation.border if now else situation.join
    row = situation._playing()
    cut = {row.airing: start} if now and row.airing and start < row.end_tick else {}
    placed = replace(airing, start_tick=start)
    moved = _pushed(situation, start, start + placed.ticks)
    effect = Effect(moved=moved, cut=cut, inserted=(asdict(placed),))
    return Preview(Command.INSERT, start, effect, next(iter(cut), ""), tuple(cut))


def slate(situation: Situation, *, ticks: int = OPEN_END_TICKS) -> Preview:
    """The slate at the border, until the channel is given back."""
    border = situation.border
    row = situation._playing()
    cut = {row.airing: border} if row.airing and border < row.end_tick else {}
    stop = border + ticks
    dropped = [a.id for a in situation.following(border) if a.start_tick < stop]
    effect = Effect(cut=cut, blocked=((border, stop),))
    return Preview(Command.SLATE, border, effect, next(iter(cut), ""), (*cut, *dropped))


def back(situation: Situation) -> Preview:
    """The schedule again from the border on; a lesson that should be on is joined at its next segment."""
    border = situation.border
    joined: dict[str, tuple[str, int, int]] = {}
    for airing in situation.planned.values():
        if airing.start_tick < border < airing.end_tick:
            first = -(-(border - airing.start_tick) // SEGMENT_TICKS)
            start = airing.start_tick + first * SEGMENT_TICKS
            if start < airing.end_tick:
                joined[f"{airing.id}.{first}"] = (airing.id, start, first)
    homed = {a.id: a.start_tick for a in situation.planned.values() if a.start_tick >= border}
    moved = {
        ident: start
        for ident, start in homed.items()
        if ident not in situation.airings or situation.airings[ident].start_tick != start
    }
    # What people put in between and has not begun does not go out any more: that takes an insertion back, too.
    dropped = tuple(
        ident
        for ident, airing in situation.airings.items()
        if airing.slot == BY_HAND and airing.start_tick >= border and ident not in situation.planned
    )
    effect = Effect(moved=moved, dropped=dropped, freed_from=border, joined=joined)
    return Preview(Command.BACK, border, effect)


def _pushed(situation: Situation, start: int, free_from: int) -> dict[str, int]:
    """New starts of what begins at `start` or later, so that nothing begins before `free_from` or overlaps."""
    moved: dict[str, int] = {}
    for airing in situation.following(start):
        if airing.start_tick >= free_from:
            break
        moved[airing.id] = free_from
        free_from += situation.room(airing)
    return moved
