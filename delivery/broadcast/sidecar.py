"""Where the fields lie that move with an asset in time: the sidecar of a transmitter segment.

With it, playout adds one delta to the clocks and stamps and one constant for each PID to the continuity counters,
without looking into the packets. Layout of the file, all numbers little-endian and unsigned::

    "TXSC" | version u16 = 1 | PIDs u16 | packets u32 | clocks u32 | stamps u32
    clocks x u32   byte offset of a 6-byte program clock reference (ISO/IEC 13818-1, 2.4.3.5)
    stamps x u32   byte offset of a 5-byte PTS or DTS (2.4.3.7)
    per PID:  pid u16 | zero u16 | advancing u32 | count u32 | count x u32 packet numbers

``advancing`` counts the packets with payload. A packet without payload stands in the list too: its counter is that of
the packet before it, so that the same constant fits.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.errors import N_, BadInput

MAGIC: Final = b"TXSC"
VERSION: Final = 1
_HEAD: Final = struct.Struct("<4sHHIII")
_PID: Final = struct.Struct("<HHII")

Offsets = NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class PidPackets:
    """The packets of one PID."""

    advancing: int
    numbers: Offsets


@dataclass(frozen=True, slots=True, eq=False)
class Sidecar:
    """Byte offsets from the start of the segment."""

    packets: int
    """Transport packets in the segment."""
    clocks: Offsets
    stamps: Offsets
    pids: dict[int, PidPackets]

    def to_bytes(self) -> bytes:
        """The file."""
        head = _HEAD.pack(MAGIC, VERSION, len(self.pids), self.packets, len(self.clocks), len(self.stamps))
        parts = [head, self.clocks.astype("<u4").tobytes(), self.stamps.astype("<u4").tobytes()]
        for pid, held in sorted(self.pids.items()):
            parts += [
                _PID.pack(pid, 0, held.advancing, len(held.numbers)),
                held.numbers.astype("<u4").tobytes(),
            ]
        return b"".join(parts)


def read_sidecar(data: bytes) -> Sidecar:
    """The sidecar in `data`. Raises BadInput for anything else."""
    try:
        magic, version, pids, packets, clocks, stamps = _HEAD.unpack_from(data)
        if magic != MAGIC or version != VERSION:
            raise ValueError("not a sidecar")
        at = _HEAD.size
        arrays = []
        for count in (clocks, stamps):
            arrays.append(np.frombuffer(data, "<u4", count, at))
            at += 4 * count
        found: dict[int, PidPackets] = {}
        for _ in range(pids):
            pid, _zero, advancing, count = _PID.unpack_from(data, at)
            found[pid] = PidPackets(advancing, np.frombuffer(data, "<u4", count, at + _PID.size))
            at += _PID.size + 4 * count
        if at != len(data):
            raise ValueError("length")
    except (struct.error, ValueError) as error:
        raise BadInput(
            N_("The sidecar of a transmitter segment is damaged."), do=N_("Ingest the material again.")
        ) from error
    return Sidecar(packets, arrays[0], arrays[1], found)
