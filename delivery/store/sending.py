"""What this site gives to others: how far it has each stream, and stretches of them (design D2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, select

from delivery.clock import Clock, to_micros
from delivery.errors import N_, LedgerBroken
from delivery.ids import IdSource
from delivery.record.canonical import parse
from delivery.record.facts import FactRow
from delivery.record.ledger import Head, sign_head
from delivery.record.segment import (
    MAX_ROWS,
    ROWS,
    Place,
    Row,
    SealedData,
    SealedImage,
    Segment,
    locator,
    writer_of,
)
from delivery.store.chains import hash_at, head_of, places, rows_between
from delivery.store.database import Database
from delivery.store.sealing import seal_to
from delivery.store.tables.core import PrivateTable, SealedBlobTable
from delivery.store.tables.sync import CheckpointTable
from delivery.store.vault import Vault

KEYS = "learner keys"
"""Context of the box that carries learners' keys."""
_CONTENTS = 1 << 21
"""Characters of content in one stretch."""
_MOST = 3 << 20
"""Bytes of content and personal data in one stretch that can be made shorter."""
_private = PrivateTable.__table__  # type: ignore[attr-defined]
_image = SealedBlobTable.__table__  # type: ignore[attr-defined]
_checkpoint = CheckpointTable.__table__  # type: ignore[attr-defined]


class ElsewhereBranched(Exception):
    """The other site's last fact of a stream is not on the chain that is held here."""


def _fitting(rows: Sequence[FactRow]) -> int:
    """How many of `rows` go into one message."""
    total = 0
    for count, row in enumerate(rows):
        total += len(row.content)
        if total > _CONTENTS and count:
            return count
    return len(rows)


class Sending:
    """Reads the chains for other sites."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        *,
        site: str,
        signing: Ed25519PrivateKey,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._database = database
        self._vault = vault
        self._site = site
        self._signing = signing
        self._clock = clock
        self._ids = ids

    def places(self) -> dict[str, Place]:
        """How far every stream is held here."""
        with self._database.read() as connection:
            return places(connection)

    def read(self, after: Place, *, seal_for: bytes, rows: int = ROWS) -> Segment | None:
        """The next stretch after `after`, at most about `rows` facts; None when there is nothing behind it.

        `seal_for` is the sealing key of the receiver. Raises ElsewhereBranched when `after` is not on our chain, and
        LedgerBroken when what is stored behind it was altered so that it cannot even be read.
        """
        try:
            return self._read(after, seal_for, rows)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise LedgerBroken(
                N_("Facts of stream {stream} behind {sequence} were altered here and cannot be read."),
                do=N_("“tuxa record verify” says what is wrong with them."),
                stream=after.stream,
                sequence=after.seq,
            ) from error

    def _read(self, after: Place, seal_for: bytes, rows: int) -> Segment | None:
        with self._database.read() as connection:
            end = head_of(connection, after.stream)
            if end is None or end.seq < after.seq:
                return None
            if hash_at(connection, after.stream, after.seq) != after.hash:
                raise ElsewhereBranched(after.stream)
            if end.seq == after.seq:
                return None
            until = self._until(connection, end, after.seq, rows)
            found = rows_between(connection, after.stream, after.seq + 1, until.seq)
            if len(found) != until.seq - after.seq:
                return None  # the chain is broken here: `tuxa record verify` says where
            if writer_of(after.stream) == self._site and (cut := _fitting(found)) < len(found):
                found = found[:cut]
                until = Head(after.stream, found[-1].seq, "", 0)
            private, keys = self._private(connection, found, seal_for)
            size = sum(len(row.content) for row in found) + sum(len(data.sealed) for data in private)
            if size > _MOST and rows > 1:
                # Stretches that others signed go together only as far as one message holds them.
                return self._read(after, seal_for, max(rows // 4, 1))
            images = self._images(connection, found)
        head = until if until.signature else self._signed(until.stream, until.seq, found[-1].hash)
        return Segment(
            after.stream,
            after.seq + 1,
            tuple(Row(r.id, r.kind, r.learner, r.recorded_at, r.hlc, r.content) for r in found),
            head,
            private,
            keys,
            images,
        )

    def _until(self, connection: Connection, end: Head, after: int, rows: int) -> Head:
        """The head that the next stretch ends in; one of our own streams may end anywhere, unsigned as yet."""
        if end.seq <= after + rows:
            return end
        if writer_of(end.stream) == self._site:
            return Head(end.stream, after + rows, "", 0)
        found = None
        for condition, order in (
            ((_checkpoint.c.seq <= after + rows), _checkpoint.c.seq.desc()),
            ((_checkpoint.c.seq <= after + MAX_ROWS), _checkpoint.c.seq),
        ):
            query = select(_checkpoint).where(
                _checkpoint.c.stream == end.stream, _checkpoint.c.seq > after, condition
            )
            found = connection.execute(query.order_by(order).limit(1)).first()
            if found is not None:
                return Head(found.stream, found.seq, found.hash, found.signed_at, bytes(found.signature))
        return end

    def _signed(self, stream: str, seq: int, digest: str) -> Head:
        return sign_head(Head(stream, seq, digest, to_micros(self._clock.now())), self._signing)

    def _private(
        self, connection: Connection, rows: Sequence[FactRow], seal_for: bytes
    ) -> tuple[tuple[SealedData, ...], bytes]:
        """Personal data of the rows, and the keys that open them in a box for the receiver."""
        ids = [row.id for row in rows if '"private":"' in row.content]
        if not ids:
            return (), b""
        found = [
            SealedData(row.fact, row.learner, bytes(row.sealed))
            for row in connection.execute(select(_private).where(_private.c.fact.in_(ids)))
        ]
        keys = self._vault.all_keys(connection, {row.learner for row in found})
        # Whoever was erased has no key any more: nothing of them is passed on.
        found = [row for row in found if row.learner in keys]
        if not found:
            return (), b""
        plain = orjson.dumps({learner: [key.hex() for key in held] for learner, held in keys.items()})
        return tuple(found), seal_to(seal_for, plain, context=KEYS, ids=self._ids)

    def _images(self, connection: Connection, rows: Iterable[FactRow]) -> tuple[SealedImage, ...]:
        named = {
            (row.learner, parse(row.content)["data"].get("blob"))
            for row in rows
            if row.learner and '"blob":"' in row.content
        }
        if not named:
            return ()
        query = select(_image).where(_image.c.learner.in_({learner for learner, _ in named}))
        return tuple(
            SealedImage(row.learner, row.digest, row.address)
            for row in connection.execute(query)
            if (row.learner, row.digest) in named
        )

    def located(self, stream: str) -> tuple[Place, ...]:
        """Places of ours in a stream, from its end backwards, so that another finds the last one both have."""
        with self._database.read() as connection:
            head = head_of(connection, stream)
            marks = locator(head.seq if head else 0)
            found = ((seq, hash_at(connection, stream, seq)) for seq in marks)
            return tuple(Place(stream, seq, digest) for seq, digest in found if digest is not None)

    def common(self, stream: str, theirs: Sequence[Place]) -> Place | None:
        """The first of another's places that is on our chain too; None when none is."""
        with self._database.read() as connection:
            for place in theirs:
                if place.stream == stream and hash_at(connection, stream, place.seq) == place.hash:
                    return place
        return None
