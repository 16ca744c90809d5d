"""Import of a catalogue and a roster: read and check everything, compare, then write in one transaction.

Nothing is half-imported: catalogue rows and facts are committed together or not at all. Importing the same files again
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, func, select

from delivery.atrest import collector_at_rest
from delivery.catalogue.changes import TABLES, Mentioned, compare, merge, notes_of, vanished
from delivery.catalogue.check import Regulations
from delivery.catalogue.learner_rows import LearnerRow
from delivery.catalogue.model import Catalogue, RosterEntry
from delivery.catalogue.parse import Problems
from delivery.catalogue.registers import Registers
from delivery.catalogue.rosterplan import (
    KnownLearner,
    plan_learner,
    shrinks_too_far,
)
from delivery.catalogue.tables_in import Tables, check_tables, read_tables
from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput, Message, Refused
from delivery.ids import fact_id
from delivery.record.canonical import canonical
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.regulation.profile import load_profile, profile_names
from delivery.store.blobs import Blobs
from delivery.store.catalogue import CatalogueStore, document_of
from delivery.store.catalogue_files import TableFiles
from delivery.store.database import Database
from delivery.store.evidence import EVIDENCE, RegisterStore, bound, with_files
from delivery.store.factlog import FactLog
from delivery.store.import_result import ImportResult, Tally
from delivery.store.keys import SiteKeys
from delivery.store.personstate import erasures
from delivery.store.roster_facts import facts_of, known_learners, mentioned_in
from delivery.store.standings import check_learners, drafts, sites_of
from delivery.store.tables.core import FactTable
from delivery.store.vault import Vault

_CHUNK = 500
_MAX_FILE_BYTES = 500_000_000
_SHRINK_TABLES = ("sites", "programmes", "cohorts", "courses", "activities", "materials", "people")
_fact = FactTable.__table__  # type: ignore[attr-defined]

Progress = Callable[[int, int], None]
"""Receives (learners done, learners in all)."""
Judge = Callable[[Connection, Registers], None]
"""Looks at the registers as they are saved, before the commit, beside those before; raises to refuse the import."""


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
    judge: Judge | None = None
    """The regulation's gates for what is still to happen."""

    def run(
        self,
        path: Path,
        *,
        actor: str,
        allow_shrink: bool = False,
        enrol_again: bool = False,
        progress: Progress | None = None,
    ) -> ImportResult:
        """Import the folder or workbook `path`; with `enrol_again`, also into courses that a learner has left.

        Raises BadInput with every problem found, and Refused when more than half of something would vanish and
        `allow_shrink` was not given.
        """
        with collector_at_rest():
            return self._run(
                path, actor=actor, allow_shrink=allow_shrink, enrol_again=enrol_again, progress=progress
            )

    def _run(
        self, path: Path, *, actor: str, allow_shrink: bool, enrol_again: bool, progress: Progress | None
    ) -> ImportResult:
        problems = Problems()
        with TableFiles(path, problems) as source:
            tables = read_tables(source.tables, problems)
        folder = path if path.is_dir() else path.parent
        _check_files(tables, folder, problems)
        with self.database.write() as connection:
            stored = self.store.find_in(connection)
            merged = merge(stored, tables.catalogue, self._mentioned(stored, tables.catalogue))
            roster = check_tables(tables, merged, self._regulations(), problems)
            evidence = tables.registers.get(EVIDENCE, {})
            evidence_files = with_files(evidence, folder, tables.places, problems)
            listed = {entry.profile.code for entry in roster.entries}
            if tables.learner_rows:
                check_learners(tables.learner_rows, self.keys, sites_of(connection), listed, problems)
            if problems.found:
                raise _refusal(path, problems)
            known = known_learners(connection) if tables.has_roster else {}
            ids = [self.keys.learner_id(entry.profile.code) for entry in roster.entries]
            missing = len(known.keys() - set(ids))
            if not allow_shrink:
                _refuse_shrinking(stored, merged, learners=(len(known), missing))
            catalogue = self._with_contents(merged, tables.files, folder)
            changes = compare(stored, tables.catalogue, catalogue)
            tally = Tally(len(roster.entries), missing, lists_enrolments=tables.has_enrolments)
            registers = dict(tables.registers)
            if EVIDENCE in registers:
                registers[EVIDENCE] = bound(evidence, evidence_files, self.blobs)
            rows = [row.value for row in tables.learner_rows]
            del tables  # the rows of a large roster: everything needed is in `roster` now
            self.store.save_in(connection, catalogue)
            drafts = self._drafts(
                connection,
                (ids, roster.entries),
                known,
                tally,
                actor=actor,
                enrol_again=enrol_again,
                progress=progress,
            )
            self.facts.append_in(connection, drafts, once=True)
            result = tally.result(changes, (*problems.notes, *notes_of(changes)))
            result = self._registers(connection, registers, rows, result, actor)
            if result.catalogue_changed:
                self.facts.append_in(connection, [self._imported(connection, catalogue, result, actor)])
        return result

    def _registers(
        self,
        connection: Connection,
        registers: Mapping[str, Mapping[Any, Any]],
        rows: Sequence[LearnerRow],
        result: ImportResult,
        actor: str,
    ) -> ImportResult:
        """Save the registers, and tell what is new of learners' standing."""
        if not (registers or rows):
            return result
        store, now = RegisterStore(self.database), to_micros(self.clock.now())
        before = store.load_in(connection) if self.judge else Registers()
        changes = store.save_in(connection, registers)
        told = self.facts.append_in(
            connection,
            drafts(connection, rows, self.keys, sites_of(connection), at=now, actor=actor),
            once=True,
        )
        if any(not change.empty for change in changes.values()):
            kind = FactKind.REGISTERS_IMPORTED
            digest = self.blobs.put(canonical(store.document_in(connection)))
            earlier = connection.execute(
                select(func.count()).select_from(_fact).where(_fact.c.kind == str(kind))
            ).scalar_one()
            draft = Draft(
                id=fact_id(kind, self.site, earlier + 1, digest),
                kind=kind,
                occurred_at=now,
                actor=actor,
                data={"digest": digest, "counts": {name: len(rows) for name, rows in registers.items()}},
            )
            self.facts.append_in(connection, [draft])
            if self.judge:
                self.judge(connection, before)
        return replace(result, registers=changes, standings=len(told.added))

    def _regulations(self) -> Regulations:
        return Regulations(
            {name: load_profile(name).grading for name in profile_names()}, self.default_profile
        )

    def _mentioned(self, stored: Catalogue | None, wanted: Catalogue) -> Mentioned:
        """What facts speak of; read only when the files leave something out, because it takes the whole log."""
        if not vanished(stored, wanted):
            return Mentioned({})
        return mentioned_in(self.facts.select())

    def _with_contents(self, catalogue: Catalogue, files: Mapping[str, str], folder: Path) -> Catalogue:
        """Store the files of materials, and bind each material to its bytes."""
        materials = dict(catalogue.materials)
        for code, file in files.items():
            path = folder / file
            materials[code] = replace(materials[code], content=self.blobs.put_file(path), file=path.name)
        return replace(catalogue, materials=materials)

    def _drafts(
        self,
        connection: Connection,
        roster: tuple[Sequence[str], Sequence[RosterEntry]],
        known: Mapping[str, KnownLearner],
        tally: Tally,
        *,
        actor: str,
        enrol_again: bool,
        progress: Progress | None,
    ) -> Iterator[Draft]:
        """Facts of the roster (learner ids and entries), made as they are asked for; counts go to `tally`."""
        now = to_micros(self.clock.now())
        ids, entries = roster
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            profiles = self.vault.profiles_in(
                connection, [ident for ident in chunk if ident in known], even_restricted=True
            )
            for erased in erasures(connection, profiles):
                del profiles[erased]  # whatever the law retains of them, a roster adds nothing to it
            for ident, entry in zip(chunk, entries[start : start + _CHUNK], strict=True):
                plan = plan_learner(entry, known.get(ident), profiles.get(ident), enrol_again=enrol_again)
                tally.count(plan)
                yield from facts_of(plan, ident, at=now, actor=actor)
            if progress:
                progress(start + len(chunk), len(ids))

    def _imported(
        self, connection: Connection, catalogue: Catalogue, result: ImportResult, actor: str
    ) -> Draft:
        """The fact that tells of the import. Its digest is the address of the catalogue's own document."""
        kind = FactKind.CATALOGUE_IMPORTED
        before = connection.execute(
            select(func.count()).select_from(_fact).where(_fact.c.kind == str(kind))
        ).scalar_one()
        digest = self.blobs.put(canonical(document_of(catalogue)))
        counts = {name: len(getattr(catalogue, name)) for name in TABLES}
        counts |= {
            "learners_registered": result.registered,
            "learner_profiles_changed": result.profiles_changed,
            "courses_enrolled": result.enrolled,
        }
        return Draft(
            id=fact_id(kind, self.site, before + 1, digest),
            kind=kind,
            occurred_at=to_micros(self.clock.now()),
            actor=actor,
            data={"digest": digest, "counts": counts},
        )


