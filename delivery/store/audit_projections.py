"""The tables for fast reading against what the facts give: replayed beside the database and compared row by row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, create_engine, select
from sqlalchemy.exc import StatementError

from delivery.record.facts import Fact
from delivery.record.ledger import Problem
from delivery.store import projections
from delivery.store.audit_reading import BATCH, FACT_COLUMNS, FACTS, Unreadable, as_stored, fact_of, shown

_MODELS: tuple[Any, ...] = projections.TABLES
_TABLES: tuple[Table, ...] = tuple(model.__table__ for model in _MODELS)
MOST = 20
"""Rows that are named per table; the rest is counted."""

Row = tuple[Any, ...]
"""Values of one row: primary key first."""


def projection_problems(connection: Connection) -> Iterator[Problem]:
    """Every row of a projection that the facts, as this connection sees them, do not give."""
    unreadable: list[Problem] = []
    with _memory() as expected:
        try:
            projections.rebuild(expected, _facts(connection, unreadable))
        except (StatementError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
            reason = f"the facts cannot be replayed: {shown(error)}"
            unreadable.append(Problem("projection:*", 0, "projection", detail=reason))
            yield from unreadable
            return
        yield from unreadable
        for table in _TABLES:
            yield from _table_problems(table, connection, expected)


@contextmanager
def _memory() -> Iterator[Connection]:
    """Empty projections in memory."""
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            for table in _TABLES:
                table.create(connection)
            yield connection
    finally:
        engine.dispose()


def _facts(connection: Connection, unreadable: list[Problem]) -> Iterator[Fact]:
    """All facts in the order in which they were told; those that cannot be read are noted and left out."""
    query = select(*map(as_stored, FACT_COLUMNS)).order_by(FACTS.c.hlc, FACTS.c.stream, FACTS.c.seq)
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        try:
            yield fact_of(row)
        except Unreadable as error:
            place = row.seq if isinstance(row.seq, int) else 0
            unreadable.append(
                Problem(shown(row.stream), place, "unreadable", shown(row.id), shown(f"in an audit: {error}"))
            )


def _table_problems(table: Table, stored: Connection, expected: Connection) -> Iterator[Problem]:
    stream = f"projection:{table.name}"
    differing = (
        (left, right)
        for left, right in _paired(_rows(stored, table), _rows(expected, table), len(table.primary_key))
        if left != right
    )
    names = [column.name for column in _columns(table)]
    for left, right in islice(differing, MOST):
        yield Problem(stream, 0, "projection", *_described(names, len(table.primary_key), left, right))
    if more := sum(1 for _ in differing):
        yield Problem(stream, 0, "projection", detail=f"… and {more} more: {MOST + more} rows differ in all")


def _columns(table: Table) -> list[Any]:
    keys = list(table.primary_key)
    return [*keys, *(column for column in table.columns if not column.primary_key)]


def _rows(connection: Connection, table: Table) -> Iterator[Row]:
    """Rows in the order of their keys' bytes, which is the same on every database."""
    keys = list(table.primary_key)
    order = [key.collate("C") for key in keys] if connection.dialect.name == "postgresql" else keys
    query = select(*map(as_stored, _columns(table))).order_by(*order)
    for row in connection.execute(query.execution_options(yield_per=BATCH)):
        yield tuple(row)


def _paired(
    stored: Iterator[Row], expected: Iterator[Row], width: int
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows with the same key side by side; None where one side has no such row. Both come in order of their keys."""
    left, right = next(stored, None), next(expected, None)
    while left is not None or right is not None:
        same = left == right
        if right is None or (not same and left is not None and _rank(left[:width]) < _rank(right[:width])):
            yield left, None
            left = next(stored, None)
        elif left is None or (not same and _rank(right[:width]) < _rank(left[:width])):
            yield None, right
            right = next(expected, None)
        else:
            yield left, right
            left, right = next(stored, None), next(expected, None)


def _rank(key: Row) -> tuple[tuple[bool, bytes], ...]:
    """SQLite puts bytes after texts, and compares both as bytes."""
    return tuple(
        (True, part) if isinstance(part, bytes) else (False, str(part).encode("utf-8", "surrogateescape"))
        for part in key
    )


def _described(names: list[str], width: int, left: Row | None, right: Row | None) -> tuple[str, str]:
    """(fact, detail) of a difference; of rows that both sides have, only the columns that differ."""
    known = right or left or ()
    row = dict(zip(names, known, strict=True))
    changed = [
        at for at in range(width, len(names)) if left is None or right is None or left[at] != right[at]
    ]

    def told(values: Row | None) -> str:
        if values is None:
            return "nothing"
        return " ".join(f"{names[at]}={shown(values[at])}" for at in changed) or "it"

    key = "/".join(shown(part) for part in known[:width])
    fact = shown(row.get("fact", row.get("profile_fact", "")))
    return fact, f"{key}: stored {told(left)} but the facts give {told(right)}"
