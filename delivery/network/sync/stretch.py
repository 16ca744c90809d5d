"""Layout of a stretch of facts on the wire: column by column, because equal things then stand together.

::

    length of header, 4 bytes | header, JSON | ids, 16 bytes each | packed bytes
    packed bytes: columns, JSON | newline | contents, a line each

Canonical JSON has no newline of its own, so contents need no quoting. Stamps travel as differences.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, Final

import orjson

from delivery.record.ledger import Head
from delivery.record.segment import MAX_CONTENT, MAX_ROWS, Row, SealedData, SealedImage, Segment

_LENGTH = struct.Struct(">I")
_MAX_HEADER: Final = 4096
_MAX_COLUMNS: Final = 1 << 23
_MAX_INT = (1 << 63) - 1
_PLAIN = re.compile(r"[ !#-\[\]-~]{0,64}")
_ADDRESS = re.compile(r"[0-9a-f]{64}")


class BadStretch(Exception):
    """These bytes are no stretch of facts."""


def write_segment(segment: Segment, pack: Callable[[bytes], bytes]) -> bytes:
    """Bytes of `segment`. Raises BadStretch for rows that no chain can hold: somebody altered them in the store."""
    try:
        return _written(segment, pack)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadStretch(f"{segment.stream} {segment.first}-{segment.last}") from error


def _written(segment: Segment, pack: Callable[[bytes], bytes]) -> bytes:
    rows = segment.rows
    head = segment.head
    header = orjson.dumps(
        {
            "n": len(rows),
            "h": [head.stream, head.seq, head.hash, head.signed_at, head.signature.hex()],
        }
    )
    kinds, kind_at = _indexed([row.kind for row in rows])
    learners, learner_at = _indexed([row.learner for row in rows])
    place = {row.id: at for at, row in enumerate(rows)}
    columns: dict[str, Any] = {
        "k": kinds,
        "ki": kind_at,
        "l": learners,
        "li": learner_at,
        "r": _differences([row.recorded_at for row in rows]),
        "c": _differences([row.hlc for row in rows]),
    }
    if segment.private:
        columns["p"] = [
            [place[data.fact], base64.b64encode(data.sealed).decode()] for data in segment.private
        ]
        columns["x"] = base64.b64encode(segment.keys).decode()
    if segment.images:
        columns["i"] = [list(image) for image in segment.images]
    ids = bytes.fromhex("".join([row.id for row in rows]).replace("-", ""))
    if len(ids) != 16 * len(rows):
        raise ValueError("ids")
    lines = "\n".join([row.content for row in rows]).encode()
    return b"".join((_LENGTH.pack(len(header)), header, ids, pack(orjson.dumps(columns) + b"\n" + lines)))


def _indexed(values: Sequence[str]) -> tuple[list[str], list[int]]:
    """(distinct values, index of each value among them)."""
    known: dict[str, int] = {}
    at = [known.setdefault(value, len(known)) for value in values]
    return list(known), at


def _differences(values: Sequence[int]) -> list[int]:
    return [value - before for before, value in zip([0, *values], values, strict=False)]


def read_segment(body: bytes, unpack: Callable[[bytes], bytes], read_head: Callable[[Any], Head]) -> Segment:
    """The segment. Raises BadStretch for anything else (and what `unpack` and `read_head` raise)."""
    if len(body) < _LENGTH.size:
        raise BadStretch("length")
    (length,) = _LENGTH.unpack_from(body)
    if length > _MAX_HEADER:
        raise BadStretch("header")
    at = _LENGTH.size + length
    header = _object(body[_LENGTH.size : at])
    count = header.get("n")
    if type(count) is not int or not 0 < count <= MAX_ROWS:
        raise BadStretch("count")
    head = read_head(header.get("h"))
    if head.seq < count:
        raise BadStretch("sequence")
    ids = body[at : at + 16 * count]
    columns, _, lines = unpack(body[at + 16 * count :]).partition(b"\n")
    if len(columns) > _MAX_COLUMNS:
        raise BadStretch("columns")
    try:
        contents = lines.decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadStretch("UTF-8") from error
    if len(ids) != 16 * count or len(contents) != count or max(map(len, contents)) > MAX_CONTENT:
        raise BadStretch("rows")
    table = _object(columns)
    learners = _chosen(table, "l", "li", count)
    rows = tuple(
        map(
            Row,
            _ids(ids),
            _chosen(table, "k", "ki", count),
            learners,
            _sums(table, "r", count),
            _sums(table, "c", count),
            contents,
        )
    )
    return Segment(
        head.stream,
        head.seq - count + 1,
        rows,
        head,
        _private(table, rows),
        _base64(table.get("x", "")),
        _images(table),
    )


def _ids(raw: bytes) -> list[str]:
    """As str(UUID(bytes=…)) of each 16 bytes, much faster."""
    text = raw.hex()
    return [
        f"{text[n : n + 8]}-{text[n + 8 : n + 12]}-{text[n + 12 : n + 16]}-"
        f"{text[n + 16 : n + 20]}-{text[n + 20 : n + 32]}"
        for n in range(0, len(text), 32)
    ]


def _object(raw: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(raw)
    except (orjson.JSONDecodeError, RecursionError) as error:
        raise BadStretch("JSON") from error
    if not isinstance(document, dict):
        raise BadStretch("object")
    return document


def _chosen(table: dict[str, Any], values: str, indexes: str, count: int) -> list[str]:
    """A column of texts from its distinct values and indexes into them."""
    known, at = table.get(values), table.get(indexes)
    if not isinstance(known, list) or not isinstance(at, list) or len(at) != count or len(known) > count:
        raise BadStretch(values)
    if not all(isinstance(value, str) and _PLAIN.fullmatch(value) for value in known):
        raise BadStretch(values)
    if set(map(type, at)) != {int} or not 0 <= min(at) <= max(at) < len(known):
        raise BadStretch(indexes)
    return [known[index] for index in at]


def _sums(table: dict[str, Any], name: str, count: int) -> list[int]:
    """A column of stamps from their differences."""
    steps = table.get(name)
    if not isinstance(steps, list) or len(steps) != count:
        raise BadStretch(name)
    if set(map(type, steps)) != {int}:
        raise BadStretch(name)
    out = list(accumulate(steps))
    if not 0 <= min(out) <= max(out) <= _MAX_INT:
        raise BadStretch(name)
    return out


def _private(table: dict[str, Any], rows: Sequence[Row]) -> tuple[SealedData, ...]:
    listed = table.get("p", [])
    if not isinstance(listed, list) or len(listed) > len(rows):
        raise BadStretch("p")
    out = []
    for item in listed:
        if not isinstance(item, list) or len(item) != 2:
            raise BadStretch("p")
        index, sealed = item
        if type(index) is not int or not 0 <= index < len(rows):
            raise BadStretch("p")
        out.append(SealedData(rows[index].id, rows[index].learner, _base64(sealed)))
    return tuple(out)


def _images(table: dict[str, Any]) -> tuple[SealedImage, ...]:
    listed = table.get("i", [])
    if not isinstance(listed, list) or len(listed) > MAX_ROWS:
        raise BadStretch("i")
    out = []
    for item in listed:
        if not isinstance(item, list) or len(item) != 3 or not all(isinstance(part, str) for part in item):
            raise BadStretch("i")
        learner, digest, address = item
        if not _PLAIN.fullmatch(learner) or not _ADDRESS.fullmatch(digest) or not _ADDRESS.fullmatch(address):
            raise BadStretch("i")
        out.append(SealedImage(learner, digest, address))
    return tuple(out)


def _base64(value: Any) -> bytes:
    if not isinstance(value, str):
        raise BadStretch("base64")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadStretch("base64") from error
