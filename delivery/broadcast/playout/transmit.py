"""The stream for a transmitter: segments moved in time by their sidecars, counters carried on, service information in.

Nothing here waits or sends; :mod:`sender` does. Each segment becomes a :class:`Load`: its packets, and when the first
of them is due. The counters are those of what was really sent, so that whatever replaces a segment joins as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.asset import ORIGIN_PTS, Asset
from delivery.broadcast.playout.feed import BlobReader, Feed, locate
from delivery.broadcast.playout.restamp import restamp
from delivery.broadcast.playout.si import Carousel, Event
from delivery.broadcast.schedule.timeline import TRANSMITTER, Slice
from delivery.broadcast.sidecar import PidPackets, Sidecar, read_sidecar
from delivery.errors import TuxaError
from delivery.store.air import TICK_US, Channel, RowKind
from delivery.units import TICK_PTS

PACKET: Final = 188
NULL_PID: Final = 0x1FFF
WRAP: Final = 1 << 33
FRAME_PTS: Final = 3_600
_SI_TICK_PACKETS: Final = 24
"""At most so many packets of service information in a tick: 113 kbit/s."""


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """The packets of one segment of the timeline, ready to be sent."""

    piece: Slice
    data: bytes
    reason: str
    """Why it is not the segment itself; empty when it is."""
    counters: Mapping[int, int]
    """With which each PID goes on after it."""
    frames: tuple[int, ...] = ()
    """Where each frame of sound ends, for a stream that is no transport stream."""

    @property
    def packets(self) -> int:
        """What is sent evenly over its length: transport packets, or frames of sound."""
        return len(self.frames) or len(self.data) // PACKET

    def cut(self, first: int, stop: int) -> bytes:
        """The packets or frames from `first` up to `stop`."""
        if not self.frames:
            return self.data[first * PACKET : stop * PACKET]
        return self.data[self.frames[first - 1] if first else 0 : self.frames[stop - 1]]

    @property
    def start_us(self) -> int:
        """When the first packet is due, µs since 1970 UTC."""
        return self.piece.start_tick * TICK_US

    @property
    def end_us(self) -> int:
        """When the first packet of what follows is due."""
        return self.piece.end_tick * TICK_US

    @property
    def first_pts(self) -> int:
        """Presentation time of its first frame, as sent."""
        return (self.piece.start_tick * TICK_PTS + ORIGIN_PTS) % WRAP

    @property
    def last_pts(self) -> int:
        """Of its last picture."""
        return (self.piece.end_tick * TICK_PTS + ORIGIN_PTS - FRAME_PTS) % WRAP


class Transmission:
    """Makes the loads of one channel, each from the counters with which the one before ended."""

    def __init__(
        self,
        channel: Channel,
        *,
        feed: Feed,
        assets: Callable[[str], Asset],
        blobs: BlobReader,
        rendition: str,
        carousel: Carousel | None = None,
        events: Callable[[], Sequence[Event]] = tuple,
    ) -> None:
        """`rendition` is used where the channel has no rendition of constant bit rate."""
        self.channel = channel
        self._feed = feed
        self._assets = assets
        self._blobs = blobs
        self._rendition = rendition
        self._carousel = carousel
        self._events = events
        self._spare: tuple[bytes, Sidecar] | None = None
        self.constant = assets(max(channel.slates.items())[1]).transmitter is not None

    def load(self, piece: Slice, counters: Mapping[int, int]) -> Load:
        """The packets of `piece`, or of a slate in its place. Never an exception: the air goes on."""
        held = dict(counters)
        if not self.constant:
            sent = self._feed.send(self.channel, piece, self._rendition)
            return Load(piece, _recounted(sent.data, held), sent.reason, held)
        reason = self._feed.held_back(self.channel, piece, TRANSMITTER)
        if not reason:
            try:
                return Load(piece, self._moved(piece, held), "", held)
            except (TuxaError, OSError, IndexError) as error:
                reason = str(error)
        return self.slate(piece, counters, reason)

    def slate(self, piece: Slice, counters: Mapping[int, int], reason: str) -> Load:
        """The slate in place of `piece`, whatever its own bytes are; null packets without any slate."""
        held = dict(counters)
        try:
            return Load(piece, self._slate(piece, held), reason, held)
        except (TuxaError, OSError, KeyError, IndexError) as error:
            return Load(piece, self._nothing(piece), f"{reason}; {error}", dict(counters))

    def remember_slate(self) -> None:
        """Hold the longest slate in memory: it can be sent when no disk answers any more."""
        if self.constant and self._spare is None:
            longest = max(self.channel.slates)
            self._spare = self._slate_files(longest)

    def _moved(self, piece: Slice, counters: dict[int, int]) -> bytes:
        asset = self._assets(piece.row.asset)
        position = locate(piece, asset, TRANSMITTER)
        assert asset.transmitter is not None
        index = (piece.row.first_segment + piece.index) % len(asset.transmitter.segments)
        sidecar = read_sidecar(self._blobs.get(asset.transmitter.segments[index].sidecar))
        data = np.frombuffer(self._blobs.get(position.blob), np.uint8).copy()
        move_by_sidecar(data, sidecar, position.delta90k, counters=counters)
        if self._carousel:
            self._put_information(data.reshape(-1, PACKET), sidecar, piece, counters)
        return data.tobytes()

    def _slate_files(self, ticks: int) -> tuple[bytes, Sidecar]:
        asset = self._assets(self.channel.slates[ticks])
        assert asset.transmitter is not None
        segment = asset.transmitter.segments[0]
        return self._blobs.get(segment.blob), read_sidecar(self._blobs.get(segment.sidecar))

    def _slate(self, piece: Slice, counters: dict[int, int]) -> bytes:
        if not self.constant:
            return _recounted(self._feed.slate(self.channel, piece, self._rendition), counters)
        try:
            raw, sidecar = self._slate_files(piece.ticks)
        except (TuxaError, OSError):
            if self._spare is None:
                raise
            raw, sidecar = _beginning(*self._spare, ticks=piece.ticks, of=max(self.channel.slates))
        data = np.frombuffer(raw, np.uint8).copy()
        move_by_sidecar(data, sidecar, piece.start_tick * TICK_PTS, counters=counters)
        return data.tobytes()

    def _nothing(self, piece: Slice) -> bytes:
        """Null packets: the modulator stays locked while nothing at all can be had."""
        per_tick = 0
        if self.constant:
            transmitter = self._assets(max(self.channel.slates.items())[1]).transmitter
            per_tick = transmitter.packets_per_tick if transmitter else 0
        return (b"\x47\x1f\xff\x10" + b"\xff" * 184) * (per_tick * piece.ticks)

    def _put_information(
        self, rows: NDArray[np.uint8], sidecar: Sidecar, piece: Slice, counters: dict[int, int]
    ) -> None:
        """Write tables over null packets, tick by tick, spread within each."""
        assert self._carousel is not None
        taken = np.zeros(len(rows), np.bool_)
        for held in sidecar.pids.values():
            taken[held.numbers] = True
        taken |= ((rows[:, 1] & 0x1F) != 0x1F) | (rows[:, 2] != 0xFF)
        per_tick = len(rows) // piece.ticks
        events = self._events()
        waiting: list[bytes] = []
        for tick in range(piece.ticks):
            waiting += self._carousel.due((piece.start_tick + tick) * TICK_US, events)
            free = np.flatnonzero(~taken[tick * per_tick : (tick + 1) * per_tick]) + tick * per_tick
            now = min(len(waiting), len(free), _SI_TICK_PACKETS)
            if not now:
                continue
            places = free[np.linspace(0, len(free) - 1, now).astype(np.int64)]
            for place, packet in zip(places.tolist(), waiting[:now], strict=True):
                rows[place] = np.frombuffer(packet, np.uint8)
                pid = (packet[1] & 0x1F) << 8 | packet[2]
                counter = counters.get(pid, 0)
                rows[place, 3] = 0x10 | counter
                counters[pid] = (counter + 1) & 15
            del waiting[:now]


def _beginning(raw: bytes, sidecar: Sidecar, *, ticks: int, of: int) -> tuple[bytes, Sidecar]:
    """The first `ticks` of a segment of `of` ticks."""
    packets = sidecar.packets * ticks // of
    size = packets * PACKET
    pids = {}
    for pid, held in sidecar.pids.items():
        numbers = held.numbers[held.numbers < packets]
        heads = np.frombuffer(raw, np.uint8)[numbers.astype(np.int64) * PACKET + 3]
        pids[pid] = PidPackets(int(((heads & 0x10) != 0).sum()), numbers)
    clocks, stamps = sidecar.clocks[sidecar.clocks < size], sidecar.stamps[sidecar.stamps < size]
    return raw[:size], Sidecar(packets, clocks, stamps, pids)


def _recounted(data: bytes, counters: dict[int, int]) -> bytes:
    """Counters carried on from what was sent before, where there is no sidecar."""
    if not data:
        return data
    out = restamp(data, 0, counters=counters)
    rows = np.frombuffer(out, np.uint8).reshape(-1, PACKET)
    pids = (rows[:, 1].astype(np.int64) & 0x1F) << 8 | rows[:, 2]
    for pid in np.unique(pids).tolist():
        mine = rows[(pids == pid) & ((rows[:, 3] & 0x10) != 0)]
        if pid != NULL_PID and len(mine):
            counters[pid] = (int(mine[-1, 3]) + 1) & 15
    return out


def move_by_sidecar(
    data: NDArray[np.uint8], sidecar: Sidecar, delta90k: int, *, counters: dict[int, int]
) -> None:
    """Add `delta90k` to every clock and stamp, and count each PID on from `counters`, which is moved on.

    Touches only the bytes that the sidecar names.
    """
    _add_to_clocks(data, sidecar.clocks.astype(np.int64), delta90k)
    _add_to_stamps(data, sidecar.stamps.astype(np.int64), delta90k)
    for pid, held in sidecar.pids.items():
        at = held.numbers.astype(np.int64) * PACKET + 3
        column = data[at]
        carrying = np.flatnonzero(column & 0x10)
        next_counter = counters.get(pid, 0)
        if carrying.size:
            constant = next_counter - int(column[carrying[0]] & 15)
            data[at] = column & 0xF0 | (column.astype(np.int64) + constant & 15).astype(np.uint8)
        counters[pid] = (next_counter + held.advancing) & 15


def _add_to_clocks(data: NDArray[np.uint8], at: NDArray[np.int64], delta90k: int) -> None:
    b = data[at[:, None] + np.arange(5)].astype(np.int64)
    base = b[:, 0] << 25 | b[:, 1] << 17 | b[:, 2] << 9 | b[:, 3] << 1 | b[:, 4] >> 7
    base = (base + delta90k) % WRAP
    for column, shift in enumerate((25, 17, 9, 1)):
        data[at + column] = base >> shift & 0xFF
    data[at + 4] = b[:, 4] & 0x7F | (base & 1) << 7


def _add_to_stamps(data: NDArray[np.uint8], at: NDArray[np.int64], delta90k: int) -> None:
    b = data[at[:, None] + np.arange(5)].astype(np.int64)
    stamp = (b[:, 0] >> 1 & 7) << 30 | b[:, 1] << 22 | (b[:, 2] >> 1) << 15 | b[:, 3] << 7 | b[:, 4] >> 1
    stamp = (stamp + delta90k) % WRAP
    data[at] = b[:, 0] & 0xF1 | (stamp >> 30 & 7) << 1
    data[at + 1] = stamp >> 22 & 0xFF
    data[at + 2] = b[:, 2] & 1 | (stamp >> 15 & 0x7F) << 1
    data[at + 3] = stamp >> 7 & 0xFF
    data[at + 4] = b[:, 4] & 1 | (stamp & 0x7F) << 1


def is_programme(piece: Slice) -> bool:
    """Whether it belongs to an airing that as-run tells of."""
    return piece.row.kind is RowKind.LESSON
