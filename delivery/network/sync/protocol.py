"""One site's side of the sync with one other site: a state machine without sockets, store or clock.

It takes messages and answers with effects: messages to send, and work for the store, whose outcome is handed back. The
sender keeps no durable state: the receiver says how far it is, and whatever is lost on the way is asked for again.
Messages may be lost, doubled, late or hostile; facts are stored once, in order, and acknowledged only when durable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from delivery.errors import Message
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
from delivery.network.sync.messages import (
    NEWEST,
    Ack,
    Branched,
    Common,
    Have,
    Heads,
    Hello,
    Kept,
    Places,
    Refusal,
    Stretch,
)
from delivery.network.sync.messages import Message as AnyMessage
from delivery.network.sync.underway import Mending, Outgoing, digest_of
from delivery.record.ledger import Head
from delivery.record.segment import Place, Segment, may_pass, start_of, writer_of

WINDOW: Final = 4
"""Stretches on their way at once."""
IDLE_S: Final = 5.0
"""After so long without progress, say where we stand."""
SOON_S: Final = 1.0
"""The same, while both sites are not known to agree."""
MOVING_S: Final = 2.0
"""A stretch sent, or acknowledged, so lately counts as being on its way."""
LOST_S: Final = 15.0
"""After so long without a word the other site is out of reach."""
MAX_MEND: Final = 1 << 28
"""Bytes of content that are held until another chain is here whole."""


class Peer:
    """The other site, as one site sees it."""

    def __init__(self, *, own: str, other: str, main: str, newest: int = NEWEST) -> None:
        """`main` is the code of the main site: it holds every stream and passes them on."""
        self.own: Final = own
        self.other: Final = other
        self.main: Final = main
        self.newest: Final = newest
        self.version = 1
        """Version to speak: the newest that both know; the oldest until the other has said a word."""
        self.dropped: Counter[str] = Counter()
        """Messages that were passed over, by reason."""
        self.refusals: dict[str, Message] = {}
        """Stream -> why it is not taken further, by either side."""
        self.heard_at = float("-inf")
        self.behind: int | None = None
        """Facts that the other site still lacks; None before it said what it has."""
        self.sent_facts = 0
        self.taken_facts = 0
        self._mine: dict[str, Place] = {}
        self._theirs: dict[str, Outgoing] | None = None
        self._mending: dict[str, Mending] = {}
        self._agreed = False
        self._testified = ""
        """Digest of our own heads when the other site last answered what it keeps of them."""
        self._now = float("-inf")
        self._moved_at = float("-inf")
        self._busy_at = float("-inf")
        self._taken_at = float("-inf")
        self._own_heads = digest_of(())
        self._their_heads = digest_of(())

    # --- what may pass ----------------------------------------------------------------------------

    def shares(self, stream: str) -> bool:
        """Whether both sites may hold this stream."""
        return may_pass(stream, self.own, self.other, main=self.main)

    def _shared(self) -> list[Place]:
        return [place for name, place in sorted(self._mine.items()) if self.shares(name)]

    def theirs(self) -> list[Place]:
        """What the other site is known to have, of streams of which nothing is on its way."""
        return [o.cursor for o in (self._theirs or {}).values() if not (o.flying or o.reading or o.blocked)]

    def shared(self) -> list[Place]:
        """How far this site has the streams that both may hold, in order of their names."""
        return self._shared()

    def is_settled(self, now: float) -> bool:
        """Whether both sites were found to have the same, and nothing has moved since."""
        testified = self._testified == self._own_heads
        return self._agreed and testified and self.behind == 0 and now - self.heard_at < LOST_S

    # --- what happens here ------------------------------------------------------------------------

    def stand(self, places: Mapping[str, Place], *, own_heads: str, their_heads: str) -> list[Effect]:
        """How far this site has every stream now; digests of the own heads, and of the other's that are kept here."""
        self._mine = dict(places)
        self._own_heads, self._their_heads = own_heads, their_heads
        return self._pump()

    def beat(self, now: float) -> list[Effect]:
        """To be called every second or so: says hello when nothing moves."""
        self._now = now
        if now - self._busy_at < (IDLE_S if self._agreed else SOON_S):
            return []
        self._busy_at = now
        return [Send(self._hello(answer=False))]

    def begin(self, now: float) -> list[Effect]:
        """The line is new: whatever was on its way is lost."""
        self._theirs = None
        self._mending.clear()
        self._busy_at = now
        self._taken_at = float("-inf")
        return [Send(self._hello(answer=False))]

    def hello(self) -> Hello:
        """A word that shows that this site is there."""
        return self._hello(answer=True)

    def _hello(self, *, answer: bool) -> Hello:
        return Hello(digest_of(self._shared()), self._their_heads, self.newest, answer)

    # --- what comes -------------------------------------------------------------------------------

    def receive(self, message: AnyMessage, now: float) -> list[Effect]:
        """Take one message of the other site."""
        self.heard_at = self._now = now
        if isinstance(message, Stretch | Have):
            self._agreed = False
        match message:
            case Hello():
                return self._on_hello(message, now)
            case Have():
                return self._on_have(message, now)
            case Stretch():
                return self._on_stretch(message.segment, now)
            case Ack():
                return self._on_ack(message, now)
            case Refusal(stream, reason):
                return self._on_refusal(stream, reason)
            case Branched(stream):
                return self._on_branched(stream)
            case Places(stream, places):
                return self._on_places(stream, places)
            case Common():
                return self._on_common(message, now)
            case Heads(heads):
                return self._on_heads(heads)
            case Kept(heads):
                return self._on_kept(heads)
            case _:
                return self._drop("unexpected")

    def _drop(self, why: str) -> list[Effect]:
        self.dropped[why] += 1
        return []

    def _on_hello(self, hello: Hello, now: float) -> list[Effect]:
        self.version = max(1, min(self.newest, hello.newest))
        out: list[Effect] = []
        if not hello.answer:
            out.append(Send(self._hello(answer=True)))
        if hello.kept != self._own_heads:
            out.append(Give())
        else:
            self._testified = self._own_heads
        if hello.digest == digest_of(self._shared()):
            # They have exactly what we have: from here on we know what they lack.
            self._agreed = True
            if self._theirs is None or any(o.flying or o.blocked for o in self._theirs.values()):
                self._theirs = {place.stream: Outgoing(place, place.seq) for place in self._shared()}
            self.refusals.clear()
            return [*out, *self._pump()]
        self._agreed = False
        if now - self._taken_at >= IDLE_S:
            out.append(Send(Have(tuple(self._shared()))))
        return out

    def _on_have(self, have: Have, now: float) -> list[Effect]:
        """The other's places. What was on its way may be lost: it is sent again, and taken once."""
        flying = any(out.flying for out in (self._theirs or {}).values())
        if flying and now - self._moved_at < MOVING_S:
            # It crossed what we sent; if that is lost, they will say so again.
            return self._drop("crossed")
        self._busy_at = now
        self.refusals.clear()
        self._theirs = {}
        for place in have.places:
            if self.shares(place.stream):
                self._theirs[place.stream] = Outgoing(place, place.seq)
        return self._pump()

    def _on_stretch(self, segment: Segment, now: float) -> list[Effect]:
        self._busy_at = self._taken_at = now
        stream = segment.stream
        if not self.shares(stream):
            return self._drop("not yours")
        if stream in self._mending:
            return self._on_mending(stream, segment)
        mine = self._mine.get(stream, start_of(stream))
        if segment.last <= mine.seq:
            # Known; unless it is another fact, which the next Have shows.
            self.dropped["known"] += 1
            return [Send(Ack(mine))]
        if segment.first != mine.seq + 1:
            self.dropped["gap"] += 1
            return [Send(Ack(mine, again=True))]
        return [Commit(segment)]

    def _on_ack(self, ack: Ack, now: float) -> list[Effect]:
        self._busy_at = now
        out = (self._theirs or {}).get(ack.place.stream)
        if out is None or out.blocked:
            return self._drop("ack")
        if ack.again:
            if out.reading:
                return self._drop(
                    "again"
                )  # what is being read is sent, and asked for again where it does not fit
            out.flying.clear()
            out.cursor, out.acknowledged = ack.place, ack.place.seq
            return self._pump()
        self._moved_at = now
        while out.flying and out.flying[0] <= ack.place.seq:
            out.flying.popleft()
        out.acknowledged = max(out.acknowledged, ack.place.seq)
        if not out.flying and not out.reading:
            # They may be further than what we sent: another site gave it to them, or they wrote it.
            out.cursor = max(out.cursor, ack.place, key=lambda place: place.seq)
        return self._pump()

    def _on_refusal(self, stream: str, reason: str) -> list[Effect]:
        out = (self._theirs or {}).get(stream)
        if out is None:
            return self._drop("refusal")
        out.flying.clear()
        out.blocked = True
        self.refusals[stream] = Message(reason.replace("{", "(").replace("}", ")"))
        return self._pump()

    # --- chains that differ -----------------------------------------------------------------------

    def _on_branched(self, stream: str) -> list[Effect]:
        """Our last place is not on their chain: ask for theirs from the last place that both have.

        The writer of the stream takes its own facts back; anybody else follows only a chain that tells everything
        again that is held here.
        """
        if not self.shares(stream) or stream not in self._mine:
            return self._drop("not yours")
        self._mending.pop(stream, None)
        return [Locate(stream)]

    def located(self, stream: str, places: tuple[Place, ...]) -> list[Effect]:
        """Places of ours, for the other to find the last one that both have."""
        return [Send(Places(stream, places))]

    def _on_places(self, stream: str, places: tuple[Place, ...]) -> list[Effect]:
        if not self.shares(stream):
            return self._drop("not yours")
        return [Find(stream, places)]

    def found(self, stream: str, common: Place | None) -> list[Effect]:
        """The last place that both have: everything behind it follows."""
        mine = self._mine.get(stream)
        if common is None or mine is None or self._theirs is None:
            return self._drop("places")
        self._theirs[stream] = Outgoing(common, common.seq)
        return [Send(Common(common, mine.seq)), *self._pump()]

    def _on_common(self, message: Common, now: float) -> list[Effect]:
        self._busy_at = self._taken_at = now
        stream = message.place.stream
        mine = self._mine.get(stream)
        if not self.shares(stream) or mine is None:
            return self._drop("not yours")
        if message.place.seq >= min(mine.seq, message.until):
            return self._drop("common")
        self._mending[stream] = Mending(message.place, message.until)
        return []

    def _on_mending(self, stream: str, segment: Segment) -> list[Effect]:
        mending = self._mending[stream]
        if segment.first != mending.end.seq + 1:
            self.dropped["gap"] += 1
            again = segment.first > mending.end.seq + 1
            return [Send(Ack(mending.end, again=True))] if again else []
        mending.size += sum(len(row.content) for row in segment.rows)
        if mending.size > MAX_MEND:
            del self._mending[stream]
            return self._drop("too much to mend")
        mending.segments.append(segment)
        if segment.last >= mending.until:
            del self._mending[stream]
            return [Mend(mending.common, tuple(mending.segments))]
        # Credit only: nothing is stored before all of it is here.
        return [Send(Ack(segment.end))]

    # --- heads ------------------------------------------------------------------------------------

    def _on_heads(self, heads: tuple[Head, ...]) -> list[Effect]:
        if any(writer_of(head.stream) != self.other for head in heads):
            return self._drop("not yours")
        return [KeepHeads(heads)]

    def kept(self, heads: Iterable[tuple[Head, bytes]]) -> list[Effect]:
        """What is kept of the other's heads now, with our signatures."""
        return [Send(Kept(tuple(heads)))]

    def _on_kept(self, heads: tuple[tuple[Head, bytes], ...]) -> list[Effect]:
        if any(writer_of(head.stream) != self.own for head, _ in heads):
            return self._drop("not yours")
        self._testified = self._own_heads
        return [Testify(heads)]

    # --- what the store answers -------------------------------------------------------------------

    def committed(self, place: Place) -> list[Effect]:
        """It is stored durably."""
        before = self._mine.get(place.stream, start_of(place.stream))
        self.taken_facts += max(0, place.seq - before.seq)
        self._mine[place.stream] = place
        self.refusals.pop(place.stream, None)
        if self._theirs is not None and self.shares(place.stream):
            out = self._theirs.get(place.stream)
            # Whoever sent it has it: it is not sent back.
            if out is None or out.blocked or out.cursor.seq < place.seq:
                self._theirs[place.stream] = Outgoing(place, place.seq)
        return [Send(Ack(place)), *self._pump()]

    def mended(self, restored: Place, now: Place) -> list[Effect]:
        """Their chain was taken up to `restored`; what we wrote ourselves meanwhile stands behind it, up to `now`."""
        self._mine[now.stream] = now
        self.refusals.pop(now.stream, None)
        if self._theirs is not None and self.shares(now.stream):
            self._theirs[now.stream] = Outgoing(restored, restored.seq)
        return [Send(Ack(restored)), *self._pump()]

    def not_next(self, place: Place) -> list[Effect]:
        """Another stretch was due: this site stands at `place`."""
        self._mine[place.stream] = place
        return [Send(Ack(place, again=True))]

    def refused(self, stream: str, reason: Message) -> list[Effect]:
        """It cannot be believed, or not read."""
        self.dropped["refused"] += 1
        self.refusals[stream] = reason
        return [Send(Refusal(stream, str(reason)))]

    def not_followed(self, stream: str, reason: Message) -> list[Effect]:
        """Their chain leaves out facts that are held here: where they write it, they shall take those back first."""
        out = self.refused(stream, reason)
        return [*out, Send(Branched(stream))] if writer_of(stream) == self.other else out

    def read(self, after: Place, segment: Segment | None) -> list[Effect]:
        """The stretch that was asked for; None when there is nothing behind that place."""
        out = (self._theirs or {}).get(after.stream)
        if out is None:
            return []
        out.reading = False
        if segment is None or out.blocked or out.cursor != after:
            return [] if segment is None else self._pump()
        out.cursor = segment.end
        out.flying.append(segment.last)
        self._moved_at = self._busy_at = self._now
        self.sent_facts += len(segment.rows)
        return [Send(Stretch(segment)), *self._pump()]

    def branched(self, after: Place) -> list[Effect]:
        """The other's place is not on our chain."""
        out = (self._theirs or {}).get(after.stream)
        if out is None:
            return []
        out.reading, out.blocked = False, True
        out.flying.clear()
        return [Send(Branched(after.stream)), *self._pump()]

    # --- sending ----------------------------------------------------------------------------------

    def _pump(self) -> list[Effect]:
        """Ask the store for as many stretches as there is credit for."""
        if self._theirs is None:
            return []
        behind = 0
        credit = WINDOW - sum(len(out.flying) + out.reading for out in self._theirs.values())
        effects: list[Effect] = []
        for stream, mine in sorted(self._mine.items()):
            if not self.shares(stream):
                continue
            out = self._theirs.get(stream)
            if out is None:
                out = self._theirs[stream] = Outgoing(start_of(stream))
            behind += max(0, mine.seq - out.acknowledged)
            # An equal sequence with another hash is a branch, which reading finds.
            ahead = mine.seq > out.cursor.seq or (mine.seq == out.cursor.seq and mine.hash != out.cursor.hash)
            if credit > 0 and ahead and not out.reading and not out.blocked:
                out.reading = True
                credit -= 1
                effects.append(Read(out.cursor))
        self.behind = behind
        return effects
