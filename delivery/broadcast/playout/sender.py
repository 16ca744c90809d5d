"""Sending feeds in time: one thread for any number of channels, files read ahead by others.

A feed sends what the timeline says for this moment. What is not ready at its time is replaced by the slate at once:
the thread that sends never waits for a disk.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import count
from typing import Final, Protocol

from delivery.broadcast.playout.line import Line, LineApart
from delivery.broadcast.playout.portions import Portions, cut
from delivery.broadcast.playout.transmit import PACKET, Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.store.air import TICK_US

AHEAD_US: Final = 3_000_000
"""How long before its time a segment is read."""
LOST_US: Final = 2_000_000
"""A feed that is further behind than this goes on at the present moment instead of hurrying."""
LATE_US: Final = 40_000
"""A datagram that leaves later than this after its last packet was due is late: ETSI TS 102 034 allows a network 40 ms
of jitter from peak to peak, and receivers are built for it."""
_AGAIN_US: Final = 400_000
"""Orders by hand act at a border at least two ticks away."""
_NEVER_US: Final = 1 << 62
_JOIN_US: Final = 10 * TICK_US
"""A feed that begins waits so long for its first segment; then the slate goes out."""
_BUCKETS_MS: Final = (1, 2, 5, 10, 20, 40, 100)
_BUCKETS_US: Final = [ms * 1_000 for ms in _BUCKETS_MS]
_number = count()


class Source(Protocol):
    """What makes loads; :class:`~delivery.broadcast.playout.transmit.Transmission` is one. Called from any thread."""

    def load(self, piece: Slice, counters: Mapping[int, int]) -> Load: ...

    def slate(
        self, piece: Slice, counters: Mapping[int, int], reason: str, *, from_memory: bool = False
    ) -> Load: ...


class Journal(Protocol):
    """What hears what was really sent."""

    def sent(self, portions: Portions, *, taken: bool, joined: bool) -> None:
        """A whole segment has left (`joined`: only from somewhere within on); `taken` is whether a peer took it all."""
        ...


@dataclass
class Lateness:
    """How late datagrams left, as a histogram in milliseconds: one entry for each time that some were sent, for the
    oldest of them."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS_MS) + 1))
    worst_us: int = 0
    late: int = 0

    def note(self, some: Iterable[int]) -> None:
        """So many microseconds each."""
        for microseconds in some:
            self.counts[bisect_right(_BUCKETS_US, microseconds)] += 1
            self.worst_us = max(self.worst_us, microseconds)
            self.late += microseconds >= LATE_US

    def as_json(self) -> dict[str, int]:
        names = [f"<{ms}ms" for ms in _BUCKETS_MS] + [f">={_BUCKETS_MS[-1]}ms"]
        return dict(zip(names, self.counts, strict=True))


