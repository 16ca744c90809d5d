"""TX Điều 12: quality assurance and accreditation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, unknown, warns
from delivery.regulation.indexes import (
    all_of_kind,
    covered,
    details_of,
    evidence_of,
    latest,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import INCOMPLETE, NOT_LAUNCHED, has_evidence, missing
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot

SURVEY_TOPICS = (
    "learning_experience",
    "material_quality",
    "teaching_method",
    "lecturer_support",
    "staff_support",
    "software",
)
"""What learners are asked about (TX-12.1-2): support by lecturers and by staff are two items."""


@rule("TX-12.1-1")
def internal_inspection(s: Snapshot) -> Iterator[Finding]:
    """Inspections are held, and what they found is followed up by its day (until; effective is when it was done)."""
    found = all_of_kind(s, EvidenceKind.INTERNAL_INSPECTION)
    if not found:
        yield missing(s, the_institution(s), EvidenceKind.INTERNAL_INSPECTION, "")
    for item in found:
        subject = Subject("inspection", item.code, item.subject if item.subject in s.programmes else "")
        if item.until and item.until < s.on and item.effective is None:
            yield fails(
                subject,
                N_("What was found was to be remedied by {due}."),
                N_("Remedy it and enter when (effective)."),
                since=item.until,
                due=item.until,
            )
        else:
            yield passes(subject, rests_on=[item.code])


@rule("TX-12.1-2")
def survey_form_has_its_topics(s: Snapshot) -> Iterator[Finding]:
    """Six items for learners, and a form for other parties."""
    subject = the_institution(s)
    form = latest(s, EvidenceKind.SURVEY_TEMPLATE)
    wanted = values_of(s).whole("survey_topics_min")
    if form is None:
        yield missing(s, subject, EvidenceKind.SURVEY_TEMPLATE, "")
    else:
        lacking = [topic for topic in SURVEY_TOPICS if topic not in form.items]
        if lacking or len(form.items) < wanted:
            yield fails(
                subject,
                INCOMPLETE,
                N_("Add these topics to the form; list them in items."),
                value=len(SURVEY_TOPICS) - len(lacking),
                threshold=wanted,
                rests_on=[form.code],
                items=", ".join(lacking),
            )
        else:
            yield passes(subject, value=len(form.items), threshold=wanted, rests_on=[form.code])
    yield has_evidence(s, subject, EvidenceKind.STAKEHOLDER_FORM)


@rule("TX-12.1-3")
def proposals_are_answered(s: Snapshot) -> Iterator[Finding]:
    """The procedure is on file, and no ticket waits longer than it says."""
    subject = the_institution(s)
    yield has_evidence(s, subject, EvidenceKind.COMPLAINT_PROCEDURE)
    days = values_of(s).whole("reply_days")
    waiting = sorted(
        (t for t in s.tickets.values() if t.received <= s.on and t.answered is None),
        key=lambda t: t.received,
    )
    late = [t.code for t in waiting if (s.on - t.received).days > days]
    if late:
        yield warns(
            Subject("tickets", "open"),
            N_("{count} tickets wait longer than {threshold} days, the oldest {value} days."),
            N_("Answer them, or hand them to somebody else."),
            value=(s.on - waiting[0].received).days,
            threshold=days,
            unit="days",
            rests_on=late,
            since=waiting[0].received,
            count=len(late),
        )
    else:
        yield passes(Subject("tickets", "open"), value=len(waiting), unit="tickets")


def passed_accreditation(s: Snapshot, programme: str, by: date) -> bool | None:
    """The newest result on or before that day: passed, failed, or None when there is none."""
    found = [e for e in evidence_of(s, EvidenceKind.ACCREDITATION, programme) if e.day and e.day <= by]
    return found[-1].topic != "failed" if found else None


def older_with_graduates(s: Snapshot, programme: str) -> bool:
    """Taught before the circular took effect, with a cohort that graduated (TX-12.2a)."""
    details = details_of(s, programme)
    start = s.profiles[s.default_profile].admitted_after
    return bool(
        details
        and details.first_intake
        and details.first_intake < start
        and details.first_graduation
        and details.first_graduation <= s.on
    )


@rule("TX-12.2a")
def accreditation_of_older_programmes(s: Snapshot) -> Iterator[Finding]:
    """Completed within three years of the circular (A22); registered only is shown as still open."""
    for programme in s.programmes.values():
        subject = the_programme(programme.code)
        if not older_with_graduates(s, programme.code):
            if details_of(s, programme.code) is None:
                yield unknown(subject, "programme_details")
            else:
                yield outside(
                    subject, N_("No cohort graduated before, or the programme is newer (TX-12.2b).")
                )
            continue
        due = values_of(s, programme.code).day("accreditation_due")
        done = [e for e in evidence_of(s, EvidenceKind.ACCREDITATION, programme.code) if e.day]
        registered = latest(s, EvidenceKind.ACCREDITATION_REGISTERED, programme.code)
        left = (due - s.on).days
        if done:
            first = done[0].day or due
            if first > due:
                yield fails(
                    subject,
                    N_("Accredited on {done}; it was due on {due}."),
                    "",
                    value=f"{first:%Y-%m-%d}",
                    threshold=f"{due:%Y-%m-%d}",
                    since=due,
                    done=first,
                    due=due,
                )
            else:
                yield passes(
                    subject, value=f"{first:%Y-%m-%d}", threshold=f"{due:%Y-%m-%d}", rests_on=[done[0].code]
                )
        elif left < 0:
            yield fails(
                subject,
                N_("Accreditation was due on {due}."),
                N_("Have the programme accredited; no intake before."),
                value=left,
                threshold=f"{due:%Y-%m-%d}",
                unit="days",
                since=due,
                due=due,
            )
        else:
            yield warns(
                subject,
                N_("Accreditation is due on {due}, in {value} days; registered: {registered}."),
                N_("Register the programme and have it accredited in time."),
                value=left,
                threshold=f"{due:%Y-%m-%d}",
                unit="days",
                rests_on=[registered.code] if registered else [],
                due=due,
                registered=registered.number if registered and registered.number else "-",
            )


@rule("TX-12.2b")
def assessment_before_the_first_graduation(s: Snapshot) -> Iterator[Finding]:
    """Assessed before the first cohort graduates, registered for accreditation right after (Luật GDĐH Điều 33.5)."""
    for programme in covered(s):
        subject, details = the_programme(programme.code), details_of(s, programme.code)
        if older_with_graduates(s, programme.code):
            yield outside(subject, N_("Under TX-12.2a."))
        elif details is None or details.first_graduation is None:
            yield unknown(subject, "programme_details")
        else:
            first = details.first_graduation
            assessed = [
                e
                for e in evidence_of(s, EvidenceKind.QUALITY_ASSESSMENT, programme.code)
                if e.day and e.day < first
            ]
            if s.on < first:
                yield (passes if assessed else _assess_soon)(subject)
            elif not assessed:
                yield fails(
                    subject,
                    N_("The first cohort graduated on {day} and no assessment came before."),
                    N_("Have the programme assessed and accredited."),
                    since=first,
                    day=first,
                )
            elif not evidence_of(s, EvidenceKind.ACCREDITATION_REGISTERED, programme.code):
                yield missing(s, subject, EvidenceKind.ACCREDITATION_REGISTERED, programme.code)
            else:
                yield passes(subject, rests_on=[assessed[-1].code])


def _assess_soon(subject: Subject) -> Finding:
    return warns(
        subject,
        N_("To be assessed before its first cohort graduates."),
        N_("Hold the quality assessment and enter its result."),
    )


@rule("TX-12.3", Gate.OPEN_INTAKE)
def no_intake_without_accreditation(s: Snapshot) -> Iterator[Finding]:
    """Closed while accreditation is overdue or failed; a later pass opens it."""
    for programme in s.programmes.values():
        subject = the_programme(programme.code)
        result = passed_accreditation(s, programme.code, s.on)
        due = values_of(s, programme.code).day("accreditation_due")
        details = details_of(s, programme.code)
        if result is False:
            yield fails(
                subject,
                N_("It failed accreditation."),
                N_("Remedy what was found and have it accredited again."),
            )
        elif result is None and older_with_graduates(s, programme.code) and s.on > due:
            yield fails(
                subject,
                N_("Accreditation was due on {due}."),
                N_("Have the programme accredited; no intake before."),
                since=due,
                due=due,
            )
        elif (
            result is None
            and details
            and details.first_graduation
            and details.first_graduation <= s.on
            and not older_with_graduates(s, programme.code)
            and not evidence_of(s, EvidenceKind.ACCREDITATION_REGISTERED, programme.code)
        ):
            yield fails(
                subject,
                N_("The first cohort graduated, and the programme is not registered for accreditation."),
                N_("Register it."),
                since=details.first_graduation,
            )
        elif details is None and not cohorts_exist(s, programme.code):
            yield outside(subject, NOT_LAUNCHED)
        else:
            yield passes(subject)


def cohorts_exist(s: Snapshot, programme: str) -> bool:
    return any(cohort.programme == programme for cohort in s.cohorts.values())
