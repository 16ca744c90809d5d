"""MPEG transport stream, written so that playout can move it in time by adding constants (ISO/IEC 13818-1).

A segment begins with PAT and PMT and, with a picture, a key frame that carries a PCR. Time stamps count from the
asset's own start; continuity counters run on from segment to segment and begin at 0 with the asset.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.units import TICK_AUDIO_FRAMES, TICK_PTS, TICK_VIDEO_FRAMES

PACKET: Final = 188
PAT_PID: Final = 0
PMT_PID: Final = 0x1000
VIDEO_PID: Final = 0x100
AUDIO_PID: Final = 0x101

FRAME_PTS: Final = 3_600
"""One picture at 25 per second, in 1/90,000 s."""
AAC_FRAME_PTS: Final = 1_920
"""1,024 samples at 48 kHz, in 1/90,000 s."""
PCR_LEAD: Final = 27_000
"""The clock stands 0.3 s before the decode time of what arrives with it: below the 0.7 s that ETSI TR 101 290 allows
between clock and presentation (2.6), B-frames included, and more than a frame in transit needs."""
AUDIO_GROUP: Final = 5
"""AAC frames in one PES packet; three groups fill a tick."""

_CLOCKS: Final = 3
_CLOCK_STEP: Final = AUDIO_GROUP * AAC_FRAME_PTS // _CLOCKS
_PROGRAM: Final = 1
_STREAM_ID: Final = 1
_H264: Final = 0x1B
_AAC_ADTS: Final = 0x0F
_VIETNAMESE: Final = b"\x0a\x04vie\x00"
"""ISO 639 language descriptor."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture in Annex B form. Times in 1/90,000 s."""

    data: bytes
    pts: int
    dts: int
    key: bool


