"""Safe copies: everything a home needs to live again, in a file that only the recovery key opens.

A copy is taken from one snapshot, so it may be made while the site works. It holds the chains, every other table that
is no projection, the key folder and the stored files (blobs). A later copy may continue an earlier one and leave out
the facts and files that lie there: they never change. Everything else is small and copied whole.

The format does not depend on the database: a copy of SQLite can be restored into PostgreSQL and the other way round.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection, Table, select
from sqlmodel import SQLModel

from delivery.record.segment import Place
from delivery.store import projections, tables
from delivery.store.blobs import Blobs
from delivery.store.chains import AGAIN, FACT, all_heads, hash_at, places, rows_between
from delivery.store.database import Database

CONTEXT = "backup"
_LEFT_OUT = frozenset({"portal_session", "sign_in_failure", FACT.name, AGAIN.name})
"""Who is signed in at this moment is not worth a copy; the chains have frames of their own."""
_ROWS = 2000
_BLOCK = 1 << 20
LEVEL = 3
"""Of zstd."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a copy says of itself, in its last frame."""

    id: str
    base: str
    """Id of the copy that this one continues; empty for a full one."""
    made_at: str
    """RFC 3339, UTC."""
    site: str
    main: str
    """Code of the main site, whose word goes first where two sites told the same."""
    revision: str
    """Schema of the database."""
    ends: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Stream -> (sequence, hash) of its last fact."""
    facts: int = 0
    """Facts in all, those of earlier copies included."""
    blobs: int = 0
    """Files in all; 0 when they were left out."""

    def as_json(self) -> dict[str, Any]:
        """The manifest as a JSON document."""
        return {name: getattr(self, name) for name in Manifest.__slots__}


@dataclass(slots=True)
class Held:
    """What a copy and those before it hold: the reason why the next one is small."""

    id: str = ""
    file: str = ""
    ends: dict[str, Place] = field(default_factory=dict)
    blobs: set[str] = field(default_factory=set)

    def as_bytes(self) -> bytes:
        """For the file that remembers it."""
        return orjson.dumps(
            {
                "id": self.id,
                "file": self.file,
                "ends": {name: list(place) for name, place in self.ends.items()},
                "blobs": sorted(self.blobs),
            }
        )


def read_held(raw: bytes) -> Held:
    """The reverse; nothing is held when it cannot be read, so that the next copy is a full one."""
    try:
        document = orjson.loads(raw)
        ends = {name: Place(*place) for name, place in document["ends"].items()}
        return Held(document["id"], document["file"], ends, set(document["blobs"]))
    except (ValueError, KeyError, TypeError):
        return Held()


def plain_tables() -> list[Table]:
    """Tables that are copied row by row, those that others refer to first."""
    tables.register()
    filled = {model.__tablename__ for model in projections.TABLES}
    return [t for t in SQLModel.metadata.sorted_tables if t.name not in _LEFT_OUT | filled]


def frames(
    database: Database,
    blobs: Blobs,
    *,
    keys_dir: Path,
    settings: str,
    manifest: Manifest,
    held: Held,
    with_blobs: bool,
) -> Iterator[bytes]:
    """Frames of a copy, each a kind byte and its content. `held` is brought up to what this copy holds.

    The keys come first: the witness among them must not be ahead of the facts. Files come last, when the snapshot of
    the database is given back: they never change, and may take long.
    """
    yield _packed(b"C", {"settings": settings})
    for file in sorted(path for path in keys_dir.rglob("*") if path.is_file()):
        content = base64.b64encode(file.read_bytes()).decode()
        yield _packed(b"K", {"file": file.relative_to(keys_dir).as_posix(), "content": content})
    total = 0
    with database.read() as connection:
        ends = {head.stream: (head.seq, head.hash) for head in all_heads(connection)}
        for stream, place in sorted(places(connection).items()):
            total += place.seq
            yield from _stream_frames(connection, place, held.ends.get(stream))
            held.ends[stream] = place
        for table in plain_tables():
            for portion in _rows(connection, table):
                yield _packed(b"T", {"table": table.name, "rows": portion})
    addresses = blobs.addresses() if with_blobs else []
    for address in addresses:
        if address not in held.blobs and blobs.exists(address):  # it may have been erased since
            yield from _blob_frames(blobs, address)
            held.blobs.add(address)
    yield _packed(b"M", {**manifest.as_json(), "ends": ends, "facts": total, "blobs": len(addresses)})


def _packed(kind: bytes, document: Any) -> bytes:
    return kind + zstandard.ZstdCompressor(level=LEVEL).compress(orjson.dumps(document))


def _stream_frames(connection: Connection, place: Place, begin: Place | None) -> Iterator[bytes]:
    """Facts of one stream behind `begin`, or all when that is no longer on its chain (it was mended since)."""
    if begin is not None and hash_at(connection, begin.stream, begin.seq) != begin.hash:
        begin = None
    first = begin.seq + 1 if begin else 1
    yield _packed(b"S", {"stream": place.stream, "first": first})
    for at in range(first, place.seq + 1, _ROWS):
        rows = rows_between(connection, place.stream, at, min(at + _ROWS - 1, place.seq))
        yield _packed(b"F", [list(row) for row in rows])


def _rows(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    keys = list(table.primary_key) or list(table.columns)
    query = select(table).order_by(*keys).execution_options(yield_per=_ROWS)
    for part in connection.execute(query).mappings().partitions(_ROWS):
        yield [{name: _out(value) for name, value in row.items()} for row in part]


def _blob_frames(blobs: Blobs, address: str) -> Iterator[bytes]:
    """A file in pieces, because some are gigabytes long; unpacked, because media do not get smaller."""
    path = blobs.local_path(address)
    pieces: Iterable[bytes]
    if path is not None:
        pieces = _pieces(path)
    else:
        data = blobs.get(address)
        pieces = (data[at : at + _BLOCK] for at in range(0, max(len(data), 1), _BLOCK))
    offset = 0
    for piece in pieces:
        yield b"B" + bytes.fromhex(address) + offset.to_bytes(8, "big") + piece
        offset += len(piece)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield stream.read(_BLOCK)  # an empty file has one empty piece
        while piece := stream.read(_BLOCK):
            yield piece


def _out(value: Any) -> Any:
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(bytes(value)).decode()}
    return value.isoformat() if isinstance(value, date | datetime) else value
