"""What goes wrong on the air: the slate within a tick, and a person told within five seconds."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from time import monotonic
from typing import Any

import pytest

from delivery.broadcast.playout.alerts import ToWebhook
from delivery.i18n import Translator
from delivery.store.air import TICK_US
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air
from tests.broadcast.playout.test_feed import Kept, faults, feed_of, judged, simulate, three_lessons

__all__ = ["studio"]

WITHIN_S = 5.0


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """A home with channel TV1, whose bundles lie in a folder."""
    home = make_air(studio, tmp_path, folder=tmp_path / "air")
    yield home
    home.database.close()


@contextmanager
def webhook() -> Iterator[tuple[str, Queue[dict[str, Any]]]]:
    """A real web server, and what it was told."""
    got: Queue[dict[str, Any]] = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def media_of(air: Air, address: str) -> Path:
    """The linked file from which playout reads."""
    assert air.folder is not None
    return air.folder / "media" / address[:2] / address


@pytest.mark.parametrize("harm", ["missing", "altered", "cut short"])
def test_a_file_that_is_harmed_after_it_was_proved_is_the_slate_and_somebody_is_told(
    air: Air, harm: str
) -> None:
    three_lessons(air)
    air.station.prove(budget_s=60)
    transmitter = air.lessons["M2"].transmitter
    assert transmitter is not None
    address = transmitter.segments[1].blob
    file = media_of(air, address)
    whole = file.read_bytes()
    held = air.studio.blobs.held.pop(address)
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(whole[:-188] if harm == "cut short" else whole[:9] + b"x" + whole[10:])
    peer = Kept()
    try:
        with webhook() as (url, got):
            air.station.alerts.add(ToWebhook(url, Translator("vi")))
            feed = feed_of(air, peer)
            # M2 begins at second 37.3; its second segment 5.76 s later.
            simulate(air, feed, 42.5)
            assert got.empty()
            begun = monotonic()
            simulate(air, feed, 1.2)
            told = got.get(timeout=WITHIN_S)
            assert monotonic() - begun < WITHIN_S
        simulate(air, feed, 20)
    finally:
        air.studio.blobs.held[address] = held
    assert (told["code"], told["channel"], told["severity"]) == ("segment-replaced", "TV1", "error")
    assert feed.replaced == 1
    assert feed.lateness.worst_us < TICK_US
    assert faults(judged(bytes(peer.data))) == {}


def test_without_any_file_or_disk_the_transmitter_still_gets_its_bit_rate(air: Air) -> None:
    three_lessons(air)
    peer = Kept()
    feed = feed_of(air, peer)
    simulate(air, feed, 10)
    assert air.folder is not None
    for file in (air.folder / "media").rglob("*"):
        if file.is_file():
            file.unlink()
    held, air.studio.blobs.held = air.studio.blobs.held, {}
    try:
        simulate(air, feed, 40)
    finally:
        air.studio.blobs.held = held
    report = judged(bytes(peer.data))
    # The slates are held in memory: nothing is broken, and nothing is missing.
    assert faults(report) == {}
    assert report.seconds == pytest.approx(50, abs=0.5)


def test_a_clock_that_is_set_is_told_and_the_feed_does_not_jump(air: Air) -> None:
    three_lessons(air)
    air.station.playout.beat()
    air.clock.advance(1)
    air.station.playout.beat()
    assert [t.alert.code for t in air.station.alerts.recent] == []
    air.clock.at += timedelta(seconds=7)
    air.station.playout.beat()
    [told] = [t.alert for t in air.station.alerts.recent if t.alert.code == "clock-step"]
    assert "+7.000" in str(told.what)


def test_what_is_not_ready_is_told_a_day_before_and_an_hour_before_and_not_all_the_time(air: Air) -> None:
    lesson = air.studio.lesson(5, 40)
    transmitter = lesson.transmitter
    assert transmitter is not None
    held = air.studio.blobs.held.pop(transmitter.segments[1].blob)
    try:
        air.schedule("M5", 40, after_s=30 * 3600, seed=5)
        air.compile(minutes=40 * 60)
        told: list[tuple[float, str]] = []
        for hour in range(30):
            air.clock.at = START + timedelta(hours=hour, minutes=5)
            air.clock.elapsed = hour * 3600.0
            before = len(air.station.alerts.recent)
            air.station.prove(budget_s=60)
            air.station.prove(budget_s=60)
            told += [(30 - hour, t.alert.code) for t in list(air.station.alerts.recent)[before:]]
    finally:
        air.studio.blobs.held[transmitter.segments[1].blob] = held
    assert told == [(24, "not-ready-24h"), (1, "not-ready-1h")]


def test_a_dead_database_does_not_stop_the_feed(air: Air) -> None:
    three_lessons(air)
    air.station.prove(budget_s=60)

    def gone() -> None:
        from delivery.errors import Refused

        raise Refused("The database does not answer: {reason}", reason="gone")

    fresh = air.another()
    for name in ("read", "write"):
        setattr(air.database, name, gone)
    air.station = fresh
    peer = Kept()
    feed = feed_of(air, peer)
    simulate(air, feed, 40)
    assert feed.replaced == 0
    assert faults(judged(bytes(peer.data))) == {}
