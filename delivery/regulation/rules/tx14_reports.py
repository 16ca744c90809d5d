"""TX Điều 14 khoản 1: the yearly reports, to whom and by when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from delivery.catalogue.evidence import EvidenceKind
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, warns
from delivery.regulation.indexes import (
    covered,
    evidence_of,
    launched_on,
    the_institution,
    values_of,
)
from delivery.regulation.phrases import (
    DO_NOW,
    DONE_LATE,
    OVERDUE,
    STILL_TIME,
)
from delivery.regulation.registry import rule
from delivery.regulation.rules.tx7 import partner_sites
from delivery.regulation.snapshot import Snapshot

MINISTRY, PROVINCE, SUPERVISOR, DISTRICT, COMMUNE = (
    "ministry",
    "province",
    "supervisor",
    "district",
    "commune",
)
_DISTRICTS_END = date(2025, 7, 1)
"""Two tiers of local government since then (Nghị quyết 203/2025/QH15): the commune takes the district's place (A21)."""


def report_last_day(s: Snapshot, year: int) -> date:
    """The last day in time: the day before 31 December."""
    values = values_of(s)
    return date(year, values.whole("report_month"), values.whole("report_before_day")) - timedelta(days=1)


def recipients(s: Snapshot, year: int, *, partner: bool) -> list[str]:
    """Who gets the report of a year (TX-14.1a, TX-14.1b)."""
    if partner:
        local = DISTRICT if date(year, 12, 31) < _DISTRICTS_END else COMMUNE
        return [MINISTRY, PROVINCE, local]
    return [MINISTRY, PROVINCE, *([SUPERVISOR] if s.institution.supervising_body else [])]


def report_year(s: Snapshot) -> int:
    """The year of which the next report is due."""
    return s.on.year


def first_report_year(s: Snapshot) -> int:
    """Year of the first launch under the circular."""
    days = [day for p in covered(s) if (day := launched_on(s, p.code)) is not None]
    return max(min((day.year for day in days), default=s.on.year), 2024)


def _sent(s: Snapshot, about: str, year: int) -> dict[str, tuple[date, str]]:
    """Recipient -> (day, evidence) of the report of a year; `value` of the evidence is the year."""
    out: dict[str, tuple[date, str]] = {}
    for e in evidence_of(s, EvidenceKind.REPORT_SENT, about):
        if e.day and e.value == year and e.topic not in out:
            out[e.topic] = (e.day, e.code)
    return out


def _report(s: Snapshot, about: str, subject_kind: str, *, partner: bool) -> Iterator[Finding]:
    for year in range(max(first_report_year(s), s.on.year - 1), s.on.year + 1):
        subject = Subject(subject_kind, f"{about or s.institution.code}/{year}")
        due = report_last_day(s, year)
        sent = _sent(s, about, year)
        wanted = recipients(s, year, partner=partner)
        lacking = [name for name in wanted if name not in sent]
        late = [name for name in wanted if name in sent and sent[name][0] > due]
        rests = [code for _, code in sent.values()]
        if late:
            yield fails(
                subject,
                DONE_LATE,
                value=f"{max(sent[n][0] for n in late):%Y-%m-%d}",
                threshold=f"{due:%Y-%m-%d}",
                rests_on=rests,
                since=due,
                due=due,
                done=max(sent[name][0] for name in late),
            )
        elif lacking and s.on > due:
            yield fails(
                subject,
                N_("The report was due on {due}; not sent to: {items}."),
                N_(
                    "Send it now, and enter the proof: kind “report_sent”, topic the recipient, value the year."
                ),
                value=len(wanted) - len(lacking),
                threshold=len(wanted),
                rests_on=rests,
                since=due + timedelta(days=1),
                due=due,
                items=", ".join(lacking),
            )
        elif lacking:
            soon = (due - s.on).days <= 31
            say = warns if soon else _later
            yield say(
                subject,
                N_("The report is due by {due}; still to be sent to: {items}."),
                N_("Prepare it with: tuxa report annex1 (partners: annex2)."),
                value=(due - s.on).days,
                threshold=f"{due:%Y-%m-%d}",
                unit="days",
                rests_on=rests,
                due=due,
                items=", ".join(lacking),
            )
        else:
            yield passes(subject, value=len(wanted), threshold=len(wanted), rests_on=rests)


def _later(subject: Subject, what: str, do: str, **params: object) -> Finding:
    found = warns(subject, what, do, **params)  # type: ignore[arg-type]
    return passes(subject, value=found.value, threshold=found.threshold, unit=found.unit, what=found.what)


@rule("TX-14.1-0")
def reports_before_31_december(s: Snapshot) -> Iterator[Finding]:
    """The last day in time is the 30th; on a day off the working day before it is the target."""
    year = report_year(s)
    due = report_last_day(s, year)
    target = due
    while not s.calendar.is_working(target):
        target -= timedelta(days=1)
    sent = _sent(s, "", year)
    lacking = [name for name in recipients(s, year, partner=False) if name not in sent]
    last = max((day for day, _ in sent.values()), default=due)
    subject = the_institution(s)
    if last > due:
        yield fails(
            subject,
            DONE_LATE,
            value=f"{last:%Y-%m-%d}",
            threshold=f"{due:%Y-%m-%d}",
            rests_on=[code for _, code in sent.values()],
            since=due + timedelta(days=1),
            due=due,
            done=last,
        )
    elif not lacking:
        yield passes(subject, threshold=f"{due:%Y-%m-%d}")
    elif s.on > due:
        yield fails(subject, OVERDUE, DO_NOW, threshold=f"{due:%Y-%m-%d}", since=due, due=due)
    elif (due - s.on).days <= 31:
        yield warns(
            subject,
            STILL_TIME,
            DO_NOW,
            value=(due - s.on).days,
            threshold=f"{target:%Y-%m-%d}",
            unit="days",
            due=target,
        )
    else:
        yield passes(subject, value=(due - s.on).days, threshold=f"{target:%Y-%m-%d}", unit="days")


@rule("TX-14.1a")
def institution_reports(s: Snapshot) -> Iterator[Finding]:
    """Phụ lục I to the Ministry, the province and the supervising body, if there is one."""
    yield from _report(s, "", "annex1", partner=False)


@rule("TX-14.1b")
def partners_report(s: Snapshot) -> Iterator[Finding]:
    """Phụ lục II of each partner to the Ministry, the province and the commune (the district until 2024)."""
    sites = partner_sites(s)
    if not sites:
        yield outside(the_institution(s), N_("There is no partner."))
    for code in sites:
        yield from _report(s, code, "annex2", partner=True)
