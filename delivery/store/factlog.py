"""The append-only log of facts: one transaction per append, chained, signed, projected (design D1, D2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, bindparam, insert, select, update

from delivery.clock import Clock, to_micros
from delivery.ids import content_address
from delivery.record.facts import Draft, Fact, FactRow, read_row, stream_name
from delivery.record.hlc import merge, tick
from delivery.record.kinds import SPECS, FactKind
from delivery.record.ledger import Head, chain_hash, genesis, sign_head
from delivery.store import projections, verification
from delivery.store.chains import known_ids
from delivery.store.database import Database
from delivery.store.tables.core import FactTable, HeadTable, PrivateTable, QuarantineTable
from delivery.store.together import Together
from delivery.store.vault import Vault
from delivery.store.verification import Verification
from delivery.store.witness import Witness

CHUNK = 500
SMALL = 50
"""Drafts of one append that are committed together with those of other threads."""
_COLUMNS = FactRow._fields
_fact = FactTable.__table__  # type: ignore[attr-defined]
_head = HeadTable.__table__  # type: ignore[attr-defined]


# Built once: a statement costs more to build than to run.
_HEADS = select(_head.c.stream, _head.c.seq, _head.c.hash)
# One fact for each head. A join leaves the order to the database, which may read every fact to find the few.
_STAMPS = select(
    _head.c.stream,
    select(_fact.c.hlc).where(_fact.c.stream == _head.c.stream, _fact.c.seq == _head.c.seq).scalar_subquery(),
)
_MOVE_HEAD = (
    update(_head)
    .where(_head.c.stream == bindparam("of"))
    .values({name: bindparam(name) for name in ("seq", "hash", "signed_at", "signature")})
)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did. `unchanged` facts were known with the same bytes; `quarantined` with other bytes."""

    added: tuple[str, ...] = ()
    unchanged: int = 0
    quarantined: tuple[str, ...] = ()


@dataclass(slots=True)
class _Stream:
    """A stream's end while a transaction extends it."""

    seq: int
    hash: str
    stored: bool
    grown: bool = False


class _Asked(NamedTuple):
    """A small append, to be committed together with others."""

    drafts: Sequence[Draft]
    once: bool


class _Told(NamedTuple):
    """A draft with its id as text and its canonical content."""

    draft: Draft
    ident: str
    content: str


@dataclass(slots=True)
class _Work:
    """State of one append."""

    streams: dict[str, _Stream]
    hlc: int
    now: int
    added: list[str] = field(default_factory=list)
    unchanged: int = 0
    quarantined: list[str] = field(default_factory=list)


def _share(asked: _Asked, added: set[str], quarantined: set[str]) -> Appended:
    """What a group did for one of its appends. An id that two of them told was added by the first."""
    mine: list[str] = []
    apart: list[str] = []
    for ident in (str(draft.id) for draft in asked.drafts):
        if ident in added:
            added.discard(ident)
            mine.append(ident)
        elif ident in quarantined and not asked.once:
            apart.append(ident)
    return Appended(tuple(mine), len(asked.drafts) - len(mine) - len(apart), tuple(apart))


