"""The cover letter: address in the envelope's window, list of contents (TX-4.3b), what to send back and how. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.errors import N_, Refused
from delivery.postal.layout import (
    BODY_BOTTOM,
    HEIGHT,
    MARGIN,
    WIDTH,
    Codes,
    Words,
    corners,
    footer,
    frame_codes,
    page_number,
    shortened,
)
from delivery.postal.page import Box, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.typeset import Measure, leading_mm, wrap


@dataclass(frozen=True, slots=True)
class Window:
    """Address window of the envelope, in millimetres from the top left corner of the folded page. The default is
    DIN 5008 form B for a C5/6 or DL window envelope; other stocks have other windows."""

    x: float = 20.0
    y: float = 45.0
    width: float = 85.0
    height: float = 45.0


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


def cover_page(
    letter: Letter,
    *,
    codes: Codes,
    page_id: str,
    window: Window,
    words: Words,
    measure: Measure,
) -> PageLayout:
    """The letter: address in the envelope's window, list of contents, what to send back and how.

    Raises Refused when the lists are longer than the page.
    """
    items: list[Item] = []
    items += _letterhead(letter, codes, words, measure)
    items += _address(letter, window, measure)
    y = window.y + window.height + 10.0
    y = _greeting(items, letter, y, words, measure)
    y = _manifest(items, letter, y, words, measure)
    if letter.tasks:
        y = _tasks(items, letter, y, words, measure)
    if y - 8.0 > BODY_BOTTOM:
        raise Refused(
            N_("The cover letter of batch {batch} cannot list everything that a packet would hold."),
            do=N_("Plan several batches, each with some of the units (--unit)."),
            batch=letter.batch,
        )
    _how_to_return(items, letter, y, words, measure)
    items += page_number(page_id, codes, measure)
    items += footer(
        words(N_("Packet {batch}"), batch=letter.batch), 1, 1, returned=False, words=words, measure=measure
    )
    return PageLayout(WIDTH, HEIGHT, tuple(items), frame_codes(codes), corners())


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
        Text(x, window.y + 3.4 + 2.7 * number, line, Face.SANS, 6.0, Ink.MUTED)
        for number, line in enumerate(sender)
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
        N_(
            "Dear {name}, here is what you need for the coming part of the course. Please check that all is there."
        ),
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
    items: list[Item],
    cells: Sequence[str],
    columns: Sequence[float],
    y: float,
    *,
    head: bool,
    measure: Measure,
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
        N_(
            "Scan the code on a finished sheet with your phone's camera, open the page, sign in, photograph each sheet."
        )
    )
    by_post = words(N_("Put the finished sheets, in any order, into an envelope and send it to:"))
    columns = (
        (
            words(N_("By phone")),
            wrap(by_phone, half - 10, 9.0, face=Face.SANS, measure=measure),
            (letter.host,),
        ),
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
    # Every returned sheet says how to send it back, so that long lists may take this room.
    if y - 3.0 > BODY_BOTTOM - height:
        return
    y = BODY_BOTTOM - height
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
