"""The generated institution as a folder of tables, for import: the raw data that reports are recomputed from."""

from __future__ import annotations

import csv
import random
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from benchmarks.generated_institution import COURSES, PROGRAMMES, TODAY, snapshot
from delivery.catalogue.columns import SPEC_OF
from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import SiteKind
from delivery.catalogue.model import Cohort, Site
from delivery.catalogue.register_kinds import Appointed, SystemPart
from delivery.catalogue.registers import (
    Appointment,
    Contract,
    Evidence,
    InstitutionDetails,
    Quota,
    System,
)
from delivery.regulation.snapshot import Snapshot

_K = EvidenceKind
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


def write_institution(
    folder: Path,
    *,
    learners: int,
    programmes: int = PROGRAMMES,
    courses: int = COURSES,
    seed: int = 7,
) -> Snapshot:
    """Write every table of the institution with `learners` learners; the same for the same seed."""
    made = _odd(snapshot(learners=0, programmes=programmes, courses=courses, seed=seed))
    draw = random.Random(seed + 1)
    _table(folder, "institution", [made.institution])
    for name in (*_CATALOGUE, *_REGISTERS):
        _table(folder, name, getattr(made, name).values())
    # An intake that is still to come would have to pass its gate (delivery.app.gates).
    held = [row for row in made.intakes.values() if row.opens is None or row.opens.date() <= TODAY]
    _table(folder, "intakes", held)
    _table(folder, "institution_details", [InstitutionDetails("U", None, "Tỉnh An Giang", "Trung tâm ĐTTX")])
    _table(folder, "appointments", _appointments(made, draw))
    _table(folder, "systems", _SYSTEMS)
    years = sorted({cohort.admission_date.year for cohort in made.cohorts.values()})
    quotas = [
        Quota(p, site, year, draw.randrange(20, 2000))
        for p in made.programmes
        for site in made.sites
        for year in years
        if draw.random() < 0.8
    ]
    _table(folder, "quotas", quotas)
    _learners(folder, made, learners, draw)
    return made


_LONG = unicodedata.normalize(
    "NFD", "Trường Bồi dưỡng cán bộ, Giáo dục nghề nghiệp và Giáo dục thường xuyên Đồng Tháp"
)
"""80 characters, as a Mac writes them: marks apart from their letters."""
_SYSTEMS = (
    System("S1", "Cổng học tập", SystemPart.SOFTWARE, "U", "Học, nộp bài"),
    System("S2", "Quản lý đào tạo; “một cửa”", SystemPart.SOFTWARE, "Công ty A & B", "Tuyển sinh, cấp bằng"),
    System("S0", "Lớp học trực tuyến", SystemPart.SOFTWARE, "", ""),
    System("H1", "Máy chủ", SystemPart.INFRASTRUCTURE, "C", "Máy chủ"),
)


def _odd(made: Snapshot) -> Snapshot:
    """What real institutions have and a plain one lacks: a branch, long names, a foreign degree, an older cohort …"""
    first, *rest = made.programmes
    foreign, other = "PF", rest[0]
    known = made.programmes
    programmes = {
        **known,
        other: replace(known[other], name=_LONG),
        foreign: replace(known[first], code=foreign, name="Awarded abroad"),
    }
    details = {
        **made.programme_details,
        foreign: replace(made.programme_details[first], programme=foreign, awarding_country="FR"),
    }
    cohorts = {
        **made.cohorts,
        f"{first}-K2023": Cohort(f"{first}-K2023", first, date(2023, 9, 1)),
        f"{foreign}-K2025": Cohort(f"{foreign}-K2025", foreign, date(2025, 9, 1)),
    }
    branch = Site("B1", f"Phân hiệu {_LONG}", SiteKind.BRANCH, "12 Nguyễn Huệ, Đồng Tháp")
    all_of_it = tuple(known)
    contracts = {
        **made.contracts,
        **{
            number: Contract(number, partner, signed, starts, ends, which)
            for number, partner, signed, starts, ends, which in (
                ("01/2022/HĐ", "C1", date(2022, 1, 4), date(2022, 1, 4), date(2024, 6, 30), (first,)),
                ("77/HĐ", "C2", date(2026, 12, 1), date(2027, 1, 1), date(2030, 12, 31), all_of_it),
                ("09/HĐ-LK", "C3", date(2026, 6, 30), date(2026, 12, 31), date(2028, 12, 31), (first, other)),
            )
        },
    }
    papers = [
        Evidence("BH1", _K.PROGRAMME_ISSUE, first, signed=date(2024, 5, 2), number="1/QĐ", signer="Lê A"),
        Evidence("BH2", _K.PROGRAMME_ISSUE, first, signed=date(2026, 4, 10), number="2/QĐ", signer="Trần B"),
        Evidence("BH3", _K.PROGRAMME_ISSUE, first, signed=date(2026, 11, 20), number="3/QĐ", signer="Trần B"),
        Evidence("DT2", _K.DISTANCE_DECISION, other, signed=date(2025, 7, 1), number="8/QĐ", signer="Lê A"),
        *(
            Evidence(f"MN{n}", _K.MAJOR_OPENING, major, signed=date(2015 + n, 1, 5), title=title)
            for n, (major, title) in enumerate(
                ((known[first].major_code, "Công nghệ thông tin"), (known[other].major_code, ""))
            )
        ),
    ]
    alone = next(code for code, course in made.courses.items() if course.programme == other)
    teaching = {key: row for key, row in made.teaching.items() if row.course != alone}
    return made.changed(
        programmes=programmes,
        programme_details=details,
        cohorts=cohorts,
        sites={**made.sites, "B1": branch},
        contracts=contracts,
        evidence={**made.evidence, **{row.code: row for row in papers}},
        teaching=teaching,
    )


def _appointments(made: Snapshot, draw: random.Random) -> list[Appointment]:
    people = sorted(made.people)
    out = []
    for programme in made.programmes:
        for duty in (Appointed.SUPPORT_STAFF, Appointed.ADVISER, Appointed.DISTANCE_MANAGER):
            for person in draw.sample(people, 4):
                starts = date(draw.randrange(2023, 2027), draw.randrange(1, 13), 1)
                ends = starts + timedelta(days=draw.randrange(100, 900)) if draw.random() < 0.5 else None
                out.append(Appointment(person, duty, "", programme, starts, ends))
    # One who holds a duty for every programme; the lead of one holds no duty that table IV counts.
    out.append(Appointment(people[0], Appointed.ACADEMIC_CLERK, "Phòng Đào tạo", "", date(2024, 1, 1)))
    out.append(Appointment(people[1], Appointed.PROGRAMME_LEAD, "", next(iter(made.programmes))))
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
        if n % 50 == 49:
            continue  # admitted, never enrolled
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
            if kind == "dismissed" and n % 3 == 0:  # the decision was issued again
                events.append((code, kind, _day(when + timedelta(days=5)), ""))
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
