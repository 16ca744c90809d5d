"""Blobs on their way between sites: what is wanted here, what may go where, and files that come in pieces."""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import case, delete, select

from delivery.catalogue.model import Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, Unavailable
from delivery.record.canonical import NotCanonical, parse
from delivery.record.kinds import FactKind
from delivery.store.blobs import Blobs
from delivery.store.catalogue import CatalogueStore, from_document
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.receiving import want
from delivery.store.sharedmedia import SharedMedia
from delivery.store.tables.core import EnrolmentTable, LearnerTable, SealedBlobTable
from delivery.store.tables.sync import WantedBlobTable

_wanted = WantedBlobTable.__table__  # type: ignore[attr-defined]
_learner = LearnerTable.__table__  # type: ignore[attr-defined]
_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]
_image = SealedBlobTable.__table__  # type: ignore[attr-defined]
_ORDER = ("catalogue", "material", "image", "media")
ROOM: Final = 64_000_000
"""Bytes that files from other sites leave free on the disk."""
_log = structlog.get_logger(__name__)


class WantedBlobs:
    """Blobs that facts from other sites name, until they are here and put to use."""

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        facts: FactLog,
        catalogue: CatalogueStore,
        *,
        folder: Path,
        site: str,
        main: str,
        clock: Clock,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._facts = facts
        self._catalogue = catalogue
        self._folder = folder
        self._site = site
        self._main = main
        self._clock = clock
        self._media = SharedMedia(database, blobs, facts, site=site, main=main, clock=clock)

    def offer(self) -> int:
        """Tell of lessons that other sites may fetch; how many are new."""
        return self._media.offer()

    def waiting(self, *, but: Collection[str] = (), most: int = 10) -> list[str]:
        """Addresses still to be fetched, the most needed first, without `but`."""
        rank = case(*((_wanted.c.reason == name, at) for at, name in enumerate(_ORDER)), else_=len(_ORDER))
        query = select(_wanted.c.address).order_by(rank, _wanted.c.noted_at, _wanted.c.address)
        with self._database.read() as connection:
            found = connection.execute(query.limit(most + len(but))).scalars().all()
        return [address for address in found if address not in but][:most]

    def count(self) -> int:
        """How many are still to be fetched."""
        with self._database.read() as connection:
            return len(connection.execute(select(_wanted.c.address)).all())

    # --- pieces ---

    def have(self, address: str) -> int:
        """Bytes of it that lie here already."""
        try:
            return self._part(address).stat().st_size
        except FileNotFoundError:
            return 0

    def add(self, address: str, offset: int, data: bytes, *, total: int) -> bool:
        """Keep the next piece; True when the blob is whole, proved and put to use. Other pieces are passed over.

        Raises Unavailable when the whole of it would fill the disk: facts need room more than files do.
        """
        part = self._part(address)
        if offset != self.have(address) or offset + len(data) > total or not self._is_wanted(address):
            return False
        part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if shutil.disk_usage(part.parent).free < total - offset + ROOM:
            raise Unavailable(
                N_("No room for a file of {size} MB from another site."),
                do=N_("Free space on the disk of this home; the file comes by itself then."),
                size=-(-total // 1_000_000),
            )
        with part.open("ab") as stream:
            stream.write(data)
        if offset + len(data) < total:
            return False
        return self._finish(address)

    def _is_wanted(self, address: str) -> bool:
        with self._database.read() as connection:
            query = select(_wanted.c.address).where(_wanted.c.address == address)
            return connection.execute(query).first() is not None

    def _part(self, address: str) -> Path:
        return self._folder / f"{address}.part"

    def _finish(self, address: str) -> bool:
        part = self._part(address)
        if self._blobs.put_file(part) != address:
            # Damaged on the way, or a hostile site: begin again.
            _log.warning("sync.blob_damaged", address=address)
            part.unlink()
            return False
        part.unlink()
        self.arrived(address)
        return True

    def arrived(self, address: str) -> None:
        """The blob is stored: use it where it was waited for."""
        with self._database.read() as connection:
            reason = connection.execute(select(_wanted.c.reason).where(_wanted.c.address == address)).scalar()
        if reason == "catalogue":
            self.adopt_catalogue()
            self._note_needed()
        with self._database.write() as connection:
            connection.execute(delete(_wanted).where(_wanted.c.address == address))
        if reason == "media" and not self._waits_for_media():
            # A bundle names files; when those are here too, the lesson is taken in.
            self._note_needed()
            self._media.adopt(self._courses_of(self._site))

    def _waits_for_media(self) -> bool:
        with self._database.read() as connection:
            return (
                connection.execute(
                    select(_wanted.c.address).where(_wanted.c.reason == "media").limit(1)
                ).first()
                is not None
            )

    def look_again(self) -> None:
        """Drop what has come by another way; note what new enrolments need."""
        with self._database.read() as connection:
            addresses = connection.execute(select(_wanted.c.address)).scalars().all()
        for address in addresses:
            if self._blobs.exists(address):
                self.arrived(address)
        if self._site == self._main:
            return
        self.adopt_catalogue()
        self._note_needed()
        self._media.adopt(self._courses_of(self._site))

    def _note_needed(self) -> None:
        """Materials and lessons of the courses of this site's learners that are not here yet."""
        needed = {
            "material": self.needed_by(self._site),
            "media": self._media.needed(self._courses_of(self._site)),
        }
        missing = [
            (address, reason)
            for reason, addresses in needed.items()
            for address in sorted(addresses)
            if not self._blobs.exists(address)
        ]
        if missing:
            with self._database.write() as connection:
                for address, reason in missing:
                    now = to_micros(self._clock.now())
                    want(connection, address, reason, now=now, exists=self._blobs.exists)

    # --- the catalogue of the main site ---

    def adopt_catalogue(self) -> bool:
        """Make the catalogue of the main site's newest import ours, once its document is here; whether it changed."""
        imports = [
            fact
            for fact in self._facts.select(kind=FactKind.CATALOGUE_IMPORTED)
            if fact.stream.startswith(f"{self._main}/")
        ]
        if self._site == self._main or not imports:
            return False
        digest = imports[-1].data["digest"]
        if not self._blobs.exists(digest):
            return False
        try:
            catalogue = from_document(parse(self._blobs.get(digest)))
        except (ValueError, KeyError, TypeError, NotCanonical) as error:
            _log.error("sync.catalogue_unreadable", digest=digest, reason=str(error))
            return False
        with self._database.write() as connection:
            return self._catalogue.save_in(connection, catalogue)

    # --- what may go where ---

    def needed_by(self, site: str) -> set[str]:
        """Contents of the materials of the courses in which learners of `site` are enrolled."""
        with self._database.read() as connection:
            catalogue: Catalogue | None = self._catalogue.find_in(connection)
        courses = self._courses_of(site)
        if catalogue is None:
            return set()
        return {m.content for m in catalogue.materials.values() if m.content and m.course in courses}

    def _courses_of(self, site: str) -> set[str]:
        """Courses in which learners of `site` are enrolled."""
        query = (
            select(_enrolment.c.course)
            .join(_learner, _learner.c.learner == _enrolment.c.learner)
            .where(_learner.c.site == site, _enrolment.c.enrolled_n > _enrolment.c.left_n)
            .distinct()
        )
        with self._database.read() as connection:
            return set(connection.execute(query).scalars())

    def allowed_to(self, site: str) -> set[str]:
        """Addresses that `site` may have: catalogues, materials of its courses, and its learners' work."""
        with self._database.read() as connection:
            query = (
                select(_image.c.address)
                .join(_learner, _learner.c.learner == _image.c.learner)
                .where(_learner.c.site == site)
            )
            images = set(connection.execute(query).scalars())
        imports = self._facts.select(kind=FactKind.CATALOGUE_IMPORTED)
        media = self._media.needed(self._courses_of(site))
        return images | {fact.data["digest"] for fact in imports} | self.needed_by(site) | media

    def own_images(self) -> list[str]:
        """Addresses of all sealed images that are named here."""
        with self._database.read() as connection:
            return sorted(connection.execute(select(_image.c.address).distinct()).scalars())

    def read(self, address: str, offset: int, count: int) -> tuple[bytes, int] | None:
        """(bytes, size) of a stored blob from `offset`; None when it is not here."""
        path = self._blobs.local_path(address)
        if path is not None:
            with path.open("rb") as stream:
                stream.seek(offset)
                return stream.read(count), path.stat().st_size
        if not self._blobs.exists(address):
            return None
        data = self._blobs.get(address)
        return data[offset : offset + count], len(data)
