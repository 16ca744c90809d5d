"""The restamper moves time stamps and counters, and not one other bit."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.broadcast.playout.restamp import PACKET, WRAP, packet_counts, restamp, stretch
from delivery.errors import BadInput

LAST_DAY = WRAP - 90_000


def _stamp(value: int, prefix: int) -> bytes:
    return bytes(
        [
            prefix << 4 | value >> 30 << 1 & 0x0E | 1,
            value >> 22 & 0xFF,
            value >> 14 & 0xFE | 1,
            value >> 7 & 0xFF,
            value << 1 & 0xFE | 1,
        ]
    )


def _read(data: bytes) -> int:
    return (data[0] >> 1 & 7) << 30 | data[1] << 22 | data[2] >> 1 << 15 | data[3] << 7 | data[4] >> 1


def packet(
    pid: int, *, pcr: int | None = None, pts: int | None = None, dts: int | None = None, cc: int = 0
) -> bytes:
    """A transport packet made by hand from ISO/IEC 13818-1; PCR with extension 299."""
    field = b""
    if pcr is not None:
        extension = 299
        stamp = (pcr << 15 | 0x3F << 9 | extension).to_bytes(6, "big")
        field = bytes([7, 0x10]) + stamp
    payload = b""
    if pts is not None:
        both = dts is not None
        times = _stamp(pts, 3 if both else 2) + (_stamp(dts, 1) if dts is not None else b"")
        payload = b"\x00\x00\x01\xe0\x00\x00\x80" + bytes([0xC0 if both else 0x80, len(times)]) + times
    control = 0x30 if field else 0x10
    head = (
        bytes([0x47, (0x40 if pts is not None else 0) | pid >> 8, pid & 0xFF, control | cc]) + field + payload
    )
    return head + bytes((i * 37) & 0xFF for i in range(PACKET - len(head)))


def stamps(data: bytes) -> Iterator[tuple[str, int]]:
    """PCR base, PTS and DTS of packets made by :func:`packet`."""
    for at in range(0, len(data), PACKET):
        one = data[at : at + PACKET]
        start = 4
        if one[3] & 0x20:
            start = 5 + one[4]
            yield "pcr", int.from_bytes(one[6:12], "big") >> 15
            assert int.from_bytes(one[6:12], "big") & 0x7FFF == 0x3F << 9 | 299
        if one[1] & 0x40:
            yield "pts", _read(one[start + 9 : start + 14])
            if one[start + 7] >> 6 == 3:
                yield "dts", _read(one[start + 14 : start + 19])


times = st.integers(0, WRAP - 1)


@given(times, times, times, st.integers(0, 2**40))
def test_every_stamp_moves_by_the_same_time_modulo_two_to_the_33(
    pcr: int, pts: int, dts: int, delta: int
) -> None:
    data = packet(256, pcr=pcr, pts=pts, dts=dts) + packet(257, pts=pts)
    moved = dict(enumerate(stamps(restamp(data, delta, counters={}))))
    expected = [("pcr", pcr), ("pts", pts), ("dts", dts), ("pts", pts)]
    assert list(moved.values()) == [(name, (value + delta) % WRAP) for name, value in expected]


@given(times, times, times, st.integers(0, WRAP - 1))
def test_moving_there_and_back_gives_the_same_bytes(pcr: int, pts: int, dts: int, delta: int) -> None:
    data = packet(256, pcr=pcr, pts=pts, dts=dts) + packet(256, cc=1) + packet(0x1FFF, cc=5)
    assert restamp(restamp(data, delta, counters={256: 9}), WRAP - delta, counters={}) == data


def test_the_wrap_falls_between_stamps_that_straddle_it() -> None:
    data = packet(256, pcr=LAST_DAY, pts=LAST_DAY + 63_000, dts=LAST_DAY + 45_000)
    assert list(stamps(restamp(data, 30_000, counters={}))) == [
        ("pcr", WRAP - 60_000),
        ("pts", 3_000),
        ("dts", WRAP - 15_000),
    ]


def test_counters_advance_with_payload_only_and_pass_15() -> None:
    idle = bytearray(packet(256))
    idle[3] = 0x20
    idle[4] = 183
    data = packet(256) + bytes(idle) + packet(256) + packet(0, cc=7) + packet(0x1FFF, cc=3)
    out = restamp(data, 0, counters={256: 15})
    assert [out[at + 3] & 0x0F for at in range(0, len(out), PACKET)] == [15, 15, 0, 0, 3]
    assert packet_counts(data) == {0: 1, 256: 2}


@pytest.mark.parametrize("data", [b"", b"\x47" * 100, b"\x00" * PACKET])
def test_bytes_that_are_no_transport_packets_are_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        restamp(data, 1, counters={})


@given(st.integers(0, 15), st.integers(0, 15))
def test_stretching_reaches_any_count_and_keeps_the_payload(picture: int, table: int) -> None:
    data = packet(256, pts=900) + packet(256, cc=1) + packet(256, cc=2)
    section = bytearray(packet(0))
    section[1] = 0x40
    data += bytes(section)
    held = packet_counts(data)
    out = stretch(data, packets={256: 3 + picture, 0: 1 + table}, held=held)
    assert packet_counts(out) == {256: 3 + picture, 0: 1 + table}
    assert _payload(out, 256) == _payload(data, 256)


def _payload(data: bytes, pid: int) -> bytes:
    out = b""
    for at in range(0, len(data), PACKET):
        one = data[at : at + PACKET]
        if (one[1] & 0x1F) << 8 | one[2] == pid:
            out += one[5 + one[4] if one[3] & 0x20 else 4 :]
    return out
