"""What the runners of post need from the wiring: the application satisfies it as it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from typing import Protocol

from delivery.catalogue.model import Catalogue
from delivery.clock import Clock
from delivery.i18n import Translator
from delivery.ids import IdSource
from delivery.settings import Settings
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.keys import SiteKeys
from delivery.store.learners import Learners
from delivery.store.marks import Marks
from delivery.store.materials import Materials
from delivery.store.scans import Scans
from delivery.store.sheets import Sheets
from delivery.store.submissions import Submissions
from delivery.store.vault import Vault

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


def silent(_done: int, _total: int) -> None:
    """No progress to show."""


class Desk(Protocol):
    """Parts of one home that post works with."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> IdSource: ...
    @property
    def translate(self) -> Translator: ...
    @property
    def database(self) -> Database: ...
    @property
    def keys(self) -> SiteKeys: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def facts(self) -> FactLog: ...
    @property
    def learners(self) -> Learners: ...
    @property
    def sheets(self) -> Sheets: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def scans(self) -> Scans: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def materials(self) -> Materials: ...
    def catalogue(self) -> Catalogue: ...
    def executor(self) -> AbstractContextManager[Executor]: ...
