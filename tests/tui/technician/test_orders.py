"""Orders to a channel: the effect is seen before the command is given, and only then is it given."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.studio import Seat, Studio, sit

EFFECT = {
    "cut": "TOAN101-U1",
    "moved": [
        {"airing": "a", "material": "TOAN101-U2", "from": "2026-11-23 19:30:00", "to": "2026-11-23 19:35:00",
         "late_s": 300.0}
    ],
    "slate": [{"from": "2026-11-23 12:00:04", "to": "2026-11-23 12:05:04"}],
    "lost": [{"airing": "c", "material": "TOAN101-U1"}],
}  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path, effect=EFFECT)


@pytest.mark.parametrize(
    ("keys", "command", "params"),
    [
        (["s"], "channel.skip", {"channel": "TV1"}),
        (["l"], "channel.slate", {"channel": "TV1"}),
        (["b"], "channel.back", {"channel": "TV1"}),
        (["h", "backspace", "1", "2", "enter"], "channel.hold", {"channel": "TV1", "minutes": 12}),
        (["e", "enter"], "channel.extend", {"channel": "TV1", "minutes": 5}),
        (["i", "enter", "down", "enter"], "channel.insert",
         {"channel": "TV1", "material": "TOAN101-U2", "now": True}),
    ],
)  # fmt: skip
def test_each_order_shows_its_effect_on_the_day_and_is_given_when_confirmed(
    studio: Studio, keys: list[str], command: str, params: dict[str, object]
) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        # Typed at once, as fast hands do: what is meant for a dialog waits for it.
        await seat.press(*keys)
        await seat.dialog("Confirm")
        await seat.sees(
            "TOAN101-U1 kết thúc sớm.", "19:30:00 19:35:00", "+5:00 TOAN101-U2", "không phát trọn vẹn"
        )
        assert studio.given == []
        asked = [given for name, given in studio.asked if name == "channel.preview"]
        assert asked == [{**params, "command": command.partition(".")[2]}]
        await seat.press("enter")
        assert await seat.gave(studio, command) == params
        assert studio.given[0][2] == "technician"
        await seat.no_dialog()
        await seat.is_told("TV1: ")

    sit(studio, act)


def test_an_order_that_is_not_confirmed_is_not_given_and_the_last_one_can_be_undone(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        await seat.press("u")
        await seat.is_told("không có lệnh nào của bàn điều khiển để hoàn tác")
        await seat.press("s")
        await seat.dialog("Confirm")
        await seat.press("escape")
        await seat.no_dialog()
        assert studio.given == []
        await seat.press("s")
        await seat.dialog("Confirm")
        await seat.press("enter")
        await seat.gave(studio, "channel.skip")
        await seat.until(lambda: seat.app.state.last_orders == {"TV1": "skip"})
        await seat.press("u")
        await seat.dialog("Confirm")
        assert "Hoàn tác Bỏ · TV1" in str(seat.app.screen.query_one("#box").border_title)
        await seat.press("enter")
        assert await seat.gave(studio, "channel.back") == {"channel": "TV1"}
        await seat.until(lambda: seat.app.state.last_orders == {})

    sit(studio, act)


def test_the_panic_key_needs_two_presses_and_no_preview(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        await seat.press("f9")
        await seat.dialog("Panic")
        assert studio.given == []
        await seat.press("escape")
        await seat.no_dialog()
        await seat.press("f9", "f9")
        assert await seat.gave(studio, "channel.slate") == {"channel": "TV1"}
        assert "channel.preview" not in studio.names()
        await seat.press("f9", "a")
        await seat.until(lambda: len(studio.given) == 3)
        assert sorted(params["channel"] for _, params in studio.commands()) == ["R1", "TV1", "TV1"]

    sit(studio, act)


def test_the_daemon_refuses_a_key_of_another_role_and_the_console_says_why(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        await seat.sees("Bài 1 của TV1")
        await seat.press("f9", "f9")
        await seat.is_told("channel.slate")
        assert studio.given == []
        assert studio.station.recorded == []

    sit(studio, act, key="clerk")
