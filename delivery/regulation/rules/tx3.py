"""TX Điều 3: the distance programme and its time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import DISTANCE_MODES, DeliveryMode
from delivery.catalogue.register_kinds import LEAVES, StandingEvent
from delivery.errors import N_
from delivery.regulation.calendar import add_exact_months, later
from delivery.regulation.findings import Finding, Subject, fails, passes, share, unknown, warns
from delivery.regulation.indexes import (
    cohorts_of,
    courses_of,
    covered,
    details_of,
    evidence_of,
    is_legacy,
    launched_on,
    plans_of,
    standings_of,
    the_course,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import (
    ADD_EVIDENCE,
    ADD_EVIDENCE_TOPIC,
    NO_COURSES,
    label,
    missing,
    reviewed_each_year,
)
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.shares import volumes
from delivery.regulation.snapshot import Snapshot, index
from delivery.regulation.standing import ENDED, Standing

ADJUSTED = ("method", "duration", "materials", "assessment")
"""What the distance form adjusts in each syllabus (TX-3.1-1)."""


@rule("TX-3.1-1", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def syllabi_are_adjusted(s: Snapshot) -> Iterator[Finding]:
    """A live regular programme stands behind it, and each course's syllabus has the four adjusted items."""
    for programme in covered(s):
        subject, details = the_programme(programme.code), details_of(s, programme.code)
        if details is None or not details.regular_code:
            yield unknown(subject, "programme_details")
        elif details.regular_retired and details.regular_retired <= s.on:
            yield fails(
                subject,
                N_("The regular programme {regular} was given up on {day}."),
                N_("Name the regular programme that is taught now."),
                since=details.regular_retired,
                regular=details.regular_code,
                day=details.regular_retired,
            )
        elif details.regular_credits is not None and details.regular_credits != programme.credits:
            yield warns(
                subject,
                N_("{value} credits, where the regular programme has {threshold}."),
                N_("Check that outcomes are the same."),
                value=programme.credits,
                threshold=details.regular_credits,
                unit="credits",
            )
        else:
            yield passes(subject, rests_on=[details.regular_code])
        for course in courses_of(s).get(programme.code, ()):
            syllabus = s.syllabi.get(course.code)
            if syllabus is None and not s.syllabi:
                yield unknown(the_course(course), "syllabi")
                continue
            lacking = [item for item in ADJUSTED if syllabus is None or not getattr(syllabus, item)]
            if lacking:
                yield fails(
                    the_course(course),
                    N_("The syllabus does not say what is adjusted: {items}."),
                    N_("Complete the course's row in the table syllabi."),
                    value=len(ADJUSTED) - len(lacking),
                    threshold=len(ADJUSTED),
                    items=", ".join(lacking),
                )
            else:
                yield passes(the_course(course), value=len(ADJUSTED), threshold=len(ADJUSTED))


