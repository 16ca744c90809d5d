"""Thông tư 08/2021, Điều 15 to 20: leave, transfer, exchange, second programme, articulation, violations."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from delivery.catalogue.register_kinds import LEAVES, Answer, EntryLevel, StandingEvent
from delivery.errors import N_
from delivery.regulation.academic import GOOD, rank_of, year_level
from delivery.regulation.calendar import add_months, years_between
from delivery.regulation.findings import Finding, Subject, Verdict, fails, outside, passes
from delivery.regulation.indexes import (
    cohorts_of,
    covered,
    learners_with,
    standings_of,
    the_programme,
    values_of,
)
from delivery.regulation.registry import Gate, rule
from delivery.regulation.rules.t8_13_14 import average_of, of_learner
from delivery.regulation.rules.tx3 import longest_months
from delivery.regulation.snapshot import Snapshot

_E = StandingEvent
_ENTER = N_("Enter the decision and its proof.")


@rule("T8-15.1a")
def leave_has_its_ground(s: Snapshot) -> Iterator[Finding]:
    """Each kind of leave rests on a proof; personal leave needs a completed term and no open case."""
    for programme in covered(s):
        least = values_of(s, programme.code).whole("leave_terms_min")
        seen = bad = 0
        for learner in learners_with(
            s, programme.code, _E.LEAVE_SERVICE, _E.LEAVE_NATIONAL, _E.LEAVE_MEDICAL, _E.LEAVE_PERSONAL
        ):
            for leave in learner.of(*LEAVES):
                seen += 1
                terms = sum(1 for t in learner.terms if t.closed <= leave.on)
                what = ""
                if not leave.decision:
                    what = N_("The leave of {day} names no proof.")
                elif leave.event is _E.LEAVE_PERSONAL and terms < least:
                    what = N_("Personal leave of {day} after {value} terms, less than {threshold}.")
                if what:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        what,
                        _ENTER,
                        value=terms,
                        threshold=least,
                        unit="terms",
                        since=leave.on,
                        day=leave.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="leaves")


@rule("T8-15.2")
def personal_leave_counts_into_the_time(s: Snapshot) -> Iterator[Finding]:
    """The limit of T8-2.5 moves by other leave only; every leave therefore has its kind and its end or return."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(
            s, programme.code, _E.LEAVE_SERVICE, _E.LEAVE_NATIONAL, _E.LEAVE_MEDICAL
        ):
            for leave in learner.of(_E.LEAVE_SERVICE, _E.LEAVE_NATIONAL, _E.LEAVE_MEDICAL):
                seen += 1
                back = any(e.on >= leave.on for e in learner.of(_E.RETURNED))
                if leave.until is None and not back and years_between(leave.on, s.on) >= 3:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("The leave of {day} has neither an end nor a return."),
                        N_("Enter its end (until) or the event “returned”: the time of study rests on it."),
                        since=leave.on,
                        day=leave.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="leaves")


@rule("T8-15.3")
def voluntary_leavers_are_not_dismissed(s: Snapshot) -> Iterator[Finding]:
    """One learner is never counted as both."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(s, programme.code, _E.WITHDRAWN_VOLUNTARY):
            left, forced = learner.of(_E.WITHDRAWN_VOLUNTARY), learner.of(_E.DISMISSED)
            seen += 1
            if forced and not any(e.on > left[-1].on for e in learner.of(_E.RETURNED, _E.ENROLLED)):
                bad += 1
                yield fails(
                    of_learner(learner, programme.code),
                    N_("Withdrawn on {day} and dismissed as well."),
                    N_("Keep the one that is right: the annual report counts dismissals only."),
                    day=left[-1].on,
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")


@rule("T8-16.1")
def transfers_have_their_consents(s: Snapshot) -> Iterator[Finding]:
    """Not in the first year, not in the last, and with a decision of both sides."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(s, programme.code, _E.TRANSFERRED_IN):
            for move in learner.of(_E.TRANSFERRED_IN):
                seen += 1
                if not move.decision:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("The transfer of {day} names no decision."),
                        _ENTER,
                        since=move.on,
                        day=move.on,
                    )
                elif move.value is not None and move.value < 12:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("Transferred after {value} months of study: in the first year."),
                        N_("It cannot be accepted."),
                        value=move.value,
                        threshold=12,
                        unit="months",
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="transfers")


@rule("T8-16.3")
def transfers_have_time_left(s: Snapshot) -> Iterator[Finding]:
    """Months used up elsewhere come off the longest time of the distance plan."""
    for programme in covered(s):
        factor = values_of(s, programme.code).number("max_time_factor")
        most = longest_months(programme.standard_months, factor, Fraction(0), Fraction(programme.credits))
        seen = bad = 0
        for learner in learners_with(s, programme.code, _E.TRANSFERRED_IN):
            for move in learner.of(_E.TRANSFERRED_IN):
                if move.value is None:
                    continue
                seen += 1
                if Fraction(move.value) >= most:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("{value} months are used up, and the distance form allows {threshold}."),
                        N_("No time is left: it cannot be accepted."),
                        value=move.value,
                        threshold=most,
                        unit="months",
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, threshold=most, unit="months")


