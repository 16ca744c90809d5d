"""The parts of one home, each built when first asked for."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from delivery.catalogue.model import Catalogue
from delivery.clock import Clock, SystemClock
from delivery.errors import N_, Refused, TuxaError
from delivery.executor import make_executor
from delivery.i18n import Translator
from delivery.ids import IdSource, SystemIds
from delivery.settings import Settings
from delivery.store import migrate
from delivery.store.blobs import Blobs
from delivery.store.catalogue import CatalogueStore
from delivery.store.database import Database
from delivery.store.dues import Dues
from delivery.store.enrolments import Enrolments
from delivery.store.factlog import FactLog
from delivery.store.keys import KeyFile, SiteKeys, ensure_keys, keys_exist, load_keys
from delivery.store.learners import Learners
from delivery.store.marks import Marks
from delivery.store.materials import Materials
from delivery.store.records import Records
from delivery.store.scans import Scans
from delivery.store.sheets import Sheets
from delivery.store.submissions import Submissions
from delivery.store.vault import Vault
from delivery.store.witness import Witness

if TYPE_CHECKING:
    from delivery.broadcast.media.ingest import Ingest
    from delivery.broadcast.media.library import Library
    from delivery.broadcast.playout.onair import OnAir
    from delivery.broadcast.playout.sender import Sending
    from delivery.store.credentials import Credentials
    from delivery.store.erasing import Erasing
    from delivery.store.people import People
    from delivery.store.roster import CatalogueImport


@dataclass
class App:
    """One home, wired. Parts are built when first asked for, so that a command starts only what it needs."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    wires: list[tuple[str, Sending]] = field(default_factory=list)
    """(channel, feed) of every feed that this process sends, for those who ask how it goes."""

    @cached_property
    def translate(self) -> Translator:
        return Translator("en" if self.settings.lang == "en" else "vi")

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database_url)

    @cached_property
    def _key_file(self) -> KeyFile:
        return KeyFile(self.settings.keys_dir)

    @property
    def keys(self) -> SiteKeys:
        return self._key_file.read()

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self.settings.blobs_url)

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.database, self.keys.master, self.ids)

    @cached_property
    def facts(self) -> FactLog:
        return FactLog(
            self.database,
            self.vault,
            site=self.settings.site,
            signing=self.keys.signing,
            witness=Witness(self.settings.keys_dir / "witness.log"),
            clock=self.clock,
        )

    @cached_property
    def learners(self) -> Learners:
        return Learners(self.database, self.keys)

    @cached_property
    def sheets(self) -> Sheets:
        return Sheets(self.database)

    @cached_property
    def scans(self) -> Scans:
        return Scans(self.database, self.blobs, self.vault)

    @cached_property
    def erasing(self) -> Erasing:
        from delivery.store.erasing import Erasing

        return Erasing(self.database, self.vault, self.blobs, home=self.settings.home)

    @cached_property
    def people(self) -> People:
        from delivery.app.sync import main_site
        from delivery.store.people import People

        return People(
            self.database,
            self.facts,
            self.vault,
            self.erasing,
            site=self.settings.site,
            main=main_site(self),
            clock=self.clock,
        )

    @cached_property
    def submissions(self) -> Submissions:
        return Submissions(self.database, self.facts, self.sheets, self.learners, self.scans)

    @cached_property
    def materials(self) -> Materials:
        return Materials(self.database, self.facts, self.clock)

    @cached_property
    def records(self) -> Records:
        return Records(self.database, site=self.settings.site, default_profile=self.settings.profile)

    @cached_property
    def enrolments(self) -> Enrolments:
        return Enrolments(self.database, self.facts, self.learners, self.clock)

    @cached_property
    def marks(self) -> Marks:
        return Marks(self.facts, self.learners, self.clock, default_profile=self.settings.profile)

    @cached_property
    def importer(self) -> CatalogueImport:
        from delivery.app.gates import judge_registers
        from delivery.store.roster import CatalogueImport

        return CatalogueImport(
            judge=judge_registers(self),
            database=self.database,
            facts=self.facts,
            vault=self.vault,
            keys=self.keys,
            blobs=self.blobs,
            store=self.catalogue_store,
            clock=self.clock,
            site=self.settings.site,
            default_profile=self.settings.profile,
        )

    # The modes are imported when they are asked for: `tuxa record show` loads neither NumPy nor an encoder.

    @cached_property
    def library(self) -> Library:
        from delivery.broadcast.media.library import Library

        return Library(self.database, self.blobs, clock=self.clock)

    @cached_property
    def ingest(self) -> Ingest:
        from delivery.broadcast.media.ffmpeg import find_ffmpeg
        from delivery.broadcast.media.ingest import Ingest

        ffmpeg = find_ffmpeg(self.settings.ffmpeg)
        return Ingest(self.library, self.facts, home=self.settings.home, ffmpeg=ffmpeg)

    @cached_property
    def on_air(self) -> OnAir:
        from delivery.app.air import build_on_air

        return build_on_air(self)

    @cached_property
    def credentials(self) -> Credentials:
        from delivery.store.credentials import Credentials

        return Credentials(self.database, self.clock, self.ids, find=self.account_of)

    def account_of(self, code: str) -> str | None:
        """The portal's account of a student code, or of the code of a person of the catalogue."""
        from delivery.store.portal_sessions import STAFF

        found = self.learners.find(code)
        if found is None:
            try:
                found = f"{STAFF}{code}" if code in self.catalogue().people else None
            except TuxaError:
                return None  # a home without a catalogue has no staff
        return found

    @cached_property
    def catalogue_store(self) -> CatalogueStore:
        return CatalogueStore(self.database)

    @cached_property
    def dues(self) -> Dues:
        return Dues(self.database, self.facts, self.clock)

    def catalogue(self) -> Catalogue:
        """The catalogue as stored now, with the due days that lecturers set."""
        return self.dues.shown(self.catalogue_store.load())

    @contextmanager
    def executor(self) -> Iterator[Executor]:
        """The executor for CPU-bound work, shut down at the end; what was not begun is cancelled on an error."""
        pool = make_executor(self.settings.executor, workers=self.settings.workers or None)
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        else:
            pool.shutdown()

    def init(self) -> None:
        """Make the home: folders, keys, database schema. Doing it again changes nothing.

        Raises Refused over a database whose keys are gone, and over one of a newer program.
        """
        # Packets and records lie here: nobody else on this machine may look.
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        revision = migrate.current(self.database)
        self._require_known(revision)
        if revision is not None and not keys_exist(self.settings.keys_dir):
            raise Refused(
                N_("The keys of this database are gone: {folder}"),
                do=N_(
                    "Restore that folder from your backup; new keys could neither read nor prove what is stored."
                ),
                folder=str(self.settings.keys_dir),
            )
        ensure_keys(self.settings.keys_dir, self.ids)
        from delivery.network.bus.keys import ensure_bus_keys

        ensure_bus_keys(self.settings.keys_dir, self.ids)
        migrate.upgrade(self.database)

    def require_ready(self) -> None:
        """Raise Refused when the home was never prepared, is to be upgraded, or belongs to a newer program."""
        revision = migrate.current(self.database) if self.settings.home.is_dir() else None
        self._require_known(revision)
        if revision is None and not keys_exist(self.settings.keys_dir):
            raise Refused(
                N_("This home is not prepared yet: {home}"),
                do=N_("Run “tuxa init” once, or name another home with --home."),
                home=str(self.settings.home),
            )
        if revision != migrate.newest():
            raise Refused(
                N_("The database of this home is to be upgraded first."),
                do=N_("Run “tuxa init” once; what is stored stays as it is."),
            )
        load_keys(self.settings.keys_dir)

    def _require_known(self, revision: str | None) -> None:
        if revision is not None and revision not in migrate.known():
            raise Refused(
                N_("This database belongs to a newer tuxa (revision {revision})."),
                do=N_("Update this program, or name another database."),
                revision=revision,
            )

    def close(self) -> None:
        """Give back what was opened."""
        if "database" in self.__dict__:
            self.database.close()
