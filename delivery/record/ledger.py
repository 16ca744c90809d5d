"""The hash chain and its signed heads (design D2).

The canonical body of a fact is one RFC 8785 document over its whole envelope and content. It is rebuilt from the stored
columns by byte formatting (the keys are written in their sorted order), so verification covers every column and parses
nothing. ``hash = SHA-256(body)``, and each body holds the hash before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from delivery.record.canonical import canonical

_BODY = (
    b'{"content":%%b,"hlc":"%%016x","id":"%%b","kind":"%%b","learner":"%%b","prev":"%%b",'
    b'"recorded_at":%%d,"seq":%%d,"stream":"%b"}'
)
"""Filled in two steps: the stream once, then each row."""


def genesis(stream: str) -> str:
    """The hash before the first fact of `stream`: binds the chain to its name."""
    return hashlib.sha256(b"tuxa ledger 1\x00" + stream.encode()).hexdigest()


Envelope = tuple[str, int, str, str, str, int, int, str]
"""stream, seq, id, kind, learner, recorded_at, hlc, content: a row without its hash."""


def body(row: Envelope, prev: str) -> bytes:
    """Canonical body of a row whose predecessor has the hash `prev`."""
    stream, seq, ident, kind, learner, recorded_at, hlc, content = row
    return (
        f'{{"content":{content},"hlc":"{hlc:016x}","id":"{ident}","kind":"{kind}","learner":"{learner}",'
        f'"prev":"{prev}","recorded_at":{recorded_at},"seq":{seq},"stream":"{stream}"}}'
    ).encode()


def chain_hash(row: Envelope, prev: str) -> str:
    """SHA-256 in hexadecimal of the row's body."""
    return hashlib.sha256(body(row, prev)).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The signed end of a stream: whoever holds it can show that nothing before it changed."""

    stream: str
    seq: int
    hash: str
    signed_at: int
    """Microseconds since 1970 UTC."""
    signature: bytes = b""

    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical(
            {"hash": self.hash, "seq": self.seq, "signed_at": self.signed_at, "stream": self.stream}
        )


def sign_head(head: Head, key: Ed25519PrivateKey) -> Head:
    """`head` with the writer's signature."""
    return Head(head.stream, head.seq, head.hash, head.signed_at, key.sign(head.message()))


def head_is_signed_by(head: Head, key: Ed25519PublicKey) -> bool:
    """Whether the signature is the writer's."""
    try:
        key.verify(head.signature, head.message())
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the ledger does not verify."""

    stream: str
    sequence: int
    problem: str
    """altered, missing, reordered, unreadable, head, signature, unsigned or rollback.

    An audit of what lies beside the chains also finds: projection, catalogue, private, image.
    """
    fact: str = ""
    detail: str = ""


RawRow = tuple[int, bytes, bytes, bytes, int, int, bytes, Any]
"""seq, id, kind, learner, recorded_at, hlc, content, hash of one stream; all texts as the bytes that are stored."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Where verification of one stream has arrived: last sequence, and the hashes that it may have."""

    seq: int
    hashes: tuple[str, ...]


@dataclass(slots=True)
class Reader:
    """Verification of one stream, row by row from `expected` on, whose predecessor has one of the hashes `before`."""

    stream: str
    expected: int = 1
    before: tuple[bytes, ...] = ()
    """Empty when what stood before is not known."""
    count: int = 0

    def end(self) -> StreamEnd:
        """Where the reader stands."""
        return StreamEnd(self.expected - 1, tuple(_text(value) for value in self.before))

    def read(self, rows: Iterable[RawRow]) -> Iterator[Problem]:
        """Check rows in order of sequence.

        A problem is reported at its own place only: after an altered row, the next one may continue either the stored
        or the recomputed hash, and after a gap the first row's predecessor is unknown, so only its place can be
        reported.
        """
        template = _BODY % self.stream.encode().replace(b"%", b"%%")
        expected, before = self.expected, self.before
        for row in rows:
            seq, ident, kind, learner, recorded_at, hlc, content, stored = row
            self.count += 1
            try:
                if seq != expected:
                    yield self._out_of_place(row, expected)
                    before = ()
                bodies = [
                    template % (content, hlc, ident, kind, learner, value, recorded_at, seq)
                    for value in before
                ]
                computed = [hashlib.sha256(body_bytes).hexdigest().encode() for body_bytes in bodies]
                if computed and stored not in computed:
                    detail = "the stored bytes do not give the stored hash"
                    yield Problem(self.stream, seq, "altered", _text(ident), detail)
                    before = _hashes(stored, computed[0])
                else:
                    before = _hashes(stored)
                expected = seq + 1
            except (TypeError, ValueError, OverflowError):
                # SQLite keeps any type in any column: an edit can leave text where a number was.
                detail = "a stored value is of another kind than was told"
                yield Problem(self.stream, expected, "unreadable", _text(ident), detail)
                before = _hashes(stored)
                expected += 1
        self.expected, self.before = expected, before

    def _out_of_place(self, row: RawRow, expected: int) -> Problem:
        seq, ident = row[0], _text(row[1])
        if seq > expected:
            gone = str(expected) if seq == expected + 1 else f"{expected}-{seq - 1}"
            return Problem(
                self.stream, expected, "missing", ident, f"sequence {gone} is missing before {seq}"
            )
        return Problem(self.stream, seq, "reordered", ident, f"expected sequence {expected}")


def verify_head(head: Head, end: StreamEnd | None, keys: Collection[Ed25519PublicKey]) -> Iterator[Problem]:
    """Check a stored head against the stream's end and the public keys that its writer has had."""
    if not keys:
        yield Problem(head.stream, head.seq, "signature", detail="the writer's public key is not known here")
    elif not any(head_is_signed_by(head, key) for key in keys):
        yield Problem(head.stream, head.seq, "signature", detail="the head is not signed by the writer's key")
    last = end.seq if end else 0
    if last < head.seq:
        gone = f"facts {last + 1}-{head.seq} stand in the signed head but not here"
        yield Problem(head.stream, last + 1, "missing", detail=gone)
    elif last > head.seq:
        more = f"facts after {head.seq} are not in the signed head"
        yield Problem(head.stream, head.seq + 1, "unsigned", detail=more)
    elif end and head.hash not in end.hashes:
        yield Problem(head.stream, head.seq, "head", detail="the signed head has another hash")


def _hashes(*values: object) -> tuple[bytes, ...]:
    return tuple(value for value in values if isinstance(value, bytes))


def _text(value: object) -> str:
    """For people; None stands for a value of another type than was told."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
