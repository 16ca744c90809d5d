"""Gates: may this be done now? Pure: a snapshot in, refusals with their clauses out (point 3).

What is refused stays visible: an override opens a gate, and never changes what was found.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from delivery.catalogue.registers import Teaching
from delivery.errors import N_, Message
from delivery.regulation.evaluate import check
from delivery.regulation.findings import CLOSES, Finding, Verdict
from delivery.regulation.registry import Gate, Rule, rules
from delivery.regulation.snapshot import Override, Snapshot

_MIN_REASON = 10
"""Characters: a reason is a sentence, not a mark."""
_COARSE = frozenset({"institution", "programme"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """A finding that keeps a gate shut, and the override that opens it for this clause, if there is one."""

    finding: Finding
    override: Override | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """Whether an action may go on."""

    gate: Gate
    programme: str
    refusals: tuple[Refusal, ...]

    @property
    def open(self) -> bool:
        """Nothing refuses it, or everything that does was overridden."""
        return all(refusal.override is not None for refusal in self.refusals)


def check_gate(
    gate: Gate, snapshot: Snapshot, *, programme: str = "", about: Collection[str] = ()
) -> GateResult:
    """Ask every rule of a gate. `programme` limits findings to it; `about` to codes of courses, material, people …

    What is not shown (verdict unknown) keeps the gate shut as well: the law asks for fulfilment, not for silence.
    """
    return concerning(GateResult(gate, "", refusals_of(gate, snapshot)), programme=programme, about=about)


def refusals_of(gate: Gate, snapshot: Snapshot) -> tuple[Refusal, ...]:
    """Everything that keeps a gate shut for somebody: asked once, it serves many actions (:func:`concerning`)."""
    clauses = [ident for ident, rule in rules().items() if gate in rule.gates]
    return tuple(
        Refusal(finding, overriding(snapshot, gate, finding))
        for finding in check(snapshot, clauses)
        if finding.verdict in CLOSES
    )


def concerning(result: GateResult, *, programme: str = "", about: Collection[str] = ()) -> GateResult:
    """What of a gate's refusals concerns one programme, and one course, person, session …"""
    kept = tuple(r for r in result.refusals if _concerns(r.finding, programme, about))
    return GateResult(result.gate, programme, kept)


def violated(gate: Gate, snapshot: Snapshot, *, about: Collection[str] = ()) -> GateResult:
    """What is violated, of the clauses of a gate that look at data alone.

    For daily work (schedule, print, publish): there what is not entered is told by the checks and does not stop the
    presses, since each item of material is judged by its own approval when it is used (design D7).
    """
    clauses = [ident for ident, rule in rules().items() if gate in rule.gates and not rule.over_others]
    refusals = tuple(
        Refusal(finding, overriding(snapshot, gate, finding))
        for finding in check(snapshot, clauses)
        if finding.verdict is Verdict.FAIL
    )
    return concerning(GateResult(gate, "", refusals), about=about)


def _concerns(finding: Finding, programme: str, about: Collection[str]) -> bool:
    subject = finding.subject
    if programme and subject.programme not in ("", programme):
        return False
    if not about or subject.kind in _COARSE:
        return True
    return bool({subject.code, *subject.code.split("/")} & set(about))


def overriding(snapshot: Snapshot, gate: Gate, finding: Finding) -> Override | None:
    """The override that fits this gate, clause and subject, by somebody who may."""
    rule = rules()[finding.clause]
    for override in snapshot.overrides:
        if (override.gate, override.clause, override.subject) != (gate, finding.clause, str(finding.subject)):
            continue
        if override_problem(rule, override) is None:
            return override
    return None


def override_problem(rule: Rule, override: Override) -> Message | None:
    """Why this override cannot be accepted; None when it can."""
    policy = rule.override
    if policy is None:
        return Message(N_("{clause} cannot be overridden."), {"clause": rule.id})
    if override.gate not in rule.gates:
        return Message(
            N_("{clause} is not asked by the gate “{gate}”; it is asked by: {known}."),
            {"clause": rule.id, "gate": override.gate, "known": ", ".join(sorted(rule.gates))},
        )
    kind, _, code = override.subject.partition(":")
    if not (kind and code):
        return Message(
            N_(
                "“{subject}” is no subject of a finding: write it as the gate shows it, such as programme:QTVP-TX."
            ),
            {"subject": override.subject},
        )
    if override.role not in policy.roles:
        return Message(
            N_("{clause} can be overridden by {roles} only."),
            {"clause": rule.id, "roles": ", ".join(policy.roles)},
        )
    if len(override.reason.strip()) < _MIN_REASON:
        return Message(
            N_("An override needs a reason of at least {count} characters."), {"count": _MIN_REASON}
        )
    if policy.second and _bare(override.second) in ("", _bare(override.actor)):
        return Message(N_("{clause} needs a second person."), {"clause": rule.id})
    return None


def _bare(code: str) -> str:
    """A person's code however it was typed: nobody is a second person by a capital letter."""
    return code.strip().casefold()


def with_assignment(
    snapshot: Snapshot, *, course: str, person: str, credits: Decimal, hours: Decimal = Decimal(0)
) -> Snapshot:
    """The snapshot as it would be with one more teaching assignment: for :attr:`Gate.ASSIGN_LECTURER` (TX-9.3)."""
    row = snapshot.teaching.get((course, person)) or Teaching(course, person, credits, hours)
    planned = replace(row, credits=credits, hours=hours or row.hours)
    return snapshot.changed(teaching={**snapshot.teaching, (course, person): planned})
