"""Run the rules over a snapshot: all of them, or only those that looked at what changed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from delivery.atrest import collector_at_rest
from delivery.regulation.findings import Finding, Outcomes
from delivery.regulation.registry import Rule, rules
from delivery.regulation.snapshot import Snapshot, reads_of, tracked

_ALWAYS = frozenset({"outcomes"})


@dataclass(frozen=True)
class Evaluation:
    """Findings by clause, and which tables each rule looked at."""

    snapshot: Snapshot
    by_clause: Outcomes
    reads: Mapping[str, frozenset[str]]
    ran: int
    """Rules that were run for it; the others kept what they found before."""

    def findings(self, programme: str = "") -> list[Finding]:
        """All findings in the order of the matrix; with `programme`, its own and those of the whole institution."""
        return [
            finding
            for ident in rules()
            for finding in self.by_clause[ident]
            if not programme or finding.subject.programme in ("", programme)
        ]


def evaluate(snapshot: Snapshot, before: Evaluation | None = None) -> Evaluation:
    """Evaluate every rule; with `before`, keep the findings of rules whose tables are the same objects."""
    with collector_at_rest():
        return _evaluate(snapshot, before)


def _evaluate(snapshot: Snapshot, before: Evaluation | None) -> Evaluation:
    changed = _changed(before.snapshot, snapshot) if before is not None else None
    known = rules()
    found = Outcomes()
    reads: dict[str, frozenset[str]] = {}
    ran = 0
    for phase in (False, True):
        # Rules over others see what was found so far, and what is found while they run.
        state = snapshot if not phase else snapshot.changed(outcomes=found)
        for ident, rule in _ordered(known, over_others=phase):
            if before is not None and changed is not None and ident in before.reads:
                touched = before.reads[ident]
                if not touched & changed and not (touched & _ALWAYS):
                    found.keep(ident, before.by_clause)
                    reads[ident] = touched
                    continue
            found[ident], reads[ident] = run(rule, state)
            ran += 1
    return Evaluation(snapshot, found, reads, ran)


_INSTRUMENTS = ("TT", "T8", "TXC", "TX")
_WHOLE = frozenset({"TT-3.5"})
"""Rules over a whole instrument come after the rest of it."""


def _ordered(known: Mapping[str, Rule], *, over_others: bool) -> list[tuple[str, Rule]]:
    """Rules of one phase. Those over others run in the order in which instruments refer: TX to T8 and TT."""
    chosen = [(ident, rule) for ident, rule in known.items() if rule.over_others is over_others]
    if over_others:
        chosen.sort(key=lambda item: (_INSTRUMENTS.index(item[0].partition("-")[0]), item[0] in _WHOLE))
    return chosen


def run(rule: Rule, snapshot: Snapshot) -> tuple[tuple[Finding, ...], frozenset[str]]:
    """(findings of one rule, tables that it looked at)."""
    view = tracked(snapshot)
    found = tuple(finding._replace(clause=rule.id) for finding in rule.check(view))
    return found, reads_of(view)


def check(snapshot: Snapshot, only: Iterable[str]) -> list[Finding]:
    """Findings of the rules of some clauses, with those of the rules that they look at."""
    known = rules()
    wanted = [known[ident] for ident in only if ident in known]
    if any(rule.over_others for rule in wanted):
        outcome = evaluate(snapshot).by_clause
        return [finding for rule in wanted for finding in outcome[rule.id]]
    return [finding for rule in wanted for finding in run(rule, snapshot)[0]]


def _changed(old: Snapshot, new: Snapshot) -> frozenset[str]:
    before, after = vars(old), vars(new)
    return frozenset(
        name
        for name, value in after.items()
        if not name.startswith("_") and before.get(name) is not value and before.get(name) != value
    )
