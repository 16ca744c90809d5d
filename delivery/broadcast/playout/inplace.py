"""Moving a transmitter segment in time where it lies, by what its sidecar tells: nothing is searched, nothing copied.

Only the bytes that the sidecar names are touched: clocks, stamps and continuity counters (ISO/IEC 13818-1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.sidecar import PidPackets, Sidecar

PACKET: Final = 188
WRAP: Final = 1 << 33
NULL: Final = b"\x47\x1f\xff\x10" + b"\xff" * 184
_PAYLOAD: Final = 0x10
"""Bit of the fourth byte: the packet has payload, and its counter advances (2.4.3.3)."""

_Bytes = NDArray[np.uint8]
_Ints = NDArray[np.int64]
_FIVE: Final = np.arange(5)


def move(data: _Bytes, sidecar: Sidecar, delta90k: int, *, counters: dict[int, int]) -> None:
    """Add `delta90k` to every clock and stamp, and count each PID on from `counters`, which is moved on.

    Raises ValueError or IndexError when the sidecar belongs to another segment.
    """
    heads = data.reshape(sidecar.packets, PACKET)[:, 3]
    _add_to_clocks(data, sidecar.clocks.astype(np.int64), delta90k)
    _add_to_stamps(data, sidecar.stamps.astype(np.int64), delta90k)
    for pid, held in sidecar.pids.items():
        counters[pid] = _count_on(heads, held, counters.get(pid, 0))


def _count_on(heads: _Bytes, held: PidPackets, following: int) -> int:
    """One constant for all packets of a PID, so that its first one with payload bears `following`; what comes after."""
    if held.advancing:
        first = _first_counter(heads, held)
        constant = following - first & 15
        if constant:
            column = heads[held.numbers]
            heads[held.numbers] = column & 0xF0 | column + np.uint8(constant) & 0x0F
    return (following + held.advancing) & 15


def _first_counter(heads: _Bytes, held: PidPackets) -> int:
    first = int(heads[held.numbers[0]])
    if not first & _PAYLOAD:
        column = heads[held.numbers]
        first = int(column[np.argmax(column & _PAYLOAD != 0)])
    return first & 15


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """A segment held in memory without its null packets."""

    sidecar: Sidecar
    _numbers: _Ints
    _rows: _Bytes

    @staticmethod
    def of(data: bytes, sidecar: Sidecar) -> Packed:
        """Raises ValueError or IndexError when the sidecar belongs to another segment."""
        numbers = np.sort(np.concatenate([held.numbers for held in sidecar.pids.values()])).astype(np.int64)
        return Packed(
            sidecar, numbers, np.frombuffer(data, np.uint8).reshape(sidecar.packets, PACKET)[numbers]
        )

    def data(self) -> bytearray:
        """The segment."""
        out = bytearray(NULL * self.sidecar.packets)
        np.frombuffer(out, np.uint8).reshape(-1, PACKET)[self._numbers] = self._rows
        return out


def null_packets(sidecar: Sidecar) -> _Ints:
    """Numbers of the packets that carry nothing, in order."""
    free = np.ones(sidecar.packets, np.bool_)
    for held in sidecar.pids.values():
        free[held.numbers] = False
    return np.flatnonzero(free)


def _add_to_clocks(data: _Bytes, at: _Ints, delta90k: int) -> None:
    b = data[at[:, None] + _FIVE].astype(np.int64)
    base = b[:, 0] << 25 | b[:, 1] << 17 | b[:, 2] << 9 | b[:, 3] << 1 | b[:, 4] >> 7
    base = (base + delta90k) % WRAP
    for column, shift in enumerate((25, 17, 9, 1)):
        data[at + column] = base >> shift & 0xFF
    data[at + 4] = b[:, 4] & 0x7F | (base & 1) << 7


def _add_to_stamps(data: _Bytes, at: _Ints, delta90k: int) -> None:
    b = data[at[:, None] + _FIVE].astype(np.int64)
    stamp = (b[:, 0] >> 1 & 7) << 30 | b[:, 1] << 22 | (b[:, 2] >> 1) << 15 | b[:, 3] << 7 | b[:, 4] >> 1
    stamp = (stamp + delta90k) % WRAP
    data[at] = b[:, 0] & 0xF1 | (stamp >> 30 & 7) << 1
    data[at + 1] = stamp >> 22 & 0xFF
    data[at + 2] = b[:, 2] & 1 | (stamp >> 15 & 0x7F) << 1
    data[at + 3] = stamp >> 7 & 0xFF
    data[at + 4] = b[:, 4] & 1 | (stamp & 0x7F) << 1
