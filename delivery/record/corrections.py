"""Which facts stand: a correction replaces what it names, and a retraction takes back what it names (design D1).

Judged as a set, so the order in which facts arrive does not matter. A corrected correction still replaces what it
named; a retracted one does not, so retracting a correction brings back what it had replaced.
"""

from __future__ import annotations

from collections.abc import Iterable

from delivery.record.facts import Fact
from delivery.record.kinds import FactKind


def standing(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that are neither replaced nor retracted, unique by id, in order of display."""
    unique = {fact.id: fact for fact in facts}
    corrections: dict[str, list[str]] = {}
    retractions: dict[str, list[str]] = {}
    for fact in unique.values():
        if fact.corrects:
            acts = retractions if fact.kind is FactKind.FACT_RETRACTED else corrections
            acts.setdefault(fact.corrects, []).append(fact.id)
    ordered = sorted(unique.values(), key=_order)
    if not corrections and not retractions:
        return ordered
    judged: dict[str, bool] = {}

    def is_retracted(ident: str) -> bool:
        if ident not in judged:
            judged[ident] = False  # a circle of retractions, which nobody can tell in good faith
            judged[ident] = any(not is_retracted(other) for other in retractions.get(ident, ()))
        return judged[ident]

    # Judged in one fixed order, so that even a circle ends the same everywhere.
    gone = {fact.id for fact in ordered if is_retracted(fact.id)}
    return [
        fact
        for fact in ordered
        if fact.id not in gone and all(other in gone for other in corrections.get(fact.id, ()))
    ]


def _order(fact: Fact) -> tuple[int, str, int]:
    return (fact.hlc, fact.stream, fact.seq)
