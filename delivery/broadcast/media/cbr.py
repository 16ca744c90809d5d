"""The transmitter rendition: a transport stream of constant bit rate, exact to the packet (ISO/IEC 13818-1).

A tick has a fixed number of slots. The first is a clock, so that clocks keep their distance over every join; tables
follow once in a tick; sound is spread evenly; pictures take the free slots as early as the decoder may hold them; what
is left is null packets. A segment is complete in its own slots: whatever comes before or after it on the air, all of
it is there when it is due.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from delivery.broadcast.asset import ORIGIN_PTS, TRANSMITTER_LEAD_PTS
from delivery.broadcast.media.profiles import SENT_AHEAD_MS, TransmitterPlan
from delivery.broadcast.media.segmenter import Batch, NotOnGrid, batches
from delivery.broadcast.media.transport import (
    AAC,
    AUDIO_PID,
    PACKET,
    PAT_PID,
    PMT_PID,
    VIDEO_PID,
    AccessUnit,
    clock_packet,
    packets_of,
    picture_pes,
    sound_groups,
    sound_pes,
    tables,
)
from delivery.broadcast.sidecar import PidPackets, Sidecar
from delivery.errors import N_
from delivery.units import TICK_PTS, Ticks

CLOCKS_PER_TICK: Final = 10
"""A clock every 32 ms; ETSI TR 101 290 (2.3b) asks for 40."""
NULL: Final = b"\x47\x1f\xff\x10" + b"\xff" * 184
CLOCK_HZ_PER_PTS: Final = 300


@dataclass(frozen=True, slots=True)
class CutTransmitterSegment:
    """A segment and its sidecar that lie in a working folder."""

    file: str
    sidecar: str
    ticks: Ticks
    bytes: int
    packets: dict[str, int]


def cut_transmitter(
    folder: Path,
    ticks: Ticks,
    plan: TransmitterPlan,
    *,
    frames: Sequence[bytes],
    units: Iterator[AccessUnit],
) -> list[CutTransmitterSegment]:
    """Write the transmitter rendition of `ticks` into `folder`, as ``00000.ts`` with ``00000.sidecar`` …

    `frames` are AAC frames without the priming one; what is longer than `ticks` is left over. Raises NotOnGrid.
    """
    folder.mkdir(parents=True, exist_ok=True)
    muxer = CbrMuxer(plan.packets_per_tick)
    out = []
    for number, batch in enumerate(batches(ticks, frames=frames, units=units)):
        data, sidecar = muxer.segment(batch)
        file, beside = f"{number:05}.ts", f"{number:05}.sidecar"
        (folder / file).write_bytes(data)
        (folder / beside).write_bytes(sidecar.to_bytes())
        packets = {str(pid): held.advancing for pid, held in sorted(sidecar.pids.items())}
        out.append(CutTransmitterSegment(file, beside, batch.ticks, len(data), packets))
    return out


def clock_at(slot: int, packets_per_tick: int) -> int:
    """The clock (27 MHz) when packet `slot` of an asset is sent."""
    first = (ORIGIN_PTS - TRANSMITTER_LEAD_PTS) * CLOCK_HZ_PER_PTS
    span = slot * TICK_PTS * CLOCK_HZ_PER_PTS
    return first + (span + packets_per_tick // 2) // packets_per_tick


class CbrMuxer:
    """Writes the segments of one transmitter rendition, in order. Keeps the continuity counters between them."""

    def __init__(self, packets_per_tick: int) -> None:
        self._per_tick = packets_per_tick
        self._sent = {PAT_PID: 0, PMT_PID: 0, VIDEO_PID: 0, AUDIO_PID: 0}
        self._tables = dict(zip((PAT_PID, PMT_PID), tables(video=True, sound=AAC), strict=True))

    def segment(self, batch: Batch) -> tuple[bytes, Sidecar]:
        """The packets of one segment, and where its fields lie. Raises NotOnGrid when something would come too late."""
        page = _Page(batch.ticks * self._per_tick)
        self._reserve(page, batch.ticks)
        self._place_sound(page, batch)
        self._place_pictures(page, batch)
        # Clocks without payload repeat a counter, so they can only be written when the pictures have their places.
        self._write_clocks(page, batch)
        for pid, count in page.advancing.items():
            self._sent[pid] += count
        return page.finish()

    def _reserve(self, page: _Page, ticks: int) -> None:
        for tick in range(ticks):
            start = tick * self._per_tick
            for number in range(CLOCKS_PER_TICK):
                page.taken[start + number * self._per_tick // CLOCKS_PER_TICK] = 1
            for offset, (pid, packet) in enumerate(self._tables.items(), 1):
                counter = self._sent[pid] + tick
                page.put(start + offset, pid, packet[:3] + bytes((0x10 | counter & 15,)) + packet[4:])

    def _place_sound(self, page: _Page, batch: Batch) -> None:
        origin = ORIGIN_PTS + batch.first_tick * TICK_PTS
        counter = self._sent[AUDIO_PID]
        for pts, data in sound_groups(batch.frames, origin, AAC):
            packets = packets_of(AUDIO_PID, counter, sound_pes(pts, data))
            counter += len(packets)
            start, span = self._slot(pts - origin), self._slot(AAC.group_pts)
            for number, packet in enumerate(packets):
                slot = page.free_from(start + (2 * number + 1) * span // (2 * len(packets)))
                page.put(slot, AUDIO_PID, packet, stamps=1 if number == 0 else 0)

    def _place_pictures(self, page: _Page, batch: Batch) -> None:
        free = page.free()
        counter, at = self._sent[VIDEO_PID], 0
        due_from = ORIGIN_PTS - TRANSMITTER_LEAD_PTS + batch.first_tick * TICK_PTS
        for unit in batch.units:
            packets = packets_of(VIDEO_PID, counter, picture_pes(unit), key=unit.key)
            due = unit.dts - due_from
            at = max(at, bisect_left(free, self._slot(due - SENT_AHEAD_MS * 90)))
            last = at + len(packets) - 1
            if last >= len(free) or free[last] >= self._slot(due):
                raise NotOnGrid(
                    N_("a picture at {seconds} s is too large for the transmitter’s {bits} kbit/s"),
                    seconds=f"{(unit.pts - ORIGIN_PTS) / 90_000:.2f}",
                    bits=self._per_tick * 47 // 10,
                )
            stamps = 1 if unit.pts == unit.dts else 2
            for number, packet in enumerate(packets):
                page.put(free[at + number], VIDEO_PID, packet, stamps=0 if number else stamps)
            counter += len(packets)
            at = last + 1

    def _write_clocks(self, page: _Page, batch: Batch) -> None:
        first = batch.first_tick * self._per_tick
        counter = self._sent[VIDEO_PID] - 1
        pictures = iter(sorted(page.slots[VIDEO_PID]))
        following = next(pictures, None)
        for tick in range(batch.ticks):
            for number in range(CLOCKS_PER_TICK):
                slot = tick * self._per_tick + number * self._per_tick // CLOCKS_PER_TICK
                while following is not None and following < slot:
                    counter += 1
                    following = next(pictures, None)
                clock = clock_at(first + slot, self._per_tick)
                page.put_clock(slot, clock_packet(VIDEO_PID, counter & 15, *divmod(clock, CLOCK_HZ_PER_PTS)))

    def _slot(self, pts: int) -> int:
        """The slot that is sent `pts` (1/90,000 s) after the segment's first."""
        return pts * self._per_tick // TICK_PTS


