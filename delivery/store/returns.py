"""How far the intake of a scanned file has come, and the queue of pages that a person must judge.

A page that nobody has been found for belongs to a learner all the same: its picture is sealed under a key of the home
until it is filed (design D3).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select, update

from delivery.errors import N_, NotFound
from delivery.ids import content_address
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.tables.postal import ScanFileTable, ScanPageTable

_file = ScanFileTable.__table__  # type: ignore[attr-defined]
_page = ScanPageTable.__table__  # type: ignore[attr-defined]
_NONCE = 12


@dataclass(frozen=True, slots=True)
class PageRow:
    """What became of one page of one file."""

    file: str
    page: int
    status: str
    reason: str = ""
    page_id: str = ""
    image: str = ""
    media_type: str = ""


class Returns:
    """Keeps the state of intake."""

    def __init__(self, database: Database, blobs: Blobs, master: bytes) -> None:
        self._database = database
        self._blobs = blobs
        self._key = hmac.new(master, b"returns queue", hashlib.sha256).digest()

    def begin(self, file: str, *, pages: int, now: int) -> bool:
        """Note that a file is being taken in; whether it had been finished before."""
        with self._database.write() as connection:
            row = connection.execute(select(_file.c.finished_at).where(_file.c.file == file)).first()
            if row is None:
                connection.execute(insert(ScanFileTable), {"file": file, "pages": pages, "started_at": now})
            return row is not None and row.finished_at > 0

    def finish(self, file: str, *, now: int) -> None:
        """Note that every page of a file was dealt with."""
        with self._database.write() as connection:
            connection.execute(
                update(_file).where(_file.c.file == file, _file.c.finished_at == 0).values(finished_at=now)
            )

    def pages_of(self, file: str) -> dict[int, PageRow]:
        """Pages of a file that were dealt with."""
        with self._database.read() as connection:
            rows = connection.execute(select(_page).where(_page.c.file == file)).all()
        return {row.page: PageRow(*row) for row in rows}

    def keep(self, rows: Sequence[PageRow]) -> None:
        """Remember what became of pages."""
        if not rows:
            return
        with self._database.write() as connection:
            for row in rows:
                self._replace(connection, row)

    def _replace(self, connection: Connection, row: PageRow) -> None:
        connection.execute(delete(_page).where(_page.c.file == row.file, _page.c.page == row.page))
        connection.execute(
            insert(ScanPageTable),
            {
                "file": row.file,
                "page": row.page,
                "status": row.status,
                "reason": row.reason,
                "page_id": row.page_id,
                "image": row.image,
                "media_type": row.media_type,
            },
        )

    def queue(self) -> list[PageRow]:
        """Pages that wait for a person."""
        query = select(_page).where(_page.c.status == "queued").order_by(_page.c.file, _page.c.page)
        with self._database.read() as connection:
            return [PageRow(*row) for row in connection.execute(query)]

    def put_image(self, image: bytes) -> str:
        """Seal and store the picture of a page that is not filed; its address."""
        nonce = hmac.new(self._key, content_address(image).encode(), hashlib.sha256).digest()[:_NONCE]
        return self._blobs.put(nonce + AESGCM(self._key).encrypt(nonce, image, None))

    def image(self, row: PageRow) -> bytes:
        """The picture of a page that is not filed. Raises NotFound when it was filed and lies with the learner."""
        if not row.image:
            raise NotFound(
                N_("Page {page} of this scan is not in the queue."),
                do=N_("Look it up in the learner's record."),
                page=row.page,
            )
        sealed = self._blobs.get(row.image)
        return AESGCM(self._key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
