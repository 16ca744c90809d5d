"""Section 2: what is wrong stands in its place; slots are made, moved, changed and taken back by keys and mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.tui.studio import DAY, HOUR, MINUTE, MONDAY, NOON, Seat, Studio, finding, programme, sit, slot
from tui.technician.grid import Grid

EVENING = MONDAY + 19 * HOUR + 30 * MINUTE
REASON = "{material} on {channel} at {at} is not approved for broadcast with this content."
PARAMS = {"material": "T1", "channel": "TV1", "at": "2026-11-24 19:30:00"}


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path, now_us=NOON)
    made.programmes = [
        programme("m0", MONDAY + 8 * HOUR, 28, "Giới hạn"),
        programme("once", EVENING, 28, "Đạo hàm"),
        programme("t1", EVENING + DAY, 55, "Tích phân"),
    ]
    made.slots = [
        slot("once", EVENING),
        slot("t1", EVENING + DAY, "FREQ=WEEKLY;BYDAY=TU"),
    ]
    made.findings = [
        finding(
            "unapproved", EVENING + DAY, REASON, "Move it to {free} or later.", airing="t1", clause="TX-4.5-1"
        ),
        finding("overlap", MONDAY + 2 * DAY + 10 * HOUR, REASON, "", slot="slot-z"),
    ]
    for one in made.findings:
        one["what"]["params"] = PARAMS
    made.findings[0]["do"]["params"] = {"free": "2026-11-25 10:28:00"}
    made.aired = [
        {"airing": "m0", "material": "M0", "planned": MONDAY + 8 * HOUR, "start": MONDAY + 8 * HOUR, "end": 0,
         "planned_us": 28 * MINUTE, "aired_us": 17 * MINUTE, "status": "partial"}
    ]  # fmt: skip
    made.makegoods = [
        {
            "airing": "m0",
            "channel": "TV1",
            "material": "M0",
            "planned_us": MONDAY + 8 * HOUR,
            "start_us": NOON + DAY,
        }
    ]
    return made


async def open_schedule(seat: Seat) -> Grid:
    await seat.until(lambda: bool(seat.app.state.channels))
    await seat.press("2")
    await seat.until(lambda: seat.app.current_mode == "schedule" and bool(seat.app.screen.query(Grid)))
    grid = seat.app.screen.query_one(Grid)
    await seat.until(lambda: grid.span is not None)
    return grid


async def go_to(seat: Seat, grid: Grid, title: str) -> None:
    assert grid.span is not None
    grid.go_to(next(one for one in grid.span.programmes if one.title == title))
    await seat.pilot.pause()


def last_change(studio: Studio) -> dict[str, Any]:
    return next(params for name, params in reversed(studio.commands()) if name == "schedule.change")


def test_the_week_shows_findings_in_place_with_their_text_and_what_aired(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        grid = await open_schedule(seat)
        await seat.sees("T2 23/11", "CN 29/11", "✗ 2", "◐ Giới h")
        await go_to(seat, grid, "Tích phân")
        await seat.sees("chưa được phê duyệt", "[TX-4.5-1]", "→ ", "19:30:00.000")
        await go_to(seat, grid, "T1")
        await seat.sees("✗ T1")
        await go_to(seat, grid, "Giới hạn")
        await seat.sees("◐ phát một phần", "17,0/28,0")
        await seat.press("a")
        await seat.dialog("Reader")
        await seat.sees("17,0/28,0", "phát một phần", "Nhấn G")
        await seat.press("escape", "d")
        await seat.dialog("SheetReader")
        await seat.sees("Giới hạn", "28:00")
        await seat.press("p")
        assert (await seat.gave(studio, "schedule.daysheet"))["since"] == MONDAY
        await seat.press("escape", "w")
        await seat.until(lambda: grid.days == 1 and studio.asked[-1][1].get("days") == 1)

    sit(studio, act)


def test_a_programme_moves_by_keys_on_ticks_and_the_change_can_be_taken_back(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        grid = await open_schedule(seat)
        await go_to(seat, grid, "Đạo hàm")
        await seat.press("m", "right", "shift+down", "full_stop")
        await seat.sees("⇕", "24/11 19:31:00.480")
        await seat.press("enter")
        await seat.dialog("Confirm")
        await seat.sees("Không có gì cản trở.")
        assert studio.given == []
        to = EVENING + DAY + MINUTE + 320_000
        moved = {"slot": "slot-once", "from": EVENING, "to": to, "minutes": 0, "whole": False}
        assert ("schedule.preview", studio.last_asked("move")) == (
            "schedule.preview", {"channel": "TV1", "since": MONDAY, "days": 7, "move": moved},
        )  # fmt: skip
        await seat.press("enter")
        await seat.gave(studio, "schedule.change")
        assert last_change(studio) == {"channel": "TV1", "move": moved}
        await seat.is_told("U để hoàn tác")
        await seat.press("u")
        await seat.until(lambda: len(studio.given) == 2)
        back = last_change(studio)
        assert back["remove"] == ["slot-moved"]
        assert [one["slot"] for one in back["add"]] == ["slot-once"]

    sit(studio, act)


def test_of_a_recurring_slot_one_occurrence_or_the_whole_moves_and_conflicts_are_read_before(
    studio: Studio,
) -> None:
    studio.trial = {"new": [studio.findings[0]], "gone": []}

    async def act(seat: Seat) -> None:
        grid = await open_schedule(seat)
        await go_to(seat, grid, "Tích phân")
        await seat.press("m", "up", "enter")
        await seat.dialog("Picker")
        await seat.press("down", "enter")
        await seat.dialog("Confirm")
        await seat.sees("chưa được phê duyệt", "[TX-4.5-1]")
        assert seat.app.screen.has_class("-danger")
        move = studio.last_asked("move")["move"]
        assert (move["whole"], move["to"]) == (True, EVENING + DAY - HOUR)
        await seat.press("escape")
        await seat.no_dialog()
        assert studio.given == []
        await seat.press("m", "escape")
        assert grid.carried is None
        await go_to(seat, grid, "Tích phân")
        await seat.press("x")
        await seat.dialog("Picker")
        await seat.press("enter")
        await seat.dialog("Confirm")
        assert studio.last_asked("skip")["skip"] == {"slot": "slot-t1", "from": EVENING + DAY}

    sit(studio, act)


def test_the_mouse_moves_a_programme_and_pulls_its_end(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        grid = await open_schedule(seat)
        await seat.sees("Đạo hàm")
        rows = {grid.render_line(y).text[:5]: y for y in range(1, grid.size.height)}
        column = grid._column(grid.size.width)
        y = rows["19:00"]
        await seat.pilot.mouse_down(Grid, offset=(8, y))
        await seat.pilot.hover(Grid, offset=(8 + 2 * column, y - 3))
        await seat.until(lambda: grid.carried is not None)
        assert grid.carried is not None
        assert grid.carried.start == EVENING + 2 * DAY - 3 * HOUR
        await seat.pilot.mouse_up(Grid, offset=(8 + 2 * column, y - 3))
        await seat.dialog("Confirm")
        await seat.press("escape")
        await seat.no_dialog()
        await go_to(seat, grid, "Đạo hàm")
        await seat.press("right_square_bracket", "right_square_bracket", "enter")
        await seat.dialog("Confirm")
        assert studio.last_asked("move")["move"]["minutes"] == 30

    sit(studio, act)


def test_a_weekly_slot_is_made_with_its_next_dates_in_view(studio: Studio) -> None:
    async def act(seat: Seat) -> None:
        grid = await open_schedule(seat)
        grid.cursor = MONDAY + 3 * DAY + 10 * HOUR
        await seat.press("n", "d", "a", "o", "enter")
        await seat.dialog("SlotEditor")
        await seat.sees("26/11/2026", "hằng tuần", "■ T5", "Sắp tới: T5 26/11 10:00")
        await seat.press("0", "8", "4", "5", "down", "down", "right", "space")
        await seat.sees("08:45:00", "■ T6", "FREQ=WEEKLY;BYDAY=TH,FR")
        await seat.press("enter")
        await seat.dialog("Confirm")
        await seat.press("enter")
        added = (await seat.gave(studio, "schedule.change"))["add"][0]
        assert added["materials"] == ["TOAN101-U2"]
        assert added["start"] == MONDAY + 3 * DAY + 8 * HOUR + 45 * MINUTE
        assert added["rule"] == "FREQ=WEEKLY;BYDAY=TH,FR"
        await seat.no_dialog()
        await seat.press("c")
        await seat.gave(studio, "schedule.compile")
        await seat.dialog("Confirm")
        await seat.sees("12 chương trình", "chưa được phê duyệt")
        await seat.press("enter", "g")
        await seat.dialog("Picker")
        await seat.press("enter")
        await seat.dialog("Confirm")
        assert studio.last_asked("add")["add"][0]["makes_good"] == "m0"

    sit(studio, act)
