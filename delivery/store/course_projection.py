"""Projection by which the portal finds what is told of a course: work, marks, remarks, rubrics, questions.

It holds ids only and never changes a row, so that the order of arrival does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

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
_table: Table = CourseFactTable.__table__  # type: ignore[attr-defined]


def tell(connection: Connection, facts: Sequence[Any]) -> None:
    """Note where these facts of :data:`KINDS` belong."""
    rows = [
        {
            "fact": str(fact.id),
            "course": fact.course,
            "activity": fact.activity,
            "learner": fact.learner,
            "kind": str(fact.kind),
        }
        for fact in facts
    ]
    insert = pg_insert if connection.dialect.name == "postgresql" else sqlite_insert
    connection.execute(insert(_table).on_conflict_do_nothing(index_elements=["fact"]), rows)
