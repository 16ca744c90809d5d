"""Verify one range of one stream: quickly where nothing was changed, row by row where something was.

A range begins with the row before it, so that a problem at a seam is reported once and at its own place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from delivery.record.ledger import Problem, RawRow, Reader, StreamEnd, genesis
from delivery.record.unbroken import is_unbroken
from delivery.store.database import Database

CHUNK = 500
"""Rows that are proved together: as many as stay in a processor's cache."""
ROW = "seq, id, kind, learner, recorded_at, hlc, content, hash"
_EVERY_ROW = f"(SELECT stream, {ROW} FROM fact UNION ALL SELECT stream, {ROW} FROM fact_again) AS every_row"
"""Facts, and the rows of chains whose id another row already tells."""
_TYPED = "seq, " + ", ".join(
    f"CASE typeof({name}) WHEN '{kind}' THEN {name} END"
    for name, kind in (
        ("id", "text"),
        ("kind", "text"),
        ("learner", "text"),
        ("recorded_at", "integer"),
        ("hlc", "integer"),
        ("content", "text"),
        ("hash", "text"),
    )
)
"""SQLite keeps any type in any column: what has another one than was told is NULL here, which no chain can hold."""

Query = Callable[..., Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Range:
    """Rows of one stream with first <= seq < stop (None: to the end)."""

    stream: str
    first: int | None
    stop: int | None


@dataclass(frozen=True, slots=True)
class RangeResult:
    """What was found in one range, and where it ended."""

    range: Range
    count: int
    problems: tuple[Problem, ...]
    end: StreamEnd


def verify_range_at(url: str, item: Range) -> RangeResult:
    """As :func:`verify_range`, in a process of its own."""
    database = Database(url)
    try:
        return verify_range(database, item)
    finally:
        database.close()


def verify_range(database: Database, item: Range) -> RangeResult:
    """Verify one range. The problems of the row before it belong to the range before."""
    return _proved(database, item) or _searched(database, item)


def _proved(database: Database, item: Range) -> RangeResult | None:
    """The result for a range in which nothing was changed; None for any other."""
    try:
        with texts(database) as query:
            source = source_of(query)
            at, last = 0, genesis(item.stream)
            if item.first is not None:
                before = (
                    f"SELECT seq, hash FROM {source} WHERE stream = :s AND seq < :a ORDER BY seq DESC LIMIT 1"
                )
                for at, last in query(before, s=item.stream, a=item.first):  # noqa: B007
                    pass
            start = at
            rows = _rows(query, source, item, ROW)
            while chunk := list(islice(rows, CHUNK)):
                if not is_unbroken(item.stream, chunk, first=at + 1, prev=last):
                    return None
                at, last = chunk[-1][0], chunk[-1][-1]
    except (sqlite3.Error, UnicodeError, TypeError):
        return None  # texts that are no UTF-8, or a place that is no number
    return RangeResult(item, at - start, (), StreamEnd(at, (last,))) if at > start else None


def _searched(database: Database, item: Range) -> RangeResult:
    """The result for any range, with the place of everything that is wrong."""
    reader = Reader(item.stream, before=(genesis(item.stream).encode(),))
    with raw(database) as query:
        source = source_of(query)
        columns = _TYPED if database.dialect == "sqlite" else ROW
        overlap: list[RawRow] = []
        if item.first is not None:
            before = (
                f"SELECT {columns} FROM {source} WHERE stream = :s AND seq < :a ORDER BY seq DESC LIMIT 2"
            )
            overlap = list(query(before, s=item.stream, a=item.first))
        if overlap:
            last = overlap[0]
            reader.expected = last[0]
            reader.before = (overlap[1][-1],) if len(overlap) > 1 else reader.before
            list(reader.read([last]))
            reader.count = 0
        problems = tuple(reader.read(_rows(query, source, item, columns)))
    return RangeResult(item, reader.count, problems, reader.end())


def _rows(query: Query, source: str, item: Range, columns: str) -> Iterator[Any]:
    bounds: dict[str, int] = {}
    condition = ""
    if item.first is not None:
        condition, bounds["a"] = " AND seq >= :a", item.first
    if item.stop is not None:
        condition, bounds["b"] = condition + " AND seq < :b", item.stop
    return query(
        f"SELECT {columns} FROM {source} WHERE stream = :s{condition} ORDER BY seq", s=item.stream, **bounds
    )


def source_of(query: Query) -> str:
    """Where the rows of the chains lie; a plain table where nothing was told twice, because it is read faster."""
    return _EVERY_ROW if list(query("SELECT 1 FROM fact_again LIMIT 1")) else "fact"


@contextmanager
def raw(database: Database) -> Iterator[Query]:
    """A function that runs a query and gives rows with all texts as stored bytes."""
    # Nothing is decoded, so that bytes that are no UTF-8 cannot hide.
    with texts(database, as_kind=bytes) as query:
        if database.file is not None:
            yield query
            return

        def run(statement: str, **bound: Any) -> Iterator[Any]:
            for row in query(statement, **bound):
                yield tuple(v.encode() if isinstance(v, str) else v for v in row)

        yield run


@contextmanager
def texts(database: Database, *, as_kind: type[str] | type[bytes] = str) -> Iterator[Query]:
    """A function that runs a query, all from one moment; texts come as `as_kind` from an SQLite file."""
    file = database.file
    if file is not None:
        with _reading(file, as_kind) as query:
            yield query
        return
    with database.read() as reader:

        def run(statement: str, **bound: Any) -> Iterator[Any]:
            return iter(reader.execute(text(statement).execution_options(yield_per=5000), bound))

        yield run


@contextmanager
def _reading(file: Path, as_kind: type[str] | type[bytes]) -> Iterator[Query]:
    connection = sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)
    connection.text_factory = as_kind
    connection.isolation_level = None
    connection.execute("BEGIN")

    def run(statement: str, **bound: Any) -> Iterator[Any]:
        return connection.execute(statement, bound)

    try:
        yield run
    finally:
        connection.close()
