"""Proof of the transmitter rendition: read back with another reader, and played into the decoder that ISO/IEC 13818-1
(2.4.2) defines (the T-STD).

Bytes arrive at the constant rate of the slots. A picture must be there whole when its decode time comes; the sound
buffer must never hold more than it may. The reader is FFmpeg's demuxer through PyAV, beside a look at the packets that
shares nothing with the writer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.asset import ORIGIN_PTS, TRANSMITTER_LEAD_PTS
from delivery.broadcast.media.cbr import CutTransmitterSegment
from delivery.broadcast.media.profiles import AAC_BUFFER_BYTES, LEVELS, Profile
from delivery.broadcast.media.segmenter import NotOnGrid
from delivery.broadcast.media.transport import AAC, AUDIO_PID, FRAME_PTS, PACKET, VIDEO_PID, video_frames
from delivery.errors import N_
from delivery.units import TICK_PTS

NULL_PID: Final = 0x1FFF
LONGEST_CLOCK_GAP_PTS: Final = 3_600
"""40 ms (ETSI TR 101 290, 2.3b)."""
_TICK_27M: Final = TICK_PTS * 300

_Bytes = NDArray[np.uint8]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Buffers:
    """The fullest that a receiver's buffers become."""

    sound_bytes: int
    picture_bytes: int
    latest_picture_pts: int
    """How long before its decode time the latest picture is there (1/90,000 s)."""


def prove_transmitter(
    folder: Path,
    segments: Sequence[CutTransmitterSegment],
    profile: Profile,
    *,
    pictures: Sequence[str] = (),
) -> Buffers:
    """Read every segment back; `pictures` are the digests of its rung's coded pictures (prove.Proof).

    Raises NotOnGrid naming the segment and what is not exact.
    """
    plan = profile.transmitter
    assert plan is not None
    picture = profile.rung(plan.rung).picture
    assert picture is not None
    tick, worst = 0, Buffers(0, 0, TRANSMITTER_LEAD_PTS)
    counters: dict[int, int] = {}
    for number, segment in enumerate(segments):
        file = folder / segment.file
        packets = np.frombuffer(file.read_bytes(), np.uint8)
        if len(packets) != segment.ticks * plan.packets_per_tick * PACKET:
            raise NotOnGrid(N_("segment {name} does not fill its slots"), name=file.name)
        packets = packets.reshape(-1, PACKET)
        first = tick * plan.packets_per_tick
        _prove_clocks(packets, first, plan.packets_per_tick, name=file.name)
        _prove_counters(packets, counters, segment.packets, name=file.name)
        found, shown = _prove_streams(file, packets, segment, tick, plan.packets_per_tick, profile)
        if pictures and shown != pictures[number]:
            raise NotOnGrid(N_("segment {name} shows other pictures than its rung"), name=file.name)
        worst = Buffers(
            max(worst.sound_bytes, found.sound_bytes),
            max(worst.picture_bytes, found.picture_bytes),
            min(worst.latest_picture_pts, found.latest_picture_pts),
        )
        tick += segment.ticks
    if worst.sound_bytes > AAC_BUFFER_BYTES:
        raise NotOnGrid(N_("{bytes} bytes of sound at once for a receiver"), bytes=worst.sound_bytes)
    if worst.picture_bytes * 8 > 1200 * LEVELS[picture.level]:
        raise NotOnGrid(N_("{bytes} bytes of pictures at once for a receiver"), bytes=worst.picture_bytes)
    return worst


def _prove_clocks(packets: _Bytes, first: int, per_tick: int, *, name: str) -> None:
    """Each clock says when its own packet is sent, to the tick of 27 MHz, and they come often enough."""
    rows = np.flatnonzero((packets[:, 3] & 0x20 > 0) & (packets[:, 4] > 0) & (packets[:, 5] & 0x10 > 0))
    field = packets[rows, 6:12].astype(np.int64)
    base = field[:, 0] << 25 | field[:, 1] << 17 | field[:, 2] << 9 | field[:, 3] << 1 | field[:, 4] >> 7
    found = base * 300 + ((field[:, 4] & 1) << 8 | field[:, 5])
    start = (ORIGIN_PTS - TRANSMITTER_LEAD_PTS) * 300
    due = start + np.array([round((first + int(row)) * _TICK_27M / per_tick) for row in rows], np.int64)
    # Over the join, the next segment's first clock stands in its first slot.
    gaps = np.diff(np.append(rows, len(packets))) * TICK_PTS / per_tick
    exact = len(rows) > 0 and rows[0] == 0 and int(np.abs(found - due).max()) <= 1
    if not exact or gaps.max() > LONGEST_CLOCK_GAP_PTS:
        raise NotOnGrid(N_("the clock of segment {name} is not exact"), name=name)


