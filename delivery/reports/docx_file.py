"""A report as DOCX: real tables with merged and repeating headings, upright and landscape pages, page numbers."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import Table as WordTable
from docx.text.paragraph import Paragraph

from delivery.reports import form
from delivery.reports.document import Cell, Letterhead, Report, Section, Table
from delivery.reports.words import DOTS

_CENTRE, _LEFT, _RIGHT, _JUSTIFY = (
    WD_ALIGN_PARAGRAPH.CENTER,
    WD_ALIGN_PARAGRAPH.LEFT,
    WD_ALIGN_PARAGRAPH.RIGHT,
    WD_ALIGN_PARAGRAPH.JUSTIFY,
)


def docx_of(report: Report) -> bytes:
    """The file. The same report gives the same text; its date is that of the data."""
    document = Document()
    _styles(document)
    _page(document.sections[0], landscape=False)
    document.sections[0].different_first_page_header_footer = True
    _page_number(document.sections[0].header.paragraphs[0])
    _properties(document, report)
    _letterhead(document, report.letterhead)
    _title(document, report)
    landscape = False
    for section in report.sections:
        if section.landscape is not landscape:
            landscape = section.landscape
            _page(document.add_section(WD_SECTION.NEW_PAGE), landscape=landscape)
        _section(document, section, last=section is report.sections[-1])
    _ending(document, report, landscape=landscape)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _styles(document: DocumentType) -> None:
    style = document.styles["Normal"]
    style.font.name = form.TYPEFACE
    style.font.size = Pt(form.BODY_PT)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(name), form.TYPEFACE)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "vi-VN")
    style.element.get_or_add_rPr().append(language)
    layout = style.paragraph_format
    layout.space_before, layout.space_after, layout.line_spacing = Pt(0), Pt(0), 1.0


def _page(section: Any, *, landscape: bool) -> None:
    width, height = form.PAGE_MM
    section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = (
        (Mm(height), Mm(width)) if landscape else (Mm(width), Mm(height))
    )
    section.left_margin, section.right_margin = Mm(form.LEFT_MM), Mm(form.RIGHT_MM)
    section.top_margin, section.bottom_margin = Mm(form.TOP_MM), Mm(form.BOTTOM_MM)
    section.header_distance = Mm(10)
    section.different_first_page_header_footer = False


def _page_number(paragraph: Paragraph) -> None:
    """An Arabic number in the middle of the top margin."""
    paragraph.alignment = _CENTRE
    run = paragraph.add_run()
    run.font.size = Pt(form.PAGE_NUMBER_PT)
    for kind, words in (("begin", ""), ("", " PAGE "), ("end", "")):
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = words
        run._r.append(mark)


def _properties(document: DocumentType, report: Report) -> None:
    core = document.core_properties
    core.title = f"{report.title} {report.subtitle}"
    core.author = report.letterhead.name
    core.language = "vi-VN"
    core.comments = f"Số liệu tính đến {report.on:%d/%m/%Y}" + (" (tạm tính)" if report.provisional else "")
    at = datetime(report.on.year, report.on.month, report.on.day, tzinfo=UTC).replace(tzinfo=None)
    core.created = core.modified = at


def _write(
    paragraph: Paragraph,
    words: str,
    size_pt: float,
    *,
    bold: bool = False,
    italic: bool = False,
    align: WD_ALIGN_PARAGRAPH = _LEFT,
) -> Paragraph:
    paragraph.alignment = align
    run = paragraph.add_run(words)
    run.bold, run.italic, run.font.size = bold, italic, Pt(size_pt)
    return paragraph


def _rule(cell: Any, share: float) -> None:
    """A line of `share` of the block's width, centred: a paragraph with indents and a border above it."""
    paragraph = cell.add_paragraph()
    indent = (1 - share) / 2 * cell.width
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = int(indent)
    paragraph.paragraph_format.space_before = Pt(2)
    paragraph.paragraph_format.line_spacing = Pt(5)
    borders = OxmlElement("w:pBdr")
    top = OxmlElement("w:top")
    for name, value in (("val", "single"), ("sz", "6"), ("space", "0"), ("color", "000000")):
        top.set(qn(f"w:{name}"), value)
    borders.append(top)
    # The schema fixes the order inside a paragraph's properties: borders before spacing, indents and alignment.
    paragraph._p.get_or_add_pPr().insert_element_before(borders, "w:spacing", "w:ind", "w:jc")


