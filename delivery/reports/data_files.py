"""A report as XLSX, CSV and JSON: the same cells, for people who count further with them."""

from __future__ import annotations

import csv
import io
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from delivery.i18n import Translator
from delivery.reports import form
from delivery.reports.document import Cell, Report, Table

_THIN = Border(*(Side(style="thin"),) * 4)
_CENTRED = Alignment(horizontal="center", vertical="center", wrap_text=True)
_WRAPPED = Alignment(vertical="center", wrap_text=True)
_WIDTH = 118
"""Characters over all columns of a sheet: what fits a landscape page."""
_FORMULA = ("=", "+", "@", "\t", "\r")


def json_of(report: Report, translate: Translator) -> dict[str, Any]:
    """The report as one document: what is printed, and the numbers as numbers."""
    return {
        "report": report.kind,
        "year": report.year,
        "subject": report.subject or None,
        "on": report.on.isoformat(),
        "provisional": report.provisional,
        "title": f"{report.title} {report.subtitle}",
        "letterhead": {
            "above": report.letterhead.above or None,
            "name": report.letterhead.name,
            "sign": report.letterhead.sign or None,
            "place_and_day": report.letterhead.place_and_day,
        },
        "sections": [
            {
                "number": section.number,
                "title": section.title,
                "paragraphs": list(section.paragraphs),
                "table": _table_json(section.table) if section.table else None,
            }
            for section in report.sections
        ],
        "recipients": list(report.recipients),
        "signature": list(report.signature),
        "problems": [translate(problem) for problem in report.problems],
    }


def _table_json(table: Table) -> dict[str, Any]:
    return {
        "columns": [
            {"number": column.number or None, "group": column.group or None, "title": column.title}
            for column in table.columns
        ],
        "rows": [[cell.text if cell.amount is None else cell.amount for cell in row] for row in table.rows],
    }


def csv_of(report: Report) -> bytes:
    """Table after table, each under its heading; UTF-8 with the mark that spreadsheets look for."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([f"{report.title} {report.subtitle}"])
    for section in report.sections:
        writer.writerow([])
        writer.writerow([_tame(f"{section.number}. {section.title}")])
        for words in section.paragraphs:
            writer.writerow([_tame(words)])
        if section.table is None:
            continue
        columns = section.table.columns
        writer.writerow([_tame(f"{c.group} - {c.title}" if c.group else c.title) for c in columns])
        if section.table.numbered:
            writer.writerow([column.number for column in columns])
        for row in section.table.rows:
            writer.writerow([_tame(cell.text) if cell.amount is None else cell.amount for cell in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _tame(words: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return "'" + words if words.startswith(_FORMULA) else words


def xlsx_of(report: Report) -> bytes:
    """A sheet for each table, one with the parts in words, one that says how to open each number."""
    book = Workbook()
    first = book.active
    assert first is not None
    _words_sheet(first, report)
    for section in report.sections:
        if section.table is not None:
            sheet = book.create_sheet(section.number or section.title[:31])
            _table_sheet(sheet, f"{section.number}. {section.title}", section.table)
    _sources_sheet(book.create_sheet("Nguồn số liệu"), report)
    book.properties.title = f"{report.title} {report.subtitle}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _put(sheet: Any, row: int, column: int, value: str | int, *, bold: bool = False, size: float = 11) -> Any:
    cell = sheet.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"  # never a formula, whatever a name begins with
    cell.font = Font(name=form.TYPEFACE, size=size, bold=bold)
    return cell


def _words_sheet(sheet: Worksheet, report: Report) -> None:
    sheet.title = "Báo cáo"
    head = report.letterhead
    lines: list[tuple[str, bool]] = [(head.above, False)] if head.above else []
    lines += [(head.name, True), (head.sign, False), (head.place_and_day, False), ("", False)]
    lines += [(report.title, True), (report.subtitle, True), ("", False)]
    if report.provisional:
        lines.append((f"Số liệu tạm tính đến {report.on:%d/%m/%Y}.", False))
    for section in report.sections:
        lines.append((f"{section.number}. {section.title}", True))
        if section.table is not None:
            lines.append((f"Xem trang tính {section.number}.", False))
        lines += [(words, False) for words in section.paragraphs]
    lines += [("", False), ("Nơi nhận:", True), *((f"- {line}", False) for line in report.recipients)]
    lines += [("", False), (report.signature[0], True), (report.signature[1], False)]
    lines.append((report.signature[2], True))
    for at, (words, bold) in enumerate(lines, start=1):
        _put(sheet, at, 1, words, bold=bold, size=12).alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions["A"].width = 110


def _table_sheet(sheet: Any, title: str, table: Table) -> None:
    _put(sheet, 1, 1, title, bold=True, size=13)
    top = 3
    weight = sum(column.weight for column in table.columns)
    for at, column in enumerate(table.columns, start=1):
        sheet.column_dimensions[get_column_letter(at)].width = max(6.0, _WIDTH * column.weight / weight)
    for group, start, span in table.groups():
        if group:
            _put(sheet, top, start + 1, group, bold=True)
            sheet.merge_cells(start_row=top, end_row=top, start_column=start + 1, end_column=start + span)
        for at in range(start, start + span):
            row = top + 1 if group else top
            _put(sheet, row, at + 1, table.columns[at].title, bold=True)
            if not group and table.grouped:
                sheet.merge_cells(start_row=top, end_row=top + 1, start_column=at + 1, end_column=at + 1)
    row = top + 1 + table.grouped
    if table.numbered:
        for at, column in enumerate(table.columns, start=1):
            _put(sheet, row, at, column.number)
        row += 1
    heads = range(top, row)
    for cells in table.rows:
        for at, cell in enumerate(cells, start=1):
            _put(sheet, row, at, _value(cell)).alignment = _CENTRED if cell.amount is not None else _WRAPPED
        row += 1
    for line in sheet.iter_rows(min_row=top, max_row=max(row - 1, top), max_col=len(table.columns)):
        for cell in line:
            cell.border = _THIN
            if cell.row in heads:
                cell.alignment = _CENTRED
    for words in (table.footnote, " ".join(table.remark).strip()):
        if words:
            _put(sheet, row + 1, 1, words, size=10)
            row += 1
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{top}:{heads[-1]}"
    sheet.freeze_panes = sheet.cell(heads[-1] + 1, 3 if table.numbered else 1)


def _value(cell: Cell) -> str | int:
    return cell.text if cell.amount is None else cell.amount


def _sources_sheet(sheet: Any, report: Report) -> None:
    """What each number counts, and the words of the command that lists it."""
    subject = f" --partner {report.subject}" if report.subject else ""
    state = "tạm tính" if report.provisional else "chính thức"
    _put(sheet, 1, 1, f"Số liệu tính đến {report.on:%d/%m/%Y} ({state}).", bold=True)
    for at, words in enumerate(("Ô", "Giá trị", "Số dòng gốc", "Bảng gốc", "Mở bằng lệnh"), start=1):
        _put(sheet, 3, at, words, bold=True)
    row = 4
    for address, cell in report.cells():
        if cell.amount is None:
            continue
        _put(sheet, row, 1, address)
        _put(sheet, row, 2, cell.amount)
        _put(sheet, row, 3, len(cell.behind))
        _put(sheet, row, 4, ", ".join(sorted({behind.table for behind in cell.behind})))
        _put(sheet, row, 5, f"tuxa report rows {report.kind} --year {report.year}{subject} --cell {address}")
        row += 1
    for letter, width in zip("ABCDE", (12, 12, 14, 24, 70), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A4"
