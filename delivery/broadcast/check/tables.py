"""Sections of PSI and SI: found in their packets, checked by CRC, and read as far as this judge needs them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from delivery.broadcast.check.packets import Packets

PAT_PID: Final = 0
CAT_PID: Final = 1
SI_PIDS: Final = (0x10, 0x11, 0x12)
"""NIT, SDT and BAT, EIT (ETSI EN 300 468 table 1); time tables have no CRC in TDT."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section; `packet` is where it began."""

    packet: int
    table_id: int
    data: bytes

    @property
    def has_crc(self) -> bool:
        """Whether its long form ends with a checksum."""
        return bool(self.data[1] & 0x80) or self.table_id == 0x73

    @property
    def is_whole(self) -> bool:
        """Whether the checksum is right."""
        return crc(self.data) == 0


@dataclass(frozen=True, slots=True)
class Programme:
    """One programme as its PMT tells it."""

    number: int
    pmt_pid: int
    pcr_pid: int
    streams: Mapping[int, int] = field(default_factory=dict)
    """PID -> stream type."""


def sections(packets: Packets, pid: int) -> Iterator[Section]:
    """The sections on a PID, in order; what begins before the first packet or ends after the last is left out."""
    held = b""
    started = 0
    synced = False
    for packet, begins, payload in packets.payloads(pid):
        if begins:
            pointer = payload[0] if payload else 0
            if synced and held:
                yield from _cut(held + payload[1 : 1 + pointer], started)
            held, started, synced = payload[1 + pointer :], packet, True
        elif synced:
            held += payload
        rest = held
        while len(rest) >= 3 and rest[0] != 0xFF:
            length = 3 + ((rest[1] & 0x0F) << 8 | rest[2])
            if len(rest) < length:
                break
            yield Section(started, rest[0], rest[:length])
            rest = rest[length:]
            started = packet
        held = b"" if rest[:1] == b"\xff" else rest


def _cut(data: bytes, packet: int) -> Iterator[Section]:
    """The section that the bytes before a pointer completed."""
    if len(data) >= 3 and data[0] != 0xFF:
        length = 3 + ((data[1] & 0x0F) << 8 | data[2])
        if len(data) >= length:
            yield Section(packet, data[0], data[:length])


def programmes_of(packets: Packets) -> list[Programme]:
    """What the first whole PAT and PMTs say, in order of their numbers."""
    pat = next((s for s in sections(packets, PAT_PID) if s.table_id == 0 and s.is_whole), None)
    found = []
    for number, pid in sorted(_pat_entries(pat.data).items()) if pat else []:
        pmt = next((s for s in sections(packets, pid) if s.table_id == 2 and s.is_whole), None)
        found.append(_read_pmt(number, pid, pmt.data) if pmt else Programme(number, pid, -1))
    return found


def _pat_entries(data: bytes) -> dict[int, int]:
    entries = {}
    for at in range(8, len(data) - 4 - 3, 4):
        number = int.from_bytes(data[at : at + 2], "big")
        if number:
            entries[number] = int.from_bytes(data[at + 2 : at + 4], "big") & 0x1FFF
    return entries


def _read_pmt(number: int, pid: int, data: bytes) -> Programme:
    pcr_pid = int.from_bytes(data[8:10], "big") & 0x1FFF
    at = 12 + (int.from_bytes(data[10:12], "big") & 0x0FFF)
    streams = {}
    while at + 5 <= len(data) - 4:
        streams[int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF] = data[at]
        at += 5 + (int.from_bytes(data[at + 3 : at + 5], "big") & 0x0FFF)
    return Programme(number, pid, pcr_pid, streams)


_REVERSED: Final = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))
"""Every byte with its bits in reverse order."""


def crc(data: bytes) -> int:
    """CRC-32/MPEG-2 (ISO/IEC 13818-1 annex A); 0 over a section with its own checksum.

    It is the CRC of zip files with all bits the other way round, and without the inversion at the end.
    """
    mirrored = zlib.crc32(data.translate(_REVERSED)) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_REVERSED), "big")
