"""Heads that sites keep of each other: who once showed a head cannot go back behind it unnoticed (design D2)."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection, insert, select, update

from delivery.record.ledger import Head, head_is_signed_by
from delivery.record.segment import Place, writer_of
from delivery.store.chains import admitted, all_heads
from delivery.store.database import Database
from delivery.store.tables.sync import KeptHeadTable
from delivery.store.witness import Witness

_kept = KeptHeadTable.__table__  # type: ignore[attr-defined]
_log = structlog.get_logger(__name__)


def cosigned_message(head: Head, keeper: str) -> bytes:
    """What a keeper signs: the head with its signature, and the keeper's own code."""
    return b"tuxa kept head 1\x00" + keeper.encode() + b"\x00" + head.message() + head.signature


class SiteHeads:
    """The heads that this site keeps of others, and what others keep of it."""

    def __init__(
        self, database: Database, *, site: str, signing: Ed25519PrivateKey, witness: Witness | None
    ) -> None:
        self._database = database
        self._site = site
        self._signing = signing
        self._witness = witness

    def own(self) -> tuple[Head, ...]:
        """Signed ends of the streams that this site writes."""
        with self._database.read() as connection:
            return tuple(head for head in all_heads(connection) if writer_of(head.stream) == self._site)

    def kept_of(self, writer: str) -> tuple[Head, ...]:
        """The newest heads of `writer`'s streams that this site keeps."""
        with self._database.read() as connection:
            return self._kept_in(connection, writer)

    def _kept_in(self, connection: Connection, writer: str) -> tuple[Head, ...]:
        query = select(_kept).where(_kept.c.keeper == self._site).order_by(_kept.c.stream)
        return tuple(
            Head(row.stream, row.seq, row.hash, row.signed_at, bytes(row.signature))
            for row in connection.execute(query)
            if writer_of(row.stream) == writer
        )

    def keep(self, writer: str, heads: Sequence[Head]) -> list[tuple[Head, bytes]]:
        """Keep the newer ones of `heads` that `writer` really signed; all that are kept of it now, cosigned."""
        with self._database.write() as connection:
            keys = admitted(connection, self._site).get(writer, [])
            held = {head.stream: head for head in self._kept_in(connection, writer)}
            for head in heads:
                known = held.get(head.stream)
                if not any(head_is_signed_by(head, key) for key in keys):
                    _log.warning("sync.head_unsigned", stream=head.stream)
                elif known is None or head.seq > known.seq:
                    self._put(connection, head, self._site, self._cosigned(head))
                elif head.seq < known.seq or head.hash != known.hash:
                    # Two heads of one writer that cannot both stand on one chain: the first one is the evidence.
                    _log.warning("sync.head_went_back", stream=head.stream, kept=known.seq, shown=head.seq)
            return [(head, self._cosigned(head)) for head in self._kept_in(connection, writer)]

    def _cosigned(self, head: Head) -> bytes:
        return self._signing.sign(cosigned_message(head, self._site))

    def testify(self, keeper: str, heads: Sequence[tuple[Head, bytes]]) -> None:
        """`keeper` keeps these heads of ours. What we signed once binds us: verification finds a way back behind it."""
        own = self._signing.public_key()
        with self._database.write() as connection:
            keys = admitted(connection, self._site).get(keeper, [])
            good = [
                (head, cosignature)
                for head, cosignature in heads
                if head_is_signed_by(head, own)
                and any(_is_signed(key, cosignature, cosigned_message(head, keeper)) for key in keys)
            ]
            for head, cosignature in good:
                self._put(connection, head, keeper, cosignature)
        if self._witness is not None:
            seen = self._witness.seen()
            further = [h for h, _ in good if h.stream not in seen or h.seq > seen[h.stream].seq]
            if further:
                self._witness.note([(head.stream, head.seq, head.hash) for head in further])

    def witnesses(self) -> dict[str, list[tuple[str, int]]]:
        """Stream of this site -> (keeper, sequence) of each site that could testify to it."""
        out: dict[str, list[tuple[str, int]]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(_kept).order_by(_kept.c.stream, _kept.c.keeper)):
                if writer_of(row.stream) == self._site:
                    out.setdefault(row.stream, []).append((row.keeper, row.seq))
        return out

    def _put(self, connection: Connection, head: Head, keeper: str, cosignature: bytes) -> None:
        values = {
            "seq": head.seq,
            "hash": head.hash,
            "signed_at": head.signed_at,
            "signature": head.signature,
            "cosignature": cosignature,
        }
        place = (_kept.c.stream == head.stream) & (_kept.c.keeper == keeper)
        known = connection.execute(select(_kept.c.seq, _kept.c.hash).where(place)).first()
        if known is None:
            connection.execute(insert(_kept), {"stream": head.stream, "keeper": keeper, **values})
        elif known.seq < head.seq:
            connection.execute(update(_kept).where(place).values(values))


def _is_signed(key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def as_places(heads: Sequence[Head]) -> list[Place]:
    """Places of heads, in order of their streams."""
    return sorted(Place(head.stream, head.seq, head.hash) for head in heads)
