"""A stretch of one stream as it travels between sites, and what makes it believable (design D2).

Rows travel without their hashes: the receiver computes the chain from its own last hash on, and believes the stretch
only when it ends in a head that the stream's writer has signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from delivery.errors import N_, Message, Refused
from delivery.record.canonical import parse_written, require_canonical
from delivery.record.facts import EVERYONE, FactRow
from delivery.record.kinds import SPECS, FactKind, problems_of, upcast
from delivery.record.ledger import Head, chain_hash, genesis, head_is_signed_by

ROWS = 500
"""Facts of an ordinary segment."""
MAX_ROWS = 5_000
"""Largest segment that is taken."""
MAX_CONTENT = 1 << 18
"""Bytes of one fact's content."""


class BadSegment(Refused):
    """A stretch that cannot be believed, or not read by this version; nothing of it is stored."""


class Place(NamedTuple):
    """How far a holder has a stream: its last sequence and hash; sequence 0 before the first fact."""

    stream: str
    seq: int
    hash: str


def digest_of(places: Iterable[Place]) -> str:
    """SHA-256 over places, in order."""
    lines = "".join(f"{place.stream} {place.seq} {place.hash}\n" for place in places)
    return hashlib.sha256(lines.encode()).hexdigest()


def start_of(stream: str) -> Place:
    """The place before the first fact."""
    return Place(stream, 0, genesis(stream))


class Row(NamedTuple):
    """A fact on its way; stream and sequence stand with the segment."""

    id: str
    kind: str
    learner: str
    recorded_at: int
    hlc: int
    content: str


class SealedData(NamedTuple):
    """Personal data of one fact, sealed under the learner's key."""

    fact: str
    learner: str
    sealed: bytes


class SealedImage(NamedTuple):
    """Where the sealed image of a learner's work lies among the blobs."""

    learner: str
    digest: str
    address: str


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive rows of one stream, up to a signed head, and what lies beside them."""

    stream: str
    first: int
    rows: tuple[Row, ...]
    head: Head
    private: tuple[SealedData, ...] = ()
    keys: bytes = b""
    """Keys of the learners of `private`, sealed to the receiving site; empty when there are none."""
    images: tuple[SealedImage, ...] = ()

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1

    @property
    def end(self) -> Place:
        """The place of whoever has stored it."""
        return Place(self.stream, self.head.seq, self.head.hash)


def writer_of(stream: str) -> str:
    """The site that writes a stream."""
    return stream.split("/", 1)[0]


def audience_of(stream: str) -> str:
    """The site for whose learners a stream is kept, or everyone."""
    return stream.partition("/")[2]


def may_hold(site: str, stream: str, *, main: str) -> bool:
    """Whether `site` may hold `stream`: the main site all, others what they wrote and what concerns them."""
    writer, _, audience = stream.partition("/")
    return site in (main, writer, audience) or audience == EVERYONE


def may_pass(stream: str, one: str, other: str, *, main: str) -> bool:
    """Whether `stream` may pass between two sites, of which one is the main one.

    In both directions, so that a site that lost facts gets them back from whoever holds them: a stretch is believed
    for its writer's signature, not for who brought it.
    """
    return may_hold(one, stream, main=main) and may_hold(other, stream, main=main)


class Believed(NamedTuple):
    """What a segment holds, proved."""

    rows: list[FactRow]
    documents: list[Mapping[str, Any]]
    """The rows' contents, parsed (:func:`delivery.record.facts.fact_of`)."""


def chained(segment: Segment, before: Place, keys: Collection[Ed25519PublicKey]) -> Believed:
    """The rows with their hashes, continuing `before`.

    Raises BadSegment unless they join it, are well-formed facts, and end in a head signed by one of `keys`.
    """
    if segment.stream != before.stream or segment.first != before.seq + 1 or not segment.rows:
        raise _bad(segment, N_("it does not join what is held here"))
    if segment.head.stream != segment.stream or segment.head.seq != segment.last:
        raise _bad(segment, N_("its head is for another place"))
    out = []
    last, seq, stream = before.hash, before.seq, segment.stream
    for ident, kind, learner, recorded_at, hlc, content in segment.rows:
        seq += 1
        last = chain_hash((stream, seq, ident, kind, learner, recorded_at, hlc, content), last)
        out.append(FactRow(stream, seq, ident, kind, learner, recorded_at, hlc, content, last))
    if last != segment.head.hash:
        raise _bad(segment, N_("its chain does not end in its head"))
    if not any(head_is_signed_by(segment.head, key) for key in keys):
        raise _bad(segment, N_("its head is not signed by a key of its writer"))
    return Believed(out, [_read(segment, row) for row in segment.rows])


