"""The feedback slip in the next packet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pypdfium2
import pytest

from delivery.app import App
from delivery.catalogue.kinds import ComponentKind, EmploymentKind, Role
from delivery.catalogue.model import Component, Person
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.posting import WhyVoid, void
from delivery.postal.outgoing.printing import packet_pages, print_batch
from delivery.store.packets import Packets
from tests.support.postal_home import COURSE, make_home

ACTIVITY = "NLTK102-A1"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=2)
    catalogue = app.catalogue()
    marked = replace(catalogue.activities[ACTIVITY], component="BT1")
    component = Component(COURSE, "BT1", "Bài tập 1", ComponentKind.PROCESS, Decimal(40))
    lecturer = Person("GV02", "Đỗ Thị Hồng", (Role.LECTURER,), EmploymentKind.PERMANENT)
    with app.database.write() as connection:
        app.catalogue_store.save_in(
            connection,
            replace(
                catalogue,
                activities={**catalogue.activities, ACTIVITY: marked},
                components={(COURSE, "BT1"): component},
                people={"GV02": lecturer},
            ),
        )
    yield app
    app.close()


def _mark(app: App, score: str, *, correct: bool = False) -> None:
    app.marks.set(
        "TX260001",
        ACTIVITY,
        score=score,
        marker="GV02",
        catalogue=app.catalogue(),
        correct=correct,
        comment="Bài làm tốt.\nCần giải thích rõ hơn ở câu 3.",
    )


def _slips(app: App, batch: str) -> dict[str, str]:
    """Student code -> text of the feedback slip, of those who got one."""
    out = {}
    for state in Packets(app.database, app.facts).states(batch):
        if not state.printed_at:
            continue
        file, first = packet_pages(app.settings.home / "print", state)
        for sheet in app.sheets.of_packet(state.packet):
            if sheet.role == "feedback":
                with pypdfium2.PdfDocument(file, autoclose=True) as document:
                    text = document[first + sheet.position - 1].get_textpage().get_text_range()
                profile = app.vault.profile(state.learner)
                assert profile is not None
                out[profile.code] = text
    return out


def test_a_mark_is_told_once_in_the_next_packet_of_its_learner(app: App) -> None:
    _mark(app, "8.25")
    assert plan_batch(app, "B1", course=COURSE, actor="clerk", dry_run=True).slips == 1
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").slips == 1
    print_batch(app, "B1", actor="clerk")
    slips = _slips(app, "B1")
    assert slips.keys() == {"TX260001"}
    text = slips["TX260001"]
    assert "8,25 điểm" in text
    assert "Bài tập 1. Số trung bình, trung vị và mốt" in text
    assert "Đỗ Thị Hồng" in text
    assert "Cần giải thích rõ hơn ở câu 3." in text
    assert "TX260001" in text
    assert plan_batch(app, "B2", course=COURSE, actor="clerk").slips == 0


def test_a_corrected_mark_is_told_again_and_so_is_one_whose_packet_was_voided(app: App) -> None:
    _mark(app, "8")
    plan_batch(app, "B1", course=COURSE, actor="clerk")
    _mark(app, "9", correct=True)
    plan_batch(app, "B2", course=COURSE, actor="clerk")
    who = app.learners.require("TX260001").id
    print_batch(app, "B2", actor="clerk")
    assert "9 điểm" in _slips(app, "B2")["TX260001"]
    void(app, "B2", [who], reason=WhyVoid.DAMAGED, actor="clerk")
    assert plan_batch(app, "B3", course=COURSE, actor="clerk").slips == 1
