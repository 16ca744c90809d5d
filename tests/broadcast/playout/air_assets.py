"""Small real lessons on the 320 ms grid, encoded on the spot: two pictures and sound only, cut into segments.

They have what playout relies on (closed groups of 48 frames, one mux per segment, time stamps from ORIGIN_PTS, no
priming packet), and nothing else of ingest.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet

from delivery.broadcast.asset import (
    ORIGIN_PTS,
    Asset,
    Rendition,
    Segment,
    Transmitter,
    TransmitterSegment,
)
from delivery.broadcast.media.cbr import CbrMuxer
from delivery.broadcast.media.segmenter import batches
from delivery.broadcast.media.transport import AccessUnit
from delivery.broadcast.playout.restamp import packet_counts
from delivery.errors import N_, NotFound
from delivery.ids import content_address, digest_of
from delivery.units import SEGMENT_TICKS, TICK_PTS, Ticks

LADDER = {"v360": (160, 96, 200_000), "v240": (96, 64, 100_000)}
SOUND = "audio"
PER_TICK = 200
"""Packets in a tick of the transmitter rendition: 940 kbit/s."""
_90K = Fraction(1, 90_000)


@dataclass
class MemoryBlobs:
    """Blobs in memory, under the same contract as the store's."""

    held: dict[str, bytes] = field(default_factory=dict)

    def put(self, data: bytes) -> str:
        self.held[content_address(data)] = data
        return content_address(data)

    def local_path(self, _address: str) -> Path | None:
        return None

    def get(self, address: str) -> bytes:
        if address not in self.held:
            raise NotFound(N_("Stored file {address} is missing."), address=address)
        return self.held[address]


class Studio:
    """Makes lessons and slates when they are first asked for, and finds them by their ids."""

    def __init__(
        self, ladder: Mapping[str, tuple[int, int, int]] = LADDER, *, per_tick: int = PER_TICK
    ) -> None:
        """`ladder`: name of a rung, the first for the transmitter -> width, height, bits per second."""
        self.ladder, self.per_tick = ladder, per_tick
        self.blobs = MemoryBlobs()
        self._made: dict[str, Asset] = {}
        self._ordered: dict[str, tuple[int, int, str]] = {}
        self._streams: dict[tuple[int, int, str], tuple[dict[str, Coded], Coded]] = {}

    def asset(self, asset_id: str) -> Asset:
        if asset_id not in self._made:
            self._made[asset_id] = self._make(asset_id, *self._ordered[asset_id])
        return self._made[asset_id]

    def order(self, seed: int, ticks: int, *, kind: str = "tv") -> str:
        """Id of a lesson whose picture and sound depend on `seed`; it is encoded when it is first wanted."""
        asset_id = digest_of([kind, str(seed), str(ticks)])
        self._ordered[asset_id] = (seed, ticks, kind)
        return asset_id

    def lesson(self, seed: int, ticks: int, *, kind: str = "tv") -> Asset:
        """That lesson."""
        return self.asset(self.order(seed, ticks, kind=kind))

    def slates(self, kind: str = "tv") -> Mapping[int, str]:
        """Length -> slate."""
        return _Slates(self, kind)

    def _coded(self, seed: int, ticks: int, kind: str) -> tuple[dict[str, Coded], Coded]:
        """Pictures by their rungs, and sound. Each shorter slate is the beginning of the longest."""
        length = SEGMENT_TICKS if seed < 0 else ticks
        key = (seed, length, kind)
        if key not in self._streams:
            ladder = self.ladder.items() if kind == "tv" else ()
            pictures = {name: _picture(seed, length, *size) for name, size in ladder}
            self._streams[key] = pictures, _sound(seed, length)
        pictures, sound = self._streams[key]
        if seed >= 0:
            del self._streams[key]
        return {name: coded.until(ticks) for name, coded in pictures.items()}, sound.until(ticks)

    def _make(self, asset_id: str, seed: int, ticks: int, kind: str) -> Asset:
        pictures, sound = self._coded(seed, ticks, kind)
        renditions = [self._cut(name, ticks, picture, sound) for name, picture in pictures.items()]
        renditions.append(self._cut(SOUND, ticks, None, sound))
        return Asset(
            id=asset_id,
            source=content_address(asset_id.encode()),
            profile="test",
            profile_version=1,
            kind=kind,
            ticks=Ticks(ticks),
            loudness_lufs=-23.0,
            true_peak_dbtp=-1.0,
            renditions=tuple(renditions),
            transmitter=self._transmitter(ticks, pictures[next(iter(pictures))], sound)
            if kind == "tv"
            else None,
        )

    def _transmitter(self, ticks: int, picture: Coded, sound: Coded) -> Transmitter:
        muxer = CbrMuxer(self.per_tick)
        units = iter(
            [AccessUnit(data, p + ORIGIN_PTS, d + ORIGIN_PTS, key) for p, d, key, data in picture.packets]
        )
        segments = []
        for batch in batches(Ticks(ticks), frames=[data for _, _, _, data in sound.packets], units=units):
            data, sidecar = muxer.segment(batch)
            packets = {str(pid): held.advancing for pid, held in sidecar.pids.items()}
            beside = self.blobs.put(sidecar.to_bytes())
            segments.append(TransmitterSegment(self.blobs.put(data), batch.ticks, len(data), packets, beside))
        return Transmitter(self.per_tick, next(iter(self.ladder)), 64, tuple(segments))

    def _cut(self, name: str, ticks: int, picture: Coded | None, sound: Coded) -> Rendition:
        segments = []
        for start in range(0, ticks, SEGMENT_TICKS):
            length = min(SEGMENT_TICKS, ticks - start)
            data = _mux([coded for coded in (picture, sound) if coded], start, length)
            packets = {str(pid): count for pid, count in packet_counts(data).items()}
            segments.append(Segment(self.blobs.put(data), Ticks(length), len(data), packets))
        peak = max(s.bytes * 8 * 100 // (s.ticks * 32) for s in segments)
        width, height, _ = self.ladder.get(name, (0, 0, 0))
        codecs = "avc1.42c00a,mp4a.40.2" if picture else "mp4a.40.2"
        return Rendition(
            name, "video" if picture else "audio", codecs, peak, peak, width, height, tuple(segments)
        )


@dataclass(frozen=True)
class _Slates(Mapping[int, str]):
    studio: Studio
    kind: str

    def __getitem__(self, ticks: int) -> str:
        if not 1 <= ticks <= SEGMENT_TICKS:
            raise KeyError(ticks)
        return self.studio.order(-1, ticks, kind=self.kind)

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, SEGMENT_TICKS + 1))

    def __len__(self) -> int:
        return SEGMENT_TICKS


