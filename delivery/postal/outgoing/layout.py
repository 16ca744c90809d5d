"""Where everything stands on a page: codes, corner marks, header, footer. Pure geometry in millimetres.

Every page wears the same frame: the main code top right with the page's number beneath it, a side code in each lower
corner with the footer between them, and a mark in each corner for deskewing. A page is laid out once for all packets;
what differs per learner (codes, page id, name) is drawn on top.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from delivery.errors import N_
from delivery.postal.outgoing.lines import Measure, leading_mm, wrap
from delivery.postal.outgoing.typeset import Body, Frame
from delivery.postal.page import A4_MM, Face, Ink, Inset, Item, PageLayout, Text
from delivery.postal.roles import ASSIGNMENT, BLANK
from delivery.postal.sheetlayout import CodeSpot, Corner
from delivery.postal.symbol import SymbolSize

WIDTH, HEIGHT = A4_MM
MARGIN = 20.0
CORNER_INSET = 6.0
CODE_TOP = 14.0
CODE_INSET = 15.0
"""Distance of every code from the side edge; its quiet zone stays clear of the corner marks."""
SIDE_BOTTOM = 14.0
BODY_BOTTOM = HEIGHT - 39.0
_LARGE_HEAD = 12.0
"""Points of what stands around the text in large print, where the codes leave no room for more."""
PERSON_Y = 43.0
"""Baseline of the line that names the learner on returned sheets."""

Words = Callable[..., str]
"""Translator: message id and parameters -> text."""


@dataclass(frozen=True, slots=True)
class Codes:
    """Sizes of the codes of a batch."""

    main: SymbolSize
    side: SymbolSize

    @property
    def header_right(self) -> float:
        """Right edge of the header text: left edge of the main code's quiet zone."""
        return WIDTH - CODE_INSET - self.main.mm - self.main.quiet_mm

    @property
    def body_top(self) -> float:
        """Below the main code, its quiet zone and the page number beneath it."""
        return max(48.0, CODE_TOP + self.main.mm + self.main.quiet_mm + 5.0)

    def body(self, top: float = 0.0) -> Frame:
        """The frame for running text."""
        return Frame(MARGIN, max(self.body_top, top), WIDTH - 2 * MARGIN, BODY_BOTTOM)


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the top of a page: institution, course, title."""

    institution: str
    context: str
    title: str


def frame_codes(codes: Codes) -> tuple[CodeSpot, ...]:
    """Where the three codes of a page stand."""
    main, side = codes.main, codes.side
    y = HEIGHT - SIDE_BOTTOM - side.mm
    return (
        CodeSpot("main", WIDTH - CODE_INSET - main.mm, CODE_TOP, main.mm, main.quiet_mm),
        CodeSpot("side", CODE_INSET, y, side.mm, side.quiet_mm),
        CodeSpot("side", WIDTH - CODE_INSET - side.mm, y, side.mm, side.quiet_mm),
    )


def corners() -> tuple[Corner, ...]:
    """The four corner marks, clockwise from top left."""
    near, right, foot = CORNER_INSET, WIDTH - CORNER_INSET, HEIGHT - CORNER_INSET
    return (Corner(near, near), Corner(right, near), Corner(right, foot), Corner(near, foot))


def content_page(
    role: str,
    body: Body,
    *,
    header: Header,
    codes: Codes,
    page: int,
    pages: int,
    words: Words,
    measure: Measure,
    insets: tuple[Inset, ...] = (),
    source: str = "",
    scale: float = 1.0,
) -> PageLayout:
    """A page of material, or a sheet that comes back: everything but what differs per learner."""
    items = [
        *heading(header, codes, measure, scale=scale),
        *body.items,
        *footer(
            header.title, page, pages, returned=role == ASSIGNMENT, words=words, measure=measure, scale=scale
        ),
    ]
    return framed(role, items, codes, body=body, insets=insets, source=source)


def framed(
    role: str,
    items: Sequence[Item],
    codes: Codes,
    *,
    body: Body | None = None,
    insets: tuple[Inset, ...] = (),
    source: str = "",
) -> PageLayout:
    """A page in the frame that every page wears."""
    return PageLayout(
        role,
        WIDTH,
        HEIGHT,
        tuple(items),
        frame_codes(codes),
        corners(),
        body.answers if body else (),
        body.bubbles if body else (),
        body.marks if body else (),
        insets,
        source,
    )


def blank_page(codes: Codes, *, words: Words, measure: Measure, scale: float = 1.0) -> PageLayout:
    """The back of a sheet that stays empty; it says so, and can be written on."""
    text = words(N_("This page is left blank."))
    size = 9.0 * scale
    item = centred(text, WIDTH / 2, 27.0, face=Face.SANS_ITALIC, size=size, ink=Ink.MUTED, measure=measure)
    return framed(BLANK, [item], codes)


def own_person(person: str, due: str, codes: Codes, *, measure: Measure, scale: float = 1.0) -> list[Item]:
    """Whose sheet it is, and when it is due: on sheets that come back, so that one whose codes are all lost can still
    be told by a person."""
    width = codes.header_right - MARGIN
    size = 9.5 if scale == 1.0 else _LARGE_HEAD
    room = width - (measure(due, Face.SANS, size) + 4.0 if due else 0.0)
    name = shortened_person(person, room, face=Face.SANS_MEDIUM, size=size, measure=measure)
    items: list[Item] = [Text(MARGIN, PERSON_Y, name, Face.SANS_MEDIUM, size)]
    if due:
        x = MARGIN + width - measure(due, Face.SANS, size)
        items.append(Text(x, PERSON_Y, due, Face.SANS, size, Ink.MUTED))
    return items


# Pieces


def centred(
    text: str, middle: float, y: float, *, face: Face, size: float, ink: Ink, measure: Measure
) -> Text:
    """A run centred on `middle`."""
    return Text(middle - measure(text, face, size) / 2, y, text, face, size, ink)


def shortened(text: str, width: float, *, face: Face, size: float, measure: Measure) -> str:
    """`text`, cut at a word and ended with an ellipsis when it is wider than `width`."""
    if measure(text, face, size) <= width:
        return text
    words = text.split(" ")
    while len(words) > 1 and measure(" ".join(words) + " …", face, size) > width:
        words.pop()
    cut = " ".join(words)
    while len(cut) > 1 and measure(cut + "…", face, size) > width:
        cut = cut[:-1]
    return cut + ("…" if len(words) == 1 else " …")


def shortened_person(person: str, width: float, *, face: Face, size: float, measure: Measure) -> str:
    """``name · code``; of a name that is too long the end is left off, and never the code that tells who it is."""
    name, dot, code = person.rpartition(" · ")
    tail = f"{dot}{code}"
    return shortened(name, width - measure(tail, face, size), face=face, size=size, measure=measure) + tail


def heading(header: Header, codes: Codes, measure: Measure, *, scale: float = 1.0) -> list[Item]:
    """Institution, course and title, beside the main code, which leaves no room for more than 12 pt."""
    width = codes.header_right - MARGIN
    items: list[Item] = []
    upper, lower = (8.0, 9.0) if scale == 1.0 else (_LARGE_HEAD, _LARGE_HEAD)
    y = 17.0
    top = shortened(header.institution, width, face=Face.SANS_MEDIUM, size=upper, measure=measure)
    items.append(Text(MARGIN, y, top, Face.SANS_MEDIUM, upper, Ink.MUTED))
    y += 5.0 if scale == 1.0 else 5.8
    context = shortened(header.context, width, face=Face.SANS, size=lower, measure=measure)
    items.append(Text(MARGIN, y, context, Face.SANS, lower, Ink.MUTED))
    y += 7.6
    lines = wrap(header.title, width, 14.0, face=Face.SANS_BOLD, measure=measure)
    if len(lines) > 2:
        rest = shortened(" ".join(lines[1:]), width, face=Face.SANS_BOLD, size=14.0, measure=measure)
        lines = [lines[0], rest]
    for line in lines:
        items.append(Text(MARGIN, y, line, Face.SANS_BOLD, 14.0, Ink.ACCENT))
        y += 6.4
    return items


def page_number(page_id: str, codes: Codes, measure: Measure) -> Text:
    """The page id for a person to type when no code can be read: ``1A2B-3C4D-5E6F``."""
    text = "-".join(page_id[n : n + 4].upper() for n in range(0, len(page_id), 4))
    middle = WIDTH - CODE_INSET - codes.main.mm / 2
    y = CODE_TOP + codes.main.mm + codes.main.quiet_mm + 2.2
    return centred(text, middle, y, face=Face.SANS, size=6.5, ink=Ink.MUTED, measure=measure)


def footer(
    title: str,
    page: int,
    pages: int,
    *,
    returned: bool,
    words: Words,
    measure: Measure,
    scale: float = 1.0,
) -> list[Item]:
    """Between the side codes: what to do with the sheet, its number, its title."""
    middle = WIDTH / 2
    width = 128.0
    items: list[Item] = []
    call, number_size, name_size = (8.5, 9.0, 7.5) if scale == 1.0 else (_LARGE_HEAD, 13.5, 10.5)
    y = HEIGHT - (27.0 if scale == 1.0 else 31.5)
    if returned:
        text = words(
            N_("Scan the code with your phone to submit your work, or send this sheet back by post.")
        )
        for line in wrap(text, width, call, face=Face.SANS_MEDIUM, measure=measure)[:2]:
            items.append(
                centred(line, middle, y, face=Face.SANS_MEDIUM, size=call, ink=Ink.TEXT, measure=measure)
            )
            y += leading_mm(call, 1.4)
    number = words(N_("Page {page}/{pages}"), page=page, pages=pages)
    items.append(
        centred(
            number,
            middle,
            HEIGHT - 18.2,
            face=Face.SANS_BOLD,
            size=number_size,
            ink=Ink.TEXT,
            measure=measure,
        )
    )
    name = shortened(title, width, face=Face.SANS, size=name_size, measure=measure)
    y = HEIGHT - (14.2 if scale == 1.0 else 13.2)
    items.append(centred(name, middle, y, face=Face.SANS, size=name_size, ink=Ink.MUTED, measure=measure))
    return items
