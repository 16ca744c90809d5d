"""Thông tư 08/2021, Điều 2, 6, 7 and 8: time of study, plans, registration, teaching."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.learner_rows import AttemptKind
from delivery.catalogue.register_kinds import Answer, SessionKind, TermKind
from delivery.errors import N_
from delivery.regulation.academic import Slot, overloads, term_ceiling
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    all_of_kind,
    covered,
    covered_courses,
    plans_of,
    standings_of,
    teaching_of,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import INCOMPLETE, has_all, missing
from delivery.regulation.registry import Gate, OverridePolicy, rule
from delivery.regulation.rules.tx3 import over_time
from delivery.regulation.rules.tx7 import covered_sessions
from delivery.regulation.snapshot import Snapshot, grouped

_TAUGHT = frozenset({SessionKind.LECTURE, SessionKind.TUTORIAL, SessionKind.ONLINE})
TOPICS = (
    "teaching_plan",
    "registration_load",
    "lecturers_duties",
    "learners_duties",
    "exam_organisation",
    "assessment_methods",
    "improving_grades",
    "warnings",
    "degree_award",
    "leave",
    "transfer",
    "exchange",
    "second_programme",
    "articulation",
)
"""Topics that the institution's own regulation must settle: one for each clause of that row of the matrix."""


@rule("T8-2.5")
def longest_time_of_study(s: Snapshot) -> Iterator[Finding]:
    """Twice the standard plan, for learners without exemptions (those with: TX-3.3)."""
    yield from over_time(s)[False]


@rule("T8-6.2", Gate.START_TEACHING)
def terms_of_the_year(s: Snapshot) -> Iterator[Finding]:
    """Two or three main terms, at least 30 weeks, published before the year starts."""
    if not s.terms:
        yield unknown(the_institution(s), "terms")
    values = values_of(s)
    least, most = values.whole("main_terms_min"), values.whole("main_terms_max")
    weeks_min = values.whole("weeks_min")
    for year, rows in grouped(s.terms.values(), lambda t: t.academic_year).items():
        subject = Subject("academic_year", year)
        main = [t for t in rows if t.kind is TermKind.MAIN]
        weeks = sum(t.weeks for t in main)
        start = min(t.starts for t in rows)
        published = [t.published for t in rows if t.published]
        if not least <= len(main) <= most:
            yield fails(
                subject,
                N_("{value} main terms, not {threshold}."),
                N_("Plan two or three main terms."),
                value=len(main),
                threshold=f"{least}-{most}",
                unit="terms",
            )
        elif weeks < weeks_min:
            yield fails(
                subject,
                N_("{value} weeks of teaching, less than {threshold}."),
                N_("Lengthen the main terms."),
                value=weeks,
                threshold=weeks_min,
                unit="weeks",
            )
        elif not published or max(published) >= start:
            yield fails(
                subject,
                N_("The plan of the year was not published before it starts on {start}."),
                N_("Publish it and enter the day."),
                value=weeks,
                threshold=weeks_min,
                unit="weeks",
                start=start,
            )
        else:
            yield passes(subject, value=weeks, threshold=weeks_min, unit="weeks")


@rule("T8-6.3", Gate.PUBLISH)
def term_plan_has_lessons_and_examinations(s: Snapshot) -> Iterator[Finding]:
    """Each course that is run has its sessions and the day of its examination."""
    by_course = grouped(covered_sessions(s), lambda row: row.course)
    for course in covered_courses(s):
        rows = by_course.get(course.code, [])
        if not rows:
            continue
        if any(row.kind is SessionKind.EXAM for row in rows):
            yield passes(the_course(course), value=len(rows))
        else:
            yield fails(
                the_course(course),
                N_("The term plan has no examination of this course."),
                N_("Enter it in the table sessions: kind “exam”."),
                value=0,
                threshold=1,
            )


@rule("T8-6.4", Gate.SCHEDULE, override=OverridePolicy(("distance_manager", "rector")))
def concentrated_teaching(s: Snapshot) -> Iterator[Finding]:
    """At most 4 hours a day and 15 a week of first-run teaching, by course and cohort; repeats do not count (A17)."""
    slots: dict[tuple[str, str], list[Slot]] = {}
    for row in covered_sessions(s):
        live = row.kind in _TAUGHT or row.mode is DeliveryMode.BROADCAST
        if live and row.first_run is not Answer.NO and row.kind is not SessionKind.EXAM:
            slots.setdefault((row.course, row.cohort), []).append(Slot(row.starts.date(), row.minutes))
    for (course, cohort), taught in slots.items():
        programme = s.courses[course].programme
        subject = Subject("course", f"{course}/{cohort}" if cohort else course, programme)
        over = overloads(taught, values_of(s, programme))
        if not over:
            yield passes(subject, value=len(taught))
        for span, day, minutes, limit in over[:5]:
            yield fails(
                subject,
                N_("{value} minutes of teaching in the {span} of {day}, more than {threshold}."),
                N_("Move a lesson to another day or week."),
                value=minutes,
                threshold=limit,
                unit="minutes",
                since=day,
                span=span,
                day=day,
            )


