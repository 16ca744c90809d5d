"""The shape of a mark: strokes that a plain mark has are told from those that take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from delivery.postal.incoming.strokes import ROOM_MM, Shape, shape_of

PER_MM, RADIUS = 12, 2.5
Draw = Callable[["Pen"], None]


class Pen:
    """Draws about the middle of a printed bubble, in millimetres."""

    def __init__(self) -> None:
        side = round(2 * (RADIUS + ROOM_MM) * PER_MM)
        self.picture = Image.new("L", (side, side), 0)
        self._draw, self._middle = ImageDraw.Draw(self.picture), side / 2
        box = (self._middle - RADIUS * PER_MM, self._middle + RADIUS * PER_MM)
        self._draw.ellipse((box[0], box[0], box[1], box[1]), outline=140, width=3)

    def line(self, *points: tuple[float, float]) -> None:
        at = [(self._middle + x * PER_MM, self._middle + y * PER_MM) for x, y in points]
        self._draw.line(at, fill=220, width=round(0.55 * PER_MM), joint="curve")

    def spot(self, radius: float, *, x: float = 0.0, shade: int = 220) -> None:
        r, cx = radius * PER_MM, self._middle + x * PER_MM
        self._draw.ellipse((cx - r, self._middle - r, cx + r, self._middle + r), fill=shade)

    def ring(self, radius: float) -> None:
        box = (self._middle - radius * PER_MM, self._middle + radius * PER_MM)
        self._draw.ellipse((box[0], box[0], box[1], box[1]), outline=220, width=round(0.5 * PER_MM))


def _cross(pen: Pen, size: float = 2.2) -> None:
    pen.line((-size, -size), (size, size))
    pen.line((size, -size), (-size, size))


def _long_cross(pen: Pen) -> None:
    pen.line((-2.4, -2.4), (3.3, 3.0))
    pen.line((2.6, -2.4), (-2.6, 2.6))


def _tick(pen: Pen) -> None:
    pen.line((-2.0, -0.2), (-0.3, 1.8), (2.2, -2.7))


def _shape(*draw: Draw) -> Shape:
    pen = Pen()
    for one in draw:
        one(pen)
    inked: Any = np.asarray(pen.picture, np.float32) / 255
    return shape_of(inked, RADIUS, per_mm=PER_MM, square=False, letter=None)


@pytest.mark.parametrize(
    "draw",
    [
        _cross,
        _tick,
        lambda pen: pen.spot(2.1),
        lambda pen: pen.spot(2.4, x=0.4),
        _long_cross,
        lambda pen: pen.line((-0.9, 0.5), (-0.3, 1.7), (2.4, -2.6)),
        lambda pen: pen.line((-0.4, 0.4), (0.4, 2.0), (2.8, -2.4)),
    ],
    ids=[
        "cross",
        "tick",
        "filled",
        "filled a little beside",
        "cross with one long arm",
        "narrow tick",
        "tick at one side",
    ],
)
def test_plain_marks_are_neither_struck_nor_rubbed_out(draw: Draw) -> None:
    shape = _shape(draw)
    assert not shape.is_struck
    assert not shape.is_rubbed


@pytest.mark.parametrize(
    "mark",
    [_cross, lambda pen: _cross(pen, 1.6), _tick, lambda pen: pen.spot(2.1)],
    ids=["cross", "small cross", "tick", "filled"],
)
@pytest.mark.parametrize(
    "strike",
    [
        lambda pen: _cross(pen, 4.2),
        lambda pen: pen.ring(3.3),
        lambda pen: pen.line((-4.7, 0.3), (4.7, -0.5)),
        lambda pen: pen.line((-4.0, 1.0), (4.7, -1.2)),
        lambda pen: pen.line((-4.1, -0.3), (4.1, 0.3)),
    ],
    ids=["large cross", "ring", "line", "line longer at one side", "short line"],
)
def test_a_mark_that_was_gone_over_may_be_struck_out(mark: Draw, strike: Draw) -> None:
    assert _shape(mark, strike).is_struck


@pytest.mark.parametrize("mark", [_tick, lambda pen: pen.spot(2.1)], ids=["tick", "filled"])
def test_a_cross_that_alone_would_be_plain_may_strike_out_what_lies_beneath_it(mark: Draw) -> None:
    assert _shape(mark, _long_cross).is_struck


@pytest.mark.parametrize(
    "draw",
    [
        lambda pen: pen.line((-1.8, -1.8), (-0.6, -0.6)),
        lambda pen: pen.line((0.9, -0.8), (2.6, -2.6)),
        lambda pen: (pen.spot(2.2, shade=60), pen.line((0.4, 0.9), (1.2, 1.4), (2.6, -2.6))),
        lambda pen: (pen.spot(2.2), pen.spot(1.9, x=0.9, shade=0)),
        lambda pen: (pen.spot(2.3, shade=50), pen.line((-1.9, 0.9), (1.9, 0.9))),
        lambda pen: pen.spot(0.6),
        lambda pen: (_cross(pen), pen.spot(1.2, x=2.2, shade=0)),
    ],
    ids=[
        "a piece of a stroke",
        "the end of a stroke",
        "a tick with a smear",
        "a crescent",
        "a smear with a piece",
        "a dot",
        "painted over with the print",
    ],
)
def test_what_is_left_of_a_mark_is_told_from_a_mark(draw: Draw) -> None:
    assert _shape(draw).is_rubbed
