"""Times of picture and sound: stamps in PES headers, steps from frame to frame, and coded sound frames counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from delivery.broadcast.check.packets import PACKET, Flags, Ints, Packets

WRAP: Final = 1 << 33
VIDEO_TYPES: Final = {0x01: "mpeg1", 0x02: "mpeg2", 0x1B: "h264", 0x24: "hevc"}
AUDIO_TYPES: Final = {0x03: "mp2", 0x04: "mp2", 0x0F: "aac", 0x11: "aac-latm"}
_ADTS_RATES: Final = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)


@dataclass(frozen=True)
class Stamps:
    """The time stamps of one elementary stream, by PES packet in order of transmission."""

    pid: int
    kind: str
    packets: Ints
    """Packet in which each PES packet begins."""
    pts: Ints
    """90 kHz, unwrapped: it counts on beyond 2^33."""
    dts: Ints
    frames: Ints
    """Coded frames in each PES packet (ADTS); empty where they were not counted."""
    frame_90k: float
    """Length of a coded frame of sound; 0 where it is unknown."""
    random_access: Flags
    """Whether decoding can begin with that PES packet."""

    @property
    def is_video(self) -> bool:
        return self.kind in VIDEO_TYPES.values()

    @property
    def step(self) -> int | None:
        """Usual distance of presentation times in order."""
        steps = np.diff(np.sort(self.pts))
        if not steps.size:
            return None
        values, counts = np.unique(steps, return_counts=True)
        return int(values[np.argmax(counts)])

    @property
    def end_90k(self) -> float:
        """When the last frame has been presented."""
        last = int(np.argmax(self.pts))
        if self.frames.size:
            return float(self.pts[last] + self.frames[last] * self.frame_90k)
        return float(self.pts[last] + (self.step or 0))


def stamps_of(packets: Packets, pid: int, stream_type: int) -> Stamps | None:
    """The stamps on `pid`; None when no PES packet with a time stamp begins there."""
    rows = np.flatnonzero((packets.pid == pid) & packets.starts & (packets.payload_at <= PACKET - 14))
    at = packets.payload_at[rows]
    data = packets.rows
    is_pes = (data[rows, at] == 0) & (data[rows, at + 1] == 0) & (data[rows, at + 2] == 1)
    is_pes &= (data[rows, at + 7] & 0x80) != 0
    rows, at = rows[is_pes], at[is_pes]
    if not rows.size:
        return None
    pts = _stamp(packets, rows, at + 9)
    has_dts = ((data[rows, at + 7] & 0x40) != 0) & (at <= PACKET - 19)
    dts = pts.copy()
    dts[has_dts] = _stamp(packets, rows[has_dts], at[has_dts] + 14)
    dts = _unwrapped(dts)
    # A picture is presented at its decoding time or at most a few seconds later.
    pts = dts + (pts - dts) % WRAP
    pts = np.where(pts - dts > WRAP // 2, pts - WRAP, pts)
    kind = VIDEO_TYPES.get(stream_type) or AUDIO_TYPES.get(stream_type) or f"0x{stream_type:02x}"
    frames, length = _adts(packets, pid, len(rows)) if kind == "aac" else (np.empty(0, np.int64), 0.0)
    return Stamps(pid, kind, rows, pts, dts, frames, length, packets.random_access[rows])


def irregular(stamps: Stamps) -> tuple[list[int], float]:
    """(packets at which a frame does not follow the one before, largest error in ms).

    Pictures are taken in order of presentation, and must step evenly; sound must go on where its frames end.
    """
    if stamps.frames.size:
        expected = stamps.pts[:-1] + stamps.frames[:-1] * stamps.frame_90k
        errors = stamps.pts[1:] - expected
        # Rates such as 44.1 kHz have no whole number of units in a frame.
        wrong = np.flatnonzero(np.abs(errors) > (0 if stamps.frame_90k.is_integer() else 1))
        where = stamps.packets[wrong + 1]
    else:
        order = _judged(stamps)
        errors = np.diff(stamps.pts[order]) - (stamps.step or 0)
        wrong = np.flatnonzero(errors)
        where = stamps.packets[order[wrong + 1]]
    worst = float(np.abs(errors).max()) / 90 if wrong.size else 0.0
    return sorted(where.tolist()), worst


def _judged(stamps: Stamps) -> Ints:
    """The pictures in order of presentation, without those at both ends whose neighbours a cut may have taken away:
    what comes before the first point of entry, and what is presented after the last decoding time."""
    entries = np.flatnonzero(stamps.random_access)
    first = int(entries[0]) if entries.size else 0
    numbers = np.arange(first, len(stamps.pts))
    settled = stamps.pts[numbers] <= stamps.dts[-1] if len(numbers) > 1 else np.ones(len(numbers), np.bool_)
    since = stamps.pts[first] if len(numbers) else 0
    numbers = numbers[settled & (stamps.pts[numbers] >= since)]
    return numbers[np.argsort(stamps.pts[numbers], kind="stable")]


def uneven_decoding(stamps: Stamps) -> tuple[list[int], float]:
    """As :func:`irregular`, for decoding times of pictures."""
    steps = np.diff(stamps.dts)
    if not steps.size:
        return [], 0.0
    values, counts = np.unique(steps, return_counts=True)
    errors = steps - values[np.argmax(counts)]
    wrong = np.flatnonzero(errors)
    return stamps.packets[wrong + 1].tolist(), float(np.abs(errors).max()) / 90


def _stamp(packets: Packets, rows: Ints, at: Ints) -> Ints:
    b = [packets.rows[rows, at + i].astype(np.int64) for i in range(5)]
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | (b[2] >> 1) << 15 | b[3] << 7 | b[4] >> 1


def _unwrapped(stamps: Ints) -> Ints:
    steps = (np.diff(stamps) + WRAP // 2) % WRAP - WRAP // 2
    return np.concatenate((stamps[:1], stamps[0] + np.cumsum(steps)))


def _adts(packets: Packets, pid: int, units: int) -> tuple[Ints, float]:
    """(ADTS frames in each PES packet, length of a frame in 90 kHz); empty when they cannot be counted."""
    counts: list[int] = []
    length = 0.0
    unit = bytearray()
    begun = False
    for _, begins, payload in packets.payloads(pid):
        if begins:
            if begun:
                counts.append(_frames_in(unit))
            unit, begun = bytearray(payload), True
            if not length:
                length = _frame_length(unit)
        elif begun:
            unit += payload
    if begun:
        counts.append(_frames_in(unit))
    if len(counts) != units or not length or 0 in counts[:-1]:
        return np.empty(0, np.int64), 0.0
    return np.array(counts, np.int64), length


def _frames_in(unit: bytearray) -> int:
    """Whole ADTS frames in a PES packet, header included."""
    at = 9 + unit[8] if len(unit) > 8 else len(unit)
    count = 0
    while at + 7 <= len(unit) and unit[at] == 0xFF and unit[at + 1] & 0xF6 == 0xF0:
        size = (unit[at + 3] & 3) << 11 | unit[at + 4] << 3 | unit[at + 5] >> 5
        if size < 7 or at + size > len(unit):
            break
        count += 1 + (unit[at + 6] & 3)
        at += size
    return count


def _frame_length(unit: bytearray) -> float:
    at = 9 + unit[8] if len(unit) > 8 else len(unit)
    if at + 7 > len(unit) or unit[at] != 0xFF or unit[at + 1] & 0xF6 != 0xF0:
        return 0.0
    index = unit[at + 2] >> 2 & 15
    return 1024 * 90_000 / _ADTS_RATES[index] if index < len(_ADTS_RATES) else 0.0
