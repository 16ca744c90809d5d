"""Moving a finished MPEG-TS segment in time: PCR, PTS, DTS and continuity counters, and not one other bit.

Field positions are those of ISO/IEC 13818-1 (2.4.3.2 transport packet, 2.4.3.4 adaptation field, 2.4.3.6 PES packet).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from delivery.errors import N_, BadInput

PACKET = 188
SYNC = 0x47
WRAP = 1 << 33
"""Time stamps are 33 bits of 1/90,000 s: they begin again after 26.5 hours."""
NULL_PID = 0x1FFF

_Bytes = NDArray[np.uint8]
_Ints = NDArray[np.int64]


def restamp(data: bytes, delta90k: int, *, counters: Mapping[int, int]) -> bytes:
    """`data` with `delta90k` (1/90,000 s, modulo 2^33) added to every PCR base, PTS and DTS, and with the continuity
    counter of each PID counting on from `counters` (a PID that is not named begins with 0).

    Raises BadInput when `data` is not whole transport packets.
    """
    packets = _packets(data).copy()
    payload = _payload_offsets(packets)
    _move_pcr(packets, delta90k)
    _move_pes(packets, payload, delta90k)
    _count_on(packets, counters)
    return packets.tobytes()


def packet_counts(data: bytes) -> dict[int, int]:
    """PID -> packets that advance its continuity counter (those with payload); null packets are left out."""
    packets = _packets(data)
    pids = _pids(packets)[(packets[:, 3] & 0x10) != 0]
    found, counts = np.unique(pids, return_counts=True)
    return {int(pid): int(count) for pid, count in zip(found, counts, strict=True) if pid != NULL_PID}


def _packets(data: bytes) -> _Bytes:
    if not data or len(data) % PACKET:
        raise BadInput(
            N_("A segment of {bytes} bytes is not a whole number of transport packets."),
            do=N_("Ingest the material again."),
            bytes=len(data),
        )
    packets = np.frombuffer(data, dtype=np.uint8).reshape(-1, PACKET)
    if not bool((packets[:, 0] == SYNC).all()):
        raise BadInput(
            N_("A segment has lost packet synchronisation at packet {packet}."),
            do=N_("Ingest the material again."),
            packet=int(np.argmax(packets[:, 0] != SYNC)),
        )
    return packets


def _pids(packets: _Bytes) -> _Ints:
    return (packets[:, 1].astype(np.int64) & 0x1F) << 8 | packets[:, 2]


def _payload_offsets(packets: _Bytes) -> _Ints:
    """Offset of the payload in each packet; 188 where there is none."""
    control = packets[:, 3] >> 4 & 3
    offsets = np.where(control & 2, 5 + packets[:, 4].astype(np.int64), 4)
    return np.where(control & 1, np.minimum(offsets, PACKET), PACKET)


def _move_pcr(packets: _Bytes, delta90k: int) -> None:
    """PCR base: 33 bits from byte 6 of the packet; the 9 bits of extension (27 MHz) stay."""
    has_field = (packets[:, 3] & 0x20) != 0
    rows = np.flatnonzero(has_field & (packets[:, 4] >= 7) & ((packets[:, 5] & 0x10) != 0))
    if not rows.size:
        return
    at = packets[rows, 6:11].astype(np.int64)
    base = at[:, 0] << 25 | at[:, 1] << 17 | at[:, 2] << 9 | at[:, 3] << 1 | at[:, 4] >> 7
    base = (base + delta90k) % WRAP
    for column, shift in enumerate((25, 17, 9, 1)):
        packets[rows, 6 + column] = base >> shift & 0xFF
    packets[rows, 10] = (at[:, 4] & 0x7F) | (base & 1) << 7


def _move_pes(packets: _Bytes, payload: _Ints, delta90k: int) -> None:
    """PTS and DTS of every PES header that begins in one of the packets."""
    rows = np.flatnonzero(((packets[:, 1] & 0x40) != 0) & (payload <= PACKET - 14))
    start = payload[rows]
    is_pes = (packets[rows, start] == 0) & (packets[rows, start + 1] == 0) & (packets[rows, start + 2] == 1)
    # Stream ids with the optional header: private 1 (0xBD), audio and video (0xC0 to 0xEF), extended (0xFD).
    stream = packets[rows, start + 3]
    is_pes &= (stream == 0xBD) | (stream == 0xFD) | ((stream >= 0xC0) & (stream <= 0xEF))
    rows, start = rows[is_pes], start[is_pes]
    stamps = packets[rows, start + 7] >> 6
    has_pts = (stamps & 2) != 0
    _move_stamp(packets, rows[has_pts], start[has_pts] + 9, delta90k)
    has_dts = (stamps == 3) & (start <= PACKET - 19)
    _move_stamp(packets, rows[has_dts], start[has_dts] + 14, delta90k)


def _move_stamp(packets: _Bytes, rows: _Ints, at: _Ints, delta90k: int) -> None:
    """A 33-bit stamp in five bytes, with marker bits between its three parts."""
    if not rows.size:
        return
    b = [packets[rows, at + i].astype(np.int64) for i in range(5)]
    stamp = (b[0] >> 1 & 7) << 30 | b[1] << 22 | (b[2] >> 1) << 15 | b[3] << 7 | b[4] >> 1
    stamp = (stamp + delta90k) % WRAP
    packets[rows, at] = (b[0] & 0xF1) | (stamp >> 30 & 7) << 1
    packets[rows, at + 1] = stamp >> 22 & 0xFF
    packets[rows, at + 2] = (b[2] & 1) | (stamp >> 15 & 0x7F) << 1
    packets[rows, at + 3] = stamp >> 7 & 0xFF
    packets[rows, at + 4] = (b[4] & 1) | (stamp & 0x7F) << 1


def _count_on(packets: _Bytes, counters: Mapping[int, int]) -> None:
    """Continuity counters: they advance with each packet that has payload, and stand still otherwise (2.4.3.3)."""
    pids = _pids(packets)
    advances = (packets[:, 3] & 0x10) != 0
    for pid in np.unique(pids):
        if pid == NULL_PID:
            continue
        rows = np.flatnonzero(pids == pid)
        steps = np.cumsum(advances[rows]) - 1
        counter = (counters.get(int(pid), 0) + steps) & 0x0F
        packets[rows, 3] = (packets[rows, 3] & 0xF0) | counter.astype(np.uint8)


def stretch(data: bytes, *, packets: Mapping[int, int], held: Mapping[int, int]) -> bytes:
    """`data` with as many more packets on each PID as make its count equal to `packets` modulo 16; `held` is its own
    count. The elementary streams stay the same: one packet's payload is spread over several, with stuffing.

    A stream of which `data` has no packet cannot be stretched and is left alone.
    """
    rows = [bytes(row) for row in _packets(data)]
    for pid, wanted in packets.items():
        extra = (wanted - held.get(pid, 0)) % 16
        index = _last(rows, pid, _is_full) if extra else None
        if index is not None:
            rows[index : index + 1] = _spread(rows[index], extra + 1)
        elif extra and (index := _last(rows, pid, _is_table)) is not None:
            rows[index:index] = [rows[index]] * extra
    return b"".join(rows)


def _last(rows: Sequence[bytes], pid: int, wanted: Callable[[bytes], bool]) -> int | None:
    found = (i for i in range(len(rows) - 1, -1, -1) if _pid(rows[i]) == pid and wanted(rows[i]))
    return next(found, None)


def _pid(packet: bytes) -> int:
    return (packet[1] & 0x1F) << 8 | packet[2]


def _is_full(packet: bytes) -> bool:
    """184 bytes from within a PES packet, so that up to 16 packets can carry a part of them."""
    return packet[1] & 0x40 == 0 and packet[3] & 0x30 == 0x10


def _is_table(packet: bytes) -> bool:
    """Begins a section (PAT, PMT, SDT): it may be repeated at any time."""
    return packet[1] & 0x40 != 0 and packet[3] & 0x30 == 0x10 and packet[4:7] != b"\x00\x00\x01"


def _spread(packet: bytes, parts: int) -> list[bytes]:
    """The same payload in `parts` packets, each filled up by an adaptation field of stuffing (2.4.3.5)."""
    payload = packet[4:]
    size = -(-len(payload) // parts)
    out = []
    for at in range(parts):
        piece = payload[at * size : (at + 1) * size] if at < parts - 1 else payload[at * size :]
        unit_start = packet[1] if at == 0 else packet[1] & 0xBF
        length = PACKET - 4 - 1 - len(piece)
        field = bytes([length]) + (b"\x00" + b"\xff" * (length - 1) if length else b"")
        out.append(bytes([SYNC, unit_start, packet[2], packet[3] | 0x30]) + field + piece)
    return out