@dataclass(frozen=True)
class Coded:
    """One elementary stream: (offset in 90 kHz from the lesson's start, DTS, key, bytes) per packet."""

    codec: str
    size: tuple[int, int]
    packets: tuple[tuple[int, int, bool, bytes], ...]

    def until(self, ticks: int) -> Coded:
        """What is presented in the first `ticks`."""
        return replace(self, packets=tuple(p for p in self.packets if p[0] < ticks * TICK_PTS))


def _picture(seed: int, ticks: int, width: int, height: int, bit_rate: int) -> Coded:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 25), Fraction(25)
    # Every tick of a slate is a closed group of pictures.
    group = 8 if seed < 0 else 48
    context.bit_rate, context.gop_size, context.max_b_frames = bit_rate, group, 2
    context.thread_count = 1
    # A tenth of a second of the bit rate in the buffer: no picture is too large for the transmitter.
    rate = f"vbv-maxrate={bit_rate // 1000}:vbv-bufsize={bit_rate // 10_000}:" if width > 200 else ""
    context.options = {
        "preset": "ultrafast",
        "x264-params": f"{rate}keyint={group}:min-keyint={group}:scenecut=0:open-gop=0:bframes=2:b-adapt=0:"
        "repeat-headers=1",
    }
    packets: list[Packet] = []
    ramp = (np.arange(width)[None, :] + 2 * np.arange(height)[:, None]).astype(np.uint8)
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    for number in range(ticks * 8):
        planes[:height] = ramp + np.uint8((3 * number + 60 * seed) % 256)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += context.encode(frame)
    packets += context.encode(None)
    return Coded(
        "h264", (width, height), tuple((p.pts * 3600, p.dts * 3600, p.is_keyframe, bytes(p)) for p in packets)
    )


def _sound(seed: int, ticks: int) -> Coded:
    context = av.CodecContext.create("aac", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate, context.layout, context.format = 48_000, "stereo", "fltp"
    context.bit_rate, context.time_base = 64_000, Fraction(1, 48_000)
    context.options = {"aac_coder": "fast"}
    frames = ticks * 15
    wave = 0.1 * np.sin(np.arange((frames + 1) * 1024) * (440 + 60 * seed) * 2 * np.pi / 48_000)
    packets: list[Packet] = []
    for number in range(frames + 1):
        part = np.tile(wave[number * 1024 : (number + 1) * 1024].astype(np.float32), (2, 1))
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 1024, Fraction(1, 48_000)
        packets += context.encode(frame)
    packets += context.encode(None)
    # The first packet holds the encoder's priming.
    kept = [_adts(bytes(p)) for p in packets][1 : frames + 1]
    return Coded("aac", (0, 0), tuple((n * 1920, n * 1920, True, data) for n, data in enumerate(kept)))


def _adts(frame: bytes) -> bytes:
    """An AAC-LC frame, 48 kHz stereo, behind its ADTS header (ISO/IEC 13818-7, 6.2)."""
    length = len(frame) + 7
    return (
        bytes([0xFF, 0xF1, 0x4C, 0x80 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC])
        + frame
    )


def _mux(streams: list[Coded], start: int, ticks: int) -> bytes:
    """The packets whose presentation lies in these ticks, as one transport stream of its own."""
    out = io.BytesIO()
    first, stop = start * TICK_PTS, (start + ticks) * TICK_PTS
    options = {"mpegts_copyts": "1", "muxpreload": "0", "muxdelay": "0.7", "max_delay": "700000"}
    with av.open(out, "w", format="mpegts", container_options=options) as container:
        chosen = []
        for coded in streams:
            if coded.codec == "h264":
                stream = container.add_mux_stream("h264", 25, width=coded.size[0], height=coded.size[1])
            else:
                stream = container.add_mux_stream("aac", 48_000)
            stream.time_base = _90K
            chosen += [(p, stream) for p in coded.packets if first <= p[0] < stop]
        for (pts, dts, key, data), stream in sorted(chosen, key=lambda item: item[0][1]):
            packet = Packet(data)
            packet.pts, packet.dts, packet.time_base = pts + ORIGIN_PTS, dts + ORIGIN_PTS, _90K
            packet.is_keyframe, packet.stream = key, stream
            container.mux(packet)
    return out.getvalue()
