"""What goes to the other site: how far it has each stream, what is on its way, and how much may be at once.

The line sets the pace: long stretches, and several of them, where acknowledgements come back soon; short ones where
they come late or a cut line swallows them, so that little is sent twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from delivery.network.sync.effects import Read
from delivery.network.sync.messages import Ack
from delivery.record.segment import Place, Segment, start_of

MOVING_S: Final = 2.0
"""A stretch sent, or acknowledged, so lately counts as being on its way; longer where the line is slower."""
QUICK_S: Final = 1.0
"""An acknowledgement within so long lets the next stretches be longer."""
SLOW_S: Final = 4.0
"""One that takes longer makes them shorter."""


class Pace(NamedTuple):
    """How much is sent at once."""

    rows: int
    """Facts of a stretch."""
    window: int
    """Stretches on their way."""


PACES: Final = (Pace(125, 1), Pace(250, 2), Pace(500, 4), Pace(1000, 4), Pace(2000, 4))
FIRST: Final = 1
"""Nothing is known of the line yet."""


class Flight(NamedTuple):
    """A stretch on its way."""

    last: int
    sent_at: float


@dataclass(slots=True)
class Outgoing:
    """How far the other site has a stream, and what is on its way to it."""

    cursor: Place
    """End of what was sent."""
    acknowledged: int = 0
    flying: deque[Flight] = field(default_factory=deque)
    reading: bool = False
    blocked: bool = False
    """The chains differ: nothing is sent until one side has mended."""

    @property
    def is_idle(self) -> bool:
        return not (self.flying or self.reading or self.blocked)


class Outbox:
    """All streams that go to one other site. Nothing here has to outlive the process: the receiver says where it is."""

    def __init__(self) -> None:
        self.behind: int | None = None
        """Facts that the other site still lacks; None before it said what it has."""
        self.sent_facts = 0
        self._theirs: dict[str, Outgoing] | None = None
        self._pace = FIRST
        self._moved_at = float("-inf")
        self._round_s = 0.0
        """How long the last acknowledgement took."""

    # --- what the other site has ------------------------------------------------------------------

    @property
    def is_known(self) -> bool:
        """Whether the other site has said what it has, since the line is new."""
        return self._theirs is not None

    @property
    def is_idle(self) -> bool:
        """Whether it is known, and nothing is on its way or blocked."""
        return self._theirs is not None and not any(o.flying or o.blocked for o in self._theirs.values())

    def is_moving(self, now: float) -> bool:
        """Whether something is on its way and need not be lost yet."""
        flying = any(out.flying for out in (self._theirs or {}).values())
        return flying and now - self._moved_at < max(MOVING_S, 2 * self._round_s)

    def forget(self) -> None:
        """The line is new: whatever was on its way is lost."""
        self._lose()
        self._theirs = None

    def learn(self, places: Iterable[Place]) -> None:
        """The other site has these streams up to these places, and no others."""
        self._lose()
        self._theirs = {place.stream: Outgoing(place, place.seq) for place in places}

    def _lose(self) -> None:
        if any(out.flying for out in (self._theirs or {}).values()):
            self._pace = max(self._pace - 1, 0)

    def idle_places(self) -> list[Place]:
        """What the other site is known to have, of streams of which nothing is on its way."""
        return [out.cursor for out in (self._theirs or {}).values() if out.is_idle]

    # --- what moves -------------------------------------------------------------------------------

    def acknowledge(self, ack: Ack, now: float) -> str:
        """Take an acknowledgement; why it was passed over, if it was."""
        out = (self._theirs or {}).get(ack.place.stream)
        if out is None or out.blocked:
            return "ack"
        if ack.again:
            if out.reading:
                return "again"  # what is being read is sent, and asked for again where it does not fit
            out.flying.clear()
            out.cursor, out.acknowledged = ack.place, ack.place.seq
            return ""
        self._moved_at = now
        while out.flying and out.flying[0].last <= ack.place.seq:
            self._adapt(now - out.flying.popleft().sent_at)
        out.acknowledged = max(out.acknowledged, ack.place.seq)
        if not out.flying and not out.reading:
            # They may be further than what we sent: another site gave it to them, or they wrote it.
            out.cursor = max(out.cursor, ack.place, key=lambda place: place.seq)
        return ""

    def _adapt(self, took_s: float) -> None:
        self._round_s = took_s
        if took_s < QUICK_S:
            self._pace = min(self._pace + 1, len(PACES) - 1)
        elif took_s > SLOW_S:
            self._pace = max(self._pace - 1, 0)

    def block(self, stream: str) -> bool:
        """Nothing more of this stream goes there for now; false when nothing did."""
        out = (self._theirs or {}).get(stream)
        if out is None:
            return False
        out.flying.clear()
        out.reading, out.blocked = False, True
        return True

    def go_on_from(self, place: Place) -> bool:
        """The other site has this stream up to `place`; false before it said what it has."""
        if self._theirs is None:
            return False
        self._theirs[place.stream] = Outgoing(place, place.seq)
        return True

    def came_from_there(self, place: Place) -> None:
        """Whoever sent it has it: it is not sent back."""
        if self._theirs is not None:
            out = self._theirs.get(place.stream)
            if out is None or out.blocked or out.cursor.seq < place.seq:
                self._theirs[place.stream] = Outgoing(place, place.seq)

    def was_read(self, after: Place, segment: Segment | None, now: float) -> bool:
        """What was asked for with :meth:`pump` is here; whether it is to be sent."""
        out = (self._theirs or {}).get(after.stream)
        if out is None:
            return False
        out.reading = False
        if segment is None or out.blocked or out.cursor != after:
            return False
        out.cursor = segment.end
        out.flying.append(Flight(segment.last, now))
        self._moved_at = now
        self.sent_facts += len(segment.rows)
        return True

    def pump(self, mine: Iterable[Place]) -> list[Read]:
        """Ask for as many stretches of `mine` as there is credit for."""
        if self._theirs is None:
            return []
        rows, window = PACES[self._pace]
        behind = 0
        credit = window - sum(len(out.flying) + out.reading for out in self._theirs.values())
        wanted: list[Read] = []
        for place in mine:
            out = self._theirs.get(place.stream)
            if out is None:
                out = self._theirs[place.stream] = Outgoing(start_of(place.stream))
            behind += max(0, place.seq - out.acknowledged)
            # An equal sequence with another hash is a branch, which reading finds.
            ahead = place.seq > out.cursor.seq or (
                place.seq == out.cursor.seq and place.hash != out.cursor.hash
            )
            if credit > 0 and ahead and not out.reading and not out.blocked:
                out.reading = True
                credit -= 1
                wanted.append(Read(out.cursor, rows))
        self.behind = behind
        return wanted
