"""Whatever happens to packets, in whatever order: every page is in exactly one state, and the totals add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from delivery.app import App
from delivery.clock import ManualClock
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.posting import WhyBack, WhyVoid, delivered, post_batch, undelivered, void
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.outgoing.reprint import reprint
from delivery.store import projections
from delivery.store.packets import Packets
from delivery.store.submissions import Arrival
from tests.support.postal_home import COURSE, make_home

LEARNERS = 2


@dataclass
class Packet:
    """A packet as somebody would follow it with pencil and paper."""

    learner: str
    pages: list[str]
    state: str = "planned"
    on_paper: bool = False
    superseded: bool = False
    returned: set[str] = field(default_factory=set)

    def state_of(self, page: str) -> str:
        if self.state == "voided":
            return "voided"
        if page in self.returned:
            return "returned"
        return "superseded" if self.superseded else self.state


class Walk(RuleBasedStateMachine):
    """A random walk of one batch; the home is the same for all walks."""

    app: App
    batches = 0
    learner = st.integers(0, LEARNERS - 1)

    def __init__(self) -> None:
        super().__init__()
        type(self).batches += 1
        self.batch = f"W{self.batches}"
        self.packets: dict[str, Packet] = {}
        self.took = 0
        plan_batch(self.app, self.batch, course=COURSE, actor="clerk")
        self._notice()

    def _notice(self) -> None:
        """Take down the packets that were planned just now."""
        for state in Packets(self.app.database, self.app.facts).states(self.batch):
            if state.packet not in self.packets:
                pages = [sheet.page_id for sheet in self.app.sheets.of_packet(state.packet)]
                self.packets[state.packet] = Packet(state.learner, pages)
        assert isinstance(self.app.clock, ManualClock)
        self.app.clock.advance(60)

    def _newest(self, number: int) -> tuple[str, Packet]:
        learner = sorted({packet.learner for packet in self.packets.values()})[number]
        return next(
            (name, packet)
            for name, packet in self.packets.items()
            if packet.learner == learner and not packet.superseded
        )

    @rule()
    def plan_again(self) -> None:
        assert plan_batch(self.app, self.batch, actor="clerk").added == 0

    @rule()
    def print_what_is_planned(self) -> None:
        print_batch(self.app, self.batch, actor="clerk")
        for packet in self.packets.values():
            if packet.state == "planned" and not packet.superseded:
                packet.state, packet.on_paper = "printed", True
        self._notice()

    @rule()
    def post_what_is_printed(self) -> None:
        post_batch(self.app, self.batch, actor="clerk")
        for packet in self.packets.values():
            if packet.state == "printed" and not packet.superseded:
                packet.state = "posted"
        self._notice()

    @rule(number=learner, arrived=st.booleans())
    def hear_of_the_post(self, number: int, arrived: bool) -> None:
        name, packet = self._newest(number)
        if packet.state != "posted":
            return
        if arrived:
            delivered(self.app, [name], actor="clerk")
        else:
            undelivered(self.app, [name], reason=WhyBack.MOVED, actor="clerk")
        packet.state = "delivered" if arrived else "undelivered"
        self._notice()

    @rule(number=learner)
    def void(self, number: int) -> None:
        name, packet = self._newest(number)
        void(self.app, self.batch, [packet.learner], reason=WhyVoid.LOST, actor="clerk")
        self.packets[name].state = "voided"
        self._notice()

    @rule(number=learner)
    def reprint(self, number: int) -> None:
        _, packet = self._newest(number)
        made = reprint(self.app, self.batch, [packet.learner], actor="clerk")
        packet.superseded = bool(made.replaced)
        assert packet.superseded == (packet.state != "planned")
        self._notice()

    @precondition(lambda self: any(packet.on_paper for packet in self.packets.values()))
    @rule(data=st.data())
    def a_page_comes_back(self, data: st.DataObject) -> None:
        printed = [packet for packet in self.packets.values() if packet.on_paper]
        packet = data.draw(st.sampled_from(printed))
        page = data.draw(st.sampled_from(packet.pages))
        self.took += 1
        arrival = Arrival(
            page,
            "post",
            f"{page} {self.took}".encode(),
            "image/jpeg",
            self.app.clock.now(),
            "clerk",
            "scan#1",
        )
        self.app.submissions.accept([arrival])
        if packet.state != "voided":
            packet.returned.add(page)
        self._notice()

    @invariant()
    def every_page_is_in_one_state(self) -> None:
        packets = Packets(self.app.database, self.app.facts)
        mine = self.packets.values()
        expected = Counter(packet.state_of(page) for packet in mine for page in packet.pages)
        assert packets.page_totals(self.batch) == dict(expected)
        printed = Counter(packet.state_of(p) for packet in mine if packet.on_paper for p in packet.pages)
        assert packets.page_totals(self.batch, on_paper=True) == dict(printed)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=LEARNERS)
    yield app
    app.close()


def test_every_page_is_in_exactly_one_state_after_any_walk_and_after_a_rebuild(app: App) -> None:
    Walk.app, Walk.batches = app, 0
    run_state_machine_as_test(Walk, settings=settings(max_examples=8, stateful_step_count=12))  # type: ignore[no-untyped-call]
    packets = Packets(app.database, app.facts)
    before = {batch.code: packets.page_totals(batch.code) for batch in packets.all()}
    with app.database.write() as connection:
        projections.rebuild(connection, list(app.facts.select()))
    assert {code: packets.page_totals(code) for code in before} == before
    assert app.facts.verify().ok
