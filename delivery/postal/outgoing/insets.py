"""Pages of an existing PDF in the printed frame: as they are, only smaller where they must be.

White margins of the source are left off, so that its type stays as large as the frame allows. Most pages of a document
get one scale, for type that changes size from page to page is tiring to read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ctypes import addressof
from dataclasses import dataclass
from statistics import median_low
from typing import Any

import numpy as np
import pypdfium2
from pypdfium2 import raw

from delivery.errors import N_, BadInput
from delivery.postal.outgoing.typeset import Frame
from delivery.postal.page import Inset

MAX_PDF_PAGES = 400
"""A printed part of more sheets is a book, sent as one and not copied into packets."""
_DPI = 30
_MARGIN_MM = 3.0
_MIN_SIDE_MM, _MAX_SIDE_MM = 20.0, 2000.0
_GAP_MM = 4.0
_ARRANGEMENTS = {1: ((1, 1),), 2: ((1, 2), (2, 1)), 4: ((2, 2),)}
"""(columns, rows) for so many pages on one."""


@dataclass(frozen=True, slots=True)
class SourcePage:
    """The inked part of a page, upright, in millimetres from its top left corner."""

    left: float
    top: float
    width: float
    height: float


def read_pages(data: bytes, material: str) -> list[SourcePage]:
    """Every page of a PDF. Raises BadInput naming `material` for what is locked, broken, too long or of no size."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise BadInput(
                N_("The PDF of material {material} is protected by a password."),
                do=N_("Save it without protection and import it again."),
                material=material,
            ) from error
        raise _damaged(material, str(error)) from error
    try:
        count = len(document)
        if not 0 < count <= MAX_PDF_PAGES:
            raise BadInput(
                N_("The PDF of material {material} has {pages} pages; a packet takes 1 to {most}."),
                do=N_("Split it, or send it as a book of its own."),
                material=material,
                pages=count,
                most=MAX_PDF_PAGES,
            )
        return [_read_page(document, number, material) for number in range(count)]
    finally:
        document.close()


def _read_page(document: Any, number: int, material: str) -> SourcePage:
    try:
        page = document[number]
        width, height = (float(value) * 25.4 / 72 for value in page.get_size())
        if not (_MIN_SIDE_MM <= width <= _MAX_SIDE_MM and _MIN_SIDE_MM <= height <= _MAX_SIDE_MM):
            raise BadInput(
                N_("Page {page} of the PDF of material {material} measures {width} × {height} mm."),
                do=N_("Save it with pages of A4 or another paper size, and import it again."),
                page=number + 1,
                material=material,
                width=round(width),
                height=round(height),
            )
        _require_embedded(page, number, material)
        dpi = min(_DPI, _DPI * 297 / max(width, height) * 2)
        # As it prints: a layer that is on the screen only takes no room.
        drawn = page.render(scale=dpi / 72, grayscale=True, may_draw_forms=False, optimize_mode="print")
        picture = np.asarray(drawn.to_numpy())
    except pypdfium2.PdfiumError as error:
        raise _damaged(material, str(error)) from error
    ink = picture.reshape(picture.shape[0], picture.shape[1]) < 250
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if not rows.size:
        return SourcePage(0.0, 0.0, width, height)
    mm = 25.4 / dpi
    left, right = max(0.0, columns[0] * mm - _MARGIN_MM), min(width, (columns[-1] + 1) * mm + _MARGIN_MM)
    top, foot = max(0.0, rows[0] * mm - _MARGIN_MM), min(height, (rows[-1] + 1) * mm + _MARGIN_MM)
    return SourcePage(float(left), float(top), float(right - left), float(foot - top))


def _require_embedded(page: Any, number: int, material: str) -> None:
    """Raise BadInput naming the fonts that a page needs and its file does not hold: each printer would draw its own.

    Text that is not shown, as scanners lay it behind a picture to be searched, needs none.
    """
    missing: dict[str, None] = {}
    known: set[int] = set()
    for text in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT]):
        if raw.FPDFTextObj_GetTextRenderMode(text.raw) == raw.FPDF_TEXTRENDERMODE_INVISIBLE:
            continue
        font = text.get_font()
        address = addressof(font.raw.contents)
        if address not in known:
            known.add(address)
            if not font.is_embedded:
                missing[font.get_base_name()] = None
    if missing:
        raise BadInput(
            N_("Page {page} of the PDF of material {material} uses fonts that are not in it: {fonts}"),
            do=N_("Save it again with its fonts embedded (PDF/A does so), and import it again."),
            page=number + 1,
            material=material,
            fonts=", ".join(missing),
        )


def _damaged(material: str, reason: str) -> BadInput:
    return BadInput(
        N_("The PDF of material {material} is damaged: {reason}"),
        do=N_("Open it, save it as a new PDF and import it again."),
        material=material,
        reason=reason,
    )


def place_pages(pages: Sequence[SourcePage], frame: Frame, *, n_up: int = 1) -> list[tuple[Inset, ...]]:
    """For each printed page the source pages on it, row by row."""
    columns, rows = max(_ARRANGEMENTS[n_up], key=lambda grid: _common_scale(pages, _cell(frame, *grid)))
    room = _cell(frame, columns, rows)
    common = _common_scale(pages, room)
    return [
        tuple(_insets(pages, range(start, min(start + n_up, len(pages))), frame, room, columns, common))
        for start in range(0, len(pages), n_up)
    ]


def _insets(
    pages: Sequence[SourcePage],
    numbers: range,
    frame: Frame,
    room: tuple[float, float],
    columns: int,
    common: float,
) -> Iterator[Inset]:
    for at, number in enumerate(numbers):
        page = pages[number]
        scale = min(common, _scale(page, room))
        x = frame.x + (at % columns) * (room[0] + _GAP_MM) + (room[0] - page.width * scale) / 2
        y = frame.top + (at // columns) * (room[1] + _GAP_MM)
        yield Inset(number, page.left, page.top, page.width, page.height, x, y, scale)


def _cell(frame: Frame, columns: int, rows: int) -> tuple[float, float]:
    width = (frame.width - (columns - 1) * _GAP_MM) / columns
    height = (frame.bottom - frame.top - (rows - 1) * _GAP_MM) / rows
    return width, height


def _scale(page: SourcePage, room: tuple[float, float]) -> float:
    return min(room[0] / page.width, room[1] / page.height, 1.0)


def _common_scale(pages: Sequence[SourcePage], room: tuple[float, float]) -> float:
    return median_low([_scale(page, room) for page in pages])
