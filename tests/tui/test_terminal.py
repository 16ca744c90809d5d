"""Consoles on real terminals: a tmux session against the station's own methods, work without a station, and a crash."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from delivery.app import App
from delivery.app.consoles import build_bus
from delivery.network.bus.address import publish_address, withdraw_address
from delivery.record.kinds import FactKind
from tests.support.home import make_app
from tests.tui.terminal import terminal

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.timeout(120)]

BROKEN: Final = """
import sys
from tui.technician.app import TechnicianConsole
def broken(self): raise RuntimeError("a bug in this console")
TechnicianConsole.refresh_state = broken
from delivery.cli.main import main
sys.exit(main(sys.argv[1:]))
"""

DUMB: Final = """
import os, sys
os.environ["TERM"] = "dumb"
from delivery.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[App]:
    app = make_app(tmp_path / "home")
    yield app
    app.close()


def test_a_console_in_tmux_works_with_the_station_and_what_it_did_is_a_fact(
    home: App, tmp_path: Path
) -> None:
    folder = home.settings.home
    (folder / "inbox").mkdir()
    with build_bus(home) as bus:
        publish_address(folder / "run", bus.address)
        with terminal(tmp_path, ["--home", str(folder), "console", "technician"]) as shown:
            shown.sees("1 Đang phát", "Chưa có kênh nào", "H Giữ")
            shown.press("3")
            shown.sees("Chưa có bản ghi nào")
            shown.press("p")
            shown.sees("tv720p25/", "radio-aac/")
            shown.press("Escape")
            # A terminal takes an escape and a digit that come at once for one key.
            shown.loses("tv720p25/")
            shown.press("4")
            shown.sees("Cảnh báo", "Ai làm gì")
            shown.press("F1")
            shown.sees("Trợ giúp", "Tiếp nhận", "Esc để đóng")
            shown.press("Escape")
            shown.loses("Esc để đóng")
            shown.press("C-q")
            shown.sees("ended with 0")
        withdraw_address(folder / "run")
        assert bus.tally.refused == 0
    assert not list(home.facts.select(kind=FactKind.COMMAND_GIVEN)), "looking is not recorded"


def test_without_a_station_the_console_works_on_the_store_and_says_so_and_ctrl_c_ends_nothing(
    home: App, tmp_path: Path
) -> None:
    words = ["--home", str(home.settings.home), "--lang", "en", "console", "technician"]
    with terminal(tmp_path, words) as shown:
        shown.sees("No station is running here", "No channels yet")
        shown.press("C-c")
        shown.sees("^q leaves this console")
        shown.press("C-q")
        shown.sees("ended with 0")


def test_a_crash_gives_the_terminal_back_and_names_the_log_file(home: App, tmp_path: Path) -> None:
    words = ["--home", str(home.settings.home), "--lang", "en", "console", "technician", "--alone"]
    with terminal(tmp_path, words, BROKEN) as shown:
        text = shown.sees("ended with 3", "This is a bug in tuxa")
        assert "tuxa-crash.log" in text.replace("\n", "")
        # What is typed is echoed again: the terminal is no longer in the console's hands.
        shown.press("echoed again", "Enter")
        shown.sees("echoed again")
    log = (home.settings.home / "log" / "tuxa-crash.log").read_text()
    assert "a bug in this console" in log


def test_a_terminal_that_cannot_draw_is_refused_with_what_to_do(home: App, tmp_path: Path) -> None:
    words = ["--home", str(home.settings.home), "--lang", "en", "console", "technician", "--alone"]
    with terminal(tmp_path, words, DUMB) as shown:
        shown.sees("This terminal can only write line after line.", "TERM=xterm-256color", "ended with 1")
