"""TX Điều 14 khoản 2 to 5: data, keeping of records, publication; the reports of khoản 1: ``tx14_reports``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from delivery.catalogue.evidence import PUBLISHED_ITEMS, EvidenceKind
from delivery.errors import N_
from delivery.regulation.counts import by_cohort
from delivery.regulation.findings import Finding, Subject, fails, passes, unknown, warns
from delivery.regulation.indexes import (
    cohorts_of,
    covered,
    evidence_of,
    is_legacy,
    latest,
    standings_of,
    the_institution,
    the_programme,
    values_of,
)
from delivery.regulation.phrases import (
    ADD_EVIDENCE_TOPIC,
    INCOMPLETE,
    has_evidence,
    missing,
)
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot
from delivery.regulation.standing import Status


@rule("TX-14.2")
def data_are_complete_for_the_national_database(s: Snapshot) -> Iterator[Finding]:
    """Every programme has its decision and major, every learner a cohort, an entry level and a day of enrolment."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        learners = [x for x in standings_of(s, programme.code) if x.status is not Status.ADMITTED]
        lacking = [x.learner for x in learners if x.entry is None or x.enrolled_on is None]
        if not learners:
            yield unknown(subject, "standings")
        elif lacking:
            yield fails(
                subject,
                N_("Of {value} learners the entry level is not known: an export would be incomplete."),
                N_("Enter it: event “enrolled” with the level as detail, in the table standings."),
                value=len(lacking),
                threshold=0,
                unit="learners",
                rests_on=lacking[:50],
            )
        else:
            yield passes(subject, value=len(learners), unit="learners")


@rule("TX-14.3")
def records_are_kept(s: Snapshot) -> Iterator[Finding]:
    """Rules on keeping, a drill of restoring within a year, and a ledger that verifies."""
    subject = the_institution(s)
    yield has_evidence(s, subject, EvidenceKind.RETENTION_RULES)
    drill = latest(s, EvidenceKind.RESTORE_DRILL)
    about = Subject("drill", "restore")
    if drill is None or drill.day is None:
        yield missing(s, about, EvidenceKind.RESTORE_DRILL, "")
    elif (s.on - drill.day).days > 366:
        yield warns(
            about,
            N_("The last drill of restoring was on {day}."),
            N_("Restore a backup elsewhere and compare: tuxa backup, tuxa record verify."),
            value=(s.on - drill.day).days,
            threshold=366,
            unit="days",
            rests_on=[drill.code],
            day=drill.day,
        )
    else:
        yield passes(about, rests_on=[drill.code])
    if s.ledger_ok is not None:
        about = Subject("ledger", "facts")
        if s.ledger_ok:
            yield passes(about)
        else:
            yield fails(
                about,
                N_("The ledger does not verify."),
                N_("See what was altered: tuxa record verify --deep."),
            )


@rule("TX-14.4-0", Gate.START_TEACHING, Gate.OPEN_INTAKE)
def five_items_are_public_first(s: Snapshot) -> Iterator[Finding]:
    """All five published before the first teaching or intake, whichever comes first."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        first = _first_start(s, programme.code)
        found = {item: published(s, programme.code, item) for item in PUBLISHED_ITEMS}
        lacking = [item for item, day in found.items() if day is None]
        late = [item for item, moment in found.items() if moment and first and _after(moment, first)]
        if len(lacking) == len(PUBLISHED_ITEMS):
            yield missing(s, subject, EvidenceKind.PUBLICATION, programme.code, lacking[0])
        elif lacking or late:
            yield fails(
                subject,
                INCOMPLETE if lacking else N_("Published only after the start on {day}: {items}."),
                N_("Publish it on the web site, and enter the address and the time: kind “publication”."),
                value=len(PUBLISHED_ITEMS) - len(lacking or late),
                threshold=values_of(s, programme.code).whole("published_items"),
                items=", ".join(lacking or late),
                day=first.date() if isinstance(first, datetime) else first,
            )
        else:
            yield passes(subject, value=len(PUBLISHED_ITEMS), threshold=len(PUBLISHED_ITEMS))


def _first_start(s: Snapshot, programme: str) -> date | datetime | None:
    """The first intake or teaching of a cohort under the circular; a moment where the hour is known."""
    starts: list[date | datetime] = []
    for cohort in cohorts_of(s).get(programme, ()):
        if is_legacy(s, cohort):
            continue
        intake = s.intakes.get(cohort.code)
        known = [x for x in (intake.opens, intake.starts) if x] if intake else [cohort.admission_date]
        starts += known
    return min(starts, key=_place, default=None)


def _place(moment: date | datetime) -> tuple[date, time]:
    """Order of moments and days: a day without an hour is over when it ends."""
    if isinstance(moment, datetime):
        return moment.date(), moment.time()
    return moment, time.max


def _after(moment: date | datetime, start: date | datetime) -> bool:
    """Whether something was later: on the same day only where both hours are known."""
    if isinstance(moment, datetime) and isinstance(start, datetime):
        return moment > start
    return _place(moment)[0] > _place(start)[0]


def published(s: Snapshot, programme: str, item: str) -> date | datetime | None:
    """First day, or moment, at which an item was public, for the programme or for all."""
    found = [
        e.at if e.at and e.at.date() == e.day else e.day
        for about in (programme, "")
        for e in evidence_of(s, EvidenceKind.PUBLICATION, about, item)
        if e.day and (e.url or e.file)
    ]
    return min(found, key=_place, default=None)


def _item(s: Snapshot, item: str) -> Iterator[Finding]:
    for programme in covered(s):
        subject = the_programme(programme.code)
        day = published(s, programme.code, item)
        if day is None:
            yield (
                unknown(
                    subject,
                    "evidence",
                    what=N_("It is not published, or no address is entered."),
                    do=ADD_EVIDENCE_TOPIC,
                    kind=EvidenceKind.PUBLICATION.value,
                    topic=item,
                    subject=programme.code,
                )
            )
        else:
            yield passes(subject, value=f"{day:%Y-%m-%d}")


@rule("TX-14.4a")
def regulation_is_public(s: Snapshot) -> Iterator[Finding]:
    yield from _item(s, "regulation")


@rule("TX-14.4b")
def decision_is_public(s: Snapshot) -> Iterator[Finding]:
    yield from _item(s, "decision")


@rule("TX-14.4c")
def programme_is_public(s: Snapshot) -> Iterator[Finding]:
    yield from _item(s, "programme")


@rule("TX-14.4d")
def conditions_are_public(s: Snapshot) -> Iterator[Finding]:
    yield from _item(s, "conditions")


@rule("TX-14.4dd")
def intake_notice_is_public(s: Snapshot) -> Iterator[Finding]:
    yield from _item(s, "intake")


@rule("TX-14.5-0")
def publication_is_kept_fresh(s: Snapshot) -> Iterator[Finding]:
    """The page of counts was regenerated within the days of the parameter."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        days = values_of(s, programme.code).whole("page_stale_days")
        newest = latest(s, EvidenceKind.STATISTICS_PUBLISHED, programme.code)
        if newest is None or newest.day is None:
            yield missing(s, subject, EvidenceKind.STATISTICS_PUBLISHED, programme.code)
        elif (s.on - newest.day).days > days:
            yield warns(
                subject,
                N_("The public page is {value} days old, more than {threshold}."),
                N_("Publish it again: tuxa report disclosure."),
                value=(s.on - newest.day).days,
                threshold=days,
                unit="days",
                rests_on=[newest.code],
                since=newest.day + timedelta(days=days + 1),
            )
        else:
            yield passes(subject, value=(s.on - newest.day).days, threshold=days, unit="days")


