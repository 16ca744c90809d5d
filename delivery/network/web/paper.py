"""A receipt, and how it looks on paper."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A5
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from delivery.errors import N_
from delivery.i18n import Language, Translator
from delivery.network.web.onefile import font
from delivery.network.web.render import moment

_MARGIN = 14 * mm
_INK, _SOFT, _LINE, _GOOD = HexColor("#1a2529"), HexColor("#55636a"), HexColor("#d9d5cb"), HexColor("#1c6b38")
_BLOCK = 47 * mm
"""Height of one receipt on the page."""


@dataclass(frozen=True, slots=True)
class Work:
    """What returned work belongs to."""

    title: str
    course: str
    due: date | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """One page or file that was received, or held."""

    fact: str
    code: str
    held: str
    """Why it is held, or empty."""
    work: Work
    page: int
    """0 for a file without a printed sheet, and for what is held."""
    pages: int
    received_at: datetime
    late: bool
    hash: str
    """SHA-256 of the file as it was received, in hexadecimal."""
    superseded: bool
    leaves: int = 0
    """Pages of a file without a printed sheet."""

    @property
    def hash_prefix(self) -> str:
        return self.hash[:16]


def receipt_pdf(receipts: Sequence[Receipt], *, institution: str, learner: str, language: Language) -> bytes:
    """The receipts as a PDF of A5 pages that can be kept or shown."""
    t = Translator(language)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A5, invariant=True, lang=language)
    canvas.setTitle(t(N_("Receipt")))
    canvas.setAuthor(institution)
    top = _head(canvas, t, institution, learner)
    at = top
    for receipt in receipts:
        if at - _BLOCK < _MARGIN:
            canvas.showPage()
            at = A5[1] - _MARGIN
        _one(canvas, t, receipt, at, language)
        at -= _BLOCK
    canvas.save()
    return out.getvalue()


def _head(canvas: Canvas, t: Translator, institution: str, learner: str) -> float:
    at = A5[1] - _MARGIN - 4 * mm
    _write(canvas, institution, at, size=9, color=_SOFT)
    _write(canvas, t(N_("Receipt")), at - 9 * mm, size=20, bold=True)
    _write(canvas, learner, at - 15 * mm, size=10)
    return at - 21 * mm


def _one(canvas: Canvas, t: Translator, receipt: Receipt, top: float, language: Language) -> None:
    canvas.setStrokeColor(_GOOD)
    canvas.setLineWidth(1.2)
    canvas.line(_MARGIN, top, A5[0] - _MARGIN, top)
    title = t(N_("Held")) if receipt.held else receipt.work.title
    _write(canvas, title, top - 7 * mm, size=11.5, bold=True)
    _write(canvas, receipt.work.course, top - 12 * mm, size=9, color=_SOFT)
    rows = [
        (t(N_("Receipt code")), receipt.code),
        (t(N_("Received at")), moment(receipt.received_at, language)),
    ]
    if receipt.page:
        rows.append((t(N_("Page")), f"{receipt.page}/{receipt.pages}"))
    elif receipt.leaves:
        rows.append((t(N_("Number of pages")), str(receipt.leaves)))
    if receipt.late:
        rows.append((t(N_("Due date")), t(N_("Late"))))
    at = top - 18 * mm
    for label, value in rows:
        _write(canvas, label, at, size=8.5, color=_SOFT)
        _write(canvas, value, at, left=_MARGIN + 34 * mm, size=9.5, bold=label == rows[0][0])
        at -= 5 * mm
    _write(canvas, f"SHA-256 {receipt.hash}", at, size=6.2, color=_SOFT)


def _write(
    canvas: Canvas,
    text: str,
    at: float,
    *,
    left: float = _MARGIN,
    size: float,
    bold: bool = False,
    color: Color = _INK,
) -> None:
    """One line, cut to the page's width."""
    name = font(bold=bold)
    while text and stringWidth(text, name, size) > A5[0] - _MARGIN - left:
        text = text[:-2].rstrip("…") + "…"
    canvas.setFont(name, size)
    canvas.setFillColor(color)
    canvas.drawString(left, at, text)
