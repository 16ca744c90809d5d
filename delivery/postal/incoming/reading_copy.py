"""The lecturer's copy of a work that came by post: straightened pages in order, extra sheets behind them, one PDF."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from delivery.errors import N_, BadInput, NotFound, TuxaError
from delivery.postal.incoming.clean import PageToClean, TextRun, printed_text, write_submission
from delivery.postal.incoming.scan import read_page_image
from delivery.postal.outgoing.printing import packet_pages
from delivery.postal.parts import Desk
from delivery.postal.sheetlayout import PacketLayout, SheetLayout
from delivery.record.evidence import Piece, resolve
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from delivery.store.returned import ReturnedPage, ReturnedPages

_IMAGES = ("image/jpeg", "image/png", "image/tiff", "image/heic")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that was written."""

    file: Path
    pages: int
    missing: tuple[int, ...]


def write_copy(desk: Desk, learner: str, activity: str, out: Path) -> Copy:
    """Write the copy of a learner's (id) work. Raises NotFound when no picture of it has come."""
    came = [
        page for page in ReturnedPages(desk.database).of_work(learner, activity) if page.media_type in _IMAGES
    ]
    claim = resolve(_piece(page) for page in came if page.kind == FactKind.WORK_RECEIVED)
    if claim is None:
        raise NotFound(
            N_("No page of {activity} has come from this learner."),
            do=N_("Look at the record: tuxa record show."),
            activity=activity,
        )
    by_fact = {page.fact: page for page in came}
    chosen = [by_fact[fact] for _, fact in sorted(claim.chosen.items())]
    extras = [page for page in came if page.kind == FactKind.EXTRA_RECEIVED]
    count = write_submission(
        out, _pages(desk, in_order(chosen, extras)), title=activity, lang=desk.translate.language
    )
    return Copy(out, count, claim.missing)


def in_order(chosen: Sequence[ReturnedPage], extras: Sequence[ReturnedPage]) -> list[ReturnedPage]:
    """Printed pages in order, each followed by what stands behind it; other extra sheets last, as they came."""

    def as_they_came(page: ReturnedPage) -> tuple[int, str, int, str]:
        pile, _, number = page.source.rpartition(":")
        return page.arrived_at, pile, int(number) if number.isdecimal() else 0, page.fact

    rest = sorted(extras, key=as_they_came)
    numbers = {page.page for page in chosen}
    out: list[ReturnedPage] = []
    for page in chosen:
        out += [page, *(extra for extra in rest if extra.page == page.page)]
    return out + [extra for extra in rest if extra.page not in numbers]


def _pages(desk: Desk, pages: Sequence[ReturnedPage]) -> Iterator[PageToClean]:
    @cache
    def layouts(address: str) -> PacketLayout:
        return PacketLayout.from_json(desk.blobs.get(address))

    for page in pages:
        image = desk.scans.get(page.learner, page.blob)
        layout, text = _known_of(desk, page, layouts)
        yield PageToClean(image, layout, read_page_image(image, page.media_type, places=True), text)


def _known_of(
    desk: Desk, page: ReturnedPage, layouts: Callable[[str], PacketLayout]
) -> tuple[SheetLayout | None, tuple[TextRun, ...]]:
    sheet = desk.sheets.by_page(page.sheet) if page.sheet else None
    if sheet is None or not sheet.layout:
        return None, ()
    try:
        layout = layouts(sheet.layout).pages[sheet.position - 1]
    except (TuxaError, ValueError, IndexError):
        return None, ()  # the record is gone: the page is turned upright all the same
    state = Packets(desk.database, desk.facts).get(sheet.packet)
    if state is None or not state.job:
        return layout, ()
    file, first = packet_pages(desk.settings.home / "print", state)
    try:
        return layout, printed_text(file, first + sheet.position - 1)
    except BadInput:
        return layout, ()  # the print file was cleared away: a copy without searchable text


def _piece(page: ReturnedPage) -> Piece:
    return Piece(
        page.fact, page.packet, page.page, page.pages, page.channel, page.arrived_at, page.superseded
    )
