"""What a rule finds: clause, subject, verdict, number, threshold, what it rests on and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from delivery.errors import N_, Message


class Verdict(StrEnum):
    """How a subject stands to a clause."""

    PASS = "pass"
    WARN = "warn"
    """Allowed, and worth a look."""
    FAIL = "fail"
    UNKNOWN = "unknown"
    """Nothing is entered that it could be judged by."""
    NOT_APPLICABLE = "not_applicable"

    @property
    def rank(self) -> int:
        """The worse, the higher."""
        return _RANK[self]


_RANK = {Verdict.NOT_APPLICABLE: 0, Verdict.PASS: 1, Verdict.WARN: 2, Verdict.UNKNOWN: 3, Verdict.FAIL: 4}
CLOSES = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
"""Verdicts that keep a gate shut: what is not shown is not fulfilled."""


class Subject(NamedTuple):
    """What a finding is about."""

    kind: str
    code: str
    programme: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.code}"


class Finding(NamedTuple):
    """One clause, one subject. A named tuple, because an institution has tens of thousands."""

    subject: Subject
    verdict: Verdict
    what: Message
    do: Message | None = None
    value: str = ""
    """Exact where four decimals hold it, else rounded half up to two places."""
    threshold: str = ""
    unit: str = ""
    rests_on: tuple[str, ...] = ()
    """Codes of evidence, courses, people … that it was found from."""
    since: date | None = None
    clause: str = ""


Number = Fraction | Decimal | int


def shown(value: Number | str) -> str:
    """A number as people read it: exact when four decimals hold it, else two, rounded half up."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    exact = Fraction(value)
    for places in range(5):
        scaled = exact * 10**places
        if scaled.denominator == 1:
            return f"{Decimal(scaled.numerator).scaleb(-places):f}"
    hundredths = exact * 100
    whole = (2 * hundredths.numerator + hundredths.denominator) // (2 * hundredths.denominator)
    return f"{Decimal(whole).scaleb(-2):f}"


def share(part: Number, whole: Number) -> Fraction:
    """Percent of `whole`, exact; 0 of nothing is 0."""
    total = Fraction(whole)
    return Fraction(part) * 100 / total if total else Fraction(0)


SATISFIED = Message(N_("Satisfied."))
_COMPLETE = N_("Fill in the table {table}; docs/catalogue-files.md describes its columns.")


def passes(
    subject: Subject,
    *,
    value: Number | str = "",
    threshold: Number | str = "",
    unit: str = "",
    rests_on: Iterable[str] = (),
    what: Message = SATISFIED,
) -> Finding:
    """The clause is satisfied."""
    return Finding(
        subject,
        Verdict.PASS,
        what,
        value=shown(value),
        threshold=shown(threshold),
        unit=unit,
        rests_on=tuple(rests_on),
    )


def _finding(
    verdict: Verdict,
    subject: Subject,
    what: str,
    do: str,
    params: dict[str, object],
    value: Number | str,
    threshold: Number | str,
    unit: str,
    rests_on: Iterable[str],
    since: date | None,
) -> Finding:
    told = {key: dated(item) for key, item in params.items()} | {
        "value": shown(value),
        "threshold": shown(threshold),
    }
    return Finding(
        subject,
        verdict,
        Message(what, told),
        Message(do, told) if do else None,
        shown(value),
        shown(threshold),
        unit,
        tuple(rests_on),
        since,
    )


def dated(item: object) -> object:
    """Days as people of Viet Nam write them; other values unchanged."""
    return item.strftime("%d/%m/%Y") if isinstance(item, date) else item


def fails(
    subject: Subject,
    what: str,
    do: str = "",
    /,
    *,
    value: Number | str = "",
    threshold: Number | str = "",
    unit: str = "",
    rests_on: Iterable[str] = (),
    since: date | None = None,
    **params: object,
) -> Finding:
    """The clause is violated; `what` and `do` are message ids that take `params`, `value` and `threshold`."""
    return _finding(Verdict.FAIL, subject, what, do, params, value, threshold, unit, rests_on, since)


def warns(
    subject: Subject,
    what: str,
    do: str = "",
    /,
    *,
    value: Number | str = "",
    threshold: Number | str = "",
    unit: str = "",
    rests_on: Iterable[str] = (),
    since: date | None = None,
    **params: object,
) -> Finding:
    """Not violated, and worth a look."""
    return _finding(Verdict.WARN, subject, what, do, params, value, threshold, unit, rests_on, since)


def unknown(subject: Subject, table: str, /, *, what: str = "", do: str = "", **params: object) -> Finding:
    """Nothing is entered that the clause could be judged by; `table` is where to enter it."""
    text = what or N_("It cannot be judged: the table {table} holds nothing about it.")
    told: dict[str, object] = {"table": table, **{key: dated(item) for key, item in params.items()}}
    return Finding(subject, Verdict.UNKNOWN, Message(text, told), Message(do or _COMPLETE, told))


def outside(subject: Subject, reason: str, /, **params: object) -> Finding:
    """The clause does not reach this subject; `reason` is a message id."""
    told = {key: dated(item) for key, item in params.items()}
    return Finding(subject, Verdict.NOT_APPLICABLE, Message(reason, told))


def worst(findings: Iterable[Finding]) -> Verdict:
    """The worst verdict; NOT_APPLICABLE of none."""
    return max(
        (finding.verdict for finding in findings), key=_RANK.__getitem__, default=Verdict.NOT_APPLICABLE
    )


class Outcomes(dict[str, tuple[Finding, ...]]):
    """Findings by clause, with the verdicts of each programme ready for rules over other rules."""

    def __init__(self) -> None:
        super().__init__()
        self._verdicts: dict[str, dict[str, frozenset[Verdict]]] = {}

    def verdicts(self, clause: str, programme: str) -> frozenset[Verdict]:
        """Every verdict of a clause for a programme and for the whole institution."""
        known = self._verdicts.get(clause)
        if known is None:
            sets: dict[str, set[Verdict]] = {}
            for finding in self.get(clause, ()):
                sets.setdefault(finding.subject.programme, set()).add(finding.verdict)
            known = self._verdicts[clause] = {code: frozenset(found) for code, found in sets.items()}
        return known.get("", _NONE) | (known.get(programme, _NONE) if programme else _NONE)

    def failing(self, prefix: str, programme: str) -> list[str]:
        """Clauses that begin with `prefix` and are violated for a programme, in order."""
        return sorted(
            clause
            for clause in self
            if clause.startswith(prefix) and Verdict.FAIL in self.verdicts(clause, programme)
        )

    def keep(self, clause: str, before: Outcomes) -> None:
        """Take over what an earlier evaluation found for a clause."""
        self[clause] = before[clause]
        if clause in before._verdicts:
            self._verdicts[clause] = before._verdicts[clause]


_NONE: frozenset[Verdict] = frozenset()
