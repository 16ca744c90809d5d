"""Puts copies back into an empty home: the chains, the tables, the files, and then what is derived from them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import zstandard
from sqlalchemy import Connection, Date, DateTime, MetaData, Table, delete, insert, select

from delivery.errors import N_, BadInput
from delivery.record.facts import FactRow
from delivery.store.archive import Manifest
from delivery.store.blobs import Blobs
from delivery.store.chains import AGAIN, FACT, insert_rows, known_ids, settle

_MAX_FRAME = 1 << 28


class Restoring:
    """Takes the frames of one copy after the other, the oldest first."""

    def __init__(self, connection: Connection, blobs: Blobs, folder: Path) -> None:
        """`connection` writes into an empty database of the copies' schema; `folder` keeps pieces of files."""
        self._connection = connection
        self._blobs = blobs
        self._folder = folder
        self._schema = MetaData()
        self._schema.reflect(connection)
        self._emptied: set[str] = set()
        self._piece: tuple[str, Path] | None = None
        self.keys: dict[str, bytes] = {}
        """Files of the key folder, by their path in it."""
        self.settings = ""
        """Text of the settings file."""
        self.manifest: Manifest | None = None

    def begin(self) -> None:
        """The next copy begins: all but facts and files is taken from the newest one."""
        self._emptied.clear()
        self.keys.clear()
        self.manifest = None

    def take(self, frame: bytes) -> None:
        """One frame. Raises BadInput when it cannot be read."""
        kind, body = frame[:1], frame[1:]
        try:
            if kind == b"B":
                self._take_piece(body[:32].hex(), int.from_bytes(body[32:40], "big"), body[40:])
                return
            unpacked = zstandard.ZstdDecompressor().decompress(body, max_output_size=_MAX_FRAME)
            document = orjson.loads(unpacked)
            if kind == b"S":
                self._cut(document["stream"], document["first"])
            elif kind == b"F":
                self._take_facts([FactRow(*row) for row in document])
            elif kind == b"T":
                self._take_rows(self._schema.tables[document["table"]], document["rows"])
            elif kind == b"K":
                self.keys[document["file"]] = base64.b64decode(document["content"])
            elif kind == b"C":
                self.settings = str(document["settings"])
            elif kind == b"M":
                self.manifest = Manifest(**document)
        except (ValueError, KeyError, TypeError, zstandard.ZstdError) as error:
            raise BadInput(
                N_("This copy cannot be read: {reason}"),
                do=N_("Use another copy, or the version of this program that made it."),
                reason=str(error),
            ) from error

    def finish(self) -> Manifest:
        """The last copy is in: let the right rows speak. Raises BadInput when it had no end."""
        self._close_file()
        if self.manifest is None:
            raise BadInput(N_("This copy is not whole."), do=N_("Use another copy."))
        for name, table in self._schema.tables.items():
            # What the newest copy holds no row of is empty, whatever earlier ones held.
            if name not in self._emptied and name not in (FACT.name, AGAIN.name, "alembic_version"):
                self._connection.execute(delete(table))
        ids = set(self._connection.execute(select(AGAIN.c.id)).scalars())
        settle(self._connection, ids, main=self.manifest.main, now=0)
        return self.manifest

    def _cut(self, stream: str, first: int) -> None:
        """The stream goes on at `first`: what an earlier copy holds from there on was mended away."""
        for table in (FACT, AGAIN):
            self._connection.execute(delete(table).where(table.c.stream == stream, table.c.seq >= first))

    def _take_facts(self, rows: Sequence[FactRow]) -> None:
        known = known_ids(self._connection, [row.id for row in rows])
        first: list[FactRow] = []
        again: list[FactRow] = []
        for row in rows:
            (again if row.id in known else first).append(row)
            known.add(row.id)
        insert_rows(self._connection, FACT, first)
        insert_rows(self._connection, AGAIN, again)

    def _take_rows(self, table: Table, rows: list[Mapping[str, Any]]) -> None:
        if table.name not in self._emptied:
            self._connection.execute(delete(table))
            self._emptied.add(table.name)
        self._connection.execute(insert(table), [_in(table, row) for row in rows])

    def _take_piece(self, address: str, offset: int, data: bytes) -> None:
        if self._piece is None or self._piece[0] != address:
            self._close_file()
            self._folder.mkdir(parents=True, exist_ok=True)
            self._piece = (address, self._folder / f"{address}.part")
            self._piece[1].write_bytes(b"")
        with self._piece[1].open("r+b") as stream:
            stream.seek(offset)
            stream.write(data)

    def _close_file(self) -> None:
        """The file whose pieces came last is whole."""
        if self._piece is None:
            return
        address, part = self._piece
        self._piece = None
        stored = self._blobs.put_file(part)
        part.unlink()
        if stored != address:
            raise BadInput(
                N_("The file {address} in this copy is damaged."), do=N_("Use another copy."), address=address
            )


def _in(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(row)
    for name, value in row.items():
        kind = table.c[name].type
        if isinstance(value, dict):
            out[name] = base64.b64decode(value["b"])
        elif isinstance(value, str) and isinstance(kind, DateTime):
            out[name] = datetime.fromisoformat(value)
        elif isinstance(value, str) and isinstance(kind, Date):
            out[name] = date.fromisoformat(value)
    return out