class FactLog:
    """The fact log of one home. `site` is the writer of every fact appended here."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        site: str,
        signing: Ed25519PrivateKey,
        witness: Witness | None = None,
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._site = site
        self._signing = signing
        self._witness = witness
        self._clock = clock
        self._together = Together(self._append_group)
        mark = "?" if database.dialect == "sqlite" else "%s"
        self._insert = (
            f"INSERT INTO fact ({', '.join(_COLUMNS)}) VALUES ({', '.join([mark] * len(_COLUMNS))})"
        )

    def append(self, drafts: Iterable[Draft], *, once: bool = False) -> Appended:
        """Give each draft its place, durably, all or none.

        A draft whose id is known with the same content is a no-op; with other content it goes to quarantine. With
        `once`, a known id is a no-op whatever the content: for facts that a step tells only when it first succeeds.
        """
        pending = iter(drafts)
        first = list(islice(pending, SMALL + 1))
        if len(first) <= SMALL and not self._database.is_writing:
            return self._together.do(_Asked(first, once))
        with self._database.write() as connection:
            return self.append_in(connection, chain(first, pending), once=once)

    def _append_group(self, group: Sequence[_Asked]) -> list[Appended]:
        """Small appends of several threads in one transaction: one signature and one sync for all of them."""
        with self._database.write() as connection:
            if len(group) == 1:
                return [self.append_in(connection, group[0].drafts, once=group[0].once)]
            work = self._begin(connection)
            for once in (False, True):
                drafts = iter([draft for asked in group if asked.once is once for draft in asked.drafts])
                while chunk := list(islice(drafts, CHUNK)):
                    self._append_chunk(connection, chunk, work, once=once)
            self._finish(connection, work)
        added, quarantined = set(work.added), set(work.quarantined)
        return [_share(asked, added, quarantined) for asked in group]

    def append_in(self, connection: Connection, drafts: Iterable[Draft], *, once: bool = False) -> Appended:
        """As :meth:`append`, inside the caller's write transaction. Streams: memory does not grow with `drafts`."""
        work = self._begin(connection)
        pending = iter(drafts)
        while chunk := list(islice(pending, CHUNK)):
            self._append_chunk(connection, chunk, work, once=once)
        self._finish(connection, work)
        return Appended(tuple(work.added), work.unchanged, tuple(work.quarantined))

    def _begin(self, connection: Connection) -> _Work:
        own = {
            stream: _Stream(seq, last, stored=True)
            for stream, seq, last in connection.execute(_HEADS)
            if stream.startswith(f"{self._site}/")
        }
        # From the facts themselves: a number in a table that no chain covers must not set the clock.
        stamps = [(stream in own, hlc) for stream, hlc in connection.execute(_STAMPS) if type(hlc) is int]
        now = to_micros(self._clock.now())
        last = max((hlc for is_own, hlc in stamps if is_own), default=0)
        seen = (hlc for is_own, hlc in stamps if not is_own)
        return _Work(own, merge(last, seen, now // 1000), now)

    def _append_chunk(
        self, connection: Connection, drafts: Sequence[Draft], work: _Work, *, once: bool
    ) -> None:
        prepared, sealed = self._prepare(connection, drafts)
        ids = [told.ident for told in prepared]
        # Asked beforehand: a savepoint to fall back to would copy every page that the rows touch.
        if known_ids(connection, ids) or len(set(ids)) < len(ids):
            prepared = self._only_new(connection, prepared, work, once=once)
        self._insert_rows(connection, prepared, work)
        fresh = [told.ident for told in prepared]
        if sealed:
            self._keep_private(connection, sealed, set(fresh))
        projections.apply(connection, [told.draft for told in prepared])
        work.added += fresh

    @staticmethod
    def _keep_private(connection: Connection, sealed: list[dict[str, Any]], fresh: set[str]) -> None:
        """Store the sealed personal data of the facts that are new."""
        if payloads := {row["fact"]: row for row in sealed if row["fact"] in fresh}:
            connection.execute(insert(PrivateTable), list(payloads.values()))

    def _prepare(
        self, connection: Connection, drafts: Sequence[Draft]
    ) -> tuple[list[_Told], list[dict[str, Any]]]:
        """Canonical content of each draft, and the sealed personal data that goes with some of them."""
        private = [draft for draft in drafts if draft.private is not None]
        if not private:
            return [_Told(draft, str(draft.id), draft.content()) for draft in drafts], []
        keys, erased = self._vault.sealing_keys(connection, (draft.learner for draft in private))
        prepared, sealed = [], []
        for draft in drafts:
            commitment, ident = "", str(draft.id)
            if draft.private is not None:
                commitment, box = self._vault.seal(keys[draft.learner], ident, draft.private)
                if draft.learner not in erased:
                    sealed.append({"fact": ident, "learner": draft.learner, "sealed": box})
            prepared.append(_Told(draft, ident, draft.content(commitment)))
        return prepared, sealed

    def _insert_rows(self, connection: Connection, prepared: Sequence[_Told], work: _Work) -> None:
        if not prepared:
            return
        rows: list[tuple[Any, ...]] = []
        now, now_ms = work.now, work.now // 1000
        for draft, ident, content in prepared:
            name = stream_name(self._site, draft.audience)
            stream = work.streams.get(name)
            if stream is None:
                stream = work.streams[name] = _Stream(0, genesis(name), stored=False)
            work.hlc = tick(work.hlc, now_ms)
            stream.seq += 1
            row = (name, stream.seq, ident, draft.kind.value, draft.learner, now, work.hlc, content)
            stream.hash = chain_hash(row, stream.hash)
            stream.grown = True
            rows.append((*row, stream.hash))
        connection.exec_driver_sql(self._insert, rows)

    def _only_new(
        self, connection: Connection, prepared: Sequence[_Told], work: _Work, *, once: bool
    ) -> list[_Told]:
        """Leave out what is known; quarantine what is known with other content."""
        ids = [told.ident for told in prepared]
        known = {
            row.id: (row.kind, row.learner, row.content)
            for row in connection.execute(
                select(_fact.c.id, _fact.c.kind, _fact.c.learner, _fact.c.content).where(_fact.c.id.in_(ids))
            )
        }
        out = []
        for told in prepared:
            said = (told.draft.kind.value, told.draft.learner, told.content)
            if told.ident not in known:
                known[told.ident] = said
                out.append(told)
            elif once or known[told.ident] == said:
                work.unchanged += 1
            else:
                self._quarantine(connection, told, work)
        return out

    def _quarantine(self, connection: Connection, told: _Told, work: _Work) -> None:
        table = QuarantineTable.__table__  # type: ignore[attr-defined]
        key = {"fact": told.ident, "digest": content_address(told.content.encode())}
        seen = connection.execute(
            select(table.c.fact).where(table.c.fact == key["fact"], table.c.digest == key["digest"])
        ).first()
        if seen is None:
            connection.execute(
                insert(QuarantineTable),
                {
                    **key,
                    "stream": stream_name(self._site, told.draft.audience),
                    "kind": str(told.draft.kind),
                    "learner": told.draft.learner,
                    "content": told.content,
                    "arrived_at": work.now,
                },
            )
        work.quarantined.append(told.ident)

    def _finish(self, connection: Connection, work: _Work) -> None:
        """Sign the new end of every stream that grew; the witness notes it once it is committed."""
        grown = [(name, stream.seq, stream.hash) for name, stream in work.streams.items() if stream.grown]
        if grown and self._witness is not None:
            self._database.after_commit(partial(self._witness.note, grown))
        for name, stream in work.streams.items():
            if not stream.grown:
                continue
            head = sign_head(Head(name, stream.seq, stream.hash, work.now), self._signing)
            values = {
                "seq": head.seq,
                "hash": head.hash,
                "signed_at": head.signed_at,
                "signature": head.signature,
            }
            if stream.stored:
                connection.execute(_MOVE_HEAD, {"of": name, **values})
            else:
                connection.execute(insert(HeadTable), {"stream": name, **values})

    # Reading

    def get(self, fact_id: str) -> Fact | None:
        """The fact with this id, or None."""
        with self._database.read() as connection:
            row = connection.execute(
                select(*(_fact.c[c] for c in _COLUMNS)).where(_fact.c.id == fact_id)
            ).first()
        return read_row(row) if row else None

    def select(
        self, *, kind: FactKind | None = None, learner: str | None = None, ids: Sequence[str] | None = None
    ) -> Iterator[Fact]:
        """Facts in order of their streams, filtered."""
        query = select(*(_fact.c[c] for c in _COLUMNS)).order_by(_fact.c.stream, _fact.c.seq)
        if kind is not None:
            query = query.where(_fact.c.kind == str(kind))
            if not SPECS[kind].about_learner:
                learner = ""  # said so that the index over learner and kind answers
        if learner is not None:
            query = query.where(_fact.c.learner == learner)
        if ids is not None:
            query = query.where(_fact.c.id.in_(ids))
        with (
            self._database.read() as connection,
            connection.execute(query.execution_options(yield_per=1000)) as rows,
        ):
            for row in rows:
                yield read_row(row)

    def heads(self) -> list[Head]:
        """Signed ends of all streams held here."""
        with self._database.read() as connection:
            rows = connection.execute(select(HeadTable.__table__).order_by(_head.c.stream)).all()  # type: ignore[attr-defined]
        return [Head(r.stream, r.seq, r.hash, r.signed_at, bytes(r.signature)) for r in rows]

    def verify(
        self, progress: Callable[[int], None] | None = None, *, executor: Executor | None = None
    ) -> Verification:
        """Verify every chain and head; `progress` receives the number of facts read so far."""
        writer = (self._site, self._signing.public_key())
        witnessed = self._witness.seen() if self._witness is not None else {}
        return verification.verify(
            self._database, writer, witnessed=witnessed, progress=progress, executor=executor
        )
