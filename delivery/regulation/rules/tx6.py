"""TX Điều 6: suspension, resuming, lapse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.registers import Suspension
from delivery.errors import N_
from delivery.regulation.calendar import add_months, later
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    cohorts_of,
    covered,
    evidence_of,
    latest,
    standings_of,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import has_evidence, missing
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot


def suspensions_of(s: Snapshot, programme: str, major: str) -> list[Suspension]:
    """Those that reach a programme, by start: named, of its major, or of everything when nothing is named."""
    return sorted(
        (
            row
            for row in s.suspensions.values()
            if row.starts <= s.on
            and (programme in row.programmes or major in row.majors or not (row.programmes or row.majors))
        ),
        key=lambda row: row.starts,
    )


@rule("TX-6.1a", over_others=True)
def overridden_gates_are_a_risk(s: Snapshot) -> Iterator[Finding]:
    """Whoever passed a closed gate is on the risk page, with the reason."""
    if not s.overrides:
        yield passes(the_institution(s), value=0, threshold=0)
    for override in s.overrides:
        _, _, code = override.subject.partition(":")
        programme = code if code in s.programmes else ""
        yield warns(
            Subject("override", f"{override.clause}@{override.subject}", programme),
            N_("The gate “{gate}” was passed on {day} by {actor} ({role}): {reason}."),
            N_("Remedy what the clause asks for."),
            rests_on=[override.clause, *filter(None, [override.second])],
            since=override.on,
            gate=override.gate,
            day=override.on,
            actor=override.actor,
            role=override.role,
            reason=override.reason,
        )


@rule("TX-6.1b", over_others=True)
def minimum_requirements_are_kept_up(s: Snapshot) -> Iterator[Finding]:
    """Everything of Điều 5, for programmes that have a decision; the history tells since when."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        if not evidence_of(s, EvidenceKind.DISTANCE_DECISION, programme.code):
            yield unknown(
                subject,
                "evidence",
                what=N_("No decision on distance training is on file."),
                do=N_("Enter the decision: kind “distance_decision”."),
            )
            continue
        broken = s.outcomes.failing("TX-5.", programme.code)
        if broken:
            yield fails(
                subject,
                N_("Not kept up: {clauses}."),
                N_("Restore them before the State finds so: suspension is the consequence (TX-6.2)."),
                value=len(broken),
                threshold=0,
                rests_on=broken,
                clauses=", ".join(broken),
            )
        else:
            yield passes(subject, value=0, threshold=0)


