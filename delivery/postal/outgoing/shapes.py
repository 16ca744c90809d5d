"""Shapes that are drawn for handwriting: bubbles and squared paper. Pure."""

from __future__ import annotations

from delivery.postal.outgoing.lines import MM_PER_PT, Measure
from delivery.postal.page import Circle, Face, Ink, Item, Line, Text

SQUARE_MM = 5.0
"""Side of the squares of squared paper, as in Vietnamese school books' large squares."""
BUBBLE_MM = 2.5
"""Radius of a bubble: large enough for a ballpoint cross, small enough for ten in a row."""


def bubble(letter: str, x: float, y: float, *, measure: Measure) -> list[Item]:
    """A bubble with its letter small inside, so that a pen's mark stands out from it."""
    size = 6.5
    return [
        Circle(x, y, BUBBLE_MM, 0.3, Ink.MUTED),
        Text(
            x - measure(letter, Face.SANS, size) / 2,
            y + size * MM_PER_PT * 0.36,
            letter,
            Face.SANS,
            size,
            Ink.MUTED,
        ),
    ]


def squares(x: float, top: float, width: float, height: float) -> list[Item]:
    """Squared paper: as many whole squares as fit."""
    columns, rows = int(width // SQUARE_MM), round(height / SQUARE_MM)
    right, foot = x + columns * SQUARE_MM, top + rows * SQUARE_MM
    lines: list[Item] = [
        Line(x, top + n * SQUARE_MM, right, top + n * SQUARE_MM, 0.12, Ink.RULE) for n in range(rows + 1)
    ]
    lines += [
        Line(x + n * SQUARE_MM, top, x + n * SQUARE_MM, foot, 0.12, Ink.RULE) for n in range(columns + 1)
    ]
    return lines
