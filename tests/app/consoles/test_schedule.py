"""The schedule as consoles see it: a span with findings, changes shown before they are made, compilation, day sheet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from delivery.app.consoles.schedule import ScheduleDesk
from delivery.clock import to_micros
from delivery.errors import BadInput, NotFound
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.test_air_commands import Wired

__all__ = ["studio"]


@pytest.fixture
def home(studio: Studio, tmp_path: Path) -> Iterator[Wired]:
    app = Wired.on(studio, tmp_path)
    yield app
    app.close()


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def desk(home: Wired, told: list[Any]) -> ScheduleDesk:
    return ScheduleDesk(home, lambda *what: told.append(what))


def soon(home: Wired, minutes: float = 10) -> int:
    return to_micros(home.clock.now() + timedelta(minutes=minutes))


def test_a_change_is_shown_with_what_it_would_find_and_stores_nothing(
    desk: ScheduleDesk, home: Wired
) -> None:
    add = {"start": soon(home), "materials": ["M9"]}
    shown = desk.preview({"channel": "TV1", "add": [add]})
    assert [one["code"] for one in shown["new"]] == ["missing-material"]
    assert (shown["gone"], home.on_air.store.slots()) == ([], [])
    desk.change({"channel": "TV1", "add": [add]}, "technician")
    (slot,) = home.on_air.store.slots()
    taken_out = desk.preview({"channel": "TV1", "remove": [slot.id]})
    assert ([one["code"] for one in taken_out["gone"]], taken_out["new"]) == (["missing-material"], [])
    assert home.on_air.store.slots() == [slot]


def test_what_is_changed_can_be_taken_back_and_every_console_hears_of_it(
    desk: ScheduleDesk, home: Wired, told: list[Any]
) -> None:
    add = {"start": soon(home), "materials": ["M1"], "rule": "FREQ=WEEKLY"}
    done = desk.change({"channel": "TV1", "add": [add]}, "technician")
    before = home.on_air.store.slots()
    (made,) = done["added"]
    gone = desk.change({"channel": "TV1", "remove": [made["slot"]]}, "technician")
    assert home.on_air.store.slots() == []
    desk.change({"channel": "TV1", "add": gone["removed"]}, "technician")
    assert home.on_air.store.slots() == before
    assert [topic for topic, _ in told] == ["schedule"] * 3


def test_a_span_shows_what_is_placed_with_its_findings_after_a_compilation(
    desk: ScheduleDesk, home: Wired
) -> None:
    for minutes, material in ((10, "M1"), (20, "M9")):
        slot = {"start": soon(home, minutes), "materials": [material]}
        desk.change({"channel": "TV1", "add": [slot]}, "technician")
    (compiled,) = desk.compile({"channel": "TV1"}, "technician")["channels"]
    assert compiled["placed"] == 1
    span = desk.span({"channel": "TV1", "days": 1})
    assert [one["material"] for one in span["programmes"]] == ["M1"]
    assert span["programmes"][0]["slot"] in {slot.id for slot in home.on_air.store.slots()}
    assert [(one["code"], one["at"]) for one in span["findings"]] == [("missing-material", soon(home, 20))]


def test_the_next_starts_of_a_rule_are_told_while_it_is_written(desk: ScheduleDesk, home: Wired) -> None:
    slot = {"start": soon(home), "materials": ["M1"], "rule": "FREQ=DAILY;COUNT=3"}
    starts = desk.occurrences({"channel": "TV1", "slot": slot})["starts"]
    assert starts == [soon(home) + day * 86_400_000_000 for day in range(3)]
    with pytest.raises(BadInput):
        desk.occurrences({"channel": "TV1", "slot": {**slot, "rule": "FREQ=SOMETIMES"}})


def test_the_day_sheet_is_a_pdf_in_the_home(desk: ScheduleDesk, home: Wired) -> None:
    slot = {"start": soon(home), "materials": ["M1"]}
    desk.change({"channel": "TV1", "add": [slot]}, "technician")
    desk.compile({"channel": "TV1"}, "technician")
    written = desk.day_sheet({"channel": "TV1", "since": soon(home)}, "technician")
    assert written["programmes"] == 1
    assert Path(written["file"]).read_bytes().startswith(b"%PDF-")
    assert Path(written["file"]).is_relative_to(home.settings.home / "print" / "daysheets")


@pytest.mark.parametrize("params", [{"days": 0}, {"days": 99}, {"since": -1}, {"since": "today"}])
def test_a_span_that_is_none_is_refused(desk: ScheduleDesk, params: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        desk.span({"channel": "TV1", **params})


def test_an_unknown_channel_is_named(desk: ScheduleDesk) -> None:
    with pytest.raises(NotFound, match="TV9"):
        desk.span({"channel": "TV9"})
