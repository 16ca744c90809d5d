"""A report as PDF, in the form of Nghị định 30/2020/NĐ-CP: the same pages as the DOCX, with embedded fonts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import black
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    KeepTogether,
    NextPageTemplate,
    PageBreak,
    PageTemplate,
    Paragraph,
    Spacer,
    TableStyle,
)
from reportlab.platypus import Table as PdfTable

from delivery.reports import form
from delivery.reports.document import Cell, Letterhead, Report, Section, Table
from delivery.reports.fonts import BOLD, BOLD_ITALIC, ITALIC, REGULAR, load_fonts
from delivery.reports.words import DOTS

_ALIGN: dict[str, Any] = {"centre": TA_CENTER, "left": TA_LEFT, "justify": TA_JUSTIFY}
_LEADING = 1.18
"""Line spacing of Times New Roman at «single»."""


def pdf_of(report: Report, *, extra: Sequence[Flowable] = ()) -> bytes:
    """The file; the same report gives the same bytes. `extra` stands between the sections and the signature."""
    out = io.BytesIO()
    document = _Pages(
        out,
        title=f"{report.title} {report.subtitle}",
        author=report.letterhead.name,
        subject=f"Số liệu tính đến {report.on:%d/%m/%Y}" + (" (tạm tính)" if report.provisional else ""),
        invariant=1,
        lang="vi-VN",
    )
    story: list[Flowable] = [_letterhead(report.letterhead), *_title(report)]
    lying = False
    for section in report.sections:
        if section.landscape is not lying:
            lying = section.landscape
            story += [NextPageTemplate("lying" if lying else "upright"), PageBreak()]
        story += _section(section)
    story += [*extra, _ending(report, lying=lying)]
    document.build(story)
    return out.getvalue()


class _Pages(BaseDocTemplate):
    """Upright and landscape pages; a number in the middle of the top margin, not on page 1."""

    def __init__(self, out: io.BytesIO, **fields: Any) -> None:
        super().__init__(out, pagesize=A4, pageCompression=1, **fields)
        self.addPageTemplates(
            [
                PageTemplate("upright", [_frame(lying=False)], onPage=_number, pagesize=A4),
                PageTemplate("lying", [_frame(lying=True)], onPage=_number, pagesize=landscape(A4)),
            ]
        )


def _frame(*, lying: bool) -> Frame:
    height = form.PAGE_MM[0] if lying else form.PAGE_MM[1]
    return Frame(
        form.LEFT_MM * mm,
        form.BOTTOM_MM * mm,
        form.text_width_mm(landscape=lying) * mm,
        (height - form.TOP_MM - form.BOTTOM_MM) * mm,
        0,
        0,
        0,
        0,
    )


def _number(canvas: Any, document: Any) -> None:
    if document.page > 1:
        width, height = canvas._pagesize
        canvas.setFont(REGULAR, form.PAGE_NUMBER_PT)
        canvas.drawCentredString(width / 2, height - 14 * mm, str(document.page))


# --- words ------------------------------------------------------------------------------------------------------------


def words(
    text: str,
    size_pt: float,
    *,
    face: str = REGULAR,
    align: str = "left",
    indent_mm: float = 0,
    before_pt: float = 0,
    after_pt: float = 0,
) -> Paragraph:
    """A paragraph; `text` is plain, never markup."""
    return _marked(
        escape(text),
        size_pt,
        face=face,
        align=align,
        indent_mm=indent_mm,
        before_pt=before_pt,
        after_pt=after_pt,
    )


def _marked(
    markup: str,
    size_pt: float,
    *,
    face: str = REGULAR,
    align: str = "left",
    indent_mm: float = 0,
    before_pt: float = 0,
    after_pt: float = 0,
) -> Paragraph:
    load_fonts()
    style = ParagraphStyle(
        "x",
        fontName=face,
        fontSize=size_pt,
        leading=size_pt * _LEADING,
        alignment=_ALIGN[align],
        firstLineIndent=indent_mm * mm,
        spaceBefore=before_pt,
        spaceAfter=after_pt,
        splitLongWords=1,
    )
    return Paragraph(markup, style)


class _Rule(Flowable):
    """A line of `share` of the width, centred."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share
        self._width = 0.0

    def wrap(self, width: float, _height: float) -> tuple[float, float]:
        self._width = width
        return width, 5

    def draw(self) -> None:
        self.canv.setLineWidth(0.7)
        left = self._width * (1 - self._share) / 2
        self.canv.line(left, 2.5, self._width - left, 2.5)


def _letterhead(head: Letterhead) -> Flowable:
    left: list[Flowable] = []
    if head.above:
        left.append(words(head.above, form.STATE_PT, align="centre"))
    left += [words(head.name, form.STATE_PT, face=BOLD, align="centre"), _Rule(0.4)]
    right = [
        words(form.STATE, form.STATE_PT, face=BOLD, align="centre"),
        words(form.MOTTO, form.MOTTO_PT, face=BOLD, align="centre"),
        _Rule(0.62),
    ]
    second = [
        words(head.sign, form.SIGN_PT, align="centre") if head.sign else "",
        words(head.place_and_day, form.DAY_PT, face=ITALIC, align="centre"),
    ]
    width = form.text_width_mm(landscape=False) * mm
    table = PdfTable(
        [[left, right], second], colWidths=[width * form.LEFT_BLOCK, width * (1 - form.LEFT_BLOCK)]
    )
    table.setStyle(_bare_style())
    return table


