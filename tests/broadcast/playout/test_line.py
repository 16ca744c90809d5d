"""Lines to peers: one that is slow, hangs or fails is told, and disturbs nobody else."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from delivery.broadcast.playout.feeds import Feeds
from delivery.broadcast.playout.line import Line, LineApart, line_to
from delivery.broadcast.playout.outputs import Icecast
from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.pacing import run
from delivery.broadcast.playout.sender import Sending
from delivery.broadcast.playout.udp import Udp
from delivery.broadcast.schedule.schedule import make_slot
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air
from tests.broadcast.playout.test_feed import AtOnce, Kept, faults, feed_of, judged, simulate, three_lessons

__all__ = ["studio"]


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """A home with channel TV1, whose bundles lie in a folder."""
    home = make_air(studio, tmp_path, folder=tmp_path / "air")
    yield home
    home.database.close()


@dataclass
class Hanging:
    """A peer whose disk or network does not answer until it is released."""

    data: bytearray = field(default_factory=bytearray)
    released: threading.Event = field(default_factory=threading.Event)
    closed: bool = False
    name: str = "hanging"
    may_wait: bool = True

    def open(self) -> None: ...

    def send(self, data: bytes) -> None:
        self.released.wait(30)
        self.data += data

    def close(self) -> None:
        self.closed = True


def until(condition: object, *, within_s: float = 10) -> None:
    end = time.monotonic() + within_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_peer_that_hangs_is_told_and_the_others_get_every_packet(air: Air) -> None:
    three_lessons(air)
    hanging, other = Hanging(), Kept()
    feeds = Feeds(air.station, monotonic=air.clock.monotonic)
    feed = feeds.sending("TV1", [hanging, other], reader=AtOnce())
    begun = time.monotonic()
    simulate(air, feed, 12)
    assert time.monotonic() - begun < 10
    feed.flush()
    assert faults(judged(bytes(other.data))) == {}
    assert feed.lateness.worst_us < 40_000
    [told] = [t.alert for t in air.station.alerts.recent if t.alert.code == "peer-lost"]
    assert (told.key, "does not read" in str(told.what)) == ("hanging", True)
    assert [line.is_up for line in feed.lines] == [False, True]
    assert feed.lines[0].dropped > 0
    hanging.released.set()
    feed.close()
    # What waited was sent before the line was closed, in order and whole.
    until(lambda: hanging.closed)
    assert len(hanging.data) > 0
    assert bytes(other.data).startswith(hanging.data)


def test_after_an_overrun_what_waits_goes_out_first_and_the_line_takes_on_again() -> None:
    hanging = Hanging()
    told: list[str] = []
    line = line_to(hanging, time.monotonic, lambda _name, reason: told.append(reason))
    assert isinstance(line, LineApart)
    taken = [line.send(b"%03d" % number) for number in range(200)]
    assert not taken[-1]
    assert told == ["the peer does not read"]
    hanging.released.set()
    until(lambda: len(hanging.data) == 3 * sum(taken))
    assert line.send(b"end")
    line.close()
    kept = b"".join(b"%03d" % number for number in range(sum(taken)))
    assert bytes(hanging.data) == kept + b"end"


def test_a_peer_that_never_waits_has_no_thread_and_a_named_host_has_one() -> None:
    assert isinstance(line_to(Udp("239.1.1.1", 5000), time.monotonic), Line)
    assert isinstance(line_to(Udp("phat-song.example.edu.vn", 5000), time.monotonic), LineApart)


def test_one_feed_in_which_something_breaks_begins_again_and_the_others_never_stop(air: Air) -> None:
    three_lessons(air)
    good, bad = Kept(), Kept()
    feeds = [feed_of(air, good), feed_of(air, bad)]
    asked: list[int] = []
    find = feeds[1]._piece_at

    def breaks(tick: int) -> object:
        asked.append(tick)
        if len(asked) == 1:
            raise RuntimeError("a bug")
        return find(tick)

    feeds[1]._piece_at = breaks  # type: ignore[assignment]
    told: list[tuple[Sending, str]] = []
    clock = SlewedClock(air.clock)
    run(
        feeds,
        clock,
        stopped=lambda: False,
        until_us=clock.now_us() + 4_000_000,
        sleep=air.clock.advance,
        failed=lambda feed, error: told.append((feed, str(error))),
    )
    assert told == [(feeds[1], "a bug")]
    missing_s = (len(good.data) - len(bad.data)) * 8 / 940_000
    assert missing_s == pytest.approx(1, abs=0.1)


def test_what_is_not_read_in_time_is_not_read_later_either(air: Air) -> None:
    three_lessons(air)
    asked: list[Future[object]] = []

    class Hung(Executor):
        def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
            asked.append(Future())
            return asked[-1]

    feeds = Feeds(air.station, monotonic=air.clock.monotonic)
    simulate(air, feeds.sending("TV1", [Kept()], reader=Hung(), writer=AtOnce()), 30)
    assert len(asked) > 3
    assert all(future.cancelled() for future in asked[:-1])


@contextmanager
def refusing() -> Iterator[tuple[int, list[bytes]]]:
    """A server that refuses whatever it is asked, and what it was asked."""
    asked: list[bytes] = []

    class Refuse(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline())
            self.wfile.write(b"HTTP/1.0 403 Forbidden\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Refuse) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def test_a_radio_server_that_refuses_the_sound_is_not_bothered_with_titles(air: Air) -> None:
    air.station.open_channel("PT1", "Phát thanh một", kind="radio")
    air.lessons["R1"] = air.studio.lesson(1, 60, kind="radio")
    start = START + timedelta(seconds=4)
    air.station.scheduler.add(make_slot("PT1", start, materials=("R1",)), actor="technician")
    air.station.scheduler.compile("PT1", until=START + timedelta(minutes=5), actor="technician")
    with refusing() as (port, asked):
        feeds = Feeds(air.station, monotonic=air.clock.monotonic)
        output = Icecast("127.0.0.1", port, "/pt1", "source", "x")
        feed = feeds.sending("PT1", [output], reader=AtOnce())
        simulate(air, feed, 1)
        until(lambda: bool(asked))
        simulate(air, feed, 25)
        feed.close()
    assert {line.split()[0] for line in asked} == {b"PUT"}
