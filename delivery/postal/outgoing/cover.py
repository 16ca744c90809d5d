"""The cover letter: address in the envelope's window, list of contents (TX-4.3b), what to send back and how. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from delivery.errors import N_, Refused
from delivery.postal.outgoing.layout import (
    BODY_BOTTOM,
    MARGIN,
    WIDTH,
    Codes,
    Words,
    footer,
    framed,
    shortened,
)
from delivery.postal.outgoing.lines import Measure, leading_mm, wrap
from delivery.postal.outgoing.packet import Window
from delivery.postal.page import Box, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.roles import COVER


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One line of the packet's list of contents (TX-4.3b)."""

    kind: str
    title: str
    edition: str
    pages: str
    approval: str


@dataclass(frozen=True, slots=True)
class Letter:
    """Words and lists of a batch's cover page: the same for every learner."""

    institution: str
    sender: str
    """One line above the address: who to return an undelivered packet to."""
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
    letter: Letter, *, codes: Codes, window: Window, words: Words, measure: Measure, scale: float = 1.0
) -> PageLayout:
    """The letter: sender above the envelope's window, list of contents, what to send back and how.

    `scale` enlarges all type but the address, for which the window has no more room; lists that would then be longer
    than the page are enlarged as far as they go. Raises Refused when they are too long in any case.
    """
    for lists in smaller_and_smaller(scale):
        items = [*_letterhead(letter, codes, words, measure, scale), *_sender(letter, window, measure)]
        y = window.y + window.height + 10.0
        y = _greeting(items, letter, y, words, measure, scale)
        y = _manifest(items, letter, y, words, measure, lists)
        if letter.tasks:
            y = _tasks(items, letter, y, words, measure, lists)
        if y - 8.0 <= BODY_BOTTOM:
            break
    else:
        raise Refused(
            N_("The cover letter of batch {batch} cannot list everything that a packet would hold."),
            do=N_("Plan several batches, each with some of the units (--unit)."),
            batch=letter.batch,
        )
    for boxes in smaller_and_smaller(scale):
        # Every returned sheet says how to send it back, so that long lists may take this room.
        if _how_to_return(items, letter, y, words, measure, boxes):
            break
    title = words(N_("Packet {batch}"), batch=letter.batch)
    items += footer(title, 1, 1, returned=False, words=words, measure=measure, scale=scale)
    return framed(COVER, items, codes)


def smaller_and_smaller(scale: float) -> list[float]:
    """The sizes to try until everything fits on the page: the one asked for, between, and that of ordinary print."""
    return sorted({scale, (1.0 + scale) / 2, 1.0}, reverse=True)


def own_cover(
    name: str,
    student_code: str,
    address: Sequence[str],
    *,
    window: Window,
    words: Words,
    measure: Measure,
    scale: float = 1.0,
) -> list[Item]:
    """What differs per learner: address in the window, student code and greeting."""
    items = address_block(address, window, measure)
    y = window.y + window.height + 10.0
    code = words(N_("Student code {code}"), code=student_code)
    x = WIDTH - MARGIN - measure(code, Face.SANS, 9.0 * scale)
    items.append(Text(x, y + _batch_line(scale), code, Face.SANS, 9.0 * scale, Ink.MUTED))
    greeting = words(N_("Dear {name},"), name=name)
    greeting = shortened(greeting, WIDTH - 2 * MARGIN, face=Face.SANS, size=10.5 * scale, measure=measure)
    items.append(Text(MARGIN, y + _batch_line(scale) + 8.6 * scale, greeting, Face.SANS, 10.5 * scale))
    return items


def _batch_line(scale: float) -> float:
    """From the baseline of the course to that of batch and student code."""
    return 1.8 + 4.0 * scale


