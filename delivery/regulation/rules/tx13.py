"""TX Điều 13: the institution's own regulation, its decisions, and what it carries out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    all_of_kind,
    covered,
    evidence_of,
    latest,
    launched_on,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import (
    DO_NOW,
    DONE_LATE,
    INCOMPLETE,
    OVERDUE,
    STILL_TIME,
    has_all,
    has_evidence,
    mirrors,
    missing,
    reviewed_each_year,
)
from delivery.regulation.registry import LAUNCH, Gate, rule
from delivery.regulation.rules.cohorts import cohort_evidence
from delivery.regulation.rules.tx5_scheme import operated_before
from delivery.regulation.snapshot import Snapshot
from delivery.regulation.values import Stricter

DECISION_FIELDS = ("major", "modes", "audience", "venue", "partner")
"""What a decision on distance training states (TX-13.1b-1); the partner may be “không”, but is stated."""
RISK_SCENARIOS = ("major_suspended", "distance_suspended")


@rule("TX-13.1a-1")
def parameters_have_a_direction(s: Snapshot) -> Iterator[Finding]:
    """Every value says which way is stricter; looser ones are refused when they are read."""
    institution = the_institution(s)
    for profile in s.profiles.values():
        subject = Subject("profile", profile.id)
        free = [value.name for value in profile.values.all() if value.stricter is Stricter.FREE]
        yield passes(subject, value=len(list(profile.values.all())) - len(free), rests_on=free)
    if not s.profiles:
        yield unknown(institution, "profiles")


@rule("TX-13.1a-2", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def steps_are_regulated(s: Snapshot) -> Iterator[Finding]:
    """The institution's regulation settles how the policy is decided and the scheme approved; their order is fixed."""
    yield has_evidence(s, the_institution(s), EvidenceKind.REGULATION_TOPIC, "", "decision_procedure")


@rule("TX-13.1b-1", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def decisions_state_five_things(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        subject = the_programme(programme.code)
        decision = latest(s, EvidenceKind.DISTANCE_DECISION, programme.code)
        if decision is None:
            yield missing(s, subject, EvidenceKind.DISTANCE_DECISION, programme.code)
            continue
        lacking = [item for item in DECISION_FIELDS if item not in decision.items]
        if lacking:
            yield fails(
                subject,
                INCOMPLETE,
                N_("Issue the decision with these statements, and list them in items."),
                value=len(DECISION_FIELDS) - len(lacking),
                threshold=len(DECISION_FIELDS),
                rests_on=[decision.code],
                items=", ".join(lacking),
            )
        else:
            yield passes(
                subject,
                value=len(DECISION_FIELDS),
                threshold=len(DECISION_FIELDS),
                rests_on=[decision.code],
            )


def decision_due(s: Snapshot, programme: str, signed: date) -> date:
    """Last working day for the database and the Ministry; the day of the decision is not counted."""
    return s.calendar.after(signed, values_of(s, programme).whole("decision_working_days"))


@rule("TX-13.1b-2")
def decision_reaches_database_and_ministry(s: Snapshot) -> Iterator[Finding]:
    """Both within ten working days (A20); one of the two is not enough."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        decision = latest(s, EvidenceKind.DISTANCE_DECISION, programme.code)
        if decision is None or decision.day is None:
            yield missing(s, subject, EvidenceKind.DISTANCE_DECISION, programme.code)
            continue
        signed = decision.day
        due = decision_due(s, programme.code, signed)
        done = []
        for kind in (EvidenceKind.DATABASE_UPDATE, EvidenceKind.MINISTRY_DISPATCH):
            since = [e for e in evidence_of(s, kind, programme.code) if e.day and e.day >= signed]
            done.append(since[0].day if since else None)
        if all(done):
            last = max(day for day in done if day)
            if last > due:
                yield fails(
                    subject,
                    DONE_LATE,
                    value=f"{last:%Y-%m-%d}",
                    threshold=f"{due:%Y-%m-%d}",
                    since=due,
                    done=last,
                    due=due,
                )
            else:
                yield passes(
                    subject,
                    value=f"{last:%Y-%m-%d}",
                    threshold=f"{due:%Y-%m-%d}",
                    rests_on=[decision.code],
                )
        elif s.on > due:
            yield fails(
                subject,
                OVERDUE,
                DO_NOW,
                threshold=f"{due:%Y-%m-%d}",
                since=due,
                rests_on=[decision.code],
                due=due,
            )
        else:
            yield warns(
                subject,
                STILL_TIME if s.calendar.confirmed(signed, due) else _UNCONFIRMED,
                DO_NOW,
                value=(due - s.on).days,
                threshold=f"{due:%Y-%m-%d}",
                unit="days",
                rests_on=[decision.code],
                due=due,
            )


_UNCONFIRMED = N_("To be done by {due}; the holidays of that time are not confirmed yet.")


@rule("TX-13.1c")
def quality_file(s: Snapshot) -> Iterator[Finding]:
    yield has_evidence(s, the_institution(s), EvidenceKind.QUALITY_FILE)


@rule("TX-13.1d")
def academic_integrity(s: Snapshot) -> Iterator[Finding]:
    """Rules with sanctions on file, and similarity checks that were carried out."""
    subject = the_institution(s)
    yield has_evidence(s, subject, EvidenceKind.INTEGRITY_RULES)
    if all_of_kind(s, EvidenceKind.SIMILARITY_CHECK):
        yield passes(Subject("integrity", "checks"), value=len(all_of_kind(s, EvidenceKind.SIMILARITY_CHECK)))
    else:
        yield missing(s, Subject("integrity", "checks"), EvidenceKind.SIMILARITY_CHECK, "")


@rule("TX-13.1dd", Gate.APPROVE_PROGRAMME, override=LAUNCH)
def risks_are_planned_for(s: Snapshot) -> Iterator[Finding]:
    """Two scenarios at least: suspension of the major, suspension of distance training."""
    yield has_all(s, the_institution(s), EvidenceKind.RISK_SCENARIO, "", RISK_SCENARIOS)


@rule("TX-13.2a-1", Gate.OPEN_INTAKE, over_others=True, override=LAUNCH)
def everything_ready_before_intake(s: Snapshot) -> Iterator[Finding]:
    """All of Điều 5; programmes from before the circular are freed from the scheme only."""
    five = sorted(clause for clause in s.outcomes if clause.startswith("TX-5."))
    for programme in covered(s):
        spared = ("TX-5.10-",) if operated_before(s, programme.code) else ()
        wanted = [clause for clause in five if not clause.startswith(spared)] if spared else five
        yield mirrors(s, the_programme(programme.code), wanted)


@rule("TX-13.2a-2")
def requirements_are_reviewed_each_year(s: Snapshot) -> Iterator[Finding]:
    first = min((day.year for p in covered(s) if (day := launched_on(s, p.code))), default=s.on.year) + 1
    yield reviewed_each_year(s, the_institution(s), EvidenceKind.SELF_REVIEW, "", first)


@rule("TX-13.2b")
def rules_are_explained_to_each_cohort(s: Snapshot) -> Iterator[Finding]:
    """Acknowledged by everyone who enrolled."""
    yield from cohort_evidence(s, EvidenceKind.RULES_EXPLAINED)


@rule("TX-13.2c", over_others=True)
def staff_training(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-5.7-1",))


@rule("TX-13.2d", over_others=True)
def inspection_again(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield mirrors(s, the_programme(programme.code), ("TX-12.1-1",))
