"""The judge of transport streams: silent on clean ones, as other judges are, and awake to every fault put into them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest

from delivery.broadcast.check.checker import check, check_file
from delivery.broadcast.check.packets import NULL_PID, PACKET, split
from delivery.broadcast.check.report import Report
from delivery.broadcast.check.tables import crc
from delivery.broadcast.playout.restamp import restamp
from delivery.errors import BadInput
from tests.support.tools import tool

RATE = 1_504_000
"""1,000 packets a second."""
VIDEO, AUDIO, PMT = 256, 257, 4096


@cache
def clean_bytes() -> bytes:
    """Six seconds of constant bit rate, as ffmpeg writes it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"]
    command += ["-i", "testsrc=size=128x96:rate=25:duration=6", "-f", "lavfi"]
    command += ["-i", "sine=frequency=440:sample_rate=48000:duration=6"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "200k", "-g", "24", "-bf", "2"]
    command += ["-c:a", "aac", "-b:a", "64k", "-muxrate", str(RATE), "-pcr_period", "20"]
    command += ["-bsf:a", r"noise=drop=eq(n\,0)", "-f", "mpegts", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def rows() -> np.ndarray:  # type: ignore[type-arg]
    """A copy of the clean stream, one row for each packet."""
    return np.frombuffer(clean_bytes(), np.uint8).reshape(-1, PACKET).copy()


def judged(data: np.ndarray | bytes) -> Report:  # type: ignore[type-arg]
    raw = data if isinstance(data, bytes) else data.tobytes()
    return check(split(np.frombuffer(raw, np.uint8)))


def of(data: np.ndarray, pid: int) -> list[int]:  # type: ignore[type-arg]
    """Numbers of the packets of a PID."""
    pids = (data[:, 1].astype(int) & 0x1F) << 8 | data[:, 2]
    found: list[int] = np.flatnonzero(pids == pid).tolist()
    return found


def clocks(data: np.ndarray) -> list[int]:  # type: ignore[type-arg]
    has_field = (data[:, 3] & 0x20) != 0
    found: list[int] = np.flatnonzero(has_field & (data[:, 4] >= 7) & ((data[:, 5] & 0x10) != 0)).tolist()
    return found


def set_clock(packet: np.ndarray, change: Callable[[int], int]) -> None:  # type: ignore[type-arg]
    raw = int.from_bytes(packet[6:12].tobytes(), "big")
    value = change((raw >> 15) * 300 + (raw & 0x1FF))
    packed = (value // 300 << 15 | 0x7E00 | value % 300).to_bytes(6, "big")
    packet[6:12] = np.frombuffer(packed, np.uint8)


def unit_starts(data: np.ndarray, pid: int) -> list[int]:  # type: ignore[type-arg]
    return [n for n in of(data, pid) if data[n, 1] & 0x40]


def move_stamps(data: np.ndarray, numbers: list[int], units: int) -> np.ndarray:  # type: ignore[type-arg]
    """PTS and DTS of the PES packets that begin in some packets, moved by `units` of 90 kHz."""
    for number in numbers:
        before = data[number].copy()
        moved = np.frombuffer(restamp(data[number].tobytes(), units, counters={}), np.uint8).copy()
        # The restamper moves clocks and counters too; here only the stamps are wanted.
        moved[3] = before[3]
        if before[3] & 0x20 and before[4] >= 7 and before[5] & 0x10:
            moved[6:12] = before[6:12]
        data[number] = moved
    return data


def test_a_clean_stream_is_clean_and_measured() -> None:
    report = judged(rows())
    assert [(c.id, c.count, c.first) for c in report.checks if c.count] == []
    assert all(c.measured for c in report.checks)
    assert report.constant_bit_rate
    assert abs(report.bit_rate - RATE) <= 1
    assert report.pcr_interval_ms is not None
    assert report.pcr_interval_ms <= 40
    assert report.pcr_accuracy_ns is not None
    assert report.pcr_accuracy_ns < 500
    steps = {s.kind: s.step_90k for s in report.streams if s.step_90k}
    assert steps["h264"] == 3600


def test_the_document_names_every_check_with_count_and_first_position() -> None:
    data = rows()
    data[700, 0] = 0
    document = judged(data).as_json()
    assert (document["verdict"], document["faults"]) == ("faults", 1)
    ids = [c["id"] for c in document["checks"]]
    assert ids[:12] == ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "2.1", "2.2", "2.3a", "2.3b", "2.4", "2.5"]
    [sync] = [c for c in document["checks"] if c["id"] == "1.2"]
    assert (sync["count"], sync["priority"], sync["first"]["byte"]) == (1, 1, 700 * PACKET)
    assert 0.6 < sync["first"]["seconds"] < 0.8


Fault = Callable[[np.ndarray], "np.ndarray | bytes"]  # type: ignore[type-arg]


def lost_bytes(data: np.ndarray) -> bytes:  # type: ignore[type-arg]
    raw = data.tobytes()
    return raw[: 900 * PACKET + 50] + raw[900 * PACKET + 90 :]


def garbage_in_front(data: np.ndarray) -> bytes:  # type: ignore[type-arg]
    return b"\x00garbage" * 9 + data.tobytes()


def wrong_sync_byte(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data[500, 0] = 0x46
    return data


def lost_packet(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    number = of(data, VIDEO)[50]
    data[number, 1:3] = (0x1F, 0xFF)
    return data


def swapped_packets(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    plain = [n for n in of(data, VIDEO) if data[n, 3] & 0x30 == 0x10 and not data[n, 1] & 0x40]
    first, second = next((a, b) for a, b in pairwise(plain) if b == a + 1)
    data[[first, second]] = data[[second, first]]
    return data


def repeatable(data: np.ndarray) -> tuple[int, list[int]]:  # type: ignore[type-arg]
    """A packet with a table, and the null packets before the next one of its PID."""
    number, following = of(data, 0)[9:11]
    return number, [n for n in of(data, NULL_PID) if number < n < following]


def packet_three_times(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    number, spare = repeatable(data)
    data[spare[:2]] = data[number]
    return data


def no_pat_for_a_second(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in of(data, 0):
        if 2000 <= number < 3000:
            data[number, 1:3] = (0x1F, 0xFF)
    return recount(data, 0)


def no_pmt_for_a_second(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in of(data, PMT):
        if 2000 <= number < 3000:
            data[number, 1:3] = (0x1F, 0xFF)
    return recount(data, PMT)


def recount(data: np.ndarray, pid: int) -> np.ndarray:  # type: ignore[type-arg]
    for count, number in enumerate(of(data, pid)):
        data[number, 3] = data[number, 3] & 0xF0 | count % 16
    return data


def sound_gone(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in of(data, AUDIO):
        if number > 700:
            data[number, 1:3] = (0x1F, 0xFF)
    return data


def damaged_packet(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data[1200, 1] |= 0x80
    return data


def broken_table(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data[of(data, PMT)[3], 20] ^= 1
    return data


def rare_clock(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in clocks(data)[40:42]:
        data[number, 5] &= ~np.uint8(0x10)
    return data


def clock_jump(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in clocks(data)[60:]:
        set_clock(data[number], lambda value: value + 27_000_000 // 2)
    return data


def clock_back(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in clocks(data)[60:]:
        set_clock(data[number], lambda value: value - 27_000_000 // 5)
    return data


def inaccurate_clock(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    set_clock(data[clocks(data)[33]], lambda value: value + 27)
    return data


def rare_stamps(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in unit_starts(data, AUDIO):
        if 2000 <= number < 3000:
            data[number, 1] &= ~np.uint8(0x40)
    return data


def scrambled(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data[of(data, AUDIO)[9], 3] |= 0x80
    return data


def picture_late_by_one_unit(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return move_stamps(data, unit_starts(data, VIDEO)[70:], 1)


def sound_overlaps_by_11_ms(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return move_stamps(data, unit_starts(data, AUDIO)[9:], -990)


def sound_far_behind(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return move_stamps(data, unit_starts(data, AUDIO), 9_000)


def stamps_before_arrival(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for pid in (VIDEO, AUDIO):
        data = move_stamps(data, unit_starts(data, pid), -126_000)
    return data


def bytes_of_another_file_between(data: np.ndarray) -> bytes:  # type: ignore[type-arg]
    raw = data.tobytes()
    return raw[: 1500 * PACKET] + b"\x47" * 77 + raw[1500 * PACKET :]


def tail_first(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate((data[3000:], data[:3000]))


def sound_counter_stuck(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for number in of(data, AUDIO)[40:44]:
        data[number, 3] &= 0xF0
    return data


def table_on_the_wrong_pid(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    spare = of(data, NULL_PID)[5]
    data[spare] = data[of(data, PMT)[2]]
    data[spare, 1:3] = (0x40, 0)
    return data


def scrambled_tables(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    data[of(data, PMT)[4], 3] |= 0xC0
    return data


def one_packet_inserted(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """A null packet too many: every clock after it stands 1 ms too far from the bytes before."""
    null = data[of(data, NULL_PID)[0]]
    middle = len(data) // 2
    return np.concatenate((data[:middle], null[None], data[middle:]))


def clock_drifts(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    for count, number in enumerate(clocks(data)):
        set_clock(data[number], lambda value, count=count: value + (40 if count % 2 else -40))  # type: ignore[misc]
    return data


def one_picture_lost(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    starts = unit_starts(data, VIDEO)
    for number in of(data, VIDEO):
        if starts[60] <= number < starts[61] and not data[number, 3] & 0x20:
            data[number, 1:3] = (0x1F, 0xFF)
    data[starts[60], 1] &= ~np.uint8(0x40)
    return data


def two_lessons_put_end_to_end(data: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    return np.concatenate((data, data))


FAULTS: dict[Fault, set[str]] = {
    bytes_of_another_file_between: {"1.1"},
    tail_first: {"1.4", "2.3b", "pts-step"},
    sound_counter_stuck: {"1.4"},
    table_on_the_wrong_pid: {"1.3"},
    scrambled_tables: {"1.5", "2.6"},
    one_packet_inserted: {"2.4"},
    clock_drifts: {"2.4"},
    one_picture_lost: {"pts-step"},
    two_lessons_put_end_to_end: {"1.4", "2.3b", "pts-step"},
    lost_bytes: {"1.1"},
    garbage_in_front: {"1.1"},
    wrong_sync_byte: {"1.2"},
    lost_packet: {"1.4"},
    swapped_packets: {"1.4"},
    packet_three_times: {"1.4"},
    no_pat_for_a_second: {"1.3"},
    no_pmt_for_a_second: {"1.5"},
    sound_gone: {"1.6"},
    damaged_packet: {"2.1"},
    broken_table: {"2.2"},
    rare_clock: {"2.3a"},
    clock_jump: {"2.3b"},
    clock_back: {"2.3b"},
    inaccurate_clock: {"2.4"},
    rare_stamps: {"2.5"},
    scrambled: {"2.6"},
    picture_late_by_one_unit: {"pts-step", "dts-step"},
    sound_overlaps_by_11_ms: {"pts-step"},
    sound_far_behind: {"av-offset"},
    stamps_before_arrival: {"arrival"},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_every_fault_is_caught(fault: Fault) -> None:
    report = judged(fault(rows()))
    found = {c.id for c in report.checks if c.count}
    assert FAULTS[fault] <= found
    for ident in FAULTS[fault]:
        first = report.check(ident).first
        assert first is not None
        assert 0 <= first.byte <= report.bytes


@pytest.mark.parametrize(
    ("fault", "count", "packet"),
    [(wrong_sync_byte, 1, 500), (damaged_packet, 1, 1200), (lost_packet, 1, None)],
)
def test_a_single_fault_is_counted_once_and_blamed_on_nothing_else(
    fault: Fault, count: int, packet: int | None
) -> None:
    report = judged(fault(rows()))
    [only] = [c for c in report.checks if c.count]
    assert only.count == count
    assert only.first is not None
    assert packet is None or only.first.packet == packet


def test_a_packet_that_is_sent_twice_is_no_fault() -> None:
    data = rows()
    number, spare = repeatable(data)
    data[spare[0]] = data[number]
    assert judged(data).check("1.4").count == 0


def test_an_announced_discontinuity_is_no_fault() -> None:
    data = rows()
    moved = clocks(data)[60:]
    for number in moved:
        set_clock(data[number], lambda value: value + 27_000_000 // 2)
    data[moved[0], 5] |= 0x80
    report = judged(data)
    assert (report.check("2.3b").count, report.check("2.4").count) == (0, 0)


def test_the_stream_may_pass_the_wrap_of_its_stamps() -> None:
    counters = {pid: int(rows()[of(rows(), pid)[0], 3] & 15) for pid in (0, 17, PMT, VIDEO, AUDIO)}
    moved = restamp(clean_bytes(), 2**33 - 3 * 90_000 - 126_000, counters=counters)
    report = judged(moved)
    assert {c.id: c.count for c in report.checks if c.count} == {}
    video = next(s for s in report.streams if s.pid == VIDEO)
    assert video.first_pts is not None
    assert video.last_pts is not None
    assert video.last_pts < video.first_pts


def test_what_is_no_transport_stream_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.ts"
    text.write_bytes(b"%PDF-1.7 " * 500)
    empty = tmp_path / "b.ts"
    empty.touch()
    for file in (text, empty, tmp_path / "missing.ts", tmp_path):
        with pytest.raises(BadInput):
            check_file(file)


def test_a_file_that_ends_within_a_packet_is_judged_up_to_there() -> None:
    report = judged(clean_bytes()[:-100])
    assert report.trailing_bytes == 88
    assert report.check("1.1").count == 0


def test_checksums_are_those_of_the_standard() -> None:
    assert crc(b"123456789") == 0x0376E6E7


@pytest.mark.needs("tsreport")
def test_it_agrees_with_tsreport_on_a_clean_stream(tmp_path: Path) -> None:
    file = tmp_path / "clean.ts"
    file.write_bytes(clean_bytes())
    words = [str(tool("tsreport")), "-b", str(file)]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    report = check_file(file)

    def number(pattern: str, text: str = told) -> int:
        found = re.search(pattern, text)
        assert found is not None, pattern
        return int(found.group(1))

    assert number(r"Overall stream rate=(\d+)") == report.bit_rate
    assert number(r"PCRs found: (\d+)") == len(clocks(rows()))
    assert report.pcr_interval_ms is not None
    assert number(r"Max gap: (\d+)t") == round(report.pcr_interval_ms * 90)
    for pid, part in zip(
        (VIDEO, AUDIO), told.split("Stream 0: PID 0100")[-1].split("Stream 1:"), strict=True
    ):
        [stream] = [s for s in report.streams if s.pid == pid]
        assert number(r"First PTS\s+(\d+)t", part) == stream.first_pts
        assert number(r"Mean difference \(of (\d+)\)", part) == stream.units
        assert "duplicate packets: 0" in part
        assert stream.lead_ms is not None


@pytest.mark.needs("dvbinfo")
def test_it_agrees_with_dvbinfo_on_what_each_pid_carries(tmp_path: Path) -> None:
    file = tmp_path / "clean.ts"
    file.write_bytes(clean_bytes())
    words = [str(tool("dvbinfo")), "-f", str(file), "-s", "bandwidth"]
    run = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    told = run.stdout + run.stderr
    report = check_file(file)
    seen = {int(pid): int(n) for pid, n in re.findall(r"PID:\s+(\d+) .*?seen (\d+) packets", told)}
    assert seen.pop(NULL_PID) == report.null_packets
    assert seen == {s.pid: s.packets for s in report.streams}
    assert f"Number of packets: {report.packets}," in told
