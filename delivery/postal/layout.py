"""Where everything stands on a page: codes, corner marks, header, footer, cover letter. Pure geometry in millimetres.

Every page wears the same frame: the main code top right with the page's number beneath it, a side code in each lower
corner with the footer between them, and a mark in each corner for deskewing. What differs per learner (name, student
code) is set in the header of returned sheets, so that a person can identify a sheet whose codes are all lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from delivery.errors import N_
from delivery.postal.page import A4_MM, Box, CodeSpot, Corner, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.symbol import SymbolSize
from delivery.postal.typeset import Body, Frame, Measure, leading_mm, wrap

WIDTH, HEIGHT = A4_MM
MARGIN = 20.0
CORNER_INSET = 6.0
CODE_TOP = 14.0
CODE_INSET = 15.0
"""Distance of every code from the side edge; its quiet zone stays clear of the corner marks."""
SIDE_BOTTOM = 14.0
BODY_BOTTOM = HEIGHT - 39.0
INSET = (20.0, 48.0, 170.0, BODY_BOTTOM - 48.0)
"""x, y, width, height of the area that a page of an existing PDF is fitted into."""

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
class Window:
    """Address window of the envelope, in millimetres from the top left corner of the folded page. The default is
    DIN 5008 form B for a C5/6 or DL window envelope; other stocks have other windows."""

    x: float = 20.0
    y: float = 45.0
    width: float = 85.0
    height: float = 45.0


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the top of a page: institution, course, title, and the person on returned sheets."""

    institution: str
    context: str
    title: str
    person: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of the packet's list of contents (TX-4.3b)."""

    kind: str
    title: str
    edition: str
    pages: int
    approval: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Words and lists of a cover page."""

    institution: str
    sender: str
    """One line above the address: who to return an undelivered packet to."""
    address: tuple[str, ...]
    """Name first, then the lines of the address."""
    name: str
    student_code: str
    course: str
    batch: str
    date: str
    manifest: tuple[ManifestRow, ...]
    missing: tuple[str, ...]
    """Names of the printed kinds that this packet has none of."""
    tasks: tuple[tuple[str, str, int], ...]
    """Title, due date as text, number of sheets to send back."""
    return_address: tuple[str, ...]
    host: str


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
    body: Body,
    *,
    header: Header,
    codes: Codes,
    page_id: str,
    page: int,
    pages: int,
    returned: bool,
    words: Words,
    measure: Measure,
    inset: int = -1,
) -> PageLayout:
    """A page of material, or (`returned`) a sheet that comes back."""
    items = [
        *_header(header, codes, measure),
        *body.items,
        *_page_number(page_id, codes, measure),
        *_footer(header.title, page, pages, returned=returned, words=words, measure=measure),
    ]
    return PageLayout(WIDTH, HEIGHT, tuple(items), frame_codes(codes), corners(), body.answers, inset)


def cover_page(
    letter: Letter,
    *,
    codes: Codes,
    page_id: str,
    window: Window,
    words: Words,
    measure: Measure,
) -> PageLayout:
    """The letter: address in the envelope's window, list of contents, what to send back and how."""
    items: list[Item] = []
    items += _letterhead(letter, codes, words, measure)
    items += _address(letter, window, measure)
    y = window.y + window.height + 10.0
    y = _greeting(items, letter, y, words, measure)
    y = _manifest(items, letter, y, words, measure)
    if letter.tasks:
        y = _tasks(items, letter, y, words, measure)
    _how_to_return(items, letter, y, words, measure)
    items += _page_number(page_id, codes, measure)
    items += _footer(words(N_("Packet {batch}"), batch=letter.batch), 1, 1, returned=False, words=words, measure=measure)
    return PageLayout(WIDTH, HEIGHT, tuple(items), frame_codes(codes), corners())


# Pieces


def centred(text: str, middle: float, y: float, *, face: Face, size: float, ink: Ink, measure: Measure) -> Text:
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


def _header(header: Header, codes: Codes, measure: Measure) -> list[Item]:
    width = codes.header_right - MARGIN
    items: list[Item] = []
    y = 17.0
    top = shortened(header.institution, width, face=Face.SANS_MEDIUM, size=8.0, measure=measure)
    items.append(Text(MARGIN, y, top, Face.SANS_MEDIUM, 8.0, Ink.MUTED))
    y += 5.0
    context = shortened(header.context, width, face=Face.SANS, size=9.0, measure=measure)
    items.append(Text(MARGIN, y, context, Face.SANS, 9.0, Ink.MUTED))
    y += 7.6
    lines = wrap(header.title, width, 14.0, face=Face.SANS_BOLD, measure=measure)
    if len(lines) > 2:
        rest = shortened(" ".join(lines[1:]), width, face=Face.SANS_BOLD, size=14.0, measure=measure)
        lines = [lines[0], rest]
    for line in lines:
        items.append(Text(MARGIN, y, line, Face.SANS_BOLD, 14.0, Ink.ACCENT))
        y += 6.4
    if header.person:
        person = shortened(header.person, width, face=Face.SANS_MEDIUM, size=9.5, measure=measure)
        items.append(Text(MARGIN, 43.0, person, Face.SANS_MEDIUM, 9.5))
        if header.due and measure(person, Face.SANS_MEDIUM, 9.5) + measure(header.due, Face.SANS, 9.5) + 4 < width:
            x = MARGIN + width - measure(header.due, Face.SANS, 9.5)
            items.append(Text(x, 43.0, header.due, Face.SANS, 9.5, Ink.MUTED))
    return items


