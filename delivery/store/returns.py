"""How far the intake of a scanned file has come, and the pages that a person must judge.

A page that nobody has been found for belongs to a learner all the same: its picture is sealed under a key of the home
until it is filed (design D3). Each picture has a salt of its own that stands in its row only: once the page is filed
and the row no longer holds it, what is left in the store opens to nobody.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Select, delete, func, insert, select, update

from delivery.errors import N_, LedgerBroken, NotFound, Refused
from delivery.ids import IdSource, SystemIds
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.tables.postal import ScanFileTable, ScanPageTable

_file = ScanFileTable.__table__  # type: ignore[attr-defined]
_page = ScanPageTable.__table__  # type: ignore[attr-defined]
_SALT = 16
_NO_NONCE = bytes(12)
"""Each key seals one picture, so one nonce serves all."""
_SHOWN = 8
FILED, DUPLICATE, QUEUED, BLANK, FOREIGN = "filed", "duplicate", "queued", "blank", "foreign"


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
    fact: str = ""
    rotation: int = 0
    decision: str = ""
    decided_by: str = ""
    decided_at: int = 0

    @property
    def ident(self) -> str:
        """How people name the page: the start of the file's SHA-256, and its number there."""
        return f"{self.file[:_SHOWN]}-{self.page}"


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A file that is or was taken in."""

    file: str
    pages: int
    name: str
    postmark: str
    envelope: str
    started_at: int
    finished_at: int


class Returns:
    """Keeps the state of intake."""

    def __init__(self, database: Database, blobs: Blobs, master: bytes, ids: IdSource | None = None) -> None:
        self._database = database
        self._blobs = blobs
        self._key = hmac.new(master, b"returns queue", hashlib.sha256).digest()
        self._ids = ids or SystemIds()

    # Files

    def begin(
        self, file: str, *, pages: int, now: int, name: str = "", postmark: str = "", envelope: str = ""
    ) -> bool:
        """Note that a file is being taken in; whether it had been finished before. What was said of it first stays."""
        with self._database.write() as connection:
            row = connection.execute(select(_file.c.finished_at).where(_file.c.file == file)).first()
            if row is None:
                connection.execute(
                    insert(ScanFileTable),
                    {
                        "file": file,
                        "pages": pages,
                        "name": name,
                        "postmark": postmark,
                        "envelope": envelope,
                        "started_at": now,
                    },
                )
            return row is not None and row.finished_at > 0

    def finish(self, file: str, *, now: int) -> None:
        """Note that every page of a file was dealt with."""
        with self._database.write() as connection:
            connection.execute(
                update(_file).where(_file.c.file == file, _file.c.finished_at == 0).values(finished_at=now)
            )

    def file(self, file: str) -> ScanFile | None:
        """What is known of a file."""
        columns = [_file.c[name] for name in ScanFile.__slots__]
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(_file.c.file == file)).first()
        return ScanFile(*row) if row else None

    # Pages

    def pages_of(self, file: str) -> dict[int, PageRow]:
        """Pages of a file that were dealt with."""
        return {row.page: row for row in self._rows(select(_page).where(_page.c.file == file))}

    def near(self, row: PageRow, *, reach: int) -> dict[int, PageRow]:
        """Pages of the same file at most `reach` before or behind a page, itself included."""
        query = select(_page).where(
            _page.c.file == row.file, _page.c.page.between(row.page - reach, row.page + reach)
        )
        return {near.page: near for near in self._rows(query)}

    def find(self, ident: str) -> PageRow:
        """The page that people call `ident` (``3fa94c21-17``). Raises NotFound."""
        start, dash, number = ident.strip().lower().rpartition("-")
        if dash and number.isdecimal() and len(number) < 7 and start.isalnum():
            query = select(_page).where(
                _page.c.file >= start, _page.c.file < start + "g", _page.c.page == int(number)
            )
            found = list(self._rows(query.limit(2)))
            if len(found) == 1:
                return found[0]
        raise NotFound(
            N_("There is no scanned page “{ident}”."),
            do=N_("“tuxa returns queue” names the pages that wait, for example 3fa94c21-17."),
            ident=ident,
        )

    def queue(
        self, *, reason: str = "", file: str = "", offset: int = 0, limit: int | None = None
    ) -> list[PageRow]:
        """Pages that wait for a person, in the order of the piles and of their pages."""
        query = (
            select(_page)
            .join(_file, _file.c.file == _page.c.file)
            .where(_page.c.status == QUEUED, *_only(reason, file))
            .order_by(_file.c.started_at, _page.c.file, _page.c.page)
            .offset(offset)
            .limit(limit)
        )
        return list(self._rows(query))

    def decided(self, *, limit: int = 50) -> list[PageRow]:
        """Pages that a person decided about, the newest decision first."""
        query = (
            select(_page)
            .where(_page.c.decision != "")
            .order_by(_page.c.decided_at.desc(), _page.c.page)
            .limit(limit)
        )
        return list(self._rows(query))

    def waiting(self, *, file: str = "") -> dict[str, int]:
        """How many pages wait, by reason."""
        query = (
            select(_page.c.reason, func.count())
            .where(_page.c.status == QUEUED, *_only("", file))
            .group_by(_page.c.reason)
        )
        with self._database.read() as connection:
            return {str(reason): int(count) for reason, count in connection.execute(query)}

    def totals(self) -> dict[str, int]:
        """Pages of all files by what became of them; they add up to every page that was dealt with."""
        query = select(_page.c.status, func.count()).group_by(_page.c.status)
        with self._database.read() as connection:
            return {str(status): int(count) for status, count in connection.execute(query)}

    def _rows(self, query: Select[Any]) -> Iterator[PageRow]:
        with self._database.read() as connection:
            for row in connection.execute(query).all():
                yield PageRow(*(getattr(row, name) for name in PageRow.__slots__))

    def keep(self, rows: Sequence[PageRow]) -> None:
        """Remember what became of pages."""
        if rows:
            with self._database.write() as connection:
                self.keep_in(connection, rows)

    def keep_in(self, connection: Connection, rows: Sequence[PageRow]) -> None:
        """As :meth:`keep`, in the caller's transaction: what is filed and what is remembered are one step."""
        for row in rows:
            connection.execute(delete(_page).where(_page.c.file == row.file, _page.c.page == row.page))
        if rows:
            connection.execute(
                insert(ScanPageTable),
                [{name: getattr(row, name) for name in PageRow.__slots__} for row in rows],
            )

    def decide_in(self, connection: Connection, before: PageRow, after: PageRow) -> None:
        """Remember what a person decided about a page that they saw as `before`, in the caller's transaction.

        Raises Refused when somebody else decided about it meanwhile: a page stands in one place only.
        """
        seen = [_page.c[name] == getattr(before, name) for name in PageRow.__slots__]
        values = {name: getattr(after, name) for name in PageRow.__slots__}
        if connection.execute(update(_page).where(*seen).values(values)).rowcount != 1:
            raise Refused(
                N_("Somebody else decided about page {ident} meanwhile."),
                do=N_("See what became of it: tuxa returns show {ident}"),
                ident=before.ident,
            )

    def is_filed_in(self, connection: Connection, fact: str) -> bool:
        """Whether a page stands as filed with this fact, as the caller's transaction sees it."""
        query = select(_page.c.page).where(_page.c.fact == fact, _page.c.status == FILED)
        return connection.execute(query.limit(1)).first() is not None

    def keep_new_in(self, connection: Connection, rows: Sequence[PageRow]) -> list[PageRow]:
        """Remember what became of pages of one file that nobody has dealt with yet; every one of them as it stands now.

        The same file may be taken in twice at once, and a person may have decided about a page meanwhile.
        """
        if not rows:
            return []
        wanted = [row.page for row in rows]
        query = select(_page).where(_page.c.file == rows[0].file, _page.c.page.in_(wanted))
        known = {
            row.page: PageRow(*(getattr(row, name) for name in PageRow.__slots__))
            for row in connection.execute(query).all()
        }
        self.keep_in(connection, [row for row in rows if row.page not in known])
        return [known.get(row.page, row) for row in rows]

    # Pictures

    def put_image(self, image: bytes) -> str:
        """Seal and store the picture of a page that is not filed; where it lies, for its row."""
        salt = self._ids.random_bytes(_SALT)
        address = self._blobs.put(self._cipher(salt).encrypt(_NO_NONCE, image, None))
        return f"{address}.{salt.hex()}"

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(hmac.new(self._key, salt, hashlib.sha256).digest())

    def image(self, row: PageRow) -> bytes:
        """The picture of a page that is not filed. Raises NotFound when it was filed and lies with the learner."""
        if not row.image:
            raise NotFound(
                N_("Page {page} of this scan is not in the queue."),
                do=N_("Look it up in the learner's record."),
                page=row.page,
            )
        address, _, salt = row.image.partition(".")
        try:
            return self._cipher(bytes.fromhex(salt)).decrypt(_NO_NONCE, self._blobs.get(address), None)
        except (InvalidTag, ValueError) as error:
            raise LedgerBroken(
                N_("The picture of page {page} of this scan cannot be opened: it was altered or exchanged."),
                do=N_("Scan the paper again."),
                page=row.page,
            ) from error


def _only(reason: str, file: str) -> list[Any]:
    return [
        *([_page.c.reason == reason] if reason else []),
        *([_page.c.file >= file, _page.c.file < file + "g"] if file else []),
    ]
