"""Address labels on sheets, in the order in which packets come from the printer. Geometry is the stock file's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.catalogue.model import Site
from delivery.errors import N_, BadInput, Refused
from delivery.postal.fonts import measure
from delivery.postal.outgoing.address import Addressee
from delivery.postal.outgoing.dispatch import stack_of
from delivery.postal.outgoing.draw import DocumentInfo, DrawnPage, draw_pdf
from delivery.postal.outgoing.layout import shortened
from delivery.postal.outgoing.lines import leading_mm, wrap
from delivery.postal.outgoing.stock import LabelSheet, load_stock
from delivery.postal.page import A4_MM, Face, Ink, Item, PageLayout, Text
from delivery.postal.parts import Desk
from delivery.store.files import write_whole

_MARGIN = 4.0
_SIZES = (10.0, 9.0, 8.0, 7.0, 6.0)


@dataclass(frozen=True, slots=True)
class Labels:
    """A file of labels."""

    labels: int
    sheets: int
    file: Path


def write_labels(desk: Desk, batch: str, file: Path, *, stock: str = "", skip: int = 0) -> Labels:
    """Labels of the packets of `batch` that are printed and not posted; the first `skip` places stay empty.

    Raises NotFound for an unknown label sheet, Refused when there is nothing to label.
    """
    sheet = load_stock(desk.settings.home).label_sheet(stock)
    if not 0 <= skip < sheet.count:
        raise BadInput(
            N_("{skip} labels cannot be gone from a sheet of {count}."),
            do=N_("Count the labels that are missing on the first sheet."),
            skip=skip,
            count=sheet.count,
        )
    waiting = [
        (one.to, one.number)
        for one in stack_of(desk, batch)
        if one.to and one.state.valid and not one.state.posted_at
    ]
    if not waiting:
        raise Refused(
            N_("Batch {batch} has no packet that is printed and not posted."),
            do=N_("Print it first: tuxa packets print {batch}"),
            batch=batch,
        )
    site = desk.catalogue().sites.get(desk.settings.site)
    pages = list(_pages(waiting, sheet, skip, _sender(site), batch))
    words = desk.translate
    title = words(N_("Labels of batch {batch}"), batch=batch)
    author = desk.catalogue().institution.name
    info = DocumentInfo(title=title, author=author, subject=sheet.name, lang=words.language)
    data = draw_pdf((DrawnPage(_BLANK, tuple(items)) for items in pages), info)
    write_file(file, data)
    return Labels(len(waiting), len(pages), file)


_BLANK = PageLayout("label", *A4_MM, (), (), ())


def _sender(site: Site | None) -> str:
    return site.name if site else ""


def _pages(
    packets: Sequence[tuple[Addressee, int]], sheet: LabelSheet, skip: int, sender: str, batch: str
) -> Iterator[list[Item]]:
    items: list[Item] = []
    place = skip
    for to, number in packets:
        if place == sheet.count:
            yield items
            items, place = [], 0
        x = sheet.left + place % sheet.columns * sheet.pitch_x
        y = sheet.top + place // sheet.columns * sheet.pitch_y
        items += label_items(to, f"{batch} · {number}", sender, sheet, x, y)
        place += 1
    yield items


def label_items(to: Addressee, number: str, sender: str, sheet: LabelSheet, x: float, y: float) -> list[Item]:
    """One label with its corner at (x, y): sender and packet number small, then the address, as large as it fits."""
    width = sheet.width - 2 * _MARGIN
    tail = measure(number, Face.SANS, 6.0)
    head = shortened(sender, width - tail - 3.0, face=Face.SANS, size=6.0, measure=measure)
    items: list[Item] = [
        Text(x + _MARGIN, y + 4.6, head, Face.SANS, 6.0, Ink.MUTED),
        Text(x + sheet.width - _MARGIN - tail, y + 4.6, number, Face.SANS, 6.0, Ink.MUTED),
    ]
    room = sheet.height - 6.4 - 2.0
    for size in _SIZES:
        lines: list[tuple[str, Face]] = []
        for at, part in enumerate(to.lines):
            face = Face.SANS_BOLD if at == 0 or part == to.postcode else Face.SANS
            lines += [(line, face) for line in wrap(part, width, size, face=face, measure=measure)]
        step = leading_mm(size, 1.38)
        if len(lines) * step <= room:
            break
    top = y + 6.4
    for at, (line, face) in enumerate(lines[: max(1, int(room // step))]):
        items.append(Text(x + _MARGIN, top + step * (at + 0.76), line, face, size))
    return items


def write_file(file: Path, data: bytes) -> None:
    """Write what bears addresses, readable by its owner only. Raises Refused when it cannot be written."""
    try:
        write_whole(file, data, mode=0o600)
    except OSError as error:
        raise Refused(
            N_("The file {file} cannot be written: {reason}"),
            do=N_("Check the folder, its space and the right to write there."),
            file=str(file),
            reason=error.strerror or str(error),
        ) from error