def _page_number(page_id: str, codes: Codes, measure: Measure) -> list[Item]:
    """The page id for a person to type when no code can be read: ``1A2B-3C4D-5E6F``."""
    text = "-".join(page_id[n : n + 4].upper() for n in range(0, len(page_id), 4))
    middle = WIDTH - CODE_INSET - codes.main.mm / 2
    y = CODE_TOP + codes.main.mm + codes.main.quiet_mm + 2.2
    return [centred(text, middle, y, face=Face.SANS, size=6.5, ink=Ink.MUTED, measure=measure)]


def _footer(
    title: str, page: int, pages: int, *, returned: bool, words: Words, measure: Measure
) -> list[Item]:
    middle = WIDTH / 2
    width = 128.0
    items: list[Item] = []
    y = HEIGHT - 27.0
    if returned:
        text = words(
            N_("Scan the code with your phone to submit your work, or send this sheet back by post.")
        )
        for line in wrap(text, width, 8.5, face=Face.SANS_MEDIUM, measure=measure)[:2]:
            items.append(centred(line, middle, y, face=Face.SANS_MEDIUM, size=8.5, ink=Ink.TEXT, measure=measure))
            y += leading_mm(8.5, 1.4)
    number = words(N_("Page {page}/{pages}"), page=page, pages=pages)
    items.append(centred(number, middle, HEIGHT - 18.2, face=Face.SANS_BOLD, size=9.0, ink=Ink.TEXT, measure=measure))
    name = shortened(title, width, face=Face.SANS, size=7.5, measure=measure)
    items.append(centred(name, middle, HEIGHT - 14.2, face=Face.SANS, size=7.5, ink=Ink.MUTED, measure=measure))
    return items


def _letterhead(letter: Letter, codes: Codes, words: Words, measure: Measure) -> list[Item]:
    width = codes.header_right - MARGIN
    name = shortened(letter.institution, width, face=Face.SANS_BOLD, size=13.0, measure=measure)
    about = words(N_("Distance education by post"))
    return [
        Text(MARGIN, 20.0, name, Face.SANS_BOLD, 13.0, Ink.ACCENT),
        Text(MARGIN, 26.0, about, Face.SANS, 9.0, Ink.MUTED),
    ]


def _address(letter: Letter, window: Window, measure: Measure) -> list[Item]:
    x, width = window.x + 4.0, window.width - 8.0
    sender = wrap(letter.sender, width, 6.0, face=Face.SANS, measure=measure)[:2]
    items: list[Item] = [
        Text(x, window.y + 3.4 + 2.7 * number, line, Face.SANS, 6.0, Ink.MUTED) for number, line in enumerate(sender)
    ]
    items.append(Line(x, window.y + 7.4, x + width, window.y + 7.4))
    lines: list[tuple[str, Face]] = []
    for number, part in enumerate(letter.address):
        face = Face.SANS_BOLD if number == 0 else Face.SANS
        lines += [(line, face) for line in wrap(part, width, 10.5, face=face, measure=measure)]
    step = min(5.6, (window.height - 10.0) / max(len(lines), 1))
    for number, (line, face) in enumerate(lines):
        items.append(Text(x, window.y + 13.0 + number * step, line, face, 10.5))
    return items


def _greeting(items: list[Item], letter: Letter, y: float, words: Words, measure: Measure) -> float:
    width = WIDTH - 2 * MARGIN
    course = shortened(letter.course, width, face=Face.SANS_BOLD, size=15.0, measure=measure)
    items.append(Text(MARGIN, y, course, Face.SANS_BOLD, 15.0, Ink.ACCENT))
    y += 5.8
    line = words(
        N_("Packet {batch} · {date} · student code {code}"),
        batch=letter.batch,
        date=letter.date,
        code=letter.student_code,
    )
    line = shortened(line, width, face=Face.SANS, size=9.0, measure=measure)
    items.append(Text(MARGIN, y, line, Face.SANS, 9.0, Ink.MUTED))
    y += 8.6
    text = words(
        N_("Dear {name}, here is what you need for the coming part of the course. Please check that all is there."),
        name=letter.name,
    )
    for part in wrap(text, width, 10.5, face=Face.SANS, measure=measure):
        items.append(Text(MARGIN, y, part, Face.SANS, 10.5))
        y += leading_mm(10.5, 1.45)
    return y + 3.0


