"""Thông tư 08/2021, Điều 13 and 14: recognition, graduation, degrees."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

from delivery.catalogue.learner_rows import AttemptKind
from delivery.catalogue.register_kinds import Answer, StandingEvent
from delivery.errors import N_
from delivery.regulation.academic import EXCELLENT, VERY_GOOD, degree_class, rank_of
from delivery.regulation.calendar import add_months
from delivery.regulation.findings import Finding, Subject, fails, passes, share, warns
from delivery.regulation.indexes import covered, learners_with, the_programme, values_of
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot
from delivery.regulation.standing import Standing, Status


def of_learner(learner: Standing, programme: str) -> Subject:
    return Subject("learner", learner.learner, programme)


@rule("T8-13.2")
def recognition_rests_on_minutes(s: Snapshot) -> Iterator[Finding]:
    """Each recognition names the decision of the professional council."""
    for programme in covered(s):
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.EXEMPTED, StandingEvent.EXCHANGED):
            for event in learner.of(StandingEvent.EXEMPTED, StandingEvent.EXCHANGED):
                seen += 1
                if not event.decision:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("The recognition of {day} names no minutes."),
                        N_("Enter the decision of the council."),
                        since=event.on,
                        day=event.on,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen)


def _at_most(s: Snapshot, name: str, kind: StandingEvent, field: str) -> Iterator[Finding]:
    for programme in covered(s):
        most = values_of(s, programme.code).number(name)
        seen = bad = 0
        for learner in learners_with(s, programme.code, kind):
            credits: Decimal = getattr(learner, field)
            if not credits:
                continue
            seen += 1
            value = share(credits, programme.credits)
            if value > most:
                bad += 1
                yield fails(
                    of_learner(learner, programme.code),
                    N_(
                        "{credits} credits are {value} percent of the programme, more than {threshold} percent."
                    ),
                    N_("Reduce what is recognised."),
                    value=value,
                    threshold=most,
                    unit="percent",
                    credits=f"{credits:f}",
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, threshold=most, unit="percent")


@rule("T8-13.3")
def recognised_at_most_half(s: Snapshot) -> Iterator[Finding]:
    yield from _at_most(s, "recognised_share_max", StandingEvent.EXEMPTED, "exempted")


@rule("T8-17.2")
def exchanged_at_most_a_quarter(s: Snapshot) -> Iterator[Finding]:
    """Credits earned elsewhere; teaching at a partner's venue is the institution's own and counts nothing here."""
    yield from _at_most(s, "exchange_share_max", StandingEvent.EXCHANGED, "exchanged")


def average_of(learner: Standing) -> Decimal | None:
    """Cumulative average of the last term."""
    return next((t.cumulative for t in reversed(learner.terms) if t.cumulative is not None), None)


@rule("T8-14.1", Gate.GRADUATE)
def graduates_meet_the_conditions(s: Snapshot) -> Iterator[Finding]:
    """All credits, at least an average of “trung bình”, and no suspension that still runs."""
    for programme in covered(s):
        least = values_of(s, programme.code).number("graduation_average_min")
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.GRADUATED):
            if learner.status is not Status.GRADUATED or not learner.terms:
                continue
            seen += 1
            what = _not_yet(learner, programme.credits, least)
            if what:
                bad += 1
                yield fails(
                    of_learner(learner, programme.code),
                    what,
                    N_("Look again at the decision on graduation."),
                    value=average_of(learner) or "",
                    threshold=least,
                    unit="points",
                    earned=f"{learner.terms[-1].earned:f}",
                    credits=f"{programme.credits:f}",
                )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")


def _not_yet(learner: Standing, credits: Decimal, least: Fraction) -> str:
    average = average_of(learner)
    if learner.terms[-1].earned < credits:
        return N_("Graduated with {earned} of {credits} credits.")
    if average is None or Fraction(average) < least:
        return N_("Graduated with an average of {value}, below {threshold}.")
    graduated = learner.of(StandingEvent.GRADUATED)[-1].on
    if any(e.until and e.on <= graduated <= e.until for e in learner.of(StandingEvent.STUDY_SUSPENDED)):
        return N_("Graduated while suspended.")
    required_failed = {r.course for r in learner.results if r.letter == "F" and r.official is Answer.YES}
    return N_("Graduated with a failed course.") if required_failed else ""


@rule("T8-14.2")
def degrees_within_three_months(s: Snapshot) -> Iterator[Finding]:
    """From the day on which a learner meets the conditions; ends on a working day (Civil Code 148)."""
    for programme in covered(s):
        months = values_of(s, programme.code).whole("diploma_months")
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.ELIGIBLE):
            for event in learner.of(StandingEvent.ELIGIBLE):
                seen += 1
                due = s.calendar.months_after(event.on, months)
                done = next((e.on for e in learner.of(StandingEvent.GRADUATED)), None)
                if (done and done > due) or (not done and s.on > due):
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("The degree was due on {due}."),
                        N_("Award it now."),
                        value=f"{done:%Y-%m-%d}" if done else "",
                        threshold=f"{due:%Y-%m-%d}",
                        unit="day",
                        since=due,
                        due=due,
                    )
                elif not done and (due - s.on).days <= 30:
                    bad += 1
                    yield warns(
                        of_learner(learner, programme.code),
                        N_("The degree is due on {due}, in {value} days."),
                        N_("Award it in time."),
                        value=(due - s.on).days,
                        threshold=f"{due:%Y-%m-%d}",
                        unit="days",
                        due=due,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")


def relearned_credits(s: Snapshot, learner: Standing) -> Decimal:
    """Credits of courses taken again."""
    again = {r.course for r in learner.results if r.kind is AttemptKind.REPEAT}
    return sum((s.courses[code].credits for code in again if code in s.courses), Decimal(0))


@rule("T8-14.3")
def class_of_the_degree(s: Snapshot) -> Iterator[Finding]:
    """The class that the decision gives (`detail` of the event “graduated”) is the one that the numbers give."""
    for programme in covered(s):
        values = values_of(s, programme.code)
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.GRADUATED):
            average = average_of(learner)
            for event in learner.of(StandingEvent.GRADUATED):
                if not event.detail or average is None:
                    continue
                seen += 1
                disciplined = any(
                    e.detail in ("warning", "suspension") for e in learner.of(StandingEvent.DISCIPLINED)
                )
                right = degree_class(
                    average,
                    relearned=relearned_credits(s, learner),
                    credits=programme.credits,
                    disciplined=disciplined,
                    values=values,
                )
                if right != event.detail:
                    bad += 1
                    top = rank_of(average, values) in (EXCELLENT, VERY_GOOD)
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("The degree's class is {value}; by the numbers it is {threshold}."),
                        N_("Look again: relearned credits and discipline lower the two best classes by one.")
                        if top
                        else N_("Correct the class."),
                        value=event.detail,
                        threshold=right,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen, unit="learners")


@rule("T8-14.4")
def what_was_missing_within_three_years(s: Snapshot) -> Iterator[Finding]:
    """Learners who left may complete defence education, sport, language and IT within three years."""
    for programme in covered(s):
        years = values_of(s, programme.code).whole("completion_grace_years")
        seen = bad = 0
        for learner in learners_with(s, programme.code, StandingEvent.COMPLETED_LATE):
            left = learner.of(StandingEvent.WITHDRAWN_VOLUNTARY, StandingEvent.DISMISSED)
            for event in learner.of(StandingEvent.COMPLETED_LATE):
                if not left:
                    continue
                seen += 1
                end = add_months(left[-1].on, 12 * years)
                if event.on > end:
                    bad += 1
                    yield fails(
                        of_learner(learner, programme.code),
                        N_("Completed on {day}; the time ended on {end}."),
                        N_("It cannot be accepted."),
                        value=f"{event.on:%Y-%m-%d}",
                        threshold=f"{end:%Y-%m-%d}",
                        unit="day",
                        day=event.on,
                        end=end,
                    )
        if seen and not bad:
            yield passes(the_programme(programme.code), value=seen)
