"""TX Điều 7: places, and partners."""

from __future__ import annotations

from collections.abc import Iterator

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import SiteKind
from delivery.catalogue.register_kinds import OUTSIDE, ContractDuty, SessionKind
from delivery.catalogue.registers import Session
from delivery.errors import N_
from delivery.regulation.findings import Finding, Subject, fails, outside, passes, unknown, warns
from delivery.regulation.indexes import contract_on, covered_codes, evidence_of, latest, the_institution
from delivery.regulation.phrases import INCOMPLETE, has_evidence, missing
from delivery.regulation.registry import Gate, rule
from delivery.regulation.snapshot import Snapshot, index

MAY_BE_OUTSIDE = frozenset(
    {
        SessionKind.PRACTICE,
        SessionKind.INTERNSHIP,
        SessionKind.FIELD_EXPERIENCE,
        SessionKind.SELF_STUDY,
        SessionKind.ONLINE,
    }
)
CONDITIONS = (
    "environment",
    "facilities",
    "equipment",
    "library",
    "laboratory",
    "practice",
    "managers",
)
"""The seven conditions of TX-7.2 that an appraisal of a partner shows."""


def of_session(s: Snapshot, session: Session) -> Subject:
    course = s.courses.get(session.course)
    return Subject("session", session.code, course.programme if course else "")


@index
def covered_sessions(s: Snapshot) -> tuple[Session, ...]:
    return tuple(
        row
        for row in s.sessions.values()
        if (course := s.courses.get(row.course)) is not None and course.programme in covered_codes(s)
    )


@index
def partner_sites(s: Snapshot) -> tuple[str, ...]:
    return tuple(site.code for site in s.sites.values() if site.kind is SiteKind.PARTNER)


@rule("TX-7.1", Gate.START_TEACHING, Gate.HOLD_EXAM)
def activities_at_allowed_places(s: Snapshot) -> Iterator[Finding]:
    """At the institution, a branch, or a partner with a contract; outside only for the listed kinds."""
    for session in covered_sessions(s):
        subject = of_session(s, session)
        day = session.starts.date()
        site = s.sites.get(session.site)
        if session.kind is SessionKind.ONLINE:
            yield passes(subject, value=session.site)
        elif session.site == OUTSIDE:
            if session.kind in MAY_BE_OUTSIDE:
                yield passes(subject, value=OUTSIDE)
            else:
                yield fails(
                    subject,
                    N_("“{kind}” may not be held outside the institution and its partners."),
                    N_("Move it to the institution, a branch or a partner under contract."),
                    value=OUTSIDE,
                    kind=session.kind.value,
                )
        elif site is None:
            yield unknown(subject, "sites")
        elif site.kind is SiteKind.PARTNER and not contract_on(s, site.code, day, subject.programme):
            yield fails(
                subject,
                N_("No contract with {partner} holds on {day} for this programme."),
                N_("Renew the contract, or move the activity."),
                value=site.code,
                partner=site.code,
                day=day,
            )
        else:
            yield passes(subject, value=site.kind.value)


@rule("TX-7.2", Gate.USE_PARTNER)
def partners_are_of_a_listed_kind(s: Snapshot) -> Iterator[Finding]:
    """Other kinds cannot even be entered; a partner of which no kind is entered is shown."""
    for code in partner_sites(s):
        partner = s.partners.get(code)
        if partner is None:
            yield unknown(Subject("partner", code), "partners")
        else:
            yield passes(Subject("partner", code), value=partner.kind.value)


@rule("TX-7.3a-1", Gate.USE_PARTNER)
def coordination_rules(s: Snapshot) -> Iterator[Finding]:
    if partner_sites(s):
        yield has_evidence(s, the_institution(s), EvidenceKind.COORDINATION_RULES)
    else:
        yield outside(the_institution(s), N_("There is no partner."))


@rule("TX-7.3a-2", Gate.USE_PARTNER)
def partners_are_appraised_before_the_contract(s: Snapshot) -> Iterator[Finding]:
    """Seven conditions with a verdict, dated on or before the contract."""
    for code in partner_sites(s):
        subject = Subject("partner", code)
        signed = [c.signed for c in s.contracts.values() if c.partner == code]
        appraisals = evidence_of(s, EvidenceKind.PARTNER_APPRAISAL, code)
        if not appraisals:
            yield missing(s, subject, EvidenceKind.PARTNER_APPRAISAL, code)
            continue
        first = appraisals[0]
        lacking = [item for item in CONDITIONS if item not in first.items]
        if lacking:
            yield fails(
                subject,
                INCOMPLETE,
                N_("Appraise every condition of Điều 7 khoản 2 and list it in items."),
                value=len(CONDITIONS) - len(lacking),
                threshold=len(CONDITIONS),
                rests_on=[first.code],
                items=", ".join(lacking),
            )
        elif signed and first.day and min(signed) < first.day:
            yield fails(
                subject,
                N_("The contract of {signed} was signed before the appraisal of {day}."),
                N_("Sign only after the appraisal."),
                rests_on=[first.code],
                signed=min(signed),
                day=first.day,
            )
        else:
            yield passes(subject, rests_on=[first.code])


