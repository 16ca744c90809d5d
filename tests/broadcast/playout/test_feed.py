"""The transmitter's feed: real datagrams on loopback, seamless over every join and fault, with service information."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from delivery.broadcast.check.checker import check
from delivery.broadcast.check.packets import split
from delivery.broadcast.check.report import Report
from delivery.broadcast.check.tables import sections
from delivery.broadcast.playout.feeds import Feeds
from delivery.broadcast.playout.journal import SentJournal
from delivery.broadcast.playout.line import Line
from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.pacing import run
from delivery.broadcast.playout.radio import adts_frames
from delivery.broadcast.playout.sender import Sending
from delivery.broadcast.playout.si import EIT_PID, SDT_PID, TDT_PID, dvb_text
from delivery.broadcast.playout.udp import DATAGRAM, Udp
from delivery.clock import ManualClock, SystemClock, from_micros, to_micros
from delivery.store.air import TICK_US
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air

__all__ = ["studio"]


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """A home with channel TV1, whose bundles lie in a folder."""
    home = make_air(studio, tmp_path, folder=tmp_path / "air")
    yield home
    home.database.close()


@dataclass
class Kept:
    """A peer that keeps what it gets, and can be lost."""

    data: bytearray = field(default_factory=bytearray)
    broken: bool = False
    opened: int = 0
    name: str = "kept"
    may_wait: bool = False

    def open(self) -> None:
        if self.broken:
            raise ConnectionRefusedError("nobody there")
        self.opened += 1

    def send(self, data: bytes) -> None:
        if self.broken:
            raise ConnectionResetError("gone")
        self.data += data

    def close(self) -> None: ...


class AtOnce(Executor):
    """Runs everything where it is submitted, so that a simulation repeats."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done


def three_lessons(air: Air) -> None:
    air.schedule("M1", 25, after_s=20)
    air.schedule("M2", 40, after_s=37.3, seed=2)
    air.schedule("M3", 31, after_s=61, seed=3, rerun=True)
    assert air.compile().findings == ()


def feed_of(air: Air, output: Any, *, reader: Executor | None = None) -> Sending:
    feeds = Feeds(air.station, monotonic=air.clock.monotonic, provider="Đại học Từ xa")
    return feeds.sending("TV1", [output], reader=reader or AtOnce())


def simulate(air: Air, feed: Sending, seconds: float, *, step: float = 0.01) -> None:
    for _ in range(round(seconds / step)):
        air.clock.advance(step)
        feed.step(to_micros(air.clock.now()))


def judged(data: bytes) -> Report:
    return check(split(np.frombuffer(data, np.uint8)))


def faults(report: Report) -> dict[str, int]:
    return {c.id: c.count for c in report.checks if c.count}


