"""People of a programme in a year: what table IV of Phụ lục I counts. Each person once per programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from delivery.catalogue.kinds import EmploymentKind
from delivery.catalogue.register_kinds import Appointed
from delivery.catalogue.registers import Appointment, Teaching
from delivery.errors import N_, Message
from delivery.regulation.indexes import courses_of
from delivery.regulation.snapshot import Snapshot, grouped
from delivery.reports.document import Behind

LECTURERS = (EmploymentKind.PERMANENT, EmploymentKind.FULL_TIME_CONTRACT, EmploymentKind.VISITING)
"""Columns (3) to (5)."""
SUPPORT = (EmploymentKind.PERMANENT, EmploymentKind.FULL_TIME_CONTRACT, EmploymentKind.CASE_CONTRACT)
"""Columns (6) to (8)."""
SUPPORT_DUTIES = frozenset({Appointed.SUPPORT_STAFF, Appointed.ADVISER, Appointed.ACADEMIC_CLERK})
"""Cán bộ hỗ trợ học tập: with them advisers and academic clerks, who guide learners (TT-7.1, TT-7.5)."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Rows behind the numbers of one programme."""

    lecturers: Mapping[EmploymentKind, tuple[Behind, ...]]
    support: Mapping[EmploymentKind, tuple[Behind, ...]]
    managers: tuple[Behind, ...]
    problems: tuple[Message, ...]


def staff_of_year(s: Snapshot, programme: str, year: int) -> Staff:
    """Whoever taught or held a duty on some day of the year."""
    lecturers: dict[str, Behind] = {}
    by_course = grouped(s.teaching.values(), lambda row: row.course)
    for course in courses_of(s).get(programme, ()):
        rows = by_course.get(course.code, ())
        for row in rows:
            if _in_year(row, year):
                lecturers.setdefault(
                    row.person, Behind("teaching", row.person, row.starts, course.code, row.decision)
                )
        if not rows and course.lecturer:
            lecturers.setdefault(course.lecturer, Behind("courses", course.lecturer, None, course.code))
    support: dict[str, Behind] = {}
    managers: dict[str, Behind] = {}
    for held in s.appointments.values():
        if held.programme not in ("", programme) or not _in_year(held, year):
            continue
        row_behind = Behind("appointments", held.person, held.starts, held.duty.value, held.unit)
        if held.duty in SUPPORT_DUTIES:
            support.setdefault(held.person, row_behind)
        elif held.duty is Appointed.DISTANCE_MANAGER:
            managers.setdefault(held.person, row_behind)
    taught, odd_lecturers = _by_employment(s, lecturers, LECTURERS)
    helped, odd_support = _by_employment(s, support, SUPPORT)
    problems = [
        Message(
            N_("{programme}: {people} are in no column of table IV: their employment has no column there."),
            {"programme": programme, "people": ", ".join(sorted(odd))},
        )
        for odd in (odd_lecturers, odd_support)
        if odd
    ]
    return Staff(taught, helped, _sorted(managers.values()), tuple(problems))


def _in_year(row: Teaching | Appointment, year: int) -> bool:
    return (row.starts is None or row.starts <= date(year, 12, 31)) and (
        row.ends is None or row.ends >= date(year, 1, 1)
    )


def _by_employment(
    s: Snapshot, rows: Mapping[str, Behind], columns: tuple[EmploymentKind, ...]
) -> tuple[dict[EmploymentKind, tuple[Behind, ...]], list[str]]:
    out: dict[EmploymentKind, list[Behind]] = {kind: [] for kind in columns}
    odd = []
    for code, behind in rows.items():
        person = s.people.get(code)
        if person is not None and person.employment in out:
            out[person.employment].append(behind)
        else:
            odd.append(code)
    return {kind: _sorted(found) for kind, found in out.items()}, odd


def _sorted(rows: Iterable[Behind]) -> tuple[Behind, ...]:
    return tuple(sorted(rows, key=lambda row: row.code))
