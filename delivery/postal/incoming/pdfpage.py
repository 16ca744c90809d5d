"""Pages of a PDF as pictures, by any producer.

Where the page is one JPEG, that JPEG is taken as it is, also beneath the invisible text of a scanner's own text
recognition; other pages (strips, fax compressions, drawn pages) are rendered at the resolution of what they hold. What
cannot be drawn is named: the library leaves it out, and what remains looks like blank paper.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from typing import Any, NamedTuple

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from delivery.errors import N_, BadInput
from delivery.postal.incoming.pictures import MAX_PIXELS, check_pixels, plain

RENDER_DPI = 200
"""For pages that are drawn rather than scanned."""
MOST_DPI = 300
_LEAST_DPI = 60
"""Of a page that is rendered: less comes of one that claims to be far larger than a poster; nothing is seen on it."""
_COVERS = 0.85
"""Share of the page that a picture must cover to be the page."""
_UPRIGHT = 1e-3
"""Part of a length by which a picture may lean before it counts as turned."""
_MOST_OBJECTS = 10_000
"""Of a page. A scanned page has a picture, or some strips, and perhaps each word of it as invisible text."""
_TOO_WIDE = "the page claims to be far larger than any paper"
_LACKING = "a picture on the page cannot be decoded"


class Taken(NamedTuple):
    """A page's picture; `problem` says what of it could not be had."""

    image: bytes
    media_type: str
    problem: str = ""
    as_stored: bool = False
    """Whether it is a PDF's own picture, and not the page as drawn."""


def pdf_page(document: Any, number: int, *, drawn: bool = False) -> Taken:
    """Page `number` (from 1); `drawn`: not the picture that it stores, but how it shows it.

    Raises BadInput or PdfiumError when nothing of it can be had.
    """
    page = document[number - 1]
    try:
        pictures = _pictures(page)
        if pictures is not None and len(pictures) == 1 and not drawn:
            embedded = _embedded_jpeg(page, pictures[0])
            if embedded is not None:
                return Taken(embedded, "image/jpeg", as_stored=True)
        _check_all_sizes(page)
        taken = _rendered(page, pictures or [])
        return taken._replace(problem=_LACKING) if _lacks_a_picture(page) else taken
    finally:
        page.close()


def _pictures(page: Any) -> list[Any] | None:
    """The pictures that make up a page, or None when something else is drawn on it too."""
    count = raw.FPDFPage_CountObjects(page)
    if not 1 <= count <= _MOST_OBJECTS:
        return None
    pictures = []
    for index in range(count):
        piece = raw.FPDFPage_GetObject(page, index)
        kind = raw.FPDFPageObj_GetType(piece)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            pictures.append(pypdfium2.PdfImage(piece, page=page, pdf=page.pdf))
        elif kind == raw.FPDF_PAGEOBJ_TEXT:
            if raw.FPDFTextObj_GetTextRenderMode(piece) != raw.FPDF_TEXTRENDERMODE_INVISIBLE:
                return None
        else:
            return None
    return pictures


def _embedded_jpeg(page: Any, picture: Any) -> bytes | None:
    """The JPEG that is the whole page, or None."""
    left, bottom, right, top = picture.get_bounds()
    # Bounds are in the page's own space, before it is turned; the media box is too.
    x0, y0, x1, y1 = page.get_mediabox()
    covered = (right - left) * (top - bottom) / max((x1 - x0) * (y1 - y0), 1e-6)
    if covered < _COVERS or picture.get_filters(skip_simple=True) != ["DCTDecode"]:
        return None
    a, b, c, d, _, _ = picture.get_matrix().get()
    if a * d - b * c <= _UPRIGHT:
        # Mirrored: as it is, its writing would be too.
        return None
    return bytes(picture.get_data(decode_simple=True))


def _rendered(page: Any, pictures: list[Any]) -> Taken:
    """The page as pdfium draws it: in black and white, grey or colour as its pictures are."""
    width, height = page.get_size()
    bits, dpi = _finest(pictures)
    # A page may claim to be as large as a house.
    most = (MAX_PIXELS / 8 / max(width * height, 1.0)) ** 0.5
    scale = min(dpi / 72, most)
    if width * scale < 1 or height * scale < 1:
        raise BadInput(N_("The page has no size."))
    bitmap = page.render(scale=scale, grayscale=0 < bits <= 8)
    image = bitmap.to_pil()
    if bits == 1:
        image = image.point(_BLACK_OR_WHITE, mode="1")
    try:
        taken = encoded(image)
    finally:
        bitmap.close()
    return taken._replace(problem=_TOO_WIDE) if scale * 72 < _LEAST_DPI else taken


def _check_all_sizes(page: Any) -> None:
    """Raises BadInput for a picture that is too large: the library unpacks all of it before it draws it small."""
    for picture in _all_pictures(page):
        meta = raw.FPDF_IMAGEOBJ_METADATA()
        if raw.FPDFImageObj_GetImageMetadata(picture, page, ctypes.byref(meta)):
            check_pixels(meta.width, meta.height)


def _lacks_a_picture(page: Any) -> bool:
    """Whether a picture of the page cannot be decoded. The library draws nothing in its place, and what should be there
    would be taken for blank paper."""
    for picture in _all_pictures(page):
        bitmap = raw.FPDFImageObj_GetBitmap(picture)
        if not bitmap:
            return True
        raw.FPDFBitmap_Destroy(bitmap)
    return False


def _all_pictures(page: Any) -> Iterator[Any]:
    """The pictures on a page and in its forms, among the first :data:`_MOST_OBJECTS` things that are drawn."""
    waiting = [
        raw.FPDFPage_GetObject(page, index)
        for index in range(min(raw.FPDFPage_CountObjects(page), _MOST_OBJECTS))
    ]
    seen = 0
    while waiting and seen < _MOST_OBJECTS:
        piece = waiting.pop()
        seen += 1
        kind = raw.FPDFPageObj_GetType(piece)
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            yield piece
        elif kind == raw.FPDF_PAGEOBJ_FORM:
            within = min(raw.FPDFFormObj_CountObjects(piece), _MOST_OBJECTS - len(waiting))
            waiting += [raw.FPDFFormObj_GetObject(piece, index) for index in range(within)]


_BLACK_OR_WHITE = [0] * 128 + [255] * 128


def _finest(pictures: list[Any]) -> tuple[int, float]:
    """Most bits for a pixel, and most dots per inch, of the pictures on a page: 0 and :data:`RENDER_DPI` without."""
    bits, dpi = 0, 0.0
    for picture in pictures:
        meta = raw.FPDF_IMAGEOBJ_METADATA()
        if raw.FPDFImageObj_GetImageMetadata(picture, picture.page, ctypes.byref(meta)):
            bits = max(bits, meta.bits_per_pixel)
            dpi = max(dpi, meta.horizontal_dpi, meta.vertical_dpi)
    return bits, min(dpi, MOST_DPI) if dpi >= 1 else RENDER_DPI


def encoded(image: Image.Image) -> Taken:
    """Black and white without loss; grey and colour as a good JPEG."""
    out = io.BytesIO()
    if image.mode == "1":
        image.save(out, "PNG")
        return Taken(out.getvalue(), "image/png")
    plain(image).save(out, "JPEG", quality=90)
    return Taken(out.getvalue(), "image/jpeg")
