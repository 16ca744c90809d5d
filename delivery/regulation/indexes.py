"""Views on a snapshot that many rules share, each worked out once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode, MaterialKind, MaterialRole, SiteKind
from delivery.catalogue.model import Activity, Cohort, Component, Course, Material, Programme
from delivery.catalogue.register_kinds import StandingEvent
from delivery.catalogue.registers import (
    Appointment,
    Contract,
    Evidence,
    ProgrammeDetails,
    StudyPlan,
    Teaching,
)
from delivery.regulation.findings import Subject
from delivery.regulation.profile import Profile, load_profile
from delivery.regulation.snapshot import Snapshot, grouped, index
from delivery.regulation.standing import Standing
from delivery.regulation.values import Values, strictest

MATERIAL_MODES: Mapping[DeliveryMode, frozenset[MaterialKind]] = {
    DeliveryMode.BROADCAST: frozenset({MaterialKind.TV_PROGRAMME, MaterialKind.RADIO_PROGRAMME}),
    DeliveryMode.POSTAL: frozenset(
        {
            MaterialKind.TEXTBOOK,
            MaterialKind.REFERENCE_BOOK,
            MaterialKind.STUDY_GUIDE,
            MaterialKind.WORKBOOK,
            MaterialKind.EXAM_GUIDE,
        }
    ),
}


# --- subjects ---------------------------------------------------------------------------------------------------------


def the_institution(s: Snapshot) -> Subject:
    return Subject("institution", s.institution.code)


def the_programme(programme: str) -> Subject:
    return Subject("programme", programme, programme)


def the_course(course: Course) -> Subject:
    return Subject("course", course.code, course.programme)


# --- profiles ---------------------------------------------------------------------------------------------------------


def profile_of(s: Snapshot, cohort: Cohort) -> Profile:
    """The profile that a cohort is bound to."""
    name = cohort.profile or s.default_profile
    return s.profiles.get(name) or load_profile(name)


def is_legacy(s: Snapshot, cohort: Cohort) -> bool:
    """Admitted on or before the day after which the circular applies (TXC-2-1, A24)."""
    return cohort.admission_date <= profile_of(s, cohort).admitted_after


@index
def cohorts_of(s: Snapshot) -> Mapping[str, list[Cohort]]:
    """Programme -> cohorts by admission."""
    return grouped(
        sorted(s.cohorts.values(), key=lambda c: (c.admission_date, c.code)), lambda c: c.programme
    )


@index
def foreign(s: Snapshot) -> frozenset[str]:
    """Programmes whose degree a foreign institution awards (TX-1.4)."""
    return frozenset(
        code for code, details in s.programme_details.items() if details.awarding_country.upper() != "VN"
    )


@index
def covered(s: Snapshot) -> tuple[Programme, ...]:
    """Programmes that the circular applies to: degrees of Viet Nam, and not only cohorts of the older circular."""
    return tuple(
        programme
        for programme in s.programmes.values()
        if programme.code not in foreign(s)
        and not (
            (known := cohorts_of(s).get(programme.code)) and all(is_legacy(s, cohort) for cohort in known)
        )
    )


@index
def covered_codes(s: Snapshot) -> frozenset[str]:
    return frozenset(programme.code for programme in covered(s))


@index
def _values_of(s: Snapshot) -> Mapping[str, Values]:
    default = s.profiles.get(s.default_profile) or load_profile(s.default_profile)
    out = {"": default.values}
    for code in s.programmes:
        bound = {
            profile_of(s, cohort).id: profile_of(s, cohort).values
            for cohort in cohorts_of(s).get(code, ())
            if not is_legacy(s, cohort)
        }
        out[code] = strictest(bound[name] for name in sorted(bound)) if bound else default.values
    return out


def values_of(s: Snapshot, programme: str = "") -> Values:
    """Values that hold for a programme: the strictest of its cohorts' profiles, or those of the default profile."""
    return _values_of(s).get(programme) or _values_of(s)[""]


# --- catalogue --------------------------------------------------------------------------------------------------------


