"""The timeline of one channel: what plays at every tick, for ever continuous (design D6).

Rows follow one another without gap or overlap on the 320 ms grid, counted from 1970-01-01T00:00:00Z and never
accumulated. Everything here is pure: the same plan compiles to the same rows in any process.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import orjson

from delivery.broadcast.asset import Asset, Rendition
from delivery.broadcast.schedule.counting import TRANSMITTER, Counters, Totals
from delivery.broadcast.schedule.findings import (
    Finding,
    held_off,
    no_room_for_card,
    overlap,
    too_late,
    wrong_format,
)
from delivery.errors import N_, GateClosed
from delivery.store.air import Airing, Channel, Row, RowKind
from delivery.units import GOP_TICKS, SEGMENT_TICKS

CARD_TICKS = SEGMENT_TICKS
"""Length of an attendance card: one segment, 5.76 s."""

_HOUR_TICKS = 11_250


@dataclass(frozen=True, slots=True)
class Slice:
    """One segment of the timeline: `ticks` ticks from `start_tick`, the `index`-th of its row."""

    row: Row
    index: int
    sequence: int
    start_tick: int
    ticks: int

    @property
    def end_tick(self) -> int:
        return self.start_tick + self.ticks


def slice_of(row: Row, index: int) -> Slice:
    """The `index`-th segment of `row`."""
    offset = index * SEGMENT_TICKS
    return Slice(
        row, index, row.sequence + index, row.start_tick + offset, min(SEGMENT_TICKS, row.ticks - offset)
    )


@dataclass(frozen=True)
class Timeline:
    """Consecutive rows of one channel."""

    channel: str
    rows: tuple[Row, ...]

    @cached_property
    def _starts(self) -> list[int]:
        return [row.start_tick for row in self.rows]

    @cached_property
    def _sequences(self) -> list[int]:
        return [row.sequence for row in self.rows]

    @property
    def start_tick(self) -> int:
        return self.rows[0].start_tick if self.rows else 0

    @property
    def end_tick(self) -> int:
        return self.rows[-1].end_tick if self.rows else 0

    @cached_property
    def digest(self) -> str:
        """One name for all rows: SHA-256 over their JSON with sorted keys, one to a line."""
        found = hashlib.sha256()
        for row in self.rows:
            found.update(orjson.dumps(row.as_json(), option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE))
        return found.hexdigest()

    def row_at(self, tick: int) -> Row | None:
        """The row that plays at `tick`."""
        index = bisect_right(self._starts, tick) - 1
        return self.rows[index] if index >= 0 and tick < self.rows[index].end_tick else None

    def by_sequence(self, sequence: int) -> Slice | None:
        """The segment with that media sequence number."""
        index = bisect_right(self._sequences, sequence) - 1
        if index < 0 or sequence >= self.rows[index].end_sequence:
            return None
        return slice_of(self.rows[index], sequence - self.rows[index].sequence)

    def slices(self, first_tick: int, end_tick: int) -> Iterator[Slice]:
        """Segments that overlap the ticks from `first_tick` up to, not including, `end_tick`, in order."""
        position = max(bisect_right(self._starts, first_tick) - 1, 0)
        for number in range(position, len(self.rows)):
            row = self.rows[number]
            if row.start_tick >= end_tick:
                return
            first = max((first_tick - row.start_tick) // SEGMENT_TICKS, 0)
            stop = min(-(-(end_tick - row.start_tick) // SEGMENT_TICKS), row.segments)
            for index in range(first, stop):
                yield slice_of(row, index)

    def published(self, first_tick: int, now_tick: int) -> list[Slice]:
        """Segments that end after `first_tick` and have ended by `now_tick`."""
        return [s for s in self.slices(first_tick, now_tick) if s.end_tick <= now_tick]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a compilation depends on."""

    channel: Channel
    airings: Sequence[Airing]
    assets: Callable[[str], Asset]
    cards: Mapping[str, str]
    """Airing id -> asset of its attendance card."""
    start_tick: int
    """Where a channel without rows begins."""
    end_tick: int
    """Up to where the time is filled; a lesson that begins before it is placed whole."""
    previous: Sequence[Row] = ()
    frozen_tick: int = 0
    """Rows that begin before this tick are kept as they are."""
    cut_tick: int = 0
    """What plays at this tick ends there, between two of its segments; 0 when nothing is cut short."""
    parts: Mapping[str, int] = field(default_factory=dict)
    """Airing that is joined in progress -> first segment of its asset."""
    blocked: Sequence[tuple[int, int]] = ()
    """(from, up to) in ticks: nothing but the slate goes out."""
    fillers: Sequence[Filler] = ()
    """Programmes for gaps, each where it fits whole."""
    ident: Filler | None = None
    """Comes first in each gap in which it fits."""
    totals: Totals = field(default_factory=dict)
    """Packets of assets that earlier compilations have counted: assets never change. It is added to."""


