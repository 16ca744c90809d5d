"""The air as consoles are told of it: now and next, readiness, health, loudness of what is sent, alerts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.app.consoles.alerts import AlertBook
from delivery.app.consoles.onair import AirDesk
from delivery.clock import to_micros
from delivery.store.air import TICK_US
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.test_air_commands import Wired

__all__ = ["studio"]


@pytest.fixture
def home(studio: Studio, tmp_path: Path) -> Iterator[Wired]:
    """A channel with a lesson on the air since five seconds, and another to come."""
    app = Wired.on(studio, tmp_path)
    app.air.schedule("M1", 60, after_s=5)
    app.air.schedule("M2", 25, after_s=60, seed=2)
    app.air.compile()
    app.air.clock.advance(10)
    yield app
    app.close()


@pytest.fixture
def desk(home: Wired) -> AirDesk:
    return AirDesk(home, AlertBook.of_home(home), is_playout=True)


def channel(desk: AirDesk) -> Any:
    (found,) = desk.status()["channels"]
    return found


def test_what_is_on_what_comes_and_how_it_goes_out_is_told(desk: AirDesk) -> None:
    status = desk.status()
    assert (status["now"], status["playout"]) == (to_micros(desk.app.clock.now()), True)
    told = channel(desk)
    assert (told["channel"], told["state"], told["by_hand"]) == ("TV1", "on_air", "")
    assert told["now"]["material"] == "M1"
    assert told["now"]["end"] - told["now"]["start"] == 60 * TICK_US
    assert [one["material"] for one in told["next"]] == ["M2"]
    assert told["health"]["bit_rate"] == 940_000, "as the transmitter's stream says of itself"
    assert (told["health"]["peers"], told["alerts"]) == ([], [])


def test_behind_a_lesson_comes_its_card_and_then_the_slate_until_the_next_one(
    desk: AirDesk, home: Wired
) -> None:
    home.air.clock.advance(20)
    told = channel(desk)
    assert (told["state"], told["now"]["kind"]) == ("on_air", "card")
    home.air.clock.advance(10)
    told = channel(desk)
    assert (told["state"], told["now"]["kind"]) == ("slate", "slate")
    assert told["now"]["end"] >= told["next"][0]["start"]


def test_an_order_by_hand_is_told_until_the_channel_is_given_back(desk: AirDesk, home: Wired) -> None:
    from delivery.app.orders import give_order

    give_order(home, "TV1", "slate", {}, dry_run=False)
    home.air.clock.advance(8)
    assert channel(desk)["by_hand"] == "slate"
    give_order(home, "TV1", "back", {}, dry_run=False)
    home.air.clock.advance(8)
    assert channel(desk)["by_hand"] == ""


def test_a_channel_whose_timeline_has_ended_is_stopped_and_alarms(desk: AirDesk, home: Wired) -> None:
    home.air.clock.advance(3600)
    told = channel(desk)
    assert (told["state"], told["now"], told["next"]) == ("stopped", None, [])
    assert [one["severity"] for one in told["alerts"]] == ["error"]


def test_what_is_not_approved_or_not_converted_is_not_ready_and_says_why(desk: AirDesk) -> None:
    # The studio's lessons stand in the timeline only: the home itself knows neither approval nor asset.
    (told,) = channel(desk)["next"]
    assert told["ready"] is False
    assert told["reason"]["msgid"] == "not approved for broadcast"


def test_loudness_is_measured_in_the_very_segment_that_is_sent_and_once(desk: AirDesk) -> None:
    assert channel(desk)["loudness"] is None, "the first answer does not wait"
    end = time.monotonic() + 30
    while (told := channel(desk)["loudness"]) is None:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert told["start"] <= to_micros(desk.app.clock.now())
    assert len(told["momentary"]) * told["step_us"] >= TICK_US
    assert all(-120 <= value <= 0 for value in told["momentary"])