@index
def courses_of(s: Snapshot) -> Mapping[str, list[Course]]:
    """Programme -> courses."""
    return grouped(s.courses.values(), lambda course: course.programme)


@index
def covered_courses(s: Snapshot) -> tuple[Course, ...]:
    """Courses of covered programmes."""
    return tuple(course for course in s.courses.values() if course.programme in covered_codes(s))


@index
def _activities(s: Snapshot) -> Mapping[str, list[Activity]]:
    return grouped(s.activities.values(), lambda activity: activity.course)


def activities_of(s: Snapshot, course: str) -> Sequence[Activity]:
    return _activities(s).get(course, ())


@index
def _components(s: Snapshot) -> Mapping[str, list[Component]]:
    return grouped(s.components.values(), lambda component: component.course)


def components_of(s: Snapshot, course: str) -> Sequence[Component]:
    return _components(s).get(course, ())


@index
def _materials(s: Snapshot) -> Mapping[str, list[Material]]:
    return grouped(s.materials.values(), lambda material: material.course)


def materials_of(s: Snapshot, course: str) -> Sequence[Material]:
    return _materials(s).get(course, ())


@index
def _units(s: Snapshot) -> Mapping[str, list[int]]:
    return {
        course: sorted(unit.number for unit in units)
        for course, units in grouped(s.units.values(), lambda unit: unit.course).items()
    }


def units_of(s: Snapshot, course: str) -> Sequence[int]:
    return _units(s).get(course, ())


@index
def _modes(s: Snapshot) -> Mapping[str, frozenset[DeliveryMode]]:
    return {
        course.code: frozenset(activity.mode for activity in activities_of(s, course.code))
        or frozenset({course.lead_mode})
        for course in s.courses.values()
    }


def modes_of(s: Snapshot, course: str) -> frozenset[DeliveryMode]:
    """Modes that a course is run in: those of its activities, or its lead mode while it has none."""
    return _modes(s).get(course, frozenset())


def programme_modes(s: Snapshot, programme: str) -> frozenset[DeliveryMode]:
    """Modes of all courses of a programme."""
    return frozenset().union(*(modes_of(s, course.code) for course in courses_of(s).get(programme, ())))


def mains(s: Snapshot, course: str) -> list[Material]:
    return [m for m in materials_of(s, course) if m.role is MaterialRole.MAIN]


def headquarters(s: Snapshot) -> str:
    """Code of the main site."""
    return next((site.code for site in s.sites.values() if site.kind is SiteKind.HEADQUARTERS), "")


# --- registers --------------------------------------------------------------------------------------------------------


@index
def _evidence(s: Snapshot) -> Mapping[tuple[EvidenceKind, str], list[Evidence]]:
    known = [e for e in s.evidence.values() if (e.day or s.on) <= s.on]
    known.sort(key=lambda e: (e.day or date.min, e.code))
    return grouped(known, lambda e: (e.kind, e.subject))


@index
def _of_kind(s: Snapshot) -> Mapping[EvidenceKind, list[Evidence]]:
    known = [e for e in s.evidence.values() if (e.day or s.on) <= s.on]
    known.sort(key=lambda e: (e.day or date.min, e.code))
    return grouped(known, lambda e: e.kind)


def evidence_of(s: Snapshot, kind: EvidenceKind, subject: str = "", topic: str = "") -> list[Evidence]:
    """Evidence of a kind about a subject, oldest first, dated on or before the day of the snapshot."""
    found = _evidence(s).get((kind, subject), [])
    return [e for e in found if e.topic == topic] if topic else found


def latest(s: Snapshot, kind: EvidenceKind, subject: str = "", topic: str = "") -> Evidence | None:
    """The newest of :func:`evidence_of`."""
    found = evidence_of(s, kind, subject, topic)
    return found[-1] if found else None


def all_of_kind(s: Snapshot, kind: EvidenceKind) -> Sequence[Evidence]:
    """Evidence of a kind about anything."""
    return _of_kind(s).get(kind, ())


def details_of(s: Snapshot, programme: str) -> ProgrammeDetails | None:
    return s.programme_details.get(programme)


