"""Work that came in several parts made into one PDF, in the order that the learner gave them.

The same parts give the same bytes, so that sending them again gives the same receipt. Photographs keep their own JPEG
bytes. Runs in a worker, as :mod:`delivery.network.web.uploads` does.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from html import escape

import fontpkg_be_vietnam_pro
from PIL import Image
from pypdf import PdfReader, PdfWriter
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate

from delivery.errors import N_, BadInput

_PDF = b"%PDF-"
_EXIF_ORIENTATION = 0x0112
_QUARTER_TURNS = {3: 180, 6: 270, 8: 90}
"""EXIF orientation -> degrees counter-clockwise by which the picture is turned upright."""
_FILES = fontpkg_be_vietnam_pro.ROOT / "files"


@cache
def font(*, bold: bool = False) -> str:
    """Name of an embedded face with every Vietnamese letter."""
    name, file = ("Portal-Bold", "SemiBold") if bold else ("Portal", "Regular")
    pdfmetrics.registerFont(TTFont(name, str(_FILES / f"BeVietnamPro-{file}.ttf")))
    return name


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
    pieces += [part if part.startswith(_PDF) else picture_pdf(part) for part in parts]
    if len(pieces) == 1:
        return pieces[0]
    writer = PdfWriter()
    for piece in pieces:
        for page in PdfReader(io.BytesIO(piece)).pages:
            writer.add_page(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def picture_pdf(data: bytes) -> bytes:
    """A page of A4 with the picture, upright, as large as it fits."""
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
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=page, invariant=True, pageCompression=1)
    canvas.setFont(font(), 10)
    canvas.translate(page[0] / 2, page[1] / 2)
    canvas.rotate(turn)
    drawn = size[0] * scale, size[1] * scale
    canvas.drawImage(ImageReader(io.BytesIO(data)), -drawn[0] / 2, -drawn[1] / 2, *drawn)
    canvas.save()
    return out.getvalue()


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