class Muxer:
    """Writes the segments of one rendition, in order. Keeps the continuity counters between them."""

    def __init__(self, *, video: bool) -> None:
        self._video = video
        self._packets = {PAT_PID: 0, PMT_PID: 0, AUDIO_PID: 0} | ({VIDEO_PID: 0} if video else {})
        self._tables = (_section(PAT_PID, _pat()), _section(PMT_PID, _pmt(video=video)))

    def segment(
        self, first_tick: int, pictures: Sequence[AccessUnit], sound: Sequence[bytes]
    ) -> tuple[bytes, dict[str, int]]:
        """One segment that starts at `first_tick`: `pictures` in decode order and `sound` as ADTS frames.

        Returns its bytes and the number of packets of each PID (as decimal text).
        """
        before = dict(self._packets)
        pieces: list[bytes] = []
        groups = _groups(sound, ORIGIN_PTS + first_tick * TICK_PTS)
        if self._video:
            self._with_picture(pieces, pictures, groups)
        else:
            self._put_tables(pieces)
            for pts, data in groups:
                self._put_sound(pieces, pts, data, clocked=True)
        counts = {str(pid): self._packets[pid] - count for pid, count in sorted(before.items())}
        return b"".join(pieces), counts

    def _with_picture(
        self, pieces: list[bytes], pictures: Sequence[AccessUnit], groups: Iterator[tuple[int, bytes]]
    ) -> None:
        waiting = next(groups, None)
        for number, unit in enumerate(pictures):
            while waiting and waiting[0] <= unit.dts:
                self._put_sound(pieces, *waiting, clocked=False)
                waiting = next(groups, None)
            if number % TICK_VIDEO_FRAMES == 0:
                # Every 320 ms: TR 101 290 asks for PAT and PMT at least every 0.5 s.
                self._put_tables(pieces)
            times = _stamps(unit.pts, unit.dts)
            pes = b"\x00\x00\x01\xe0\x00\x00\x84" + times + unit.data
            self._put(pieces, VIDEO_PID, pes, clocks={0: unit.dts - PCR_LEAD}, key=unit.key)
        while waiting:
            self._put_sound(pieces, *waiting, clocked=False)
            waiting = next(groups, None)

    def _put_tables(self, pieces: list[bytes]) -> None:
        for pid, packet in zip((PAT_PID, PMT_PID), self._tables, strict=True):
            pieces.append(packet[:3] + bytes((0x10 | self._packets[pid] & 15,)) + packet[4:])
            self._packets[pid] += 1

    def _put_sound(self, pieces: list[bytes], pts: int, data: bytes, *, clocked: bool) -> None:
        times = _stamps(pts, pts)
        body = b"\x84" + times + data
        pes = b"\x00\x00\x01\xc0" + len(body).to_bytes(2, "big") + body
        if not clocked:
            self._put(pieces, AUDIO_PID, pes, clocks={}, key=False)
            return
        # Sound alone carries the clock itself, three times in a group: every 36 ms.
        clocks = [pts - PCR_LEAD + step * _CLOCK_STEP for step in range(_CLOCKS)]
        count = -(-len(pes) // 184)
        if count >= _CLOCKS:
            due = {count * step // _CLOCKS: clock for step, clock in enumerate(clocks)}
            self._put(pieces, AUDIO_PID, pes, clocks=due, key=True)
            return
        # Silence is coded in so few bytes that the clock needs packets of its own.
        self._put(pieces, AUDIO_PID, pes, clocks={0: clocks[0]}, key=True)
        pieces += [_clock_only(AUDIO_PID, self._packets[AUDIO_PID] - 1, clock) for clock in clocks[1:]]

    def _put(
        self, pieces: list[bytes], pid: int, pes: bytes, *, clocks: Mapping[int, int], key: bool
    ) -> None:
        """Cut a PES packet into transport packets; `clocks` says which of them carry which clock value."""
        heads = _heads(pid)
        at, size, number, counter = 0, len(pes), 0, self._packets[pid]
        while at < size:
            clock = clocks.get(number)
            room = 184 if clock is None else 176
            piece = pes[at : at + room]
            if clock is None and len(piece) == 184 and number:
                pieces.append(heads[counter & 15] + piece)
            else:
                pieces.append(
                    _packet(pid, counter, piece, first=number == 0, clock=clock, key=key and number == 0)
                )
            at += len(piece)
            number += 1
            counter += 1
        self._packets[pid] = counter


def _groups(frames: Sequence[bytes], pts: int) -> Iterator[tuple[int, bytes]]:
    bounds = [*range(0, len(frames), AUDIO_GROUP), len(frames)]
    for start, end in pairwise(bounds):
        yield pts + start * AAC_FRAME_PTS, b"".join(frames[start:end])


@cache
def _heads(pid: int) -> tuple[bytes, ...]:
    """Headers of packets that are all payload, by continuity counter."""
    return tuple(bytes((0x47, pid >> 8, pid & 255, 0x10 | counter)) for counter in range(16))


def _packet(pid: int, counter: int, payload: bytes, *, first: bool, clock: int | None, key: bool) -> bytes:
    """One packet, with an adaptation field for the clock, the random access mark and stuffing."""
    field = b""
    if clock is not None or key:
        field = bytes(((0x40 if key else 0) | (0x10 if clock is not None else 0),))
        if clock is not None:
            field += (clock << 15 | 0x7E00).to_bytes(6, "big")
    gap = 184 - len(payload)
    if gap == 0:
        control, adaptation = 0x10, b""
    else:
        if gap > 1 and not field:
            field = b"\x00"
        control, adaptation = 0x30, bytes((gap - 1,)) + field + b"\xff" * (gap - 1 - len(field))
    head = bytes((0x47, (0x40 if first else 0) | pid >> 8, pid & 255, control | counter & 15))
    return head + adaptation + payload


def _clock_only(pid: int, counter: int, clock: int) -> bytes:
    """A packet with a clock and no payload: it repeats the continuity counter of the one before."""
    head = bytes((0x47, pid >> 8, pid & 255, 0x20 | counter & 15, 183, 0x10))
    return (head + (clock << 15 | 0x7E00).to_bytes(6, "big")).ljust(PACKET, b"\xff")


def _stamps(pts: int, dts: int) -> bytes:
    """Flags, length and time stamps of a PES header (ISO/IEC 13818-1 section 2.4.3.7)."""
    if pts == dts:
        return b"\x80\x05" + _stamp(2, pts)
    return b"\xc0\x0a" + _stamp(3, pts) + _stamp(1, dts)


def _stamp(mark: int, value: int) -> bytes:
    return bytes(
        (
            mark << 4 | (value >> 30 & 7) << 1 | 1,
            value >> 22 & 255,
            (value >> 15 & 127) << 1 | 1,
            value >> 7 & 255,
            (value & 127) << 1 | 1,
        )
    )


def _pat() -> bytes:
    return _table(0x00, _STREAM_ID, _PROGRAM.to_bytes(2, "big") + (0xE000 | PMT_PID).to_bytes(2, "big"))


def _pmt(*, video: bool) -> bytes:
    clock_pid = VIDEO_PID if video else AUDIO_PID
    body = (0xE000 | clock_pid).to_bytes(2, "big") + b"\xf0\x00"
    if video:
        body += bytes((_H264,)) + (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00"
    body += bytes((_AAC_ADTS,)) + (0xE000 | AUDIO_PID).to_bytes(2, "big")
    body += (0xF000 | len(_VIETNAMESE)).to_bytes(2, "big") + _VIETNAMESE
    return _table(0x02, _PROGRAM, body)


def _table(table_id: int, extension: int, body: bytes) -> bytes:
    """A section of version 0: it never changes, so that joins need no new table version."""
    length = 5 + len(body) + 4
    head = (
        bytes((table_id,))
        + (0xB000 | length).to_bytes(2, "big")
        + extension.to_bytes(2, "big")
        + b"\xc1\x00\x00"
    )
    return head + body + _crc(head + body).to_bytes(4, "big")


def _section(pid: int, section: bytes) -> bytes:
    return (bytes((0x47, 0x40 | pid >> 8, pid & 255, 0x10, 0x00)) + section).ljust(PACKET, b"\xff")


def _crc(data: bytes) -> int:
    """CRC-32/MPEG-2 (ISO/IEC 13818-1 annex A)."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
    return value


def audio_frames(ticks: int) -> int:
    """AAC frames in `ticks`."""
    return ticks * TICK_AUDIO_FRAMES


def video_frames(ticks: int) -> int:
    """Pictures in `ticks`."""
    return ticks * TICK_VIDEO_FRAMES
