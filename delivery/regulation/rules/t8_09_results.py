"""Thông tư 08/2021, Điều 9: scores, letters and attempts, as they were handed over.

They are held against what the same profile computes (:mod:`delivery.record.grades` computes the program's own).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import GradingBasis
from delivery.catalogue.learner_rows import Absence, AttemptKind, CourseResult
from delivery.catalogue.model import Course
from delivery.catalogue.register_kinds import Answer
from delivery.errors import N_
from delivery.regulation.academic import letter_of, points_of
from delivery.regulation.findings import Finding, Subject, fails, passes, warns
from delivery.regulation.indexes import (
    covered,
    standings_of,
    the_programme,
    values_of,
)
from delivery.regulation.registry import rule
from delivery.regulation.rules.t8_09 import gradings_of
from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.standing import Standing

_CORRECT = N_("Correct the result; the attempt before it stays in the record.")


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