def _bare_style() -> TableStyle:
    return TableStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )


def _title(report: Report) -> list[Flowable]:
    return [
        Spacer(1, 14),
        words(report.title, form.TITLE_PT, face=BOLD, align="centre"),
        words(report.subtitle, form.TITLE_PT, face=BOLD, align="centre"),
        _Rule(0.33),
        Spacer(1, 6),
        *(
            words(line, form.BODY_PT, face=ITALIC, align="justify", indent_mm=form.INDENT_MM, after_pt=3)
            for line in report.basis
        ),
    ]


def _section(section: Section) -> list[Flowable]:
    heading = f"{section.number}. {section.title}" if section.number else section.title
    out: list[Flowable] = [
        CondPageBreak((70 if section.table else 40) * mm),
        words(heading, form.BODY_PT, face=BOLD, before_pt=10, after_pt=form.BETWEEN_PT),
    ]
    for text in section.paragraphs or (
        () if section.table else ((section.hint,) if section.hint else (DOTS, DOTS))
    ):
        out.append(
            words(
                text,
                form.BODY_PT,
                align="justify",
                indent_mm=form.INDENT_MM,
                after_pt=form.BETWEEN_PT,
            )
        )
    if section.table is not None:
        out += _table(section.table, lying=section.landscape)
    return out


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(table: Table, *, lying: bool) -> list[Flowable]:
    heads = 1 + table.grouped + table.numbered
    rows = table.rows or ((Cell(""),) * len(table.columns),)
    grid: list[list[Any]] = [[""] * len(table.columns) for _ in range(heads)]
    style: list[Any] = [
        ("GRID", (0, 0), (-1, -1), 0.5, black),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2.2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2.2),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    _headings(table, grid, style)
    counting = frozenset(table.count_columns)
    for row in rows:
        grid.append(
            [
                words(
                    cell.text,
                    table.size_pt,
                    align="centre" if column in counting or (column == 0 and table.counted_rows) else "left",
                )
                for column, cell in enumerate(row)
            ]
        )
    weight = sum(column.weight for column in table.columns)
    full = form.text_width_mm(landscape=lying) * mm
    drawn = PdfTable(
        grid,
        colWidths=[full * column.weight / weight for column in table.columns],
        repeatRows=heads,
        splitInRow=0,
    )
    drawn.setStyle(TableStyle(style))
    out: list[Flowable] = [drawn]
    if table.footnote:
        out.append(words(table.footnote, form.NOTE_PT, before_pt=3))
    lead, text = table.remark
    if text:
        out.append(
            _marked(
                f'<font name="{BOLD}">{escape(lead)}</font> {escape(text)}', form.BODY_PT - 1, before_pt=5
            )
        )
    return out


def _headings(table: Table, grid: list[list[Any]], style: list[Any]) -> None:
    for group, first, span in table.groups():
        if group:
            grid[0][first] = words(group, table.size_pt, face=BOLD, align="centre")
            style.append(("SPAN", (first, 0), (first + span - 1, 0)))
        elif table.grouped:
            style.append(("SPAN", (first, 0), (first, 1)))
        for at in range(first, first + span):
            column = table.columns[at]
            mark = f" <super>{escape(column.note)}</super>" if column.note else ""
            grid[1 if group else 0][at] = _marked(
                escape(column.title) + mark, table.size_pt, face=BOLD, align="centre"
            )
    if table.numbered:
        row = 1 + table.grouped
        grid[row] = [
            words(column.number, table.size_pt - 0.5, face=ITALIC, align="centre") for column in table.columns
        ]


# --- recipients and signature -----------------------------------------------------------------------------------------


def _ending(report: Report, *, lying: bool) -> Flowable:
    left: list[Flowable] = []
    if report.recipients:
        left.append(words("Nơi nhận:", form.RECIPIENTS_PT, face=BOLD_ITALIC))
        left += [words(f"- {line}", form.RECIPIENT_PT) for line in report.recipients]
    title, note, name = report.signature
    right: list[Flowable] = [words(title, form.TITLE_PT - 1, face=BOLD, align="centre")]
    if note:
        right.append(words(note, form.BODY_PT, face=ITALIC, align="centre"))
    right += [
        Spacer(1, form.SIGN_SPACE_MM * mm),
        words(name or " ", form.TITLE_PT - 1, face=BOLD, align="centre"),
    ]
    width = form.text_width_mm(landscape=lying) * mm
    table = PdfTable([[left, right]], colWidths=[width / 2, width / 2])
    table.setStyle(_bare_style())
    return KeepTogether([Spacer(1, 14), table])
