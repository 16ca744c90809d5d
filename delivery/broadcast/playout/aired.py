"""How much of a stretch of time a playout process was running for: what can be credited as aired. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from delivery.store.air import TICK_US


def tick_spans(spans_us: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """(start, end) in µs, in any order and overlapping -> disjoint whole ticks in order. Broken ticks do not count."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans_us):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    ticks = [(-(-start // TICK_US), end // TICK_US) for start, end in merged]
    return [(first, end) for first, end in ticks if first < end]


def common(spans: Iterable[tuple[int, int]], *, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of disjoint tick spans that lie within the ticks from `start` up to `end`."""
    cut = ((max(first, start), min(stop, end)) for first, stop in spans)
    return [(first, stop) for first, stop in cut if first < stop]


def total(spans: Iterable[tuple[int, int]]) -> int:
    """Ticks in disjoint spans."""
    return sum(stop - first for first, stop in spans)


def minutes_of(ticks: int) -> int:
    """Whole minutes that a number of aired ticks is credited with: to the nearest, at least one if anything aired."""
    return max((ticks * TICK_US + 30_000_000) // 60_000_000, 1) if ticks > 0 else 0
