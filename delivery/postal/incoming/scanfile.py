"""Scanned files page by page: PDF of any producer, multi-page TIFF, JPEG, PNG.

From a PDF whose page is one JPEG, that JPEG is taken as it is; other pages are rendered. The same file always gives the
same bytes for a page, so that a second scan of it is known for what it is.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image

from delivery.errors import N_, BadInput
from delivery.postal.incoming.scan import IMAGE_TYPES, MAX_PIXELS, PageReading, open_image, read_page_image

RENDER_DPI = 200
_COVERS = 0.85
"""Share of the page that a picture must cover to be the page."""


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page of a scanned file. `problem` tells why nothing could be read."""

    number: int
    """From 1."""
    image: bytes = field(repr=False)
    media_type: str
    reading: PageReading
    problem: str = ""


def count_pages(path: Path) -> int:
    """Pages of a scanned file. Raises BadInput naming the file."""
    if _is_pdf(path):
        with _open_pdf(path) as document:
            return len(document)
    with _open_picture(path) as image:
        return int(getattr(image, "n_frames", 1))


def read_pages(path: Path, numbers: tuple[int, ...]) -> list[ScannedPage]:
    """Extract and read some pages (numbers from 1). Runs in a worker process: plain data in, plain data out."""
    if _is_pdf(path):
        with _open_pdf(path) as document:
            return [_read(number, *_pdf_page(document[number - 1])) for number in numbers]
    return [_read(number, *_picture_page(path, number)) for number in numbers]


def _read(number: int, image: bytes, media_type: str) -> ScannedPage:
    try:
        return ScannedPage(number, image, media_type, read_page_image(image, media_type))
    except BadInput as error:
        # One page that cannot be read must not lose the others: it goes to the queue with its reason.
        return ScannedPage(number, image, media_type, PageReading((), 0, 0), problem=str(error.what))


def _is_pdf(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return b"%PDF-" in stream.read(1024)
    except OSError as error:
        raise BadInput(
            N_("The file {file} cannot be opened: {reason}"),
            do=N_("Check its name and the right to read it."),
            file=path.name,
            reason=error.strerror or str(error),
        ) from error


def _open_pdf(path: Path) -> Any:
    try:
        return pypdfium2.PdfDocument(path, autoclose=True)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise BadInput(
                N_("The PDF {file} is protected by a password."),
                do=N_("Set the scanner to save without protection and scan again."),
                file=path.name,
            ) from error
        raise BadInput(
            N_("The PDF {file} is damaged or not whole."),
            do=N_("Wait until the scanner has finished writing, or scan again."),
            file=path.name,
        ) from error


def _open_picture(path: Path) -> Image.Image:
    try:
        return open_image(path.read_bytes(), path.suffix.removeprefix("."))
    except BadInput as error:
        raise BadInput(
            N_("The file {file} cannot be taken in: {reason}"),
            do=error.do.msgid if error.do else None,
            file=path.name,
            reason=error.what,
        ) from error


def _pdf_page(page: Any) -> tuple[bytes, str]:
    embedded = _embedded_jpeg(page)
    if embedded is not None:
        return embedded, "image/jpeg"
    width, height = page.get_size()
    scale = RENDER_DPI / 72
    # A page may claim to be as large as a house.
    most = (MAX_PIXELS / 2 / max(width * height, 1.0)) ** 0.5
    image = page.render(scale=min(scale, most), grayscale=True).to_pil()
    return _encoded(image)


def _embedded_jpeg(page: Any) -> bytes | None:
    """The JPEG that is the whole page, or None."""
    objects = list(page.get_objects(max_depth=1))
    pictures = [o for o in objects if o.type == pypdfium2.raw.FPDF_PAGEOBJ_IMAGE]
    if len(pictures) != 1 or len(objects) != 1:
        return None
    picture = pictures[0]
    left, bottom, right, top = picture.get_bounds()
    # Bounds are in the page's own space, before it is turned; the media box is too.
    x0, y0, x1, y1 = page.get_mediabox()
    covered = (right - left) * (top - bottom) / max((x1 - x0) * (y1 - y0), 1e-6)
    if covered < _COVERS or picture.get_filters(skip_simple=True) != ["DCTDecode"]:
        return None
    return bytes(picture.get_data(decode_simple=True))


def _picture_page(path: Path, number: int) -> tuple[bytes, str]:
    with _open_picture(path) as image:
        if image.format in ("JPEG", "MPO", "PNG"):
            return path.read_bytes(), IMAGE_TYPES[image.format]
        image.seek(number - 1)
        return _encoded(image)


def _encoded(image: Image.Image) -> tuple[bytes, str]:
    """Black and white without loss; grey and colour as a good JPEG."""
    out = io.BytesIO()
    if image.mode == "1":
        image.save(out, "PNG")
        return out.getvalue(), "image/png"
    (image if image.mode in ("L", "RGB") else image.convert("RGB")).save(out, "JPEG", quality=90)
    return out.getvalue(), "image/jpeg"
