"""Thông tư 08/2021, Điều 9: components, weights, scores and letters.

The schemes are checked before anybody is marked; results that were handed over are held against what the same profile
computes (:mod:`delivery.record.grades` computes the program's own).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import ComponentKind, GradingBasis
from delivery.catalogue.learner_rows import Absence, AttemptKind, CourseResult
from delivery.catalogue.model import Component, Course
from delivery.catalogue.register_kinds import Answer
from delivery.errors import N_
from delivery.regulation.academic import letter_of, points_of
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    cohorts_of,
    components_of,
    covered,
    covered_courses,
    evidence_of,
    is_legacy,
    modes_of,
    profile_of,
    standings_of,
    the_course,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import has_evidence
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.standing import Standing

_CORRECT = N_("Correct the result; the attempt before it stays in the record.")


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


@index
def _results(s: Snapshot) -> dict[str, list[tuple[Standing, CourseResult]]]:
    """Programme -> results of learners, by learner."""
    out: dict[str, list[tuple[Standing, CourseResult]]] = {}
    for programme in covered(s):
        out[programme.code] = [
            (learner, result) for learner in standings_of(s, programme.code) for result in learner.results
        ]
    return out


Problem = Callable[[CourseResult, Course, GradingRules], str]


def _each_result(s: Snapshot, problem: Problem) -> Iterator[Finding]:
    """A finding for each result with a problem; one for the programme when none has; none without results."""
    for programme in covered(s):
        rows = _results(s)[programme.code]
        grading = gradings_of(s, programme.code)[0]
        bad = 0
        for learner, result in rows:
            course = s.courses.get(result.course)
            if course is None:
                continue
            what = problem(result, course, grading)
            if what:
                bad += 1
                yield fails(
                    Subject("learner", learner.learner, programme.code),
                    what,
                    _CORRECT,
                    value=result.score if result.score is not None else result.letter,
                    rests_on=[f"{result.course}/{result.attempt}"],
                    course=result.course,
                    letter=result.letter,
                )
        if rows and not bad:
            yield passes(the_programme(programme.code), value=len(rows), unit="results")


@rule("T8-9.1-2")
def scores_from_0_to_10(s: Snapshot) -> Iterator[Finding]:
    """On the scale of 10; weights changed after the class began need a decision."""

    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        if result.score is None or 0 <= result.score <= grading.scale_max:
            return ""
        return N_("Course {course}: score {value} is outside the scale.")

    yield from _each_result(s, problem)


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


@rule("T8-9.2-1")
def missed_examinations_are_decided_by_a_person(s: Snapshot) -> Iterator[Finding]:
    """Unexcused gives 0; without a decision the letter is X, not 0."""

    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        if (
            result.absence is Absence.UNEXCUSED
            and result.score not in (None, Decimal(0))
            and result.letter != "F"
        ):
            return N_("Course {course}: an unexcused absence counts 0.")
        if result.absence is Absence.UNDECIDED and result.letter != "X":
            return N_("Course {course}: without a decision on the absence the letter is X.")
        return ""

    yield from _each_result(s, problem)


@rule("T8-9.2-2")
def excused_absence_waits_for_another_sitting(s: Snapshot) -> Iterator[Finding]:
    """Letter I until then; the later sitting counts as the first, without a cap."""

    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        if result.absence is Absence.EXCUSED and result.score is None and result.letter != "I":
            return N_("Course {course}: an excused absence is I until the next sitting.")
        if result.absence is Absence.EXCUSED and result.kind is AttemptKind.RESIT:
            return N_("Course {course}: after an excused absence the sitting counts as the first.")
        return ""

    yield from _each_result(s, problem)


@rule("T8-9.3-1")
def course_score_is_rounded_to_one_place(s: Snapshot) -> Iterator[Finding]:
    """One decimal place; the letter comes from the rounded value."""

    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        places = Decimal(1).scaleb(-grading.course_places)
        if result.score is None or result.score == result.score.quantize(places):
            return ""
        return N_("Course {course}: score {value} has more than one decimal place.")

    yield from _each_result(s, problem)


def _letter_rule(letters: tuple[str, ...], *, pass_only: bool | None) -> Problem:
    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        basis = course.grading is GradingBasis.PASS_ONLY
        if result.score is None or result.letter in ("I", "X", "R", ""):
            return ""
        if (pass_only is not None and basis is not pass_only) or result.kind is AttemptKind.RESIT:
            return ""
        right = letter_of(result.score, grading, pass_only=basis)
        if right == result.letter or not ({right, result.letter} & set(letters)):
            return ""
        return N_("Course {course}: {value} is not the letter {letter}.")

    return problem


@rule("T8-9.3a")
def letters_a_to_d(s: Snapshot) -> Iterator[Finding]:
    yield from _each_result(s, _letter_rule(("A", "B", "C", "D"), pass_only=False))


@rule("T8-9.3b")
def letter_p(s: Snapshot) -> Iterator[Finding]:
    """From 5,0; below it a pass-only course is failed (A23)."""
    yield from _each_result(s, _letter_rule(("P", "F"), pass_only=True))


@rule("T8-9.3c")
def letter_f(s: Snapshot) -> Iterator[Finding]:
    yield from _each_result(s, _letter_rule(("F",), pass_only=False))


@rule("T8-9.3d")
def letters_without_points(s: Snapshot) -> Iterator[Finding]:
    """I, X and R carry no score; I and X are to be settled within a year."""
    yield from _each_result(s, _without_score)
    for programme in covered(s):
        for learner, result in _results(s)[programme.code]:
            if (
                result.letter in ("I", "X")
                and (s.on - result.on).days > 366
                and result.official is Answer.YES
            ):
                yield warns(
                    Subject("learner", learner.learner, programme.code),
                    N_("Course {course} has been {letter} for {value} days."),
                    N_("Hold the examination, or decide."),
                    value=(s.on - result.on).days,
                    unit="days",
                    course=result.course,
                    letter=result.letter,
                )


def _without_score(result: CourseResult, course: Course, grading: GradingRules) -> str:
    if result.letter in ("I", "X", "R") and result.score is not None:
        return N_("Course {course}: the letter {letter} carries no score.")
    if result.letter and result.letter not in ("I", "X", "R", grading.pass_only_letter):
        known = points_of(result.letter, grading)
        return "" if known is not None else N_("Course {course}: the profile has no letter {letter}.")
    return ""


@index
def _attempts(s: Snapshot) -> dict[str, list[tuple[Standing, list[CourseResult]]]]:
    """Programme -> (learner, attempts at one course in their order) where there is more than one."""
    out: dict[str, list[tuple[Standing, list[CourseResult]]]] = {}
    for programme, rows in _results(s).items():
        by: dict[tuple[str, str], tuple[Standing, list[CourseResult]]] = {}
        for learner, result in rows:
            by.setdefault((learner.learner, result.course), (learner, []))[1].append(result)
        out[programme] = [pair for pair in by.values() if len(pair[1]) > 1]
    return out


def _official(
    s: Snapshot, wrong: Callable[[list[CourseResult], GradingRules, str], bool], what: str
) -> Iterator[Finding]:
    for programme in covered(s):
        grading = gradings_of(s, programme.code)[0]
        rule_name = values_of(s, programme.code).word("improve_rule")
        pairs, bad = _attempts(s)[programme.code], 0
        for learner, attempts in pairs:
            if wrong(attempts, grading, rule_name):
                bad += 1
                yield fails(
                    Subject("learner", learner.learner, programme.code),
                    what,
                    _CORRECT,
                    rests_on=[f"{r.course}/{r.attempt}" for r in attempts],
                    course=attempts[0].course,
                )
        if pairs and not bad:
            yield passes(the_programme(programme.code), value=len(pairs), unit="results")


def official_attempt(attempts: list[CourseResult], grading: GradingRules, improve_rule: str) -> CourseResult:
    """Which attempt counts: the last after a failed course (T8-9.4a), best or last after improving (T8-9.4b)."""
    best = attempts[0]
    for result in attempts[1:]:
        if result.kind is AttemptKind.IMPROVE and improve_rule == "best":
            better = (result.score or Decimal(-1)) > (best.score or Decimal(-1))
            best = result if better else best
        else:
            best = result
    return best


@rule("T8-9.4a")
def last_attempt_counts_after_repeating(s: Snapshot) -> Iterator[Finding]:
    def wrong(attempts: list[CourseResult], grading: GradingRules, improve_rule: str) -> bool:
        if any(r.kind is AttemptKind.IMPROVE for r in attempts):
            return False
        marked = [r for r in attempts if r.official is Answer.YES]
        return marked != [official_attempt(attempts, grading, improve_rule)]

    yield from _official(s, wrong, N_("Course {course}: the attempt that counts is not the last one."))


@rule("T8-9.4b")
def best_or_last_counts_after_improving(s: Snapshot) -> Iterator[Finding]:
    def wrong(attempts: list[CourseResult], grading: GradingRules, improve_rule: str) -> bool:
        if all(r.kind is not AttemptKind.IMPROVE for r in attempts):
            return False
        marked = [r for r in attempts if r.official is Answer.YES]
        return marked != [official_attempt(attempts, grading, improve_rule)]

    yield from _official(
        s, wrong, N_("Course {course}: the attempt that counts breaks the rule on improving.")
    )


@rule("T8-9.5dd")
def resits_are_capped(s: Snapshot) -> Iterator[Finding]:
    """From failed to passed at C or D at most, by the institution's own limit."""
    caps = {programme.code: values_of(s, programme.code).word("resit_letter_max") for programme in covered(s)}

    def problem(result: CourseResult, course: Course, grading: GradingRules) -> str:
        if result.kind is not AttemptKind.RESIT or result.score is None:
            return ""
        cap = points_of(caps[course.programme], grading)
        got = points_of(result.letter, grading)
        if cap is not None and got is not None and got > cap:
            return N_("Course {course}: a resit gives more than the limit, letter {letter}.")
        return ""

    yield from _each_result(s, problem)


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
