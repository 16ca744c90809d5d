"""All tables of one hand-over -> a catalogue and a roster that are known to be sound, or every problem at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from delivery.catalogue.changes import TABLES as CATALOGUE_TABLES
from delivery.catalogue.check import Regulations, check
from delivery.catalogue.columns import SPECS, MaterialRow
from delivery.catalogue.learner_columns import LEARNER_SPECS
from delivery.catalogue.model import Catalogue, Enrolment, Institution, RosterEntry
from delivery.catalogue.parse import Parsed, Problems, RawTable, Where, parse_table
from delivery.catalogue.provinces import is_province
from delivery.catalogue.register_check import check_registers
from delivery.catalogue.register_columns import REGISTER_SPECS
from delivery.errors import N_, Message


@dataclass(frozen=True, slots=True)
class Roster:
    """Every learner that the hand-over lists, with their courses."""

    entries: tuple[RosterEntry, ...]

    @property
    def enrolments(self) -> int:
        return sum(len(entry.courses) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of a hand-over, before they are held against each other and against what is stored."""

    catalogue: Catalogue
    """With a nameless institution when there is none, which is a problem already noted."""
    places: Mapping[tuple[str, object], Where]
    files: Mapping[str, str]
    """Material code -> file that holds it."""
    learners: Sequence[Parsed]
    enrolments: Sequence[Parsed]
    has_roster: bool
    has_enrolments: bool
    registers: Mapping[str, Mapping[Any, Any]] = field(default_factory=dict)
    """Rows of each register that the hand-over brings, by key; a register that is not there stays as it is stored."""
    learner_rows: Sequence[Parsed] = ()
    """Events, terms and results of learners, which become facts."""


def read_tables(tables: Mapping[str, RawTable], problems: Problems) -> Tables:
    """Parse every table of `tables` (by name)."""
    rows = {
        spec.name: parse_table(spec, tables[spec.name], problems) for spec in SPECS if spec.name in tables
    }
    places: dict[tuple[str, object], Where] = {}

    def keyed(name: str) -> dict[Any, Any]:
        spec = next(s for s in SPECS if s.name == name)
        out: dict[Any, Any] = {}
        for value, where in rows.get(name, ()):
            parts = spec.key(value)
            key = parts if len(parts) > 1 else parts[0]
            places[(name, key)] = where
            out[key] = value.material if isinstance(value, MaterialRow) else value
        return out

    institution = _institution(rows.get("institution"), problems)
    catalogue = Catalogue(institution, **{name: keyed(name) for name in CATALOGUE_TABLES})
    files = {row.value.material.code: row.value.file for row in rows.get("materials", ()) if row.value.file}
    return Tables(
        catalogue,
        places,
        files,
        rows.get("learners", ()),
        rows.get("enrolments", ()),
        has_roster="learners" in tables,
        has_enrolments="enrolments" in tables,
        registers={spec.name: keyed(spec.name) for spec in REGISTER_SPECS if spec.name in tables},
        learner_rows=[row for spec in LEARNER_SPECS for row in rows.get(spec.name, ())],
    )


def _institution(rows: Sequence[Parsed] | None, problems: Problems) -> Institution:
    if not rows:
        if not (problems.broken.get("institution") or "institution" in problems.unread):
            problems.in_file(
                "institution", Message(N_("There is no row. Describe the institution in row 2."))
            )
        return Institution("", "")
    for row in rows[1:]:
        problems.in_row(row.where, Message(N_("There is one institution only. Remove this row.")))
    institution: Institution = rows[0].value
    return institution


def check_tables(
    tables: Tables, catalogue: Catalogue, regulations: Regulations, problems: Problems
) -> Roster:
    """Hold everything against everything. `catalogue` is that of `tables` with what is kept from earlier imports."""
    check(catalogue, tables.places, regulations, problems)
    check_registers(catalogue, tables.registers, tables.places, problems)
    courses_of = _check_enrolments(tables, catalogue, problems)
    provinces: Counter[str] = Counter()
    entries = []
    for entry, where in tables.learners:
        if entry.cohort not in catalogue.cohorts and not problems.excuses("cohorts", entry.cohort):
            problems.in_cell(where, "cohort", _unknown(entry.cohort, "cohorts"))
        if entry.site not in catalogue.sites and not problems.excuses("sites", entry.site):
            problems.in_cell(where, "site", _unknown(entry.site, "sites"))
        provinces[entry.profile.province] += 1
        entries.append(replace(entry, courses=tuple(courses_of.pop(entry.profile.code, ()))))
    for province, count in sorted(provinces.items()):
        if not province or is_province(province):
            continue
        note = N_(
            "“{province}” is not one of the 34 provinces and cities since 1 July 2025 ({count} learners)."
        )
        problems.notes.append(Message(note, {"province": province, "count": count}))
    return Roster(tuple(entries))


def _unknown(value: str, table: str) -> Message:
    text = N_("“{value}” is not in {table}. Correct the code, or add the row there.")
    return Message(text, {"value": value, "table": table})


def _check_enrolments(tables: Tables, catalogue: Catalogue, problems: Problems) -> dict[str, list[str]]:
    cohort_of = {row.value.profile.code: row.value.cohort for row in tables.learners}
    out: dict[str, list[str]] = {}
    foreign: Counter[str] = Counter()
    for row in tables.enrolments:
        enrolment: Enrolment = row.value
        cohort_code = cohort_of.get(enrolment.learner)
        course = catalogue.courses.get(enrolment.course)
        if cohort_code is None and not problems.excuses("learners", enrolment.learner):
            problems.in_cell(row.where, "learner", _unknown(enrolment.learner, "learners"))
        if course is None and not problems.excuses("courses", enrolment.course):
            problems.in_cell(row.where, "course", _unknown(enrolment.course, "courses"))
        if cohort_code is None or course is None:
            continue
        cohort = catalogue.cohorts.get(cohort_code)
        if cohort is not None and cohort.programme != course.programme:
            foreign[course.code] += 1
        out.setdefault(enrolment.learner, []).append(course.code)
    for code, count in sorted(foreign.items()):
        note = N_("Course {course}: {count} learners are enrolled from other programmes.")
        problems.notes.append(Message(note, {"course": code, "count": count}))
    return out
