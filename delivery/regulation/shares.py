"""Volumes of a programme in exact numbers: by delivery mode (TX-2.1, A3) and by who teaches (TX-5.7b, A1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from delivery.catalogue.kinds import DISTANCE_MODES, DeliveryMode, EmploymentKind
from delivery.catalogue.model import Course
from delivery.regulation.indexes import activities_of, contract_on, courses_of, teaching_of
from delivery.regulation.snapshot import Snapshot, index


@dataclass(frozen=True, slots=True)
class Volumes:
    """Credits of a programme by mode. `listed` may be less than `total` while courses are still to be entered."""

    total: Fraction
    listed: Fraction
    by_mode: Mapping[DeliveryMode, Fraction]

    @property
    def distance(self) -> Fraction:
        return sum((self.by_mode.get(mode, Fraction(0)) for mode in DISTANCE_MODES), Fraction(0))

    @property
    def missing(self) -> Fraction:
        """Credits of courses that the catalogue does not list yet."""
        return max(self.total - self.listed, Fraction(0))


def course_volumes(s: Snapshot, course: Course) -> dict[DeliveryMode, Fraction]:
    """Credits of a course by mode, in proportion to the designed minutes; all in its lead mode while it has none."""
    minutes: dict[DeliveryMode, int] = {}
    for activity in activities_of(s, course.code):
        minutes[activity.mode] = minutes.get(activity.mode, 0) + activity.minutes
    credits, total = Fraction(course.credits), sum(minutes.values())
    if not total:
        return {course.lead_mode: credits}
    return {mode: credits * part / total for mode, part in minutes.items()}


@index
def _volumes(s: Snapshot) -> Mapping[str, Volumes]:
    out = {}
    for code, programme in s.programmes.items():
        by_mode: dict[DeliveryMode, Fraction] = {}
        listed = Fraction(0)
        for course in courses_of(s).get(code, ()):
            listed += Fraction(course.credits)
            for mode, volume in course_volumes(s, course).items():
                by_mode[mode] = by_mode.get(mode, Fraction(0)) + volume
        out[code] = Volumes(max(Fraction(programme.credits), listed), listed, by_mode)
    return out


def volumes(s: Snapshot, programme: str) -> Volumes:
    return _volumes(s)[programme]


@dataclass(frozen=True, slots=True)
class TaughtBy:
    """Credits of a programme by who teaches them (TX-5.7b)."""

    total: Fraction
    assigned: Fraction
    visiting: Fraction
    """All visiting lecturers."""
    partner_staff: Fraction
    """Of these, permanent staff of a partner with a contract in force for the programme."""
    people: tuple[str, ...]
    """Visiting lecturers, by code."""


@index
def _taught(s: Snapshot) -> Mapping[str, TaughtBy]:
    out = {}
    for code, programme in s.programmes.items():
        listed = assigned = visiting = partner = Fraction(0)
        people: set[str] = set()
        for course in courses_of(s).get(code, ()):
            credits = Fraction(course.credits)
            listed += credits
            carried = {t.person: Fraction(t.credits) for t in teaching_of(s, course.code)}
            if not carried and course.lecturer:
                carried = {course.lecturer: credits}
            for person_code, volume in carried.items():
                assigned += volume
                person = s.people.get(person_code)
                if person is None or person.employment is not EmploymentKind.VISITING:
                    continue
                visiting += volume
                people.add(person_code)
                if contract_on(s, person.institution, s.on, code):
                    partner += volume
        out[code] = TaughtBy(
            max(Fraction(programme.credits), listed), assigned, visiting, partner, tuple(sorted(people))
        )
    return out


def taught_by(s: Snapshot, programme: str) -> TaughtBy:
    return _taught(s)[programme]
