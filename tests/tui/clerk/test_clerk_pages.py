"""Pages before and after print, the tab of a browser beside the console, and what a hand scanner puts into a line."""

from __future__ import annotations

import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest
from textual import events

from tests.tui.clerk.office import ClerkSeat, Office, sit
from tests.tui.clerk.test_wedge import TCVN
from tui.clerk import preview, returns
from tui.clerk.counter import ScanEntry
from tui.shared.sheet import Sheet

ITEM, OTHER = "RR473124829VN", "RR123456785VN"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_pages_are_turned_enlarged_and_the_file_opened(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_it(target: str) -> bool:
        opened.append(target)
        return True

    monkeypatch.setattr(preview, "open_outside", open_it)

    async def act(seat: ClerkSeat) -> None:
        await seat.sees("TK101-1")
        await seat.press("v")
        await seat.dialog("Preview")
        await seat.sees("1/14", "TK101-1-MAIN-001.pdf")
        sheet = seat.app.screen.query_one(Sheet)
        whole = sheet._wide()
        await seat.press("pagedown", "pagedown")
        await seat.sees("3/14")
        await seat.press("plus", "down", "end")
        await seat.sees("14/14")
        assert sheet._wide() > whole
        await seat.press("o")
        await seat.is_told("nằm trên máy của trạm")
        (office.home / "TK101-1-MAIN-001.pdf").write_bytes(b"%PDF")
        await seat.press("o")
        await seat.until(lambda: opened == [str(office.home / "TK101-1-MAIN-001.pdf")])
        await seat.press("tab")
        await seat.sees("bản mẫu", "1/14")
        await seat.press("o")
        await seat.is_told("Bản mẫu không có tệp")
        await seat.press("escape")
        await seat.no_dialog()
        assert office.commands() == []

    sit(office.station, act)


def test_the_tab_shows_the_chosen_page_in_full_size_and_follows_the_cursor(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses: list[str] = []

    def no_desktop(target: str) -> bool:
        addresses.append(target)
        return False

    monkeypatch.setattr(returns, "open_outside", no_desktop)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def shown(address: str, after: int) -> list[str]:
        with browser.open(f"{address.rpartition('/')[0]}/state?after={after}", timeout=30) as answer:
            return str(answer.read().decode()).split("\n")

    async def act(seat: ClerkSeat) -> None:
        await seat.press("f4")
        await seat.until(lambda: len(seat.rows("#pages")) == 3)
        await seat.picture()
        await seat.press("o")
        await seat.is_told("127.0.0.1")
        assert ("returns.image", {"id": "3fa94c21-3", "large": True}) in office.asked
        await seat.until(lambda: bool(seat.section._tab._shown.jpeg))
        first = seat.section._tab._shown
        await seat.press("down")
        await seat.until(lambda: seat.section._tab._shown.number > first.number)
        assert "trang 4" in seat.section._tab._shown.title
        import asyncio

        await asyncio.to_thread(browser.open, addresses[0], None, 30)
        told: Any = await asyncio.to_thread(shown, addresses[0], -1)
        assert told[1] == "1"
        assert "trang 4" in told[2]

    sit(office.station, act)


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n", "\t"])
def test_whatever_a_scanner_puts_behind_a_code_ends_it(office: Office, ending: str) -> None:
    keys = {"\r": ["enter"], "\n": ["ctrl+j"], "\r\n": ["enter", "ctrl+j"], "\t": ["tab"]}[ending]

    async def act(seat: ClerkSeat) -> None:
        await seat.press("f3")
        await seat.until(lambda: seat.app.current_mode == "post")
        for line in ("TX1ABC", ITEM):
            for letter in line:
                seat.app.post_message(events.Key(letter, letter))
            for key in keys:
                seat.app.post_message(events.Key(key, None))
        assert await seat.given(office, "post.item") == {"packet_text": "TX1ABC", "text": ITEM}
        assert seat.app.current_mode == "post"

    sit(office.station, act)


def test_a_pasted_list_counts_line_by_line_and_what_is_no_code_is_not_sent(office: Office) -> None:
    async def act(seat: ClerkSeat) -> None:
        await seat.press("f3")
        await seat.until(lambda: seat.app.current_mode == "post")
        entry = seat.app.screen.query_one(ScanEntry)
        entry.post_message(events.Paste(f"TX1ABC\r\n{ITEM}\nTX1ABD\n{OTHER}\n"))
        await seat.until(lambda: sum(name == "post.item" for name, _ in office.commands()) == 2)
        given = len(office.given)
        entry.post_message(events.Paste("x" * 10_000))
        await seat.press("enter")
        await seat.sees("Đây không phải là mã.")
        entry.post_message(events.Paste("Nguyễn Văn Tuấn\n"))
        await seat.sees("không dùng được 2")
        assert len(office.given) == given
        # The Vietnamese layout writes letters and marks where the digits are.
        entry.post_message(events.Paste(f"TX1ABC\n{''.join(TCVN.get(letter, letter) for letter in ITEM)}\n"))
        await seat.until(lambda: sum(name == "post.item" for name, _ in office.commands()) == 3)
        assert office.commands()[-1][1]["text"] == ITEM

    sit(office.station, act)
