"""A segment cut up for sending: what leaves at each moment, ready to be handed over.

A tick has twelve moments, counted from 1970, so that all feeds of a machine send at the same ones and a single thread
serves them. At each, the datagrams leave that have been filled since the one before. Cutting is done by those who read
ahead; the thread that sends does next to nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from delivery.broadcast.playout.transmit import PACKET, Load
from delivery.broadcast.schedule.timeline import Slice
from delivery.store.air import TICK_US

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
    """SHA-256 of all of it."""
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
    count, start, length = load.packets, load.start_us, load.end_us - load.start_us
    group = 1 if load.frames else _PACKETS
    at = min(max(-(-(from_us - start) * count // length), 0), count)
    filled = at - held
    chunks: list[bytes] = []
    dues: list[int] = []
    oldest: list[int] = []
    moment = moment_after(max(start, from_us))
    while at < count:
        moment = min(moment, load.end_us)
        due = (moment - start) * count // length
        stop = filled + (due - filled) // group * group
        if stop > at:
            first = filled + group - 1
            chunks.append(load.cut(at, stop))
            dues.append(moment)
            oldest.append(start + first * length // count)
            at = filled = stop
        if moment == load.end_us:
            break
        moment = moment_after(moment)
    return Portions(
        load.piece,
        load.reason,
        load.is_silent,
        dict(load.counters),
        count,
        len(load.data),
        hashlib.sha256(load.data).digest(),
        load.first_pts,
        load.last_pts,
        tuple(chunks),
        (*dues, load.end_us),
        tuple(oldest),
        load.cut(at, count) if at < count else b"",
    )