class _Page:
    """The slots of one segment while it is being filled."""

    def __init__(self, slots: int) -> None:
        self._data = bytearray(NULL * slots)
        self.taken = bytearray(slots)
        self.slots: dict[int, list[int]] = {PAT_PID: [], PMT_PID: [], VIDEO_PID: [], AUDIO_PID: []}
        self._clocks: list[int] = []
        self._stamps: list[int] = []

    @property
    def advancing(self) -> dict[int, int]:
        """PID -> packets with payload."""
        clocks = set(self._clocks)
        return {pid: sum(slot not in clocks for slot in slots) for pid, slots in self.slots.items()}

    def free(self) -> list[int]:
        """The slots that nothing has taken."""
        return [slot for slot, taken in enumerate(self.taken) if not taken]

    def free_from(self, slot: int) -> int:
        """The first free slot at or after `slot`, or the last before it at the very end."""
        found = self.taken.find(0, slot)
        return found if found >= 0 else self.taken.rfind(0)

    def put(self, slot: int, pid: int, packet: bytes, *, stamps: int = 0) -> None:
        """Write a packet whose PES header carries `stamps` time stamps."""
        at = slot * PACKET
        self._data[at : at + PACKET] = packet
        self.taken[slot] = 1
        self.slots[pid].append(slot)
        if stamps:
            # The PES header follows the packet's own four bytes and its adaptation field; its stamps start at byte 9.
            header = at + 4 + (1 + packet[4] if packet[3] & 0x20 else 0)
            self._stamps += [header + 9 + 5 * number for number in range(stamps)]

    def put_clock(self, slot: int, packet: bytes) -> None:
        """Write a packet that carries nothing but the clock."""
        self.put(slot, VIDEO_PID, packet)
        self._clocks.append(slot)

    def finish(self) -> tuple[bytes, Sidecar]:
        """The packets, and where their fields lie."""
        pids = {
            pid: PidPackets(count, np.array(sorted(self.slots[pid]), np.uint32))
            for pid, count in self.advancing.items()
        }
        clocks = np.array([slot * PACKET + 6 for slot in self._clocks], np.uint32)
        stamps = np.array(sorted(self._stamps), np.uint32)
        return bytes(self._data), Sidecar(len(self.taken), clocks, stamps, pids)
