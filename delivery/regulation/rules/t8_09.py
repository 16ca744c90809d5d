"""Thông tư 08/2021, Điều 9: components and weights, checked before anybody is marked; results: ``t8_09_results``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import ComponentKind
from delivery.catalogue.model import Component
from delivery.catalogue.register_kinds import Answer
from delivery.errors import N_
from delivery.regulation.findings import Finding, fails, passes, unknown
from delivery.regulation.indexes import (
    cohorts_of,
    components_of,
    covered_courses,
    evidence_of,
    is_legacy,
    modes_of,
    profile_of,
    the_course,
    the_institution,
    values_of,
)
from delivery.regulation.phrases import has_evidence
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot


def gradings_of(s: Snapshot, programme: str) -> list[GradingRules]:
    """The grading rules of every cohort's profile; the default's while there is no cohort."""
    found = {
        profile_of(s, cohort).id: profile_of(s, cohort).grading
        for cohort in cohorts_of(s).get(programme, ())
        if not is_legacy(s, cohort)
    }
    return list(found.values()) or [s.profiles[s.default_profile].grading]


@rule("T8-9.1-1", Gate.START_TEACHING)
def number_and_weights_of_components(s: Snapshot) -> Iterator[Finding]:
    """At least two components (one below two credits), weights of exactly 100 %, the final one as heavy as asked."""
    for course in covered_courses(s):
        subject, components = the_course(course), components_of(s, course.code)
        if not components:
            yield unknown(subject, "components")
            continue
        final = sum((c.weight for c in components if c.kind is ComponentKind.FINAL), Decimal(0))
        total = sum((c.weight for c in components), Decimal(0))
        problem = None
        for grading in gradings_of(s, course.programme):
            small = course.credits < grading.small_course_credits
            least = grading.min_components_small if small else grading.min_components
            if len(components) < least:
                problem = fails(
                    subject,
                    N_("{value} component scores, less than {threshold}."),
                    N_("Add components, or correct the credits."),
                    value=len(components),
                    threshold=least,
                    unit="components",
                )
            elif total != grading.weights_total:
                problem = fails(
                    subject,
                    N_("The weights sum to {value} percent, not to {threshold} percent."),
                    N_("Correct them in the table components."),
                    value=total,
                    threshold=grading.weights_total,
                    unit="percent",
                )
        least_final = values_of(s, course.programme).number("final_weight_min")
        if problem is None and final < least_final:
            problem = fails(
                subject,
                N_("The final component weighs {value} percent, less than {threshold} percent."),
                N_("Raise its weight."),
                value=final,
                threshold=least_final,
                unit="percent",
            )
        yield problem or passes(subject, value=total, threshold=100, unit="percent")


@rule("T8-9.1-3", Gate.START_TEACHING)
def online_assessment_at_most_half(s: Snapshot) -> Iterator[Finding]:
    """Weights of components assessed online; homework done offline and uploaded is not online assessment (A5)."""
    for course in covered_courses(s):
        subject, syllabus = the_course(course), s.syllabi.get(course.code)
        components = components_of(s, course.code)
        if not components or (syllabus is None and not s.syllabi):
            yield unknown(subject, "syllabi")
            continue
        online = set(syllabus.online_components if syllabus else ())
        weight = online_weight(components, online)
        for grading in gradings_of(s, course.programme)[:1]:
            excepted = syllabus is not None and syllabus.thesis is Answer.YES and thesis_ready(s, course.code)
            if weight > grading.online_weight_max and not excepted:
                yield fails(
                    subject,
                    N_("{value} percent of the weight is assessed online, more than {threshold} percent."),
                    N_("Hold a component in person; for theses see T8-9.1-4."),
                    value=weight,
                    threshold=grading.online_weight_max,
                    unit="percent",
                    rests_on=sorted(online),
                )
            else:
                yield passes(subject, value=weight, threshold=grading.online_weight_max, unit="percent")


def online_weight(components: Iterable[Component], online: set[str]) -> Decimal:
    """Weight of the components that are assessed online, in percent."""
    return sum((c.weight for c in components if c.code in online), Decimal(0))


def thesis_ready(s: Snapshot, course: str) -> bool:
    """All three conditions of the exception are on file (T8-9.1-4)."""
    council = evidence_of(s, EvidenceKind.THESIS_COUNCIL, course)
    least = values_of(s, s.courses[course].programme).whole("thesis_council_min")
    return (
        any(len(e.people) >= least for e in council)
        and bool(evidence_of(s, EvidenceKind.THESIS_CONSENT, course))
        and bool(evidence_of(s, EvidenceKind.THESIS_RECORDING, course))
    )


@rule("T8-9.1-4", Gate.HOLD_EXAM)
def theses_defended_online(s: Snapshot) -> Iterator[Finding]:
    """More than half online only with a council of three, everybody's consent, and the whole defence recorded."""
    for course in covered_courses(s):
        syllabus = s.syllabi.get(course.code)
        if syllabus is None or syllabus.thesis is not Answer.YES or not syllabus.online_components:
            continue
        subject = the_course(course)
        least = values_of(s, course.programme).whole("thesis_council_min")
        council = evidence_of(s, EvidenceKind.THESIS_COUNCIL, course.code)
        members = max((len(e.people) for e in council), default=0)
        consents = evidence_of(s, EvidenceKind.THESIS_CONSENT, course.code)
        agreed = {person for e in consents for person in e.people}
        recording = evidence_of(s, EvidenceKind.THESIS_RECORDING, course.code)
        held = sum(
            row.minutes for row in s.sessions.values() if row.course == course.code and row.kind == "exam"
        )
        if members < least:
            yield fails(
                subject,
                N_("The council has {value} members, less than {threshold}."),
                N_("Appoint a council of three or more."),
                value=members,
                threshold=least,
                unit="people",
            )
        elif not consents or any(person not in agreed for e in council for person in e.people):
            yield fails(
                subject,
                N_("Not every member agreed."),
                N_("Enter the consent with all members and the learner."),
            )
        elif not recording or any(e.value is not None and e.value < held for e in recording):
            yield fails(
                subject,
                N_("The recording is missing, or shorter than the defence of {threshold} minutes."),
                N_("Keep the whole recording and enter it."),
                value=recording[-1].value or 0 if recording else 0,
                threshold=held,
                unit="minutes",
            )
        else:
            yield passes(subject, value=members, threshold=least, rests_on=[council[-1].code])


@rule("T8-9.6")
def one_scheme_for_all_modes(s: Snapshot) -> Iterator[Finding]:
    """A course run in several modes has one table of components; they are kept by course, so it cannot differ."""
    for course in covered_courses(s):
        if len(modes_of(s, course.code)) > 1 and components_of(s, course.code):
            yield passes(the_course(course), value=len(components_of(s, course.code)))


@rule("T8-9.5b")
def examinations_are_regulated(s: Snapshot) -> Iterator[Finding]:
    """Setting, invigilating, marking, re-marking and keeping of scripts are settled in the institution's regulation."""
    yield has_evidence(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", "exam_organisation")
