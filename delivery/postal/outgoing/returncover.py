"""The return cover sheet goes in front of the learner's sheets, shows the return address in the envelope's window,
and ends in a label to cut out for an envelope without one. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from delivery.errors import N_
from delivery.postal.outgoing.cover import Letter, section, smaller_and_smaller, table_row
from delivery.postal.outgoing.layout import (
    BODY_BOTTOM,
    MARGIN,
    WIDTH,
    Codes,
    Words,
    footer,
    framed,
    shortened,
    shortened_person,
)
from delivery.postal.outgoing.lines import Measure, leading_mm, wrap
from delivery.postal.outgoing.packet import Window
from delivery.postal.page import Box, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.roles import RETURN

LABEL_MM = (105.0, 48.0)


def return_page(
    letter: Letter, *, codes: Codes, window: Window, words: Words, measure: Measure, scale: float = 1.0
) -> PageLayout:
    """The sheet, without the learner's own lines; `scale` enlarges its type as far as the label leaves room."""
    width = codes.header_right - MARGIN
    title = words(N_("Return sheet"))
    items: list[Item] = [
        Text(MARGIN, 20.0, title, Face.SANS_BOLD, 15.0, Ink.ACCENT),
        Text(
            MARGIN,
            24.0 + 2.0 * scale,
            shortened(letter.course, width, face=Face.SANS, size=9.0 * scale, measure=measure),
            Face.SANS,
            9.0 * scale,
            Ink.MUTED,
        ),
    ]
    items += _lines(letter.return_address, window.x + 4.0, window.y + 13.0, window.width - 8.0, 10.5, measure)
    for smaller in smaller_and_smaller(scale):
        listed, y = _check_list(letter, window, words, measure, smaller)
        if y <= _label_top() - 6.0:
            break
    items += listed
    _label(items, letter, words, measure)
    items += footer(title, 1, 1, returned=False, words=words, measure=measure, scale=scale)
    return framed(RETURN, items, codes)


def _check_list(
    letter: Letter, window: Window, words: Words, measure: Measure, scale: float
) -> tuple[list[Item], float]:
    """What belongs into the envelope, and where that ends."""
    items: list[Item] = []
    y = window.y + window.height + 8.0
    y = section(items, words(N_("What belongs into the envelope")), y, scale=scale)
    columns = (0.0, 12.0, 122.0, 142.0) if scale == 1.0 else (0.0, 12.0, 112.0, 138.0)
    heads = ("", words(N_("Assignment")), words(N_("Sheets")), words(N_("Due")))
    y = table_row(items, heads, columns, y, head=True, measure=measure, scale=scale)
    for task, due, count in letter.tasks:
        top = y
        y = table_row(
            items, ("", task, str(count), due), columns, y, head=False, measure=measure, scale=scale
        )
        side = 3.6 * scale
        items.append(Box(MARGIN + 2.0, top + 1.2 * scale, side, side, stroke=Ink.TEXT, stroke_mm=0.3))
    y += 6.0 * scale
    text = words(
        N_(
            "Put this sheet in front of the finished ones. Extra sheets of your own go behind it: they are filed under "
            "your name with this sheet. Do not staple, and keep the codes clean."
        )
    )
    for line in wrap(text, WIDTH - 2 * MARGIN, 9.5 * scale, face=Face.SANS, measure=measure):
        items.append(Text(MARGIN, y, line, Face.SANS, 9.5 * scale))
        y += leading_mm(9.5 * scale, 1.42)
    return items, y


def own_return(
    name: str,
    student_code: str,
    address: Sequence[str],
    *,
    words: Words,
    measure: Measure,
    scale: float = 1.0,
) -> list[Item]:
    """Who sends it: beneath the title, and on the label."""
    person = f"{name} · {student_code}"
    size = 9.5 * scale
    person = shortened_person(person, 100.0, face=Face.SANS_MEDIUM, size=size, measure=measure)
    items: list[Item] = [Text(MARGIN, 31.0 + 2.0 * scale, person, Face.SANS_MEDIUM, size)]
    sender = words(N_("From: {sender}"), sender=", ".join((name, *address[1:])))
    x, y = MARGIN, _label_top()
    for number, line in enumerate(wrap(sender, LABEL_MM[0] - 10, 7.0, face=Face.SANS, measure=measure)[:3]):
        items.append(Text(x + 5.0, y + 6.0 + number * 3.2, line, Face.SANS, 7.0, Ink.MUTED))
    return items


def _label_top() -> float:
    return BODY_BOTTOM - LABEL_MM[1] - 2.0


def _label(items: list[Item], letter: Letter, words: Words, measure: Measure) -> None:
    x, y, (width, height) = MARGIN, _label_top(), LABEL_MM
    hint = words(N_("For an envelope without a window: cut out and glue on."))
    items.append(Text(x, y - 2.0, hint, Face.SANS, 7.5, Ink.MUTED))
    right, foot = x + width, y + height
    for x1, y1, x2, y2 in (
        (x, y, right, y),
        (right, y, right, foot),
        (right, foot, x, foot),
        (x, foot, x, y),
    ):
        items.append(Line(x1, y1, x2, y2, 0.2, Ink.MUTED, dashed=True))
    items += _lines(letter.return_address, x + 18.0, y + 24.0, width - 23.0, 11.0, measure)


def _lines(
    lines: Sequence[str], x: float, y: float, width: float, size: float, measure: Measure
) -> list[Item]:
    out: list[Item] = []
    for number, part in enumerate(lines):
        face = Face.SANS_BOLD if number == 0 else Face.SANS
        for line in wrap(part, width, size, face=face, measure=measure):
            out.append(Text(x, y, line, face, size))
            y += leading_mm(size, 1.45)
    return out
