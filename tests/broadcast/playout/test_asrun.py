"""As-run facts tell what was sent: all of it, a part, or nothing."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from itertools import pairwise

from delivery.broadcast.schedule.timeline import Timeline
from delivery.clock import to_micros
from delivery.record.kinds import FactKind
from delivery.store.air import TICK_US, RowKind
from tests.broadcast.playout.air_fixtures import air, studio
from tests.broadcast.playout.air_station import Air

__all__ = ["air", "studio"]


def scheduled(air: Air) -> None:
    air.schedule("M1", 60, after_s=16)
    air.compile()


def test_a_lesson_that_went_out_whole_is_complete_with_the_digest_of_what_was_sent(air: Air) -> None:
    scheduled(air)
    air.run(60)
    assert len(air.station.asrunner.step(air.clock.now())) == 1
    [fact] = air.told(FactKind.ITEM_AIRED)
    playout = air.station.playout
    [row] = [r for r in air.station.store.rows("TV1") if r.kind is RowKind.LESSON]
    served = [
        playout.segment("TV1", "v360", piece.sequence)
        for piece in Timeline("TV1", (row,)).slices(row.start_tick, row.end_tick)
    ]
    assert fact.data["status"] == "complete"
    assert fact.data["planned_ticks"] == fact.data["aired_ticks"] == 60
    assert fact.data["digest"] == hashlib.sha256(b"".join(served)).hexdigest()
    assert fact.data["bytes"] == sum(map(len, served))
    assert fact.data["actual_start"] == row.start_tick * TICK_US
    assert (fact.course, fact.activity, fact.data["unit"]) == ("CNTT101", "CNTT101-M1", 2)


def test_telling_again_tells_nothing_new(air: Air) -> None:
    scheduled(air)
    air.run(60)
    air.station.asrunner.step(air.clock.now())
    assert air.station.asrunner.step(air.clock.now()) == []
    # As if the process had died between the fact and the watermark.
    with air.database.write() as connection:
        air.station.store.set_asrun_tick_in(connection, "TV1", 0)
    assert air.another().asrunner.step(air.clock.now()) == []
    assert len(air.told(FactKind.ITEM_AIRED)) == 1


def test_a_lesson_that_nobody_played_out_is_missed(air: Air) -> None:
    scheduled(air)
    air.clock.advance(120)
    air.station.asrunner.step(air.clock.now())
    [fact] = air.told(FactKind.ITEM_AIRED)
    assert (fact.data["status"], fact.data["aired_ticks"], fact.data["bytes"], fact.data["digest"]) == (
        "missed",
        0,
        0,
        "",
    )


def test_time_without_a_running_playout_is_not_credited(air: Air) -> None:
    scheduled(air)
    air.run(24)
    air.clock.advance(8)
    air.run(60, station=air.another())
    air.station.asrunner.step(air.clock.now())
    [fact] = air.told(FactKind.ITEM_AIRED)
    assert fact.data["status"] == "partial"
    # 8 s are 25 ticks; the ticks that are cut at both ends count as lost too.
    assert fact.data["aired_ticks"] in (60 - 25, 60 - 26)


def test_a_segment_that_went_out_as_a_slate_is_not_credited_even_when_it_is_back(air: Air) -> None:
    scheduled(air)
    lost = air.lessons["M1"].rendition("v360").segments[1].blob
    held = air.studio.blobs.held.pop(lost)
    air.run(45)
    air.studio.blobs.held[lost] = held
    air.run(15)
    air.station.asrunner.step(air.clock.now())
    [fact] = air.told(FactKind.ITEM_AIRED)
    assert (fact.data["status"], fact.data["aired_ticks"]) == ("partial", 60 - 18)


def test_a_lesson_is_judged_only_when_no_heartbeat_can_change_it(air: Air) -> None:
    scheduled(air)
    air.run(34)
    air.clock.advance(2)
    assert air.station.asrunner.step(air.clock.now()) == []
    air.station.playout.beat()
    assert len(air.station.asrunner.step(air.clock.now())) == 1
    assert air.told(FactKind.ITEM_AIRED)[0].data["status"] == "complete"


def test_schedule_and_timeline_are_told_once(air: Air) -> None:
    scheduled(air)
    scheduled(air)
    assert len(air.told(FactKind.SLOT_SCHEDULED)) == 1
    told = air.told(FactKind.TIMELINE_COMPILED)
    assert len(told) == 1
    rows = air.station.store.rows("TV1")
    assert told[0].data["digest"] == Timeline("TV1", rows).digest
    air.clock.advance(1)
    air.compile(minutes=30)
    assert len(air.told(FactKind.TIMELINE_COMPILED)) == 2
    # The last row is the run of slates that has become longer.
    assert air.station.store.rows("TV1")[: len(rows) - 1] == rows[:-1]


def test_channels_go_on_where_they_stood_after_days_without_a_compilation(air: Air) -> None:
    scheduled(air)
    before = air.station.store.rows("TV1")
    air.clock.advance(timedelta(days=2).total_seconds())
    air.schedule("M2", 30, after_s=2 * 86_400 + 120, seed=2)
    assert [a.material for a in air.compile().placed] == ["M2"]
    rows = air.station.store.rows("TV1")
    assert rows[: len(before)] == before
    for row, following in pairwise(rows):
        assert (row.end_tick, row.end_sequence) == (following.start_tick, following.sequence)
    assert rows[-1].end_tick * TICK_US >= to_micros(air.clock.now())