def _letterhead(document: DocumentType, head: Letterhead) -> None:
    width = form.text_width_mm(landscape=False)
    table = _plain(document, (width * form.LEFT_BLOCK, width * (1 - form.LEFT_BLOCK)), rows=2)
    left, right = table.cell(0, 0), table.cell(0, 1)
    lines = ([(head.above, False)] if head.above else []) + [(head.name, True)]
    for at, (words, bold) in enumerate(lines):
        paragraph = left.paragraphs[0] if at == 0 else left.add_paragraph()
        _write(paragraph, words, form.STATE_PT, bold=bold, align=_CENTRE)
    _rule(left, 0.4)
    _write(right.paragraphs[0], form.STATE, form.STATE_PT, bold=True, align=_CENTRE)
    _write(right.add_paragraph(), form.MOTTO, form.MOTTO_PT, bold=True, align=_CENTRE)
    _rule(right, 0.62)
    if head.sign:
        _write(table.cell(1, 0).paragraphs[0], head.sign, form.SIGN_PT, align=_CENTRE)
    _write(table.cell(1, 1).paragraphs[0], head.place_and_day, form.DAY_PT, italic=True, align=_CENTRE)


def _plain(document: DocumentType, widths_mm: tuple[float, ...], *, rows: int = 1) -> WordTable:
    """A table without lines, for blocks side by side."""
    table: WordTable = document.add_table(rows=rows, cols=len(widths_mm))
    _fix_widths(table, widths_mm)
    return table


def _fix_widths(table: WordTable, widths_mm: tuple[float, ...]) -> None:
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for at, width in enumerate(widths_mm):
        table.columns[at].width = Mm(width)
    # Row by row: python-docx walks the whole table for every column that is asked for its cells.
    for row in table.rows:
        for cell, width in zip(row.cells, widths_mm, strict=True):
            cell.width = Mm(width)


def _title(document: DocumentType, report: Report) -> None:
    paragraph = _write(document.add_paragraph(), report.title, form.TITLE_PT, bold=True, align=_CENTRE)
    paragraph.paragraph_format.space_before = Pt(16)
    _write(document.add_paragraph(), report.subtitle, form.TITLE_PT, bold=True, align=_CENTRE)
    table = _plain(document, (form.text_width_mm(landscape=False),))
    cell = table.cell(0, 0)
    cell.paragraphs[0].paragraph_format.line_spacing = Pt(1)
    _rule(cell, 0.33)
    for line in report.basis:
        _body(document, line, italic=True)


def _section(document: DocumentType, section: Section, *, last: bool) -> None:
    """The last words stay with the signature: it never stands on a page alone."""
    heading = f"{section.number}. {section.title}" if section.number else section.title
    paragraph = _write(document.add_paragraph(), heading, form.BODY_PT, bold=True)
    paragraph.paragraph_format.space_before = Pt(10)
    paragraph.paragraph_format.space_after = Pt(form.BETWEEN_PT)
    paragraph.paragraph_format.keep_with_next = True
    for words in section.paragraphs or (
        () if section.table else ((section.hint,) if section.hint else (DOTS, DOTS))
    ):
        _body(document, words, keep=last and section.table is None)
    if section.table is not None:
        _table(document, section.table, landscape=section.landscape)


def _body(document: DocumentType, words: str, *, italic: bool = False, keep: bool = False) -> None:
    paragraph = _write(document.add_paragraph(), words, form.BODY_PT, italic=italic, align=_JUSTIFY)
    paragraph.paragraph_format.first_line_indent = Mm(form.INDENT_MM)
    paragraph.paragraph_format.keep_with_next = keep
    paragraph.paragraph_format.space_after = Pt(form.BETWEEN_PT)


# --- tables -----------------------------------------------------------------------------------------------------------


