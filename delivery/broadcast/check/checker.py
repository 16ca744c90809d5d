"""The judge itself: a transport stream in, a report out (ETSI TR 101 290 V1.2.1 section 5.2, priorities 1 and 2).

Beyond those checks it looks at what a join would break: the step from frame to frame, sound against picture, and
whether everything arrives before it is to be decoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from delivery.broadcast.check import clock as clocks
from delivery.broadcast.check.clock import ACCURACY_NS, INTERVAL_MS, JUMP_MS, ProgramClock, Rate
from delivery.broadcast.check.elementary import (
    AUDIO_TYPES,
    VIDEO_TYPES,
    WRAP,
    Stamps,
    irregular,
    stamps_of,
    uneven_decoding,
)
from delivery.broadcast.check.packets import NULL_PID, PACKET, Flags, Floats, Ints, Packets, read
from delivery.broadcast.check.report import Check, Position, Report, StreamReport, counted, unmeasured
from delivery.broadcast.check.tables import CAT_PID, PAT_PID, SI_PIDS, Programme, programmes_of, sections

TABLE_INTERVAL_S: Final = 0.5
"""Checks 1.3 and 1.5: PAT and PMT at least every 0.5 s."""
PTS_INTERVAL_S: Final = 0.7
"""Check 2.5: a presentation time at least every 700 ms."""
PID_ABSENT_S: Final = 5.0
"""Check 1.6: how long a stream that the PMT names may stay away; the standard leaves the number to the user."""
SOUND_EARLY_MS: Final = 40.0
SOUND_LATE_MS: Final = 60.0
"""EBU R 37: sound may come at most 40 ms before and 60 ms after its picture."""

SYNC_LOSS = Check("1.1", "TS_sync_loss", 1, "5 acquire, 2 lose")
SYNC_BYTE = Check("1.2", "Sync_byte_error", 1, "0x47")
PAT = Check("1.3", "PAT_error", 1, "500 ms")
COUNTER = Check("1.4", "Continuity_count_error", 1, "+1")
PMT = Check("1.5", "PMT_error", 1, "500 ms")
PID = Check("1.6", "PID_error", 1, "5 s")
TRANSPORT = Check("2.1", "Transport_error", 2, "0")
CRC = Check("2.2", "CRC_error", 2, "0")
PCR_INTERVAL = Check("2.3a", "PCR_repetition_error", 2, "40 ms")
PCR_JUMP = Check("2.3b", "PCR_discontinuity_indicator_error", 2, "100 ms")
PCR_ACCURACY = Check("2.4", "PCR_accuracy_error", 2, "500 ns")
PTS = Check("2.5", "PTS_error", 2, "700 ms")
CAT = Check("2.6", "CAT_error", 2, "0")
PTS_STEP = Check("pts-step", "Presentation_step_error", 0, "1 frame")
DTS_STEP = Check("dts-step", "Decoding_step_error", 0, "1 frame")
AV_OFFSET = Check("av-offset", "Sound_offset_error", 0, "-40 to +60 ms")
ARRIVAL = Check("arrival", "Late_arrival_error", 0, "0 ms before decoding")


def check_file(path: Path) -> Report:
    """Judge a file. Raises BadInput when it is no transport stream at all."""
    return check(read(path))


def check(packets: Packets) -> Report:
    """Judge a stream."""
    return _Judge(packets).report()


@dataclass(frozen=True)
class _Judge:
    packets: Packets

    @cached_property
    def programmes(self) -> list[Programme]:
        return programmes_of(self.packets)

    @cached_property
    def all_clocks(self) -> list[ProgramClock]:
        pids = dict.fromkeys(p.pcr_pid for p in self.programmes if p.pcr_pid >= 0)
        if not pids:
            # Without tables: whatever carries a clock.
            pids = dict.fromkeys(self.packets.pid[self.packets.pcr_packets].tolist())
        return [found for pid in pids if (found := clocks.clock_of(self.packets, pid))]

    @cached_property
    def clock(self) -> ProgramClock | None:
        return self.all_clocks[0] if self.all_clocks else None

    @cached_property
    def rate(self) -> Rate | None:
        rate = clocks.rate_of(self.packets, self.clock) if self.clock else None
        return rate if rate and rate.bits_per_second else None

    @cached_property
    def streams(self) -> dict[int, int]:
        """PID -> type of every elementary stream that a PMT names."""
        return {pid: kind for p in self.programmes for pid, kind in p.streams.items()}

    @cached_property
    def stamps(self) -> list[Stamps]:
        known = VIDEO_TYPES.keys() | AUDIO_TYPES.keys()
        found = (stamps_of(self.packets, pid, kind) for pid, kind in self.streams.items() if kind in known)
        return [s for s in found if s is not None]

    def seconds(self, numbers: Ints) -> Floats | None:
        if self.clock is None or self.rate is None:
            return None
        return clocks.arrival_seconds(self.packets, self.clock, self.rate, numbers)

    def at(self, numbers: Iterable[int], *, pid: int | None = None) -> list[Position]:
        """Positions of packets; the time only of the first, which is the one that is shown."""
        out: list[Position] = []
        for number in numbers:
            found = None
            if not out and (times := self.seconds(np.array([number], np.int64))) is not None:
                found = round(float(times[0]), 6)
            shown = (
                pid if pid is not None or number >= len(self.packets.pid) else int(self.packets.pid[number])
            )
            out.append(Position(number, self.packets.byte_of(number), found, shown))
        return out

    def report(self) -> Report:
        packets, rate = self.packets, self.rate
        null = int((packets.pid == NULL_PID).sum())
        errors = rate.errors_ns if rate else np.empty(0, np.int64)
        total = len(packets.pid)
        return Report(
            bytes=sum(run.packets for run in packets.runs) * PACKET + packets.trailing,
            packets=total,
            trailing_bytes=packets.trailing,
            seconds=round(total * PACKET * 8 / rate.bits_per_second, 6) if rate else 0.0,
            bit_rate=round(rate.bits_per_second) if rate else 0,
            constant_bit_rate=bool(rate and rate.constant),
            null_packets=null,
            pcr_interval_ms=self.clock.longest_ms() if self.clock else None,
            pcr_accuracy_ns=float(np.abs(errors).max()) if errors.size else None,
            av_offset_ms=self._offsets(),
            streams=tuple(self._stream(pid) for pid in sorted(set(packets.pid.tolist()) - {NULL_PID})),
            checks=(*self._first(), *self._second(), *self._own()),
        )

    # Priority 1

    def _first(self) -> list[Check]:
        packets = self.packets
        pmt_pids = dict.fromkeys(p.pmt_pid for p in self.programmes)
        return [
            counted(SYNC_LOSS, self.at(packets.losses)),
            counted(SYNC_BYTE, self.at(packets.bad_sync)),
            self._tables(PAT, [(PAT_PID, 0)]),
            counted(COUNTER, self.at(sorted(self._broken_counters()))),
            self._tables(PMT, [(pid, 2) for pid in pmt_pids]) if pmt_pids else unmeasured([PMT])[0],
            self._absent(),
        ]

    def _tables(self, check: Check, wanted: Sequence[tuple[int, int]]) -> Check:
        """The table is missing, comes too seldom, is scrambled, or its PID carries something else."""
        found: list[Position] = []
        worst = 0.0
        for pid, table_id in wanted:
            mine = self.packets.pid == pid
            found += self.at(np.flatnonzero(mine & self.packets.scrambled).tolist(), pid=pid)
            begun = list(sections(self.packets, pid))
            found += self.at([s.packet for s in begun if s.table_id != table_id and pid == PAT_PID], pid=pid)
            places = [s.packet for s in begun if s.table_id == table_id]
            if not places:
                found += self.at([0], pid=pid)
                continue
            edges = np.array([0, *places, len(self.packets.pid) - 1], np.int64)
            times = self.seconds(edges)
            if times is not None:
                gaps = np.diff(times)
                worst = max(worst, float(gaps.max()) * 1000)
                found += self.at(edges[:-1][gaps > TABLE_INTERVAL_S].tolist(), pid=pid)
        return counted(check, found, worst=round(worst, 3) if wanted else None)

    def _broken_counters(self) -> list[int]:
        packets = self.packets
        order = np.argsort(packets.pid, kind="stable")
        pid, counter = packets.pid[order], packets.counter[order]
        payload = packets.has_payload[order]
        same_pid = np.diff(pid) == 0
        step = (counter[1:] - counter[:-1]) & 15
        wrong = same_pid & (step != payload[1:]) & ~packets.discontinuity[order][1:] & (pid[1:] != NULL_PID)
        suspects = np.flatnonzero(wrong)
        return [int(order[i + 1]) for i in suspects.tolist() if not self._is_duplicate(order, i, wrong)]

    def _is_duplicate(self, order: Ints, index: int, wrong: Flags) -> bool:
        """A packet may be sent twice and no more (ISO/IEC 13818-1 section 2.4.3.3): the same but for its clock."""
        first, second = self.packets.rows[order[index]], self.packets.rows[order[index + 1]]
        if first[3] & 0x0F != second[3] & 0x0F or not second[3] & 0x10:
            return False
        third = (
            index > 0
            and bool(wrong[index - 1])
            and self.packets.pid[order[index - 1]] == self.packets.pid[order[index]]
        )
        differing = np.flatnonzero(first != second)
        clock_only = bool(second[3] & 0x20) and bool(((differing >= 6) & (differing < 12)).all())
        return not third and (not differing.size or clock_only)

    def _absent(self) -> Check:
        """A stream that a PMT names does not come for too long."""
        found: list[Position] = []
        worst = 0.0
        for pid in self.streams:
            places = np.flatnonzero(self.packets.pid == pid)
            edges = np.concatenate(([0], places, [len(self.packets.pid) - 1]))
            times = self.seconds(edges)
            if times is None:
                continue
            gaps = np.diff(times)
            worst = max(worst, float(gaps.max()))
            found += self.at(edges[:-1][gaps > PID_ABSENT_S].tolist(), pid=pid)
            if not places.size and not found:
                found += self.at([0], pid=pid)
        return counted(PID, found, worst=round(worst, 3))

    # Priority 2

    def _second(self) -> list[Check]:
        packets = self.packets
        return [
            counted(TRANSPORT, self.at(np.flatnonzero(packets.damaged).tolist())),
            self._checksums(),
            *self._clock_checks(),
            self._presentation_interval(),
            self._access(),
        ]

    def _checksums(self) -> Check:
        pids = {PAT_PID, CAT_PID, *SI_PIDS, *(p.pmt_pid for p in self.programmes)}
        found: list[Position] = []
        for pid in sorted(pids & set(self.packets.pid.tolist())):
            known: dict[bytes, bool] = {}
            for section in sections(self.packets, pid):
                if section.data not in known:
                    known[section.data] = not section.has_crc or section.is_whole
                if not known[section.data]:
                    found += self.at([section.packet], pid=pid)
        return counted(CRC, found)

    def _clock_checks(self) -> list[Check]:
        if not self.all_clocks:
            return unmeasured((PCR_INTERVAL, PCR_JUMP, PCR_ACCURACY))
        long: list[Position] = []
        jumps: list[Position] = []
        for clock in self.all_clocks:
            long += self.at(clock.packets[clock.long + 1].tolist(), pid=clock.pid)
            jumps += self.at(clock.packets[np.flatnonzero(clock.jumps_at) + 1].tolist(), pid=clock.pid)
        steps = np.concatenate([np.abs(clock.steps[~clock.announced]) for clock in self.all_clocks])
        jump = float(steps.max()) / 27_000 if steps.size else 0.0
        return [
            counted(
                PCR_INTERVAL, long, worst=max((c.longest_ms() or 0.0 for c in self.all_clocks), default=None)
            ),
            counted(PCR_JUMP, jumps, worst=round(jump, 6)),
            self._accuracy(),
        ]

    def _accuracy(self) -> Check:
        if self.clock is None or self.rate is None or not self.rate.constant:
            return unmeasured([PCR_ACCURACY])[0]
        errors = np.abs(self.rate.errors_ns)
        wrong = self.clock.packets[errors > ACCURACY_NS].tolist()
        return counted(PCR_ACCURACY, self.at(wrong, pid=self.clock.pid), worst=float(errors.max()))

    def _presentation_interval(self) -> Check:
        found: list[Position] = []
        worst = 0.0
        for stamps in self.stamps:
            edges = np.concatenate((stamps.packets, [len(self.packets.pid) - 1]))
            times = self.seconds(edges)
            if times is None:
                return unmeasured([PTS])[0]
            gaps = np.diff(times)
            worst = max(worst, float(gaps.max()) * 1000)
            found += self.at(edges[:-1][gaps > PTS_INTERVAL_S].tolist(), pid=stamps.pid)
        return counted(PTS, found, worst=round(worst, 3)) if self.stamps else unmeasured([PTS])[0]

    def _access(self) -> Check:
        """Scrambled packets need a conditional access table."""
        scrambled = np.flatnonzero(self.packets.scrambled)
        has_table = any(s.table_id == 1 for s in sections(self.packets, CAT_PID))
        return counted(CAT, self.at(scrambled[:1].tolist()) if scrambled.size and not has_table else [])

    # Own

    def _own(self) -> list[Check]:
        return [self._steps(PTS_STEP), self._steps(DTS_STEP), self._offset(), self._arrivals()]

    def _steps(self, check: Check) -> Check:
        judged = [s for s in self.stamps if check is PTS_STEP or s.is_video]
        if not judged:
            return unmeasured([check])[0]
        found: list[Position] = []
        worst = 0.0
        for stamps in judged:
            where, most = irregular(stamps) if check is PTS_STEP else uneven_decoding(stamps)
            found += self.at(where, pid=stamps.pid)
            worst = max(worst, most)
        return counted(check, found, worst=round(worst, 3))

    def _pair(self) -> tuple[Stamps, Stamps] | None:
        picture = next((s for s in self.stamps if s.is_video), None)
        sound = next((s for s in self.stamps if not s.is_video), None)
        return (picture, sound) if picture and sound else None

    def _offsets(self) -> tuple[float, float] | None:
        pair = self._pair()
        if pair is None:
            return None
        picture, sound = pair
        start = _nearest(int(sound.pts.min()) - int(picture.pts.min()))
        end = _nearest(round(sound.end_90k - picture.end_90k))
        return round(start / 90, 3), round(end / 90, 3)

    def _offset(self) -> Check:
        offsets, pair = self._offsets(), self._pair()
        # A stream that was cut in somewhere begins with as much of each as happened to be on its way.
        if offsets is None or pair is None or not bool(pair[0].random_access[0]):
            return unmeasured([AV_OFFSET])[0]
        wrong = [] if -SOUND_EARLY_MS <= offsets[0] <= SOUND_LATE_MS else [int(pair[1].packets[0])]
        return counted(AV_OFFSET, self.at(wrong, pid=pair[1].pid), worst=offsets[0])

    def _lead(self, stamps: Stamps) -> Floats | None:
        """Per PES packet: seconds from its arrival to its decoding, by the clock on the air."""
        if self.clock is None or self.rate is None:
            return None
        times = self.seconds(stamps.packets)
        assert times is not None
        mine = self.packets.pid[self.packets.pcr_packets] == self.clock.pid
        origin = int(self.packets.pcr[mine][0])
        moved = (stamps.dts * 300 - origin + WRAP * 150) % (WRAP * 300) - WRAP * 150
        # Unwrapped from the first on, so that more than 26.5 hours stay in order.
        seconds = (stamps.dts - stamps.dts[0]) / 90_000 + moved[0] / 27_000_000
        lead: Floats = seconds - times
        return lead

    def _arrivals(self) -> Check:
        found: list[Position] = []
        least: float | None = None
        for stamps in self.stamps:
            lead = self._lead(stamps)
            if lead is None:
                return unmeasured([ARRIVAL])[0]
            found += self.at(stamps.packets[lead < 0].tolist(), pid=stamps.pid)
            least = float(lead.min()) * 1000 if least is None else min(least, float(lead.min()) * 1000)
        if least is None:
            return unmeasured([ARRIVAL])[0]
        return counted(ARRIVAL, found, worst=round(least, 3))

    def _stream(self, pid: int) -> StreamReport:
        count = int((self.packets.pid == pid).sum())
        stamps = next((s for s in self.stamps if s.pid == pid), None)
        rate = self.rate
        total = len(self.packets.pid)
        lead = self._lead(stamps) if stamps else None
        return StreamReport(
            pid=pid,
            kind=stamps.kind if stamps else self._table_name(pid),
            packets=count,
            bit_rate=round(rate.bits_per_second * count / total) if rate else 0,
            units=len(stamps.pts) if stamps else 0,
            step_90k=stamps.step if stamps else None,
            first_pts=int(stamps.pts.min()) % WRAP if stamps else None,
            last_pts=int(stamps.pts.max()) % WRAP if stamps else None,
            frames=int(stamps.frames.sum()) if stamps and stamps.frames.size else None,
            lead_ms=(round(float(lead.min()) * 1000, 3), round(float(lead.max()) * 1000, 3))
            if lead is not None
            else None,
        )

    def _table_name(self, pid: int) -> str:
        names = {0: "PAT", 1: "CAT", 0x10: "NIT", 0x11: "SDT", 0x12: "EIT", 0x14: "TDT"}
        if any(p.pmt_pid == pid for p in self.programmes):
            return "PMT"
        if pid in names:
            return names[pid]
        kind = self.streams.get(pid)
        return f"0x{kind:02x}" if kind is not None else "unnamed"


def _nearest(difference: int) -> int:
    """A difference of two stamps, the short way round."""
    return (difference + WRAP // 2) % WRAP - WRAP // 2


__all__ = ["INTERVAL_MS", "JUMP_MS", "check", "check_file"]
