"""Circular on IT in online training (TT), Điều 7 to 12: people, infrastructure, quality, regulation, duties."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import Role
from delivery.catalogue.register_kinds import Appointed
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, unknown, warns
from delivery.regulation.indexes import (
    appointed,
    covered,
    evidence_of,
    latest,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import INCOMPLETE, has_all, has_evidence, mirrors, missing
from delivery.regulation.registry import Gate, rule
from delivery.regulation.rules.tt_01_06 import online_courses
from delivery.regulation.snapshot import Snapshot

ONLINE_TOPICS = (
    "forms",
    "operation",
    "staff",
    "property_and_data",
    "credit_recognition",
    "feedback",
    "records",
    "other",
)
"""The eight topics of Điều 11 that the institution's regulation settles."""
DUTIES = (Appointed.OPERATOR, Appointed.MEDIA_PRODUCER, Appointed.ADVISER, Appointed.ACADEMIC_CLERK)


@rule("TT-7.1")
def every_duty_has_somebody(s: Snapshot) -> Iterator[Finding]:
    """Lecturers, operators, media producers, advisers and academic clerks: at least one person each."""
    lacking = [duty.value for duty in DUTIES if not appointed(s, duty.value)]
    if not any(Role.LECTURER in p.roles for p in s.people.values()):
        lacking.append(Role.LECTURER.value)
    have = len(DUTIES) + 1 - len(lacking)
    if not s.appointments:
        yield unknown(the_institution(s), "appointments")
    elif lacking:
        yield fails(
            the_institution(s),
            INCOMPLETE,
            N_("Appoint somebody: table appointments."),
            value=have,
            threshold=len(DUTIES) + 1,
            items=", ".join(lacking),
        )
    else:
        yield passes(the_institution(s), value=have, threshold=len(DUTIES) + 1)


@rule("TT-7.2", over_others=True)
def lecturers_have_the_skills(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.7-1",))


def _trained(s: Snapshot, duty: Appointed, kind: EvidenceKind) -> Iterator[Finding]:
    rows = appointed(s, duty.value)
    if not rows:
        yield unknown(the_institution(s), "appointments")
    for person in sorted({row.person for row in rows}):
        yield has_evidence(s, Subject("person", person), kind, person)


@rule("TT-7.3")
def operators_took_over_the_technology(s: Snapshot) -> Iterator[Finding]:
    yield from _trained(s, Appointed.OPERATOR, EvidenceKind.HANDOVER_TRAINING)


@rule("TT-7.4")
def producers_master_their_tools(s: Snapshot) -> Iterator[Finding]:
    yield from _trained(s, Appointed.MEDIA_PRODUCER, EvidenceKind.PRODUCTION_TRAINING)


@rule("TT-7.5", Gate.START_TEACHING)
def learners_are_guided_before_the_course(s: Snapshot) -> Iterator[Finding]:
    """Orientation of each cohort before its first activity; on the day itself only the hour can tell."""
    for cohort in s.cohorts.values():
        intake = s.intakes.get(cohort.code)
        start = intake.starts if intake else None
        if start is None or start > s.on:
            continue
        subject = Subject("cohort", cohort.code, cohort.programme)
        found = latest(s, EvidenceKind.ORIENTATION, cohort.code)
        if found is None or found.day is None:
            yield missing(s, subject, EvidenceKind.ORIENTATION, cohort.code)
        elif found.day > start:
            yield fails(
                subject,
                N_("Guided on {day}, after the start on {start}."),
                N_("Guide learners before the first activity."),
                rests_on=[found.code],
                day=found.day,
                start=start,
            )
        elif found.day == start and found.at is None:
            yield warns(
                subject,
                N_("Guided on the day of the start: enter the time of both."),
                N_("Enter the moment (at) of the guidance."),
                rests_on=[found.code],
            )
        else:
            yield passes(subject, rests_on=[found.code])


@rule("TT-8.1-1")
def bandwidth_suffices(s: Snapshot) -> Iterator[Finding]:
    """Expected viewers × bit rate against what is declared, both in Mbps; equal is enough."""
    need, have = latest(s, EvidenceKind.CAPACITY_NEED), latest(s, EvidenceKind.CAPACITY_DECLARED)
    if need is None or have is None or need.value is None or have.value is None:
        kind = (
            EvidenceKind.CAPACITY_NEED
            if need is None or need.value is None
            else EvidenceKind.CAPACITY_DECLARED
        )
        yield missing(s, the_institution(s), kind, "")
    elif need.value > have.value:
        yield warns(
            the_institution(s),
            N_("{value} Mbps are needed, {threshold} are declared."),
            N_("Add capacity, put a cache in front, or lower the ladder."),
            value=need.value,
            threshold=have.value,
            unit="Mbps",
            rests_on=[need.code, have.code],
        )
    else:
        yield passes(
            the_institution(s),
            value=need.value,
            threshold=have.value,
            unit="Mbps",
            rests_on=[need.code, have.code],
        )


@rule("TT-8.1-2")
def security_dossier(s: Snapshot) -> Iterator[Finding]:
    yield has_evidence(s, the_institution(s), EvidenceKind.SECURITY_DOSSIER)


@rule("TT-8.2")
def data_are_protected(s: Snapshot) -> Iterator[Finding]:
    """Rules on access and ownership of data; the program seals personal data apart from the facts (design D3)."""
    yield has_evidence(s, the_institution(s), EvidenceKind.ACCESS_RULES)


@rule("TT-10.1", over_others=True)
def accreditation_again(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-12.2a", "TX-12.2b"))


@rule("TT-10.2", over_others=True)
def content_is_kept_fresh(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-4.5-2",))


@rule("TT-10.3")
def satisfaction_is_measured(s: Snapshot) -> Iterator[Finding]:
    """A measure within a year, from enough answers (value is the mean; the number of answers is `number`)."""
    found = latest(s, EvidenceKind.SATISFACTION)
    least = values_of(s).whole("survey_answers_min")
    if found is None or found.day is None:
        yield missing(s, the_institution(s), EvidenceKind.SATISFACTION, "")
    elif (s.on - found.day).days > 366:
        yield warns(
            the_institution(s),
            N_("Satisfaction was last measured on {day}."),
            N_("Ask learners, lecturers and staff again."),
            rests_on=[found.code],
            since=found.day,
            day=found.day,
        )
    elif not found.number.isdigit() or int(found.number) < least:
        yield warns(
            the_institution(s),
            N_("{value} answers: fewer than {threshold} are not broken down."),
            N_("Ask more people, and enter the number of answers as number."),
            value=found.number,
            threshold=least,
            unit="answers",
            rests_on=[found.code],
        )
    else:
        yield passes(the_institution(s), value=found.value or "", unit="mean", rests_on=[found.code])


@rule("TT-11.1")
def online_regulation_has_its_topics(s: Snapshot) -> Iterator[Finding]:
    """Eight topics of Điều 11 and where each is found (topic online_…, number the article)."""
    topics = tuple(
        f"online_{name}" for name in ONLINE_TOPICS[: values_of(s).whole("regulation_topics_online")]
    )
    yield has_all(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", topics)


def _topic(s: Snapshot, name: str) -> Iterator[Finding]:
    yield has_evidence(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", f"online_{name}")


@rule("TT-11.2")
def operation_is_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "operation")


@rule("TT-11.3")
def staff_ability_is_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "staff")


@rule("TT-11.4")
def property_and_data_are_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "property_and_data")


@rule("TT-11.5")
def credit_recognition_is_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "credit_recognition")


@rule("TT-11.6")
def feedback_is_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "feedback")