def _section(items: list[Item], text: str, y: float) -> float:
    items.append(Text(MARGIN, y, text, Face.SANS_BOLD, 10.5))
    return y + 2.2


def _manifest(items: list[Item], letter: Letter, y: float, words: Words, measure: Measure) -> float:
    y = _section(items, words(N_("In this packet")), y)
    columns = (0.0, 38.0, 104.0, 122.0, 136.0)
    heads = (N_("Kind"), N_("Title"), N_("Edition"), N_("Pages"), N_("Approval"))
    rows = [
        tuple(words(head) for head in heads),
        *((r.kind, r.title, r.edition, str(r.pages), r.approval) for r in letter.manifest),
    ]
    for number, row in enumerate(rows):
        y = _table_row(items, row, columns, y, head=number == 0, measure=measure)
    if letter.missing:
        y += 4.6
        text = words(N_("Not part of this packet: {kinds}."), kinds=", ".join(letter.missing))
        for line in wrap(text, WIDTH - 2 * MARGIN, 8.5, face=Face.SANS_ITALIC, measure=measure):
            items.append(Text(MARGIN, y, line, Face.SANS_ITALIC, 8.5, Ink.MUTED))
            y += 4.4
        y -= 2.0
    return y + 8.0


def _tasks(items: list[Item], letter: Letter, y: float, words: Words, measure: Measure) -> float:
    y = _section(items, words(N_("Please send back")), y)
    columns = (0.0, 104.0, 136.0)
    heads = (words(N_("Assignment")), words(N_("Sheets")), words(N_("Due")))
    for number, row in enumerate([heads, *((title, str(count), due) for title, due, count in letter.tasks)]):
        y = _table_row(items, row, columns, y, head=number == 0, measure=measure)
    return y + 8.0


def _table_row(
    items: list[Item], cells: Sequence[str], columns: Sequence[float], y: float, *, head: bool, measure: Measure
) -> float:
    size = 8.0 if head else 9.0
    face = Face.SANS_MEDIUM if head else Face.SANS
    ink = Ink.MUTED if head else Ink.TEXT
    ends = [*columns[1:], WIDTH - 2 * MARGIN]
    step = leading_mm(size, 1.4)
    wrapped = [
        wrap(cell, end - start - 3.0, size, face=face, measure=measure)[:2] if cell else []
        for cell, start, end in zip(cells, columns, ends, strict=True)
    ]
    height = max(len(lines) for lines in wrapped) * step + 1.8
    for lines, start in zip(wrapped, columns, strict=True):
        for number, line in enumerate(lines):
            items.append(Text(MARGIN + start, y + 1.0 + step * (number + 0.72), line, face, size, ink))
    y += height
    items.append(Line(MARGIN, y, WIDTH - MARGIN, y, 0.35 if head else 0.15))
    return y


def _how_to_return(items: list[Item], letter: Letter, y: float, words: Words, measure: Measure) -> None:
    half = (WIDTH - 2 * MARGIN - 6.0) / 2
    by_phone = words(
        N_("Scan the code on a finished sheet with your phone's camera, open the page, sign in, photograph each sheet.")
    )
    by_post = words(N_("Put the finished sheets, in any order, into an envelope and send it to:"))
    columns = (
        (words(N_("By phone")), wrap(by_phone, half - 10, 9.0, face=Face.SANS, measure=measure), (letter.host,)),
        (
            words(N_("By post")),
            wrap(by_post, half - 10, 9.0, face=Face.SANS, measure=measure),
            tuple(
                line
                for part in letter.return_address
                for line in wrap(part, half - 10, 9.0, face=Face.SANS_MEDIUM, measure=measure)
            ),
        ),
    )
    step = leading_mm(9.0, 1.42)
    height = 10.5 + max(len(lines) + len(last) for _, lines, last in columns) * step + 2.0
    # It stands at the foot when the lists leave room, and follows them when they do not.
    y = max(y - 3.0, BODY_BOTTOM - height)
    for number, (title, lines, last) in enumerate(columns):
        x = MARGIN + number * (half + 6.0)
        items.append(Box(x, y, half, height, radius=2.0, fill=Ink.TINT))
        items.append(Text(x + 5.0, y + 7.0, title, Face.SANS_BOLD, 10.5, Ink.ACCENT))
        baseline = y + 12.6
        for line in lines:
            items.append(Text(x + 5.0, baseline, line, Face.SANS, 9.0))
            baseline += step
        for line in last:
            items.append(Text(x + 5.0, baseline, line, Face.SANS_MEDIUM, 9.0))
            baseline += step
