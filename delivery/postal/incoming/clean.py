"""Straightens and cleans returned pages, and writes one compact, searchable PDF of a submission for the lecturer.

Searchable without text recognition: what is printed on a sheet is known, because it was printed here, so the PDF bears
it as invisible text where it stands (:func:`printed_text` takes it from the print file). What the learner wrote by hand
no text recognition at hand reads well enough in Vietnamese to be worth its hundreds of megabytes and its mistakes. The
original image is never touched: it stays in the store beside this reading copy, and can be shown.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter

from delivery.errors import N_, BadInput
from delivery.postal.fonts import font_name, measure
from delivery.postal.incoming.cascade import background
from delivery.postal.incoming.codes import CodeFound
from delivery.postal.incoming.cornermarks import project
from delivery.postal.incoming.finding import Found, find_page
from delivery.postal.incoming.pictures import grey_array, open_image, plain
from delivery.postal.incoming.scan import PageReading
from delivery.postal.page import A4_MM, Face
from delivery.postal.sheetlayout import SheetLayout

DPI = 170
"""Of the reading copy: handwriting reads well on screen and printed again, at a third of the bytes of 300 dpi."""
QUALITY = 52
"""JPEG quality: on a whitened page its noise falls on ink only."""
FIND_LONG_PX = 1500
_PT_PER_MM = 72 / 25.4
_COLOURED = 0.0006
"""Share of clearly coloured pixels from which a page is kept in colour: a word in red ballpoint."""


@dataclass(frozen=True, slots=True)
class TextRun:
    """A line of printed text: left end of its baseline and its width and size in millimetres."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True, slots=True)
class PageToClean:
    """One page of a submission: the image as it came, and what is known of it.

    Without `layout` (an extra sheet of the learner's own, or a record that is gone) the page is only turned upright by
    `reading`, whitened and fitted to A4.
    """

    image: bytes
    layout: SheetLayout | None = None
    reading: PageReading | None = None
    text: tuple[TextRun, ...] = ()


@dataclass(frozen=True, slots=True)
class StraightPage:
    """A page in colour or grey, upright and clean, and where it was found in its image."""

    picture: Image.Image
    found: Found | None


def locate(image: bytes, layout: SheetLayout, codes: Sequence[CodeFound]) -> Found | None:
    """Where the page of `layout` lies in a picture as stored. Raises BadInput for what is no picture."""
    picture, stored = grey_array(image, FIND_LONG_PX)
    return find_page(picture, layout, codes, stored=stored)


def pixels(image: bytes) -> Any:
    """The picture as stored, as an array of grey or of red, green and blue, for :func:`omr.read_bubbles`."""
    return np.asarray(plain(open_image(image)))


def straighten(page: PageToClean) -> StraightPage:
    """Turn a page upright, take out its slant and perspective, and make its paper white."""
    opened = open_image(page.image)
    found = None
    if page.layout is not None and page.reading is not None and page.reading.codes:
        found = locate(page.image, page.layout, page.reading.codes)
    image = plain(opened)
    if found is not None and found.sure and page.layout is not None:
        flat = _warped(image, found, page.layout)
    else:
        flat = _upright(image, page.reading.rotation if page.reading else 0)
    return StraightPage(whitened(flat), found)


