"""The posting list for the counter: every posted packet with addressee, item number, weight and class; PDF and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, Refused
from delivery.postal.fonts import measure
from delivery.postal.outgoing.dispatch import Dispatch, stack_of
from delivery.postal.outgoing.draw import DocumentInfo, DrawnPage, draw_pdf
from delivery.postal.outgoing.labels import write_file
from delivery.postal.outgoing.layout import Words, shortened
from delivery.postal.page import A4_MM, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.parts import Desk

_LEFT, _RIGHT, _TOP, _FOOT = 15.0, 195.0, 42.0, 280.0
_ROW = 8.6
_COLUMNS = (0.0, 10.0, 44.0, 144.0, 158.0, 171.0)


@dataclass(frozen=True, slots=True)
class PostingList:
    packets: int
    grams: int
    files: tuple[Path, ...]


def write_posting_list(desk: Desk, batch: str, folder: Path) -> PostingList:
    """Write ``<batch>-posting.pdf`` and ``.csv`` into `folder`. Raises Refused when nothing is posted."""
    # Also those that were voided or replaced since: the counter took them.
    posted = [one for one in stack_of(desk, batch) if one.state.posted_at]
    if not posted:
        raise Refused(
            N_("No packet of batch {batch} is posted yet."),
            do=N_("Record the posting first: tuxa packets post {batch}"),
            batch=batch,
        )
    words, institution = desk.translate, desk.catalogue().institution.name
    grams = sum(one.piece.grams for one in posted)
    pdf, table = folder / f"{batch}-posting.pdf", folder / f"{batch}-posting.csv"
    write_file(table, _csv(posted, words))
    pages = list(_pages(posted, batch, institution, grams, words))
    title = words(N_("Posting list of batch {batch}"), batch=batch)
    info = DocumentInfo(title=title, author=institution, subject=batch, lang=words.language)
    layout = PageLayout("posting list", *A4_MM, (), (), ())
    write_file(pdf, draw_pdf((DrawnPage(layout, tuple(items)) for items in pages), info))
    return PostingList(len(posted), grams, (pdf, table))


def _heads(words: Words) -> tuple[str, ...]:
    return (
        words(N_("No.")),
        words(N_("Postal item")),
        words(N_("Addressee and address")),
        words(N_("Postcode")),
        words(N_("Grams")),
        words(N_("Class")),
    )


def _csv(posted: Sequence[Dispatch], words: Words) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    number, item, _, postcode, grams, postage = _heads(words)
    day = words(N_("Posted on"))
    writer.writerow((number, item, words(N_("Name")), words(N_("Address")), postcode, grams, postage, day))
    for one in posted:
        at = from_micros(one.state.posted_at).astimezone(VIETNAM)
        name, address, postcode = _where(one, words)
        row = (
            one.number,
            one.state.item,
            _cell(name),
            _cell(address),
            postcode,
            one.piece.grams,
            one.piece.postage,
            f"{at:%d/%m/%Y}",
        )
        writer.writerow(row)
    # With its mark in front, spreadsheets read it as UTF-8.
    return ("\ufeff" + out.getvalue()).encode()


def _where(one: Dispatch, words: Words) -> tuple[str, str, str]:
    """Name, address and postcode. The counter took the item, whatever became of the learner's data since."""
    if one.to is None:
        return words(N_("(personal data are no longer here)")), "", ""
    lines = [line for line in one.to.lines[1:] if line != one.to.postcode]
    return one.to.name, ", ".join(lines), one.to.postcode


def _cell(text: str) -> str:
    """Text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _pages(
    posted: Sequence[Dispatch], batch: str, institution: str, grams: int, words: Words
) -> Iterator[list[Item]]:
    per_page = int((_FOOT - _TOP - _ROW) // _ROW)
    count = (len(posted) + per_page - 1) // per_page
    for page in range(count):
        rows = posted[page * per_page : (page + 1) * per_page]
        items: list[Item] = list(_head(batch, institution, _days(posted), page + 1, count, words))
        y = _TOP + 5.0
        for head, x in zip(_heads(words), _COLUMNS, strict=True):
            items.append(Text(_LEFT + x, y, head, Face.SANS_MEDIUM, 7.5, Ink.MUTED))
        items.append(Line(_LEFT, y + 2.0, _RIGHT, y + 2.0, 0.35))
        for one in rows:
            y += _ROW
            items += _row(one, y - 1.2, words)
            items.append(Line(_LEFT, y + 3.0, _RIGHT, y + 3.0, 0.12))
        if page == count - 1:
            items += _total(posted, grams, y + 10.0, words)
        yield items


def _days(posted: Sequence[Dispatch]) -> str:
    """The day, or the first and the last one, on which these packets were handed over."""
    times = [one.state.posted_at for one in posted]
    days = [from_micros(at).astimezone(VIETNAM).date() for at in (min(times), max(times))]
    return " – ".join(f"{day:%d/%m/%Y}" for day in dict.fromkeys(days))


def _head(batch: str, institution: str, days: str, page: int, pages: int, words: Words) -> Iterator[Item]:
    title = words(N_("Posting list of batch {batch}"), batch=batch)
    yield Text(_LEFT, 20.0, institution, Face.SANS_MEDIUM, 9.0, Ink.MUTED)
    yield Text(_LEFT, 29.0, title, Face.SANS_BOLD, 15.0, Ink.ACCENT)
    yield Text(_LEFT, 36.0, f"{words(N_('Posted on'))} {days}", Face.SANS, 9.0)
    number = words(N_("Page {page}/{pages}"), page=page, pages=pages)
    yield Text(_RIGHT - measure(number, Face.SANS, 9.0), 20.0, number, Face.SANS, 9.0, Ink.MUTED)


def _row(one: Dispatch, y: float, words: Words) -> Iterator[Item]:
    name, address, postcode = _where(one, words)
    room = _COLUMNS[3] - _COLUMNS[2] - 3.0
    name = shortened(name, room, face=Face.SANS_MEDIUM, size=8.5, measure=measure)
    where = shortened(address, room, face=Face.SANS, size=7.0, measure=measure)
    yield Text(_LEFT + _COLUMNS[0], y, str(one.number), Face.SANS, 8.5)
    yield Text(_LEFT + _COLUMNS[1], y, one.state.item or "–", Face.SANS_MEDIUM, 8.5)
    yield Text(_LEFT + _COLUMNS[2], y - 0.4, name, Face.SANS_MEDIUM, 8.5)
    yield Text(_LEFT + _COLUMNS[2], y + 2.8, where, Face.SANS, 7.0, Ink.MUTED)
    yield Text(_LEFT + _COLUMNS[3], y, postcode or "–", Face.SANS, 8.5)
    yield Text(_LEFT + _COLUMNS[4], y, str(one.piece.grams), Face.SANS, 8.5)
    yield Text(_LEFT + _COLUMNS[5], y, one.piece.postage, Face.SANS, 8.5)


def _total(posted: Sequence[Dispatch], grams: int, y: float, words: Words) -> Iterator[Item]:
    text = words(
        N_("{count} items, {kilograms} kg"),
        count=len(posted),
        kilograms=f"{grams / 1000:.2f}".replace(".", ","),
    )
    yield Text(_LEFT, y, text, Face.SANS_BOLD, 9.5)
    for x, label in ((_LEFT + 70.0, N_("Handed over by")), (_LEFT + 130.0, N_("Accepted by"))):
        yield Text(x, y, words(label), Face.SANS, 8.0, Ink.MUTED)
