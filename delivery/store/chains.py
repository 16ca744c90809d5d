"""Rows of the chains as they lie in the store: those that speak (``fact``) and those told again (``fact_again``)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, Table, delete, insert, select, update

from delivery.ids import content_address
from delivery.record.facts import FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.record.ledger import Head
from delivery.record.segment import Place, says_the_same, speaks_before, start_of, writer_of
from delivery.store.among import among
from delivery.store.tables.core import FactTable, HeadTable, QuarantineTable
from delivery.store.tables.sync import FactAgainTable

FACT: Table = FactTable.__table__  # type: ignore[attr-defined]
AGAIN: Table = FactAgainTable.__table__  # type: ignore[attr-defined]
HEAD: Table = HeadTable.__table__  # type: ignore[attr-defined]
_QUARANTINE: Table = QuarantineTable.__table__  # type: ignore[attr-defined]
_CHUNK = 500
_FIELDS = FactRow._fields


def _columns(table: Table) -> list[Any]:
    return [table.c[name] for name in _FIELDS]


def rows_between(connection: Connection, stream: str, first: int, last: int) -> list[FactRow]:
    """Rows of a stream from `first` to `last`, in order."""
    out: list[FactRow] = []
    for table in (FACT, AGAIN):
        query = select(*_columns(table)).where(
            table.c.stream == stream, table.c.seq >= first, table.c.seq <= last
        )
        out += (FactRow(*row) for row in connection.execute(query))
    return sorted(out, key=lambda row: row.seq)


def hash_at(connection: Connection, stream: str, seq: int) -> str | None:
    """Hash of the fact at `seq`; of the stream's start for 0; None when there is none."""
    if seq == 0:
        return start_of(stream).hash
    for table in (FACT, AGAIN):
        query = select(table.c.hash).where(table.c.stream == stream, table.c.seq == seq)
        found: str | None = connection.execute(query).scalar()
        if found is not None:
            return found
    return None


def head_of(connection: Connection, stream: str) -> Head | None:
    """The signed end of a stream that is held here."""
    row = connection.execute(select(HEAD).where(HEAD.c.stream == stream)).first()
    return _head(row) if row else None


def all_heads(connection: Connection) -> list[Head]:
    """Signed ends of all streams held here, in order of their names."""
    return [_head(row) for row in connection.execute(select(HEAD).order_by(HEAD.c.stream))]


def _head(row: Any) -> Head:
    return Head(row.stream, row.seq, row.hash, row.signed_at, bytes(row.signature))


def set_head(connection: Connection, head: Head) -> None:
    """Make `head` the signed end of its stream."""
    values = {
        "seq": head.seq,
        "hash": head.hash,
        "signed_at": head.signed_at,
        "signature": head.signature,
    }
    changed = connection.execute(update(HEAD).where(HEAD.c.stream == head.stream).values(values))
    if not changed.rowcount:
        connection.execute(insert(HEAD), {"stream": head.stream, **values})


def places(connection: Connection) -> dict[str, Place]:
    """How far every stream is held here."""
    query = select(HEAD.c.stream, HEAD.c.seq, HEAD.c.hash)
    return {row.stream: Place(*row) for row in connection.execute(query)}


def admitted(
    connection: Connection, site: str, *, even_revoked: bool = False
) -> dict[str, list[Ed25519PublicKey]]:
    """Signing keys of the sites that this site's own chain admitted and did not revoke."""
    told: dict[FactKind, list[Any]] = {FactKind.SITE_ADMITTED: [], FactKind.SITE_REVOKED: []}
    query = (
        select(*_columns(FACT))
        .where(FACT.c.learner == "", FACT.c.kind.in_([str(kind) for kind in told]))
        .order_by(FACT.c.hlc)
    )
    keys: dict[str, list[Ed25519PublicKey]] = {}
    for row in connection.execute(query):
        if writer_of(row.stream) != site:
            continue
        fact = read_row(row)
        if fact.kind is FactKind.SITE_REVOKED:
            if not even_revoked:
                keys.pop(fact.data["site"], None)
        else:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(fact.data["public_key"]))
            keys.setdefault(fact.data["site"], []).append(key)
    return keys


def insert_rows(connection: Connection, table: Table, rows: Iterable[FactRow]) -> None:
    """Rows as they are, in one statement."""
    values = [tuple(row) for row in rows]
    if not values:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    names = ", ".join(_FIELDS)
    connection.exec_driver_sql(
        f"INSERT INTO {table.name} ({names}) VALUES ({', '.join([mark] * len(_FIELDS))})", values
    )


def known_ids(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of `ids` that a speaking row tells already."""
    return among(connection, FACT.c.id, ids)


def settle(connection: Connection, ids: Collection[str], *, main: str, now: int) -> bool:
    """Let the right row speak for each of `ids`; contents that contradict it go to quarantine, in the open.

    True when what speaks changed its content, so that projections have to be filled again.
    """
    changed = False
    wanted = sorted(ids)
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        for rows, speaking in _told(connection, chunk).values():
            right = rows[0]
            for row in rows[1:]:
                if speaks_before(row, right, main=main):
                    right = row
            if speaking is None or (speaking.stream, speaking.seq) != (right.stream, right.seq):
                if speaking is not None:
                    _move(connection, speaking, FACT, AGAIN)
                    changed = changed or not says_the_same(speaking, right)
                else:
                    changed = True
                _move(connection, right, AGAIN, FACT)
            for row in rows:
                if not says_the_same(row, right):
                    _quarantine(connection, row, now)
    return changed


def _told(connection: Connection, ids: Sequence[str]) -> Mapping[str, tuple[list[FactRow], FactRow | None]]:
    """(all rows, the one that speaks now) for each id."""
    out: dict[str, tuple[list[FactRow], FactRow | None]] = {}
    for table in (FACT, AGAIN):
        for found in connection.execute(select(*_columns(table)).where(table.c.id.in_(ids))):
            row = FactRow(*found)
            rows, speaking = out.get(row.id, ([], None))
            out[row.id] = ([*rows, row], row if table is FACT else speaking)
    return out


def _move(connection: Connection, row: FactRow, source: Table, target: Table) -> None:
    connection.execute(delete(source).where(source.c.stream == row.stream, source.c.seq == row.seq))
    insert_rows(connection, target, [row])


def _quarantine(connection: Connection, row: FactRow, now: int) -> None:
    key = {"fact": row.id, "digest": content_address(row.content.encode())}
    seen = connection.execute(
        select(_QUARANTINE.c.fact).where(
            _QUARANTINE.c.fact == key["fact"], _QUARANTINE.c.digest == key["digest"]
        )
    ).first()
    if seen is None:
        told = {"stream": row.stream, "kind": row.kind, "learner": row.learner, "content": row.content}
        connection.execute(insert(_QUARANTINE), {**key, **told, "arrived_at": now})
