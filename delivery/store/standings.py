"""Events, terms and results of learners: told as facts, read from their projection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, select

from delivery.catalogue.learner_rows import CourseResult, LearnerEvent, LearnerRow, TermResult
from delivery.catalogue.parse import Parsed, Problems
from delivery.catalogue.plain import reader_of, to_plain
from delivery.errors import N_, Message
from delivery.ids import fact_id
from delivery.record.canonical import canonical, parse
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.keys import SiteKeys
from delivery.store.tables.core import LearnerTable
from delivery.store.tables.regulation import StandingTable
from delivery.units import Micros

_standing: Table = StandingTable.__table__  # type: ignore[attr-defined]
_learner: Table = LearnerTable.__table__  # type: ignore[attr-defined]
TERM, RESULT = "term_result", "course_result"
_KINDS: Mapping[str, type[Any]] = {TERM: TermResult, RESULT: CourseResult}


def sites_of(connection: Connection) -> dict[str, str]:
    """Learner id -> site."""
    return {row.learner: row.site for row in connection.execute(select(_learner.c.learner, _learner.c.site))}


def check_learners(
    rows: Sequence[Parsed], keys: SiteKeys, known: Mapping[str, str], listed: set[str], problems: Problems
) -> None:
    """Each row is about a learner of the record or of the roster that comes with it."""
    for row in rows:
        code = row.value.learner
        if code not in listed and keys.learner_id(code) not in known:
            text = N_("“{value}” is not in {table}. Correct the code, or add the row there.")
            problems.in_cell(row.where, "learner", Message(text, {"value": code, "table": "learners"}))


def drafts(
    connection: Connection,
    rows: Sequence[LearnerRow],
    keys: SiteKeys,
    sites: Mapping[str, str],
    *,
    at: Micros,
    actor: str,
) -> Iterator[Draft]:
    """Facts of rows that are new or differ from what is stored; equal rows tell nothing."""
    known = {
        (row.learner, row.key): (row.event, row.on, row.details, row.revision)
        for row in connection.execute(select(_standing))
    }
    for row in rows:
        learner = keys.learner_id(row.learner)
        key, event, on = _place(row)
        details = {k: str(v) for k, v in to_plain(row).items() if k != "learner"}
        before = known.get((learner, key))
        text = canonical(details).decode()
        if before is not None and before[:3] == (event, on.isoformat(), text):
            continue
        revision = before[3] + 1 if before is not None else 0
        data: dict[str, Any] = {"key": key, "event": event, "on": on.isoformat(), "details": details}
        if revision:
            data["revision"] = revision
        yield Draft(
            id=fact_id(FactKind.STANDING_RECORDED, learner, key, revision),
            kind=FactKind.STANDING_RECORDED,
            occurred_at=at,
            actor=actor,
            audience=sites[learner],
            learner=learner,
            data=data,
        )


def _place(row: LearnerRow) -> tuple[str, str, date]:
    if isinstance(row, LearnerEvent):
        return f"{row.event.value}|{row.on.isoformat()}", row.event.value, row.on
    if isinstance(row, TermResult):
        return f"{TERM}|{row.term}", TERM, row.closed
    return f"{RESULT}|{row.course}|{row.attempt}", RESULT, row.on


def rows_of(connection: Connection, learner: str) -> list[LearnerRow]:
    """Every row of one learner."""
    return [row for _, row in rows_in(connection, learner)]


_Reader = Callable[[str, Mapping[str, Any]], LearnerRow]
_CHUNK = 5_000
"""Rows that are fetched at once."""


def rows_in(
    connection: Connection, only: str = "", *, until: date | None = None
) -> Iterator[tuple[str, LearnerRow]]:
    """(learner id, row) of everything that is stored, or of one learner; with `until`, what is dated by that day."""
    query = select(_standing.c.learner, _standing.c.event, _standing.c.details)
    if only:
        query = query.where(_standing.c.learner == only)
    if until is not None:
        query = query.where(_standing.c.on <= until.isoformat())
    event_of: _Reader = reader_of(LearnerEvent)
    readers: dict[str, _Reader] = {name: reader_of(kind) for name, kind in _KINDS.items()}
    for rows in connection.execute(query.execution_options(yield_per=_CHUNK)).partitions():
        for learner, event, details in rows:
            yield learner, readers.get(event, event_of)(learner, parse(details))
