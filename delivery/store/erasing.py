"""Erasing a person: their keys are destroyed, and with them everything that was sealed under these (design D3).

The destruction is one transaction with the fact that tells of it. What lies outside the database (sealed images,
uploads, printed pages) follows once that is committed. Without its key it is unreadable already; a note in
``<home>/erasing`` keeps a kill from leaving it behind. The same is carried out wherever the fact arrives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Table, delete, select, update

from delivery.ids import content_address
from delivery.record.kinds import FactKind
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.files import write_whole
from delivery.store.printedpages import blank_pages
from delivery.store.tables.core import FactTable, PacketTable, SealedBlobTable, SheetTable
from delivery.store.tables.network import ApiTokenTable, CredentialTable, PortalSessionTable
from delivery.store.tables.postal import ScanPageTable
from delivery.store.tables.sync import WantedBlobTable
from delivery.store.uploads import folder_of
from delivery.store.vault import Vault

_COMPACT_MS = 5000
"""How long readers of an older state are waited for."""
_TABLES = ("private_payload", "learner_key", "learner_key_further", "sealed_blob")
_log = structlog.get_logger(__name__)


def _table(model: Any) -> Table:
    table: Table = model.__table__
    return table


_fact, _image, _sheet = _table(FactTable), _table(SealedBlobTable), _table(SheetTable)
_packet, _page, _wanted = _table(PacketTable), _table(ScanPageTable), _table(WantedBlobTable)


class Erasing:
    """Carries erasures out in one home."""

    def __init__(self, database: Database, vault: Vault, blobs: Blobs, *, home: Path) -> None:
        self._database = database
        self._vault = vault
        self._blobs = blobs
        self._home = home
        self._notes = home / "erasing"

    def carry_out_in(self, connection: Connection, learner: str) -> None:
        """Destroy the learner's keys and what is sealed under them, in the caller's transaction; files follow."""
        note = {
            "learner": learner,
            "blobs": [*self._images(connection, learner), *self._forget_queued(connection, learner)],
            "prints": [list(row) for row in self._prints(connection, learner)],
        }
        file = self._notes / f"{content_address(learner.encode())[:24]}.json"
        self._notes.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(file, json.dumps(_merged(note, _read(file))).encode(), mode=0o600)
        self._vault.destroy(connection, learner)
        connection.execute(delete(_image).where(_image.c.learner == learner))
        for at in range(0, len(note["blobs"]), 500):
            connection.execute(delete(_wanted).where(_wanted.c.address.in_(note["blobs"][at : at + 500])))
        for model in (CredentialTable, PortalSessionTable, ApiTokenTable):
            table = _table(model)
            connection.execute(delete(table).where(table.c.account == learner))
        self._database.after_commit(partial(self._attempt, file))

    def finish(self) -> int:
        """Go on where a kill, or a reader that did not let go, left something; how many notes are done now."""
        done = 0
        for file in sorted(self._notes.glob("*.json")) if self._notes.is_dir() else ():
            note = _read(file)
            with self._database.write() as connection:
                told = connection.execute(
                    select(_fact.c.seq).where(
                        _fact.c.learner == note["learner"], _fact.c.kind == str(FactKind.PERSON_ERASED)
                    )
                ).first()
                if told is None:
                    file.unlink(missing_ok=True)  # the transaction that wrote it never came about
            done += told is not None and self._attempt(file)
        return done

    @property
    def pending(self) -> int:
        """Erasures of which something outside the database, or in its log, is still to go."""
        return len(list(self._notes.glob("*.json"))) if self._notes.is_dir() else 0

    # --- in the transaction -----------------------------------------------------------------------

    def _images(self, connection: Connection, learner: str) -> list[str]:
        return list(connection.execute(select(_image.c.address).where(_image.c.learner == learner)).scalars())

    def _forget_queued(self, connection: Connection, learner: str) -> list[str]:
        """Scanned pages that wait for a person and are proposed as this learner's: forgotten with their pictures."""
        own = (
            select(_sheet.c.page_id)
            .join_from(_sheet, _packet, _packet.c.packet == _sheet.c.packet)
            .where(_sheet.c.page_id == _page.c.page_id, _packet.c.learner == learner)
        )
        which = own.exists() & (_page.c.image != "")
        found = [
            row.partition(".")[0] for row in connection.execute(select(_page.c.image).where(which)).scalars()
        ]
        connection.execute(update(_page).where(which).values(image="", status="foreign", reason="erased"))
        return found

    def _prints(self, connection: Connection, learner: str) -> list[tuple[str, int, int]]:
        """(file under the home, first page from 1, pages) of every packet that was printed for the learner."""
        query = select(_packet.c.batch, _packet.c.job, _packet.c.first_page, _packet.c.pages).where(
            _packet.c.learner == learner, _packet.c.job != ""
        )
        return [(f"print/{r.batch}/{r.job}.pdf", r.first_page, r.pages) for r in connection.execute(query)]

    # --- afterwards -------------------------------------------------------------------------------

    def _attempt(self, file: Path) -> bool:
        """The rest of one erasure; what fails is kept for the next time, for the keys are gone in any case."""
        try:
            self._remove(_read(file))
            if self._compact():
                file.unlink(missing_ok=True)
                return True
        except OSError as error:
            _log.warning("erasing.unfinished", reason=error.strerror or type(error).__name__)
        return False

    def _remove(self, note: Mapping[str, Any]) -> None:
        for address in note["blobs"]:
            self._blobs.remove(address)
            (self._home / "sync" / "incoming" / f"{address}.part").unlink(missing_ok=True)
        uploads = folder_of(self._home / "uploads", note["learner"])
        for path in uploads.glob("*") if uploads.is_dir() else ():
            path.unlink(missing_ok=True)
        for name, first, pages in note["prints"]:
            if (self._home / name).is_file():
                blank_pages(self._home / name, first, pages)
        # The next copy must not continue one that holds the keys.
        (self._home / "backup" / "last.json").unlink(missing_ok=True)

    def _compact(self) -> bool:
        """Leave no trace in the database's own files; false while somebody still reads an older state."""
        if self._database.dialect == "postgresql":
            with self._database.engine.connect().execution_options(
                isolation_level="AUTOCOMMIT"
            ) as connection:
                for name in _TABLES:
                    connection.exec_driver_sql(f"VACUUM FULL {name}")
            return True
        # Deleted rows are overwritten (secure_delete); the write-ahead log may still hold pages of before.
        raw = self._database.engine.raw_connection()
        try:
            cursor = raw.cursor()
            (before,) = cursor.execute("PRAGMA busy_timeout").fetchone()
            cursor.execute(f"PRAGMA busy_timeout={_COMPACT_MS}")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout={before}")
            return not busy
        finally:
            raw.close()


def _read(file: Path) -> dict[str, Any]:
    try:
        note: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {"learner": "", "blobs": [], "prints": []}
    return note


def _merged(new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """Both notes of one learner in one: an earlier one may not be carried out yet."""
    for name in ("blobs", "prints"):
        new[name] += [item for item in old[name] if item not in new[name]]
    return new
