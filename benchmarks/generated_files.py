"""The generated institution as a folder of tables, for import: the raw data that reports are recomputed from."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from benchmarks.generated_institution import TODAY, snapshot
from delivery.catalogue.columns import SPEC_OF
from delivery.catalogue.register_kinds import Appointed, SystemPart
from delivery.catalogue.registers import Appointment, InstitutionDetails, Quota, System
from delivery.regulation.snapshot import Snapshot

LEVELS = ("upper_secondary", "intermediate", "college", "university")
_CATALOGUE = (
    "sites",
    "programmes",
    "cohorts",
    "courses",
    "units",
    "components",
    "activities",
    "materials",
    "people",
)
_REGISTERS = (
    "evidence", "programme_details", "regular_intakes", "plans", "plan_courses", "teaching", "partners", "contracts",
    "intakes", "syllabi",
)  # fmt: skip


def write_institution(folder: Path, *, learners: int, seed: int = 7) -> Snapshot:
    """Write every table of the institution with `learners` learners; the same for the same seed."""
    made = snapshot(learners=0, seed=seed)
    draw = random.Random(seed + 1)
    _table(folder, "institution", [made.institution])
    for name in (*_CATALOGUE, *_REGISTERS):
        _table(folder, name, getattr(made, name).values())
    # An intake that is still to come would have to pass its gate (delivery.app.gates).
    held = [row for row in made.intakes.values() if row.opens is None or row.opens.date() <= TODAY]
    _table(folder, "intakes", held)
    _table(folder, "institution_details", [InstitutionDetails("U", None, "Tỉnh An Giang", "Trung tâm ĐTTX")])
    _table(folder, "appointments", _appointments(made, draw))
    _table(folder, "systems", [System("S1", "Cổng học tập", SystemPart.SOFTWARE, "U", "Học, nộp bài")])
    years = sorted({cohort.admission_date.year for cohort in made.cohorts.values()})
    quotas = [
        Quota(p, site, year, draw.randrange(20, 200))
        for p in made.programmes
        for site in made.sites
        for year in years
    ]
    _table(folder, "quotas", quotas)
    _learners(folder, made, learners, draw)
    return made


def _appointments(made: Snapshot, draw: random.Random) -> list[Appointment]:
    people = sorted(made.people)
    out = []
    for programme in made.programmes:
        for duty in (Appointed.SUPPORT_STAFF, Appointed.ADVISER, Appointed.DISTANCE_MANAGER):
            for person in draw.sample(people, 4):
                starts = date(draw.randrange(2023, 2027), draw.randrange(1, 13), 1)
                ends = starts + timedelta(days=draw.randrange(100, 900)) if draw.random() < 0.5 else None
                out.append(Appointment(person, duty, "", programme, starts, ends))
    return out


def _learners(folder: Path, made: Snapshot, count: int, draw: random.Random) -> None:
    cohorts, sites = sorted(made.cohorts), sorted(made.sites)
    roster: list[Sequence[Any]] = []
    events: list[Sequence[Any]] = []
    terms: list[Sequence[Any]] = []
    for n in range(count):
        code, cohort = f"SV{n:06d}", cohorts[n % len(cohorts)]
        start = made.cohorts[cohort].admission_date
        roster.append((code, f"Người học {n}", cohort, draw.choice(sites)))
        events.append(
            (code, "enrolled", _day(start + timedelta(days=draw.randrange(40))), draw.choice(LEVELS))
        )
        when = start + timedelta(days=60)
        while draw.random() < 0.12:
            when += timedelta(days=draw.randrange(20, 300))
            events.append((code, "transferred", _day(when), draw.choice(sites)))
        if draw.random() < 0.25:
            when += timedelta(days=draw.randrange(20, 500))
            kind = draw.choice(
                ("withdrawn_voluntary", "dismissed", "graduated", "leave_medical", "leave_personal")
            )
            events.append((code, kind, _day(when), ""))
        for index in range(1, 5):
            average = Decimal(draw.randrange(150, 400)) / 100
            closed = start + timedelta(days=150 * index)
            row = (code, f"HK{index}", "yes", index, 15, draw.choice((0, 0, 0, 3, 9)), 0, 14 * index)
            terms.append((*row, _day(closed), average, average))
    _rows(folder, "learners", ("code", "full_name", "cohort", "site"), roster)
    _rows(folder, "standings", ("learner", "event", "on", "detail"), events)
    head = (
        "learner",
        "term",
        "main",
        "index",
        "registered",
        "failed",
        "owed",
        "earned",
        "closed",
        "average",
        "cumulative",
    )
    _rows(folder, "term_results", head, terms)


def _table(folder: Path, name: str, rows: Iterable[Any]) -> None:
    columns = [column.name for column in SPEC_OF[name].columns]
    _rows(
        folder,
        name,
        columns,
        ([_cell(name, column, getattr(row, column)) for column in columns] for row in rows),
    )


def _cell(table: str, column: str, value: Any) -> str:
    if table == "materials" and column == "file":
        return ""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ";".join(_cell(table, "", item) for item in value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


def _day(value: date) -> str:
    return value.isoformat()


def _rows(folder: Path, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(head)
        writer.writerows(rows)
