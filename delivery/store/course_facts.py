"""Facts of a course or an activity, by kind: the reading side of :mod:`delivery.store.course_projection`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from delivery.record.corrections import standing
from delivery.record.facts import Fact, FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.tables.core import FactTable
from delivery.store.tables.network import CourseFactTable

_fact = FactTable.__table__  # type: ignore[attr-defined]
_told = CourseFactTable.__table__  # type: ignore[attr-defined]
_COLUMNS = [_fact.c[name] for name in FactRow._fields]


class CourseFacts:
    """Finds what was told of a course."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_course(self, course: str, *kinds: FactKind, learner: str = "") -> list[Fact]:
        """Facts that stand, in order of display; of one learner where that is asked."""
        mine = (_told.c.learner == learner,) if learner else ()
        return self._select(_told.c.course == course, *mine, kinds=kinds)

    def of_activity(self, activity: str, *kinds: FactKind, learner: str = "") -> list[Fact]:
        """As :meth:`of_course`, of one activity."""
        mine = (_told.c.learner == learner,) if learner else ()
        return self._select(_told.c.activity == activity, *mine, kinds=kinds)

    def of_kind(self, *kinds: FactKind) -> list[Fact]:
        """As :meth:`of_course`, of every course."""
        return self._select(kinds=kinds)

    def _select(self, *conditions: Any, kinds: Sequence[FactKind]) -> list[Fact]:
        query = (
            select(*_COLUMNS)
            .join(_told, _told.c.fact == _fact.c.id)
            .where(_told.c.kind.in_([str(kind) for kind in kinds]), *conditions)
        )
        retractions = select(*_COLUMNS).where(
            _fact.c.kind == str(FactKind.FACT_RETRACTED), _fact.c.learner == ""
        )
        with self._database.read() as connection:
            facts = [read_row(row) for row in connection.execute(query)]
            if facts:
                facts += [read_row(row) for row in connection.execute(retractions)]
        return [fact for fact in standing(facts) if fact.kind is not FactKind.FACT_RETRACTED]