def _check_files(tables: Tables, folder: Path, problems: Problems) -> None:
    """Each file that a material names exists, is not empty, and lies in the folder."""
    root = folder.resolve()
    for code, file in tables.files.items():
        where = tables.places["materials", code]
        path = (folder / file).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            reason = N_("There is no file “{name}” beside the tables. Put it there, or correct the name.")
        elif path.stat().st_size == 0:
            reason = N_("The file “{name}” is empty. Put the material into it.")
        elif path.stat().st_size > _MAX_FILE_BYTES:
            reason = N_(
                "The file “{name}” is too large for a catalogue. Add lessons with: tuxa media add FILE"
            )
        else:
            continue
        problems.in_cell(where, "file", Message(reason, {"name": file}))


def _refusal(path: Path, problems: Problems) -> BadInput:
    return BadInput(
        N_("Nothing was imported from {path}: {count} problems."),
        do=N_("Correct them in the files and import again; nothing was stored."),
        problems=tuple(problems.found),
        path=str(path),
        count=len(problems.found),
    )


def _refuse_shrinking(stored: Catalogue | None, merged: Catalogue, *, learners: tuple[int, int]) -> None:
    """A side that suddenly emptied is rather a broken export than a decision."""
    losses = {"learners": learners}
    if stored is not None:
        for table in _SHRINK_TABLES:
            old, new = getattr(stored, table), getattr(merged, table)
            losses[table] = (len(old), len(old.keys() - new.keys()))
    for table, (before, lost) in losses.items():
        if shrinks_too_far(stored=before, missing=lost):
            raise Refused(
                N_("{lost} of {before} rows of {table} are no longer in the files: more than half."),
                do=N_("If the files are whole and this is meant, import with --allow-shrink."),
                table=table,
                before=before,
                lost=lost,
            )
