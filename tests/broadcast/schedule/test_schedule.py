"""Slots to airings: Vietnamese wall time, RFC 5545 rules, the gate, and the grid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from delivery.broadcast.schedule.schedule import (
    Expanded,
    Lesson,
    Wanted,
    expand,
    make_slot,
    nearest_tick,
    takes_card,
)
from delivery.clock import VIETNAM, to_micros
from delivery.errors import BadInput
from delivery.store.air import TICK_US, Slot
from delivery.units import Ticks

TUESDAY = datetime.fromisoformat("2026-11-24T19:30")


def lesson_of(material: str) -> Lesson | None:
    if material == "LOST":
        return None
    return Lesson(material, "c" * 64, f"asset of {material}", Ticks(188), "CNTT101", "CNTT101-A1", 1)


def expanded(*slots: Slot, days: int = 14, approved: bool = True) -> Expanded:
    since = datetime(2026, 11, 24, tzinfo=VIETNAM)
    wanted = Wanted(lesson_of, lambda _material, _content, _when: "" if approved else "unapproved")
    return expand(slots, wanted, since=since, before=since + timedelta(days=days))


def test_wall_time_is_that_of_viet_nam() -> None:
    [airing] = expanded(make_slot("TV1", TUESDAY, materials=("M1",))).airings
    assert airing.planned_us == to_micros(datetime(2026, 11, 24, 12, 30, tzinfo=UTC))


def test_the_next_lesson_airs_at_each_occurrence() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1", "M2", "M3"), rule="FREQ=WEEKLY;BYDAY=TU,TH")
    airings = expanded(slot).airings
    assert [a.material for a in airings] == ["M1", "M2", "M3"]
    starts = [datetime.fromtimestamp(a.planned_us / 1e6, VIETNAM).strftime("%a %H:%M") for a in airings]
    assert starts == ["Tue 19:30", "Thu 19:30", "Tue 19:30"]


def test_one_material_airs_at_every_occurrence() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule="FREQ=DAILY;COUNT=5")
    assert [a.material for a in expanded(slot).airings] == ["M1"] * 5
    assert len({a.id for a in expanded(slot).airings}) == 5


@pytest.mark.parametrize(
    ("until", "count"),
    [("20261126", 3), ("20261126T193000", 3), ("20261126T123000Z", 3), ("20261126T122959Z", 2)],
)
def test_until_may_be_a_local_day_a_local_time_or_utc(until: str, count: int) -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule=f"FREQ=DAILY;UNTIL={until}")
    assert len(expanded(slot).airings) == count


@pytest.mark.parametrize(
    "rule",
    [
        "every day",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=25",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;UNTIL=20269999",
        "FREQ=DAILY\nRRULE:FREQ=DAILY",
    ],
)
def test_a_bad_rule_is_refused_with_an_example(rule: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)
    assert caught.value.do is not None


def test_what_is_not_approved_or_not_ingested_gets_no_place() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",))
    assert [f.code for f in expanded(slot, approved=False).findings] == ["unapproved"]
    assert expanded(slot, approved=False).airings == ()
    lost = expanded(make_slot("TV1", TUESDAY, materials=("LOST",)))
    assert [f.code for f in lost.findings] == ["missing-material"]
    assert lost.findings[0].as_json()["at"] == "2026-11-24 19:30:00"


def test_the_same_slot_has_the_same_id() -> None:
    zoned = TUESDAY.replace(tzinfo=VIETNAM).astimezone(UTC)
    assert make_slot("TV1", TUESDAY, materials=("M1",)).id == make_slot("TV1", zoned, materials=("M1",)).id


def test_only_first_runs_of_lessons_on_television_take_a_card() -> None:
    [first] = expanded(make_slot("TV1", TUESDAY, materials=("M1",))).airings
    [again] = expanded(make_slot("TV1", TUESDAY, materials=("M1",), rerun=True)).airings
    assert takes_card(first, kind="tv")
    assert not takes_card(first, kind="radio")
    assert not takes_card(again, kind="tv")


@given(st.integers(0, 2**45))
def test_a_start_moves_to_the_nearest_tick_of_the_epoch(micros: int) -> None:
    assert abs(nearest_tick(micros) * TICK_US - micros) <= TICK_US // 2


def test_half_hours_fall_exactly_on_ticks() -> None:
    half_past = to_micros(datetime(2026, 11, 24, 12, 30, tzinfo=UTC))
    assert nearest_tick(half_past) * TICK_US == half_past


rules = st.builds(
    lambda freq, interval, days, count: (
        f"FREQ={freq};INTERVAL={interval};BYDAY={','.join(sorted(days))};COUNT={count}"
    ),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 4),
    st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1),
    st.integers(1, 20),
)


@given(rules)
def test_occurrences_are_those_of_the_recurrence_library_on_wall_time(rule: str) -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)
    found = [
        datetime.fromtimestamp(a.planned_us // 1_000_000, VIETNAM).replace(tzinfo=None)
        for a in expanded(slot, days=100).airings
    ]
    expected = rrulestr(rule, dtstart=TUESDAY).between(
        TUESDAY, TUESDAY.replace(hour=0, minute=0) + timedelta(days=100), inc=True
    )
    assert found == expected
