"""The air bundle: playout goes on from plain files when the database is gone, and nothing altered is believed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import m3u8
import pytest
import structlog

from delivery.broadcast.playout.bundle import AirFolder, read_bundle
from delivery.broadcast.schedule.schedule import tick_at
from delivery.errors import GateClosed, Refused
from delivery.record.kinds import FactKind
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air

__all__ = ["studio"]


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """Half a minute into a lesson of channel TV1, with a bundle."""
    home = make_air(studio, tmp_path, folder=tmp_path / "air")
    home.schedule("M1", 60, after_s=30)
    home.compile()
    home.station.prove(budget_s=60)
    home.clock.at = START + timedelta(seconds=45)
    yield home
    home.database.close()


def lose_database(air: Air) -> None:
    def gone() -> None:
        raise Refused("The database does not answer: {reason}", reason="gone")

    for name in ("read", "write"):
        setattr(air.database, name, gone)


def test_playlists_and_segments_are_the_same_without_the_database(air: Air) -> None:
    before = air.station.playout.playlist("TV1", "v360")
    numbers = [int(s.uri.split("/")[1][:-3]) for s in m3u8.loads(before).segments]
    bytes_before = [air.station.playout.segment("TV1", "v360", n) for n in numbers]
    lose_database(air)
    fresh = air.another()
    assert fresh.playout.playlist("TV1", "v360") == before
    assert [fresh.playout.segment("TV1", "v360", n) for n in numbers] == bytes_before
    assert fresh.playout.master("TV1").startswith("#EXTM3U")
    assert [c.code for c in fresh.book.channels()] == ["TV1"]


def test_playout_runs_on_the_linked_files_when_the_store_has_lost_them(air: Air) -> None:
    lose_database(air)
    held, air.studio.blobs.held = air.studio.blobs.held, {}
    try:
        fresh = air.another()
        listed = m3u8.loads(fresh.playout.playlist("TV1", "v360"))
        last = int(listed.segments[-1].uri.split("/")[1][:-3])
        data = fresh.playout.segment("TV1", "v360", last)
    finally:
        air.studio.blobs.held = held
    assert data == air.another().playout.segment("TV1", "v360", last)


def test_faults_and_running_time_are_kept_in_files_and_told_when_the_database_is_back(air: Air) -> None:
    lose_database(air)
    station = air.another()
    air.clock.at = START + timedelta(seconds=20)
    air.run(50, station=station)
    for name in ("read", "write"):
        air.database.__dict__.pop(name)
    air.clock.advance(16)
    air.another().asrunner.step(air.clock.now())
    [fact] = air.told(FactKind.ITEM_AIRED)
    assert (fact.data["status"], fact.data["aired_ticks"]) == ("complete", 60)


def test_a_bundle_of_which_a_byte_was_altered_is_refused_and_the_one_before_stays(air: Air) -> None:
    assert air.folder is not None
    file = air.folder / "TV1.json"
    data = file.read_bytes()
    for at in range(12, len(data) - 70, max(len(data) // 40, 1)):
        altered = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(GateClosed):
            read_bundle(altered, source="TV1.json")
    held = AirFolder(air.folder)
    before = held.bundle("TV1")
    file.write_bytes(data[:-20])
    with structlog.testing.capture_logs() as logs:
        assert held.bundle("TV1") is before
    assert [entry["event"] for entry in logs] == ["bundle-damaged"]


def test_a_bundle_is_replaced_as_a_whole(air: Air) -> None:
    assert air.folder is not None
    first = (air.folder / "TV1.json").stat().st_ino
    air.schedule("M2", 40, after_s=140, seed=2)
    air.compile()
    assert (air.folder / "TV1.json").stat().st_ino != first
    assert not list(air.folder.rglob("*.part"))


def test_a_file_that_cannot_be_had_is_told_before_it_is_due(air: Air) -> None:
    lesson = air.studio.lesson(5, 40)
    lost = lesson.rendition("v240").segments[1].blob
    held = air.studio.blobs.held.pop(lost)
    try:
        air.schedule("M5", 40, after_s=3 * 3600, seed=5)
        air.compile(minutes=240)
        air.station.prove(budget_s=60)
    finally:
        air.studio.blobs.held[lost] = held
    [told] = [t.alert for t in air.station.alerts.recent if t.alert.code.startswith("not-ready")]
    assert (told.code, told.channel, told.severity) == ("not-ready-24h", "TV1", "warning")
    assert lost in str(told.what)


def test_a_bundle_reaches_back_as_far_as_viewers_may_go(air: Air) -> None:
    air.clock.at = START + timedelta(hours=2)
    air.compile(minutes=300)
    assert air.folder is not None
    bundle = AirFolder(air.folder).bundle("TV1")
    assert bundle is not None
    assert bundle.timeline.start_tick <= tick_at(START + timedelta(hours=1))


def test_an_aired_lesson_can_be_watched_later_until_its_approval_is_withdrawn(air: Air) -> None:
    [airing] = air.station.store.airings("TV1")
    playout = air.station.playout
    with pytest.raises(Refused):
        playout.later_master("TV1", airing.id)
    air.clock.at = START + timedelta(seconds=30 + 20)
    listed = m3u8.loads(playout.later_playlist("TV1", airing.id, "v360"))
    assert listed.is_endlist
    assert sum(s.duration for s in listed.segments) == pytest.approx(60 * 0.32)
    assert len(m3u8.loads(playout.later_master("TV1", airing.id)).playlists) == 3
    stored = air.lessons["M1"].rendition("v360").segments
    assert playout.later_segment("TV1", airing.id, "v360", 3) == air.studio.blobs.get(stored[3].blob)
    air.approved = False
    with pytest.raises(Refused):
        playout.later_segment("TV1", airing.id, "v360", 3)
