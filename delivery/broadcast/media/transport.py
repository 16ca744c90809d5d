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
from delivery.units import TICK_PTS, TICK_SAMPLES, TICK_VIDEO_FRAMES

PACKET: Final = 188
PAT_PID: Final = 0
PMT_PID: Final = 0x1000
VIDEO_PID: Final = 0x100
AUDIO_PID: Final = 0x101

FRAME_PTS: Final = 3_600
"""One picture at 25 per second, in 1/90,000 s."""
PCR_LEAD: Final = 27_000
"""The clock stands 0.3 s before the decode time of what arrives with it: below the 0.7 s that ETSI TR 101 290 allows
between clock and presentation (2.6), B-frames included, and more than a frame in transit needs."""

_PROGRAM: Final = 1
_STREAM_ID: Final = 1
_H264: Final = 0x1B
_VIETNAMESE: Final = b"\x0a\x04vie\x00"
"""ISO 639 language descriptor."""


@dataclass(frozen=True, slots=True)
class SoundCodec:
    """How coded sound lies on the grid, at 48 kHz."""

    name: str
    stream_type: int
    """ISO/IEC 13818-1 table 2-34."""
    samples: int
    """In one frame."""
    grain: int
    """Ticks that are a whole number of frames: only such lengths can be cut exactly."""
    group: int
    """Frames in one PES packet; a whole number of groups fills the grain."""
    clocks: int
    """Clock values in a group of sound alone, so that they come at least every 40 ms."""
    rfc6381: str
    suffix: str
    """Of files that the encoder writes."""

    @property
    def frame_pts(self) -> int:
        """Length of a frame in 1/90,000 s."""
        return self.samples * 90_000 // 48_000

    @property
    def group_pts(self) -> int:
        """Length of a full group in 1/90,000 s."""
        return self.group * self.frame_pts

    def frames(self, ticks: int) -> int:
        """Frames in `ticks`, a multiple of the grain."""
        return ticks * TICK_SAMPLES // self.samples


