"""What a table of a hand-over is: its columns, their names in two languages, and how a row is built."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from delivery.catalogue import cells


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its English name; `also` are Vietnamese headers."""

    name: str
    parse: cells.Parser
    also: tuple[str, ...]
    needed: bool = True
    """Every row has a value here."""
    default: Any = ""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table: file name without ending, other file names, columns, and what its rows become."""

    name: str
    also: tuple[str, ...]
    columns: tuple[Column, ...]
    build: Callable[[dict[str, Any]], Any]
    key: Callable[[Any], tuple[Any, ...]]
    key_columns: tuple[str, ...]
    needed: bool = True
    """The import cannot do without this table."""
