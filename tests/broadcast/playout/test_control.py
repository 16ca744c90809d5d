"""What a technician does by hand: shown before it is done, done at the next segment, and remembered."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from delivery.broadcast.playout.control import ControlRoom, Order
from delivery.broadcast.schedule.schedule import tick_at
from delivery.errors import BadInput, GateClosed, NotFound, Refused
from delivery.record.kinds import FactKind
from delivery.store import projections
from delivery.store.air import TICK_US, Row
from delivery.store.audit_projections import projection_problems
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, Air, make_air

__all__ = ["studio"]


@pytest.fixture
def air(studio: Studio, tmp_path: Path) -> Iterator[Air]:
    """20 seconds into M1 (60 ticks, with its card); M2 follows at second 60, M3 at 120."""
    home = make_air(studio, tmp_path, folder=tmp_path / "air")
    home.schedule("M1", 60, after_s=16)
    home.schedule("M2", 40, after_s=60, seed=2)
    home.schedule("M3", 31, after_s=120, seed=3, rerun=True)
    home.compile()
    home.clock.at = START + timedelta(seconds=20)
    yield home
    home.database.close()


def room(air: Air) -> ControlRoom:
    return ControlRoom(air.station, clock=air.clock)


def do(air: Air, command: str, **options: Any) -> dict[str, Any]:
    before = rows_until(air, tick_at(air.clock.now()))
    told = room(air).carry_out(Order.of("TV1", command, **options), actor="technician")
    assert rows_until(air, tick_at(air.clock.now())) == before
    return told


def rows_until(air: Air, tick: int) -> list[tuple[int, str, int]]:
    """What was told to viewers up to a tick."""
    from delivery.broadcast.schedule.timeline import Timeline

    pieces = Timeline("TV1", air.station.store.rows("TV1")).slices(0, tick)
    return [(p.start_tick, p.row.asset, p.sequence) for p in pieces]


def programme(air: Air) -> list[tuple[str, float, float]]:
    """(material, start, length) in seconds after START; a slate has no material."""
    names = {a.id: a.material for a in air.station.store.airings("TV1")}

    def seconds(tick: int) -> float:
        return round((tick * TICK_US - int(START.timestamp() * 1e6)) / 1e6, 2)

    rows: tuple[Row, ...] = air.station.store.rows("TV1")
    for row, following in pairwise(rows):
        assert (row.end_tick, row.end_sequence) == (following.start_tick, following.sequence)
    return [
        (names.get(row.airing, row.airing), seconds(row.start_tick), round(row.ticks * 0.32, 2))
        for row in rows
        if row.kind == "lesson"
    ]


def test_a_preview_changes_nothing(air: Air) -> None:
    before = air.station.store.rows("TV1")
    for command in ("hold", "extend", "skip", "slate", "back"):
        told = room(air).preview(Order.of("TV1", command))
        assert told["done"] is False
    assert air.station.store.rows("TV1") == before
    assert air.told(FactKind.AIR_CONTROLLED) == []


def test_hold_moves_everything_later_by_as_much(air: Air) -> None:
    told = do(air, "hold", minutes=1)
    assert [(m["material"], m["late_s"]) for m in told["moved"]] == [("M2", 60.16), ("M3", 60.16)]
    starts = {name: start for name, start, _ in programme(air)}
    assert starts["M2"] == pytest.approx(120.16, abs=0.17)
    assert starts["M3"] == pytest.approx(180.16, abs=0.17)


def test_extend_moves_only_what_must_give_way(air: Air) -> None:
    told = do(air, "extend", minutes=1)
    assert [m["material"] for m in told["moved"]] == ["M2"]
    starts = {name: start for name, start, _ in programme(air)}
    assert starts["M3"] == pytest.approx(120, abs=0.17)


def test_skip_ends_the_lesson_at_its_next_segment_and_keeps_the_times_of_the_others(air: Air) -> None:
    told = do(air, "skip")
    assert told["cut"] == "M1"
    [first, *rest] = programme(air)
    assert first[0] == "M1"
    assert first[2] == 5.76
    assert [start for _, start, _ in rest] == pytest.approx([60, 120], abs=0.17)


def test_insert_now_cuts_and_insert_next_waits(air: Air) -> None:
    air.lessons["NEWS"] = air.studio.lesson(7, 25)
    told = do(air, "insert", material="NEWS", now=True)
    assert told["cut"] == "M1"
    starts = {name: start for name, start, _ in programme(air)}
    assert starts["NEWS"] == pytest.approx(21.76, abs=0.17)
    air.clock.at = START + timedelta(seconds=25)
    air.lessons["MORE"] = air.studio.lesson(7, 31)
    do(air, "insert", material="MORE")
    starts = {name: start for name, start, _ in programme(air)}
    assert starts["MORE"] == pytest.approx(starts["NEWS"] + 8, abs=0.01)


def test_back_takes_an_insertion_out_again_that_has_not_begun(air: Air) -> None:
    before = programme(air)
    air.lessons["NEWS"] = air.studio.lesson(7, 200)
    do(air, "insert", material="NEWS")
    assert "NEWS" in [name for name, _, _ in programme(air)]
    do(air, "back")
    after = programme(air)
    assert {name for name, _, _ in after} == {"M1", "M2", "M3"}
    assert after[-2:] == before[-2:], "the others have their own times again"


def test_back_ends_an_insertion_that_is_on_the_air_and_joins_what_should_be_on(air: Air) -> None:
    air.lessons["NEWS"] = air.studio.lesson(7, 100)
    do(air, "insert", material="NEWS", now=True)
    air.clock.at = START + timedelta(seconds=24)
    told = do(air, "back")
    assert [one["material"] for one in told["joined"]] == ["M1"]
    names = [name for name, _, _ in programme(air)]
    assert names == ["M1", "NEWS", "M1", "M2", "M3"]


def test_slate_and_back_join_the_running_lesson(air: Air) -> None:
    do(air, "slate")
    assert [name for name, _, _ in programme(air)] == ["M1"]
    air.clock.at = START + timedelta(seconds=62)
    told = do(air, "back")
    assert [one["material"] for one in told["joined"]] == ["M2"]
    found = programme(air)
    assert [name for name, _, _ in found] == ["M1", "M2", "M3"]
    _, start, length = found[1]
    [planned] = [p for p in air.station.scheduler.planned("TV1", since=START) if p.material == "M2"]
    skipped = start - (planned.start_tick * TICK_US / 1e6 - START.timestamp())
    assert 62.6 <= start <= 73
    assert skipped / 5.76 == pytest.approx(round(skipped / 5.76), abs=0.01)
    assert length == pytest.approx(40 * 0.32 - skipped, abs=0.02)


def test_a_later_compilation_obeys_what_was_done_by_hand(air: Air) -> None:
    do(air, "hold", minutes=1)
    after = programme(air)
    for seconds in (40, 70, 100):
        air.clock.at = START + timedelta(seconds=seconds)
        air.compile()
        assert programme(air) == after


def test_every_order_is_a_fact_with_its_actor_and_given_twice_is_one(air: Air) -> None:
    order = Order.of("TV1", "hold", minutes=1)
    room(air).carry_out(order, actor="kythuat1", ident="order-1")
    room(air).carry_out(order, actor="kythuat1", ident="order-1")
    [fact] = air.told(FactKind.AIR_CONTROLLED)
    assert (fact.actor, fact.data["command"], fact.data["channel"]) == ("kythuat1", "hold", "TV1")


def test_what_may_not_air_cannot_be_inserted(air: Air) -> None:
    with pytest.raises(NotFound):
        do(air, "insert", material="LOST")
    air.lessons["NEWS"] = air.studio.lesson(7, 25)
    air.approved = False
    with pytest.raises(GateClosed):
        do(air, "insert", material="NEWS")


@pytest.mark.parametrize(
    "words", [{"command": "stop"}, {"command": "hold", "minutes": 0}, {"command": "hold", "minutes": "5"}]
)
def test_nonsense_is_refused(words: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        Order.of("TV1", **words)


def test_the_slate_cannot_be_skipped(air: Air) -> None:
    air.clock.at = START + timedelta(seconds=45)
    with pytest.raises(Refused):
        do(air, "skip")


def test_attendance_cards_stay_with_their_lessons_when_the_timeline_is_compiled_again(air: Air) -> None:
    cards = [row for row in air.station.store.rows("TV1") if row.kind == "card"]
    for seconds in (22, 40):
        air.clock.at = START + timedelta(seconds=seconds)
        air.compile()
    assert [row for row in air.station.store.rows("TV1") if row.kind == "card"] == cards


def test_schedule_and_orders_are_rebuilt_from_their_facts_in_any_order(air: Air) -> None:
    room(air).carry_out(Order.of("TV1", "hold", minutes=1), actor="kythuat1")
    scheduler, store = air.station.scheduler, air.station.store
    [first, second, third] = store.slots()
    scheduler.withdraw(second.id, actor="t")
    scheduler.withdraw(third.id, actor="t")
    scheduler.add(third, actor="t")
    scheduler.add(third, actor="t")
    assert store.slots() == [first, third]
    expected = [store.slots(), store.controls("TV1")]
    told = list(air.facts.select())
    assert [f.kind for f in told].count(FactKind.SLOT_SCHEDULED) == 4
    chance = random.Random(3)
    for _ in range(6):
        chance.shuffle(told)
        with air.database.write() as connection:
            projections.rebuild(connection, told)
        assert [store.slots(), store.controls("TV1")] == expected
    with air.database.read() as connection:
        assert list(projection_problems(connection)) == []
