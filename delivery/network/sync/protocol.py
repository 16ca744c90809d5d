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
from delivery.network.sync.mending import Mending, Mendings
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
from delivery.network.sync.outgoing import Outbox
from delivery.record.ledger import Head
from delivery.record.segment import Place, Segment, digest_of, may_pass, start_of, writer_of

IDLE_S: Final = 5.0
"""After so long without progress, say where we stand."""
SOON_S: Final = 1.0
"""The same, while both sites are not known to agree."""
QUIET_S: Final = 0.3
"""The same, when something has just moved: the other may have all of it now."""
LOST_S: Final = 15.0
"""After so long without a word the other site is out of reach."""


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
        self.taken_facts = 0
        self._mine: dict[str, Place] = {}
        self._shared_names: tuple[str, ...] | None = None
        """Names in `_mine` that both may hold, in order; None when they have to be looked at again."""
        self._outbox = Outbox()
        self._mendings = Mendings()
        self._resting: dict[str, float] = {}
        """Stream -> until when nothing of it is taken, because the store could not."""
        self._agreed = False
        self._testified = ""
        """Digest of our own heads when the other site last answered what it keeps of them."""
        self._now = float("-inf")
        self._busy_at = float("-inf")
        self._has_moved = False
        """Whether facts have passed since the last hello."""
        self._taken_at = float("-inf")
        self._own_heads = digest_of(())
        self._their_heads = digest_of(())

    # --- what may pass ----------------------------------------------------------------------------

    def shares(self, stream: str) -> bool:
        """Whether both sites may hold this stream."""
        return may_pass(stream, self.own, self.other, main=self.main)

    @property
    def behind(self) -> int | None:
        """Facts that the other site still lacks; None before it said what it has."""
        return self._outbox.behind

    @property
    def sent_facts(self) -> int:
        return self._outbox.sent_facts

    def theirs(self) -> list[Place]:
        """What the other site is known to have, of streams of which nothing is on its way."""
        return self._outbox.idle_places()

    def shared(self) -> list[Place]:
        """How far this site has the streams that both may hold, in order of their names."""
        if self._shared_names is None:
            self._shared_names = tuple(name for name in sorted(self._mine) if self.shares(name))
        return [self._mine[name] for name in self._shared_names]

    def is_settled(self, now: float) -> bool:
        """Whether both sites were found to have the same, and nothing has moved since."""
        testified = self._testified == self._own_heads
        return self._agreed and testified and self.behind == 0 and now - self.heard_at < LOST_S

    # --- what happens here ------------------------------------------------------------------------

    def stand(self, places: Mapping[str, Place], *, own_heads: str, their_heads: str) -> list[Effect]:
        """How far this site has every stream now; digests of the own heads, and of the other's that are kept here."""
        if places.keys() != self._mine.keys():
            self._shared_names = None
        self._mine = dict(places)
        self._own_heads, self._their_heads = own_heads, their_heads
        return self._pump()

    def _stand_at(self, place: Place) -> None:
        if place.stream not in self._mine:
            self._shared_names = None
        self._mine[place.stream] = place

    def beat(self, now: float) -> list[Effect]:
        """To be called every second or so: says hello when nothing moves."""
        self._now = now
        patience = IDLE_S if self._agreed else QUIET_S if self._has_moved else SOON_S
        if now - self._busy_at < patience:
            return []
        self._busy_at, self._has_moved = now, False
        return [Send(self._hello(answer=False))]

    def begin(self, now: float) -> list[Effect]:
        """As :meth:`renew`, and say hello: the site that calls does."""
        self.renew()
        self._busy_at = now
        return [Send(self._hello(answer=False))]

    def renew(self) -> None:
        """The line is new: whatever was on its way is lost."""
        self._outbox.forget()
        self._mendings.clear()
        self._taken_at = float("-inf")

    def hello(self) -> Hello:
        """A word that shows that this site is there."""
        return self._hello(answer=True)

    def _hello(self, *, answer: bool) -> Hello:
        return Hello(digest_of(self.shared()), self._their_heads, self.newest, answer)

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

    def _moved(self, now: float) -> None:
        self._busy_at, self._has_moved = now, True

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
        if hello.digest == digest_of(self.shared()):
            # They have exactly what we have: from here on we know what they lack.
            self._agreed = True
            if not self._outbox.is_idle:
                self._outbox.learn(self.shared())
            self.refusals.clear()
            return [*out, *self._pump()]
        self._agreed = False
        if now - self._taken_at >= IDLE_S:
            out.append(Send(Have(tuple(self.shared()))))
        return out

    def _on_have(self, have: Have, now: float) -> list[Effect]:
        """The other's places. What was on its way may be lost: it is sent again, and taken once."""
        if self._outbox.is_moving(now):
            # It crossed what we sent; if that is lost, they will say so again.
            return self._drop("crossed")
        self._moved(now)
        self.refusals.clear()
        self._outbox.learn(place for place in have.places if self.shares(place.stream))
        return self._pump()

    def _on_stretch(self, segment: Segment, now: float) -> list[Effect]:
        self._taken_at = now
        self._moved(now)
        stream = segment.stream
        if not self.shares(stream):
            return self._drop("not yours")
        if now < self._resting.get(stream, now):
            return self._drop("resting")
        if (mending := self._mendings.of(stream)) is not None:
            return self._on_mending(mending, segment)
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
        self._moved(now)
        passed_over = self._outbox.acknowledge(ack, now)
        return self._drop(passed_over) if passed_over else self._pump()

    def _on_refusal(self, stream: str, reason: str) -> list[Effect]:
        if not self._outbox.block(stream):
            return self._drop("refusal")
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
        self._mendings.drop(stream)
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
        if common is None or mine is None or not self._outbox.go_on_from(common):
            return self._drop("places")
        return [Send(Common(common, mine.seq)), *self._pump()]

    def _on_common(self, message: Common, now: float) -> list[Effect]:
        self._taken_at = now
        self._moved(now)
        stream = message.place.stream
        mine = self._mine.get(stream)
        if not self.shares(stream) or mine is None:
            return self._drop("not yours")
        if message.place.seq >= min(mine.seq, message.until):
            return self._drop("common")
        self._mendings.begin(message.place, message.until)
        return []

    def _on_mending(self, mending: Mending, segment: Segment) -> list[Effect]:
        if segment.first != mending.end.seq + 1:
            self.dropped["gap"] += 1
            again = segment.first > mending.end.seq + 1
            return [Send(Ack(mending.end, again=True))] if again else []
        if not self._mendings.add(mending, segment):
            return self._drop("too much to mend")
        if mending.is_whole:
            self._mendings.drop(segment.stream)
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
        self._stand_at(place)
        self.refusals.pop(place.stream, None)
        if self.shares(place.stream):
            self._outbox.came_from_there(place)
        return [Send(Ack(place)), *self._pump()]

    def mended(self, restored: Place, now: Place) -> list[Effect]:
        """Their chain was taken up to `restored`; what we wrote ourselves meanwhile stands behind it, up to `now`."""
        self._stand_at(now)
        self.refusals.pop(now.stream, None)
        if self.shares(now.stream):
            self._outbox.go_on_from(restored)
        return [Send(Ack(restored)), *self._pump()]

    def not_next(self, place: Place) -> list[Effect]:
        """Another stretch was due: this site stands at `place`."""
        self._stand_at(place)
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
        is_sent = self._outbox.was_read(after, segment, self._now)
        if segment is None or not is_sent:
            return [] if segment is None else self._pump()
        self._moved(self._now)
        return [Send(Stretch(segment)), *self._pump()]

    def failed(self, effect: Effect) -> None:
        """The store could not do this. It is left alone for a while, and then tried again."""
        if isinstance(effect, Read):
            self._outbox.was_read(effect.after, None, self._now)
        elif isinstance(effect, Commit):
            self._resting[effect.segment.stream] = self._now + IDLE_S
        elif isinstance(effect, Mend):
            self._resting[effect.common.stream] = self._now + IDLE_S

    def branched(self, after: Place) -> list[Effect]:
        """The other's place is not on our chain."""
        if not self._outbox.block(after.stream):
            return []
        return [Send(Branched(after.stream)), *self._pump()]

    def _pump(self) -> list[Effect]:
        """Ask the store for as many stretches as there is credit for."""
        return [*self._outbox.pump(self.shared())]
