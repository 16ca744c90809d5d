"""What the state machine of the sync asks for: messages to send, and work for the store (:mod:`.protocol`)."""

from __future__ import annotations

from dataclasses import dataclass

from delivery.network.sync.messages import Message as AnyMessage
from delivery.record.ledger import Head
from delivery.record.segment import Place, Segment


@dataclass(frozen=True, slots=True)
class Send:
    """Send this."""

    message: AnyMessage


@dataclass(frozen=True, slots=True)
class Read:
    """Read the next stretch after this place, and hand it to :meth:`Peer.read` or :meth:`Peer.branched`."""

    after: Place
    rows: int
    """Facts that it should hold, more or less."""


@dataclass(frozen=True, slots=True)
class Commit:
    """Store this durably, then call :meth:`Peer.committed`, :meth:`Peer.not_next` or :meth:`Peer.refused`."""

    segment: Segment


@dataclass(frozen=True, slots=True)
class Locate:
    """Call :meth:`Peer.located` with places of ours in this stream."""

    stream: str


@dataclass(frozen=True, slots=True)
class Find:
    """Call :meth:`Peer.found` with the first of these places that is on our chain."""

    stream: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Mend:
    """Take the other's chain behind `common`, then call :meth:`Peer.mended` or :meth:`Peer.not_followed`."""

    common: Place
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class KeepHeads:
    """Keep these heads of the other site, then call :meth:`Peer.kept` with what is kept of it now."""

    heads: tuple[Head, ...]


@dataclass(frozen=True, slots=True)
class Testify:
    """The other site keeps these heads of ours, with its signature over each."""

    heads: tuple[tuple[Head, bytes], ...]


@dataclass(frozen=True, slots=True)
class Give:
    """Send :class:`Heads` with the newest heads of our own streams."""


Effect = Send | Read | Commit | Locate | Find | Mend | KeepHeads | Testify | Give