@rule("TT-11.7")
def records_are_regulated(s: Snapshot) -> Iterator[Finding]:
    yield from _topic(s, "records")


@rule("TT-12.2", Gate.START_TEACHING)
def online_courses_have_objectives(s: Snapshot) -> Iterator[Finding]:
    for course in online_courses(s):
        yield has_evidence(s, the_course(course), EvidenceKind.ONLINE_OBJECTIVES, course.code)


@rule("TT-12.3", over_others=True)
def training_again(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.7-1",))


@rule("TT-12.4-1")
def effectiveness_is_reported(s: Snapshot) -> Iterator[Finding]:
    """Last year's report, with learners, lecturers and support staff asked (items)."""
    groups = ("learners", "lecturers", "support_staff")
    found = [
        e for e in evidence_of(s, EvidenceKind.EFFECTIVENESS_REPORT) if e.day and e.day.year >= s.on.year - 1
    ]
    if not found:
        yield missing(s, the_institution(s), EvidenceKind.EFFECTIVENESS_REPORT, "")
        return
    lacking = [group for group in groups if group not in found[-1].items]
    if lacking:
        yield warns(
            the_institution(s),
            INCOMPLETE,
            N_("Ask these groups too; list them in items."),
            value=len(groups) - len(lacking),
            threshold=len(groups),
            rests_on=[found[-1].code],
            items=", ".join(lacking),
        )
    else:
        yield passes(the_institution(s), value=len(groups), threshold=len(groups), rests_on=[found[-1].code])


@rule("TT-12.5", Gate.START_TEACHING)
def online_regulation_before_the_first_course(s: Snapshot) -> Iterator[Finding]:
    """On file with number, date and signer before the first online session."""
    institution = the_institution(s)
    found = evidence_of(s, EvidenceKind.ONLINE_REGULATION)
    first = min(
        (
            sums.first_activity
            for course in online_courses(s)
            if (sums := s.totals.get(course.code)) is not None and sums.first_activity
        ),
        default=None,
    )
    if not online_courses(s):
        yield outside(institution, N_("The mode is not used."))
    elif not found:
        yield missing(s, institution, EvidenceKind.ONLINE_REGULATION, "")
    elif not (found[0].number and found[0].signer and found[0].day):
        yield fails(
            institution,
            INCOMPLETE,
            N_("Enter number, date and signer."),
            rests_on=[found[0].code],
            items="number, signed, signer",
        )
    elif first and found[0].day > first:
        yield fails(
            institution,
            N_("Issued on {day}; the first online activity was on {first}."),
            N_("Nothing can be done about the past; keep the explanation on file."),
            rests_on=[found[0].code],
            since=first,
            day=found[0].day,
            first=first,
        )
    else:
        yield passes(institution, rests_on=[found[0].code])
