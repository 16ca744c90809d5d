"""The schedule store gives back what it was given, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import to_micros
from delivery.errors import NotFound
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store import projections
from delivery.store.air import Airing, Channel, Row, RowKind
from delivery.store.database import Database
from delivery.store.schedule import ScheduleStore
from delivery.units import Micros, Ticks
from tests.broadcast.playout.air_station import START
from tests.support import schema
from tests.support.home import prepared_url

TICK = 5_600_000_000
CHANNEL = Channel("TV1", "Kênh một", "tv", {1: "a" * 64, 18: "b" * 64})
CONTINUITY = (("audio", (("0", 3), ("256", 15))), ("v360", (("0", 1),)))


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ScheduleStore]:
    if request.param == "postgresql":
        database = Database(prepared_url(request))
    else:
        schema.copy_empty(tmp_path / "x.sqlite")
        database = Database(f"sqlite:///{tmp_path / 'x.sqlite'}")
    schedule = ScheduleStore(database)
    schedule.put_channel(CHANNEL)
    yield schedule
    database.close()


def rows(count: int, *, start: int = TICK, sequence: int = 900_000_000) -> list[Row]:
    return [
        Row(start + 36 * n, 36, RowKind.LESSON, f"asset{n}", f"airing{n}", sequence + 2 * n, CONTINUITY)
        for n in range(count)
    ]


def airing(number: int) -> Airing:
    start = TICK + 36 * number
    return Airing(
        id=f"airing{number}",
        channel="TV1",
        slot="s",
        material="M",
        content="c",
        asset="a",
        ticks=Ticks(36),
        planned_us=start * 320_000 + 7,
        start_tick=start,
        course="CNTT101",
        unit=3,
        card=True,
    )


def extend(store: ScheduleStore, from_tick: int, new: list[Row], airings: list[Airing]) -> None:
    with store.database.write() as connection:
        store.extend_in(connection, "TV1", from_tick=from_tick, rows=new, airings=airings)


def test_channels_keep_their_slates_and_position_when_they_are_put_again(store: ScheduleStore) -> None:
    with store.database.write() as connection:
        store.set_asrun_tick_in(connection, "TV1", TICK)
    store.put_channel(replace(CHANNEL, name="Kênh một mới"))
    assert store.channel("TV1") == replace(CHANNEL, name="Kênh một mới")
    assert store.asrun_tick("TV1") == TICK
    with pytest.raises(NotFound):
        store.channel("TV9")


def test_slots_come_back_in_vietnamese_time(store: ScheduleStore) -> None:
    slot = make_slot("TV1", START, materials=("M1", "M2"), rule="FREQ=DAILY", course="CNTT101", unit=2)
    data = {"slot": slot.id, "channel": "TV1", "start": to_micros(slot.start), "rule": slot.rule}
    data |= {"material": "M1,M2", "unit": 2}
    fact = Draft(
        fact_id(FactKind.SLOT_SCHEDULED, slot.id),
        FactKind.SLOT_SCHEDULED,
        Micros(0),
        "t",
        data,
        course="CNTT101",
    )
    for _ in range(2):
        with store.database.write() as connection:
            projections.apply(connection, [fact])
    assert store.slots("TV1") == store.slots() == [slot]
    assert store.slots("TV2") == []


def test_rows_are_found_by_time_and_replaced_from_a_tick_on(store: ScheduleStore) -> None:
    first = rows(5)
    extend(store, TICK, first, [airing(n) for n in range(5)])
    assert store.rows("TV1") == tuple(first)
    assert store.rows("TV1", since_tick=TICK + 40, before_tick=TICK + 108) == tuple(first[1:3])
    assert store.rows("TV1", since_tick=TICK + 72) == tuple(first[2:])
    assert store.rows("TV1", since_tick=TICK + 36 * 5) == ()
    before = store.revision("TV1")
    other = [replace(row, asset="other") for row in first[3:]]
    extend(store, other[0].start_tick, other, [airing(2)])
    assert store.rows("TV1") == (*first[:3], *other)
    assert store.revision("TV1") == before + 1
    assert [a.id for a in store.airings("TV1")] == ["airing0", "airing1", "airing2"]
    assert store.airing("airing1") == airing(1)
    assert [a.id for a in store.airings(since_tick=TICK + 36, before_tick=TICK + 72)] == ["airing1"]


def test_what_playout_noticed_is_noted_once(store: ScheduleStore) -> None:
    now = TICK * 320_000
    span = store.open_span(now)
    store.extend_span(span, now + 5)
    store.open_span(now - 3)
    assert store.up_spans(now - 4) == [(now - 3, now - 3), (now, now + 5)]
    assert store.up_spans(now - 3) == [(now, now + 5)]
    assert store.put_fault("TV1", 7, rendition="v360", reason="missing", now_us=now)
    assert not store.put_fault("TV1", 7, rendition="v360", reason="missing", now_us=now)
    assert store.is_faulty("TV1", 7, rendition="v360")
    assert not store.is_faulty("TV1", 7, rendition="audio")
    assert store.put_stop("TV1", "airing1", sequence=9, reason="not approved", now_us=now)
    assert not store.put_stop("TV1", "airing1", sequence=5, reason="not approved", now_us=now)
    assert (store.stopped_from("TV1", "airing1"), store.stopped_from("TV1", "airing2")) == (9, None)