def test_the_feed_is_one_clean_stream_over_every_join(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    feed = feed_of(air, peer)
    simulate(air, feed, 80)
    feed.flush()
    report = judged(bytes(peer.data))
    assert faults(report) == {}
    assert report.constant_bit_rate
    assert report.bit_rate == 200 * 4_700
    assert report.pcr_accuracy_ns is not None
    assert report.pcr_accuracy_ns < 500
    assert report.pcr_interval_ms is not None
    assert report.pcr_interval_ms <= 40
    assert feed.replaced == 0


def test_the_feed_passes_the_wrap_of_the_time_stamps(air: Air) -> None:
    wraps = (to_micros(START) // TICK_US * 28_800) // 2**33 + 1
    wrap = from_micros((wraps * 2**33 - 126_000) // 28_800 * TICK_US)
    air.clock.at = wrap - timedelta(seconds=100)
    air.schedule("M1", 40, after_s=(wrap - START).total_seconds() - 6)
    assert air.compile().findings == ()
    air.clock.at = wrap - timedelta(seconds=15)
    peer = Kept()
    feed = feed_of(air, peer)
    simulate(air, feed, 30)
    report = judged(bytes(peer.data))
    assert faults(report) == {}
    [video] = [s for s in report.streams if s.kind == "h264"]
    assert (video.first_pts or 0) > 2**32 > (video.last_pts or 2**33)


def test_a_lost_file_becomes_a_slate_and_the_stream_stays_clean(air: Air) -> None:
    three_lessons(air)
    transmitter = air.lessons["M2"].transmitter
    assert transmitter is not None
    lost = transmitter.segments[1].blob
    held = air.studio.blobs.held.pop(lost)
    peer = Kept()
    try:
        feed = feed_of(air, peer)
        simulate(air, feed, 70)
    finally:
        air.studio.blobs.held[lost] = held
    assert feed.replaced == 1
    assert faults(judged(bytes(peer.data))) == {}


class Hung(Executor):
    """A disk that answers never."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        return Future()


def test_a_disk_that_does_not_answer_is_replaced_by_the_slate_within_a_tick(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    feed = feed_of(air, peer, reader=Hung())
    simulate(air, feed, 30)
    assert feed.replaced > 3
    assert feed.lateness.worst_us < TICK_US
    report = judged(bytes(peer.data))
    assert report.check("1.4").count == report.check("pts-step").count == 0


def test_receivers_are_told_what_is_on_in_vietnamese(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    simulate(air, feed_of(air, peer), 40)
    packets = split(np.frombuffer(bytes(peer.data), np.uint8))
    tables = {pid: list(sections(packets, pid)) for pid in (SDT_PID, EIT_PID, TDT_PID)}
    assert all(s.is_whole for found in tables.values() for s in found)
    assert any(dvb_text("Kênh một") in s.data for s in tables[SDT_PID])
    assert any(dvb_text("Đại học Từ xa") in s.data for s in tables[SDT_PID])
    present = [s.data for s in tables[EIT_PID] if s.table_id == 0x4E and s.data[6] == 0]
    assert any(dvb_text("M1") in data for data in present)
    versions = [data[5] >> 1 & 31 for data in present]
    assert versions == sorted(versions)
    days = [s.data for s in tables[EIT_PID] if s.table_id == 0x50]
    assert any(dvb_text("M3") in data for data in days)
    assert tables[TDT_PID][0].table_id == 0x73


def test_datagrams_of_seven_packets_reach_a_listener_in_time(air: Air) -> None:
    three_lessons(air)
    got: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener, ThreadPoolExecutor(1) as reader:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(0.5)
        done = threading.Event()

        def listen() -> None:
            while not done.is_set():
                try:
                    got.append(listener.recv(4_096))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=listen)
        thread.start()
        clock = SystemClock()
        # The station's day, on the machine's clock: 1.5 seconds over the join at second 20.
        offset = START + timedelta(seconds=19.2) - clock.now()
        station = ShiftedClock(clock, offset)
        feeds = Feeds(air.station, monotonic=clock.monotonic)
        sending = feeds.sending("TV1", [Udp("127.0.0.1", listener.getsockname()[1])], reader=reader)
        slewed = SlewedClock(station)
        run([sending], slewed, stopped=done.is_set, until_us=slewed.now_us() + 1_500_000)
        sending.close()
        done.set()
        thread.join()
    assert {len(datagram) for datagram in got[:-1]} == {DATAGRAM}
    report = judged(b"".join(got))
    assert report.check("1.4").count == report.check("2.3a").count == report.check("2.4").count == 0
    assert abs(report.seconds - 1.5) < 0.3


@dataclass
class ShiftedClock:
    """The machine's clock, on another day."""

    clock: SystemClock
    offset: timedelta

    def now(self) -> Any:
        return self.clock.now() + self.offset

    def monotonic(self) -> float:
        return self.clock.monotonic()


def test_a_peer_that_was_lost_is_reached_again_with_growing_pauses() -> None:
    clock = ManualClock(START)
    told: list[str] = []
    found: list[str] = []
    peer = Kept(broken=True)
    line = Line(peer, clock.monotonic, lambda name, reason: told.append(reason), found.append)
    for _ in range(100):
        line.send(b"x")
        clock.advance(0.1)
    assert 4 <= len(told) <= 6
    peer.broken = False
    clock.advance(30)
    # It is not believed at once: one that comes and goes would be told again and again.
    assert not line.send(b"y")
    assert (bytes(peer.data), found, line.is_up, line.dropped) == (b"y", [], False, 100)
    clock.advance(5)
    assert line.send(b"z")
    assert (bytes(peer.data), found, line.is_up) == (b"yz", ["kept"], True)


def test_a_peer_that_connects_and_breaks_off_again_and_again_is_left_alone_for_longer_and_longer() -> None:
    clock = ManualClock(START)
    told: list[float] = []
    found: list[str] = []

    @dataclass
    class Flapping(Kept):
        def send(self, data: bytes) -> None:
            raise ConnectionResetError("gone")

    line = Line(
        Flapping(), clock.monotonic, lambda _name, _reason: told.append(clock.monotonic()), found.append
    )
    for _ in range(1_000):
        assert not line.send(b"x")
        clock.advance(0.1)
    assert len(told) <= 9
    assert found == []
    pauses = [after - before for before, after in pairwise(told)]
    assert pauses == sorted(pauses)


def test_a_feed_that_was_suspended_goes_on_at_the_present_moment(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    feed = feed_of(air, peer)
    simulate(air, feed, 5)
    before = len(peer.data)
    air.clock.advance(30)
    simulate(air, feed, 1)
    assert len(peer.data) - before < 3 * 940_000 / 8


def test_the_feeds_time_follows_utc_slowly_and_never_jumps() -> None:
    clock = ManualClock(START)
    slewed = SlewedClock(clock)
    clock.advance(1)
    assert slewed.now_us() == to_micros(clock.now())
    clock.at += timedelta(seconds=10)
    previous = slewed.now_us()
    for _ in range(100):
        clock.advance(0.2)
        now = slewed.now_us()
        assert 200_000 <= now - previous <= 200_000 + 15
        previous = now
    assert slewed.stepped_s == pytest.approx(10)


def test_radio_frames_are_those_of_the_lesson(studio: Studio) -> None:
    segment = studio.lesson(1, 25, kind="radio").rendition("audio").segments[0]
    frames = adts_frames(studio.blobs.get(segment.blob))
    assert len(frames) == segment.ticks * 15
    assert all(frame[0] == 0xFF for frame in frames)


def test_what_was_sent_is_written_down_for_the_as_run(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    simulate(air, feed_of(air, peer), 40)
    [row] = [r for r in air.station.store.rows("TV1") if r.kind == "lesson" and r.ticks == 25]
    assert air.folder is not None
    sent = SentJournal(air.folder, "TV1").read(row.airing)
    assert sent is not None
    assert (sent.ticks, sent.packets, sent.replaced) == (25, 25 * 200, 0)
    assert sent.first_pts == (row.start_tick * 28_800 + 126_000) % 2**33