def _prove_counters(packets: _Bytes, counters: dict[int, int], told: Mapping[str, int], *, name: str) -> None:
    """Continuity counters run on over the segment, and the manifest's numbers are right."""
    pids = (packets[:, 1].astype(np.int64) & 0x1F) << 8 | packets[:, 2]
    good = bool((packets[:, 0] == 0x47).all())
    for pid in (int(pid) for pid in np.unique(pids) if pid != NULL_PID):
        own = packets[pids == pid, 3]
        advances = (own & 0x10) != 0
        due = (counters.get(pid, 0) - 1 + np.cumsum(advances)) & 15
        good = good and bool((own & 15 == due).all()) and told.get(str(pid)) == int(advances.sum())
        counters[pid] = (counters.get(pid, 0) + int(advances.sum())) & 15
    if not good:
        raise NotOnGrid(N_("the packets of segment {name} are not counted rightly"), name=name)


def _prove_streams(
    file: Path,
    packets: _Bytes,
    segment: CutTransmitterSegment,
    tick: int,
    per_tick: int,
    profile: Profile,
) -> tuple[Buffers, str]:
    """Each picture and sound frame of the segment's span once and in step; then buffers, and the pictures' digest."""
    start = ORIGIN_PTS + tick * TICK_PTS
    pictures: list[tuple[int, int]] = []
    sound: list[tuple[int, int]] = []
    digest = hashlib.sha256()
    with av.open(str(file), format="mpegts") as container:
        for packet in container.demux():
            if packet.size and packet.pts is not None and packet.dts is not None:
                if packet.stream.type == "video":
                    digest.update(bytes(packet))
                    pictures.append((packet.dts, packet.size))
                else:
                    sound.append((packet.dts, packet.size))
    delay = FRAME_PTS if profile.encoder.bframes else 0
    due = [start - delay + number * FRAME_PTS for number in range(video_frames(segment.ticks))]
    heard = [start + number * AAC.frame_pts for number in range(AAC.frames(segment.ticks))]
    if [dts for dts, _ in pictures] != due or [dts for dts, _ in sound] != heard:
        raise NotOnGrid(N_("segment {name} of the transmitter rendition is not in step"), name=file.name)
    clock = start - TRANSMITTER_LEAD_PTS
    spare, full = _buffer(packets, VIDEO_PID, pictures, clock, per_tick)
    early, held = _buffer(packets, AUDIO_PID, sound, clock, per_tick)
    if spare < 0 or early < 0:
        raise NotOnGrid(N_("something of segment {name} arrives after it is due"), name=file.name)
    return Buffers(held, full, spare), digest.hexdigest()


def _buffer(
    packets: _Bytes, pid: int, units: Sequence[tuple[int, int]], clock: int, per_tick: int
) -> tuple[int, int]:
    """(least time to spare of any unit, most bytes held) of one stream, its units (decode time, size).

    Times in 1/90,000 s. PES headers are taken off before the buffer.
    """
    pids = (packets[:, 1].astype(np.int64) & 0x1F) << 8 | packets[:, 2]
    rows = np.flatnonzero((pids == pid) & ((packets[:, 3] & 0x10) != 0))
    starts = np.where(packets[rows, 3] & 0x20, 5 + packets[rows, 4].astype(np.int64), 4)
    sizes = PACKET - starts
    begins = np.flatnonzero(packets[rows, 1] & 0x40)
    for row in begins:
        # Nine bytes, and what the ninth says of the rest (2.4.3.6).
        sizes[row] -= 9 + int(packets[rows[row], starts[row] + 8])
    arrived = np.cumsum(sizes)
    # A packet is there when its last byte is.
    times = clock + (rows + 1) * TICK_PTS // per_tick
    ends = np.cumsum([size for _, size in units])
    due = np.array([dts for dts, _ in units], np.int64)
    there = times[np.minimum(np.searchsorted(arrived, ends), len(times) - 1)]
    if arrived[-1] < ends[-1]:
        return -1, 0
    # Just before a unit is taken out, the buffer holds all that has arrived minus the units before it.
    by_then = np.searchsorted(times, due, side="right")
    present = np.where(by_then > 0, arrived[np.maximum(by_then - 1, 0)], 0)
    held = int((present - np.concatenate(([0], ends[:-1]))).max())
    return int((due - there).min()), held