@rule("TX-14.5a")
def four_items_stay_public(s: Snapshot) -> Iterator[Finding]:
    """Items a to d are not withdrawn; the intake notice may be."""
    for programme in covered(s):
        subject = the_programme(programme.code)
        lacking = [item for item in PUBLISHED_ITEMS[:4] if not _still_public(s, programme.code, item)]
        if len(lacking) == 4:
            yield missing(s, subject, EvidenceKind.PUBLICATION, programme.code, lacking[0])
        elif lacking:
            yield fails(
                subject,
                INCOMPLETE,
                ADD_EVIDENCE_TOPIC,
                value=4 - len(lacking),
                threshold=4,
                items=", ".join(lacking),
                kind=EvidenceKind.PUBLICATION.value,
                topic=lacking[0],
                subject=programme.code,
            )
        else:
            yield passes(subject, value=4, threshold=4)


def _still_public(s: Snapshot, programme: str, item: str) -> bool:
    return any(
        e.until is None or e.until >= s.on
        for about in (programme, "")
        for e in evidence_of(s, EvidenceKind.PUBLICATION, about, item)
    )


@rule("TX-14.5b")
def counts_by_cohort_agree(s: Snapshot) -> Iterator[Finding]:
    """Admitted ≥ enrolled; enrolled = studying + left + graduated (leave is studying, A7)."""
    for cohort in s.cohorts.values():
        if is_legacy(s, cohort) or cohort.admission_date > s.on:
            continue
        subject = Subject("cohort", cohort.code, cohort.programme)
        counts = by_cohort(s).get(cohort.code, {})
        intake = s.intakes.get(cohort.code)
        enrolled = counts.get("enrolled", 0)
        if not enrolled:
            yield unknown(subject, "standings")
        elif intake is None or not intake.admitted:
            yield unknown(subject, "intakes")
        elif intake.admitted < enrolled:
            yield fails(
                subject,
                N_("{value} enrolled, and only {threshold} were admitted."),
                N_("Correct the table intakes or the events of enrolment."),
                value=enrolled,
                threshold=intake.admitted,
                unit="learners",
            )
        else:
            told = counts["studying"] + counts["left"] + counts["graduated"]
            yield passes(subject, value=told, threshold=enrolled, unit="learners")


@rule("TX-14.5c")
def standards_are_shown(s: Snapshot) -> Iterator[Finding]:
    for programme in covered(s):
        yield has_evidence(s, the_programme(programme.code), EvidenceKind.STANDARDS_EVIDENCE, programme.code)


@rule("TX-14.5d")
def minimum_requirements_are_shown(s: Snapshot) -> Iterator[Finding]:
    """The public verdicts rest on this year's review of the minimum requirements."""
    newest = latest(s, EvidenceKind.SELF_REVIEW)
    if newest is None:
        yield missing(s, the_institution(s), EvidenceKind.SELF_REVIEW, "")
    else:
        yield passes(the_institution(s), rests_on=[newest.code])
