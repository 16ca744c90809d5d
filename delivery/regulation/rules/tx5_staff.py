"""TX Điều 5 khoản 7: lecturers, support staff and managers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import EmploymentKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes, share, shown, unknown, warns
from delivery.regulation.indexes import (
    all_of_kind,
    appointed,
    courses_of,
    covered,
    evidence_of,
    teaching_of,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import ADD_EVIDENCE, NO_EVIDENCE, label
from delivery.regulation.registry import LAUNCH, Gate, OverridePolicy, rule
from delivery.regulation.shares import TaughtBy, taught_by
from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.values import Values


@index
def staff_of(s: Snapshot) -> dict[str, dict[str, date | None]]:
    """Programme -> person -> first day of duty, of lecturers, support staff and managers."""
    out: dict[str, dict[str, date | None]] = {}
    for programme in covered(s):
        people: dict[str, date | None] = {}
        for course in courses_of(s).get(programme.code, ()):
            rows = teaching_of(s, course.code)
            for row in rows:
                known = people.get(row.person)
                people[row.person] = min(known, row.starts) if known and row.starts else row.starts or known
            if not rows and course.lecturer:
                people.setdefault(course.lecturer, None)
        for duty in ("support_staff", "distance_manager", "programme_lead"):
            for held in appointed(s, duty, programme.code):
                people.setdefault(held.person, held.starts)
        out[programme.code] = people
    return out


@rule("TX-5.7-1", Gate.ASSIGN_LECTURER, override=OverridePolicy(("distance_manager", "rector")))
def staff_are_trained(s: Snapshot) -> Iterator[Finding]:
    """Each has a training record, dated on or before the first day of duty."""
    for programme in covered(s):
        for person, first in staff_of(s)[programme.code].items():
            subject = Subject("person", person, programme.code)
            held = [e for e in evidence_of(s, EvidenceKind.TRAINING, person) if e.day]
            if not held and not all_of_kind(s, EvidenceKind.TRAINING):
                yield unknown(
                    subject,
                    "evidence",
                    what=NO_EVIDENCE,
                    do=ADD_EVIDENCE,
                    evidence=label(EvidenceKind.TRAINING),
                    kind=EvidenceKind.TRAINING.value,
                    subject=person,
                )
            elif not held:
                yield fails(
                    subject,
                    NO_EVIDENCE,
                    ADD_EVIDENCE,
                    evidence=label(EvidenceKind.TRAINING),
                    kind=EvidenceKind.TRAINING.value,
                    subject=person,
                )
            elif first and (held[0].day or first) > first:
                yield fails(
                    subject,
                    N_("Trained on {day}, after duty began on {first}."),
                    N_("Assign people only after their training."),
                    rests_on=[held[0].code],
                    day=held[0].day,
                    first=first,
                )
            else:
                yield passes(subject, rests_on=[held[0].code])


@rule("TX-5.7a-1")
def degrees_are_known(s: Snapshot) -> Iterator[Finding]:
    """Lecturers whose degree is not entered cannot be held against the programme standard."""
    for programme in covered(s):
        for person_code in staff_of(s)[programme.code]:
            person = s.people.get(person_code)
            subject = Subject("person", person_code, programme.code)
            if person is None:
                yield unknown(subject, "people")
            elif person.degree:
                yield passes(subject, value=person.employment.value)
            else:
                yield warns(
                    subject, N_("The degree is not entered."), N_("Enter it in the table people (degree).")
                )


@index
def hours_in(s: Snapshot) -> dict[tuple[str, str], Fraction]:
    """(programme, person) -> hours taught; credits count where no hours are entered."""
    out: dict[tuple[str, str], Fraction] = {}
    for row in s.teaching.values():
        course = s.courses.get(row.course)
        if course is not None:
            key = (course.programme, row.person)
            out[key] = out.get(key, Fraction(0)) + Fraction(row.hours or row.credits)
    return out


@rule("TX-5.7a-2", Gate.ASSIGN_LECTURER, Gate.APPROVE_PROGRAMME, override=LAUNCH)
def leading_doctors_teach(s: Snapshot) -> Iterator[Finding]:
    """Each named lead is permanent staff with a doctorate and teaches in the distance programme."""
    for programme in covered(s):
        over = values_of(s, programme.code).number("lead_taught_hours_over")
        leads = appointed(s, "programme_lead", programme.code)
        if not leads:
            yield unknown(the_programme(programme.code), "appointments")
        for lead in leads:
            subject = Subject("person", lead.person, programme.code)
            person = s.people.get(lead.person)
            hours = hours_in(s).get((programme.code, lead.person), Fraction(0))
            if person is None:
                yield unknown(subject, "people")
            elif person.employment is not EmploymentKind.PERMANENT:
                yield fails(
                    subject,
                    N_("A lead must be permanent staff; this person is “{value}”."),
                    N_("Name a permanent lecturer with a doctorate."),
                    value=person.employment.value,
                    threshold=EmploymentKind.PERMANENT.value,
                )
            elif not is_doctor(person.degree):
                yield fails(
                    subject,
                    N_("A lead must hold a doctorate; entered is “{value}”."),
                    N_("Name a permanent lecturer with a doctorate."),
                    value=person.degree,
                )
            elif hours > over:
                yield passes(subject, value=hours, threshold=over, unit="hours")
            else:
                yield fails(
                    subject,
                    N_("The lead teaches {value} hours in the distance programme."),
                    N_("Assign teaching in the table teaching, or name another lead."),
                    value=hours,
                    threshold=over,
                    unit="hours",
                )


def is_doctor(degree: str) -> bool:
    """Whether a degree as entered is a doctorate: ``Tiến sĩ …``, ``TS …``, ``PhD``; professors are doctors too."""
    words = degree.casefold().replace(".", " ").split()
    text = " ".join(words)
    return (
        text.startswith("tiến sĩ")
        or "phd" in words
        or "ts" in words
        or "tskh" in words
        or "giáo sư" in text
        or any(word in ("doctor", "dr") for word in words)
    )


def visiting_verdict(taught: TaughtBy, values: Values) -> tuple[bool, Fraction, Fraction, Fraction]:
    """(legal, visiting share V, partner's permanent staff share Vp, limit that applies), all exact (TX-5.7b, A1)."""
    v, vp = share(taught.visiting, taught.total), share(taught.partner_staff, taught.total)
    low, high = values.number("visiting_share_max"), values.number("visiting_share_max_partner")
    over, reading = values.number("partner_staff_share_over"), values.word("visiting_rule")
    others = v - vp
    limit = high if vp > over else low
    legal = v <= limit
    if reading == "above_limit_partner_only":
        legal = legal and others <= low
    elif reading == "partner_only" and v > low:
        legal = legal and not others
    return legal, v, vp, limit


@rule("TX-5.7b", Gate.ASSIGN_LECTURER, Gate.APPROVE_PROGRAMME, override=LAUNCH)
def share_of_visiting_lecturers(s: Snapshot) -> Iterator[Finding]:
    """V ≤ 30 %, or V ≤ 50 % where permanent staff of contracted partners carry more than 20 %; exact."""
    for programme in covered(s):
        subject, taught = the_programme(programme.code), taught_by(s, programme.code)
        if not taught.assigned:
            yield unknown(subject, "teaching")
            continue
        values = values_of(s, programme.code)
        legal, v, vp, limit = visiting_verdict(taught, values)
        if legal:
            yield passes(subject, value=v, threshold=limit, unit="percent", rests_on=taught.people)
        else:
            yield fails(
                subject,
                N_(
                    "Visiting lecturers carry {value} percent of the volume, more than {threshold} percent; "
                    "permanent staff of partners carry {partner} percent of it (over {over} would allow {high})."
                ),
                N_("Give courses to permanent staff, or to permanent staff of a partner under contract."),
                value=v,
                threshold=limit,
                unit="percent",
                rests_on=taught.people,
                partner=shown(vp),
                over=str(values["partner_staff_share_over"].value),
                high=str(values["visiting_share_max_partner"].value),
            )
