"""The bytes that go out: a segment of the timeline, moved to its place in time. No playhead, no state.

Where a segment's own bytes cannot be had, or its airing was cut off, a slate of the same length goes out in its place,
with the same number of packets modulo 16 on each PID, so that the continuity counters of what follows still fit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from delivery.broadcast.asset import Asset, Rendition, Segment, TransmitterSegment
from delivery.broadcast.playout.airbook import AirBook
from delivery.broadcast.playout.restamp import packet_counts, restamp, stretch
from delivery.broadcast.schedule.counting import segments_of
from delivery.broadcast.schedule.timeline import Slice
from delivery.errors import N_, GateClosed, TuxaError
from delivery.store.air import Channel, RowKind
from delivery.units import SEGMENT_TICKS, TICK_PTS


class BlobReader(Protocol):
    """The reading side of the blob store: raises a TuxaError for missing or altered bytes."""

    def get(self, address: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """What goes out for one segment. `reason` is empty unless a slate replaces it; without a slate `data` is empty."""

    data: bytes
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Position:
    """Where in an asset a segment of the timeline is found."""

    blob: str
    delta90k: int
    counters: Mapping[int, int]
    packets: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in an asset a segment of the timeline is found, without its counters."""

    segments: Sequence[Segment | TransmitterSegment]
    index: int
    turn: int
    """How often a slate has begun again before it."""
    delta90k: int

    @property
    def segment(self) -> Segment | TransmitterSegment:
        return self.segments[self.index]


def find(piece: Slice, asset: Asset, rendition: str) -> Place:
    """The asset's own segment for `piece`, and its time shift. Raises GateClosed when the asset does not have it."""
    segments = segments_of(asset).get(rendition)
    if segments is None:
        raise _without(asset, rendition)
    first = piece.row.first_segment
    turn, index = divmod(first + piece.index, len(segments))
    if segments[index].ticks != piece.ticks or (turn and piece.row.kind is not RowKind.SLATE):
        raise GateClosed(
            N_("Asset {asset} has no segment {index} of {ticks} ticks."),
            do=N_("Ingest the material again."),
            asset=asset.id[:12],
            index=index,
            ticks=piece.ticks,
        )
    delta = (piece.row.start_tick - first * SEGMENT_TICKS + turn * asset.ticks) * TICK_PTS
    return Place(segments, index, turn, delta)


def locate(piece: Slice, asset: Asset, rendition: str) -> Position:
    """Blob, time shift and counters of `piece`. Raises GateClosed when the asset does not have that segment."""
    place = find(piece, asset, rendition)
    counters = {int(pid): counter for pid, counter in piece.row.counters(rendition).items()}
    before = islice(place.segments, piece.row.first_segment, place.index)
    for times, some in ((place.turn, place.segments), (1, before)):
        for segment in some if times else ():
            for pid, packets in segment.packets.items():
                counters[int(pid)] = (counters.get(int(pid), 0) + packets * times) % 16
    held = {int(pid): packets for pid, packets in place.segment.packets.items()}
    return Position(place.segment.blob, place.delta90k, counters, held)


class Feed:
    """Derives segments from assets and blobs, obeying the faults and stops that playout noted."""

    def __init__(self, store: AirBook, *, assets: Callable[[str], Asset], blobs: BlobReader) -> None:
        self._store = store
        self._assets = assets
        self._blobs = blobs

    def send(self, channel: Channel, piece: Slice, rendition: str) -> Sent:
        """The segment's bytes; or a slate, and why. Never an exception: the air goes on."""
        reason = self.held_back(channel, piece, rendition)
        if not reason:
            try:
                return Sent(self.own(piece, rendition))
            except (TuxaError, OSError) as error:
                reason = str(error)
        try:
            return Sent(self.slate(channel, piece, rendition), reason)
        except (TuxaError, OSError, KeyError) as error:
            return Sent(b"", f"{reason}; {error}")

    def read(self, address: str) -> bytes:
        """A stored file as it is. Raises a TuxaError or OSError when it cannot be had."""
        return self._blobs.get(address)

    def own(self, piece: Slice, rendition: str) -> bytes:
        """The segment's own bytes. Raises a TuxaError or OSError when they cannot be had."""
        position = locate(piece, self._assets(piece.row.asset), rendition)
        return restamp(self._blobs.get(position.blob), position.delta90k, counters=position.counters)

    def held_back(self, channel: Channel, piece: Slice, rendition: str) -> str:
        """Why a segment may not go out although it could; empty when it may."""
        if piece.row.kind is RowKind.SLATE:
            return ""
        stopped = self._store.stopped_from(channel.code, piece.row.airing)
        if stopped is not None and piece.sequence >= stopped:
            return "stopped"
        return "fault" if self._store.is_faulty(channel.code, piece.sequence, rendition=rendition) else ""

    def plain_slate(self, channel: Channel, ticks: int, rendition: str) -> bytes:
        """The slate of that length as it is stored. Raises a TuxaError, OSError or KeyError without one."""
        return self._blobs.get(_rendition(self._assets(channel.slates[ticks]), rendition).segments[0].blob)

    def slate(self, channel: Channel, piece: Slice, rendition: str) -> bytes:
        """A slate of the same length, with counters that fit. Raises a TuxaError, OSError or KeyError without one."""
        data = self.plain_slate(channel, piece.ticks, rendition)
        try:
            position = locate(piece, self._assets(piece.row.asset), rendition)
        except TuxaError:
            counters: Mapping[int, int] = {int(p): c for p, c in piece.row.counters(rendition).items()}
        else:
            counters = position.counters
            data = stretch(data, packets=position.packets, held=packet_counts(data))
        return restamp(data, piece.start_tick * TICK_PTS, counters=counters)


def _rendition(asset: Asset, name: str) -> Rendition:
    try:
        return asset.rendition(name)
    except KeyError as error:
        raise _without(asset, name) from error


def _without(asset: Asset, name: str) -> GateClosed:
    return GateClosed(
        N_("Asset {asset} has no rendition “{rendition}”."),
        do=N_("Ingest the material again under the channel's profile."),
        asset=asset.id[:12],
        rendition=name,
    )