@rule("TX-3.1-2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def network_is_the_main_mode(s: Snapshot) -> Iterator[Finding]:
    """Network credits are more than half of the distance-delivered ones, or by the other reading the most (A2)."""
    for programme in covered(s):
        subject, volume = the_programme(programme.code), volumes(s, programme.code)
        if not volume.distance:
            yield unknown(subject, "courses", what=NO_COURSES)
            continue
        network = volume.by_mode.get(DeliveryMode.NETWORK, Fraction(0))
        others = [volume.by_mode.get(m, Fraction(0)) for m in DISTANCE_MODES if m is not DeliveryMode.NETWORK]
        value = share(network, volume.distance)
        majority = value > 50
        literal = values_of(s, programme.code).word("network_main_rule") == "majority"
        if majority:
            yield passes(subject, value=value, threshold=50, unit="percent")
            continue
        say = warns if not literal and network > max(others) else fails
        if volume.missing and share(network + volume.missing, volume.distance + volume.missing) > 50:
            say = warns
        yield say(
            subject,
            N_(
                "The network carries {value} percent of the distance volume, not more than {threshold} percent."
            ),
            N_("Move lessons or assignments of broadcast and post to the network."),
            value=value,
            threshold=50,
            unit="percent",
        )


@rule("TX-3.2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def plans_are_not_shorter_than_the_regular_one(s: Snapshot) -> Iterator[Finding]:
    """Each pace is judged by itself: a short one is blocked, not the programme."""
    for programme in covered(s):
        subject, details = the_programme(programme.code), details_of(s, programme.code)
        if details is None or not details.regular_months:
            yield unknown(subject, "programme_details")
            continue
        paces = {plan.pace: plan.months for plan in plans_of(s, programme.code)} or {
            "standard": programme.standard_months
        }
        for pace, months in sorted(paces.items()):
            of_pace = Subject("plan", f"{programme.code}/{pace}", programme.code)
            if months >= details.regular_months:
                yield passes(of_pace, value=months, threshold=details.regular_months, unit="months")
            else:
                yield fails(
                    of_pace,
                    N_("The plan takes {value} months, less than the {threshold} of the regular form."),
                    N_("Lengthen this pace, or give it up."),
                    value=months,
                    threshold=details.regular_months,
                    unit="months",
                )


def longest_months(standard: int, factor: Fraction, exempt: Fraction, credits: Fraction) -> Fraction:
    """Most months of study: factor × standard plan, less the exempted share (TX-3.3, T8-2.5, A14); exact."""
    return factor * standard * (1 - exempt / credits)


def last_day(s: Snapshot, learner: Standing, months: Fraction) -> date | None:
    """Last day within the time: leave other than personal does not count (T8-15.2)."""
    if learner.enrolled_on is None:
        return None
    paused = 0
    for leave in learner.of(*LEAVES):
        if leave.event is not StandingEvent.LEAVE_PERSONAL:
            paused += max(((leave.until or s.on) - leave.on).days, 0)
    return later(add_exact_months(learner.enrolled_on, months), paused)


@index
def over_time(s: Snapshot) -> dict[bool, tuple[Finding, ...]]:
    """Came with exemptions? -> learners beyond their time, each named; one finding for a programme that has none."""
    out: dict[bool, list[Finding]] = {True: [], False: []}
    for programme in covered(s):
        factor = values_of(s, programme.code).number("max_time_factor")
        seen = {True: 0, False: 0}
        late = {True: 0, False: 0}
        limits: dict[Decimal, Fraction] = {}
        for learner in standings_of(s, programme.code):
            if learner.status in ENDED or learner.enrolled_on is None:
                continue
            months = limits.get(learner.exempted)
            if months is None:
                exempt, credits = Fraction(learner.exempted), Fraction(programme.credits)
                months = longest_months(programme.standard_months, factor, exempt, credits)
                limits[learner.exempted] = months
            articulated = bool(learner.exempted)
            seen[articulated] += 1
            end = last_day(s, learner, months)
            if end is None or s.on <= end:
                continue
            late[articulated] += 1
            out[articulated].append(
                fails(
                    Subject("learner", learner.learner, programme.code),
                    N_("The time to study ended on {end} ({threshold} months)."),
                    N_("Decide on the learner's case (T8-11.2b)."),
                    value=(s.on - end).days,
                    threshold=months,
                    unit="months",
                    since=end,
                    end=end,
                )
            )
        for articulated in (True, False):
            if seen[articulated] and not late[articulated]:
                subject = the_programme(programme.code)
                out[articulated].append(passes(subject, value=seen[articulated], unit="learners"))
    return {articulated: tuple(found) for articulated, found in out.items()}


@rule("TX-3.3")
def time_of_articulation_learners(s: Snapshot) -> Iterator[Finding]:
    """The longest time shrinks with the credits that were exempted."""
    yield from over_time(s)[True]


@rule("TX-3.4-1", Gate.OPEN_INTAKE)
def programme_is_public_before_intake(s: Snapshot) -> Iterator[Finding]:
    """Published before the intake opens, and shown again when the cohort starts."""
    for programme in covered(s):
        published = [e for e in evidence_of(s, EvidenceKind.PUBLICATION, programme.code, "programme") if e.at]
        for cohort in cohorts_of(s).get(programme.code, ()):
            intake = s.intakes.get(cohort.code)
            if is_legacy(s, cohort):
                continue
            subject = Subject("cohort", cohort.code, programme.code)
            if intake is None or intake.opens is None:
                yield unknown(subject, "intakes")
                continue
            first = min((e.at for e in published if e.at), default=None)
            if first is None:
                yield missing(s, subject, EvidenceKind.PUBLICATION, programme.code, "programme")
            elif first > intake.opens:
                yield fails(
                    subject,
                    N_("Published at {published}, after the intake opened at {opens}."),
                    N_("Open the intake only after the programme is public."),
                    rests_on=[e.code for e in published],
                    published=f"{first:%d/%m/%Y %H:%M}",
                    opens=f"{intake.opens:%d/%m/%Y %H:%M}",
                )
            elif (
                intake.starts
                and intake.starts <= s.on
                and not evidence_of(s, EvidenceKind.PROGRAMME_SHOWN, cohort.code)
            ):
                yield warns(
                    subject,
                    N_("The programme was not shown again when the cohort started on {day}."),
                    ADD_EVIDENCE,
                    day=intake.starts,
                    kind=EvidenceKind.PROGRAMME_SHOWN.value,
                    subject=cohort.code,
                )
            else:
                yield passes(subject, rests_on=[e.code for e in published])


@rule("TX-3.4-2", Gate.PUBLISH)
def changes_are_public_before_they_apply(s: Snapshot) -> Iterator[Finding]:
    """A version is published before it takes effect, with a note on what it means for learners who are there."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        versions = evidence_of(s, EvidenceKind.PROGRAMME_VERSION, programme.code)
        if not versions:
            yield passes(subject, value=programme.version)
            continue
        for version in versions:
            of_version = Subject(
                "version", f"{programme.code}/{version.number or version.code}", programme.code
            )
            noted = evidence_of(s, EvidenceKind.VERSION_IMPACT, programme.code, version.number)
            if version.at is None or version.effective is None:
                yield unknown(of_version, "evidence")
            elif version.at.date() >= version.effective:
                yield fails(
                    of_version,
                    N_("Published on {published}, not before it took effect on {effective}."),
                    N_("Publish first; let the version take effect on a later day."),
                    rests_on=[version.code],
                    published=version.at.date(),
                    effective=version.effective,
                )
            elif not any(e.people for e in noted):
                yield fails(
                    of_version,
                    N_("There is no {evidence} with the person who decided."),
                    ADD_EVIDENCE_TOPIC,
                    rests_on=[version.code],
                    evidence=label(EvidenceKind.VERSION_IMPACT),
                    kind=EvidenceKind.VERSION_IMPACT.value,
                    topic=version.number,
                    subject=programme.code,
                )
            else:
                yield passes(of_version, rests_on=[version.code, noted[-1].code])


@rule("TX-3.4-3")
def programme_is_reviewed_each_year(s: Snapshot) -> Iterator[Finding]:
    """One review in each calendar year after that of the launch (A13)."""
    for programme in covered(s):
        launched = launched_on(s, programme.code)
        first = launched.year + 1 if launched else s.on.year
        yield reviewed_each_year(
            s, the_programme(programme.code), EvidenceKind.PROGRAMME_REVIEW, programme.code, first
        )
