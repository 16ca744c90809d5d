"""Import of a catalogue and a roster: read and check everything, compare, then write in one transaction.

Nothing is half-imported: catalogue rows and facts are committed together or not at all. Importing the same files again
changes nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, func, select

from delivery.catalogue.changes import TABLES, Mentioned, TableChange, compare, merge, notes_of, vanished
from delivery.catalogue.check import Regulations
from delivery.catalogue.model import Catalogue, RosterEntry
from delivery.catalogue.parse import Problems
from delivery.catalogue.rosterplan import KnownLearner, LearnerPlan, ProfileStep, plan_learner, shrinks_too_far
from delivery.catalogue.tables_in import Roster, Tables, check_tables, read_tables
from delivery.clock import Clock, to_micros
from delivery.errors import BadInput, Message, N_, Refused
from delivery.ids import fact_id
from delivery.record.canonical import canonical
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.regulation.profile import load_profile, profile_names
from delivery.store.blobs import Blobs
from delivery.store.catalogue import CatalogueStore, document_of
from delivery.store.catalogue_files import TableFiles
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.keys import SiteKeys
from delivery.store.tables.core import EnrolmentTable, FactTable, LearnerTable
from delivery.store.vault import Vault, profile_to
from delivery.units import Micros

_CHUNK = 500
_MAX_FILE_BYTES = 500_000_000
_SHRINK_TABLES = ("sites", "programmes", "cohorts", "courses", "activities", "materials", "people")
_learner = LearnerTable.__table__  # type: ignore[attr-defined]
_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]
_fact = FactTable.__table__  # type: ignore[attr-defined]

Progress = Callable[[int, int], None]
"""Receives (learners done, learners in all)."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import changed."""

    tables: Mapping[str, TableChange]
    learners: int
    """Learners that the roster lists."""
    registered: int
    profiles_changed: int
    enrolled: int
    vanished: int
    """Learners of the record whom the roster no longer lists; nothing was done about them."""
    notes: tuple[Message, ...]

    @property
    def changed(self) -> bool:
        return bool(self.registered or self.profiles_changed or self.enrolled) or any(
            not change.empty for change in self.tables.values()
        )


@dataclass(slots=True)
class _Tally:
    registered: int = 0
    profiles_changed: int = 0
    enrolled: int = 0
    erased: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueImport:
    """The runner; `site` is the site that writes here."""

    database: Database
    facts: FactLog
    vault: Vault
    keys: SiteKeys
    blobs: Blobs
    store: CatalogueStore
    clock: Clock
    site: str
    default_profile: str

    def run(
        self, path: Path, *, actor: str, allow_shrink: bool = False, progress: Progress | None = None
    ) -> ImportResult:
        """Import the folder or workbook `path`.

        Raises BadInput with every problem found, and Refused when more than half of something would vanish and
        `allow_shrink` was not given.
        """
        problems = Problems()
        with TableFiles(path, problems) as source:
            tables = read_tables(source.tables, problems)
        folder = path if path.is_dir() else path.parent
        _check_files(tables, folder, problems)
        with self.database.write() as connection:
            stored = self.store.find_in(connection)
            catalogue, roster, changes = self._judge(tables, stored, problems)
            if not allow_shrink:
                _refuse_shrunk_tables(stored, catalogue)
            catalogue = self._with_contents(catalogue, tables, folder)
            changes = compare(stored, catalogue, changes)
            known = _known_learners(connection) if tables.has_roster else {}
            missing = self._missing(roster, known, allow_shrink=allow_shrink)
            self.store.save_in(connection, catalogue)
            tally = _Tally()
            drafts = self._drafts(connection, roster, known, tally, actor=actor, progress=progress)
            self.facts.append_in(connection, drafts, once=True)
            result = ImportResult(
                tables=changes,
                learners=len(roster.entries),
                registered=tally.registered,
                profiles_changed=tally.profiles_changed,
                enrolled=tally.enrolled,
                vanished=missing,
                notes=(*problems.notes, *notes_of(changes), *_roster_notes(missing, tally)),
            )
            if result.changed:
                self.facts.append_in(connection, [self._imported(connection, catalogue, result, actor)])
        return result
