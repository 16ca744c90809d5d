"""Rows of a table -> frozen values, with every problem named by file, row and column.

Row numbers are those a spreadsheet shows: the header is row 1, and empty rows count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from delivery.catalogue.cells import FORMULA_WITHOUT_RESULT, NO_RESULT, BadCell, Cell, is_empty, plain_key
from delivery.catalogue.tablespec import Column, TableSpec
from delivery.errors import N_, Message


class Where(NamedTuple):
    """A place that a person can find: file (or sheet) and row."""

    file: str
    row: int


class UnreadableRow(ValueError):
    """The reader cannot go on after this row; `reason` says why and what to do."""

    def __init__(self, row: int, reason: Message) -> None:
        self.row = row
        self.reason = reason
        super().__init__(str(reason))


@dataclass(frozen=True, slots=True)
class RawTable:
    """What a reader found: a label for people, the header, and numbered rows that are read once."""

    file: str
    header: Sequence[Cell]
    rows: Iterator[tuple[int, Sequence[Cell]]]
    full_rows: bool
    """Every row should have as many cells as the header (true for CSV, where fewer means a broken line)."""


@dataclass(slots=True)
class Problems:
    """Everything that is wrong (`found`) and everything worth knowing (`notes`), in the order of the files."""

    found: list[Message] = field(default_factory=list)
    notes: list[Message] = field(default_factory=list)
    broken: dict[str, set[Any]] = field(default_factory=dict)
    """Table -> keys of rows that stand there but cannot be used: what refers to them is not wrong as well."""
    unread: set[str] = field(default_factory=set)
    """Tables of which nothing could be read."""

    def excuses(self, table: str, key: Any) -> bool:
        """Whether `key` may be missing from `table` only because of a problem that is already listed."""
        return table in self.unread or key in self.broken.get(table, ())

    def in_file(self, file: str, reason: Message) -> None:
        self.found.append(Message(N_("{file}: {reason}"), {"file": file, "reason": reason}))

    def in_row(self, where: Where, reason: Message) -> None:
        self.found.append(
            Message(
                N_("{file}, row {row}: {reason}"), {"file": where.file, "row": where.row, "reason": reason}
            )
        )

    def in_cell(self, where: Where, column: str, reason: Message) -> None:
        self.found.append(
            Message(
                N_("{file}, row {row}, column “{column}”: {reason}"),
                {"file": where.file, "row": where.row, "column": column, "reason": reason},
            )
        )


class Parsed(NamedTuple):
    """A row as a value, and where it stands."""

    value: Any
    where: Where


def parse_table(spec: TableSpec, table: RawTable, problems: Problems) -> list[Parsed]:
    """The good rows of `table`. What is wrong goes to `problems`; nothing is raised."""
    layout = _layout(spec, table, problems)
    defaults = {column.name: column.default for column in spec.columns}
    if layout is None:
        problems.unread.add(spec.name)
        return []
    out: list[Parsed] = []
    first_row: dict[tuple[Any, ...], int] = {}
    width = len(table.header)
    try:
        for number, row in table.rows:
            if (not row or is_empty(row[0])) and all(map(is_empty, row)):
                continue
            where = Where(table.file, number)
            if not _fits(row, width, table, where, problems):
                continue
            value = _build(spec, layout, dict(defaults), row, where, problems)
            if value is None:
                continue
            key = tuple(part.casefold() if isinstance(part, str) else part for part in spec.key(value))
            if first_row.setdefault(key, number) != number:
                _repeated(spec, value, where, first_row[key], problems)
                continue
            out.append(Parsed(value, where))
    except UnreadableRow as stop:
        problems.in_row(Where(table.file, stop.row), stop.reason)
        problems.unread.add(spec.name)
    return out


def _layout(spec: TableSpec, table: RawTable, problems: Problems) -> list[tuple[Column, int]] | None:
    """Which cell holds which column; None when a needed column is missing, so that reading on would be guessing."""
    by_name = {plain_key(name): column for column in spec.columns for name in (column.name, *column.also)}
    found: dict[str, int] = {}
    for index, cell in enumerate(table.header):
        if is_empty(cell):
            continue
        if cell is NO_RESULT:
            problems.in_cell(Where(table.file, 1), str(index + 1), Message(FORMULA_WITHOUT_RESULT))
            return None
        column = by_name.get(plain_key(str(cell)))
        if column is None:
            known = ", ".join(c.name for c in spec.columns)
            reason = Message(N_("This table has no such column. It may have: {known}."), {"known": known})
            problems.in_cell(Where(table.file, 1), str(cell)[:40], reason)
        elif column.name in found:
            problems.in_cell(
                Where(table.file, 1), str(cell)[:40], Message(N_("This column stands here twice."))
            )
        else:
            found[column.name] = index
    missing = [column for column in spec.columns if column.needed and column.name not in found]
    for column in missing:
        names = ", ".join((column.name, *column.also))
        reason = Message(N_("The column is missing. Its header is one of: {names}."), {"names": names})
        problems.in_cell(Where(table.file, 1), column.name, reason)
    if missing:
        return None
    return [(column, found[column.name]) for column in spec.columns if column.name in found]


def _fits(row: Sequence[Cell], width: int, table: RawTable, where: Where, problems: Problems) -> bool:
    if len(row) == width:
        return True
    excess = any(not is_empty(cell) for cell in row[width:])
    if excess or (table.full_rows and len(row) < width):
        reason = Message(
            N_(
                "The row has {found} cells where the header has {wanted}. "
                "Look for a missing quotation mark or separator."
            ),
            {"found": len(row), "wanted": width},
        )
        problems.in_row(where, reason)
        return False
    return True


def _build(
    spec: TableSpec,
    layout: list[tuple[Column, int]],
    values: dict[str, Any],
    row: Sequence[Cell],
    where: Where,
    problems: Problems,
) -> Any:
    """The row as a value, or None; `values` holds the defaults and is filled."""
    sound = True
    size = len(row)
    for column, index in layout:
        cell = row[index] if index < size else None
        if cell is None or cell == "" or is_empty(cell):
            if column.needed:
                sound = False
                problems.in_cell(where, column.name, Message(N_("The cell is empty. Fill it in.")))
            continue
        try:
            values[column.name] = column.parse(cell)
        except BadCell as bad:
            sound = False
            problems.in_cell(where, column.name, bad.reason)
    if sound:
        return spec.build(values)
    parts = tuple(values[name] for name in spec.key_columns)
    problems.broken.setdefault(spec.name, set()).add(parts if len(parts) > 1 else parts[0])
    return None


def _repeated(spec: TableSpec, value: Any, where: Where, first: int, problems: Problems) -> None:
    shown = " / ".join(str(part) for part in spec.key(value))
    reason = Message(
        N_("“{key}” stands in row {first} already. Keep one of the two rows."), {"key": shown, "first": first}
    )
    problems.in_cell(where, ", ".join(spec.key_columns), reason)
