"""A transport stream as columns of numbers, one row for each packet (ISO/IEC 13818-1 section 2.4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from delivery.errors import N_, BadInput

PACKET: Final = 188
SYNC: Final = 0x47
NULL_PID: Final = 0x1FFF
PCR_HZ: Final = 27_000_000
PCR_WRAP: Final = (1 << 33) * 300

_ACQUIRE: Final = 5
"""Sync bytes in a row that make a receiver believe it is synchronous (TR 101 290 section 5.2.1, check 1.1)."""
_LOSE: Final = 2
"""Wrong sync bytes in a row that make it give up."""
_SCAN: Final = 1 << 16
_HEAD: Final = 12

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """Packets in synchronisation: `packets` of them from byte `offset`; the first has number `first`."""

    offset: int
    first: int
    packets: int


@dataclass(frozen=True)
class Packets:
    """All packets of a stream. Columns are indexed by packet number."""

    rows: Bytes
    """Shape (packets, 188)."""
    runs: tuple[Run, ...]
    bad_sync: tuple[int, ...]
    """Packets with a wrong sync byte between good ones."""
    losses: tuple[int, ...]
    """Packet number at which synchronisation was lost: the number that the next good packet bears."""
    trailing: int
    """Bytes at the end that are no whole packet."""

    @cached_property
    def _head(self) -> Bytes:
        return np.ascontiguousarray(self.rows[:, :_HEAD])

    @cached_property
    def pid(self) -> Ints:
        return (self._head[:, 1].astype(np.int64) & 0x1F) << 8 | self._head[:, 2]

    @cached_property
    def damaged(self) -> Flags:
        """transport_error_indicator."""
        return _bit(self._head[:, 1], 0x80)

    @cached_property
    def starts(self) -> Flags:
        """payload_unit_start_indicator."""
        return _bit(self._head[:, 1], 0x40)

    @cached_property
    def scrambled(self) -> Flags:
        return _bit(self._head[:, 3], 0xC0)

    @cached_property
    def has_payload(self) -> Flags:
        return _bit(self._head[:, 3], 0x10)

    @cached_property
    def counter(self) -> Ints:
        return (self._head[:, 3] & 0x0F).astype(np.int64)

    @cached_property
    def _field_length(self) -> Ints:
        """Bytes of the adaptation field after its length byte; -1 without one."""
        return np.where(self._head[:, 3] & 0x20, self._head[:, 4].astype(np.int64), -1)

    @cached_property
    def discontinuity(self) -> Flags:
        """discontinuity_indicator."""
        return _bit(self._head[:, 5], 0x80) & (self._field_length >= 1)

    @cached_property
    def random_access(self) -> Flags:
        """random_access_indicator: decoding can begin here."""
        return _bit(self._head[:, 5], 0x40) & (self._field_length >= 1)

    @cached_property
    def payload_at(self) -> Ints:
        """Offset of the payload in its packet; 188 where there is none."""
        at = np.minimum(5 + self._field_length, PACKET)
        return np.where(self.has_payload, np.maximum(at, 4), PACKET)

    @cached_property
    def pcr_packets(self) -> Ints:
        """Numbers of the packets that carry a clock reference."""
        return np.flatnonzero((self._field_length >= 7) & ((self._head[:, 5] & 0x10) != 0))

    @cached_property
    def pcr(self) -> Ints:
        """The clock of each of :attr:`pcr_packets`, 27 MHz, as written (it wraps)."""
        b = self._head[self.pcr_packets].astype(np.int64)
        base = b[:, 6] << 25 | b[:, 7] << 17 | b[:, 8] << 9 | b[:, 9] << 1 | b[:, 10] >> 7
        return base * 300 + ((b[:, 10] & 1) << 8 | b[:, 11])

    def byte_of(self, packet: int) -> int:
        """Offset of a packet in the file."""
        run = next((r for r in reversed(self.runs) if r.first <= packet), Run(0, 0, 0))
        return run.offset + (packet - run.first) * PACKET

    def payloads(self, pid: int) -> Iterator[tuple[int, bool, bytes]]:
        """(packet, begins a unit, payload) of every packet of `pid` that has one, in order."""
        wanted = np.flatnonzero((self.pid == pid) & self.has_payload)
        offsets, starts = self.payload_at[wanted].tolist(), self.starts[wanted].tolist()
        for packet, offset, begins in zip(wanted.tolist(), offsets, starts, strict=True):
            yield packet, begins, self.rows[packet, offset:].tobytes()


def _bit(column: Bytes, mask: int) -> Flags:
    found: Flags = (column & mask) != 0
    return found


def read(path: Path) -> Packets:
    """The packets of a file, which is mapped and not copied. Raises BadInput unless it is a transport stream."""
    if not path.is_file() or not path.stat().st_size:
        raise BadInput(
            N_("{file} is not a file with something in it."),
            do=N_("Name an MPEG transport stream of 188-byte packets."),
            file=str(path),
        )
    try:
        data: Bytes = np.memmap(path, dtype=np.uint8, mode="r")
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}"),
            do=N_("Check the file and its permissions."),
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    return split(data, source=path.name)


def split(data: Bytes, *, source: str = "") -> Packets:
    """Cut `data` into packets as a receiver does: it acquires, loses and acquires synchronisation again."""
    runs: list[Run] = []
    bad: list[int] = []
    losses: list[int] = []
    at = _acquire(data, 0)
    count = 0
    lost = at is not None and at > 0
    while at is not None:
        if lost:
            losses.append(count)
        good, wrong, lost = _follow(data, at)
        runs.append(Run(at, count, good))
        bad += [count + number for number in wrong]
        count += good
        at = _acquire(data, at + good * PACKET + 1) if lost else None
        if lost and at is None:
            losses.append(count)
    if not count:
        raise BadInput(
            N_("{file} is no MPEG transport stream: no five sync bytes stand 188 bytes apart."),
            do=N_("Name an MPEG transport stream of 188-byte packets."),
            file=source or "-",
        )
    end = runs[-1].offset + runs[-1].packets * PACKET
    parts = [data[r.offset : r.offset + r.packets * PACKET].reshape(-1, PACKET) for r in runs]
    rows = parts[0] if len(parts) == 1 else np.concatenate(parts)
    return Packets(rows, tuple(runs), tuple(bad), tuple(losses), 0 if lost else len(data) - end)


def _acquire(data: Bytes, start: int) -> int | None:
    """First offset from `start` where sync bytes stand 188 bytes apart; near the end, as many as there is room for."""
    size = len(data)
    while start + PACKET <= size:
        stop = min(start + _SCAN, size - PACKET + 1)
        for offset in (start + np.flatnonzero(data[start:stop] == SYNC)).tolist():
            column = data[offset : offset + _ACQUIRE * PACKET : PACKET]
            whole = (size - offset) // PACKET
            if bool((column[: min(_ACQUIRE, whole)] == SYNC).all()):
                return int(offset)
        start = stop
    return None


def _follow(data: Bytes, at: int) -> tuple[int, list[int], bool]:
    """(packets in synchronisation from `at`, those of them with a wrong sync byte, whether it was lost after them)."""
    whole = (len(data) - at) // PACKET
    wrong: list[int] = []
    for first in range(0, whole, _SCAN):
        # One packet more than the step, so that a pair across the border is seen.
        stop = min(first + _SCAN + 1, whole)
        column = data[at + first * PACKET : at + stop * PACKET : PACKET]
        bad = np.flatnonzero(column != SYNC)
        pairs = np.flatnonzero(np.diff(bad) == 1)
        end = int(bad[pairs[0]]) if pairs.size else len(column)
        wrong += [first + number for number in bad[bad < min(end, _SCAN)].tolist()]
        if pairs.size:
            return first + end, wrong, True
    return whole, wrong, False
