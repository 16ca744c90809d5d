"""The desk of returned sheets as consoles see it: pages and readings are decided once, whoever looks at them."""

from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from delivery.app import App
from delivery.app.consoles.returns import ReturnsDesk
from delivery.errors import BadInput, Refused
from delivery.postal.incoming.intake import take_in
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token
from tests.postal.incoming.mail import came_back, codes_lost, copy_of, own_paper, pile, printed, sheets_of

ITEM, OTHER = "RR473124829VN", "RR123456785VN"


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which two pages wait: one whose codes are lost, and one of the learner's own paper."""
    folder = tmp_path_factory.mktemp("returns")
    app = copy_of(printed(folder / "printed", learners=1), folder / "home")
    sheets = sheets_of(app, "TX260001")
    pages = [codes_lost(app, sheets[4]), came_back(app, sheets[5]), own_paper()]
    take_in(app, pile(pages, folder / "mail.pdf"), actor="clerk")
    app.close()
    return folder / "home"


@pytest.fixture
def app(scanned: Path, tmp_path: Path) -> Iterator[App]:
    made = copy_of(scanned, tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def desk(app: App, told: list[Any]) -> ReturnsDesk:
    return ReturnsDesk(app, lambda *what: told.append(what))


def waiting(desk: ReturnsDesk) -> list[dict[str, Any]]:
    return list(desk.queue({"offset": 0}, "clerk")["pages"])


def test_pages_wait_with_reason_picture_and_proposals_that_name_learners_by_their_code(
    desk: ReturnsDesk,
) -> None:
    lost, own = waiting(desk)
    assert (lost["reason"], own["reason"]) == ("framed", "unreadable")
    assert own["proposals"][0]["learner"] == "TX260001"
    small, large = (desk.image({"id": own["id"], "large": is_large}) for is_large in (False, True))
    picture = Image.open(io.BytesIO(b64decode(small["jpeg"])))
    assert picture.size == (small["width"], small["height"])
    assert large["height"] > small["height"] or large["height"] >= 877
    status = desk.status()
    assert (status["waiting"], status["totals"]["queued"], status["totals"]["filed"]) == (2, 2, 1)


def test_two_consoles_that_decide_the_same_page_at_once_file_it_once_and_the_second_is_told(
    app: App, desk: ReturnsDesk
) -> None:
    other = ReturnsDesk(app, lambda *_: None)
    _, own = waiting(other)
    assert desk.accept({"id": own["id"], "which": 1}, "clerk")["id"] == own["id"]
    before = list(app.facts.select())
    for decision in (
        lambda: other.accept({"id": own["id"], "which": 1}, "admin"),
        lambda: other.discard({"id": own["id"], "reason": "blank"}, "admin"),
    ):
        with pytest.raises(Refused):
            decision()
    assert list(app.facts.select()) == before
    assert [fact.actor for fact in app.facts.select(kind=FactKind.SCAN_DECIDED)] == ["clerk"]


def test_a_decision_is_told_to_every_console_and_taken_back_the_page_waits_again(
    desk: ReturnsDesk, told: list[Any]
) -> None:
    lost, _ = waiting(desk)
    desk.discard({"id": lost["id"], "reason": "spoilt"}, "clerk")
    assert told[-1][0] == "returns.page"
    assert told[-1][1]["id"] == lost["id"]
    assert told[-1][1]["status"] != "queued"
    assert lost["id"] not in {page["id"] for page in waiting(desk)}
    desk.undo({"id": lost["id"]}, "clerk")
    assert lost["id"] in {page["id"] for page in waiting(desk)}
    assert told[-1][1]["status"] == "queued"


@pytest.mark.parametrize(
    "params",
    [{}, {"id": "nonsense", "which": 1}, {"id": "3fa94c21-99", "which": 1}, {"which": True}, {"id": 7}],
)
def test_nonsense_is_refused_and_changes_nothing(app: App, desk: ReturnsDesk, params: dict[str, Any]) -> None:
    before = list(app.facts.select())
    with pytest.raises(Refused):
        desk.accept(params, "clerk")
    assert list(app.facts.select()) == before


def test_a_page_is_chosen_by_the_number_at_its_foot_and_no_other_page_of_it_exists(
    app: App, desk: ReturnsDesk
) -> None:
    lost, _ = waiting(desk)
    sheet = sheets_of(app, "TX260001")[4]
    with pytest.raises(Refused):
        desk.choose({"id": lost["id"], "text": "no code"}, "clerk")
    desk.choose({"id": lost["id"], "text": page_token(sheet.page_id, app.keys.codes)}, "clerk")
    assert lost["id"] not in {page["id"] for page in waiting(desk)}


def test_an_envelope_of_two_codes_is_one_envelope_under_its_postal_number(
    app: App, desk: ReturnsDesk
) -> None:
    label = page_token(sheets_of(app, "TX260001")[5].page_id, app.keys.codes)
    day = desk.envelope({"text": "2026-11-20"}, "clerk")
    assert (day["heard"], day["postmark"]) == ("postmark", "2026-11-20")
    noted = desk.envelope({"text": ITEM, "postmark": "2026-11-20"}, "clerk")
    assert (noted["heard"], noted["code"]) == ("noted", "")
    whole = desk.envelope({"text": label, "postmark": "2026-11-20", "item_text": ITEM}, "clerk")
    assert whole["code"] == "TX260001"
    received = [fact.data for fact in app.facts.select(kind=FactKind.ENVELOPE_RECEIVED)]
    assert [one["envelope"] for one in received if one["envelope"].startswith("item:")] == [f"item:{ITEM}"]
    assert desk.envelope({"text": ITEM}, "clerk")["heard"] == "duplicate"
    with pytest.raises(BadInput):
        desk.envelope({"text": "RR473124820VN"}, "clerk")


def test_an_empty_scan_folder_is_said_with_where_it_is(desk: ReturnsDesk) -> None:
    with pytest.raises(BadInput, match="scans"):
        desk.take_in({}, "clerk")
