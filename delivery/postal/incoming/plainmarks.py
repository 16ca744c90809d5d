"""Which marks are plain: the declared policy by which what was measured in bubbles becomes an answer or a doubt.

Plain means marked by a pen and nothing else, and every other bubble plainly empty. Whatever lies between is a person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from delivery.postal.incoming.strokes import Shape

MARKED = 0.12
"""Share of ink in a bubble's clear inside from which it is marked: one stroke of a pen across it has 0.15."""
_DEEP = 0.48
"""Darkness that the darkest part of a mark must have: pencil of any hardness has 0.6, what a rubber leaves 0.4."""
_CLEAN = 0.035
"""Share of ink below which a bubble is empty: a speck of dust."""
_SHADED = 0.10
"""Share of traces below which it is empty."""
_BESIDE = 0.09
"""Share of ink beyond the ring from which something was written there: a circle about the bubble, a tick's tail."""
_FULL, _STRUCK = 0.75, 0.05
"""A bubble that is full, with so much beyond its ring, may have been filled in and then struck out."""
_COVERED, _EVEN = 0.8, 0.6
"""Share of traces from which a bubble is covered all over, and share of those that is ink in a plain one: a filled
bubble has 0.74 at least, pencil and zigzags 0.58, nearly all 0.68. Less is a pale cover with a dark piece."""
_PLAIN = 0.30
"""Share of ink from which confidence is full."""
_USUAL = 0.4
"""The bubble at this place among all of a page, by darkness, is taken for an empty one: what it shows is the page's
blur and grain. Most bubbles of a page stay empty."""


class Doubt(StrEnum):
    """Why an answer is left to a person."""

    NOT_STRAIGHT = "not_straight"
    """The page could not be laid out well enough to know where its bubbles are."""
    NONE = "none"
    """Nothing is marked."""
    TWO = "two"
    """More than one is marked where one may be."""
    FAINT = "faint"
    """A mark too pale or too small to be sure of."""
    ERASED = "erased"
    """Traces of a mark that was rubbed or blotted out."""
    OUTSIDE = "outside"
    """Something is written beside a bubble and nothing in one, or about one."""
    STRUCK = "struck"
    """Filled in and, it seems, struck out again."""
    IMPOSSIBLE = "impossible"
    """A mark above 10."""


@dataclass(frozen=True, slots=True)
class BubbleReading:
    """What is in one bubble."""

    value: str
    ink: float
    """Share of its clear inside that is written on, 0 to 1."""
    trace: float
    """Share that is darker than paper."""
    beside: float
    """Share of ink in the zone beyond its ring."""
    depth: float
    """Darkness of the darkest twentieth of its clear inside."""
    shape: Shape | None = None
    """How its mark lies, where there is one."""


def doubt_of(readings: Sequence[BubbleReading], *, many: bool, two_tone: bool) -> Doubt | None:
    """Why one question's bubbles are left to a person, or None: plain marks only, and everything else plainly empty.

    `many`: several may be marked. `two_tone`: the scan is in black and white, and tells nothing by darkness.
    """
    marked = [reading for reading in readings if reading.ink >= MARKED]
    rest = [reading for reading in readings if reading.ink < MARKED]
    if len([reading for reading in marked if reading.depth >= _DEEP]) > 1 and not many:
        return Doubt.TWO
    pale = [reading for reading in marked if reading.depth < _DEEP]
    unclear = pale + [reading for reading in rest if reading.ink > _CLEAN or reading.trace > _SHADED]
    if unclear:
        # What a rubber leaves is broad; a faint mark is a line.
        return Doubt.ERASED if any(reading.trace > 0.5 for reading in unclear) else Doubt.FAINT
    if not marked:
        return Doubt.OUTSIDE if any(reading.beside > _BESIDE for reading in rest) else Doubt.NONE
    shapes = [reading.shape for reading in marked if reading.shape is not None]
    if any(shape.is_struck for shape in shapes):
        return Doubt.STRUCK
    if any(shape.is_rubbed or (two_tone and shape.is_broad) for shape in shapes):
        return Doubt.ERASED
    if any(reading.trace > _COVERED and reading.ink < _EVEN * reading.trace for reading in marked):
        return Doubt.ERASED
    if any(reading.ink > _FULL and reading.beside > _STRUCK for reading in marked):
        return Doubt.STRUCK
    # A cross or a tick leaves its bubble; but it is in there for the most part, and not about another one.
    if any(reading.beside > 0.6 * reading.ink for reading in marked):
        return Doubt.OUTSIDE
    return Doubt.OUTSIDE if any(reading.beside > 2.5 * _BESIDE for reading in rest) else None


def usual_of(readings: Sequence[BubbleReading]) -> BubbleReading:
    """What an empty bubble of this page shows, within what blur and grain can do."""
    at = int(_USUAL * (len(readings) - 1)) if readings else 0

    def of(values: list[float], most: float) -> float:
        return min(sorted(values)[at], most) if values else 0.0

    return BubbleReading(
        "",
        of([r.ink for r in readings], 0.05),
        of([r.trace for r in readings], 0.2),
        of([r.beside for r in readings], 0.05),
        0.0,
    )


def less(reading: BubbleReading, usual: BubbleReading) -> BubbleReading:
    """A reading without what an empty bubble of its page shows."""
    return replace(
        reading,
        ink=max(0.0, reading.ink - usual.ink),
        trace=max(0.0, reading.trace - usual.trace),
        beside=max(0.0, reading.beside - usual.beside),
    )


def confidence_of(readings: Sequence[BubbleReading]) -> float:
    """How plainly the marked ones are marked and the others empty, 0 to 1."""
    marked = [min(1.0, r.ink / _PLAIN) for r in readings if r.ink >= MARKED]
    empty = [1.0 - 0.5 * max(r.ink / _CLEAN, r.trace / _SHADED) for r in readings if r.ink < MARKED]
    return min([1.0, *marked, *empty])
