"""Laid-out pages -> one PDF with ReportLab: embedded fonts only, reproducible bytes, nothing of its own to decide.

A page that many packets share is drawn once, as a form object; each packet's page then costs its codes and its few
lines of its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reportlab import rl_config
from reportlab.lib.colors import Color, HexColor
from reportlab.lib.rl_accel import escapePDF
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFDictionary
from reportlab.pdfgen.canvas import Canvas

from delivery.postal.fonts import FAUX_BOLD, font_name, fonts_of
from delivery.postal.outgoing.pagestream import PT_PER_MM, PageStream
from delivery.postal.page import A4_MM, Box, Circle, Face, Ink, Item, Line, PageLayout, Text
from delivery.postal.sheetlayout import CodeSpot, Corner
from delivery.postal.symbol import Symbol

# ASCII85 costs a fifth of size and time, and nothing here needs 7-bit files.
rl_config.useA85 = 0

if TYPE_CHECKING:
    from delivery.postal.outgoing.foreign import ForeignPages

CORNER_LEG_MM = 5.0
CORNER_WIDTH_MM = 0.8

_COLOURS: dict[Ink, Color] = {
    Ink.TEXT: HexColor(0x1A1A1A),
    Ink.MUTED: HexColor(0x5A6169),
    Ink.ACCENT: HexColor(0x0B3D66),
    Ink.RULE: HexColor(0xA9B1BA),
    Ink.TINT: HexColor(0xEEF3F7),
}

_FILL = {ink: f"{colour.red:.6f} {colour.green:.6f} {colour.blue:.6f} rg" for ink, colour in _COLOURS.items()}


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A laid-out page, what is one packet's own on it, and the symbols that go into its code spots."""

    layout: PageLayout
    own: tuple[Item, ...]
    main: Symbol | None = None
    side: Symbol | None = None


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """Metadata of the file. No personal data: file managers and indexers show it."""

    title: str
    author: str
    subject: str
    lang: str


def draw_pdf(
    pages: Iterable[DrawnPage], info: DocumentInfo, *, sources: Mapping[str, bytes] | None = None
) -> bytes:
    """One PDF of all `pages`; `sources` are the PDFs that pages are set in from, by content address.

    The same input gives the same bytes.
    """
    out = io.BytesIO()
    canvas = _new_canvas(out, info)
    drawer = _Drawer(canvas, sources or {})
    for page in pages:
        drawer.draw(page)
    canvas.save()
    return out.getvalue()


def _new_canvas(out: io.BytesIO, info: DocumentInfo) -> Canvas:
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
    # Readers and screen readers announce the title, not the file's name (PDF/UA-1, 7.1).
    canvas._doc.Catalog.ViewerPreferences = PDFDictionary({"DisplayDocTitle": "true"})  # type: ignore[attr-defined]
    return canvas


class _Drawer:
    """Draws pages into one canvas, and remembers which shared ones it holds."""

    def __init__(self, canvas: Canvas, sources: Mapping[str, bytes]) -> None:
        self._canvas = canvas
        self._stream = PageStream(canvas._doc)  # type: ignore[attr-defined]
        self._sources = sources
        self._foreign: dict[str, ForeignPages] = {}
        # By identity: comparing whole pages would cost more than drawing them. The value keeps the page alive.
        self._forms: dict[int, tuple[str, PageLayout]] = {}

    def draw(self, page: DrawnPage) -> None:
        canvas, layout = self._canvas, page.layout
        form = self._form(layout)
        for item in page.own:
            draw_item(canvas, item, layout.height)
        # What the canvas gathered for a page of its own goes into ours.
        operators: list[str] = canvas._code  # type: ignore[attr-defined]
        for spot in layout.codes:
            symbol = page.main if spot.kind == "main" else page.side
            if symbol is not None:
                operators.append(_image_mask(symbol, spot, layout.height))
        self._stream.add(
            "\n".join(operators),
            form=form,
            width_pt=layout.width * PT_PER_MM,
            height_pt=layout.height * PT_PER_MM,
        )
        operators.clear()

    def _form(self, layout: PageLayout) -> str:
        known = self._forms.get(id(layout))
        if known is not None:
            return known[0]
        name = f"s{len(self._forms)}"
        canvas = self._canvas
        canvas.beginForm(name)
        for inset in layout.insets:
            self._pages_of(layout.source).draw(inset, layout.height)
        for item in layout.items:
            draw_item(canvas, item, layout.height)
        for corner, (dx, dy) in zip(layout.corners, ((1, 1), (-1, 1), (-1, -1), (1, -1)), strict=False):
            _draw_corner(canvas, corner, dx, dy, layout.height)
        canvas.endForm()
        self._forms[id(layout)] = (name, layout)
        return name

    def _pages_of(self, source: str) -> ForeignPages:
        # Loaded only where a packet holds pages of a PDF: a worker process is up sooner without.
        from delivery.postal.outgoing.foreign import ForeignPages

        if source not in self._foreign:
            name = f"i{len(self._foreign)}"
            self._foreign[source] = ForeignPages(self._canvas, self._sources[source], name)
        return self._foreign[source]


def draw_item(canvas: Canvas, item: Item, height: float) -> None:
    """Draw one item of a page that is `height` millimetres high."""
    match item:
        case Text():
            _draw_text(canvas, item, height)
        case Line():
            canvas.setStrokeColor(_COLOURS[item.ink])
            canvas.setLineWidth(item.width_mm * PT_PER_MM)
            if item.dashed:
                canvas.setDash(3, 2)
            canvas.line(
                item.x1 * PT_PER_MM,
                (height - item.y1) * PT_PER_MM,
                item.x2 * PT_PER_MM,
                (height - item.y2) * PT_PER_MM,
            )
            if item.dashed:
                canvas.setDash()
        case Box():
            _draw_box(canvas, item, height)
        case Circle():
            canvas.setStrokeColor(_COLOURS[item.ink])
            canvas.setLineWidth(item.width_mm * PT_PER_MM)
            canvas.circle(
                item.x * PT_PER_MM, (height - item.y) * PT_PER_MM, item.radius * PT_PER_MM, stroke=1, fill=0
            )


def _draw_box(canvas: Canvas, item: Box, height: float) -> None:
    if item.fill:
        canvas.setFillColor(_COLOURS[item.fill])
    if item.stroke:
        canvas.setStrokeColor(_COLOURS[item.stroke])
        canvas.setLineWidth(item.stroke_mm * PT_PER_MM)
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
    """One run as content operators. The library's own text object does the same at four times the price."""
    document: Any = canvas._doc  # type: ignore[attr-defined]
    size = f"{item.size_pt:g}"
    runs = fonts_of(item.text, item.face)
    shown = " ".join(
        f"{font.getSubsetInternalName(subset, document)} {size} Tf ({escapePDF(chunk)}) Tj"
        for font, text in ((_font(name), text) for name, text in runs)
        for subset, chunk in font.splitString(text, document)
    )
    fill = _FILL[item.ink]
    if item.face in FAUX_BOLD:
        # Filled and outlined (text rendering mode 2).
        fill = f"{fill} {fill.replace('rg', 'RG')} {item.size_pt * 0.035:.4f} w 2 Tr"
    canvas.addLiteral(
        f"q BT {fill} 1 0 0 1 {item.x * PT_PER_MM:.4f} {(height - item.y) * PT_PER_MM:.4f} Tm {shown} ET Q"
    )


def _font(name: str) -> Any:
    return pdfmetrics.getFont(name)


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
