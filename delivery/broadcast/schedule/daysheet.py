"""The day sheet: what a channel airs on one day, printed for the control room. One A4 page or more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cache
from io import BytesIO
from typing import Final

import fontpkg_be_vietnam_pro
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from delivery.broadcast.schedule.findings import Finding
from delivery.broadcast.schedule.programme import Programme
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.store.air import Channel

_WIDTH, _HEIGHT = A4
_LEFT, _RIGHT, _TOP, _BOTTOM = 18 * mm, _WIDTH - 15 * mm, _HEIGHT - 18 * mm, 18 * mm
_INK, _SOFT, _LINE, _BAND = HexColor("#10203F"), HexColor("#5B6B87"), HexColor("#C9D2E3"), HexColor("#F1F4FA")
_ACCENT = HexColor("#B3261E")
_ROW: Final = 11.5 * mm
_COLUMNS: Final = (_LEFT, _LEFT + 21 * mm, _LEFT + 38 * mm, _LEFT + 128 * mm, _RIGHT)
"""Start; length; title and course; material; tick box at the right edge."""
_DAYS = (
    N_("Monday"),
    N_("Tuesday"),
    N_("Wednesday"),
    N_("Thursday"),
    N_("Friday"),
    N_("Saturday"),
    N_("Sunday"),
)


@cache
def _font(weight: str) -> str:
    name = f"TuxaAir-{weight}"
    file = fontpkg_be_vietnam_pro.ROOT / "files" / f"BeVietnamPro-{weight}.ttf"
    pdfmetrics.registerFont(TTFont(name, str(file)))
    return name


def day_sheet(
    channel: Channel,
    day: date,
    programmes: Sequence[Programme],
    findings: Sequence[Finding],
    *,
    institution: str,
    words: Translator,
) -> bytes:
    """The PDF. `programmes` and `findings` are those of that day."""
    out = BytesIO()
    canvas = Canvas(
        out,
        pagesize=A4,
        invariant=1,
        lang=words.language,
        initialFontName=_font("Regular"),  # type: ignore[arg-type] # the stubs say a number
    )
    title = f"{channel.name} · {words(_DAYS[day.weekday()])} {day:%d/%m/%Y}"
    canvas.setTitle(title)
    canvas.setAuthor(institution)
    sheet = _Sheet(canvas, title, institution, words)
    sheet.begin()
    for one in programmes:
        sheet.row(one)
    if not programmes:
        sheet.note(words(N_("Nothing is scheduled on this day.")))
    for finding in findings:
        sheet.note(f"{words(finding.what)} {words(finding.proposal)}", warning=True)
    sheet.end()
    canvas.save()
    return out.getvalue()


class _Sheet:
    def __init__(self, canvas: Canvas, title: str, institution: str, words: Translator) -> None:
        self._canvas = canvas
        self._title = title
        self._institution = institution
        self._words = words
        self._page = 0
        self._y = 0.0
        self._shaded = False

    def begin(self) -> None:
        canvas = self._canvas
        self._page += 1
        canvas.setFillColor(_SOFT)
        canvas.setFont(_font("Regular"), 9)
        canvas.drawString(_LEFT, _TOP, self._institution)
        canvas.drawRightString(_RIGHT, _TOP, self._words(N_("Day sheet")))
        canvas.setFillColor(_INK)
        canvas.setFont(_font("SemiBold"), 17)
        canvas.drawString(_LEFT, _TOP - 9 * mm, self._title)
        self._y = _TOP - 18 * mm
        canvas.setFont(_font("Medium"), 8)
        canvas.setFillColor(_SOFT)
        heads = (N_("Start"), N_("Length"), N_("Programme"), N_("Material"))
        for x, head in zip(_COLUMNS, heads, strict=False):
            canvas.drawString(x, self._y, self._words(head))
        canvas.drawRightString(_RIGHT, self._y, self._words(N_("Aired")))
        self._y -= 2 * mm
        canvas.setStrokeColor(_INK)
        canvas.setLineWidth(0.8)
        canvas.line(_LEFT, self._y, _RIGHT, self._y)

    def row(self, one: Programme) -> None:
        self._need(_ROW)
        canvas, y = self._canvas, self._y
        if self._shaded:
            canvas.setFillColor(_BAND)
            canvas.rect(_LEFT - 2 * mm, y - _ROW, _RIGHT - _LEFT + 4 * mm, _ROW, stroke=0, fill=1)
        self._shaded = not self._shaded
        start = from_micros(one.planned_us).astimezone(VIETNAM)
        minutes, seconds = divmod(round((one.end_us - one.start_us) / 1_000_000), 60)
        canvas.setFillColor(_INK)
        canvas.setFont(_font("SemiBold"), 11)
        canvas.drawString(_COLUMNS[0], y - 5 * mm, f"{start:%H:%M:%S}")
        canvas.setFont(_font("Regular"), 9)
        canvas.drawString(_COLUMNS[1], y - 5 * mm, f"{minutes}:{seconds:02d}")
        width = _COLUMNS[3] - _COLUMNS[2] - 3 * mm
        canvas.setFont(_font("Medium"), 10)
        canvas.drawString(_COLUMNS[2], y - 5 * mm, _fitted(one.title, _font("Medium"), 10, width))
        canvas.setFillColor(_SOFT)
        canvas.setFont(_font("Regular"), 8)
        canvas.drawString(_COLUMNS[2], y - 9 * mm, _fitted(self._under(one), _font("Regular"), 8, width))
        room = _RIGHT - 9 * mm - _COLUMNS[3]
        canvas.drawString(_COLUMNS[3], y - 5 * mm, _fitted(one.material, _font("Regular"), 8, room))
        canvas.setStrokeColor(_SOFT)
        canvas.setLineWidth(0.7)
        canvas.rect(_RIGHT - 5 * mm, y - 7.5 * mm, 4 * mm, 4 * mm)
        self._y -= _ROW

    def _under(self, one: Programme) -> str:
        parts: list[str] = []
        if one.unit:
            parts.append(self._words(N_("unit {unit}"), unit=one.unit))
        if one.rerun:
            parts.append(self._words(N_("rerun")))
        if one.card:
            parts.append(self._words(N_("attendance code follows")))
        parts.append(one.course_name or one.course)
        return " · ".join(part for part in parts if part)

    def note(self, text: str, *, warning: bool = False) -> None:
        lines = _wrapped(text, _font("Regular"), 9, _RIGHT - _LEFT - 4 * mm)
        self._need(4.5 * mm * len(lines) + 3 * mm)
        canvas = self._canvas
        self._y -= 3 * mm
        canvas.setFont(_font("Regular"), 9)
        canvas.setFillColor(_ACCENT if warning else _SOFT)
        for line in lines:
            self._y -= 4.5 * mm
            canvas.drawString(_LEFT, self._y, line)

    def _need(self, height: float) -> None:
        if self._y - height < _BOTTOM:
            self.end()
            self._canvas.showPage()
            self._shaded = False
            self.begin()

    def end(self) -> None:
        self._canvas.setFont(_font("Regular"), 8)
        self._canvas.setFillColor(_SOFT)
        self._canvas.drawString(
            _LEFT, 11 * mm, self._words(N_("Times are Vietnamese; programmes begin within 0.16 s of them."))
        )
        self._canvas.drawRightString(_RIGHT, 11 * mm, str(self._page))


def _fitted(text: str, font: str, size: float, width: float) -> str:
    """`text`, cut with an ellipsis where it is too wide."""
    if pdfmetrics.stringWidth(text, font, size) <= width:
        return text
    while text and pdfmetrics.stringWidth(text + "…", font, size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def _wrapped(text: str, font: str, size: float, width: float) -> list[str]:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and pdfmetrics.stringWidth(longer, font, size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
