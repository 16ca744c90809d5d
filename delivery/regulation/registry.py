"""Every rule by the id of its clause. A rule is a pure function: a snapshot in, findings out.

``@rule("TX-4.3a")`` in ``rules/tx4.py`` registers the rule of that clause. ``gates`` names the actions that it can keep
shut; ``override`` says who may open them anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from delivery.regulation.clauses import Clause, clauses
from delivery.regulation.findings import Finding
from delivery.regulation.snapshot import Snapshot

Check = Callable[[Snapshot], Iterable[Finding]]


class Gate(StrEnum):
    """Actions that the regulation can forbid (point 3)."""

    APPROVE_PROGRAMME = "approve_programme"
    OPEN_INTAKE = "open_intake"
    START_TEACHING = "start_teaching"
    SCHEDULE = "schedule"
    PRINT = "print"
    PUBLISH = "publish"
    ASSIGN_LECTURER = "assign_lecturer"
    HOLD_EXAM = "hold_exam"
    USE_PARTNER = "use_partner"
    GRADUATE = "graduate"


@dataclass(frozen=True, slots=True)
class OverridePolicy:
    """Who may pass a closed gate: one of `roles`, with a reason, and with a second person where `second` says so."""

    roles: tuple[str, ...]
    second: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A registered rule."""

    clause: Clause
    check: Check
    gates: frozenset[Gate]
    override: OverridePolicy | None
    over_others: bool
    """Reads the findings of other rules; evaluated after them."""

    @property
    def id(self) -> str:
        return self.clause.id


LAUNCH = OverridePolicy(("rector",), second=True)
"""A launch although a minimum requirement is open: rector and a second person, kept as a risk (TX-6.1a)."""

_RULES: dict[str, Rule] = {}


def rule(
    clause: str,
    *gates: Gate,
    override: OverridePolicy | None = None,
    over_others: bool = False,
) -> Callable[[Check], Check]:
    """Register the rule of a clause of the matrix; each clause has one."""

    def register(check: Check) -> Check:
        if clause in _RULES:
            raise ValueError(f"{clause} has a rule already: {_RULES[clause].check.__module__}")
        _RULES[clause] = Rule(clauses()[clause], check, frozenset(gates), override, over_others)
        return check

    return register


def rules() -> Mapping[str, Rule]:
    """Every rule, in the order of the matrix."""
    import delivery.regulation.rules  # noqa: F401 (registers them)

    return {ident: _RULES[ident] for ident in clauses() if ident in _RULES}
