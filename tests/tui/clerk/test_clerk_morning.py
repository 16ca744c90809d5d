"""A clerk's morning at a real desk: print a batch, post it, take in what the scanner wrote, clear the queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from delivery.app.consoles import methods, recorder
from delivery.clock import ManualClock
from delivery.errors import Refused
from delivery.network.bus.authorise import GivenCommand
from delivery.postal.outgoing.planning import plan_batch
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token
from delivery.store.packets import Packets
from tests.network.bus_support import Station
from tests.postal.incoming.mail import came_back, own_paper, pile, sheets_of
from tests.support.postal_home import COURSE, make_home
from tests.tui.clerk.office import ClerkSeat, sit

ITEMS = ("RR473124829VN", "RR123456785VN")


def test_a_morning_takes_few_keys_and_everything_is_told(tmp_path: Path) -> None:
    app = make_home(tmp_path / "home", learners=2)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    clock = app.clock
    assert isinstance(clock, ManualClock)
    station = Station(tmp_path / "bus")

    def publish(topic: str, data: Any) -> None:
        if station.server is not None:
            station.server.publish(topic, data)

    station.methods = dict(methods(app, publish, is_playout=False))
    packets = Packets(app.database, app.facts)

    def code_of(number: int) -> str:
        sheet = sheets_of(app, f"TX26000{number}")[0]
        return page_token(sheet.page_id, app.keys.codes)

    async def act(seat: ClerkSeat) -> None:
        await seat.sees("B1", "cần in")
        await seat.press("p")
        await seat.dialog("Confirm")
        await seat.press("enter")
        await seat.sees("✓ B1: 2 gói")
        assert all(state.printed_at for state in packets.states("B1"))
        await seat.press("2")
        await seat.until(lambda: seat.app.current_mode == "post")
        for number, item in enumerate(ITEMS, 1):
            await seat.scan(code_of(number), item)
        await seat.until(lambda: all(state.posted_at for state in packets.states("B1")))
        await seat.sees("tại đây 2", "2/2")
        one = sheets_of(app, "TX260001")
        back = [came_back(app, one[5]), own_paper()]
        (app.settings.home / "scans").mkdir()
        pile(back, app.settings.home / "scans" / "mail.pdf")
        await seat.press("f4", "n")
        await seat.dialog("Envelopes")
        await seat.scan(page_token(one[5].page_id, app.keys.codes))
        await seat.sees("1 đã nhận")
        await seat.press("escape", "w")

        def taken() -> bool:
            clock.advance(0.6)
            return len(seat.rows("#pages")) == 1

        await seat.until(taken)
        await seat.picture()
        await seat.press("y")
        await seat.sees("Không có trang nào chờ")
        assert seat.pressed == 8

    try:
        sit(station, act, clock=clock)
        assert {state.item for state in packets.states("B1")} == set(ITEMS)
        decided = list(app.facts.select(kind=FactKind.SCAN_DECIDED))
        assert [fact.actor for fact in decided] == ["clerk"]
        extra = list(app.facts.select(kind=FactKind.EXTRA_RECEIVED))
        assert [fact.learner for fact in extra] == [app.learners.require("TX260001").id]
        _refusals(station)
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
    (told,) = app.facts.select(kind=FactKind.COMMAND_GIVEN)
    assert "Nguyễn" not in str(told.data)
    assert told.data["command"] == "envelope"
