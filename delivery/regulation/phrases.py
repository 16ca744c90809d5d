"""Sentences that many rules say, and the rules that are made of nothing but evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import cache
from typing import Any

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.registers import Evidence
from delivery.errors import N_, Message
from delivery.regulation.clauses import clauses as all_clauses
from delivery.regulation.findings import Finding, Subject, Verdict, fails, outside, passes, unknown, warns
from delivery.regulation.indexes import all_of_kind, evidence_of, latest
from delivery.regulation.labels import EVIDENCE_LABELS
from delivery.regulation.snapshot import Snapshot

NO_EVIDENCE = N_("Not on file: {evidence}.")
ADD_EVIDENCE = N_(
    "Add a row of the kind “{kind}” for “{subject}” to the table evidence: number, date, signer and file."
)
ADD_EVIDENCE_TOPIC = N_(
    "Add a row of the kind “{kind}”, topic “{topic}”, for “{subject}” to the table evidence: "
    "number, date, signer and file."
)
INCOMPLETE = N_("Missing: {items}.")
COMPLETE_IT = N_("Add what is missing.")
OUT_OF_ORDER = N_("{later} of {later_day} comes before {earlier} of {earlier_day}.")
CORRECT_ORDER = N_("Correct the dates, or carry out the steps again in their order.")
OVERDUE = N_("It was due on {due} and is not done.")
DONE_LATE = N_("It was due on {due} and was done on {done}.")
STILL_TIME = N_("To be done by {due}.")
DO_NOW = N_("Do it now, and enter the evidence.")
NOT_LAUNCHED = N_("The programme has not been launched.")
NO_COURSES = N_("The programme has no courses in the catalogue.")
MODE_NOT_USED = N_("The mode is not used.")
REVIEW_MISSING = N_("No review of {years}.")
DO_REVIEW = N_("Hold the review and enter its minutes.")


def label(kind: EvidenceKind) -> Message:
    """What people call a kind of evidence."""
    return Message(EVIDENCE_LABELS[kind])


def missing(s: Snapshot, subject: Subject, kind: EvidenceKind, about: str, topic: str = "") -> Finding:
    """No such evidence: a violation where the institution keeps this kind, unknown where it never entered any."""
    params: dict[str, Any] = {
        "evidence": label(kind),
        "kind": kind.value,
        "subject": about or s.institution.code,
    }
    do = ADD_EVIDENCE
    if topic:
        params["topic"] = topic
        do = ADD_EVIDENCE_TOPIC
    if all_of_kind(s, kind):
        return fails(subject, NO_EVIDENCE, do, **params)
    return unknown(subject, "evidence", what=NO_EVIDENCE, do=do, **params)


def has_evidence(
    s: Snapshot, subject: Subject, kind: EvidenceKind, about: str = "", topic: str = ""
) -> Finding:
    """Satisfied by the newest evidence of a kind that is still valid."""
    found = [e for e in evidence_of(s, kind, about, topic) if e.until is None or e.until >= s.on]
    if not found:
        return missing(s, subject, kind, about, topic)
    return passes(subject, rests_on=[found[-1].code])


def has_all(s: Snapshot, subject: Subject, kind: EvidenceKind, about: str, topics: Sequence[str]) -> Finding:
    """Every topic has its evidence; the ones without are named."""
    found = {e.topic: e for e in evidence_of(s, kind, about) if e.until is None or e.until >= s.on}
    lacking = [topic for topic in topics if topic not in found]
    have = len(topics) - len(lacking)
    if not lacking:
        return passes(
            subject, value=have, threshold=len(topics), rests_on=[found[topic].code for topic in topics]
        )
    if not all_of_kind(s, kind):
        return missing(s, subject, kind, about, lacking[0])
    return fails(
        subject,
        INCOMPLETE,
        ADD_EVIDENCE_TOPIC,
        value=have,
        threshold=len(topics),
        rests_on=[e.code for e in found.values()],
        items=", ".join(lacking),
        kind=kind.value,
        topic=lacking[0],
        subject=about or s.institution.code,
    )


def in_order(s: Snapshot, subject: Subject, steps: Sequence[tuple[EvidenceKind, str]], about: str) -> Finding:
    """Every step has evidence, and none is dated before the one it rests on; equal days are allowed."""
    done: list[Evidence] = []
    for kind, topic in steps:
        step = latest(s, kind, about, topic)
        if step is None:
            return missing(s, subject, kind, about, topic)
        if done and (step.day or date.max) < (done[-1].day or date.min):
            return fails(
                subject,
                OUT_OF_ORDER,
                CORRECT_ORDER,
                rests_on=[done[-1].code, step.code],
                later=label(kind),
                later_day=step.day,
                earlier=label(done[-1].kind),
                earlier_day=done[-1].day,
            )
        done.append(step)
    return passes(subject, rests_on=[step.code for step in done])


def reviewed_each_year(
    s: Snapshot,
    subject: Subject,
    kind: EvidenceKind,
    about: str,
    first: int,
    topics: Sequence[str] = ("",),
) -> Finding:
    """One review in each calendar year from `first` to the last whole year (A13); this year's is still to come."""
    found = evidence_of(s, kind, about)
    done = {(e.day.year, e.topic) for e in found if e.day} if topics != ("",) else set()
    years = {e.day.year for e in found if e.day}
    lacking = [
        year
        for year in range(first, s.on.year)
        if (year not in years if topics == ("",) else any((year, topic) not in done for topic in topics))
    ]
    if lacking:
        what, do, told = REVIEW_MISSING, DO_REVIEW, ", ".join(map(str, lacking))
        since = date(lacking[0] + 1, 1, 1)
        if found or all_of_kind(s, kind):
            return fails(
                subject,
                what,
                do,
                since=since,
                rests_on=[e.code for e in found],
                years=told,
                value=len(lacking),
            )
        return unknown(subject, "evidence", what=what, do=do, years=told)
    this_year = s.on.year in years
    if not this_year and first <= s.on.year:
        return Finding(
            subject,
            Verdict.PASS,
            Message(STILL_TIME, {"due": f"31/12/{s.on.year}"}),
            rests_on=tuple(e.code for e in found),
        )
    return passes(subject, rests_on=[e.code for e in found])


