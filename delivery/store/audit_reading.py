"""How an audit reads: every value as it lies there, and nothing that was stored can stop it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, type_coerce
from sqlalchemy.types import NullType

from delivery.record.canonical import require_canonical
from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.kinds import FactKind, problems_of
from delivery.store.tables.core import FactTable

FACTS = FactTable.__table__  # type: ignore[attr-defined]
FACT_COLUMNS = [FACTS.c[name] for name in FactRow._fields]
BATCH = 1000
_AS_STORED = NullType()
_LONGEST = 120
_SHEET = (str, str, str, str, int, int)
"""Page id, side id, role, activity, page, pages."""


class Unreadable(ValueError):
    """A stored fact does not have the shape of its kind; the text says why."""


@contextmanager
def every_text(connection: Connection) -> Iterator[None]:
    """Let SQLite give texts that are no UTF-8 too, where it would stop at them otherwise."""
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = connection.connection.driver_connection
    before = driver.text_factory
    driver.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    try:
        yield
    finally:
        driver.text_factory = before


def as_stored(column: Column[Any]) -> ColumnElement[Any]:
    """The column without its conversion to a Python type, which would refuse what an edit left there."""
    return type_coerce(column, _AS_STORED).label(column.name)


def fact_of(row: Sequence[Any]) -> Fact:
    """The fact of a stored row. Raises Unreadable."""
    try:
        fact = read_row(row)
        problems = problems_of(fact.kind, fact.data)
        require_canonical(fact.data)
        for value in (fact.stream, fact.id, fact.learner, fact.course, fact.activity, fact.private_hash):
            value.encode()  # no UTF-8 when read with `every_text`
        if not type(fact.seq) is type(fact.occurred_at) is int:
            problems.append("sequence or time is no number")
        if fact.kind is FactKind.PACKET_PLANNED and not all(map(_is_sheet, fact.data["sheets"])):
            problems.append("sheets are not lists of six")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from error
    if problems:
        raise Unreadable("; ".join(problems))
    return fact


def _is_sheet(value: Any) -> bool:
    return isinstance(value, list) and tuple(map(type, value)) == _SHEET


def shown(value: object) -> str:
    """A stored value for people: on one line, no longer than it helps, harmless in a terminal."""
    if isinstance(value, bool):
        value = int(value)
    text = "null" if value is None else str(value)
    harmless = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[: _LONGEST + 1])
    return harmless if len(harmless) <= _LONGEST else harmless[:_LONGEST] + "…"
