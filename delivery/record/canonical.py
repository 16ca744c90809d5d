"""Canonical bytes of facts: RFC 8785 (JSON Canonicalization Scheme), restricted so that it is fast and unambiguous.

Within the restriction (ASCII keys, no floating-point numbers, integers within ±(2^53 - 1)), orjson with sorted keys
writes exactly the bytes of RFC 8785; tests hold it against an independent implementation. Amounts with decimals are
carried as strings.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import orjson

MAX_SAFE_INTEGER = 2**53 - 1
Json = Any


class NotCanonical(ValueError):
    """The value lies outside the restriction; the text names the place."""


def canonical(value: Json) -> bytes:
    """RFC 8785 bytes of `value`. Raises NotCanonical for floats, unsafe integers, non-ASCII keys or foreign types."""
    require_canonical(value)
    return canonical_unchecked(value)


def canonical_unchecked(value: Json) -> bytes:
    """As :func:`canonical` for values already known to satisfy the restriction."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise NotCanonical(str(error)) from error


def parse_written(text: str) -> Json:
    """The value of a text that is, byte for byte, what :func:`canonical` writes for it.

    It does not look for floats and for keys that are not ASCII: whoever knows the types of the value's parts need not
    walk through them again (:func:`require_canonical`). Raises NotCanonical, or ValueError when it is no JSON.
    """
    value = orjson.loads(text)
    try:
        again = orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError as error:
        raise NotCanonical(str(error)) from error
    if again != text.encode():
        raise NotCanonical("$: not as RFC 8785 writes it")
    return value


def require_canonical(value: Json, path: str = "$") -> None:
    """Raise NotCanonical naming the first place that breaks the restriction."""
    if not _is_canonical(value):
        _name_the_place(value, path)


def _is_canonical(value: Json) -> bool:
    kind = type(value)
    if kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        value = value.values()
    elif kind is not list and kind is not tuple:
        return (
            kind is str
            or value is None
            or kind is bool
            or (kind is int and -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER)
        )
    elif {*map(type, value)} == {tuple}:
        # Rows, such as the pages of a packet: their cells in one go.
        value = chain.from_iterable(value)
    for item in value:
        leaf = type(item)
        # Texts and small numbers are most of what facts hold: no call for each of them.
        if not (leaf is str or (leaf is int and -MAX_SAFE_INTEGER <= item <= MAX_SAFE_INTEGER)) and not (
            _is_canonical(item)
        ):
            return False
    return True


def _name_the_place(value: Json, path: str) -> None:
    kind = type(value)
    if kind is dict:
        for key, item in value.items():
            if type(key) is not str or not key.isascii():
                raise NotCanonical(f"{path}: key {key!r} is not ASCII text")
            _name_the_place(item, f"{path}.{key}")
    elif kind is list or kind is tuple:
        for index, item in enumerate(value):
            _name_the_place(item, f"{path}[{index}]")
    elif kind is int and not -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER:
        raise NotCanonical(f"{path}: integer outside ±(2^53 - 1)")
    elif not _is_canonical(value):
        raise NotCanonical(f"{path}: {kind.__name__} cannot be carried in a fact")


def parse(data: bytes | str) -> Json:
    """JSON text -> value."""
    return orjson.loads(data)
