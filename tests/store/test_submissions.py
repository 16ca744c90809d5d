"""The one door for returned work, on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from delivery.app import App
from delivery.catalogue.kinds import DeliveryMode
from delivery.clock import to_micros
from delivery.errors import GateClosed, NotFound, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.submissions import Arrival, Outcome
from tests.record.builders import catalogue
from tests.store.test_factlog import registered

PAGE, SIDE = "0a0b0c0d0e01", "0102030401"


@pytest.fixture
def door(any_tuxa: App) -> App:
    """L1 and L2 registered; one printed sheet of L1."""
    any_tuxa.facts.append(
        [
            registered(any_tuxa, "L1"),
            registered(any_tuxa, "L2"),
            Draft(
                id=fact_id(FactKind.PACKET_PLANNED, "p1"),
                kind=FactKind.PACKET_PLANNED,
                occurred_at=to_micros(any_tuxa.clock.now()),
                actor="clerk",
                audience="MAIN",
                learner="L1",
                course="C1",
                data={"packet": "p1", "batch": "b1", "sheets": [[PAGE, SIDE, "assignment", "C1-A1", 1, 1]]},
            ),
        ]
    )
    return any_tuxa


def send(
    app: App, image: bytes = b"jpeg", *, page: str = PAGE, by: str = "", channel: str = "post"
) -> Outcome:
    arrival = Arrival(
        page_id=page,
        channel=channel,  # type: ignore[arg-type]
        image=image,
        media_type="image/jpeg",
        received_at=app.clock.now(),
        actor="clerk",
        source="scan-1#1",
        claimed_by=by,
    )
    return app.submissions.accept([arrival])[0]


def test_a_page_is_filed_under_the_learner_it_was_printed_for(door: App) -> None:
    outcome = send(door)
    assert outcome.status == "filed"
    fact = door.facts.get(outcome.fact)
    assert fact is not None
    assert (fact.learner, fact.activity, fact.mode, fact.data["page"]) == ("L1", "C1-A1", "postal", 1)
    sheet = door.sheets.by_page(PAGE)
    assert sheet is not None
    assert sheet.state == "returned"


def test_the_same_image_again_is_a_duplicate_with_the_same_receipt_and_tells_nothing_new(door: App) -> None:
    first, again = send(door), send(door, by="L1", channel="phone")
    assert (again.status, again.fact, again.receipt) == ("duplicate", first.fact, first.receipt)
    assert len(list(door.facts.select(kind=FactKind.WORK_RECEIVED))) == 1


def test_another_image_of_the_sheet_is_a_second_piece_of_evidence(door: App) -> None:
    assert [send(door, image, channel=c).status for image, c in ((b"scan", "post"), (b"photo", "phone"))] == [
        "filed",
        "filed",
    ]


def test_somebody_elses_sheet_is_held_and_not_filed(door: App) -> None:
    outcome = send(door, by="L2", channel="phone")
    assert (outcome.status, outcome.reason) == ("held", "other_learner")
    assert list(door.facts.select(kind=FactKind.WORK_RECEIVED)) == []
    held = door.facts.get(outcome.fact)
    assert held is not None
    assert held.learner == "L2"


def test_a_table_that_was_tampered_with_cannot_file_a_page_under_another_learner(door: App) -> None:
    with door.database.write() as connection:
        connection.execute(text("UPDATE packet SET learner = 'L2'"))
    outcome = send(door)
    assert (outcome.status, outcome.reason) == ("unknown", "not_planned")
    assert list(door.facts.select(kind=FactKind.WORK_RECEIVED)) == []


def test_an_unknown_page_is_not_taken_for_anything(door: App) -> None:
    assert send(door, page="ffffffffffff").status == "unknown"
    assert door.facts.verify().facts == 3


def test_the_image_is_kept_sealed_and_can_be_read_back_until_the_key_is_destroyed(door: App) -> None:
    send(door, b"bai lam cua Anh")
    (fact,) = door.facts.select(kind=FactKind.WORK_RECEIVED)
    assert door.scans.get("L1", fact.data["blob"]) == b"bai lam cua Anh"
    on_disk = [f.read_bytes() for f in (door.settings.home / "blobs").rglob("*") if f.is_file()]
    assert on_disk
    assert not any(b"bai lam cua Anh" in data for data in on_disk)
    with door.database.write() as connection:
        door.vault.destroy(connection, "L1")
    with pytest.raises(NotFound):
        door.scans.get("L1", fact.data["blob"])


def test_material_must_be_appraised_first_and_approved_by_another_for_exactly_its_content_and_mode(
    door: App,
) -> None:
    def approve(signer: str) -> None:
        door.materials.approve(
            "M1",
            content="aa",
            modes=(DeliveryMode.POSTAL,),
            decision="12/QĐ",
            signer=signer,
            author="GV01",
        )

    with pytest.raises(GateClosed, match="appraised"):
        approve("HT01")
    door.materials.appraise("M1", content="aa", minutes="3/BB", actor="HD01")
    with pytest.raises(GateClosed, match="author"):
        approve("GV01")
    door.clock.advance(60)  # type: ignore[attr-defined]
    approve("HT01")
    assert door.materials.approved("M1", content="aa", mode=DeliveryMode.POSTAL)
    assert not door.materials.approved("M1", content="aa", mode=DeliveryMode.BROADCAST)
    assert not door.materials.approved("M1", content="bb", mode=DeliveryMode.POSTAL)


def test_a_mark_is_corrected_by_a_new_fact_and_never_overwritten(door: App) -> None:
    shelf = catalogue()

    def give(score: str, *, correct: bool = False) -> str:
        return door.marks.set(
            "L1", "C1-A1", score=score, marker="GV01", catalogue=shelf, correct=correct
        ).score

    assert give("7,5") == "7.5"
    assert give("7.5") == "7.5"
    with pytest.raises(Refused, match="already has the mark"):
        give("8")
    assert give("8", correct=True) == "8"
    assert give("7.5", correct=True) == "7.5"
    assert [mark.score for mark in door.marks.all()] == ["7.5"]
    assert len(list(door.facts.select(kind=FactKind.MARK_RECORDED))) == 3


@pytest.mark.parametrize("score", ["10.25", "-1", "mười", "", "1e1", "1_0", "８"])
def test_a_mark_outside_the_scale_is_refused(door: App, score: str) -> None:
    with pytest.raises(Refused, match="is not a mark"):
        door.marks.set("L1", "C1-A1", score=score, marker="GV01", catalogue=catalogue())
