"""Projection of what came back on paper: pages with whether they stand, and envelopes.

Facts arrive in any order (sites sync), and a retraction may be retracted: whether a page stands is judged from all
retractions that are known, each time one of them or the page itself comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, case, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from delivery.record.kinds import FactKind
from delivery.store.tables.returns import EnvelopeTable, RetractionTable, ReturnedPageTable

_page: Table = ReturnedPageTable.__table__  # type: ignore[attr-defined]
_retraction: Table = RetractionTable.__table__  # type: ignore[attr-defined]
_envelope: Table = EnvelopeTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500

PAGES = (FactKind.WORK_RECEIVED, FactKind.EXTRA_RECEIVED, FactKind.SHEET_RECEIVED)
TABLES = (ReturnedPageTable, RetractionTable, EnvelopeTable)


def pages_returned(connection: Connection, facts: Sequence[Any]) -> None:
    """Rows of pages that came back."""
    rows = {str(fact.id): _row(fact) for fact in facts}
    connection.execute(
        _insert(connection, _page).on_conflict_do_nothing(index_elements=["fact"]), list(rows.values())
    )
    retracted = _among(connection, _retraction.c.takes_back, list(rows))
    gone = {ident for ident in retracted if not _stands(connection, ident)}
    if gone:
        connection.execute(update(_page).where(_page.c.fact.in_(gone)).values(stands=False))


def retracted(connection: Connection, facts: Sequence[Any]) -> None:
    """Note retractions, and let pages fall or stand again."""
    rows = [{"fact": str(fact.id), "takes_back": fact.corrects} for fact in facts if fact.corrects]
    if not rows:
        return
    connection.execute(_insert(connection, _retraction).on_conflict_do_nothing(index_elements=["fact"]), rows)
    roots = {_root(connection, row["takes_back"]) for row in rows}
    for row in connection.execute(select(_page.c.fact, _page.c.stands).where(_page.c.fact.in_(roots))).all():
        stands = _stands(connection, row.fact)
        if stands != row.stands:
            connection.execute(update(_page).where(_page.c.fact == row.fact).values(stands=stands))


def envelopes(connection: Connection, facts: Sequence[Any]) -> None:
    """Envelopes; the first arrival counts, and what is known of one stays known."""
    rows: dict[str, dict[str, Any]] = {}
    for fact in facts:
        told = _envelope_row(fact)
        known = rows.get(told["envelope"])
        rows[told["envelope"]] = told if known is None else _merged(known, told)
    statement = _insert(connection, _envelope)
    values: dict[str, Any] = {
        name: case(
            (statement.excluded[name] > _envelope.c[name], statement.excluded[name]), else_=_envelope.c[name]
        )
        for name in ("learner", "course", "packet", "sheet", "item", "postmark")
    }
    first = statement.excluded.received_at < _envelope.c.received_at
    values["received_at"] = case((first, statement.excluded.received_at), else_=_envelope.c.received_at)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["envelope"], set_=values), list(rows.values())
    )


def _envelope_row(fact: Any) -> dict[str, Any]:
    data: Mapping[str, Any] = fact.data
    return {
        "envelope": data["envelope"],
        "learner": fact.learner,
        "course": fact.course,
        "packet": data.get("packet", ""),
        "sheet": data.get("sheet", ""),
        "item": data.get("item", ""),
        "postmark": data.get("postmark", ""),
        "received_at": fact.occurred_at,
    }


def _merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    out = {name: max(a[name], b[name]) for name in a}
    return out | {"received_at": min(a["received_at"], b["received_at"])}


def _row(fact: Any) -> dict[str, Any]:
    data: Mapping[str, Any] = fact.data
    return {
        "fact": str(fact.id),
        "kind": str(fact.kind),
        "learner": fact.learner,
        "course": fact.course,
        "activity": fact.activity,
        "sheet": data.get("sheet", ""),
        "packet": data.get("packet", ""),
        "page": data.get("page", data.get("behind", 0)),
        "pages": data.get("pages", 0),
        "channel": data["channel"],
        "blob": data["blob"],
        "media_type": data["media_type"],
        "source": data.get("source", ""),
        "envelope": data.get("envelope", ""),
        "postmark": data.get("postmark", ""),
        "superseded": data.get("superseded", False),
        "arrived_at": fact.occurred_at,
        "stands": True,
    }


def _stands(connection: Connection, ident: str) -> bool:
    """Whether nothing that stands takes this fact back."""

    def is_retracted(of: str, seen: frozenset[str]) -> bool:
        query = select(_retraction.c.fact).where(_retraction.c.takes_back == of)
        return any(
            other not in seen and not is_retracted(other, seen | {other})
            for other in connection.execute(query).scalars().all()
        )

    return not is_retracted(ident, frozenset({ident}))


def _root(connection: Connection, ident: str) -> str:
    """The fact at the end of a chain of retractions."""
    seen = {ident}
    while True:
        of = connection.execute(select(_retraction.c.takes_back).where(_retraction.c.fact == ident)).scalar()
        if of is None or of in seen:
            return ident
        seen.add(of)
        ident = of


def _among(connection: Connection, column: Any, values: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(values), _CHUNK):
        query = select(column).where(column.in_(values[start : start + _CHUNK]))
        found.update(connection.execute(query).scalars())
    return found


def _insert(connection: Connection, table: Table) -> Any:
    return pg_insert(table) if connection.dialect.name == "postgresql" else sqlite_insert(table)
