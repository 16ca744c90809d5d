"""Rows of registers as plain JSON values, and back; the same text for equal rows."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(row: Any) -> dict[str, Any]:
    """Fields that differ from their default, as JSON values."""
    out = {}
    for item in fields(row):
        value = getattr(row, item.name)
        if value != item.default:
            out[item.name] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    return value


def from_plain(kind: type[T], document: Mapping[str, Any]) -> T:
    """A row of `kind` from :func:`to_plain`. Raises TypeError or ValueError when it is not one."""
    readers = _readers(kind)  # type: ignore[arg-type]
    return kind(**{name: readers[name](value) for name, value in document.items()})


def reader_of(kind: type[T]) -> Callable[[Mapping[str, Any]], T]:
    """:func:`from_plain` of one kind, for many rows: plain values are taken as they are."""
    readers = [(name, read) for name, read in _readers(kind).items() if read is not _as_is]  # type: ignore[arg-type]

    def read(document: Mapping[str, Any]) -> T:
        values = dict(document)
        for name, convert in readers:
            value = values.get(name)
            if value is not None:
                values[name] = convert(value)
        return kind(**values)

    return read


@cache
def _readers(kind: type[Any]) -> dict[str, Callable[[Any], Any]]:
    hints = get_type_hints(kind)
    return {item.name: _reader(hints[item.name]) for item in fields(kind)}


def _reader(hint: Any) -> Callable[[Any], Any]:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        inner = _reader(next(arg for arg in get_args(hint) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if origin is tuple:
        one = _reader(get_args(hint)[0])
        return lambda value: tuple(one(item) for item in value)
    if hint is datetime:
        return datetime.fromisoformat
    if hint is date:
        return _remembered(date.fromisoformat)
    if hint is Decimal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return _remembered(hint)
    return _as_is


def _as_is(value: Any) -> Any:
    return value


_MOST_REMEMBERED = 50_000


def _remembered(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`read`, with its answers kept: hundreds of thousands of rows share a few thousand days, amounts and words."""
    known: dict[Any, Any] = {}

    def ask(value: Any) -> Any:
        found = known.get(value)
        if found is None:
            if len(known) >= _MOST_REMEMBERED:
                known.clear()
            found = known[value] = read(value)
        return found

    return ask
