"""What two sites say to each other. Every message may be lost, doubled or late without harm."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.record.ledger import Head
from delivery.record.segment import Place, Segment

OLDEST, NEWEST = 1, 2
"""Versions of the protocol that are spoken: 2 packs with zstd, 1 with zlib."""


@dataclass(frozen=True, slots=True)
class Hello:
    """I am here. `digest` is over my places in all streams that both of us may hold, `kept` over the heads of your
    streams that I keep: when both agree with yours, there is nothing to do."""

    digest: str
    kept: str
    newest: int = NEWEST
    """Newest version that I speak."""
    answer: bool = False
    """Whether this answers a Hello (and needs no answer)."""


@dataclass(frozen=True, slots=True)
class Have:
    """My last place in each stream that both of us may hold; streams that I do not have are left out."""

    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The next facts of a stream."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Ack:
    """This is stored durably here. With `again`, what came did not join it: go on from here."""

    place: Place
    again: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """A stream is not taken from you any more, for the reason given (an English message id, with its parameters filled
    in); until the next Have."""

    stream: str
    reason: str


@dataclass(frozen=True, slots=True)
class Branched:
    """Your last place in this stream is not on the chain that I hold."""

    stream: str


@dataclass(frozen=True, slots=True)
class Places:
    """Places of mine in a stream that I write, from its end backwards: tell me the last one we share."""

    stream: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Common:
    """The last place we share in that stream. What I hold behind it follows, up to `until`."""

    place: Place
    until: int


@dataclass(frozen=True, slots=True)
class Heads:
    """Signed ends of streams that I write: keep them, so that I cannot go back behind them."""

    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Signed ends of streams that you write, as I keep them, each with my signature over it."""

    heads: tuple[tuple[Head, bytes], ...]


@dataclass(frozen=True, slots=True)
class Want:
    """Send me the bytes of a blob from `offset` on."""

    address: str
    offset: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes of a blob; `total` is its size. Without bytes: it is not here, or not for you."""

    address: str
    offset: int
    total: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Join:
    """Redeem an invitation: my code and my public keys (CURVE in Z85; signing and sealing, 32 bytes each)."""

    site: str
    curve: str
    signing: bytes
    sealing: bytes
    proof: bytes
    """My signature, by `signing`, over the other keys and the invitation's own public key."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """You are admitted. `box` is sealed to your sealing key and holds what the sites of an institution share."""

    box: bytes


@dataclass(frozen=True, slots=True)
class Rotate:
    """From now on my transport and sealing keys are these, signed by my signing key."""

    curve: str
    sealing: bytes
    proof: bytes


Message = (
    Hello
    | Have
    | Stretch
    | Ack
    | Refusal
    | Branched
    | Places
    | Common
    | Heads
    | Kept
    | Want
    | Chunk
    | Join
    | Welcome
    | Rotate
)
