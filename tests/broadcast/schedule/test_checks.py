"""What is wrong with a term although every airing finds its place, and slots beyond the simple ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from delivery.broadcast.schedule.checks import (
    LoadLimits,
    Post,
    gap_findings,
    load_findings,
    order_findings,
    packet_findings,
)
from delivery.broadcast.schedule.daysoff import days_off
from delivery.broadcast.schedule.schedule import Expanded, Lesson, Wanted, expand, make_slot
from delivery.clock import VIETNAM, to_micros
from delivery.errors import BadInput, ConfigError
from delivery.store.air import TICK_US, Airing, Slot
from delivery.store.schedule import PacketsOfActivity
from delivery.units import Ticks
from tests.broadcast.paper import NOON, airing, compiled

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=VIETNAM)
FIFTY_MINUTES = 9_375


def run_of(minutes: float, at: datetime, *, unit: int = 1, rerun: bool = False, course: str = "C1") -> Airing:
    ticks = Ticks(round(minutes * 60_000 / 320))
    planned = to_micros(at)
    key = f"{course} {unit} {planned}"
    return Airing(
        key, "TV1", "slot", f"M{unit}", "c", "a", ticks, planned, planned // TICK_US, course, "", unit, rerun
    )


def codes(airings: Sequence[Airing], limits: LoadLimits | None = None) -> list[str]:
    return [f.code for f in load_findings(airings, limits or LoadLimits())]


def test_four_teaching_hours_a_day_are_allowed_and_one_minute_more_is_not() -> None:
    day = [run_of(50, MONDAY + timedelta(hours=n)) for n in range(4)]
    assert codes(day) == []
    assert codes([*day, run_of(1, MONDAY + timedelta(hours=9))]) == ["load-day"]


def test_fifteen_teaching_hours_a_week_are_allowed_and_one_minute_more_is_not() -> None:
    week = [run_of(150, MONDAY + timedelta(days=n)) for n in range(5)]
    assert codes(week) == []
    sunday = MONDAY + timedelta(days=6)
    assert codes([*week, run_of(1, sunday)]) == ["load-week"]
    assert codes([*week, run_of(1, sunday + timedelta(days=1))]) == []


def test_reruns_other_courses_and_make_goods_do_not_count() -> None:
    day = [run_of(50, MONDAY + timedelta(hours=n)) for n in range(4)]
    later = MONDAY + timedelta(hours=10)
    assert codes([*day, run_of(50, later, rerun=True)]) == []
    assert codes([*day, run_of(50, later, course="C2")]) == []
    assert codes([*day, replace(run_of(50, later), makes_good="x")]) == []


def test_a_teaching_hour_of_sixty_minutes_allows_more() -> None:
    day = [run_of(60, MONDAY + timedelta(hours=2 * n)) for n in range(4)]
    assert codes(day) == ["load-day"]
    assert codes(day, LoadLimits(hour_minutes=60)) == []


def test_the_day_is_the_vietnamese_one() -> None:
    late, early = datetime(2026, 11, 23, 23, 0, tzinfo=VIETNAM), datetime(2026, 11, 24, 0, 30, tzinfo=VIETNAM)
    assert codes([run_of(199, late), run_of(100, early)]) == []


def test_a_unit_that_airs_after_a_later_one_is_pointed_out() -> None:
    days = [run_of(10, MONDAY + timedelta(days=n), unit=unit) for n, unit in enumerate((1, 3, 2, 4))]
    [found] = order_findings(days)
    assert (found.code, found.severity) == ("out-of-order", "warning")
    assert "M3" in str(found.proposal)


def post(*packets: PacketsOfActivity) -> Post:
    return Post(lambda _course: packets, lambda activity: int(activity[-1]), transit_days=7)


def test_a_lesson_that_airs_before_its_packets_can_arrive_is_pointed_out() -> None:
    lesson = run_of(10, MONDAY + timedelta(days=3), unit=1)
    now = to_micros(MONDAY)
    waiting = PacketsOfActivity("A1", 40, 12, 0)
    [found] = packet_findings([lesson], post(waiting), now_us=now)
    assert (found.code, found.clause) == ("before-packets", "TX-2.4")
    assert "12" in str(found.proposal)
    posted = PacketsOfActivity("A1", 40, 0, now - 5 * 86_400_000_000)
    assert list(packet_findings([lesson], post(posted), now_us=now)) == []
    late = PacketsOfActivity("A1", 40, 0, now - 1 * 86_400_000_000)
    assert [f.code for f in packet_findings([lesson], post(late), now_us=now)] == ["before-packets"]
    other = PacketsOfActivity("A2", 40, 12, 0)
    assert list(packet_findings([lesson], post(other), now_us=now)) == []


def test_gaps_between_programmes_of_a_day_are_noted_when_asked() -> None:
    rows = compiled([airing(1, NOON + 100, 40), airing(2, NOON + 2_500, 40)]).timeline.rows
    assert list(gap_findings("TV1", rows, minutes=0)) == []
    [found] = gap_findings("TV1", rows, minutes=10)
    assert (found.code, found.severity) == ("gap", "note")
    assert list(gap_findings("TV1", rows, minutes=13)) == []


def wanted(**more: object) -> Wanted:
    def lesson_of(material: str) -> Lesson | None:
        return (
            None
            if material == "LOST"
            else Lesson(material, "c", f"asset {material}", Ticks(188), "C1", "", 1)
        )

    return Wanted(lesson_of, lambda _m, _c, _w: "", **more)  # type: ignore[arg-type]


def found(slot: Slot, about: Wanted | None = None, *, days: int = 30) -> Expanded:
    return expand([slot], about or wanted(), since=MONDAY, before=MONDAY + timedelta(days=days))


def starts(result: Expanded) -> list[str]:
    return [
        datetime.fromtimestamp(a.planned_us / 1e6, VIETNAM).strftime("%d/%m") + " " + a.material
        for a in result.airings
    ]


def test_a_course_airs_in_order_and_exceptions_do_not_cost_a_lesson() -> None:
    slot = make_slot(
        "TV1",
        MONDAY,
        materials=(),
        rule="FREQ=WEEKLY;BYDAY=MO,TH",
        course="C1",
        whole_course=True,
        except_days=("2026-11-26",),
    )
    about = wanted(lessons_of=lambda _course: ("U1", "U2", "U3"))
    assert starts(found(slot, about)) == ["23/11 U1", "30/11 U2", "03/12 U3"]


def test_holidays_are_skipped_where_the_slot_says_so() -> None:
    about = wanted(days_off={"2026-11-24"})
    daily = {"materials": ("A", "B"), "rule": "FREQ=DAILY;COUNT=3"}
    assert starts(found(make_slot("TV1", MONDAY, **daily), about)) == ["23/11 A", "24/11 B"]  # type: ignore[arg-type]
    skipping = make_slot("TV1", MONDAY, **daily, skip_holidays=True)  # type: ignore[arg-type]
    assert starts(found(skipping, about)) == ["23/11 A", "25/11 B"]


def test_further_starts_come_in_order_and_once() -> None:
    also = (MONDAY + timedelta(days=1), MONDAY + timedelta(days=7))
    slot = make_slot("TV1", MONDAY, materials=("A",), rule="FREQ=WEEKLY;COUNT=2", also=also)
    assert starts(found(slot)) == ["23/11 A", "24/11 A", "30/11 A"]


def test_a_programme_that_is_longer_than_its_slot_overruns_it_and_airs() -> None:
    result = found(make_slot("TV1", MONDAY, materials=("A",), minutes=1))
    assert [f.code for f in result.findings] == ["overrun"]
    assert len(result.airings) == 1


def test_a_course_without_lessons_is_pointed_out() -> None:
    slot = make_slot("TV1", MONDAY, materials=(), course="C9", whole_course=True)
    assert [f.code for f in found(slot).findings] == ["no-lessons"]


def test_slots_that_say_nothing_are_refused() -> None:
    for words in (
        {"materials": ()},
        {"materials": ("A",), "whole_course": True},
        {"materials": (), "whole_course": True},
    ):
        with pytest.raises(BadInput):
            make_slot("TV1", MONDAY, **words)  # type: ignore[arg-type]
    with pytest.raises(BadInput):
        make_slot("TV1", MONDAY, materials=("A",), except_days=("tomorrow",))


def test_a_station_adds_days_off_and_works_on_others(tmp_path: Path) -> None:
    assert "2026-09-02" in days_off()
    own = tmp_path / "calendar.toml"
    own.write_text(
        '[[day]]\nname = "Khai giảng"\ndates = ["2026-09-05"]\n[[working]]\ndates = ["2026-09-02"]\n', "utf-8"
    )
    assert {"2026-09-05"} <= days_off(own)
    assert "2026-09-02" not in days_off(own)
    own.write_text('[[day]]\ndates = ["2026-13-05"]\n', "utf-8")
    with pytest.raises(ConfigError, match=r"calendar\.toml"):
        days_off(own)
