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
from delivery.errors import N_, Refused
from delivery.executor import make_executor
from delivery.i18n import Translator
from delivery.ids import IdSource, SystemIds
from delivery.settings import Settings
from delivery.store import migrate
from delivery.store.blobs import Blobs
from delivery.store.catalogue import CatalogueStore
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.keys import SiteKeys, ensure_keys, load_keys
from delivery.store.learners import Learners
from delivery.store.marks import Marks
from delivery.store.materials import Materials
from delivery.store.records import Records
from delivery.store.scans import Scans
from delivery.store.sheets import Sheets
from delivery.store.submissions import Submissions
from delivery.store.vault import Vault

if TYPE_CHECKING:
    from delivery.broadcast.ingest import Ingest
    from delivery.broadcast.library import Library
    from delivery.broadcast.onair import OnAir
    from delivery.store.credentials import Credentials
    from delivery.store.roster import CatalogueImport


@dataclass
class App:
    """One home, wired. Parts are built when first asked for, so that a command starts only what it needs."""

    settings: Settings
    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)

    @cached_property
    def translate(self) -> Translator:
        return Translator("en" if self.settings.lang == "en" else "vi")

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database_url)

    @cached_property
    def keys(self) -> SiteKeys:
        return load_keys(self.settings.keys_dir)

    @cached_property
    def blobs(self) -> Blobs:
        return Blobs(self.settings.blobs_url)

    @cached_property
    def vault(self) -> Vault:
        return Vault(self.database, self.keys.master, self.ids)

    @cached_property
    def facts(self) -> FactLog:
        return FactLog(
            self.database, self.vault, site=self.settings.site, signing=self.keys.signing, clock=self.clock
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
    def submissions(self) -> Submissions:
        return Submissions(self.database, self.facts, self.sheets, self.learners, self.scans)

    @cached_property
    def materials(self) -> Materials:
        return Materials(self.database, self.facts, self.clock)

    @cached_property
    def records(self) -> Records:
        return Records(self.database, default_profile=self.settings.profile)

    @cached_property
    def marks(self) -> Marks:
        return Marks(self.facts, self.learners, self.clock, default_profile=self.settings.profile)

    @cached_property
    def importer(self) -> CatalogueImport:
        from delivery.store.roster import CatalogueImport

        return CatalogueImport(
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
        from delivery.broadcast.library import Library

        return Library(self.database, self.blobs, clock=self.clock)

    @cached_property
    def ingest(self) -> Ingest:
        from delivery.broadcast.ffmpeg import find_ffmpeg
        from delivery.broadcast.ingest import Ingest

        ffmpeg = find_ffmpeg(self.settings.ffmpeg)
        return Ingest(self.library, self.facts, home=self.settings.home, ffmpeg=ffmpeg)

    @cached_property
    def on_air(self) -> OnAir:
        from delivery.app.air import build_on_air

        return build_on_air(self)

    @cached_property
    def credentials(self) -> Credentials:
        from delivery.store.credentials import Credentials

        return Credentials(self.database, self.clock, self.ids, find=self.learners.find)

    @cached_property
    def catalogue_store(self) -> CatalogueStore:
        return CatalogueStore(self.database)

    def catalogue(self) -> Catalogue:
        """The catalogue as stored now."""
        return self.catalogue_store.load()

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
        """Make the home: folders, keys, database schema. Doing it again changes nothing."""
        # Packets and records lie here: nobody else on this machine may look.
        self.settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        ensure_keys(self.settings.keys_dir, self.ids)
        from delivery.network.bus.keys import ensure_bus_keys

        ensure_bus_keys(self.settings.keys_dir, self.ids)
        migrate.upgrade(self.database)
        self.facts.register_site_key(self.settings.site, self.keys.public)

    def require_ready(self) -> None:
        """Raise Refused when the home was never prepared, or belongs to a newer program."""
        if not (self.settings.keys_dir / "site.json").exists() or migrate.current(self.database) is None:
            raise Refused(
                N_("This home is not prepared yet: {home}"),
                do=N_("Run “tuxa init” once, or name another home with --home."),
                home=str(self.settings.home),
            )

    def close(self) -> None:
        """Give back what was opened."""
        if "database" in self.__dict__:
            self.database.close()
