"""Between the machine and the store: carries out what :class:`Peer` asks for, until only messages are left to send."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from delivery.errors import TuxaError
from delivery.network.sync.effects import (
    Commit,
    Effect,
    Find,
    Give,
    KeepHeads,
    Locate,
    Mend,
    Read,
    Send,
    Testify,
)
from delivery.network.sync.messages import Heads, Message
from delivery.network.sync.protocol import Peer
from delivery.record.ledger import Head
from delivery.record.segment import BadSegment, Place, Segment
from delivery.store.receiving import NotNext
from delivery.store.sending import ElsewhereBranched


class Shelf(Protocol):
    """What the machine needs of a store; `seal_for` and heads are those of the other site."""

    def read(self, after: Place, rows: int) -> Segment | None: ...
    def commit(self, segment: Segment) -> Place: ...
    def mend(self, common: Place, segments: Sequence[Segment]) -> Place: ...
    def place(self, stream: str) -> Place: ...
    def located(self, stream: str) -> tuple[Place, ...]: ...
    def common(self, stream: str, theirs: Sequence[Place]) -> Place | None: ...
    def own_heads(self) -> tuple[Head, ...]: ...
    def keep(self, heads: Sequence[Head]) -> Sequence[tuple[Head, bytes]]: ...
    def testify(self, heads: Sequence[tuple[Head, bytes]]) -> None: ...


def carry_out(
    peer: Peer, shelf: Shelf, effects: Iterable[Effect], *, failed: Callable[[TuxaError | OSError], None]
) -> list[Message]:
    """Do the work of `effects` and of what follows from it; the messages to send, in order.

    What the store refuses (a full disk, a damaged chain) goes to `failed`. Nothing is acknowledged then, and the sites
    find out by themselves that it has to be tried again.
    """
    todo = deque(effects)
    out: list[Message] = []
    while todo:
        effect = todo.popleft()
        if isinstance(effect, Send):
            out.append(effect.message)
            continue
        try:
            todo.extend(_done(peer, shelf, effect))
        except (TuxaError, OSError) as error:
            failed(error)
            peer.failed(effect)
    return out


def _done(peer: Peer, shelf: Shelf, effect: Effect) -> list[Effect]:
    match effect:
        case Read(after, rows):
            try:
                return peer.read(after, shelf.read(after, rows))
            except ElsewhereBranched:
                return peer.branched(after)
        case Commit(segment):
            return _commit(peer, shelf, segment)
        case Mend(common, segments):
            return _mend(peer, shelf, common, segments)
        case Locate(stream):
            return peer.located(stream, shelf.located(stream))
        case Find(stream, places):
            return peer.found(stream, shelf.common(stream, places))
        case KeepHeads(heads):
            return peer.kept(shelf.keep(heads))
        case Give():
            return [Send(Heads(shelf.own_heads()))]
        case Testify(heads):
            shelf.testify(heads)
    return []


def _commit(peer: Peer, shelf: Shelf, segment: Segment) -> list[Effect]:
    try:
        return peer.committed(shelf.commit(segment))
    except NotNext:
        return peer.not_next(shelf.place(segment.stream))
    except BadSegment as error:
        return peer.refused(segment.stream, error.what)


def _mend(peer: Peer, shelf: Shelf, common: Place, segments: Sequence[Segment]) -> list[Effect]:
    try:
        return peer.mended(segments[-1].end, shelf.mend(common, segments))
    except NotNext:
        return peer.not_next(shelf.place(common.stream))
    except BadSegment as error:
        return peer.not_followed(common.stream, error.what)