@rule("TX-7.3b", Gate.USE_PARTNER)
def partners_work_under_contract(s: Snapshot) -> Iterator[Finding]:
    """A contract in force for every partner that has learners; alerts 180, 90 and 30 days before its end."""
    used = {x.site for x in s.standings.values() if x.studying}
    for code in partner_sites(s):
        subject = Subject("partner", code)
        contract = contract_on(s, code, s.on)
        if contract is None:
            if not s.contracts:
                yield unknown(subject, "contracts")
            elif code in used:
                yield fails(
                    subject,
                    N_("Learners study there, and no contract is in force."),
                    N_("Renew the contract, or move the learners (TX-7.3c)."),
                )
            else:
                yield warns(subject, N_("No contract is in force."), N_("Renew it before the site is used."))
            continue
        left = (contract.ends - s.on).days
        if left <= 180:
            yield warns(
                subject,
                N_("Contract {number} ends on {ends}, in {value} days."),
                N_("Renew it in time, or plan where the learners go."),
                value=left,
                threshold=next(step for step in (30, 90, 180) if left <= step),
                unit="days",
                rests_on=[contract.number],
                number=contract.number,
                ends=contract.ends,
            )
        else:
            yield passes(subject, value=left, unit="days", rests_on=[contract.number])


@rule("TX-7.3c")
def learners_leave_a_partner_that_failed(s: Snapshot) -> Iterator[Finding]:
    """After a failed check every learner there gets another place."""
    for code in partner_sites(s):
        failed = latest(s, EvidenceKind.PARTNER_FAILED, code)
        if failed is None:
            yield passes(Subject("partner", code), value=0, threshold=0)
            continue
        there = [x.learner for x in s.standings.values() if x.site == code and x.studying]
        if there:
            yield fails(
                Subject("partner", code),
                N_("{value} learners are still there."),
                N_("Give each a destination: event “transferred” in the table standings."),
                value=len(there),
                threshold=0,
                unit="learners",
                rests_on=[failed.code],
                since=failed.day,
            )
        else:
            yield passes(Subject("partner", code), value=0, threshold=0, rests_on=[failed.code])


@rule("TX-7.3d")
def complaints_about_contracts_have_an_outcome(s: Snapshot) -> Iterator[Finding]:
    for contract in s.contracts.values():
        open_ones = [t.code for t in s.tickets.values() if t.subject == contract.number and not t.outcome]
        subject = Subject("contract", contract.number)
        if open_ones:
            yield warns(
                subject,
                N_("{value} complaints have no outcome."),
                N_("Answer them, and enter the outcome in the table tickets."),
                value=len(open_ones),
                threshold=0,
                rests_on=open_ones,
            )
        else:
            yield passes(subject, value=0, threshold=0)


@rule("TX-7.4b", Gate.HOLD_EXAM)
def partners_do_what_the_contract_gives_them(s: Snapshot) -> Iterator[Finding]:
    """An examination at a partner needs the duty of examinations in its contract; teaching likewise."""
    wanted = {SessionKind.EXAM: ContractDuty.EXAMS}
    for session in covered_sessions(s):
        site = s.sites.get(session.site)
        if site is None or site.kind is not SiteKind.PARTNER:
            continue
        subject = of_session(s, session)
        duty = wanted.get(session.kind, ContractDuty.TEACHING)
        contract = contract_on(s, site.code, session.starts.date(), subject.programme)
        if contract is None:
            continue  # TX-7.1 says so
        if duty in contract.duties:
            yield passes(subject, value=duty.value, rests_on=[contract.number])
        else:
            yield fails(
                subject,
                N_("Contract {number} does not give the partner the duty “{duty}”."),
                N_("Hold it elsewhere, or amend the contract."),
                value=duty.value,
                rests_on=[contract.number],
                number=contract.number,
                duty=duty.value,
            )
