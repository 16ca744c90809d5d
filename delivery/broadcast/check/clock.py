"""The programme clock: PCR intervals, jumps and accuracy, and the time at which each packet arrives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from delivery.broadcast.check.packets import NULL_PID, PACKET, PCR_HZ, PCR_WRAP, Flags, Floats, Ints, Packets

INTERVAL_MS: Final = 40.0
"""TR 101 290 check 2.3a: two clock references stand at most 40 ms apart."""
JUMP_MS: Final = 100.0
"""TR 101 290 check 2.3b: a larger step, or one backwards, must be announced by the discontinuity indicator."""
ACCURACY_NS: Final = 500.0
"""TR 101 290 check 2.4; ISO/IEC 13818-1 section 2.4.2.2."""
_LINEAR_US: Final = 1_000.0
"""A stream without null packets whose clock strays less than this from its bytes is of constant bit rate as well."""


@dataclass(frozen=True)
class ProgramClock:
    """The clock references on one PID, in order."""

    pid: int
    packets: Ints
    steps: Ints
    """27 MHz, from each reference to the next, wrapped into ±2^32 units of 90 kHz."""
    announced: Flags
    """Whether the discontinuity indicator announces a new time base at the later of the two."""

    @property
    def long(self) -> Ints:
        """Steps that are more than 40 ms and no jump."""
        return np.flatnonzero(~self.announced & ~self.jumps_at & (self.steps > INTERVAL_MS * PCR_HZ / 1000))

    @property
    def jumps_at(self) -> Flags:
        return ~self.announced & ((self.steps > JUMP_MS * PCR_HZ / 1000) | (self.steps <= 0))

    @property
    def smooth(self) -> Flags:
        """Steps that can be believed."""
        return ~self.announced & ~self.jumps_at

    def longest_ms(self) -> float | None:
        """Longest believable interval."""
        steps = self.steps[self.smooth]
        return float(steps.max()) * 1000 / PCR_HZ if steps.size else None


def clock_of(packets: Packets, pid: int) -> ProgramClock | None:
    """The clock on `pid`; None with fewer than two references."""
    mine = packets.pid[packets.pcr_packets] == pid
    if int(mine.sum()) < 2:
        return None
    where, values = packets.pcr_packets[mine], packets.pcr[mine]
    steps = (np.diff(values) + PCR_WRAP // 2) % PCR_WRAP - PCR_WRAP // 2
    return ProgramClock(pid, where, steps, packets.discontinuity[where[1:]])


@dataclass(frozen=True)
class Rate:
    """How the clock runs against the bytes."""

    bits_per_second: float
    constant: bool
    errors_ns: Ints
    """Per clock reference: distance from its place in the bytes; empty for a variable bit rate."""
    seconds: float
    """From the first reference to the last, over believable steps."""


def rate_of(packets: Packets, clock: ProgramClock) -> Rate:
    """Bit rate, and accuracy of each reference where the rate is constant."""
    smooth = clock.smooth
    gaps = np.diff(clock.packets)
    ticks, span = int(clock.steps[smooth].sum()), int(gaps[smooth].sum())
    if not ticks or not span:
        return Rate(0.0, False, np.empty(0, np.int64), 0.0)
    per_packet = ticks / span
    bits = PACKET * 8 * PCR_HZ / per_packet
    values = np.concatenate(([0], np.cumsum(np.where(smooth, clock.steps, gaps * per_packet))))
    positions = (clock.packets - clock.packets[0]).astype(np.float64)
    per_packet = _slope(positions, values)
    strays = values - positions * per_packet
    strays_ns = (strays - np.median(strays)) * 1e9 / PCR_HZ
    has_nulls = bool((packets.pid == NULL_PID).any())
    constant = has_nulls or float(np.percentile(np.abs(strays_ns), 90)) < _LINEAR_US * 1000
    errors = np.rint(strays_ns).astype(np.int64) if constant else np.empty(0, np.int64)
    return Rate(PACKET * 8 * PCR_HZ / per_packet if constant else bits, constant, errors, ticks / PCR_HZ)


def _slope(positions: Floats, values: Floats) -> float:
    """27 MHz units per packet, the median over pairs half the stream apart: single wrong references do not move it."""
    half = max(len(values) // 2, 1)
    return float(np.median((values[half:] - values[:-half]) / (positions[half:] - positions[:-half])))


def arrival_seconds(packets: Packets, clock: ProgramClock, rate: Rate, numbers: Ints) -> Floats:
    """Arrival time of packets, seconds since the first clock reference (negative before it)."""
    gaps = np.diff(clock.packets)
    per_packet = PACKET * 8 * PCR_HZ / rate.bits_per_second
    steps = np.where(clock.smooth, clock.steps, gaps * per_packet)
    values = np.concatenate(([0.0], np.cumsum(steps)))
    inside = np.interp(numbers, clock.packets, values)
    before = np.minimum(numbers - clock.packets[0], 0) * per_packet
    after = np.maximum(numbers - clock.packets[-1], 0) * per_packet
    seconds: Floats = (inside + before + after) / PCR_HZ
    return seconds
