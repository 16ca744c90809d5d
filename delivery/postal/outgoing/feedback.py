"""What the feedback slip tells: marks and comments on the work that came back since the last packet.

Which marks a packet tells of is decided when it is planned and stands in its PacketPlanned fact, so that printing again
tells the same, and the next packet goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from delivery.postal.outgoing.markdown import clean
from delivery.postal.outgoing.slip import MarkNote
from delivery.record.corrections import standing
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.packets import Packets
from delivery.store.vault import Vault

_CHUNK = 500
MAX_MARKS = 12
"""Marks on one slip: more than a term's assignments of one course."""


@dataclass(frozen=True, slots=True)
class FeedbackSource:
    """Where marks and comments are read."""

    facts: FactLog
    vault: Vault

    def fresh(self, course: str, packets: Packets) -> dict[str, tuple[str, ...]]:
        """For each learner the standing marks of `course` that no packet told of yet, oldest first."""
        marks = [
            *self.facts.select(kind=FactKind.MARK_RECORDED),
            *self.facts.select(kind=FactKind.FACT_RETRACTED),
        ]
        out: dict[str, list[Fact]] = {}
        for fact in standing(marks):
            if fact.kind is FactKind.MARK_RECORDED and fact.course == course and fact.activity:
                out.setdefault(fact.learner, []).append(fact)
        told = packets.marks_told(course) if out else frozenset()
        return {
            learner: fresh
            for learner, facts in out.items()
            if (fresh := _newest(fact for fact in facts if fact.id not in told))
        }

    def notes_of(
        self,
        marks: Mapping[str, Sequence[str]],
        titles: Mapping[str, str],
        people: Mapping[str, str],
    ) -> dict[str, list[MarkNote]]:
        """For each key the marks with these fact ids, in that order; those that are not known are left out."""
        wanted = sorted({ident for told in marks.values() for ident in told})
        notes: dict[str, MarkNote] = {}
        for start in range(0, len(wanted), _CHUNK):
            chunk = wanted[start : start + _CHUNK]
            private = self.vault.open_many(chunk)
            for fact in self.facts.select(ids=chunk):
                comment = str(private.get(fact.id, {}).get("comment", ""))
                notes[fact.id] = MarkNote(
                    fact.id,
                    titles.get(fact.activity, fact.activity),
                    fact.data["score"],
                    people.get(fact.actor, ""),
                    clean(comment),
                )
        return {key: [notes[ident] for ident in told if ident in notes] for key, told in marks.items()}


def _newest(marks: Iterable[Fact]) -> tuple[str, ...]:
    return tuple(fact.id for fact in sorted(marks, key=lambda fact: fact.order)[-MAX_MARKS:])
