"""Changes of slots as consoles ask for them: what goes and what comes, before anything is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from delivery.app.consoles.changes import read_change, slot_document
from delivery.broadcast.schedule.schedule import make_slot
from delivery.clock import VIETNAM, to_micros
from delivery.errors import BadInput, NotFound, Refused
from delivery.store.air import Slot

MONDAY = datetime(2026, 11, 23, 8, tzinfo=VIETNAM)


def at(day: int, hour: int = 8, minute: int = 0) -> int:
    return to_micros(datetime(2026, 11, day, hour, minute, tzinfo=VIETNAM))


def weekly(rule: str = "FREQ=WEEKLY;BYDAY=MO,WE", **more: Any) -> Slot:
    return make_slot("TV1", MONDAY, materials=("M1",), rule=rule, **more)


def move(slot: Slot, to: int, *, since: int = at(23), **more: Any) -> Any:
    return read_change({"channel": "TV1", "move": {"slot": slot.id, "from": since, "to": to, **more}}, [slot])


def test_a_single_slot_moves_with_all_that_it_has() -> None:
    slot = make_slot("TV1", MONDAY, materials=("M1",), rerun=True)
    change = move(slot, at(24, 9, 30))
    assert change.remove == (slot,)
    (made,) = change.add
    assert (to_micros(made.start), made.materials, made.rerun) == (at(24, 9, 30), ("M1",), True)


def test_one_occurrence_moves_and_the_others_stay() -> None:
    slot = weekly()
    (made,) = move(slot, at(24, 20)).add
    assert made.rule == slot.rule
    assert made.except_days == ("2026-11-23",)
    assert [to_micros(moment) for moment in made.also] == [at(24, 20)]


def test_within_its_day_one_occurrence_becomes_a_slot_of_its_own() -> None:
    kept, alone = move(weekly(), at(23, 20)).add
    assert kept.except_days == ("2026-11-23",)
    assert (alone.rule, to_micros(alone.start)) == ("", at(23, 20))


def test_the_whole_slot_takes_its_weekdays_and_exceptions_along() -> None:
    slot = weekly(except_days=["2026-11-25"])
    (made,) = move(slot, at(24, 9), whole=True).add
    assert (made.rule, made.except_days) == ("FREQ=WEEKLY;BYDAY=TU,TH", ("2026-11-26",))
    assert to_micros(made.start) == at(24, 9)


def test_what_cannot_be_said_so_is_refused_with_what_to_do() -> None:
    with pytest.raises(Refused):
        move(weekly("FREQ=MONTHLY;BYDAY=1MO"), at(24), whole=True)
    with pytest.raises(Refused):
        move(weekly(), at(24), minutes=40)
    lessons = make_slot("TV1", MONDAY, materials=("M1", "M2"), rule="FREQ=WEEKLY")
    with pytest.raises(Refused):
        move(lessons, at(23, 20))


def test_an_occurrence_is_left_out_and_a_single_slot_goes() -> None:
    slot = weekly()
    (made,) = read_change({"skip": {"slot": slot.id, "from": at(23)}}, [slot]).add
    assert made.except_days == ("2026-11-23",)
    once = make_slot("TV1", MONDAY, materials=("M1",))
    assert read_change({"skip": {"slot": once.id, "from": at(23)}}, [once]).applied([once]) == []


def test_a_slot_comes_back_as_it_was_shown() -> None:
    slot = weekly(minutes=50, skip_holidays=True)
    change = read_change({"channel": "TV1", "add": [slot_document(slot)]}, [])
    assert change.add == (slot,)
    assert change.applied([slot]) == [slot], "the same slot twice is one"


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"add": [{"start": "soon"}]},
        {"add": [{"start": at(23), "materials": ["M1"], "minutes": "5"}]},
        {"add": [{"start": 1 << 60, "materials": ["M1"]}]},
        {"add": ["slot"]},
        {"move": {"slot": "no", "from": at(23), "to": at(24)}},
        {"remove": [None]},
    ],
)
def test_nonsense_is_refused(nonsense: dict[str, Any]) -> None:
    with pytest.raises((BadInput, NotFound, Refused)):
        read_change({"channel": "TV1", **nonsense}, [])