@cache
def _under(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    """Clauses of the matrix that are one of `prefixes` or a part of it."""
    return tuple(
        clause
        for clause in all_clauses()
        if any(clause == prefix or clause.startswith((prefix + ".", prefix + "-")) for prefix in prefixes)
    )


def mirrors(s: Snapshot, subject: Subject, prefixes: Iterable[str]) -> Finding:
    """The worst of what other clauses found for a subject's programme, for a clause that refers to them."""
    by_clause = {
        clause: verdicts
        for clause in _under(tuple(prefixes))
        if clause in s.outcomes and (verdicts := s.outcomes.verdicts(clause, subject.programme))
    }
    clauses = sorted(clause for clause, verdicts in by_clause.items() if Verdict.FAIL in verdicts)
    if clauses:
        return fails(
            subject,
            N_("Not satisfied: {clauses}."),
            N_("See what these clauses say."),
            value=len(clauses),
            threshold=0,
            rests_on=clauses,
            clauses=", ".join(clauses),
        )
    for verdict in (Verdict.UNKNOWN, Verdict.WARN):
        clauses = sorted(clause for clause, verdicts in by_clause.items() if verdict in verdicts)
        if clauses:
            told: dict[str, object] = {"clauses": ", ".join(clauses)}
            what = (
                N_("Not shown: {clauses}.") if verdict is Verdict.UNKNOWN else N_("Worth a look: {clauses}.")
            )
            return Finding(
                subject,
                verdict,
                Message(what, told),
                Message(N_("See what these clauses say."), told),
                rests_on=tuple(clauses),
            )
    if not by_clause:
        return outside(subject, N_("None of the clauses that it refers to applies."))
    return passes(subject, value=len(by_clause))


def each(s: Snapshot, subjects: Iterable[Subject], check: Callable[[Subject], Finding]) -> Iterator[Finding]:
    """One finding for each subject."""
    for subject in subjects:
        yield check(subject)


__all__ = [
    "each",
    "has_all",
    "has_evidence",
    "in_order",
    "label",
    "mirrors",
    "missing",
    "reviewed_each_year",
    "warns",
]
