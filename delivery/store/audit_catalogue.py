"""The catalogue's tables against the document that was imported, whose address the newest import fact names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, select

from delivery.errors import Refused
from delivery.record.canonical import NotCanonical, canonical, parse
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.record.ledger import Problem
from delivery.store.audit_reading import FACT_COLUMNS, FACTS, Unreadable, as_stored, fact_of, shown
from delivery.store.blobs import Blobs
from delivery.store.tables.catalogue import (
    ActivityTable,
    CohortTable,
    ComponentTable,
    CourseTable,
    InstitutionTable,
    MaterialTable,
    PersonTable,
    ProgrammeTable,
    SiteTable,
    UnitTable,
)

MOST = 10
"""Differences that are named; the rest is counted."""
ADDRESS = re.compile(r"[0-9a-f]{64}")
_INSTITUTION = "institution"
_TABLES: Mapping[str, Any] = {
    _INSTITUTION: InstitutionTable,
    "sites": SiteTable,
    "programmes": ProgrammeTable,
    "cohorts": CohortTable,
    "courses": CourseTable,
    "units": UnitTable,
    "components": ComponentTable,
    "activities": ActivityTable,
    "materials": MaterialTable,
    "people": PersonTable,
}
# A material is bound to the bytes that hold it now after the import; only the revision covers these two.
_BOUND_LATER: Mapping[str, frozenset[str]] = {"materials": frozenset({"content", "file"})}

Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]
"""Primary key -> row of one table."""


def catalogue_problems(connection: Connection, blobs: Blobs) -> Iterator[Problem]:
    """Where the catalogue differs from what was imported last."""
    stored = {name: _stored(connection, model.__table__) for name, model in _TABLES.items()}
    newest = (
        select(*map(as_stored, FACT_COLUMNS))
        .where(FACTS.c.kind == str(FactKind.CATALOGUE_IMPORTED))
        .order_by(FACTS.c.hlc.desc())
        .limit(1)
    )
    row = connection.execute(newest).first()
    if row is None:
        if any(stored.values()):
            yield Problem("catalogue", 0, "catalogue", detail="stored, but no import of it is told")
        return
    try:
        fact = fact_of(row)
        imported = _imported(fact, blobs)
    except (Refused, OSError, Unreadable) as error:
        reason = f"what was imported cannot be read: {shown(error)}"
        yield Problem("catalogue", 0, "catalogue", shown(row.id), reason)
        return
    differing = (
        difference for name in _TABLES for difference in _differences(name, stored[name], imported[name])
    )
    found = list(islice(differing, MOST))
    if more := sum(1 for _ in differing):
        found.append(f"… and {more} more: {MOST + more} differences in all")
    for detail in found or _stale(stored):
        yield Problem("catalogue", 0, "catalogue", fact.id, detail)


def _stored(connection: Connection, table: Table) -> Rows:
    keys = [column.name for column in table.primary_key]
    out = {}
    for row in connection.execute(select(*map(as_stored, table.columns))).mappings():
        values = {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
        out[tuple(values[key] for key in keys)] = values
    return out


def _imported(fact: Fact, blobs: Blobs) -> Mapping[str, Rows]:
    """The tables of the imported document. Raises Unreadable, and what :meth:`Blobs.get` raises."""
    digest = fact.data["digest"]
    if not ADDRESS.fullmatch(digest):
        raise Unreadable(f"{digest} is no address")
    try:
        document = parse(blobs.get(digest))
        listed = {**document, _INSTITUTION: [document[_INSTITUTION]]}
        return {
            name: {
                tuple(row[column.name] for column in model.__table__.primary_key): dict(row)
                for row in listed[name]
            }
            for name, model in _TABLES.items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"{digest} holds no catalogue: {error}") from error


def _differences(name: str, stored: Rows, imported: Rows) -> Iterator[str]:
    passed = _BOUND_LATER.get(name, frozenset()) | {"revision"}
    for key in sorted(stored.keys() | imported.keys(), key=repr):
        path = f"{name}[{'/'.join(map(shown, key))}]"
        if key not in imported:
            yield f"{path}: stored, not imported"
        elif key not in stored:
            yield f"{path}: imported, not stored"
        else:
            old, new = stored[key], imported[key]
            for field in sorted((old.keys() | new.keys()) - passed):
                if old.get(field) != new.get(field):
                    yield (
                        f"{path}.{field}: stored {shown(old.get(field))}, imported {shown(new.get(field))}"
                    )


def _stale(stored: Mapping[str, Rows]) -> list[str]:
    """The revision is the digest of all tables: readers look at nothing else to see whether something changed."""
    ((key, institution),) = stored[_INSTITUTION].items()
    document: dict[str, Any] = {k: v for k, v in institution.items() if k != "revision"}
    whole = {name: [rows[at] for at in sorted(rows)] for name, rows in stored.items()}
    try:
        digest = hashlib.sha256(canonical({**whole, _INSTITUTION: document})).hexdigest()
    except NotCanonical as error:
        digest = f"none ({shown(error)})"
    revision = institution["revision"]
    if revision == digest:
        return []
    path = f"{_INSTITUTION}[{'/'.join(map(shown, key))}].revision"
    return [
        f"{path}: stored {shown(revision)}, the tables give {digest} (look at content and file of materials)"
    ]