AAC: Final = SoundCodec("aac", 0x0F, 1024, 1, 5, 3, "mp4a.40.2", "aac")
"""15 frames fill a tick."""
MP3: Final = SoundCodec("mp3", 0x03, 1152, 3, 5, 4, "mp4a.40.34", "mp3")
"""MPEG-1 layer III: lcm(24 ms, 320 ms) = 960 ms, so 40 frames fill three ticks."""
SOUND_CODECS: Final[Mapping[str, SoundCodec]] = {codec.name: codec for codec in (AAC, MP3)}


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture in Annex B form. Times in 1/90,000 s."""

    data: bytes
    pts: int
    dts: int
    key: bool


class Muxer:
    """Writes the segments of one rendition, in order. Keeps the continuity counters between them."""

    def __init__(self, *, video: bool, sound: SoundCodec = AAC) -> None:
        self._video = video
        self._sound = sound
        self._packets = {PAT_PID: 0, PMT_PID: 0, AUDIO_PID: 0} | ({VIDEO_PID: 0} if video else {})
        self._tables = tables(video=video, sound=sound)

    def segment(
        self, first_tick: int, pictures: Sequence[AccessUnit], sound: Sequence[bytes]
    ) -> tuple[bytes, dict[str, int]]:
        """One segment that starts at `first_tick`: `pictures` in decode order and `sound` as coded frames.

        Returns its bytes and the number of packets of each PID (as decimal text).
        """
        before = dict(self._packets)
        pieces: list[bytes] = []
        groups = sound_groups(sound, ORIGIN_PTS + first_tick * TICK_PTS, self._sound)
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
            self._put(pieces, VIDEO_PID, picture_pes(unit), clocks={0: unit.dts - PCR_LEAD}, key=unit.key)
        while waiting:
            self._put_sound(pieces, *waiting, clocked=False)
            waiting = next(groups, None)

    def _put_tables(self, pieces: list[bytes]) -> None:
        for pid, packet in zip((PAT_PID, PMT_PID), self._tables, strict=True):
            pieces.append(packet[:3] + bytes((0x10 | self._packets[pid] & 15,)) + packet[4:])
            self._packets[pid] += 1

    def _put_sound(self, pieces: list[bytes], pts: int, data: bytes, *, clocked: bool) -> None:
        pes = sound_pes(pts, data)
        if not clocked:
            self._put(pieces, AUDIO_PID, pes, clocks={}, key=False)
            return
        # Sound alone carries the clock itself, several times in a group.
        several = self._sound.clocks
        clocks = [pts - PCR_LEAD + step * self._sound.group_pts // several for step in range(several)]
        count = -(-len(pes) // 184)
        if count >= several:
            due = {count * step // several: clock for step, clock in enumerate(clocks)}
            self._put(pieces, AUDIO_PID, pes, clocks=due, key=True)
            return
        # Silence is coded in so few bytes that the clock needs packets of its own.
        self._put(pieces, AUDIO_PID, pes, clocks={0: clocks[0]}, key=True)
        pieces += [clock_packet(AUDIO_PID, self._packets[AUDIO_PID] - 1, clock) for clock in clocks[1:]]

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


def sound_groups(frames: Sequence[bytes], pts: int, codec: SoundCodec) -> Iterator[tuple[int, bytes]]:
    """(time stamp, coded frames) of each PES packet of sound; the first frame is due at `pts`."""
    bounds = [*range(0, len(frames), codec.group), len(frames)]
    for start, end in pairwise(bounds):
        yield pts + start * codec.frame_pts, b"".join(frames[start:end])


def picture_pes(unit: AccessUnit) -> bytes:
    """The PES packet of one picture."""
    return b"\x00\x00\x01\xe0\x00\x00\x84" + _stamps(unit.pts, unit.dts) + unit.data


def sound_pes(pts: int, data: bytes) -> bytes:
    """The PES packet of one group of sound frames."""
    body = b"\x84" + _stamps(pts, pts) + data
    return b"\x00\x00\x01\xc0" + len(body).to_bytes(2, "big") + body


def packets_of(pid: int, counter: int, pes: bytes, *, key: bool = False) -> list[bytes]:
    """A PES packet in transport packets without a clock, the continuity counter running on from `counter`."""
    heads = _heads(pid)
    first = pes[: 182 if key else 184]
    out = [_packet(pid, counter, first, first=True, clock=None, key=key)]
    at, size = len(first), len(pes)
    while at + 184 <= size:
        counter += 1
        out.append(heads[counter & 15] + pes[at : at + 184])
        at += 184
    if at < size:
        out.append(_packet(pid, counter + 1, pes[at:], first=False, clock=None, key=False))
    return out


def tables(*, video: bool, sound: SoundCodec) -> tuple[bytes, bytes]:
    """The packets of PAT and PMT, their continuity counters at 0."""
    return _section(PAT_PID, _pat()), _section(PMT_PID, _pmt(video=video, sound=sound))


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


def clock_packet(pid: int, counter: int, clock: int, extension: int = 0) -> bytes:
    """A packet with a clock (1/90,000 s, and 1/27,000,000 s in `extension`) and no payload: it repeats the continuity
    counter of the one before."""
    head = bytes((0x47, pid >> 8, pid & 255, 0x20 | counter & 15, 183, 0x10))
    return (head + (clock << 15 | 0x7E00 | extension).to_bytes(6, "big")).ljust(PACKET, b"\xff")


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


def _pmt(*, video: bool, sound: SoundCodec) -> bytes:
    clock_pid = VIDEO_PID if video else AUDIO_PID
    body = (0xE000 | clock_pid).to_bytes(2, "big") + b"\xf0\x00"
    if video:
        body += bytes((_H264,)) + (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xf0\x00"
    body += bytes((sound.stream_type,)) + (0xE000 | AUDIO_PID).to_bytes(2, "big")
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


def video_frames(ticks: int) -> int:
    """Pictures in `ticks`."""
    return ticks * TICK_VIDEO_FRAMES
