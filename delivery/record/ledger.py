"""The hash chain and its signed heads (design D2).

The canonical body of a fact is one RFC 8785 document over its whole envelope and content. It is rebuilt from the stored
columns by byte formatting (the keys are written in their sorted order), so verification covers every column and parses
nothing. ``hash = SHA-256(body)``, and each body holds the hash before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from delivery.record.canonical import canonical

_BODY = (
    b'{"content":%b,"hlc":"%016x","id":"%b","kind":"%b","learner":"%b","prev":"%b",'
    b'"recorded_at":%d,"seq":%d,"stream":"%b"}'
)


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
        return canonical({"hash": self.hash, "seq": self.seq, "signed_at": self.signed_at, "stream": self.stream})


def sign_head(head: Head, key: Ed25519PrivateKey) -> Head:
    """`head` with the writer's signature."""
    return Head(head.stream, head.seq, head.hash, head.signed_at, key.sign(head.message()))


def head_is_signed_by(head: Head, key: Ed25519PublicKey) -> bool:
    """Whether the signature is the writer's."""
    try:
        key.verify(head.signature, head.message())
    except InvalidSignature:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Problem:
    """One place where the ledger does not verify."""

    stream: str
    sequence: int
    problem: str
    """``altered``, ``missing``, ``reordered``, ``unreadable``, ``head``, ``signature`` or ``unsigned``."""
    fact: str = ""
    detail: str = ""


RawRow = tuple[bytes, int, bytes, bytes, bytes, int, int, bytes, bytes]
"""stream, seq, id, kind, learner, recorded_at, hlc, content, hash; all texts as the bytes that are stored."""


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """Where verification of one stream has arrived: last sequence, and the hashes that it may have."""

    seq: int
    hashes: tuple[str, ...]


def verify_rows(rows: Iterable[RawRow], ends: dict[str, StreamEnd]) -> Iterator[Problem]:
    """Check rows ordered by (stream, seq); puts the end of every stream into `ends`.

    A problem is reported at its own place only: after an altered row, the next one may continue either the stored or
    the recomputed hash, and after a gap the first row's predecessor is unknown, so only its place can be reported.
    """
    sha256 = hashlib.sha256
    template = _BODY
    stream = b""
    expected = 1
    candidates: tuple[bytes, ...] = ()
    prev = b""
    for row in rows:
        row_stream, seq, ident, kind, learner, recorded_at, hlc, content, stored = row
        try:
            if row_stream == stream and seq == expected:
                body_bytes = template % (content, hlc, ident, kind, learner, prev, recorded_at, seq, stream)
                if sha256(body_bytes).hexdigest().encode() == stored:
                    # The common case, kept short: it runs hundreds of thousands of times a second.
                    prev = stored
                    candidates = ()
                    expected += 1
                    continue
                candidates = candidates or (prev,)
            elif row_stream != stream:
                if stream:
                    ends[_text(stream)] = StreamEnd(expected - 1, _texts(prev, candidates))
                stream, expected = row_stream, 1
                candidates = (genesis(_text(stream)).encode(),)
            if seq != expected:
                yield _out_of_place(row, expected)
                candidates = ()
            computed = [
                sha256(template % (content, hlc, ident, kind, learner, before, recorded_at, seq, stream))
                .hexdigest()
                .encode()
                for before in candidates
            ]
            candidates = ()
            if computed and stored not in computed:
                yield Problem(
                    _text(stream), seq, "altered", _text(ident), "the stored bytes do not give the stored hash"
                )
                candidates = (stored, computed[0])
            prev = stored
            expected = seq + 1
        except (TypeError, ValueError, OverflowError) as error:
            # SQLite keeps any type in any column: an edit can leave text where a number was.
            yield Problem(_text(row_stream), expected, "unreadable", _text(ident), str(error))
            prev = stored if isinstance(stored, bytes) else b""
            candidates = ()
            expected += 1
    if stream:
        ends[_text(stream)] = StreamEnd(expected - 1, _texts(prev, candidates))


def verify_head(head: Head, end: StreamEnd | None, key: Ed25519PublicKey | None) -> Iterator[Problem]:
    """Check a stored head against the stream's end and the writer's public key."""
    if key is None:
        yield Problem(head.stream, head.seq, "signature", detail="the writer's public key is not known here")
    elif not head_is_signed_by(head, key):
        yield Problem(head.stream, head.seq, "signature", detail="the head is not signed by the writer's key")
    last = end.seq if end else 0
    if last < head.seq:
        yield Problem(
            head.stream, last + 1, "missing", detail=f"facts {last + 1}-{head.seq} stand in the signed head but not here"
        )
    elif last > head.seq:
        yield Problem(head.stream, head.seq + 1, "unsigned", detail=f"facts after {head.seq} are not in the signed head")
    elif end and head.hash not in end.hashes:
        yield Problem(head.stream, head.seq, "head", detail="the signed head has another hash")


def _out_of_place(row: RawRow, expected: int) -> Problem:
    stream, seq, ident = _text(row[0]), row[1], _text(row[2])
    if seq > expected:
        gone = str(expected) if seq == expected + 1 else f"{expected}-{seq - 1}"
        return Problem(stream, expected, "missing", ident, f"sequence {gone} is missing before fact {ident} at {seq}")
    return Problem(stream, seq, "reordered", ident, f"expected sequence {expected}")


def _texts(prev: bytes, candidates: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(_text(value) for value in (candidates or (prev,)))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
