"""The learner's week: what is on the air, what is due, and how a finished sheet is sent by phone. Pure.

One page, whatever the term holds: what does not fit is counted, and stands on the portal.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from delivery.errors import N_
from delivery.postal.fonts import drawable
from delivery.postal.outgoing.cover import section, table_row
from delivery.postal.outgoing.layout import (
    BODY_BOTTOM,
    MARGIN,
    WIDTH,
    Codes,
    Header,
    Words,
    footer,
    framed,
    heading,
)
from delivery.postal.outgoing.lines import Measure, leading_mm, wrap
from delivery.postal.outgoing.packet import BatchSpec
from delivery.postal.page import Box, Face, Ink, Item, PageLayout, Text
from delivery.postal.roles import WEEK

_HOW = {
    "postal": N_("by post or phone"),
    "network": N_("on the portal"),
    "broadcast": N_("by phone or on the portal"),
}
_PHONE_STEPS = (
    N_("Open the camera of your phone and point it at the large code at the top right of a finished sheet."),
    N_("Open the address {host}/q/… that appears, and sign in with your student code and PIN."),
    N_(
        "Photograph each sheet in good light, all four corner marks in the picture; the order does not matter."
    ),
    N_("Wait for the receipt with its code. Keep the sheets until the mark has come."),
)


def week_page(
    spec: BatchSpec,
    courses: Collection[str],
    *,
    header: Header,
    host: str,
    days: str,
    codes: Codes,
    words: Words,
    measure: Measure,
) -> PageLayout:
    """The page for learners who are enrolled in `courses`; `days` is the span that it covers, as text."""
    scale = spec.options.scale
    items: list[Item] = [*heading(header, codes, measure, scale=scale)]
    airs = [airing for airing in spec.airs if airing.course in courses]
    dues = [due for due in spec.dues if due.course in courses]
    phone = _phone(host, words, measure, scale)
    foot = BODY_BOTTOM - _phone_height(phone, scale) - 6.0
    y = codes.body_top + 4.0
    y = section(items, words(N_("On the air, {days}"), days=days), y, scale=scale)
    share = foot - (foot - y) * min(0.6, max(0.3, len(dues) / max(len(airs) + len(dues), 1)))
    heads = (words(N_("When")), words(N_("Channel")), words(N_("Lesson")))
    rows = [
        (airing.when, drawable(airing.channel), drawable(f"{airing.course} · {airing.title}"))
        for airing in airs
    ]
    empty = words(N_("Nothing of your courses is on the air in these days."))
    y = _table(items, heads, rows, y, foot=share, empty=empty, words=words, measure=measure, scale=scale)
    y = section(items, words(N_("What is due")), y + 9.0, scale=scale)
    heads = (words(N_("Due")), words(N_("How")), words(N_("Assignment")))
    rows = [
        (due.when, words(_HOW.get(due.how, due.how)), drawable(f"{due.course} · {due.title}")) for due in dues
    ]
    empty = words(N_("Nothing is due yet."))
    _table(items, heads, rows, y, foot=foot, empty=empty, words=words, measure=measure, scale=scale)
    _draw_phone(items, phone, words, scale)
    items += footer(header.title, 1, 1, returned=False, words=words, measure=measure, scale=scale)
    return framed(WEEK, items, codes)


def _table(
    items: list[Item],
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    y: float,
    *,
    foot: float,
    empty: str,
    words: Words,
    measure: Measure,
    scale: float,
) -> float:
    if not rows:
        items.append(Text(MARGIN, y + 4.0 * scale, empty, Face.SANS_ITALIC, 9.0 * scale, Ink.MUTED))
        return y + 5.0 * scale
    columns = (0.0, 42.0, 76.0) if scale == 1.0 else (0.0, 50.0, 90.0)
    y = table_row(items, heads, columns, y, head=True, measure=measure, scale=scale)
    for number, row in enumerate(rows):
        if y + 14.0 * scale > foot and number < len(rows) - 1:
            more = words(N_("… and {count} more on the portal."), count=len(rows) - number)
            items.append(Text(MARGIN, y + 4.4 * scale, more, Face.SANS_ITALIC, 8.5 * scale, Ink.MUTED))
            return y + 5.0 * scale
        y = table_row(items, row, columns, y, head=False, measure=measure, scale=scale)
    return y


def _phone(host: str, words: Words, measure: Measure, scale: float) -> list[list[str]]:
    width = WIDTH - 2 * MARGIN - 14.0 - 6.0 * scale
    return [
        wrap(
            words(step, host=host) if "{host}" in step else words(step),
            width,
            9.5 * scale,
            face=Face.SANS,
            measure=measure,
        )
        for step in _PHONE_STEPS
    ]


def _phone_height(steps: list[list[str]], scale: float) -> float:
    lines = sum(len(lines) for lines in steps)
    return 11.0 * scale + lines * leading_mm(9.5 * scale, 1.42) + 1.6 * len(steps) + 2.0


def _draw_phone(items: list[Item], steps: list[list[str]], words: Words, scale: float) -> None:
    height = _phone_height(steps, scale)
    y = BODY_BOTTOM - height
    items.append(Box(MARGIN, y, WIDTH - 2 * MARGIN, height, radius=2.0, fill=Ink.TINT))
    title = words(N_("Submitting by phone"))
    items.append(Text(MARGIN + 5.0, y + 7.0 * scale, title, Face.SANS_BOLD, 10.5 * scale, Ink.ACCENT))
    baseline = y + 13.0 * scale
    for number, lines in enumerate(steps, start=1):
        items.append(Text(MARGIN + 5.0, baseline, f"{number}.", Face.SANS_BOLD, 9.5 * scale, Ink.ACCENT))
        for line in lines:
            items.append(Text(MARGIN + 5.0 + 6.0 * scale, baseline, line, Face.SANS, 9.5 * scale))
            baseline += leading_mm(9.5 * scale, 1.42)
        baseline += 1.6
