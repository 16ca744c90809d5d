"""What is kept sealed beside the facts: personal data and images open, and are what the facts say they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from delivery.errors import LedgerBroken, Refused
from delivery.record.facts import Fact
from delivery.record.kinds import SPECS, FactKind
from delivery.record.ledger import Problem
from delivery.store.audit_catalogue import ADDRESS
from delivery.store.audit_reading import FACT_COLUMNS, FACTS, Unreadable, as_stored, fact_of, shown
from delivery.store.personstate import Erasures, erasures, told_since
from delivery.store.scans import Scans
from delivery.store.tables.core import LearnerKeyTable, PrivateTable, SealedBlobTable
from delivery.store.vault import Vault

_PRIVATE_KINDS = tuple(str(kind) for kind, spec in SPECS.items() if spec.private)
_IMAGE_KINDS = tuple(
    map(
        str,
        (FactKind.WORK_RECEIVED, FactKind.WORK_HELD, FactKind.EXTRA_RECEIVED, FactKind.SHEET_RECEIVED),
    )
)
_CHUNK = 500
_private = PrivateTable.__table__  # type: ignore[attr-defined]
_key = LearnerKeyTable.__table__  # type: ignore[attr-defined]
_blob = SealedBlobTable.__table__  # type: ignore[attr-defined]

_WIDTH = len(FACT_COLUMNS)


class _Keys:
    """Keys of learners, opened once each; the first failure of a learner's key is its only problem."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._known: dict[str, bytes | None] = {}

    def get(self, fact: Fact, wrapped: object) -> bytes | LedgerBroken | None:
        """The key; None when it is known not to open; the error when that is found now."""
        if fact.learner not in self._known:
            try:
                self._known[fact.learner] = self._vault.unwrap(fact.learner, wrapped)
            except LedgerBroken as error:
                self._known[fact.learner] = None
                return error
        return self._known[fact.learner]


def sealed_problems(connection: Connection, vault: Vault, scans: Scans) -> Iterator[Problem]:
    """Personal data and images that are missing, altered, exchanged, or that no fact tells of.

    Learners whose key was destroyed are passed over: that is how a person is erased.
    """
    keys, erased = _Keys(vault), erasures(connection)
    yield from _personal_data(connection, vault, keys, erased)
    yield from _strays(connection)
    yield from _not_erased(connection, erased)
    yield from _images(connection, scans, keys, erased)


def _is_gone(fact: Fact, erased: Erasures) -> bool:
    """Whether what lay beside the fact was erased, although the learner has a key for what is retained."""
    return not told_since(erased, fact.learner, fact.stream, fact.seq)


def _facts(
    connection: Connection, query: Select[Any], keys: _Keys
) -> Iterator[tuple[Fact, bytes, Sequence[Any]] | Problem]:
    """Facts of learners who have a key, with the key and the query's further columns; or that the key is broken."""
    rows = connection.execute(query.order_by(FACTS.c.stream, FACTS.c.seq).execution_options(yield_per=_CHUNK))
    for row in rows:
        try:
            fact = fact_of(row[:_WIDTH])
        except Unreadable:
            continue  # the replay of the facts reports it
        wrapped, *more = row[_WIDTH:]
        key = keys.get(fact, wrapped)
        if isinstance(key, LedgerBroken):
            yield _problem(fact, "private", str(key))
        elif key is not None:
            yield fact, key, more


def _told(kinds: Sequence[str], *columns: Any) -> Select[Any]:
    return (
        select(*map(as_stored, FACT_COLUMNS), as_stored(_key.c.wrapped), *columns)
        .join(_key, _key.c.learner == FACTS.c.learner)
        .where(FACTS.c.kind.in_(kinds))
    )


def _personal_data(connection: Connection, vault: Vault, keys: _Keys, erased: Erasures) -> Iterator[Problem]:
    query = _told(_PRIVATE_KINDS, as_stored(_private.c.learner).label("owner"), as_stored(_private.c.sealed))
    query = query.outerjoin(_private, _private.c.fact == FACTS.c.id)
    for found in _facts(connection, query, keys):
        if isinstance(found, Problem):
            yield found
            continue
        fact, key, (owner, sealed) = found
        if owner is None and _is_gone(fact, erased):
            continue
        if detail := _private_detail(vault, fact, key, owner=owner, sealed=sealed):
            # Another site may have sealed it under a key of its own.
            further = _further_keys(connection, vault, fact.learner)
            if any(not _private_detail(vault, fact, k, owner=owner, sealed=sealed) for k in further):
                continue
            yield _problem(fact, "private", detail)


