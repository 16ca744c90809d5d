"""Thông tư 08/2021, Điều 10 and 11: averages, ranks, warnings, forced withdrawal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from delivery.catalogue.learner_rows import TermResult
from delivery.catalogue.register_kinds import Answer, StandingEvent
from delivery.errors import N_
from delivery.regulation.academic import (
    must_leave,
    rank_of,
    shown_average,
    totals,
    warning_reasons,
    year_level,
)
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, warns
from delivery.regulation.indexes import (
    covered,
    learners_with,
    standings_of,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.registry import rule
from delivery.regulation.rules.t8_09 import gradings_of
from delivery.regulation.rules.tx3 import over_time
from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.standing import ENDED, Standing


def _terms(s: Snapshot, programme: str) -> Iterator[tuple[Standing, TermResult]]:
    for learner in standings_of(s, programme):
        for term in learner.terms:
            yield learner, term


def _sum_problems(learner: Standing) -> Iterator[tuple[TermResult, str]]:
    """Terms whose sums cannot be; earned credits are held against the last term before."""
    last = floor = Decimal(0)
    index = 0
    for term in learner.terms:
        if term.index > index:
            floor, index = last, term.index
        if term.failed > term.registered:
            yield term, N_("Term {term}: more credits failed than registered.")
        elif term.earned < floor:
            yield term, N_("Term {term}: fewer credits earned than before.")
        last = term.earned


@rule("T8-10.1")
def sums_of_each_term(s: Snapshot) -> Iterator[Finding]:
    """Failed credits are at most those registered; earned credits never shrink from term to term."""
    for programme in covered(s):
        seen = bad = 0
        for learner in standings_of(s, programme.code):
            seen += len(learner.terms)
            for term, what in _sum_problems(learner):
                bad += 1
                yield fails(
                    Subject("learner", learner.learner, programme.code),
                    what,
                    N_("Correct the table term_results."),
                    value=term.cumulative if term.cumulative is not None else "",
                    rests_on=[term.term],
                    term=term.term,
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="terms")


@rule("T8-10.2")
def points_by_letter(s: Snapshot) -> Iterator[Finding]:
    """A 4, B 3, C 2, D 1, F 0: extra letters lie between."""
    for profile in s.profiles.values():
        points = [band.points for band in profile.grading.letters]
        subject = Subject("profile", profile.id)
        if points == sorted(points, reverse=True) and points[0] == 4 and points[-1] == 0:
            yield passes(subject, value=len(points))
        else:
            yield fails(
                subject, N_("The points of the letters do not fall from 4 to 0."), N_("Correct the profile.")
            )


@rule("T8-10.3")
def averages_leave_out_what_they_must(s: Snapshot) -> Iterator[Finding]:
    """Averages handed over equal those from the results, without I, X, R, P and courses outside the programme."""
    for programme in covered(s):
        grading = gradings_of(s, programme.code)[0]
        seen = bad = 0
        for learner in standings_of(s, programme.code):
            if not learner.results:
                continue
            for term in learner.terms:
                rows = [
                    (r.letter, course.credits)
                    for r in learner.results
                    if r.term == term.term
                    and (course := s.courses.get(r.course)) is not None
                    and course.programme == programme.code
                ]
                computed = totals(rows, grading).average
                if term.average is None or computed is None:
                    continue
                seen += 1
                if shown_average(computed, values_of(s, programme.code)) != term.average:
                    bad += 1
                    yield fails(
                        Subject("learner", learner.learner, programme.code),
                        N_("The average of term {term} is {value}; from the results it is {threshold}."),
                        N_("Correct the table term_results, or the results."),
                        value=term.average,
                        threshold=computed,
                        unit="points",
                        term=term.term,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="terms")


@rule("T8-10.5a")
def ranks_by_average(s: Snapshot) -> Iterator[Finding]:
    """The borders of the profile fall, so that every average has one rank."""
    values = values_of(s)
    names = ("excellent_from", "very_good_from", "good_from", "average_from", "weak_from")
    borders = [values.number(name) for name in names]
    if borders == sorted(borders, reverse=True) and rank_of(Decimal(0), values) == "poor":
        yield passes(the_institution(s), value=len(borders))
    else:
        yield fails(
            the_institution(s), N_("The borders of the ranks do not fall."), N_("Correct the profile.")
        )


@rule("T8-10.6")
def year_levels(s: Snapshot) -> Iterator[Finding]:
    """Worked out from earned credits for the warnings; nobody is beyond what the plan has years for and one more."""
    for programme in covered(s):
        most = max((term.earned for _, term in _terms(s, programme.code)), default=None)
        if most is not None:
            level = year_level(most, programme.credits, programme.standard_months)
            yield passes(the_programme(programme.code), value=level, unit="years")


@index
def reasons(s: Snapshot) -> dict[str, list[tuple[Standing, TermResult, list[str]]]]:
    """Programme -> last terms of learners who are still there, with the clauses of T8-11.1 that they meet."""
    out: dict[str, list[tuple[Standing, TermResult, list[str]]]] = {}
    for programme in covered(s):
        values = values_of(s, programme.code)
        rows = out[programme.code] = []
        for learner in standings_of(s, programme.code):
            if not learner.terms or learner.status in ENDED:
                continue
            term = learner.terms[-1]
            level = year_level(term.earned, programme.credits, programme.standard_months)
            rows.append((learner, term, warning_reasons(term, level, values)))
    return out


def _proposals(s: Snapshot, clause: str, what: str) -> Iterator[Finding]:
    """Last main terms that meet a clause and bear no warning: proposed to a person, who decides."""
    for programme in covered(s):
        rows = reasons(s)[programme.code]
        bad = 0
        for learner, term, met in rows:
            if clause in met and not any(e.on >= term.closed for e in learner.of(StandingEvent.WARNED)):
                bad += 1
                yield warns(
                    Subject("learner", learner.learner, programme.code),
                    what,
                    N_("Decide: event “warned” in the table standings."),
                    value=_number_of(term, clause),
                    rests_on=[term.term],
                    since=term.closed,
                    term=term.term,
                    failed=f"{term.failed:f}",
                    registered=f"{term.registered:f}",
                    owed=f"{term.owed:f}",
                )
        if rows and not bad:
            yield passes(the_programme(programme.code), value=len(rows), unit="learners")


def _number_of(term: TermResult, clause: str) -> Decimal | str:
    if clause == "T8-11.1b":
        return term.average if term.average is not None else ""
    if clause == "T8-11.1c":
        return term.cumulative if term.cumulative is not None else ""
    return term.failed


@rule("T8-11.1")
def warnings_after_main_terms_only(s: Snapshot) -> Iterator[Finding]:
    """No warning after an extra term; a warning rests on a decision."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.WARNED):
            for event in learner.of(StandingEvent.WARNED):
                seen += 1
                if not event.decision:
                    bad += 1
                    yield fails(
                        Subject("learner", learner.learner, programme.code),
                        N_("The warning of {day} rests on no decision."),
                        N_("Enter the decision."),
                        since=event.on,
                        day=event.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="warnings")


