"""Projections of learners' standing, changed findings and overridden gates; the order of arrival does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.canonical import canonical
from delivery.store.tables.regulation import FindingTable, OverrideTable, StandingTable

TABLES = (StandingTable, FindingTable, OverrideTable)
_standing: Table = StandingTable.__table__  # type: ignore[attr-defined]
_finding: Table = FindingTable.__table__  # type: ignore[attr-defined]
_override: Table = OverrideTable.__table__  # type: ignore[attr-defined]


def _insert(connection: Connection, table: Table) -> Any:
    return pg_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)


def standings(connection: Connection, facts: Sequence[Any]) -> None:
    """The highest revision of each key stays."""
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for fact in facts:
        data = fact.data
        at, revision = (fact.learner, data["key"]), data.get("revision", 0)
        if at not in newest or revision > newest[at]["revision"]:
            newest[at] = {
                "learner": fact.learner,
                "key": data["key"],
                "event": data["event"],
                "on": data["on"],
                "details": canonical(data["details"]).decode(),
                "revision": revision,
            }
    statement = _insert(connection, _standing)
    columns = ("event", "on", "details", "revision")
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["learner", "key"],
            set_={name: statement.excluded[name] for name in columns},
            where=statement.excluded.revision > _standing.c.revision,
        ),
        list(newest.values()),
    )


def findings(connection: Connection, facts: Sequence[Any]) -> None:
    """Every change, by its fact."""
    columns = ("clause", "subject", "verdict", "before", "value", "threshold", "on", "profile")
    rows = [{"fact": str(fact.id), **{name: fact.data[name] for name in columns}} for fact in facts]
    connection.execute(_insert(connection, _finding).on_conflict_do_nothing(index_elements=["fact"]), rows)


def overrides(connection: Connection, facts: Sequence[Any]) -> None:
    """Every override, by its fact."""
    columns = ("gate", "clause", "subject", "role", "reason", "second", "on")
    rows = [
        {"fact": str(fact.id), "actor": fact.actor, **{name: fact.data[name] for name in columns}}
        for fact in facts
    ]
    connection.execute(_insert(connection, _override).on_conflict_do_nothing(index_elements=["fact"]), rows)