class Sending:
    """One feed of one channel to one or more peers."""

    def __init__(
        self,
        transmission: Source,
        piece_at: Callable[[int], Slice | None],
        lines: Sequence[Line | LineApart],
        *,
        reader: Executor,
        journal: Journal | None = None,
        late: Callable[[str, float], None] = lambda _name, _ms: None,
        slated: Callable[[Portions], None] = lambda _now: None,
    ) -> None:
        """`piece_at(tick)` is the segment of the timeline that plays at a tick, as it stands now. `late` hears of
        datagrams that left too late, `slated` of a slate that goes out in place of a segment, when it begins."""
        self.transmission = transmission
        self.lines = list(lines)
        self.replaced = 0
        self.due_us = 0
        """Nothing is to be done before this time."""
        self._piece_at = piece_at
        self._reader = reader
        self._journal = journal
        self._tell_late = late
        self._tell_slated = slated
        self._sends = [line.send for line in self.lines]
        self._lateness = Lateness()
        self._noted: list[int] = []
        self._now: Portions | None = None
        self._lost_us = self._index = self._count = 0
        self._joined = False
        self._taken = True
        self._rest = b""
        self._next: Future[Portions] | None = None
        self._next_piece: Slice | None = None
        self._counters: dict[int, int] = {}
        self._asked_us = self._look_us = 0
        # Feeds whose segments end together do not all read at the same moment.
        self._ahead_us = AHEAD_US + next(_number) % 16 * 100_000

    @property
    def lateness(self) -> Lateness:
        """How late datagrams have left so far."""
        some, self._noted = self._noted, []
        self._lateness.note(some)
        return self._lateness

    def step(self, now_us: int) -> None:
        """Send all that is due. Called many times a second: what is sent was laid out by those who read it."""
        while now_us >= self.due_us:
            current, index = self._now, self._index
            if current is None or now_us > self._lost_us:
                if not self._join(now_us):
                    return
            elif index == self._count:
                self._finish(current)
            elif now_us >= self._look_us:
                self._look_ahead(current)
            else:
                self._index = index + 1
                self.due_us = current.dues[index + 1]
                late_us = now_us - current.oldest[index]
                self._noted.append(late_us)
                if late_us >= LATE_US:
                    self._tell_late(self.lines[0].output.name if self.lines else "", late_us / 1000)
                data = current.chunks[index]
                if self._rest:
                    data, self._rest = self._rest + data, b""
                for send in self._sends:
                    if not send(data):
                        self._taken = False

    def begin_again(self, at_us: int) -> None:
        """Forget what was being sent; go on at `at_us` with what plays then."""
        self._drop_read()
        self._now, self.due_us = None, at_us

    def _drop_read(self) -> None:
        """What was to be read and is not wanted any more: a disk that answers late is not asked for what is over."""
        if self._next:
            self._next.cancel()
        self._next = self._next_piece = None

    def _begin(self, portions: Portions) -> None:
        self._now, self._index, self._taken = portions, 0, True
        self._count, self._lost_us = len(portions.chunks), portions.end_us + LOST_US
        self.due_us = portions.dues[0]
        self._lateness.note(self._noted)
        self._noted.clear()
        self._look_us = portions.end_us - self._ahead_us
        self._counters = portions.counters
        if portions.reason:
            self.replaced += 1
            self._tell_slated(portions)

    def _join(self, now_us: int) -> bool:
        """Begin, or begin again, with what plays now, from the packet that is due now; whether that could be done.

        It is read by others first: many feeds that begin at once do not wait for one another.
        """
        self._now = None
        piece = self._piece_at(now_us // TICK_US)
        if piece is None:
            # Nothing is scheduled: looking that up costs more than sending does.
            self.due_us = now_us + _AGAIN_US
            return False
        if self._next is None or self._next_piece != piece:
            self._asked_us = now_us
            self._read(piece, held=0, from_us=now_us)
        assert self._next is not None
        if not self._next.done() and now_us - self._asked_us < _JOIN_US:
            return False
        self._rest = b""
        self._begin(self._ready(piece, from_us=now_us))
        self._joined = now_us > piece.start_tick * TICK_US
        self._pass_over(now_us)
        return True

    def _pass_over(self, now_us: int) -> None:
        """What became due while it was read is not made up for."""
        assert self._now is not None
        while self._index < len(self._now.chunks) and self.due_us <= now_us:
            self._index += 1
            self.due_us = self._now.dues[self._index]

    def _read(self, piece: Slice, *, held: int, from_us: int = 0) -> None:
        self._drop_read()
        self._next_piece = piece
        counters = dict(self._counters)
        self._next = self._reader.submit(self._portions, piece, counters, held=held, from_us=from_us)

    def _portions(self, piece: Slice, counters: Mapping[int, int], *, held: int, from_us: int) -> Portions:
        return cut(self.transmission.load(piece, counters), held=held, from_us=from_us)

    def _ready(self, piece: Slice, *, from_us: int = 0) -> Portions:
        """The segment that was read ahead, or the slate when it is not there in time."""
        future, wanted = self._next, self._next_piece
        self._next, self._next_piece = None, None
        if future and wanted == piece and future.done():
            return future.result()
        held = len(self._rest) // PACKET
        if future and not future.done():
            future.cancel()
            load = self.transmission.slate(piece, self._counters, "not read in time", from_memory=True)
            return cut(load, held=held, from_us=from_us)
        # The timeline was changed at the last moment.
        return self._portions(piece, self._counters, held=held, from_us=from_us)

    def _look_ahead(self, current: Portions) -> None:
        """Read what follows; and once more, shortly before its time, if somebody has changed the timeline since."""
        again_us = current.end_us - _AGAIN_US
        self._look_us = again_us if self._look_us < again_us else _NEVER_US
        piece = self._piece_at(current.piece.end_tick)
        if piece is not None and piece != self._next_piece:
            self._read(piece, held=len(current.rest) // PACKET)

    def _finish(self, current: Portions) -> None:
        if self._journal:
            self._journal.sent(current, taken=self._taken, joined=self._joined)
        self._rest += current.rest
        piece = self._piece_at(current.piece.end_tick)
        if piece is None or piece.start_tick != current.piece.end_tick:
            self._now = None
            return
        self._joined = False
        self._begin(self._ready(piece))

    def flush(self) -> None:
        """Send what is left of a datagram, at the very end."""
        if self._rest:
            for line in self.lines:
                line.send(self._rest)
            self._rest = b""

    def close(self) -> None:
        self.flush()
        for line in self.lines:
            line.close()
