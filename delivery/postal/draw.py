"""Laid-out pages -> PDF bytes with ReportLab. Embedded fonts only, reproducible bytes, nothing of its own to decide."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from pypdf import PdfReader, PdfWriter, Transformation
from pypdf._page import PageObject
from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from delivery.postal.fonts import FAUX_BOLD, font_name
from delivery.postal.layout import INSET
from delivery.postal.page import A4_MM, Box, CodeSpot, Corner, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.symbol import Symbol

PT_PER_MM = 72 / 25.4
CORNER_LEG_MM = 5.0
CORNER_WIDTH_MM = 0.8

_COLOURS: dict[Ink, Color] = {
    Ink.TEXT: HexColor(0x1A1A1A),
    Ink.MUTED: HexColor(0x5A6169),
    Ink.ACCENT: HexColor(0x0B3D66),
    Ink.RULE: HexColor(0xA9B1BA),
    Ink.TINT: HexColor(0xEEF3F7),
}


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A laid-out page and the symbols that go into its code spots."""

    layout: PageLayout
    main: Symbol
    side: Symbol
    inset: bytes = b""
    """PDF whose page ``layout.inset`` is set into the page."""


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """Metadata of the file. No personal data: file managers and indexers show it."""

    title: str
    author: str
    subject: str
    lang: str


def draw_pdf(pages: Sequence[DrawnPage], info: DocumentInfo) -> bytes:
    """One PDF of all `pages`. The same input gives the same bytes."""
    # ASCII85 costs a fifth of size and time, and nothing here needs 7-bit files.
    rl_config.useA85 = 0
    out = io.BytesIO()
    canvas = Canvas(
        out,
        pagesize=(A4_MM[0] * PT_PER_MM, A4_MM[1] * PT_PER_MM),
        pageCompression=1,
        invariant=1,
        # Without it the library refers to Helvetica, which is not embedded. (Its stubs take it for a number.)
        initialFontName=font_name(Face.SANS),  # type: ignore[arg-type]
        lang=info.lang,
    )
    canvas.setTitle(info.title)
    canvas.setAuthor(info.author)
    canvas.setSubject(info.subject)
    canvas.setCreator("tuxa")
    for page in pages:
        _draw_page(canvas, page)
        canvas.showPage()
    canvas.save()
    drawn = out.getvalue()
    if any(page.inset for page in pages):
        return _with_insets(drawn, pages)
    return drawn


def _draw_page(canvas: Canvas, page: DrawnPage) -> None:
    height = page.layout.height
    for item in page.layout.items:
        _draw_item(canvas, item, height)
    for corner, (dx, dy) in zip(page.layout.corners, ((1, 1), (-1, 1), (-1, -1), (1, -1)), strict=True):
        _draw_corner(canvas, corner, dx, dy, height)
    for spot in page.layout.codes:
        canvas.addLiteral(_image_mask(page.main if spot.kind == "main" else page.side, spot, height))


def _draw_item(canvas: Canvas, item: Item, height: float) -> None:
    match item:
        case Text():
            _draw_text(canvas, item, height)
        case Line():
            canvas.setStrokeColor(_COLOURS[item.ink])
            canvas.setLineWidth(item.width_mm * PT_PER_MM)
            canvas.line(
                item.x1 * PT_PER_MM,
                (height - item.y1) * PT_PER_MM,
                item.x2 * PT_PER_MM,
                (height - item.y2) * PT_PER_MM,
            )
        case Box():
            if item.fill:
                canvas.setFillColor(_COLOURS[item.fill])
            if item.stroke:
                canvas.setStrokeColor(_COLOURS[item.stroke])
            canvas.roundRect(
                item.x * PT_PER_MM,
                (height - item.y - item.height) * PT_PER_MM,
                item.width * PT_PER_MM,
                item.height * PT_PER_MM,
                item.radius * PT_PER_MM,
                stroke=int(item.stroke is not None),
                fill=int(item.fill is not None),
            )


def _draw_text(canvas: Canvas, item: Text, height: float) -> None:
    text = canvas.beginText(item.x * PT_PER_MM, (height - item.y) * PT_PER_MM)
    text.setFont(font_name(item.face), item.size_pt)
    text.setFillColor(_COLOURS[item.ink])
    if item.face in FAUX_BOLD:
        canvas.setStrokeColor(_COLOURS[item.ink])
        canvas.setLineWidth(item.size_pt * 0.035)
        text.setTextRenderMode(2)
    text.textOut(item.text)
    if item.face in FAUX_BOLD:
        text.setTextRenderMode(0)
    canvas.drawText(text)


def _draw_corner(canvas: Canvas, corner: Corner, dx: int, dy: int, height: float) -> None:
    x, y = corner.x * PT_PER_MM, (height - corner.y) * PT_PER_MM
    leg = CORNER_LEG_MM * PT_PER_MM
    canvas.setStrokeColor(_COLOURS[Ink.TEXT])
    canvas.setLineWidth(CORNER_WIDTH_MM * PT_PER_MM)
    path = canvas.beginPath()
    path.moveTo(x + dx * leg, y)
    path.lineTo(x, y)
    path.lineTo(x, y - dy * leg)
    canvas.drawPath(path)


def _image_mask(symbol: Symbol, spot: CodeSpot, height: float) -> str:
    """An inline 1-bit image mask (ISO 32000-1, 8.9.6.2) as content operators. Decode [1 0] paints the 1 bits."""
    size = spot.size * PT_PER_MM
    x, y = spot.x * PT_PER_MM, (height - spot.y - spot.size) * PT_PER_MM
    return (
        f"q 0 g {size:.4f} 0 0 {size:.4f} {x:.4f} {y:.4f} cm "
        f"BI /W {symbol.side} /H {symbol.side} /BPC 1 /IM true /D [1 0] /F /AHx ID {symbol.rows.hex()}> EI Q"
    )


def _with_insets(drawn: bytes, pages: Sequence[DrawnPage]) -> bytes:
    """Set pages of existing PDFs under the drawn ones, scaled to the inset area."""
    writer = PdfWriter(clone_from=io.BytesIO(drawn))
    readers: dict[int, PdfReader] = {}
    for number, page in enumerate(pages):
        if not page.inset:
            continue
        reader = readers.setdefault(id(page.inset), PdfReader(io.BytesIO(page.inset)))
        source = reader.pages[page.layout.inset]
        writer.pages[number].merge_transformed_page(source, _fit(source), over=False, expand=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _fit(source: PageObject) -> Transformation:
    """Upright (a page may be marked as turned), then scaled to the inset area and centred in it; never enlarged."""
    box = source.cropbox
    width, height = float(box.width), float(box.height)
    upright = Transformation().translate(-float(box.left), -float(box.bottom))
    match source.rotation % 360:
        case 90:
            upright = upright.rotate(-90).translate(0, width)
            width, height = height, width
        case 180:
            upright = upright.rotate(180).translate(width, height)
        case 270:
            upright = upright.rotate(90).translate(height, 0)
            width, height = height, width
    x, y, room_x, room_y = (value * PT_PER_MM for value in INSET)
    scale = min(room_x / width, room_y / height, 1.0)
    left = x + (room_x - width * scale) / 2
    foot = A4_MM[1] * PT_PER_MM - y - room_y + (room_y - height * scale) / 2
    return upright.scale(scale).translate(left, foot)
