"""The lecturer's strip on the first page of an assignment: the mark as bubbles for the reader and in digits. Pure.

It stands at one place on every assignment, so that a pile of sheets can be marked and read without looking for it. A
mark is a whole number from 0 to 10 and quarters, and counts only when the square “final” is marked too.
"""

from __future__ import annotations

from delivery.errors import N_
from delivery.postal.outgoing.layout import MARGIN, WIDTH, Words
from delivery.postal.outgoing.lines import Measure
from delivery.postal.outgoing.shapes import BUBBLE_MM, bubble
from delivery.postal.outgoing.typeset import Body
from delivery.postal.page import Box, Face, Ink, Item, Text
from delivery.postal.sheetlayout import Bubble, BubbleUse, MarkBox

HEIGHT_MM = 19.0
ROOM_MM = HEIGHT_MM + 3.0
"""What the strip takes from the text, its distance included."""
_PITCH = 7.6
_QUARTERS = ("00", "25", "50", "75")


def mark_strip(top: float, *, words: Words, measure: Measure) -> Body:
    """The strip below `top`: its items, bubbles and the box for the mark in digits."""
    width = WIDTH - 2 * MARGIN
    items: list[Item] = [
        Box(MARGIN, top, width, HEIGHT_MM, radius=1.5, stroke=Ink.RULE, stroke_mm=0.25),
        Text(MARGIN + 2.5, top + 4.6, words(N_("For the lecturer")), Face.SANS_MEDIUM, 7.5, Ink.MUTED),
        Text(MARGIN + 2.5, top + 10.4, words(N_("Mark")), Face.SANS, 8.0, Ink.MUTED),
    ]
    bubbles: list[Bubble] = []
    left, first, second = MARGIN + 39.0, top + 5.6, top + 13.4
    for number in range(11):
        _add(items, bubbles, BubbleUse.MARK_WHOLE, str(number), left + number * _PITCH, first, measure)
    for number, quarter in enumerate(_QUARTERS):
        _add(items, bubbles, BubbleUse.MARK_QUARTER, quarter, left + number * _PITCH, second, measure)
    final = left + 6 * _PITCH
    items.append(
        Box(
            final - BUBBLE_MM,
            second - BUBBLE_MM,
            2 * BUBBLE_MM,
            2 * BUBBLE_MM,
            stroke=Ink.TEXT,
            stroke_mm=0.3,
        )
    )
    items.append(Text(final + 4.5, second + 1.1, words(N_("final")), Face.SANS, 8.0, Ink.MUTED))
    bubbles.append(Bubble(BubbleUse.CONFIRM, 0, "yes", final, second, BUBBLE_MM))
    box = MarkBox(0, MARGIN + width - 32.0, top + 3.0, 29.0, HEIGHT_MM - 6.0)
    items.append(Box(box.x, box.y, box.width, box.height, stroke=Ink.MUTED, stroke_mm=0.3))
    label = words(N_("in digits"))
    items.append(Text(box.x + 1.5, box.y + 3.2, label, Face.SANS, 6.5, Ink.MUTED))
    return Body(tuple(items), (), tuple(bubbles), (box,))


def _add(
    items: list[Item],
    bubbles: list[Bubble],
    use: BubbleUse,
    value: str,
    x: float,
    y: float,
    measure: Measure,
) -> None:
    items += bubble(value if use is BubbleUse.MARK_WHOLE else f",{value}", x, y, measure=measure)
    bubbles.append(Bubble(use, 0, value, x, y, BUBBLE_MM))
