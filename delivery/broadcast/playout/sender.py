"""Sending feeds in time: one thread for any number of channels, files read ahead by others.

A feed sends what the timeline says for this moment. What is not ready at its time is replaced by the slate at once:
the thread that sends never waits for a disk.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Final, Protocol

from delivery.broadcast.playout.outputs import DATAGRAM, Line
from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.transmit import Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.store.air import TICK_US

WAKE_S: Final = 0.032
"""How often what is due is sent: a tenth of a tick, below the 40 ms of jitter that ETSI TS 102 034 allows."""
AHEAD_US: Final = 3_000_000
"""How long before its time a segment is read."""
LOST_US: Final = 2_000_000
"""A feed that is further behind than this goes on at the present moment instead of hurrying."""
LATE_US: Final = 100_000
"""A packet that leaves later than this is counted as late (TR 101 290: 100 ms is a jump of the clock)."""
_JOIN_US: Final = 10 * TICK_US
"""A feed that begins waits so long for its first segment; then the slate goes out."""
_BUCKETS_MS: Final = (1, 2, 5, 10, 20, 40, 100)
_BUCKETS_US: Final = [ms * 1_000 for ms in _BUCKETS_MS]


class Source(Protocol):
    """What makes loads; :class:`~delivery.broadcast.playout.transmit.Transmission` is one. Called from any thread."""

    def load(self, piece: Slice, counters: Mapping[int, int]) -> Load: ...

    def slate(self, piece: Slice, counters: Mapping[int, int], reason: str) -> Load: ...


class Journal(Protocol):
    """What hears what was really sent."""

    def sent(self, load: Load, *, taken: bool, joined: bool) -> None:
        """A whole load has left (`joined`: only from somewhere within on); `taken` is whether a peer took it all."""
        ...


@dataclass
class Lateness:
    """How late packets left, as a histogram in milliseconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_BUCKETS_MS) + 1))
    worst_us: int = 0
    late: int = 0

    def note(self, microseconds: int) -> None:
        self.counts[bisect_right(_BUCKETS_US, microseconds)] += 1
        if microseconds > self.worst_us:
            self.worst_us = microseconds
        if microseconds >= LATE_US:
            self.late += 1

    def as_json(self) -> dict[str, int]:
        names = [f"<{ms}ms" for ms in _BUCKETS_MS] + [f">={_BUCKETS_MS[-1]}ms"]
        return dict(zip(names, self.counts, strict=True))


class Sending:
    """One feed of one channel to one or more peers."""

    def __init__(
        self,
        transmission: Source,
        piece_at: Callable[[int], Slice | None],
        lines: Sequence[Line],
        *,
        reader: Executor,
        journal: Journal | None = None,
        late: Callable[[str, float], None] = lambda _name, _ms: None,
    ) -> None:
        """`piece_at(tick)` is the segment of the timeline that plays at a tick, as it stands now."""
        self.transmission = transmission
        self.lines = list(lines)
        self.lateness = Lateness()
        self.replaced = 0
        self._piece_at = piece_at
        self._reader = reader
        self._journal = journal
        self._tell_late = late
        self._load: Load | None = None
        self._at = 0
        self._joined = False
        self._taken = True
        self._rest = b""
        self._next: Future[Load] | None = None
        self._next_piece: Slice | None = None
        self._counters: dict[int, int] = {}
        self._asked_us = self._start_us = self._end_us = self._count = 0
        # Feeds whose segments end together do not all read at the same moment.
        self._ahead_us = AHEAD_US + id(self) // 64 % 16 * 100_000

    def step(self, now_us: int) -> None:
        """Send all that is due. Called many times a second: what a load tells of itself is read once."""
        while True:
            if self._load is None:
                self._join(now_us)
            load = self._load
            if load is None or now_us < self._start_us:
                return
            if now_us > self._end_us + LOST_US:
                self._load, self._next = None, None
                continue
            if self._next is None and now_us >= self._end_us - self._ahead_us:
                self._read_ahead(load)
            self._send_due(load, now_us)
            if self._at < self._count or now_us < self._end_us:
                return
            self._finish(load)

    def _begin(self, load: Load, at: int) -> None:
        self._load, self._at, self._taken = load, at, True
        self._start_us, self._end_us, self._count = load.start_us, load.end_us, load.packets

    def _join(self, now_us: int) -> None:
        """Begin, or begin again, with what plays now, from the packet that is due now.

        It is read by others first: many feeds that begin at once do not wait for one another.
        """
        tick = now_us // TICK_US
        piece = self._piece_at(tick)
        if piece is None:
            return
        if self._next is None or self._next_piece != piece:
            self._next_piece, self._asked_us = piece, now_us
            self._next = self._reader.submit(self.transmission.load, piece, dict(self._counters))
        if not self._next.done() and now_us - self._asked_us < _JOIN_US:
            return
        load = self._ready(piece)
        due = (now_us - load.start_us) * load.packets // max(load.end_us - load.start_us, 1)
        self._begin(load, max(due, 0))
        self._joined = due > 0

    def _ready(self, piece: Slice) -> Load:
        """The load of `piece`: the one that was read ahead, or the slate when it is not there in time."""
        future, wanted = self._next, self._next_piece
        self._next, self._next_piece = None, None
        if future and wanted == piece:
            if future.done():
                load = future.result()
            else:
                load = self.transmission.slate(piece, self._counters, "not read in time")
        elif future and not future.done():
            load = self.transmission.slate(piece, self._counters, "not read in time")
        else:
            load = self.transmission.load(piece, self._counters)
        self._counters = dict(load.counters)
        self.replaced += bool(load.reason)
        return load

    def _read_ahead(self, load: Load) -> None:
        piece = self._piece_at(load.piece.end_tick)
        if piece is not None:
            self._next_piece = piece
            self._next = self._reader.submit(self.transmission.load, piece, dict(self._counters))

    def _send_due(self, load: Load, now_us: int) -> None:
        length = self._end_us - self._start_us
        due = min((now_us - self._start_us) * self._count // length + 1, self._count)
        if due <= self._at:
            return
        late_us = now_us - self._start_us - self._at * length // self._count
        self.lateness.note(late_us)
        if late_us >= LATE_US:
            self._tell_late(self.lines[0].output.name if self.lines else "", late_us / 1000)
        data = self._rest + load.cut(self._at, due)
        whole = len(data) if load.frames else len(data) - len(data) % DATAGRAM
        self._rest = data[whole:]
        self._at = due
        if whole:
            for line in self.lines:
                self._taken &= line.send(data[:whole])

    def _finish(self, load: Load) -> None:
        if self._journal:
            self._journal.sent(load, taken=self._taken, joined=self._joined)
        tick = load.piece.end_tick
        piece = self._piece_at(tick)
        if piece is None or piece.start_tick != tick:
            self._load = None
            return
        self._begin(self._ready(piece), 0)
        self._joined = False

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


def run(
    feeds: Sequence[Sending],
    clock: SlewedClock,
    *,
    stopped: Callable[[], bool],
    until_us: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Send until `stopped()`, or until the time is reached."""
    begun = clock.now_us()
    wakes = 0
    step_us = round(WAKE_S * 1e6)
    while not stopped():
        now = clock.now_us()
        if until_us is not None and now >= until_us:
            for feed in feeds:
                feed.step(until_us)
            return
        for feed in feeds:
            feed.step(now)
        wakes += 1
        # Counted from the start, so that pauses do not add up; what was slept through is not made up for.
        left = begun + wakes * step_us - clock.now_us()
        if left > 0:
            sleep(left / 1e6)
        elif left < -step_us:
            begun, wakes = clock.now_us(), 0
