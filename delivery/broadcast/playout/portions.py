"""A segment cut up for sending: what leaves at each moment, ready to be handed over.

A tick has twelve moments, counted from 1970, so that all feeds of a machine send at the same ones and a single thread
serves them. At each, the datagrams leave that have been filled since the one before. Cutting is done by those who read
ahead; the thread that sends does next to nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.playout.transmit import PACKET, Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.store.air import TICK_US, RowKind

MOMENTS: Final = 12
"""In a tick: one every 26.7 ms. A datagram leaves at most so long after its last packet was due."""
_PACKETS: Final = 7
"""In a datagram."""


def moment_after(now_us: int) -> int:
    """The first moment later than `now_us`, µs since 1970."""
    number = now_us * MOMENTS // TICK_US + 1
    return -(-number * TICK_US // MOMENTS)


@dataclass(frozen=True, slots=True, eq=False)
class Portions:
    """One segment of the timeline as it is sent."""

    piece: Slice
    reason: str
    """Why it is not the segment itself; empty when it is."""
    is_silent: bool
    counters: dict[int, int]
    """With which each PID goes on after it."""
    packets: int
    size: int
    """Bytes."""
    digest: bytes
    """SHA-256 of all of it; empty unless it is of a lesson, of which the as-run tells."""
    first_pts: int
    last_pts: int
    chunks: tuple[bytes, ...]
    dues: tuple[int, ...]
    """When each chunk is sent, and when the segment ends."""
    oldest: tuple[int, ...]
    """When the first datagram of each chunk was filled."""
    rest: bytes
    """What is too little for a datagram, at the end."""

    @property
    def start_us(self) -> int:
        """When its first packet is due."""
        return self.piece.start_tick * TICK_US

    @property
    def end_us(self) -> int:
        """When the first packet of what follows is due."""
        return self.piece.end_tick * TICK_US

    @property
    def left_over(self) -> int:
        """Packets in :attr:`rest`."""
        return len(self.rest) // PACKET


def cut(load: Load, *, held: int = 0, from_us: int = 0) -> Portions:
    """`held` packets of what went before (0 to 6) wait to be completed to a datagram by the first of these; what is due
    before `from_us` is left out."""
    count, start, end = load.packets, load.start_us, load.end_us
    length = end - start
    group = 1 if load.frames else _PACKETS
    at = min(max(-(-(from_us - start) * count // length), 0), count)
    moments = _moments(max(start, from_us), end)
    # Whole datagrams that are filled at each moment, counted from what is held.
    filled = at - held
    stops = filled + ((moments - start) * count // length - filled) // group * group
    first = np.concatenate(([at], np.maximum(stops, at)[:-1]))
    sent = np.flatnonzero(stops > first)
    firsts, stops = first[sent], stops[sent]
    # The first datagram of a portion is full when its seventh packet is due.
    before = np.concatenate(([filled], stops))[: len(stops)]
    oldest = start + (before + group - 1) * length // max(count, 1)
    rest = int(stops[-1]) if len(stops) else at
    return Portions(
        load.piece,
        load.reason,
        load.is_silent,
        dict(load.counters),
        count,
        len(load.data),
        hashlib.sha256(load.data).digest() if load.piece.row.kind is RowKind.LESSON else b"",
        load.first_pts,
        load.last_pts,
        tuple(load.cut(*span) for span in zip(firsts.tolist(), stops.tolist(), strict=True)),
        (*moments[sent].tolist(), end),
        tuple(oldest.tolist()),
        load.cut(rest, count) if rest < count else b"",
    )


def _moments(since_us: int, end_us: int) -> NDArray[np.int64]:
    """The moments after `since_us` and up to `end_us`, which is one itself; µs since 1970."""
    first, stop = since_us * MOMENTS // TICK_US + 1, end_us * MOMENTS // TICK_US
    return -(-np.arange(first, stop + 1, dtype=np.int64) * TICK_US // MOMENTS)
