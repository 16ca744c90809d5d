"""Open a folder of CSV or XLSX files, or one workbook, as named tables with numbered rows.

Nothing here judges a cell; that is :mod:`delivery.catalogue.parse`. What cannot be opened at all is a problem of the
file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any
from xml.etree import ElementTree

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string

from delivery.catalogue.cells import NO_RESULT, Cell, plain_key
from delivery.catalogue.columns import SPECS
from delivery.catalogue.parse import Problems, RawTable, UnreadableRow
from delivery.catalogue.tablespec import TableSpec
from delivery.errors import N_, BadInput, Message

_SEPARATORS = (",", ";", "\t")
_TABLE_ENDINGS = (".csv", ".xlsx")
# Empty rows in a row after which a sheet counts as finished: some programs store a million of them.
_EMPTY_TAIL = 1000
_FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_COLUMN_LETTERS = re.compile(r"[A-Z]+")
_SCAN_BYTES = 1 << 20


class TableFiles:
    """The tables found under `path`, open until the context ends. Problems with files go to `problems`."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path = path
        self.tables: dict[str, RawTable] = {}
        self._problems = problems
        self._open = ExitStack()

    def __enter__(self) -> TableFiles:
        if self.path.is_dir():
            self._from_folder()
        elif self.path.suffix.lower() == ".xlsx" and self.path.is_file():
            self._from_workbook()
        else:
            raise BadInput(
                N_("{path} is neither a folder nor an .xlsx workbook."),
                do=N_(
                    "Give a folder with files such as courses.csv, or one workbook with sheets of these names."
                ),
                path=str(self.path),
            )
        for spec in SPECS:
            if spec.needed and spec.name not in self.tables and spec.name not in self._problems.unread:
                self._problems.unread.add(spec.name)
                reason = N_("This table is missing. Add the file {name}.csv or a sheet “{name}”.")
                self._problems.in_file(spec.name, Message(reason, {"name": spec.name}))
        if "enrolments" in self.tables and "learners" not in self.tables:
            reason = N_("Enrolments need the table learners. Add it.")
            self._problems.in_file(self.tables["enrolments"].file, Message(reason))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _from_folder(self) -> None:
        files = sorted(f for f in self.path.iterdir() if f.is_file() and not f.name.startswith((".", "~$")))
        by_table: dict[str, list[Path]] = {}
        known = _names()
        for file in files:
            if file.suffix.lower() not in _TABLE_ENDINGS:
                continue
            spec = known.get(plain_key(file.stem))
            if spec is None:
                note = N_("{file} was not read: no table has this name.")
                self._problems.notes.append(Message(note, {"file": file.name}))
            else:
                by_table.setdefault(spec.name, []).append(file)
        for name, found in by_table.items():
            if len(found) > 1:
                reason = Message(
                    N_("There is also {other}. Keep one of the two files."), {"other": found[1].name}
                )
                self._problems.in_file(found[0].name, reason)
                self._problems.unread.add(name)
            else:
                self._add(name, self._open_file(found[0]))

    def _open_file(self, file: Path) -> RawTable | None:
        if file.suffix.lower() == ".csv":
            return _csv_table(file, self._open, self._problems)
        book = self._workbook(file)
        return (
            _sheet_table(book.worksheets[0], file.name, self._problems) if book and book.worksheets else None
        )

    def _from_workbook(self) -> None:
        book = self._workbook(self.path)
        known = _names()
        for sheet in book.worksheets if book else ():
            spec = known.get(plain_key(sheet.title))
            label = f"{self.path.name} [{sheet.title}]"
            if spec is None:
                self._problems.notes.append(
                    Message(N_("{file} was not read: no table has this name."), {"file": label})
                )
            elif spec.name in self.tables:
                other = {"other": self.tables[spec.name].file}
                self._problems.in_file(
                    label, Message(N_("There is also {other}. Keep one of the two files."), other)
                )
            else:
                self._add(spec.name, _sheet_table(sheet, label, self._problems))
        if book is None:
            self._problems.unread.update(spec.name for spec in SPECS)

    def _add(self, name: str, table: RawTable | None) -> None:
        if table is None:
            self._problems.unread.add(name)
        else:
            self.tables[name] = table

    def _workbook(self, file: Path) -> Any:
        try:
            # data_only: the values that formulas had when the file was saved.
            book = load_workbook(file, read_only=True, data_only=True)
        except (
            Exception
        ) as error:  # a foreign parser on a foreign file: it raises whatever the damage leads to
            reason = N_("This is not a workbook that can be opened ({reason}). Save it again as .xlsx.")
            self._problems.in_file(file.name, Message(reason, {"reason": type(error).__name__}))
            return None
        self._open.callback(book.close)
        return book


def _names() -> Mapping[str, TableSpec]:
    return {name: spec for spec in SPECS for name in (spec.name, *spec.also)}


# --- CSV ---------------------------------------------------------------------------------------