@rule("TX-6.1c", Gate.OPEN_INTAKE)
def suspended_major_stops_the_programme(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        subject = the_programme(programme.code)
        found = [
            row
            for row in s.suspensions.values()
            if programme.major_code in row.majors
            and row.starts <= s.on
            and (row.ends is None or s.on <= row.ends)
        ]
        if found:
            yield fails(
                subject,
                N_("The major is suspended by {decision} from {day}."),
                N_("No intake until the decision is lifted."),
                rests_on=[found[0].decision],
                since=found[0].starts,
                decision=found[0].decision,
                day=found[0].starts,
            )
        else:
            yield passes(subject)


@rule("TX-6.2", Gate.OPEN_INTAKE)
def suspension_of_six_to_twelve_months(s: Snapshot) -> Iterator[Finding]:
    """The term of a decision, and no intake inside it, nor after it before TX-6.4 is done."""
    for row in s.suspensions.values():
        subject = Subject("suspension", row.decision)
        values = values_of(s)
        least, most = values.whole("suspension_months_min"), values.whole("suspension_months_max")
        if row.majors:
            continue
        if row.ends is None or not row.reason:
            yield unknown(subject, "suspensions")
        elif within_months(row.starts, row.ends, least, most):
            yield passes(subject, value=f"{row.starts:%Y-%m-%d}/{row.ends:%Y-%m-%d}", unit="days")
        else:
            yield fails(
                subject,
                N_("From {starts} to {ends} is not between {least} and {most} months: an error of entry."),
                N_("Correct the dates by the decision."),
                threshold=f"{least}-{most}",
                unit="months",
                starts=row.starts,
                ends=row.ends,
                least=least,
                most=most,
            )
    for programme in covered(s):
        subject = the_programme(programme.code)
        closed = [
            row
            for row in suspensions_of(s, programme.code, programme.major_code)
            if not row.majors and not resumed(s, programme.code, row)
        ]
        intakes = [
            (cohort.code, row.decision)
            for row in closed
            for cohort in cohorts_of(s).get(programme.code, ())
            if cohort.admission_date >= row.starts and cohort.admission_date <= s.on
        ]
        if intakes:
            yield fails(
                subject,
                N_("Cohort {cohort} was admitted under the suspension {decision}."),
                N_("Stop the intake; protect the learners concerned."),
                rests_on=[code for code, _ in intakes],
                cohort=intakes[0][0],
                decision=intakes[0][1],
            )
        elif closed:
            yield fails(
                subject,
                N_("Suspended by {decision}; intake stays closed until it is resumed (TX-6.4)."),
                N_("Remedy the cause, decide to resume, and report to the Ministry."),
                rests_on=[closed[0].decision],
                since=closed[0].starts,
                decision=closed[0].decision,
            )
        else:
            yield passes(subject)


def within_months(starts: date, ends: date, least: int, most: int) -> bool:
    """Whether the days from `starts` to `ends`, both counted, are between that many months."""
    after = later(ends, 1)
    return add_months(starts, least) <= after <= add_months(starts, most)


def resumed(s: Snapshot, programme: str, row: Suspension) -> bool:
    """A decision to resume, dated after the suspension ended."""
    decision = latest(s, EvidenceKind.RESUME_DECISION, programme)
    return bool(
        decision
        and decision.day
        and row.ends
        and decision.day > row.ends
        and (decision.topic in ("", row.decision))
    )


@rule("TX-6.3")
def everyone_concerned_is_protected(s: Snapshot) -> Iterator[Finding]:
    """As many measures as learners who study in the suspended programmes."""
    for row in s.suspensions.values():
        subject = Subject("suspension", row.decision)
        touched = [p for p in covered(s) if row in suspensions_of(s, p.code, p.major_code)]
        concerned = sum(sum(x.studying for x in standings_of(s, p.code)) for p in touched)
        done = latest(s, EvidenceKind.PROTECTION_MEASURES, row.decision)
        covered_people = int(done.value or 0) if done else 0
        if covered_people >= concerned:
            yield passes(subject, value=covered_people, threshold=concerned, unit="people")
        else:
            yield fails(
                subject,
                N_("Measures for {value} of {threshold} learners."),
                N_(
                    "Choose a measure for each and enter the list: kind “protection_measures”, value their number."
                ),
                value=covered_people,
                threshold=concerned,
                unit="people",
            )
    if not s.suspensions:
        yield passes(the_institution(s), value=0)


@rule("TX-6.4", Gate.OPEN_INTAKE, over_others=True)
def resuming(s: Snapshot) -> Iterator[Finding]:
    """Remedy, all minimum requirements green, the rector's decision, and the report to the Ministry."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        rows = [
            r for r in suspensions_of(s, programme.code, programme.major_code) if r.ends and r.ends < s.on
        ]
        if not rows:
            continue
        broken = s.outcomes.failing("TX-5.", programme.code)
        if not evidence_of(s, EvidenceKind.REMEDY, programme.code):
            yield missing(s, subject, EvidenceKind.REMEDY, programme.code)
        elif broken:
            yield fails(
                subject,
                N_("Cannot be resumed: {clauses} is not satisfied."),
                N_("Satisfy every minimum requirement first."),
                rests_on=broken,
                clauses=", ".join(broken),
            )
        elif not resumed(s, programme.code, rows[-1]):
            yield missing(s, subject, EvidenceKind.RESUME_DECISION, programme.code)
        elif not evidence_of(s, EvidenceKind.RESUME_REPORT, programme.code):
            yield warns(
                subject,
                N_("Resumed; the report to the Ministry is outstanding."),
                N_("Send the report and enter the proof: kind “resume_report”."),
            )
        else:
            yield has_evidence(s, subject, EvidenceKind.RESUME_REPORT, programme.code)


def lapse(s: Snapshot, programme: str) -> tuple[date, date] | None:
    """(since when nobody enrolled, last day of the approval); None without a decision."""
    approved = [e.day for e in evidence_of(s, EvidenceKind.DISTANCE_DECISION, programme) if e.day]
    if not approved:
        return None
    enrolled = [
        x.enrolled_on or s.cohorts[x.cohort].admission_date
        for x in standings_of(s, programme)
        if x.enrolled_on or x.studying
    ]
    start = max([approved[-1], *enrolled])
    return start, add_months(start, values_of(s, programme).whole("lapse_months"))


@rule("TX-6.5", Gate.OPEN_INTAKE)
def approval_lapses_without_intake(s: Snapshot) -> Iterator[Finding]:
    """36 months from the later of the approval and the last intake with at least one enrolled (A9)."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        span = lapse(s, programme.code)
        if span is None:
            yield unknown(
                subject,
                "evidence",
                what=N_("No decision on distance training is on file."),
                do=N_("Enter the decision: kind “distance_decision”."),
            )
            continue
        start, end = span
        if s.on > end:
            yield fails(
                subject,
                N_("No intake since {start}: the approval lapsed on {end}."),
                N_("A new decision is needed before any intake."),
                value=f"{start:%Y-%m-%d}",
                threshold=f"{end:%Y-%m-%d}",
                unit="day",
                since=end + timedelta(days=1),
                start=start,
                end=end,
            )
        elif s.on >= add_months(start, 30):
            yield warns(
                subject,
                N_("No intake since {start}: the approval lapses after {end}."),
                N_("Hold an intake in time."),
                value=f"{start:%Y-%m-%d}",
                threshold=f"{end:%Y-%m-%d}",
                unit="day",
                start=start,
                end=end,
            )
        else:
            yield passes(subject, value=f"{start:%Y-%m-%d}", threshold=f"{end:%Y-%m-%d}", unit="day")
