"""Projection by which the portal finds what is told of a course: work, marks, remarks, rubrics, questions.

It holds ids only and never changes a row, so that the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from delivery.record.kinds import FactKind
from delivery.store.tables.network import CourseFactTable

KINDS = frozenset(
    {
        FactKind.WORK_RECEIVED,
        FactKind.WORK_HELD,
        FactKind.EXTRA_RECEIVED,
        FactKind.POSTMARK_ENTERED,
        FactKind.MARK_RECORDED,
        FactKind.MARK_PROPOSED,
        FactKind.WORK_ANNOTATED,
        FactKind.RUBRIC_SET,
        FactKind.DUE_DAY_SET,
        FactKind.OPINION_GIVEN,
        FactKind.OPINION_ANSWERED,
        FactKind.STAFF_OPINION_GIVEN,
        FactKind.QUESTION_ASKED,
        FactKind.QUESTION_ANSWERED,
        FactKind.PEER_ANSWERED,
    }
)
TABLES = (CourseFactTable,)
_COLUMNS = ("fact", "course", "activity", "learner", "kind")
# As plain SQL, which both databases understand: many of the facts that sites exchange pass here.
_INTO = tuple(
    f"INSERT INTO {CourseFactTable.__tablename__} ({', '.join(_COLUMNS)}) "
    f"VALUES ({', '.join([mark] * len(_COLUMNS))}) ON CONFLICT (fact) DO NOTHING"
    for mark in ("?", "%s")
)


def tell(connection: Connection, facts: Sequence[Any]) -> None:
    """Note where these facts of :data:`KINDS` belong."""
    rows = [(str(f.id), f.course, f.activity, f.learner, f.kind.value) for f in facts]
    connection.exec_driver_sql(_INTO[connection.dialect.name == "postgresql"], rows)