def launched_on(s: Snapshot, programme: str) -> date | None:
    """Day of the first decision on distance training of a programme, else of its first intake."""
    decisions = [e.day for e in evidence_of(s, EvidenceKind.DISTANCE_DECISION, programme) if e.day]
    if decisions:
        return decisions[0]
    details = details_of(s, programme)
    if details and details.first_intake and details.first_intake <= s.on:
        return details.first_intake
    admitted = [c.admission_date for c in cohorts_of(s).get(programme, ()) if c.admission_date <= s.on]
    return min(admitted, default=None)


@index
def _plans(s: Snapshot) -> Mapping[str, list[StudyPlan]]:
    return grouped(s.plans.values(), lambda plan: plan.programme)


def plans_of(s: Snapshot, programme: str) -> Sequence[StudyPlan]:
    return _plans(s).get(programme, ())


@index
def _teaching(s: Snapshot) -> Mapping[str, list[Teaching]]:
    return grouped((t for t in s.teaching.values() if current(t, s.on)), lambda t: t.course)


def teaching_of(s: Snapshot, course: str) -> Sequence[Teaching]:
    """Assignments of a course that hold on the day of the snapshot."""
    return _teaching(s).get(course, ())


@index
def _appointments(s: Snapshot) -> Mapping[str, list[Appointment]]:
    return grouped((a for a in s.appointments.values() if current(a, s.on)), lambda a: a.duty.value)


def appointed(s: Snapshot, duty: str, programme: str = "") -> list[Appointment]:
    """People who hold a duty on the day of the snapshot; those without a programme hold it for all."""
    return [a for a in _appointments(s).get(duty, ()) if not programme or a.programme in ("", programme)]


def current(row: Teaching | Appointment, on: date) -> bool:
    """Whether the row holds on that day; one that is to begin is planned, and counts."""
    return row.ends is None or row.ends >= on


@index
def _contracts(s: Snapshot) -> Mapping[str, list[Contract]]:
    return grouped(s.contracts.values(), lambda contract: contract.partner)


def contract_on(s: Snapshot, partner: str, day: date, programme: str = "") -> Contract | None:
    """The contract with a partner that holds on that day, for that programme."""
    return next(
        (
            contract
            for contract in _contracts(s).get(partner, ())
            if contract.starts <= day <= contract.ends
            and contract.signed <= day
            and (not programme or programme in contract.programmes)
        ),
        None,
    )


# --- learners ---------------------------------------------------------------------------------------------------------


@index
def learners_of(s: Snapshot) -> Mapping[str, list[Standing]]:
    """Programme -> learners of cohorts that the circular applies to."""
    cohorts = {code: cohort for code, cohort in s.cohorts.items() if not is_legacy(s, cohort)}
    out: dict[str, list[Standing]] = {}
    for standing in s.standings.values():
        cohort = cohorts.get(standing.cohort)
        if cohort is not None:
            out.setdefault(cohort.programme, []).append(standing)
    return out


def standings_of(s: Snapshot, programme: str) -> Sequence[Standing]:
    return learners_of(s).get(programme, ())


@index
def _by_event(s: Snapshot) -> Mapping[tuple[str, StandingEvent], list[Standing]]:
    """(programme, kind of event) -> learners who have one: most kinds concern a few of many thousands."""
    out: dict[tuple[str, StandingEvent], list[Standing]] = {}
    for programme, learners in learners_of(s).items():
        for learner in learners:
            for kind in learner.kinds:
                out.setdefault((programme, kind), []).append(learner)
    return out


def learners_with(s: Snapshot, programme: str, *kinds: StandingEvent) -> Sequence[Standing]:
    """Learners of a programme who have an event of one of these kinds."""
    found = [_by_event(s).get((programme, kind), ()) for kind in kinds]
    if len(kinds) == 1:
        return found[0]
    unique = {learner.learner: learner for learners in found for learner in learners}
    return [unique[ident] for ident in sorted(unique)]


def credits_of(courses: Iterable[Course]) -> Decimal:
    return sum((course.credits for course in courses), Decimal(0))