def _table(document: DocumentType, table: Table, *, landscape: bool) -> None:
    heads = 1 + table.grouped + table.numbered
    rows = table.rows or ((Cell(""),) * len(table.columns),)
    word = document.add_table(rows=heads + len(rows), cols=len(table.columns))
    word.style = "Table Grid"
    weight = sum(column.weight for column in table.columns)
    full = form.text_width_mm(landscape=landscape)
    _fix_widths(word, tuple(full * column.weight / weight for column in table.columns))
    _tight(word)
    # Cells are asked for once: python-docx walks the whole table on every access by row and column.
    grid = [row.cells for row in word.rows]
    _headings(table, grid)
    for at in range(heads):
        _repeat(word, at)
    counting = frozenset(table.count_columns)
    for at, row in enumerate(rows, start=heads):
        for column, cell in enumerate(row):
            align = _CENTRE if (column == 0 and table.counted_rows) or column in counting else _LEFT
            _write(grid[at][column].paragraphs[0], cell.text, table.size_pt, align=align)
            grid[at][column].vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        _whole(word, at)
    if table.footnote:
        paragraph = _write(document.add_paragraph(), table.footnote, form.NOTE_PT)
        paragraph.paragraph_format.space_before = Pt(3)
    lead, words = table.remark
    if words:
        paragraph = _write(document.add_paragraph(), lead + " ", form.BODY_PT - 1, bold=True)
        run = paragraph.add_run(words)
        run.font.size = Pt(form.BODY_PT - 1)
        paragraph.paragraph_format.space_before = Pt(4)


def _headings(table: Table, grid: list[Any]) -> None:
    for group, first, span in table.groups():
        if group:
            _head(grid[0][first].merge(grid[0][first + span - 1]), group, table.size_pt)
        for at in range(first, first + span):
            column = table.columns[at]
            cell = grid[1][at] if group else grid[0][at]
            if not group and table.grouped:
                cell = grid[0][at].merge(grid[1][at])
            _head(cell, column.title, table.size_pt, note=column.note)
    if table.numbered:
        for at, column in enumerate(table.columns):
            row = grid[1 + table.grouped]
            _write(row[at].paragraphs[0], column.number, table.size_pt - 0.5, italic=True, align=_CENTRE)


def _head(cell: Any, words: str, size_pt: float, *, note: str = "") -> None:
    for extra in cell.paragraphs[1:]:
        extra._p.getparent().remove(extra._p)
    paragraph = _write(cell.paragraphs[0], words, size_pt, bold=True, align=_CENTRE)
    if note:
        run = paragraph.add_run(" " + note)
        run.font.superscript, run.font.size = True, Pt(size_pt)
    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def _tight(table: WordTable) -> None:
    """Narrow margins inside cells: thirteen columns share a page."""
    margins = OxmlElement("w:tblCellMar")
    for side, width in (("top", 20), ("left", 45), ("bottom", 20), ("right", 45)):
        edge = OxmlElement(f"w:{side}")
        edge.set(qn("w:w"), str(width))
        edge.set(qn("w:type"), "dxa")
        margins.append(edge)
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")


def _repeat(table: WordTable, at: int) -> None:
    """Show this row again at the top of every page."""
    properties = table.rows[at]._tr.get_or_add_trPr()
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    properties.append(mark)
    _whole(table, at)


def _whole(table: WordTable, at: int) -> None:
    """Never break this row across pages."""
    table.rows[at]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


# --- recipients and signature -----------------------------------------------------------------------------------------


def _ending(document: DocumentType, report: Report, *, landscape: bool) -> None:
    gap = document.add_paragraph()
    gap.paragraph_format.space_before = Pt(6)
    gap.paragraph_format.keep_with_next = True
    width = form.text_width_mm(landscape=landscape)
    table = _plain(document, (width / 2, width / 2))
    _whole(table, 0)
    left, right = table.cell(0, 0), table.cell(0, 1)
    if report.recipients:
        _write(left.paragraphs[0], "Nơi nhận:", form.RECIPIENTS_PT, bold=True, italic=True)
        for line in report.recipients:
            _write(left.add_paragraph(), f"- {line}", form.RECIPIENT_PT)
    title, note, name = report.signature
    _write(right.paragraphs[0], title, form.TITLE_PT - 1, bold=True, align=_CENTRE)
    if note:
        _write(right.add_paragraph(), note, form.BODY_PT, italic=True, align=_CENTRE)
    space = right.add_paragraph()
    space.paragraph_format.space_before = Mm(form.SIGN_SPACE_MM)
    _write(space, name, form.TITLE_PT - 1, bold=True, align=_CENTRE)