def _private_detail(vault: Vault, fact: Fact, key: bytes, *, owner: object, sealed: object) -> str:
    """What is wrong with the personal data of one fact; empty when nothing is."""
    if owner is None:
        return "its personal data are missing" if fact.private_hash else ""
    if owner != fact.learner:
        return f"its personal data are stored under learner {shown(owner)}"
    try:
        commitment, _ = vault.unseal(key, fact.id, sealed)
    except LedgerBroken as error:
        return str(error)
    return (
        "" if commitment == fact.private_hash else "its personal data are not those that the fact commits to"
    )


def _further_keys(connection: Connection, vault: Vault, learner: str) -> Sequence[bytes]:
    try:
        return vault.all_keys(connection, [learner]).get(learner, [])[1:]
    except LedgerBroken:
        return []


def _strays(connection: Connection) -> Iterator[Problem]:
    """Personal data that no fact tells of."""
    told = exists().where(FACTS.c.id == _private.c.fact, FACTS.c.kind.in_(_PRIVATE_KINDS))
    query = select(as_stored(_private.c.fact)).where(~told).order_by(_private.c.fact)
    for (fact,) in connection.execute(query):
        yield Problem(
            "private", 0, "private", shown(fact), "personal data are stored that no fact here tells of"
        )


def _not_erased(connection: Connection, erased: Erasures) -> Iterator[Problem]:
    """Personal data of people who were erased: an older copy of a table may have been put back."""
    for learner in sorted(erased):
        query = select(FACTS.c.stream, FACTS.c.seq, FACTS.c.id).join(_private, _private.c.fact == FACTS.c.id)
        for stream, seq, fact in connection.execute(query.where(FACTS.c.learner == learner)):
            if not told_since(erased, learner, stream, seq):
                detail = "personal data of a person who was erased are stored"
                yield Problem(shown(stream), seq, "private", shown(fact), detail)


def _images(connection: Connection, scans: Scans, keys: _Keys, erased: Erasures) -> Iterator[Problem]:
    chunk: list[tuple[Fact, bytes]] = []
    for found in _facts(connection, _told(_IMAGE_KINDS), keys):
        if isinstance(found, Problem):
            yield found
            continue
        if _is_gone(found[0], erased):
            continue
        chunk.append((found[0], found[1]))
        if len(chunk) == _CHUNK:
            yield from _chunk_of_images(connection, scans, chunk)
            chunk.clear()
    yield from _chunk_of_images(connection, scans, chunk)


def _chunk_of_images(
    connection: Connection, scans: Scans, chunk: Sequence[tuple[Fact, bytes]]
) -> Iterator[Problem]:
    rows = connection.execute(
        select(*map(as_stored, (_blob.c.learner, _blob.c.digest, _blob.c.address))).where(
            _blob.c.learner.in_({fact.learner for fact, _ in chunk}),
            _blob.c.digest.in_({fact.data["blob"] for fact, _ in chunk}),
        )
    )
    places = {(learner, digest): address for learner, digest, address in rows}
    for fact, key in chunk:
        digest = fact.data["blob"]
        if detail := _image_detail(scans, key, digest, places.get((fact.learner, digest))):
            yield _problem(fact, "image", detail)


def _image_detail(scans: Scans, key: bytes, digest: str, address: object) -> str:
    """What is wrong with one image; empty when nothing is."""
    if address is None:
        return f"where image {shown(digest)} lies is not stored"
    if not isinstance(address, str) or not ADDRESS.fullmatch(address):
        return f"image {shown(digest)} is said to lie at {shown(address)}, which is no address"
    try:
        scans.opened(key, digest, address)
    except (Refused, OSError) as error:
        return str(error)
    return ""


def _problem(fact: Fact, kind: str, detail: str) -> Problem:
    return Problem(shown(fact.stream), fact.seq, kind, shown(fact.id), shown(detail))
