"""Work that came in several parts made into one PDF, in the order that the learner gave them.

The same parts give the same bytes, so that sending them again gives the same receipt. Photographs keep their own JPEG
bytes. Runs in a worker, as :mod:`delivery.network.web.uploads` does.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import groupby

import fontpkg_be_vietnam_pro
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from delivery.errors import N_, BadInput
from delivery.network.web.uploads import TEXT_TYPE, WORD_TYPE, Problem, judge_file, pages_of_pdf

_PDF = b"%PDF-"
_EXIF_ORIENTATION = 0x0112
_QUARTER_TURNS = {3: 180, 6: 270, 8: 90}
"""EXIF orientation -> degrees counter-clockwise by which the picture is turned upright."""
_FILES = fontpkg_be_vietnam_pro.ROOT / "files"
# Binary streams: reportlab's own text streams make files a quarter larger. Before any file is made, for the same work
# has to be the same bytes again, also from a process that has just begun.
rl_config.useA85 = 0


@cache
def font(*, bold: bool = False) -> str:
    """Name of an embedded face with every Vietnamese letter."""
    name, file = ("Portal-Bold", "SemiBold") if bold else ("Portal", "Regular")
    pdfmetrics.registerFont(TTFont(name, str(_FILES / f"BeVietnamPro-{file}.ttf")))
    return name


@dataclass(frozen=True, slots=True)
class Assembled:
    """Work as it is filed: one file, and how many pages a marker will see."""

    data: bytes = field(repr=False)
    media_type: str
    leaves: int


def assemble(parts: Sequence[bytes], text: str = "") -> Assembled | tuple[tuple[int, Problem], ...]:
    """The one file that stands for what a form handed in, else which parts (numbers from 1) have to be sent again.

    One part stays as it was sent; several, or parts beside a typed text, become one PDF in their order; a typed text
    alone stays a text. All in one job, so that the parts travel to the worker once.
    """
    found = [judge_file(part) for part in parts]
    wrong = [(number, each) for number, each in enumerate(found, 1) if isinstance(each, Problem)]
    several = len(parts) + bool(text) > 1
    if several:
        wrong += [(number, Problem.WORD_ALONE) for number, each in enumerate(found, 1) if each == WORD_TYPE]
    if wrong:
        return tuple(wrong)
    if several:
        data, media_type = combine(parts, text), "application/pdf"
    else:
        data, media_type = (parts[0], str(found[0])) if parts else (text.encode(), TEXT_TYPE)
    return Assembled(data, media_type, pages_of_pdf(data) if media_type == "application/pdf" else 1)


def combine(parts: Sequence[bytes], text: str = "") -> bytes:
    """One PDF: the typed text first, then each picture on a page of its own and each PDF's pages.

    The parts have been judged before (:func:`delivery.network.web.uploads.judge_file`). Raises BadInput for one that
    cannot be read after all.
    """
    try:
        return _combined(parts, text)
    except Exception as error:  # the worker's edge: decoders stumble over damaged files in ways of their own
        raise BadInput(
            N_("The files cannot be put together: one of them is damaged."),
            do=N_("Send them one after the other, or as photos."),
        ) from error


def _combined(parts: Sequence[bytes], text: str) -> bytes:
    pieces = [text_pdf(text)] if text else []
    for is_pdf, found in groupby(parts, key=lambda part: part.startswith(_PDF)):
        run = list(found)
        pieces += run if is_pdf else [pictures_pdf(run)]
    if len(pieces) == 1:
        return pieces[0]
    writer = PdfWriter()
    for piece in pieces:
        for page in PdfReader(io.BytesIO(piece)).pages:
            writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Jpeg:
    """A JPEG as reportlab takes it over byte for byte: it decodes other pictures, which costs a hundred times as much.
    Its text names it in the PDF."""

    data: bytes = field(repr=False)

    def jpeg_fh(self) -> io.BytesIO:
        return io.BytesIO(self.data)

    def __str__(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


def pictures_pdf(pictures: Sequence[bytes]) -> bytes:
    """Each picture on a page of A4, upright, as large as it fits."""
    out = io.BytesIO()
    canvas = Canvas(out, invariant=True, pageCompression=1)
    for data in pictures:
        _draw(canvas, data)
    canvas.save()
    return out.getvalue()


def _draw(canvas: Canvas, data: bytes) -> None:
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        turn = _QUARTER_TURNS.get(image.getexif().get(_EXIF_ORIENTATION, 1), 0)
        size = image.size
        if image.format == "PNG":
            plain = io.BytesIO()
            image.convert("RGB").save(plain, "JPEG", quality=90)
            data = plain.getvalue()
    width, height = size if turn in (0, 180) else size[::-1]
    page = A4 if height >= width else A4[::-1]
    scale = min(page[0] / width, page[1] / height)
    canvas.setPageSize(page)
    canvas.setFont(font(), 10)
    canvas.translate(page[0] / 2, page[1] / 2)
    canvas.rotate(turn)
    drawn = size[0] * scale, size[1] * scale
    canvas.drawImage(_Jpeg(data), -drawn[0] / 2, -drawn[1] / 2, *drawn)
    canvas.showPage()


def text_pdf(text: str) -> bytes:
    """Typed text on as many pages as it needs."""
    style = ParagraphStyle("text", fontName=font(), fontSize=11, leading=16, spaceAfter=6)
    out = io.BytesIO()
    margin = 22 * mm
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        bottomMargin=margin,
        invariant=True,
        initialFontName=font(),
    )
    paragraphs = [Paragraph(escape(line) or "&nbsp;", style) for line in text.splitlines()]
    document.build(list[Flowable](paragraphs))
    return out.getvalue()