@rule("T8-11.1a")
def too_much_failed_or_owed(s: Snapshot) -> Iterator[Finding]:
    yield from _proposals(
        s,
        "T8-11.1a",
        N_("Term {term}: {failed} of {registered} credits failed, {owed} owed: a warning is due."),
    )


@rule("T8-11.1b")
def low_average_of_a_term(s: Snapshot) -> Iterator[Finding]:
    yield from _proposals(s, "T8-11.1b", N_("Term {term}: average {value}: a warning is due."))


@rule("T8-11.1c")
def low_cumulative_average(s: Snapshot) -> Iterator[Finding]:
    yield from _proposals(s, "T8-11.1c", N_("Term {term}: cumulative average {value}: a warning is due."))


@rule("T8-11.2a")
def too_many_warnings_in_a_row(s: Snapshot) -> Iterator[Finding]:
    """More consecutive warnings than the limit: forced withdrawal is proposed (A16)."""
    for programme in covered(s):
        values, seen, bad = values_of(s, programme.code), 0, 0
        for learner in standings_of(s, programme.code):
            if learner.status in ENDED or not any(t.main is Answer.YES for t in learner.terms):
                continue
            seen += 1
            if StandingEvent.WARNED not in learner.kinds:
                continue
            warned = warned_terms(learner)
            if must_leave(warned, values):
                bad += 1
                yield warns(
                    Subject("learner", learner.learner, programme.code),
                    N_("{value} warnings in a row, more than {threshold}: forced withdrawal is proposed."),
                    N_("Decide, and notify the learner (T8-11.3b)."),
                    value=sum(warned),
                    threshold=values.whole("consecutive_warnings_max"),
                    unit="warnings",
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")


def warned_terms(learner: Standing) -> list[bool]:
    """Main term by main term: was a warning given between its closing and the next one's."""
    main = [t for t in learner.terms if t.main is Answer.YES]
    days = [e.on for e in learner.of(StandingEvent.WARNED)]
    out = []
    for number, term in enumerate(main):
        until = main[number + 1].closed if number + 1 < len(main) else None
        out.append(any(day >= term.closed and (until is None or day < until) for day in days))
    return out


@rule("T8-11.2b")
def time_is_over(s: Snapshot) -> Iterator[Finding]:
    """As T8-2.5 and TX-3.3: whoever is beyond the time is listed there."""
    found = [*over_time(s)[False], *over_time(s)[True]]
    for programme in covered(s):
        late = [f for f in found if f.subject.programme == programme.code and f.verdict == "fail"]
        if late:
            yield fails(
                the_programme(programme.code),
                N_("{value} learners are beyond their time."),
                N_("Decide on each: T8-2.5 and TX-3.3 name them."),
                value=len(late),
                threshold=0,
                unit="learners",
                rests_on=[f.subject.code for f in late[:50]],
            )
        elif any(f.subject.programme == programme.code for f in found):
            yield passes(the_programme(programme.code), value=0, threshold=0)
        else:
            yield outside(the_programme(programme.code), N_("No learner has a day of enrolment."))


@rule("T8-11.3b")
def forced_withdrawal_reaches_the_learner(s: Snapshot) -> Iterator[Finding]:
    """A decision, and proof that it reached the learner."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.DISMISSED):
            for event in learner.of(StandingEvent.DISMISSED):
                seen += 1
                told = any(e.on >= event.on for e in learner.of(StandingEvent.NOTIFIED))
                if not (event.decision and told):
                    bad += 1
                    yield fails(
                        Subject("learner", learner.learner, programme.code),
                        N_("Forced withdrawal of {day} without a decision or a proof of notice."),
                        N_("Send the notice by the learner's channel; event “notified”."),
                        since=event.on,
                        day=event.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")