@rule("T8-18.2")
def second_programme(s: Snapshot) -> Iterator[Finding]:
    """From the second year, with a good average, and stopped after a weak term or a warning."""
    for programme in covered(s):
        values = values_of(s, programme.code)
        least_year, seen, bad = values.whole("second_programme_year_min"), 0, 0
        for learner in learners_with(s, programme.code, _E.SECOND_PROGRAMME):
            for event in learner.of(_E.SECOND_PROGRAMME):
                seen += 1
                before = [t for t in learner.terms if t.closed <= event.on]
                level = (
                    year_level(before[-1].earned, programme.credits, programme.standard_months)
                    if before
                    else 1
                )
                average = average_of(learner)
                what = ""
                if level < least_year:
                    what = N_("A second programme in year {value}, before year {threshold}.")
                elif average is not None and Fraction(average) < values.number("average_from"):
                    what = N_("The average fell below “trung bình”: the second programme stops next term.")
                elif any(e.on > event.on for e in learner.of(_E.WARNED)):
                    what = N_("Warned since: the second programme stops next term.")
                elif (
                    average is not None
                    and rank_of(average, values) not in ("excellent", "very_good", GOOD)
                    and event.detail != "meets_entry"
                ):
                    what = N_("The average is “trung bình”: the entry conditions must be met too.")
                if what:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        what,
                        N_("Decide on the second programme."),
                        value=level,
                        threshold=least_year,
                        since=event.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen)


@rule("T8-19.2", Gate.OPEN_INTAKE)
def second_degrees_need_three_cohorts(s: Snapshot) -> Iterator[Finding]:
    """Three cohorts of the same major and form before holders of a degree are admitted to it."""
    for programme in covered(s):
        wanted = values_of(s, programme.code).whole("second_degree_cohorts_min")
        cohorts = cohorts_of(s).get(programme.code, ())
        for number, cohort in enumerate(cohorts):
            intake = s.intakes.get(cohort.code)
            if intake is None or intake.second_degree is not Answer.YES:
                continue
            subject = Subject("cohort", cohort.code, programme.code)
            if number < wanted:
                yield fails(
                    subject,
                    N_("{value} cohorts of this major came before, less than {threshold}."),
                    N_("Admit no holders of a degree yet."),
                    value=number,
                    threshold=wanted,
                    unit="cohorts",
                )
            else:
                yield passes(subject, value=number, threshold=wanted, unit="cohorts")


@rule("T8-19.3", over_others=True)
def exemption_of_degree_holders(s: Snapshot) -> Iterator[Finding]:
    """By Điều 13: what T8-13.3 found for learners who came with a degree."""
    for programme in covered(s):
        holders = {
            x.learner
            for x in standings_of(s, programme.code)
            if x.entry in (EntryLevel.COLLEGE, EntryLevel.UNIVERSITY)
        }
        if not holders:
            yield outside(the_programme(programme.code), N_("No learner came with a degree."))
            continue
        bad = [
            f
            for f in s.outcomes.get("T8-13.3", ())
            if f.verdict is Verdict.FAIL and f.subject.code in holders
        ]
        if bad:
            yield fails(
                the_programme(programme.code),
                N_("{value} of them have more recognised than T8-13.3 allows."),
                N_("See what T8-13.3 says."),
                value=len(bad),
                threshold=0,
                rests_on=[f.subject.code for f in bad],
            )
        else:
            yield passes(the_programme(programme.code), value=len(holders), unit="learners")


@rule("T8-20.2")
def impersonation_is_sanctioned(s: Snapshot) -> Iterator[Finding]:
    """Suspended for one year the first time, dismissed the second time, in whatever course."""
    for programme in covered(s):
        years = values_of(s, programme.code).whole("impersonation_suspension_years")
        seen = bad = 0
        for learner in learners_with(s, programme.code, _E.IMPERSONATION):
            cases = learner.of(_E.IMPERSONATION)
            for number, case in enumerate(cases, 1):
                seen += 1
                end = add_months(case.on, 12 * years)
                suspended = any(e.until == end for e in learner.of(_E.STUDY_SUSPENDED) if e.on >= case.on)
                dismissed = any(e.on >= case.on for e in learner.of(_E.DISMISSED))
                if (number == 1 and not (suspended or dismissed)) or (number > 1 and not dismissed):
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("Impersonation of {day}, case {value}: suspension until {end} is proposed.")
                        if number == 1
                        else N_("Impersonation of {day}, case {value}: forced withdrawal is proposed."),
                        N_("Decide, and enter the decision."),
                        value=number,
                        since=case.on,
                        day=case.on,
                        end=end,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="cases")
