"""History of the checks: what changed and since when, overrides, told as facts (points 3 and 4)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Table, select

from delivery.clock import Clock, to_micros
from delivery.errors import GateClosed
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.regulation.findings import Finding, Verdict
from delivery.regulation.gates import override_problem
from delivery.regulation.registry import rules
from delivery.regulation.snapshot import Override
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.tables.regulation import FindingTable

_finding: Table = FindingTable.__table__  # type: ignore[attr-defined]
_QUIET = frozenset({Verdict.PASS.value, Verdict.NOT_APPLICABLE.value})
Key = tuple[str, str]
"""(clause, subject)."""


@dataclass(frozen=True, slots=True)
class Change:
    """A verdict that became another one."""

    clause: str
    subject: str
    before: str
    verdict: str
    value: str
    threshold: str
    on: date


class FindingHistory:
    """What earlier evaluations found."""

    def __init__(self, database: Database, facts: FactLog, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._clock = clock

    def since(self, on: date) -> dict[Key, tuple[str, date]]:
        """(clause, subject) -> (verdict, day on which it was first noticed), as known on that day."""
        with self._database.read() as connection:
            return self._since_in(connection, on)

    def _since_in(self, connection: Connection, on: date) -> dict[Key, tuple[str, date]]:
        query = (
            select(_finding.c.clause, _finding.c.subject, _finding.c.verdict, _finding.c.on)
            .where(_finding.c.on <= on.isoformat())
            .order_by(_finding.c.on, _finding.c.fact)
        )
        return {
            (clause, subject): (verdict, date.fromisoformat(day))
            for clause, subject, verdict, day in connection.execute(query)
        }

    def changes(self, *, after: date | None = None) -> list[Change]:
        """Every change, newest first; with `after`, those noticed later than that day."""
        query = select(_finding).order_by(_finding.c.on.desc(), _finding.c.clause, _finding.c.subject)
        if after is not None:
            query = query.where(_finding.c.on > after.isoformat())
        with self._database.read() as connection:
            return [
                Change(
                    row.clause,
                    row.subject,
                    row.before,
                    row.verdict,
                    row.value,
                    row.threshold,
                    date.fromisoformat(row.on),
                )
                for row in connection.execute(query)
            ]

    def record(self, findings: Iterable[Finding], on: date, *, actor: str, profile: str) -> list[Change]:
        """Tell what changed since the evaluation before. Recording the same findings again tells nothing.

        A subject that is no longer found counts as satisfied: what was wrong with it is gone.
        """
        now = to_micros(self._clock.now())
        with self._database.write() as connection:
            known = self._since_in(connection, date.max)
            changes = list(changes_of(known, findings, on))
            self._facts.append_in(
                connection,
                (
                    Draft(
                        id=fact_id(
                            FactKind.FINDING_CHANGED,
                            change.clause,
                            change.subject,
                            change.verdict,
                            change.on.isoformat(),
                            change.before,
                        ),
                        kind=FactKind.FINDING_CHANGED,
                        occurred_at=now,
                        actor=actor,
                        data={
                            "clause": change.clause,
                            "subject": change.subject,
                            "verdict": change.verdict,
                            "before": change.before,
                            "value": change.value,
                            "threshold": change.threshold,
                            "on": change.on.isoformat(),
                            "profile": profile,
                        },
                    )
                    for change in changes
                ),
                once=True,
            )
        return changes

    def override(self, override: Override) -> str:
        """Record that a person passes a closed gate. Raises GateClosed when the rule does not let that person."""
        rule = rules().get(override.clause)
        problem = override_problem(rule, override) if rule else None
        if problem is not None:
            raise GateClosed(problem.msgid, **problem.params)
        draft = Draft(
            id=fact_id(
                FactKind.GATE_OVERRIDDEN,
                override.gate,
                override.clause,
                override.subject,
                override.actor,
                override.on.isoformat(),
            ),
            kind=FactKind.GATE_OVERRIDDEN,
            occurred_at=to_micros(self._clock.now()),
            actor=override.actor,
            data={
                "gate": override.gate,
                "clause": override.clause,
                "subject": override.subject,
                "role": override.role,
                "reason": override.reason,
                "second": override.second,
                "on": override.on.isoformat(),
            },
        )
        self._facts.append([draft], once=True)
        return str(draft.id)


def changes_of(
    known: Mapping[Key, tuple[str, date]], findings: Iterable[Finding], on: date
) -> Iterator[Change]:
    """Verdicts that differ from the last known ones; what was never known counts as satisfied."""
    now: dict[Key, Finding] = {}
    for finding in findings:
        # One clause may say several things of one subject: the worst is the one that is followed.
        key = (finding.clause, str(finding.subject))
        held = now.get(key)
        if held is None or finding.verdict.rank > held.verdict.rank:
            now[key] = finding
    for key, finding in now.items():
        before = known.get(key, (Verdict.PASS.value, on))[0]
        if before == finding.verdict.value or (before in _QUIET and finding.verdict.value in _QUIET):
            continue
        clause, subject = key
        yield Change(clause, subject, before, finding.verdict.value, finding.value, finding.threshold, on)
    for key, (verdict, _) in known.items():
        if key not in now and verdict not in _QUIET:
            clause, subject = key
            yield Change(clause, subject, verdict, Verdict.PASS.value, "", "", on)