@rule("T8-6.5")
def topics_of_the_own_regulation(s: Snapshot) -> Iterator[Finding]:
    """Every topic that Thông tư 08/2021 leaves to the institution has its article on file."""
    yield has_all(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", TOPICS)


@rule("T8-7.2")
def repeating_and_improving(s: Snapshot) -> Iterator[Finding]:
    """Repeating needs a failed attempt before it, improving a passed one."""
    for programme in covered(s):
        seen = bad = 0
        for learner in standings_of(s, programme.code):
            passed: dict[str, bool] = {}
            for result in learner.results:
                seen += 1
                before = passed.get(result.course)
                if (result.kind is AttemptKind.IMPROVE and before is not True) or (
                    result.kind is AttemptKind.REPEAT and before is None
                ):
                    bad += 1
                    yield fails(
                        Subject("learner", learner.learner, programme.code),
                        N_("Course {course} was taken to “{kind}” without the result that this needs."),
                        N_("Correct the registration."),
                        rests_on=[result.course],
                        course=result.course,
                        kind=result.kind.value,
                    )
                passed[result.course] = (
                    result.letter not in ("", "F", "I", "X") or passed.get(result.course) is True
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen)


@rule("T8-7.4b", Gate.START_TEACHING)
def most_credits_of_a_term(s: Snapshot) -> Iterator[Finding]:
    """3/2 of the average term of the standard plan. The floor of khoản 4 điểm a is not referred to (TX-8.2)."""
    for programme in covered(s):
        plans = plans_of(s, programme.code)
        if not plans:
            yield unknown(the_programme(programme.code), "plans")
            continue
        terms = min(plan.main_terms for plan in plans)
        ceiling = term_ceiling(programme.credits, terms, values_of(s, programme.code))
        # The largest hundredth that is not above: credits have at most two places.
        most = Decimal(ceiling.numerator * 100 // ceiling.denominator) / 100
        seen = bad = 0
        for learner in standings_of(s, programme.code):
            for term in learner.terms:
                if term.main is not Answer.YES:
                    continue
                seen += 1
                if term.registered > most:
                    bad += 1
                    yield fails(
                        Subject("learner", learner.learner, programme.code),
                        N_("{value} credits in term {term}, more than {threshold}."),
                        N_("Reduce the registration."),
                        value=term.registered,
                        threshold=ceiling,
                        unit="credits",
                        term=term.term,
                    )
        if not bad:
            yield passes(the_programme(programme.code), value=seen, threshold=ceiling, unit="credits")


@rule("T8-8.1c")
def findings_lead_to_improvement(s: Snapshot) -> Iterator[Finding]:
    """Improvements on file that name the inspection or survey they come from, and their file."""
    found = all_of_kind(s, EvidenceKind.IMPROVEMENT)
    if not found:
        yield missing(s, the_institution(s), EvidenceKind.IMPROVEMENT, "")
    for item in found:
        subject = Subject("improvement", item.code)
        held = {"source": item.items or item.topic, "file": item.file or item.number}
        lacking = [name for name, there in held.items() if not there]
        if lacking:
            yield fails(
                subject,
                INCOMPLETE,
                N_("Name what it answers (items) and add the file."),
                items=", ".join(lacking),
                value=2 - len(lacking),
                threshold=2,
            )
        else:
            yield passes(subject, rests_on=[item.code])


@rule("T8-8.3a")
def teaching_is_assigned(s: Snapshot) -> Iterator[Finding]:
    """Credits of the assignments sum to those of the course."""
    for course in covered_courses(s):
        rows = teaching_of(s, course.code)
        subject = the_course(course)
        total = sum((row.credits for row in rows), Decimal(0))
        if not rows:
            if course.lecturer:
                yield passes(
                    subject, value=course.credits, threshold=course.credits, rests_on=[course.lecturer]
                )
            else:
                yield unknown(subject, "teaching")
        elif total != course.credits:
            yield warns(
                subject,
                N_("{value} credits are assigned, of {threshold}."),
                N_("Correct the table teaching."),
                value=total,
                threshold=course.credits,
                unit="credits",
            )
        else:
            yield passes(subject, value=total, threshold=course.credits, unit="credits")


@rule("T8-8.3b", over_others=True)
def feedback_of_every_class(s: Snapshot) -> Iterator[Finding]:
    """As TX-9.9-1: a survey and a published summary of each class."""
    for programme in covered(s):
        found = [f for f in s.outcomes.get("TX-9.9-1", ()) if f.subject.programme == programme.code]
        done = sum(1 for f in found if f.verdict == "pass")
        if not found:
            continue
        if done < len(found):
            yield warns(
                the_programme(programme.code),
                N_("{value} of {threshold} classes have a published summary."),
                N_("Publish the summaries of the others."),
                value=done,
                threshold=len(found),
                unit="classes",
            )
        else:
            yield passes(the_programme(programme.code), value=done, threshold=len(found), unit="classes")
