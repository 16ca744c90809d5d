"""The learner record, read from the log and folded (design D1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, and_, or_, select

from delivery.catalogue.grading import GradingRules
from delivery.catalogue.model import Catalogue
from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.fold import fold, membership
from delivery.record.kinds import FactKind
from delivery.record.learner_record import LearnerRecord, as_json
from delivery.record.ledger import Head
from delivery.regulation.profile import load_profile
from delivery.store import projections
from delivery.store.database import Database
from delivery.store.tables.core import AiringTable, FactTable, HeadTable

_fact = FactTable.__table__  # type: ignore[attr-defined]
_head = HeadTable.__table__  # type: ignore[attr-defined]
_airing = AiringTable.__table__  # type: ignore[attr-defined]
_COLUMNS = [_fact.c[name] for name in FactRow._fields]


class Records:
    """Reads records; rebuilds projections."""

    def __init__(self, database: Database, *, site: str, default_profile: str) -> None:
        self._database = database
        self._site = site
        self._default_profile = default_profile

    def facts_of(self, connection: Connection, learner: str) -> Iterator[Fact]:
        """Every fact that the learner's record is folded from: the learner's own, and what aired in the courses.

        Streams of sites that this site never admitted are not believed.
        """
        writers = self._believed(connection)
        own = [
            read_row(row) for row in connection.execute(select(*_COLUMNS).where(_fact.c.learner == learner))
        ]
        own = [fact for fact in own if fact.stream.split("/", 1)[0] in writers]
        yield from own
        courses = {fact.course for fact in own if fact.kind is FactKind.COURSE_ENROLLED}
        aired = select(_airing.c.fact).where(_airing.c.course.in_(courses))
        # Retractions of as-run facts name no learner; they are few and found by kind.
        of_courses = select(*_COLUMNS).where(
            _fact.c.learner == "",
            or_(
                and_(_fact.c.kind == str(FactKind.ITEM_AIRED), _fact.c.id.in_(aired)),
                _fact.c.kind == str(FactKind.FACT_RETRACTED),
            ),
        )
        for row in connection.execute(of_courses):
            if row.stream.split("/", 1)[0] in writers:
                yield read_row(row)

    def _believed(self, connection: Connection) -> set[str]:
        """This site, and the sites that its own chain admitted."""
        query = select(*_COLUMNS).where(_fact.c.learner == "", _fact.c.kind == str(FactKind.SITE_ADMITTED))
        told = [read_row(row) for row in connection.execute(query)]
        return {self._site, *(f.data["site"] for f in told if f.stream.startswith(f"{self._site}/"))}

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
        _, cohort = membership([fact for fact in facts if fact.learner == learner])
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
