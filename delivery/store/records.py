"""The learner record, read from the log and folded (design D1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, or_, select

from delivery.catalogue.grading import GradingRules
from delivery.catalogue.model import Catalogue
from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.fold import LearnerRecord, as_json, fold
from delivery.record.ledger import Head
from delivery.regulation.profile import load_profile
from delivery.store import projections
from delivery.store.database import Database
from delivery.store.tables.core import AiringTable, EnrolmentTable, FactTable, HeadTable

_fact = FactTable.__table__  # type: ignore[attr-defined]
_head = HeadTable.__table__  # type: ignore[attr-defined]
_airing = AiringTable.__table__  # type: ignore[attr-defined]
_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]
_COLUMNS = [_fact.c[name] for name in FactRow._fields]


class Records:
    """Reads records; rebuilds projections."""

    def __init__(self, database: Database, *, default_profile: str) -> None:
        self._database = database
        self._default_profile = default_profile

    def facts_of(self, connection: Connection, learner: str) -> Iterator[Fact]:
        """Every fact that the learner's record is folded from: the learner's own, and what aired in the courses."""
        aired = (
            select(_airing.c.fact)
            .join(_enrolment, _enrolment.c.course == _airing.c.course)
            .where(_enrolment.c.learner == learner)
        )
        query = select(*_COLUMNS).where(or_(_fact.c.learner == learner, _fact.c.id.in_(aired)))
        for row in connection.execute(query):
            yield read_row(row)
        # Retractions of as-run facts name no learner; they are few and found by kind.
        retracted = select(*_COLUMNS).where(_fact.c.kind == "FactRetracted", _fact.c.learner == "")
        for row in connection.execute(retracted):
            yield read_row(row)

    def record(self, learner: str, catalogue: Catalogue) -> LearnerRecord:
        """The folded record of a learner."""
        with self._database.read() as connection:
            facts = list(self.facts_of(connection, learner))
        return fold(learner, facts, catalogue, self._rules(learner, catalogue, facts))

    def show(self, learner: str, catalogue: Catalogue) -> dict[str, Any]:
        """The record as JSON, with the signed heads of the streams that it rests on."""
        with self._database.read() as connection:
            facts = list(self.facts_of(connection, learner))
            streams = sorted({fact.stream for fact in facts})
            rows = connection.execute(
                select(_head).where(_head.c.stream.in_(streams)).order_by(_head.c.stream)
            ).all()
        record = fold(learner, facts, catalogue, self._rules(learner, catalogue, facts))
        heads = [Head(row.stream, row.seq, row.hash, row.signed_at, bytes(row.signature)) for row in rows]
        return as_json(record, [head_json(head) for head in heads])

    def _rules(self, learner: str, catalogue: Catalogue, facts: list[Fact]) -> GradingRules:
        """Grading rules of the profile that the learner's cohort is bound to."""
        cohort = next((f.data["cohort"] for f in facts if f.learner == learner and "cohort" in f.data), "")
        bound = catalogue.cohorts.get(cohort)
        return load_profile((bound.profile if bound else "") or self._default_profile).grading

    def rebuild(self) -> int:
        """Fill every projection again from the facts. Returns the number of facts read."""
        query = select(*_COLUMNS).order_by(_fact.c.hlc, _fact.c.stream, _fact.c.seq)
        # Two connections: the reader streams one committed state, while the single writer fills the tables.
        with self._database.write() as writer, self._database.read() as reader:
            rows = reader.execute(query.execution_options(yield_per=1000))
            return projections.rebuild(writer, (read_row(row) for row in rows))


def head_json(head: Head) -> dict[str, Any]:
    """A signed head for people and exports."""
    return {
        "stream": head.stream,
        "sequence": head.seq,
        "hash": head.hash,
        "signed_at": head.signed_at,
        "signature": head.signature.hex(),
    }
