"""Who did what: the newest facts of some kinds, newest first, without anything personal."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.tables.core import FactTable

_fact = FactTable.__table__  # type: ignore[attr-defined]


class Deeds:
    """Reads the fact log backwards."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, kinds: Sequence[FactKind], *, before_us: int = 0, limit: int = 200) -> list[Fact]:
        """At most `limit` facts of these kinds that were recorded before `before_us` (0: until now), newest first."""
        query = (
            select(*(_fact.c[name] for name in FactRow._fields))
            .where(_fact.c.kind.in_([str(kind) for kind in kinds]))
            .order_by(_fact.c.recorded_at.desc(), _fact.c.hlc.desc(), _fact.c.id)
            .limit(limit)
        )
        if before_us:
            query = query.where(_fact.c.recorded_at < before_us)
        with self._database.read() as connection:
            return [read_row(row) for row in connection.execute(query)]