def write_submission(
    path: Path,
    pages: Iterable[PageToClean],
    *,
    title: str,
    lang: str = "vi",
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the reading copy of a submission to `path`; the number of its pages.

    `title` goes into the file's metadata, so it must name nobody. The file appears under its name only when it is
    whole. Raises BadInput when an image cannot be decoded, and then leaves nothing behind.
    """
    from reportlab.pdfgen.canvas import Canvas

    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = 0
    try:
        canvas = Canvas(
            str(draft),
            pagesize=(A4_MM[0] * _PT_PER_MM, A4_MM[1] * _PT_PER_MM),
            pageCompression=1,
            invariant=1,
            initialFontName=font_name(Face.SANS),  # type: ignore[arg-type]
            lang=lang,
        )
        canvas.setTitle(title)
        canvas.setCreator("tuxa")
        for page in pages:
            _draw(canvas, straighten(page), page.text)
            count += 1
            if progress is not None:
                progress(count)
        canvas.save()
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return count


def printed_text(file: Path, index: int) -> tuple[TextRun, ...]:
    """The lines of text on one page (from 0) of a print file, for the invisible text of the reading copy.

    Raises BadInput when the file is gone or is no PDF: the copy can be made without.
    """
    try:
        with pypdfium2.PdfDocument(file, autoclose=True) as document:
            page = document[index]
            height = page.get_height()
            text = page.get_textpage()
            runs = []
            for number in range(text.count_rects()):
                left, bottom, right, top = text.get_rect(number)
                words = " ".join(text.get_text_bounded(left, bottom, right, top).split())
                if words:
                    runs.append(
                        TextRun(
                            left / _PT_PER_MM,
                            (height - bottom) / _PT_PER_MM,
                            (right - left) / _PT_PER_MM,
                            (top - bottom) / _PT_PER_MM,
                            words,
                        )
                    )
            return tuple(runs)
    except (pypdfium2.PdfiumError, OSError, IndexError) as error:
        raise BadInput(N_("The print file {file} cannot be read."), file=file.name) from error


def _draw(canvas: Any, page: StraightPage, text: Sequence[TextRun]) -> None:
    from reportlab.lib.utils import ImageReader

    width, height = A4_MM[0] * _PT_PER_MM, A4_MM[1] * _PT_PER_MM
    out = io.BytesIO()
    page.picture.save(out, "JPEG", quality=QUALITY, optimize=True)
    out.seek(0)
    wide, high = page.picture.size
    scale = min(width / wide, height / high)
    canvas.drawImage(
        ImageReader(out),
        (width - wide * scale) / 2,
        (height - high * scale) / 2,
        wide * scale,
        high * scale,
    )
    if page.found is not None and page.found.sure:
        _draw_text(canvas, text, height)
    canvas.showPage()


def _draw_text(canvas: Any, text: Sequence[TextRun], height: float) -> None:
    """Invisible text (rendering mode 3, ISO 32000-1, 9.3.6), each line stretched to the width that it has in print."""
    for run in text:
        size = max(4.0, run.height * _PT_PER_MM * 0.85)
        natural = measure(run.text, Face.SANS, size)
        line = canvas.beginText()
        line.setTextRenderMode(3)
        line.setFont(font_name(Face.SANS), size)
        line.setHorizScale(100.0 * run.width / natural if natural > 0 else 100.0)
        line.setTextOrigin(run.x * _PT_PER_MM, height - run.y * _PT_PER_MM)
        line.textOut(run.text)
        canvas.drawText(line)


def _warped(image: Image.Image, found: Found, layout: SheetLayout) -> Image.Image:
    """The page seen straight from above, at :data:`DPI`."""
    matrix = found.homography
    per_mm = DPI / 25.4
    size = round(layout.width * per_mm), round(layout.height * per_mm)
    # Far more dots than are wanted would be picked from, not averaged: reduce first.
    four = project(matrix, [(0, 0), (layout.width, 0), (0, layout.height)])
    dots = float(np.hypot(*(four[1] - four[0]))) / size[0]
    factor = int(dots) if dots >= 2 else 1
    if factor > 1:
        image = image.reduce(factor)
        matrix = np.diag([1 / factor, 1 / factor, 1.0]) @ matrix
    back = matrix @ np.diag([1 / per_mm, 1 / per_mm, 1.0])
    back = back / back[2, 2]
    fill = 255 if image.mode == "L" else (255, 255, 255)
    return image.transform(
        size,
        Image.Transform.PERSPECTIVE,
        tuple(back.ravel()[:8]),
        Image.Resampling.BICUBIC,
        fillcolor=fill,
    )


_TURNS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def _upright(image: Image.Image, rotation: int) -> Image.Image:
    """Turned by quarters and reduced to what A4 has at :data:`DPI`."""
    if rotation in _TURNS:
        # Turned clockwise by that much, so it is turned back to the left.
        image = image.transpose(_TURNS[rotation])
    long_px = A4_MM[1] * DPI / 25.4
    scale = long_px / max(image.size)
    if scale >= 1:
        return image
    return image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), reducing_gap=2.0
    )


def whitened(image: Image.Image) -> Image.Image:
    """Paper white, ink as it is: shadows, yellowing, show-through and grain go, the colours of pens stay.

    Each channel is divided by its own background, the lightest of the neighbourhood; then what is nearly white becomes
    white. A page without clear colour comes back in grey, which takes fewer bytes.
    """
    channels = [_divided(channel) for channel in image.split()]
    if len(channels) == 1:
        return Image.fromarray(channels[0])
    values = np.stack(channels, axis=-1)
    some = values[::2, ::2].astype(np.int16)
    colour = some.max(axis=-1) - some.min(axis=-1)
    if float((colour > 60).mean()) < _COLOURED:
        return Image.fromarray(values).convert("L")
    return Image.fromarray(values)


def _divided(channel: Image.Image) -> Any:
    small = Image.fromarray(background(channel, reach=3)).filter(ImageFilter.GaussianBlur(5))
    paper = small.resize(channel.size, Image.Resampling.BILINEAR)
    below = np.maximum(np.asarray(paper, dtype=np.float32), 40.0)
    share = np.asarray(channel, dtype=np.float32) / below
    # 0.86 of the background is grain and show-through; print and pens lie below 0.75.
    stretched = np.clip((share - 0.10) / (0.86 - 0.10), 0.0, 1.0) * 255.0
    return stretched.astype(np.uint8)
