"""Rows of the chains that do not speak: a row that goes before tells the id of each, and no fact is hidden there.

Verification reads both tables of rows, so moving a fact from one to the other breaks no chain; this finds it.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from delivery.record.facts import FactRow
from delivery.record.ledger import Problem
from delivery.record.segment import speaks_before
from delivery.store.audit_reading import as_stored, shown
from delivery.store.chains import AGAIN, FACT

_CHUNK = 500


def again_problems(connection: Connection, *, main: str) -> Iterator[Problem]:
    """Rows told again whose id nothing tells, or which should speak themselves; `main` is the main site's code."""
    columns = [as_stored(AGAIN.c[name]) for name in FactRow._fields]
    query = select(*columns).order_by(AGAIN.c.stream, AGAIN.c.seq)
    rows = [FactRow(*row) for row in connection.execute(query)]
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        told = select(*(as_stored(FACT.c[name]) for name in FactRow._fields)).where(
            FACT.c.id.in_([row.id for row in chunk])
        )
        speaking = {row.id: FactRow(*row) for row in connection.execute(told)}
        for row in chunk:
            other = speaking.get(row.id)
            if other is None:
                yield _problem(row, "the record does not read this fact: its row lies among those told again")
            elif _goes_first(row, other, main):
                yield _problem(row, f"it should speak before the row {shown(other.stream)} {other.seq}")


def _goes_first(row: FactRow, other: FactRow, main: str) -> bool:
    try:
        return speaks_before(row, other, main=main)
    except (TypeError, AttributeError):
        return True  # something else than a stream, a stamp or a number stands there


def _problem(row: FactRow, detail: str) -> Problem:
    place: object = row.seq  # an edit may have left anything there
    return Problem(
        shown(row.stream), place if isinstance(place, int) else 0, "projection", shown(row.id), detail
    )
