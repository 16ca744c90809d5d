"""A clerk's morning at a real desk: print a batch, post it, take in what the scanner wrote, clear the queue, confirm
what was read in bubbles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from delivery.app.consoles import build_bus, methods, recorder
from delivery.clock import ManualClock
from delivery.errors import Refused
from delivery.network.bus.address import publish_address, withdraw_address
from delivery.network.bus.authorise import GivenCommand
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.sheetlayout import BubbleUse
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token
from delivery.store.packets import Packets
from tests.network.bus_support import Station
from tests.postal.incoming.mail import came_back, own_paper, pile, sheets_of
from tests.postal.incoming.test_marks import A2, CHOICES, filled
from tests.support import postal_home
from tests.support.postal_home import COURSE, make_home
from tests.tui.terminal import terminal

pytestmark = [pytest.mark.slow, pytest.mark.needs("tmux"), pytest.mark.timeout(180)]

TWO = ((BubbleUse.CHOICE, 1, "A"), (BubbleUse.CHOICE, 1, "B"))
"""Two answers where one is asked for."""
ITEMS = ("RR473124829VN", "RR123456785VN")


def test_a_morning_on_a_terminal_takes_few_keys_and_everything_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postal_home, "ASSIGNMENT", CHOICES)
    app = make_home(tmp_path / "home", learners=2)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    clock = app.clock
    assert isinstance(clock, ManualClock)
    home = app.settings.home
    packets = Packets(app.database, app.facts)

    def code_of(number: int) -> str:
        sheet = sheets_of(app, f"TX26000{number}")[0]
        return page_token(sheet.page_id, app.keys.codes)

    try:
        with build_bus(app) as bus:
            publish_address(home / "run", bus.address)
            with terminal(tmp_path, ["--home", str(home), "console", "clerk"]) as shown:
                shown.sees("B1", "cần in")
                shown.press("p")
                shown.sees("thử")
                shown.press("Enter")
                shown.sees("✓ B1: 2 gói")
                assert all(state.printed_at for state in packets.states("B1"))
                shown.press("2")
                shown.sees("quét mã của gói")
                for number, item in enumerate(ITEMS, 1):
                    shown.scan(code_of(number), item)
                shown.sees("tại đây 2", "2/2")
                one = sheets_of(app, "TX260001")
                back = [filled(app, *TWO, *A2), came_back(app, one[-1]), own_paper()]
                (home / "scans").mkdir()
                pile(back, home / "scans" / "mail.pdf")
                shown.press("F4", "n")
                shown.sees("Enter")
                shown.scan(page_token(one[-1].page_id, app.keys.codes))
                shown.sees("1 đã nhận")
                shown.press("Escape")
                shown.loses("1 đã nhận")
                shown.press("w")
                # The folder's watch waits until a file has rested; the page is there once its picture is.
                shown.sees("Y ", "▀▀▀", meanwhile=lambda: clock.advance(0.6))
                shown.press("y")
                shown.sees("Không có trang nào chờ")
                shown.press("Tab")
                shown.sees("câu 1", "? có nhiều hơn một", "▀▀▀")
                shown.press("v")
                shown.sees("Ở đó ghi gì?")
                shown.type("B")
                shown.press("Enter")
                shown.sees("Đọc được   AB", "▀▀▀")
                shown.press("y")
                shown.sees("Không có kết quả đọc máy")
                assert shown.pressed == 12, "each key that is saved is saved every morning"
                shown.press("C-q")
                shown.sees("ended with 0")
            withdraw_address(home / "run")
        assert {state.item for state in packets.states("B1")} == set(ITEMS)
        decided = list(app.facts.select(kind=FactKind.SCAN_DECIDED))
        assert [fact.actor for fact in decided] == ["clerk"]
        extra = list(app.facts.select(kind=FactKind.EXTRA_RECEIVED))
        assert [fact.learner for fact in extra] == [app.learners.require("TX260001").id]
        read = list(app.facts.select(kind=FactKind.READING_DECIDED))
        assert [(fact.actor, fact.data["question"], fact.data["value"]) for fact in read] == [
            ("clerk", 1, "B"),
            ("clerk", 2, "AB"),
        ]
        _refusals(Station(tmp_path / "bus", methods=dict(methods(app, is_playout=False))))
        _nothing_typed_stays(app)
    finally:
        app.close()


def _refusals(station: Station) -> None:
    """Whoever has another role's key is refused by the station, whatever the console shows."""
    with station, station.client("technician") as technician:
        for method in ("returns.accept", "due.print", "post.item", "learner.reprint"):
            with pytest.raises(Refused, match="clerk"):
                technician.command(method, {}, actor="technician")
        with pytest.raises(Refused, match="clerk"):
            technician.ask("learner.find", {"text": "TX"})


def _nothing_typed_stays(app: Any) -> None:
    """Of what a person types by mistake, a name for example, a fact keeps a digest only."""
    recorder(app)(
        GivenCommand("c1", "clerk", "returns", "envelope", {"text": "Nguyễn Văn A", "postmark": ""})
    )
    told = [fact.data for fact in app.facts.select(kind=FactKind.COMMAND_GIVEN)]
    assert [data["command"] for data in told].count("envelope") == 2
    for typed in ("Nguyễn", *ITEMS):
        assert typed not in str(told)