_good_shapes: set[tuple[Any, ...]] = set()
"""Names and types of contents that were found well-formed: nothing else decides, so their like need not be judged."""
_MOST_SHAPES = 10_000


def _read(segment: Segment, row: Row) -> Mapping[str, Any]:
    """The parsed content of `row`. Raises BadSegment unless it is a fact that this version can read."""
    try:
        document = parse_written(row.content)
        data = document["data"]
        types = tuple(map(type, data.values()))
        shape = (
            row.kind,
            row.learner != "",
            document["schema"],
            tuple(document),
            tuple(map(type, document.values())),
            tuple(data),
            types,
        )
        if shape not in _good_shapes:
            _judge(segment, row, document)
            if document["schema"] == SPECS[_KINDS[row.kind]].version and len(_good_shapes) < _MOST_SHAPES:
                _good_shapes.add(shape)
        if dict in types or list in types:
            # The kind's schema says the types of all values; only what lists and objects hold is left to look at.
            require_canonical(data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(segment, N_("a fact in it cannot be read")) from error
    return cast("Mapping[str, Any]", document)


def _judge(segment: Segment, row: Row, document: Mapping[str, Any]) -> None:
    """Raise BadSegment, or a ValueError and its like, unless `document` is the content of a known kind of fact."""
    schema, data = document["schema"], document["data"]
    spec = SPECS[_KINDS[row.kind]] if row.kind in _KINDS else None
    if spec is None or (type(schema) is int and schema > spec.version):
        raise _bad(
            segment, N_("it holds facts of a kind “{kind}” that this version does not know"), kind=row.kind
        )
    if schema != spec.version:
        require_canonical(document)
        data = upcast(row.kind, schema, data)
    texts = (name for name in document if name not in _NEEDED)
    if (
        problems_of(row.kind, data)
        or (type(schema), type(document["at"]), type(document["actor"])) != (int, int, str)
        or spec.about_learner != bool(row.learner)
        or any(name not in _TEXTS or type(document[name]) is not str for name in texts)
    ):
        raise _bad(segment, N_("a fact in it cannot be read"))


def speaks_before(one: FactRow, other: FactRow, *, main: str) -> bool:
    """Of two rows with one id, whether `one` is the one that counts.

    By value, so that every site decides alike: what the main site told goes first, then the earlier stamp.
    """
    return _rank(one, main) < _rank(other, main)


def _rank(row: FactRow, main: str) -> tuple[bool, int, str, int]:
    return (writer_of(row.stream) != main, row.hlc, row.stream, row.seq)


def says_the_same(one: FactRow, other: FactRow) -> bool:
    """Whether two rows with one id have the same content."""
    return (one.kind, one.learner, one.content) == (other.kind, other.learner, other.content)


def locator(end: int) -> list[int]:
    """Sequences at which a holder tells its hashes, so that another finds the last one both have: dense near the end,
    then at doubling distances, and the start (as in Bitcoin's block locators)."""
    out, step, at = [], 1, end
    while at > 0:
        out.append(at)
        at -= step
        if len(out) >= 8:
            step *= 2
    return [*out, 0]


def joined(segments: Sequence[Segment]) -> Iterable[Row]:
    """All rows of consecutive segments."""
    return (row for segment in segments for row in segment.rows)


def unusable(segment: Segment) -> BadSegment:
    """What to say of a stretch whose facts do not go into the tables for fast reading."""
    return _bad(segment, N_("a fact in it cannot be used"))


def _bad(segment: Segment, reason: str, **params: str) -> BadSegment:
    return BadSegment(
        N_("Facts {first}-{last} of stream {stream} were not taken: {reason}."),
        do=N_("Nothing was stored. Look at “tuxa sync status” of both sites."),
        stream=segment.stream,
        first=segment.first,
        last=segment.last,
        reason=Message(reason, params),
    )


_KINDS = {kind.value: kind for kind in FactKind}
_TEXTS = frozenset({"activity", "corrects", "course", "mode", "private"})
_NEEDED = frozenset({"actor", "at", "data", "schema"})