def _letterhead(letter: Letter, codes: Codes, words: Words, measure: Measure, scale: float) -> list[Item]:
    width = codes.header_right - MARGIN
    name = shortened(letter.institution, width, face=Face.SANS_BOLD, size=13.0, measure=measure)
    about = words(N_("Distance education by post"))
    return [
        Text(MARGIN, 20.0, name, Face.SANS_BOLD, 13.0, Ink.ACCENT),
        Text(MARGIN, 24.0 + 2.0 * scale, about, Face.SANS, 9.0 * scale, Ink.MUTED),
    ]


def _sender(letter: Letter, window: Window, measure: Measure) -> list[Item]:
    x, width = window.x + 4.0, window.width - 8.0
    sender = wrap(letter.sender, width, 6.0, face=Face.SANS, measure=measure)[:2]
    items: list[Item] = [
        Text(x, window.y + 3.4 + 2.7 * number, line, Face.SANS, 6.0, Ink.MUTED)
        for number, line in enumerate(sender)
    ]
    items.append(Line(x, window.y + 7.4, x + width, window.y + 7.4))
    return items


def address_block(address: Sequence[str], window: Window, measure: Measure) -> list[Item]:
    """Name and address within the window: in smaller type when they would not fit, and never outside it."""
    x, width = window.x + 4.0, window.width - 8.0
    room = window.height - 10.0
    for size in _ADDRESS_SIZES:
        lines: list[tuple[str, Face]] = []
        for number, part in enumerate(address):
            face = Face.SANS_BOLD if number == 0 else Face.SANS
            lines += [(line, face) for line in wrap(part, width, size, face=face, measure=measure)]
        step = leading_mm(size, 1.45)
        if len(lines) * step <= room:
            break
    fitting = max(1, int(room // step))
    return [
        Text(x, window.y + 13.0 + number * step, line, face, size)
        for number, (line, face) in enumerate(lines[:fitting])
    ]


_ADDRESS_SIZES = (10.5, 9.5, 8.5, 7.5, 6.5)


def _greeting(
    items: list[Item], letter: Letter, y: float, words: Words, measure: Measure, scale: float
) -> float:
    width = WIDTH - 2 * MARGIN
    course = shortened(letter.course, width, face=Face.SANS_BOLD, size=15.0, measure=measure)
    items.append(Text(MARGIN, y, course, Face.SANS_BOLD, 15.0, Ink.ACCENT))
    y += _batch_line(scale)
    line = words(N_("Packet {batch} · {date}"), batch=letter.batch, date=letter.date)
    line = shortened(line, width - 60.0 * scale, face=Face.SANS, size=9.0 * scale, measure=measure)
    items.append(Text(MARGIN, y, line, Face.SANS, 9.0 * scale, Ink.MUTED))
    # The line of the greeting itself is each learner's own.
    y += 8.6 * scale + leading_mm(10.5 * scale, 1.45)
    text = words(
        N_("here is what you need for the coming part of the course. Please check that all is there.")
    )
    for part in wrap(text, width, 10.5 * scale, face=Face.SANS, measure=measure):
        items.append(Text(MARGIN, y, part, Face.SANS, 10.5 * scale))
        y += leading_mm(10.5 * scale, 1.45)
    return y + 3.0 * scale


def section(items: list[Item], text: str, y: float, *, scale: float = 1.0) -> float:
    """A heading within the letter; where what follows begins."""
    items.append(Text(MARGIN, y, text, Face.SANS_BOLD, 10.5 * scale))
    return y + 2.2 * scale


def _manifest(
    items: list[Item], letter: Letter, y: float, words: Words, measure: Measure, scale: float
) -> float:
    y = section(items, words(N_("In this packet")), y, scale=scale)
    columns = (0.0, 38.0, 104.0, 122.0, 136.0) if scale == 1.0 else (0.0, 42.0, 96.0, 118.0, 136.0)
    heads = (N_("Kind"), N_("Title"), N_("Edition"), N_("Pages"), N_("Approval"))
    rows = [
        tuple(words(head) for head in heads),
        *((r.kind, r.title, r.edition, r.pages, r.approval) for r in letter.manifest),
    ]
    for number, row in enumerate(rows):
        y = table_row(items, row, columns, y, head=number == 0, measure=measure, scale=scale)
    if letter.missing:
        y += 4.6 * scale
        text = words(N_("Not part of this packet: {kinds}."), kinds=", ".join(letter.missing))
        for line in wrap(text, WIDTH - 2 * MARGIN, 8.5 * scale, face=Face.SANS_ITALIC, measure=measure):
            items.append(Text(MARGIN, y, line, Face.SANS_ITALIC, 8.5 * scale, Ink.MUTED))
            y += 4.4 * scale
        y -= 2.0
    return y + 8.0 * scale


def _tasks(
    items: list[Item], letter: Letter, y: float, words: Words, measure: Measure, scale: float
) -> float:
    y = section(items, words(N_("Please send back")), y, scale=scale)
    columns = (0.0, 104.0, 136.0)
    heads = (words(N_("Assignment")), words(N_("Sheets")), words(N_("Due")))
    for number, row in enumerate([heads, *((title, str(count), due) for title, due, count in letter.tasks)]):
        y = table_row(items, row, columns, y, head=number == 0, measure=measure, scale=scale)
    return y + 8.0


def table_row(
    items: list[Item],
    cells: Sequence[str],
    columns: Sequence[float],
    y: float,
    *,
    head: bool,
    measure: Measure,
    scale: float = 1.0,
) -> float:
    """One row of a table across the page; the y of its foot."""
    size = scale * (8.0 if head else 9.0)
    most = 2 if scale == 1.0 else 4
    face = Face.SANS_MEDIUM if head else Face.SANS
    ink = Ink.MUTED if head else Ink.TEXT
    ends = [*columns[1:], WIDTH - 2 * MARGIN]
    step = leading_mm(size, 1.4)
    wrapped = [
        wrap(cell, end - start - 3.0, size, face=face, measure=measure)[:most] if cell else []
        for cell, start, end in zip(cells, columns, ends, strict=True)
    ]
    height = max(len(lines) for lines in wrapped) * step + 1.8 * scale
    for lines, start in zip(wrapped, columns, strict=True):
        for number, line in enumerate(lines):
            items.append(Text(MARGIN + start, y + 1.0 + step * (number + 0.72), line, face, size, ink))
    y += height
    items.append(Line(MARGIN, y, WIDTH - MARGIN, y, 0.35 if head else 0.15))
    return y


def _how_to_return(
    items: list[Item], letter: Letter, y: float, words: Words, measure: Measure, scale: float
) -> bool:
    """Two boxes at the foot of the page, if they have room there."""
    size = 9.0 * scale
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
            wrap(by_phone, half - 10, size, face=Face.SANS, measure=measure),
            tuple(wrap(letter.host, half - 10, size, face=Face.SANS_MEDIUM, measure=measure)),
        ),
        (
            words(N_("By post")),
            wrap(by_post, half - 10, size, face=Face.SANS, measure=measure),
            tuple(
                line
                for part in letter.return_address
                for line in wrap(part, half - 10, size, face=Face.SANS_MEDIUM, measure=measure)
            ),
        ),
    )
    step = leading_mm(size, 1.42)
    height = 10.5 * scale + max(len(lines) + len(last) for _, lines, last in columns) * step + 2.0
    if y - 3.0 > BODY_BOTTOM - height:
        return False
    y = BODY_BOTTOM - height
    for number, (title, lines, last) in enumerate(columns):
        x = MARGIN + number * (half + 6.0)
        items.append(Box(x, y, half, height, radius=2.0, fill=Ink.TINT))
        items.append(Text(x + 5.0, y + 7.0 * scale, title, Face.SANS_BOLD, 10.5 * scale, Ink.ACCENT))
        baseline = y + 12.6 * scale
        for line in lines:
            items.append(Text(x + 5.0, baseline, line, Face.SANS, size))
            baseline += step
        for line in last:
            items.append(Text(x + 5.0, baseline, line, Face.SANS_MEDIUM, size))
            baseline += step
    return True