@dataclass(frozen=True, slots=True)
class Filler:
    """A programme that belongs to no course and may go out at any time."""

    asset: str
    ticks: int


@dataclass(frozen=True, slots=True)
class Compiled:
    timeline: Timeline
    kept: int
    """How many rows, from the first, are the previous ones unchanged."""
    placed: tuple[Airing, ...]
    """Airings that found a place in this compilation."""
    findings: tuple[Finding, ...]


def compile_timeline(plan: Plan) -> Compiled:
    """Lay the airings on the grid and fill the rest with slates.

    What is frozen is kept. Only a run of slates that reaches past the frozen horizon may become shorter or longer
    behind it: its segments up to the horizon stay as they are, the rest was never told to anybody.
    """
    rows, run = _frozen_rows(plan)
    kept = len(rows)
    if rows and rows[-1] != plan.previous[kept - 1]:
        kept -= 1
    builder = _Builder(plan, rows, run)
    known = {row.airing for row in rows if row.airing}
    placed: list[Airing] = []
    findings: list[Finding] = []
    pending = sorted(plan.airings, key=lambda a: (a.start_tick, a.slot, a.id))
    for index, airing in enumerate(pending):
        if airing.id in known or airing.start_tick >= plan.end_tick:
            continue
        if problem := _why_not(airing, builder, plan):
            findings.append(problem)
            continue
        builder.fill_until(airing.start_tick)
        kind = RowKind.LESSON if airing.course else RowKind.FILLER
        builder.add(
            kind, airing.asset, airing.ticks, airing=airing.id, first_segment=plan.parts.get(airing.id, 0)
        )
        following = next(
            (a.start_tick for a in pending[index + 1 :] if a.start_tick >= airing.end_tick), None
        )
        card = plan.cards.get(airing.id, "")
        has_room = following is None or following >= airing.end_tick + CARD_TICKS
        if card and has_room:
            builder.add(RowKind.CARD, card, CARD_TICKS, airing=airing.id)
        elif card:
            findings.append(no_room_for_card(airing))
        placed.append(replace(airing, card=bool(card) and has_room))
    # Whole segments at the end, so that what a later compilation appends joins without a short one between.
    missing = max(plan.end_tick, builder.free_tick) - builder.end_tick
    builder.fill_until(builder.end_tick + -(-missing // SEGMENT_TICKS) * SEGMENT_TICKS)
    timeline = Timeline(plan.channel.code, tuple(builder.rows))
    return Compiled(timeline, kept, tuple(placed), tuple(findings))


def renditions_of(channel: Channel, assets: Callable[[str], Asset]) -> tuple[Rendition, ...]:
    """The channel's renditions, best first: those of its slate."""
    if SEGMENT_TICKS not in channel.slates:
        raise GateClosed(
            N_("Channel {channel} has no slate."),
            do=N_("Give the channel its slates, of 1 to 18 ticks, before compiling its timeline."),
            channel=channel.code,
        )
    return assets(channel.slates[SEGMENT_TICKS]).renditions


def takes_format(channel: Channel, asset: Asset, assets: Callable[[str], Asset]) -> None:
    """Raises GateClosed unless `asset` has what the channel sends."""
    base = assets(channel.slates[SEGMENT_TICKS])
    held = {(r.name, r.kind, r.codecs) for r in asset.renditions}
    sent = base.transmitter
    fits = all((r.name, r.kind, r.codecs) in held for r in base.renditions)
    fits &= sent is None or (
        asset.transmitter is not None and asset.transmitter.packets_per_tick == sent.packets_per_tick
    )
    if not fits:
        raise GateClosed(
            N_("Asset {asset} is not in the format of channel {channel}."),
            do=N_("Ingest the material again under the channel's profile."),
            asset=asset.id[:12],
            channel=channel.code,
        )


def _frozen_rows(plan: Plan) -> tuple[list[Row], Row | None]:
    """Rows to keep as they are; and the run of slates that reaches past the horizon, cut to its frozen segments."""
    rows = [row for row in plan.previous if row.start_tick < plan.frozen_tick]
    last = rows[-1] if rows else None
    if last and last.start_tick < plan.cut_tick < last.end_tick:
        rows[-1] = replace(last, ticks=plan.cut_tick - last.start_tick)
        return rows, None
    following = next((row for row in plan.previous[len(rows) :]), None)
    if last and following and following.kind is RowKind.CARD and following.airing == last.airing:
        # The card belongs to its lesson: both are fixed or neither.
        return [*rows, following], None
    if (
        last
        and last.kind is RowKind.SLATE
        and last.end_tick > plan.frozen_tick
        and not last.ticks % SEGMENT_TICKS
    ):
        run = rows.pop()
        segments = -(-(plan.frozen_tick - run.start_tick) // SEGMENT_TICKS)
        return rows, replace(run, ticks=min(run.ticks, segments * SEGMENT_TICKS))
    return rows, None


def _why_not(airing: Airing, builder: _Builder, plan: Plan) -> Finding | None:
    for first, stop in plan.blocked:
        if airing.start_tick < stop and first < airing.end_tick:
            return held_off(airing, stop)
    if airing.start_tick < builder.free_tick:
        if airing.start_tick < max(plan.frozen_tick, plan.start_tick, builder.frozen_until):
            return too_late(airing)
        return overlap(airing, builder.rows[-1], builder.end_tick)
    return builder.misfit(airing)


class _Builder:
    """Rows so far, and the counters with which the next one begins."""

    def __init__(self, plan: Plan, rows: Iterable[Row], run: Row | None) -> None:
        """`run` are frozen slates that come next; they are laid again with what follows them."""
        self.rows = list(rows)
        self.channel = plan.channel
        self._assets = plan.assets
        self._known: dict[str, Asset] = {}
        self._misfits: dict[str, Finding | None] = {}
        self._plan = plan
        self.renditions = renditions_of(plan.channel, self.asset)
        self.transmitter = self.asset(plan.channel.slates[SEGMENT_TICKS]).transmitter
        # A channel without rows numbers its segments by groups of pictures since 1970: should its store ever be lost,
        # the numbers still go up, and they stay below 2^31 until the year 2100.
        self.end_tick = plan.start_tick
        self._sequence = plan.start_tick // GOP_TICKS
        names = [r.name for r in self.renditions] + [TRANSMITTER] * bool(self.transmitter)
        self._counters = Counters(names, plan.totals)
        if run:
            self.end_tick, self._sequence = run.start_tick, run.sequence
            self._counters.begin(run.continuity)
        elif self.rows:
            last = self.rows[-1]
            self.end_tick, self._sequence = last.end_tick, last.end_sequence
            self._counters.begin(last.continuity)
            self._count(last)
        self.frozen_until = run.end_tick if run else self.end_tick

    def misfit(self, airing: Airing) -> Finding | None:
        """Why the airing's asset cannot go out on this channel; each asset is looked at once."""
        if airing.asset not in self._misfits or self._misfits[airing.asset]:
            self._misfits[airing.asset] = wrong_format(
                airing, self.asset(airing.asset), self.renditions, transmitter=self.transmitter
            )
        return self._misfits[airing.asset]

    @property
    def free_tick(self) -> int:
        """First tick that is neither taken nor frozen."""
        return max(self.end_tick, self.frozen_until)

    def asset(self, asset_id: str) -> Asset:
        if asset_id not in self._known:
            self._known[asset_id] = self._assets(asset_id)
        return self._known[asset_id]

    def add(self, kind: RowKind, asset: str, ticks: int, *, airing: str = "", first_segment: int = 0) -> None:
        row = Row(
            self.end_tick,
            ticks,
            kind,
            asset,
            airing,
            self._sequence,
            self._counters.frozen(),
            first_segment,
        )
        self.rows.append(row)
        self.end_tick, self._sequence = row.end_tick, row.end_sequence
        self._count(row)

    def fill_until(self, tick: int) -> None:
        """Ident and fillers where they fit; then slates: as many whole segments as fit, and one of what remains."""
        plan = self._plan
        free = not any(first < tick and self.end_tick < stop for first, stop in plan.blocked)
        if free and self.end_tick >= plan.frozen_tick and (plan.fillers or plan.ident):
            self._fill_with_programmes(tick)
        whole, rest = divmod(max(tick - self.end_tick, 0), SEGMENT_TICKS)
        if whole:
            self.add(RowKind.SLATE, self.channel.slates[SEGMENT_TICKS], whole * SEGMENT_TICKS)
        if rest:
            self.add(RowKind.SLATE, self.channel.slates[rest], rest)

    def _fill_with_programmes(self, tick: int) -> None:
        ident, fillers = self._plan.ident, self._plan.fillers
        if ident and self.end_tick + ident.ticks <= tick:
            self.add(RowKind.FILLER, ident.asset, ident.ticks)
        turn = self.end_tick // _HOUR_TICKS
        while fillers:
            # Which one comes first follows from the time, so that compiling again gives the same.
            order = [fillers[(turn + i) % len(fillers)] for i in range(len(fillers))]
            chosen = next((f for f in order if self.end_tick + f.ticks <= tick), None)
            if chosen is None:
                return
            self.add(RowKind.FILLER, chosen.asset, chosen.ticks)
            turn += 1

    def _count(self, row: Row) -> None:
        asset = self.asset(row.asset)
        if row.kind is RowKind.SLATE:
            self._counters.count(asset, 0, -1, times=row.ticks // asset.ticks)
        else:
            self._counters.count(asset, row.first_segment, row.first_segment + row.segments)
