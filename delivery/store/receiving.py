"""What other sites give to this one: proved first, then stored with its projections in one transaction (design D2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Table, delete, insert, select
from sqlalchemy.exc import StatementError

from delivery.clock import Clock, to_micros
from delivery.errors import N_, LedgerBroken
from delivery.ids import fact_id
from delivery.record.canonical import parse
from delivery.record.facts import Draft, Fact, FactRow, fact_of, read_row
from delivery.record.hlc import tick
from delivery.record.kinds import FactKind
from delivery.record.ledger import Head, chain_hash, sign_head
from delivery.record.segment import (
    BadSegment,
    Place,
    Segment,
    audience_of,
    chained,
    start_of,
    unusable,
    writer_of,
)
from delivery.store import projections
from delivery.store.blobs import Blobs
from delivery.store.chains import (
    AGAIN,
    FACT,
    admitted,
    hash_at,
    head_of,
    insert_rows,
    known_ids,
    rows_between,
    set_head,
    settle,
)
from delivery.store.database import Database
from delivery.store.erasing import Erasing
from delivery.store.personstate import erasures, told_since
from delivery.store.sealing import CannotOpen, open_box
from delivery.store.sending import KEYS
from delivery.store.tables.core import PrivateTable, SealedBlobTable
from delivery.store.tables.sync import CheckpointTable, WantedBlobTable
from delivery.store.vault import Vault
from delivery.store.witness import Witness
from delivery.units import Micros

_private = PrivateTable.__table__  # type: ignore[attr-defined]
_image = SealedBlobTable.__table__  # type: ignore[attr-defined]
_checkpoint: Table = CheckpointTable.__table__  # type: ignore[attr-defined]
_wanted = WantedBlobTable.__table__  # type: ignore[attr-defined]
_COLUMNS = [FACT.c[name] for name in FactRow._fields]
_log = structlog.get_logger(__name__)


class NotNext(Exception):
    """The stretch does not begin where this site stands now; the sender is told where that is."""


class Receiving:
    """Stores stretches of streams that came from elsewhere."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        blobs: Blobs,
        *,
        site: str,
        main: str,
        signing: Ed25519PrivateKey,
        sealing_secret: bytes,
        witness: Witness | None,
        erasing: Erasing,
        clock: Clock,
    ) -> None:
        self._database = database
        self._vault = vault
        self._blobs = blobs
        self._site = site
        self._main = main
        self._signing = signing
        self._secret = sealing_secret
        self._witness = witness
        self._erasing = erasing
        self._clock = clock

    def use_secret(self, sealing_secret: bytes) -> None:
        """From now on learners' keys come sealed to another key."""
        self._secret = sealing_secret

    def place(self, stream: str) -> Place:
        """How far the stream is held here."""
        with self._database.read() as connection:
            return self._place(connection, stream)

    def commit(self, segment: Segment) -> Place:
        """Store the next stretch of a stream, durably; where this site stands then.

        Raises NotNext when another stretch is due, BadSegment when it cannot be believed.
        """
        with self._database.read() as connection:
            before = self._place(connection, segment.stream)
            keys = self._keys_of(connection, segment.stream)
        if segment.first != before.seq + 1:
            raise NotNext(segment.stream)
        rows, documents = chained(segment, before, keys)
        with _judged(segment), self._database.write() as connection:
            if self._place(connection, segment.stream) != before:
                raise NotNext(segment.stream)
            self._store(connection, rows, documents)
            self._erase(connection, segment, rows)
            self._beside(connection, segment, rows)
            self._note(connection, segment.head)
        return segment.end

    def mend(self, common: Place, segments: Sequence[Segment]) -> Place:
        """Take another site's chain of a stream behind `common`, where ours went another way; where we stand then.

        That happens after the writer put an older copy of its database back. The writer itself takes its own facts
        back: what it told since `common` is told again behind them, with the time at which it was first recorded, and
        a fact tells of the whole. Other sites follow only a chain that tells everything again that they hold.
        """
        stream, is_writer = common.stream, writer_of(common.stream) == self._site
        with self._database.read() as connection:
            keys = self._keys_of(connection, stream)
        rows: list[FactRow] = []
        end = common
        for segment in segments:
            rows += chained(segment, end, keys).rows
            end = segment.end
        with _judged(segments[-1]), self._database.write() as connection:
            now = self._place(connection, stream)
            if hash_at(connection, stream, common.seq) != common.hash:
                raise NotNext(stream)
            if hash_at(connection, stream, end.seq) == end.hash:
                return now  # taken already: the same answer came twice
            moved = rows_between(connection, stream, common.seq + 1, now.seq)
            missing = _missing(moved, rows)
            if missing and not is_writer:
                raise BadSegment(
                    N_("Another chain of stream {stream} leaves out {count} facts that are held here."),
                    do=N_(
                        "Nothing was changed. The site that writes it has to be put right: ask its administrator."
                    ),
                    stream=stream,
                    count=len(missing),
                )
            for table in (FACT, AGAIN, _checkpoint):
                connection.execute(delete(table).where(table.c.stream == stream, table.c.seq > common.seq))
            self._insert(connection, rows)
            for segment in segments:
                inside = [row for row in rows if segment.first <= row.seq <= segment.last]
                self._erase(connection, segment, inside)
                self._beside(connection, segment, inside)
                self._note(connection, segment.head)
            if is_writer:
                again = self._told_again(common, end, rows, missing, replaced=now.hash)
                self._insert(connection, again)
                last = again[-1]
                head = Head(last.stream, last.seq, last.hash, self._now())
                self._note(connection, sign_head(head, self._signing))
                end = Place(last.stream, last.seq, last.hash)
            settle(connection, {row.id for row in (*moved, *rows)}, main=self._main, now=self._now())
            self._refill(connection)
        return end

    # --- inside a transaction ---------------------------------------------------------------------

    def _place(self, connection: Connection, stream: str) -> Place:
        head = head_of(connection, stream)
        return Place(stream, head.seq, head.hash) if head else start_of(stream)

    def _keys_of(self, connection: Connection, stream: str) -> Sequence[Any]:
        """Keys by which a stretch of this stream is believed.

        The main site takes nothing more of whom it revoked. What it passes on to others it took before that.
        """
        writer = writer_of(stream)
        keys = admitted(connection, self._site, even_revoked=self._site != self._main).get(writer, [])
        return [self._signing.public_key(), *keys] if writer == self._site else keys

    def _now(self) -> Micros:
        return to_micros(self._clock.now())

    def _store(
        self, connection: Connection, rows: Sequence[FactRow], documents: Sequence[Mapping[str, Any]]
    ) -> None:
        """Rows and projections; an id that is known makes its rows contend for which of them speaks."""
        contested = self._insert(connection, rows)
        changed = bool(contested) and settle(connection, contested, main=self._main, now=self._now())
        if changed:
            self._refill(connection)
            return
        facts = [
            fact_of(row, document)
            for row, document in zip(rows, documents, strict=True)
            if projections.is_projected(FactKind(row.kind)) and row.id not in contested
        ]
        projections.apply(connection, [*facts, *self._work_of(connection, facts)])

    def _insert(self, connection: Connection, rows: Sequence[FactRow]) -> set[str]:
        """Insert rows; those whose id is known go beside, and their ids are returned."""
        known = known_ids(connection, [row.id for row in rows])
        first, again = [], []
        contested = set()
        for row in rows:
            if row.id in known:
                contested.add(row.id)
                again.append(row)
            else:
                known.add(row.id)
                first.append(row)
        insert_rows(connection, FACT, first)
        insert_rows(connection, AGAIN, again)
        return contested

    def _erase(self, connection: Connection, segment: Segment, rows: Sequence[FactRow]) -> None:
        """Carry out the erasures that these facts tell; only the main site may tell any."""
        learners = {row.learner for row in rows if row.kind == FactKind.PERSON_ERASED}
        if learners and writer_of(segment.stream) != self._main:
            raise unusable(segment)
        for learner in sorted(learners):
            self._erasing.carry_out_in(connection, learner)

    def _work_of(self, connection: Connection, facts: Sequence[Fact]) -> list[Fact]:
        """Work that came before the plan of its sheet: streams of two sites arrive in any order."""
        learners = {fact.learner for fact in facts if fact.kind is FactKind.PACKET_PLANNED}
        if not learners:
            return []
        query = select(*_COLUMNS).where(
            FACT.c.learner.in_(learners), FACT.c.kind == str(FactKind.WORK_RECEIVED)
        )
        return [read_row(row) for row in connection.execute(query)]

    def _refill(self, connection: Connection) -> None:
        query = select(*_COLUMNS).order_by(FACT.c.hlc, FACT.c.stream, FACT.c.seq)
        projections.rebuild(connection, (read_row(row) for row in connection.execute(query).all()))

    def _told_again(
        self,
        common: Place,
        end: Place,
        restored: Sequence[FactRow],
        behind: Sequence[FactRow],
        *,
        replaced: str,
    ) -> list[FactRow]:
        """Rows behind `end`: what was told here meanwhile and did not come back, and the fact that tells of it."""
        now = self._now()
        draft = Draft(
            id=fact_id(FactKind.STREAM_MENDED, common.stream, end.seq, replaced),
            kind=FactKind.STREAM_MENDED,
            occurred_at=now,
            actor="sync",
            audience=audience_of(common.stream),
            data={"stream": common.stream, "common": common.seq, "moved": len(behind), "replaced": replaced},
        )
        told = [(row.id, row.kind, row.learner, row.recorded_at, row.content) for row in behind]
        told.append((str(draft.id), str(draft.kind), "", now, draft.content()))
        hlc = max((row.hlc for row in (*restored, *behind)), default=0)
        seq, last, out = end.seq, end.hash, []
        for ident, kind, learner, recorded_at, content in told:
            seq, hlc = seq + 1, tick(hlc, now // 1000)
            envelope = (common.stream, seq, ident, kind, learner, recorded_at, hlc, content)
            last = chain_hash(envelope, last)
            out.append(FactRow(*envelope, last))
        return out

    def _note(self, connection: Connection, head: Head) -> None:
        """The new end of a stream."""
        set_head(connection, head)
        if writer_of(head.stream) != self._site:
            connection.execute(
                insert(CheckpointTable),
                {
                    "stream": head.stream,
                    "seq": head.seq,
                    "hash": head.hash,
                    "signed_at": head.signed_at,
                    "signature": head.signature,
                },
            )
        if self._witness is not None:
            self._database.after_commit(partial(self._witness.note, [(head.stream, head.seq, head.hash)]))

    # --- what lies beside the chain ---------------------------------------------------------------

    def _beside(self, connection: Connection, segment: Segment, rows: Sequence[FactRow]) -> None:
        if segment.private:
            self._keep_private(connection, segment, rows)
        if segment.images:
            self._keep_images(connection, segment, rows)
        for row in rows:
            if row.kind == FactKind.CATALOGUE_IMPORTED and writer_of(row.stream) == self._main != self._site:
                self._want(connection, parse(row.content)["data"]["digest"], "catalogue")

    def _keep_private(self, connection: Connection, segment: Segment, rows: Sequence[FactRow]) -> None:
        """Personal data that are what their fact commits to; others are left out, and the log says so."""
        keys = self._opened_keys(segment)
        erased = erasures(connection, {row.learner for row in rows})
        told = {
            row.id: (row.learner, parse(row.content).get("private", ""))
            for row in rows
            if told_since(erased, row.learner, row.stream, row.seq)
        }
        good: dict[str, dict[str, Any]] = {}
        for data in segment.private:
            learner, commitment = told.get(data.fact, ("", ""))
            if not commitment or learner != data.learner:
                continue
            try:
                found, _ = self._vault.unseal_with(keys.get(learner, ()), data.fact, data.sealed)
            except (LedgerBroken, ValueError):
                found = ""
            if found == commitment:
                good[data.fact] = {"fact": data.fact, "learner": learner, "sealed": data.sealed}
            else:
                _log.warning("sync.private_unusable", fact=data.fact, stream=segment.stream)
        if not good:
            return
        # Two sites told the same: the personal data are those of the row that counts.
        counts = select(FACT.c.id).where(FACT.c.id.in_(list(good)), FACT.c.stream == segment.stream)
        speaking = set(connection.execute(counts).scalars())
        held = set(
            connection.execute(select(_private.c.fact).where(_private.c.fact.in_(list(good)))).scalars()
        )
        connection.execute(delete(_private).where(_private.c.fact.in_(held & speaking)))
        good = {fact: row for fact, row in good.items() if fact in speaking or fact not in held}
        self._vault.keep_keys(connection, {row["learner"]: keys[row["learner"]] for row in good.values()})
        if good:
            connection.execute(insert(PrivateTable), list(good.values()))

    def _opened_keys(self, segment: Segment) -> Mapping[str, list[bytes]]:
        try:
            document = orjson.loads(open_box(self._secret, segment.keys, context=KEYS))
            return {learner: [bytes.fromhex(key) for key in keys] for learner, keys in document.items()}
        except (CannotOpen, ValueError, AttributeError, TypeError):
            return {}

    def _keep_images(self, connection: Connection, segment: Segment, rows: Sequence[FactRow]) -> None:
        erased = erasures(connection, {row.learner for row in rows})
        told = {
            (row.learner, parse(row.content)["data"].get("blob"))
            for row in rows
            if row.learner and told_since(erased, row.learner, row.stream, row.seq)
        }
        for image in segment.images:
            if (image.learner, image.digest) not in told:
                continue
            known = select(_image.c.address).where(
                _image.c.learner == image.learner, _image.c.digest == image.digest
            )
            if connection.execute(known).first() is None:
                connection.execute(insert(SealedBlobTable), image._asdict())
            self._want(connection, image.address, "image")

    def _want(self, connection: Connection, address: str, reason: str) -> None:
        want(connection, address, reason, now=self._now(), exists=self._blobs.exists)


@contextmanager
def _judged(segment: Segment) -> Iterator[None]:
    """Facts that break the tables for fast reading are refused like any other bad ones; nothing is stored."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, StatementError) as error:
        raise unusable(segment) from error


def _missing(held: Sequence[FactRow], told: Sequence[FactRow]) -> list[FactRow]:
    """Rows of `held` that `told` does not tell again."""
    known = {(row.id, row.kind, row.learner, row.content) for row in told}
    return [row for row in held if (row.id, row.kind, row.learner, row.content) not in known]


def want(
    connection: Connection, address: str, reason: str, *, now: int, exists: Callable[[str], bool]
) -> None:
    """Note that a blob is to be fetched, unless it is here."""
    known = select(_wanted.c.address).where(_wanted.c.address == address)
    if not exists(address) and connection.execute(known).first() is None:
        connection.execute(insert(WantedBlobTable), {"address": address, "reason": reason, "noted_at": now})
