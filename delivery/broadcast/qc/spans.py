"""Stretches of time in which something holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

BLACK: Final = "black"
FREEZE: Final = "freeze"
SILENCE: Final = "silence"
CLIPPING: Final = "clipping"
PHASE: Final = "phase"
DAMAGE: Final = "damage"
KINDS: Final = (BLACK, FREEZE, SILENCE, CLIPPING, PHASE, DAMAGE)


PICTURE_MISSING: Final = "picture missing"
SOUND_MISSING: Final = "sound missing"
PICTURE_DAMAGED: Final = "picture damaged"
SOUND_DAMAGED: Final = "sound damaged"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one kind, in seconds from the start of the recording."""

    kind: str
    from_s: float
    to_s: float
    words: str = ""
    """Of damage, one of the words below, or ffmpeg's own."""

    @property
    def length_s(self) -> float:
        return self.to_s - self.from_s


def found(
    marks: NDArray[np.bool_], step_s: float, kind: str, *, least_s: float = 0.0, join_s: float = 0.0
) -> list[Span]:
    """Stretches in which `marks`, one for each `step_s`, is set; holes up to `join_s` do not part them."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marks, [False])).astype(np.int8)))
    spans = [
        Span(kind, round(int(begin) * step_s, 3), round(int(end) * step_s, 3))
        for begin, end in edges.reshape(-1, 2)
    ]
    return [span for span in joined(spans, join_s) if span.length_s >= least_s - 1e-9]


def joined(spans: Iterable[Span], join_s: float) -> list[Span]:
    """Spans of one kind in order of time, made one where they overlap or lie no further apart than `join_s`."""
    out: list[Span] = []
    for span in sorted(spans, key=lambda each: each.from_s):
        if out and span.from_s - out[-1].to_s <= join_s + 1e-9:
            last = out.pop()
            span = Span(span.kind, last.from_s, max(last.to_s, span.to_s), last.words or span.words)
        out.append(span)
    return out


def without(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The spans that none of `others` covers for the most part: what is black also stands still."""
    return [
        span
        for span in spans
        if sum(_shared(span, other) for other in others) < 0.5 * span.length_s or not span.length_s
    ]


def _shared(one: Span, other: Span) -> float:
    return max(0.0, min(one.to_s, other.to_s) - max(one.from_s, other.from_s))


def total(spans: Iterable[Span]) -> float:
    """Seconds in all; spans of one kind do not overlap."""
    return round(sum(span.length_s for span in spans), 3)


def longest(spans: Sequence[Span], count: int) -> list[Span]:
    """The `count` longest, in order of time."""
    kept = sorted(spans, key=lambda each: -each.length_s)[:count]
    return sorted(kept, key=lambda each: each.from_s)
