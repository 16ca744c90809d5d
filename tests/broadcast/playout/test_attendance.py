"""Attendance codes: derived, short, readable, and good once per learner within their window."""

from __future__ import annotations

import pytest

from delivery.broadcast.playout.aired import common, minutes_of, tick_spans
from delivery.broadcast.playout.attendance import ALPHABET, Codes
from delivery.errors import Refused
from delivery.record.kinds import FactKind
from tests.broadcast.playout.air_fixtures import air, studio
from tests.broadcast.playout.air_station import LEARNER, Air

__all__ = ["air", "studio"]


@pytest.fixture
def aired(air: Air) -> Air:
    """A lesson of 60 ticks (19.2 s) has just ended; its card is on the screen."""
    air.schedule("M1", 60, after_s=16)
    air.compile()
    air.run(38)
    return air


def code_of(air: Air) -> str:
    [airing] = air.station.store.airings("TV1")
    return air.station.codes.of("TV1", airing.id)


def test_a_code_has_six_characters_that_cannot_be_misread() -> None:
    codes = Codes(b"k" * 32)
    made = {codes.of("TV1", f"airing{number}") for number in range(500)}
    assert len(made) == 500
    assert {len(code) for code in made} == {6}
    assert set("".join(made)) <= set(ALPHABET)
    assert not set("01IO") & set(ALPHABET)
    assert len(set(ALPHABET)) == 32


def test_codes_differ_between_airings_channels_and_sites() -> None:
    codes, elsewhere = Codes(b"k" * 32), Codes(b"j" * 32)
    assert (
        len({codes.of("TV1", "a"), codes.of("TV1", "b"), codes.of("TV2", "a"), elsewhere.of("TV1", "a")}) == 4
    )
    assert "k" * 8 not in repr(codes)


def test_the_code_on_the_screen_is_recorded_for_the_learner(aired: Air) -> None:
    code = code_of(aired)
    done = aired.station.attendance.claim(LEARNER, f" {code[:3].lower()}-{code[3:]} ", aired.clock.now())
    [fact] = aired.told(FactKind.ATTENDANCE_RECORDED)
    assert (fact.learner, fact.course, fact.activity) == (LEARNER, "CNTT101", "CNTT101-M1")
    assert (fact.data["method"], fact.data["minutes"]) == ("code", 1)
    assert (done.minutes, done.repeated, done.fact) == (1, False, fact.id)


def test_claiming_twice_records_once(aired: Air) -> None:
    code = code_of(aired)
    first = aired.station.attendance.claim(LEARNER, code, aired.clock.now())
    aired.clock.advance(600)
    again = aired.station.attendance.claim(LEARNER, code, aired.clock.now())
    assert (again.repeated, again.fact, again.minutes) == (True, first.fact, first.minutes)
    assert len(aired.told(FactKind.ATTENDANCE_RECORDED)) == 1


@pytest.mark.parametrize("wrong", ["", "222222", "ABCDEFGH", "ẤẤẤẤẤẤ"])
def test_a_wrong_code_is_refused(aired: Air, wrong: str) -> None:
    with pytest.raises(Refused):
        aired.station.attendance.claim(LEARNER, wrong, aired.clock.now())
    assert aired.told(FactKind.ATTENDANCE_RECORDED) == []


def test_a_code_is_good_from_the_start_of_the_lesson_until_a_day_after_its_end(air: Air) -> None:
    air.schedule("M1", 60, after_s=100)
    air.compile()
    code = code_of(air)
    with pytest.raises(Refused):
        air.station.attendance.claim(LEARNER, code, air.clock.now())
    air.clock.advance(100 + 19.2 + 86_400 + 1)
    with pytest.raises(Refused):
        air.station.attendance.claim(LEARNER, code, air.clock.now())
    air.clock.advance(-120)
    assert air.station.attendance.claim(LEARNER, code, air.clock.now()).minutes == 0


def test_a_learner_of_another_course_is_refused(aired: Air) -> None:
    with pytest.raises(Refused, match="CNTT101"):
        aired.station.attendance.claim("LBBBBBBBBBBBB", code_of(aired), aired.clock.now())


def test_a_rerun_has_no_card_and_its_code_is_not_accepted(air: Air) -> None:
    air.schedule("M1", 60, after_s=16, rerun=True)
    air.compile()
    air.run(60)
    with pytest.raises(Refused):
        air.station.attendance.claim(LEARNER, code_of(air), air.clock.now())


def test_running_time_is_the_union_of_all_processes_in_whole_ticks() -> None:
    spans = tick_spans(
        [(330_000, 1_000_000), (640_000, 1_500_000), (3_200_000, 3_400_000), (6_400_000, 7_040_000)]
    )
    assert spans == [(2, 4), (20, 22)]
    assert common(spans, start=3, end=21) == [(3, 4), (20, 21)]


def test_minutes_are_rounded_to_the_nearest_and_never_to_none() -> None:
    assert [minutes_of(ticks) for ticks in (0, 1, 188, 281, 282, 11_250)] == [0, 1, 1, 1, 2, 60]