def _csv_table(file: Path, stack: ExitStack, problems: Problems) -> RawTable | None:
    def bad(msgid: str) -> None:
        problems.in_file(file.name, Message(msgid))

    try:
        with file.open("rb") as raw:
            start = raw.read(4)
        if not start.removeprefix(b"\xef\xbb\xbf"):
            bad(N_("The file is empty. The first row holds the names of the columns."))
            return None
        if start.startswith((b"\xff\xfe", b"\xfe\xff")):
            bad(N_("The file is in UTF-16. Save it as “CSV UTF-8”."))
            return None
        if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
            bad(N_("This is a workbook, not a CSV file. Save it as “CSV UTF-8”, or name it .xlsx."))
            return None
        stream = stack.enter_context(file.open(encoding="utf-8-sig", newline=""))
        first = stream.readline()
        stream.seek(0)
    except UnicodeDecodeError:
        problems.in_file(file.name, _not_utf8(file))
        return None
    except OSError as error:
        problems.in_file(file.name, Message(_UNREADABLE, {"reason": error.strerror or str(error)}))
        return None
    separator = max(_SEPARATORS, key=first.count)
    rows = _csv_rows(file, csv.reader(stream, delimiter=separator, strict=True))
    try:
        _, header = next(rows, (1, ()))
    except UnreadableRow as stop:
        problems.in_file(file.name, stop.reason)
        return None
    return RawTable(file.name, header, rows, full_rows=True)


_UNREADABLE = N_("The file cannot be read ({reason}). Close it in other programs and check its permissions.")


def _not_utf8(file: Path) -> Message:
    """Names the first line that cannot be decoded: the reader decodes ahead of the row it gives."""
    text = N_("Line {line} is not in UTF-8, so letters would be lost. Save the file as “CSV UTF-8”.")
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return Message(text, {"line": number})
    return Message(text, {"line": 1})


def _csv_rows(file: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            raise UnreadableRow(number, _not_utf8(file)) from error
        except csv.Error as error:
            reason = N_("The row cannot be taken apart ({reason}). Look for a missing quotation mark.")
            raise UnreadableRow(number, Message(reason, {"reason": str(error)})) from error
        except OSError as error:
            raise UnreadableRow(
                number, Message(_UNREADABLE, {"reason": error.strerror or str(error)})
            ) from error
        yield number, row


# --- XLSX --------------------------------------------------------------------------------------


def _sheet_table(sheet: Any, label: str, problems: Problems) -> RawTable | None:
    rows = _sheet_rows(sheet)
    try:
        _, header = next(rows, (1, ()))
    except UnreadableRow as stop:
        problems.in_file(label, stop.reason)
        return None
    if all(cell is None for cell in header):
        problems.in_file(
            label, Message(N_("The sheet is empty. The first row holds the names of the columns."))
        )
        return None
    return RawTable(label, header, rows, full_rows=False)


def _sheet_rows(sheet: Any) -> Iterator[tuple[int, Sequence[Cell]]]:
    number, empty = 0, 0
    try:
        without_result = _formulas_without_result(sheet)
        # The stored size of a sheet is often wrong; without it rows are read as they come.
        sheet.reset_dimensions()
        for row in sheet.iter_rows(values_only=True):
            number += 1
            if number in without_result:
                row = _with_marks(row, without_result[number])
            empty = empty + 1 if all(cell is None for cell in row) else 0
            if empty > _EMPTY_TAIL:
                return
            yield number, row
    except Exception as error:  # a foreign parser on a foreign file, as above
        reason = N_("The sheet is damaged here ({reason}). Save the workbook again.")
        raise UnreadableRow(number + 1, Message(reason, {"reason": type(error).__name__})) from error


def _with_marks(row: Sequence[Cell], columns: Sequence[int]) -> Sequence[Cell]:
    """The row with NO_RESULT in `columns` (counted from 1)."""
    cells = [*row, *[None] * (max(columns) - len(row))]
    for column in columns:
        cells[column - 1] = NO_RESULT
    return cells


def _formulas_without_result(sheet: Any) -> Mapping[int, Sequence[int]]:
    """Row -> columns of cells with a formula that was never calculated; both count from 1.

    Such a cell reads as an empty one. Programs that write workbooks without calculating leave them behind.
    """
    with sheet._get_source() as stream:
        if not _has_formula(stream):
            return {}
    out: dict[int, list[int]] = {}
    number = 0
    with sheet._get_source() as stream:
        for _, row in ElementTree.iterparse(stream):
            if row.tag != f"{_MAIN}row":
                continue
            number = int(
                row.get("r", number + 1)
            )  # a row may leave out its place; it then follows the one before
            if columns := _columns_without_result(row):
                out[number] = columns
            row.clear()
    return out


def _columns_without_result(row: ElementTree.Element) -> list[int]:
    out, column = [], 0
    for cell in row:
        letters = _COLUMN_LETTERS.match(cell.get("r", ""))
        column = column_index_from_string(letters[0]) if letters else column + 1
        if cell.find(f"{_MAIN}f") is not None and _lacks_result(cell):
            out.append(column)
    return out


def _has_formula(stream: IO[bytes]) -> bool:
    """Whether the sheet's XML holds a formula: nearly none does, and looking is much faster than parsing."""
    end = b""
    while block := stream.read(_SCAN_BYTES):
        if _FORMULA.search(end + block):
            return True
        end = block[-64:]
    return False


def _lacks_result(cell: ElementTree.Element) -> bool:
    """A stored result that is an empty text is a result: it has the type ``str`` and an empty value."""
    value = cell.find(f"{_MAIN}v")
    return value is None or (not value.text and cell.get("t") != "str")
