"""The stream for a transmitter: segments moved in time by their sidecars, counters carried on, service information in.

Nothing here waits or sends; :mod:`sender` does. Each segment becomes a :class:`Load`: its packets, and when the first
of them is due. The counters are those of what was really sent, so that whatever replaces a segment joins as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.asset import ORIGIN_PTS, Asset, TransmitterSegment
from delivery.broadcast.playout.feed import BlobReader, Feed, find
from delivery.broadcast.playout.inplace import NULL, Packed, move, null_packets
from delivery.broadcast.playout.restamp import restamp
from delivery.broadcast.playout.si import Carousel, Event
from delivery.broadcast.schedule.counting import TRANSMITTER
from delivery.broadcast.schedule.timeline import Slice
from delivery.broadcast.sidecar import Sidecar, read_sidecar
from delivery.errors import TuxaError
from delivery.store.air import TICK_US, Channel
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
    data: bytes | bytearray
    reason: str
    """Why it is not the segment itself; empty when it is."""
    counters: Mapping[int, int]
    """With which each PID goes on after it."""
    frames: tuple[int, ...] = ()
    """Where each frame of sound ends, for a stream that is no transport stream."""
    is_silent: bool = False
    """Not even a slate could be had."""

    @property
    def packets(self) -> int:
        """What is sent evenly over its length: transport packets, or frames of sound."""
        return len(self.frames) or len(self.data) // PACKET

    def cut(self, first: int, stop: int) -> bytes:
        """The packets or frames from `first` up to `stop`."""
        if not self.frames:
            return bytes(memoryview(self.data)[first * PACKET : stop * PACKET])
        return bytes(memoryview(self.data)[self.frames[first - 1] if first else 0 : self.frames[stop - 1]])

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
        self._spares: dict[int, Packed] = {}
        self._plain: dict[int, bytes] = {}
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
            except (TuxaError, OSError, IndexError, ValueError) as error:
                reason = str(error)
        return self.slate(piece, counters, reason)

    def slate(
        self, piece: Slice, counters: Mapping[int, int], reason: str, *, from_memory: bool = False
    ) -> Load:
        """The slate in place of `piece`, whatever its own bytes are; null packets without any slate.

        `from_memory`: no disk is asked, because one may not answer.
        """
        held = dict(counters)
        try:
            return Load(piece, self._slate(piece, held, from_memory=from_memory), reason, held)
        except (TuxaError, OSError, KeyError, IndexError, ValueError) as error:
            told = f"{reason}; {error}"
            return Load(piece, self._nothing(piece), told, dict(counters), is_silent=True)

    def remember_slates(self, known: MutableMapping[str, Packed]) -> None:
        """Hold the slates in memory, in `known` by their assets: they can be sent when no disk answers any more.

        Raises a TuxaError, OSError or KeyError when one cannot be had.
        """
        for ticks, ident in self.channel.slates.items():
            if not self.constant:
                segment = self._assets(ident).rendition(self._rendition).segments[0]
                self._plain[ticks] = self._blobs.get(segment.blob)
                continue
            if ident not in known:
                known[ident] = Packed.of(*self._slate_files(ticks))
            self._spares[ticks] = known[ident]

    def _moved(self, piece: Slice, counters: dict[int, int]) -> bytearray:
        place = find(piece, self._assets(piece.row.asset), TRANSMITTER)
        assert isinstance(place.segment, TransmitterSegment)
        sidecar = read_sidecar(self._blobs.get(place.segment.sidecar))
        out = bytearray(self._blobs.get(place.segment.blob))
        data = np.frombuffer(out, np.uint8)
        move(data, sidecar, place.delta90k, counters=counters)
        if self._carousel:
            self._put_information(data.reshape(-1, PACKET), sidecar, piece, counters)
        return out

    def _slate_files(self, ticks: int) -> tuple[bytes, Sidecar]:
        asset = self._assets(self.channel.slates[ticks])
        assert asset.transmitter is not None
        segment = asset.transmitter.segments[0]
        return self._blobs.get(segment.blob), read_sidecar(self._blobs.get(segment.sidecar))

    def _slate(self, piece: Slice, counters: dict[int, int], *, from_memory: bool) -> bytes | bytearray:
        if not self.constant:
            if not from_memory:
                return _recounted(self._feed.slate(self.channel, piece, self._rendition), counters)
            moved = restamp(self._plain[piece.ticks], piece.start_tick * TICK_PTS, counters={})
            return _recounted(moved, counters)
        spare = self._spares.get(piece.ticks)
        if spare:
            out, sidecar = spare.data(), spare.sidecar
        else:
            raw, sidecar = self._slate_files(piece.ticks)
            out = bytearray(raw)
        move(np.frombuffer(out, np.uint8), sidecar, piece.start_tick * TICK_PTS, counters=counters)
        return out

    def _nothing(self, piece: Slice) -> bytes:
        """Null packets: the modulator stays locked while nothing at all can be had."""
        per_tick = 0
        if self.constant:
            transmitter = self._assets(max(self.channel.slates.items())[1]).transmitter
            per_tick = transmitter.packets_per_tick if transmitter else 0
        return NULL * (per_tick * piece.ticks)

    def _put_information(
        self, rows: NDArray[np.uint8], sidecar: Sidecar, piece: Slice, counters: dict[int, int]
    ) -> None:
        """Write tables over null packets, tick by tick, spread within each."""
        assert self._carousel is not None
        per_tick = sidecar.packets // piece.ticks
        events = self._events()
        free: NDArray[np.int64] | None = None
        waiting: list[bytes] = []
        for tick in range(piece.ticks):
            waiting += self._carousel.due((piece.start_tick + tick) * TICK_US, events)
            if not waiting:
                continue
            if free is None:
                free = null_packets(sidecar)
            first, stop = np.searchsorted(free, (tick * per_tick, (tick + 1) * per_tick)).tolist()
            now = min(len(waiting), stop - first, _SI_TICK_PACKETS)
            if now:
                places = free[np.linspace(first, stop - 1, now).astype(np.int64)]
                rows[places] = _numbered(waiting[:now], counters)
                del waiting[:now]


def _numbered(packets: Sequence[bytes], counters: dict[int, int]) -> NDArray[np.uint8]:
    """The packets, one row each, with the counters with which their PIDs go on."""
    rows = np.frombuffer(bytearray(b"".join(packets)), np.uint8).reshape(-1, PACKET)
    for row, packet in zip(rows, packets, strict=True):
        pid = (packet[1] & 0x1F) << 8 | packet[2]
        counter = counters.get(pid, 0)
        row[3] = 0x10 | counter
        counters[pid] = (counter + 1) & 15
    return rows


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
