"""A report as a document: letterhead, sections, tables with merged headings, recipients and signature.

One model, from which DOCX, PDF, XLSX, CSV and JSON are written; none of the writers counts anything. A number is a
:class:`Cell` that knows the rows behind it, so that every number can be opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from delivery.errors import N_, Message, NotFound


class Behind(NamedTuple):
    """One row that a number counts, or a text comes from."""

    table: str
    """Register, or ``standings`` for an event of a learner."""
    code: str
    """Key in that table; for learners the learner id, never a name."""
    on: date | None = None
    what: str = ""
    document: str = ""
    """Decision, contract or evidence that it rests on."""


class Cell(NamedTuple):
    """What stands in one cell."""

    text: str
    amount: int | None = None
    """The number, where the cell counts something."""
    behind: tuple[Behind, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    title: str
    number: str = ""
    """As printed under the heading: ``(1)``."""
    group: str = ""
    """Heading over this and its neighbours of the same group."""
    weight: float = 1.0
    """Share of the width of the page."""
    note: str = ""
    """Mark of a footnote, raised behind the title."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the report. Rows are complete: as many cells as columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    size_pt: float = 10.0
    footnote: str = ""
    remark: tuple[str, str] = ("", "")
    """Bold lead and text under the table («Ghi chú:»)."""

    @property
    def numbered(self) -> bool:
        """Whether a row of column numbers stands under the headings."""
        return any(column.number for column in self.columns)

    @property
    def grouped(self) -> bool:
        return any(column.group for column in self.columns)

    @property
    def counted_rows(self) -> bool:
        """Whether the first column holds running numbers («TT», «Số TT»)."""
        return self.columns[0].title.endswith("TT")

    def groups(self) -> Iterator[tuple[str, int, int]]:
        """(heading, first column, number of columns) of each run of columns; heading "" for a column of its own."""
        at = 0
        while at < len(self.columns):
            group = self.columns[at].group
            end = at + 1
            while group and end < len(self.columns) and self.columns[end].group == group:
                end += 1
            yield group, at, end - at
            at = end

    @property
    def count_columns(self) -> tuple[int, ...]:
        """Columns that hold numbers."""
        return tuple(
            at for at in range(len(self.columns)) if any(row[at].amount is not None for row in self.rows)
        )


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered part of the report."""

    number: str
    title: str
    table: Table | None = None
    paragraphs: tuple[str, ...] = ()
    hint: str = ""
    """What the template says stands here; printed in brackets while nothing is written."""
    landscape: bool = False


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The two blocks above a document (Nghị định 30/2020/NĐ-CP)."""

    above: str
    """Supervising body; empty: no line, and no empty line either (TX-1.2)."""
    name: str
    sign: str
    """«Số: …/BC-…»; empty: no such line."""
    place_and_day: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report, complete."""

    kind: str
    year: int
    on: date
    """Day of which the data are."""
    provisional: bool
    """Made before the year is over: numbers of 31 December are projected (A6)."""
    letterhead: Letterhead
    title: str
    subtitle: str
    sections: tuple[Section, ...]
    recipients: tuple[str, ...]
    signature: tuple[str, str, str]
    """Title, what stands under it, name."""
    subject: str = ""
    """Site that it is about; empty: the institution."""
    problems: tuple[Message, ...] = ()
    """What is missing or contradicts itself; told to the maker, never printed."""
    basis: tuple[str, ...] = field(default=())
    """«Căn cứ» lines, where the form has them."""

    def tables(self) -> Iterator[tuple[str, Table]]:
        for section in self.sections:
            if section.table is not None:
                yield section.number, section.table

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """(address, cell) of everything that stands in tables: ``III/2/7`` is table III, row 2, column 7."""
        for number, table in self.tables():
            for at, row in enumerate(table.rows, start=1):
                for column, cell in enumerate(row, start=1):
                    yield f"{number}/{at}/{column}", cell

    def cell(self, address: str) -> Cell:
        """The cell at an address. Raises NotFound, naming the tables that there are."""
        wanted = address.strip().upper().replace(".", "/")
        for known, cell in self.cells():
            if known == wanted:
                return cell
        sizes = [f"{number} ({len(table.rows)} × {len(table.columns)})" for number, table in self.tables()]
        raise NotFound(
            N_("The report has no cell “{address}”."),
            do=N_("Write table/row/column, for example III/1/7. Tables (rows × columns): {known}."),
            address=address,
            known=", ".join(sizes),
        )


def text(value: str, *behind: Behind) -> Cell:
    """A cell of words."""
    return Cell(value, None, behind)


def count(behind: list[Behind] | tuple[Behind, ...]) -> Cell:
    """A cell that counts the rows behind it."""
    return Cell(shown(len(behind)), len(behind), tuple(behind))


def number(value: int, *behind: Behind) -> Cell:
    """A cell with a number that stands in a register."""
    return Cell(shown(value), value, behind)


def shown(value: int) -> str:
    """A whole number as printed in Viet Nam: 12.345."""
    return f"{value:,}".replace(",", ".")
