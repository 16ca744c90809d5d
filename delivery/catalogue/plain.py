"""Rows of registers as plain JSON values, and back; the same text for equal rows."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from operator import getitem
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(row: Any) -> dict[str, Any]:
    """Fields that differ from their default, as JSON values."""
    out = {}
    for name, default in _defaults(type(row)):  # type: ignore[arg-type]
        value = getattr(row, name)
        if value != default:
            out[name] = _plain(value)
    return out


@cache
def _defaults(kind: type[Any]) -> tuple[tuple[str, Any], ...]:
    """(field, default) of a dataclass or named tuple; MISSING where there is none."""
    if issubclass(kind, tuple):
        known: Mapping[str, Any] = kind._field_defaults  # type: ignore[attr-defined]
        return tuple((name, known.get(name, MISSING)) for name in kind._fields)  # type: ignore[attr-defined]
    return tuple((item.name, item.default) for item in fields(kind))


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


def reader_of(kind: Callable[..., T]) -> Callable[[Any, Mapping[str, Any]], T]:
    """:func:`from_plain` of one kind of named tuple, for many rows: (its first field as it is, the others) -> row.

    Hundreds of thousands of rows share a few thousand days, amounts and words: each is read once, and a row is put
    together without a step of Python for each field. Whole numbers may be given as their digits.
    """
    hints = get_type_hints(kind)
    columns = _defaults(kind)[1:]
    names = tuple(name for name, _ in columns)
    memos = tuple(_Memo(_memo_reader(hints[name]), default) for name, default in columns)

    def read(first: Any, document: Mapping[str, Any]) -> T:
        return kind(first, *map(getitem, memos, map(document.get, names)))

    return read


class _Memo(dict[Any, Any]):
    """Values by their plain form, and the default for None."""

    _MOST = 50_000

    def __init__(self, read: Callable[[Any], Any], default: Any) -> None:
        super().__init__()
        self._read, self._default = read, default

    def __missing__(self, plain: Any) -> Any:
        if len(self) >= self._MOST:
            self.clear()
        if plain is None and self._default is MISSING:
            raise TypeError("a field is missing")
        value = self[plain] = self._default if plain is None else self._read(plain)
        return value


def _memo_reader(hint: Any) -> Callable[[Any], Any]:
    return int if hint is int else _reader(hint)


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
        return date.fromisoformat
    if hint is Decimal or (isinstance(hint, type) and issubclass(hint, Enum)):
        return hint
    return _as_is


def _as_is(value: Any) -> Any:
    return value
