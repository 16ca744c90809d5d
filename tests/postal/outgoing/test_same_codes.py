"""Sites plan without asking each other: two sheets may have the same small code."""

from __future__ import annotations

from pathlib import Path

from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.postal.outgoing.planning import plan_batch
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, NOW, make_home


def test_a_side_code_that_two_sites_gave_names_no_sheet_and_stops_nothing(tmp_path: Path) -> None:
    app = make_home(tmp_path, learners=2)
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    first, second = Packets(app.database, app.facts).states("B1")
    own, twin = (app.sheets.of_packet(state.packet)[0] for state in (first, second))
    assert app.sheets.by_side(own.side_id) == own

    sheets = [("0123456789ab", own.side_id, "cover", "", 1, 1)]
    told = Draft(
        id=fact_id(FactKind.PACKET_PLANNED, "Pelsewhere"),
        kind=FactKind.PACKET_PLANNED,
        occurred_at=to_micros(NOW),
        actor="clerk",
        learner=second.learner,
        course=COURSE,
        data={"packet": "Pelsewhere", "batch": "B2", "sheets": sheets, "layout": "0" * 64},
    )
    app.facts.append([told])

    assert app.sheets.by_side(own.side_id) is None
    assert app.sheets.by_page(own.page_id) == own
    there = app.sheets.by_page("0123456789ab")
    assert there is not None
    assert there.packet == "Pelsewhere"
    assert app.sheets.by_side(twin.side_id) == twin
    app.close()
