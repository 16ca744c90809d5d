"""Registers and evidence in the database: saved by differences, loaded as frozen values.

A hand-over replaces each register that it brings. Evidence is never removed: a row with a known code replaces that row,
and what is no longer listed stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from delivery.catalogue.changes import TableChange
from delivery.catalogue.parse import Problems, Where
from delivery.catalogue.plain import from_plain, to_plain
from delivery.catalogue.registers import ROW_OF, Evidence, Registers
from delivery.errors import N_, Message
from delivery.record.canonical import canonical, parse
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.tables.regulation import RegisterTable

_register: Table = RegisterTable.__table__  # type: ignore[attr-defined]
EVIDENCE = "evidence"


class RegisterStore:
    """The registers of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self) -> Registers:
        """Every register as stored now."""
        with self._database.read() as connection:
            return self.load_in(connection)

    def load_in(self, connection: Connection) -> Registers:
        """As :meth:`load`, on the caller's connection."""
        tables: dict[str, dict[Any, Any]] = {name: {} for name in ROW_OF}
        for name, key, body in connection.execute(
            select(_register.c.name, _register.c.key, _register.c.body).order_by(
                _register.c.name, _register.c.key
            )
        ):
            if name in ROW_OF:
                parts = tuple(parse(key))
                tables[name][parts if len(parts) > 1 else parts[0]] = from_plain(ROW_OF[name], parse(body))
        return Registers(**tables)

    def save_in(
        self, connection: Connection, wanted: Mapping[str, Mapping[Any, Any]]
    ) -> dict[str, TableChange]:
        """Make each register of `wanted` equal to it; what changed, by register."""
        changes = {}
        for name, rows in wanted.items():
            new = {_key(key): canonical(to_plain(row)).decode() for key, row in rows.items()}
            query = select(_register.c.key, _register.c.body).where(_register.c.name == name)
            old: dict[str, str] = {row.key: row.body for row in connection.execute(query)}
            gone = set() if name == EVIDENCE else old.keys() - new.keys()
            changed = {key for key in new.keys() & old.keys() if new[key] != old[key]}
            added = new.keys() - old.keys()
            for key in gone | changed:
                connection.execute(delete(_register).where(_register.c.name == name, _register.c.key == key))
            fresh = [{"name": name, "key": key, "body": new[key]} for key in sorted(added | changed)]
            if fresh:
                connection.execute(insert(_register), fresh)
            kept = tuple(sorted(old.keys() - new.keys())) if name == EVIDENCE else ()
            changes[name] = TableChange(len(added), len(changed), len(gone), kept)
        return changes

    def document_in(self, connection: Connection) -> dict[str, Any]:
        """Every register as one JSON document, the same for equal registers."""
        out: dict[str, list[Any]] = {}
        for name, key, body in connection.execute(
            select(_register.c.name, _register.c.key, _register.c.body).order_by(
                _register.c.name, _register.c.key
            )
        ):
            out.setdefault(name, []).append({"key": parse(key), "row": parse(body)})
        return out


def _key(key: Any) -> str:
    # A word of a closed vocabulary, such as the duty of an appointment, is stored as plain text.
    parts = [
        str(part) if isinstance(part, str) else part for part in (key if isinstance(key, tuple) else (key,))
    ]
    return canonical(parts).decode()


def with_files(
    rows: Mapping[str, Evidence],
    folder: Path,
    places: Mapping[tuple[str, object], Where],
    problems: Problems,
) -> Mapping[str, Path]:
    """Evidence code -> the file that it names; a file that is not in the folder is a problem of its row."""
    root, out = folder.resolve(), {}
    for code, row in rows.items():
        if not row.file:
            continue
        path = (folder / row.file).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            text = N_("There is no file “{name}” beside the tables. Put it there, or correct the name.")
            problems.in_cell(places[(EVIDENCE, code)], "file", Message(text, {"name": row.file}))
        else:
            out[code] = path
    return out


def bound(rows: Mapping[str, Evidence], files: Mapping[str, Path], blobs: Blobs) -> dict[str, Evidence]:
    """Each row with the hash of its file, which is stored."""
    return {
        code: replace(row, digest=blobs.put_file(files[code]), file=files[code].name)
        if code in files
        else row
        for code, row in rows.items()
    }
