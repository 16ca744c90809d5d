"""The post's counter as consoles see it: each letter once, each postal number once, and what came back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.app import App
from delivery.app.consoles.due import DueDesk
from delivery.app.consoles.learner import again, find, record
from delivery.app.consoles.post import post_methods
from delivery.errors import BadInput, NotFound, Refused
from delivery.record.kinds import FactKind
from delivery.record.sheetcode import page_token
from tests.postal.incoming.mail import copy_of, printed, sheets_of

ITEM, OTHER = "RR473124829VN", "RR123456785VN"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return printed(tmp_path_factory.mktemp("post") / "home", learners=2)


@pytest.fixture
def app(home: Path, tmp_path: Path) -> Iterator[App]:
    made = copy_of(home, tmp_path / "home")
    yield made
    made.close()


@pytest.fixture
def told() -> list[Any]:
    return []


def call(app: App, told: list[Any], name: str, **params: Any) -> Any:
    return post_methods(app, lambda *what: told.append(what))[f"post.{name}"].call(params, "clerk")


def code_of(app: App, number: int) -> str:
    return page_token(sheets_of(app, f"TX26000{number}")[0].page_id, app.keys.codes)


def test_a_letter_is_posted_under_its_number_and_the_sums_run_along(app: App, told: list[Any]) -> None:
    looked = call(app, told, "look", text=code_of(app, 1))
    assert (looked["batch"], looked["code"], looked["posted"]) == ("B1", "TX260001", "")
    posted = call(app, told, "item", packet_text=code_of(app, 1), text=ITEM)
    assert (posted["code"], posted["item"]) == ("TX260001", ITEM)
    assert told == [("post.posted", {"packet": posted["packet"], "batch": "B1", "item": ITEM})]
    status = call(app, told, "status")
    (batch,) = status["batches"]
    assert (status["today"], batch["posted"], batch["printed"]) == (1, 1, 2)


def test_one_number_on_two_letters_a_mistyped_number_and_a_number_alone_are_refused(
    app: App, told: list[Any]
) -> None:
    call(app, told, "item", packet_text=code_of(app, 1), text=ITEM)
    before = list(app.facts.select(kind=FactKind.PACKET_POSTED))
    for params in (
        {"packet_text": code_of(app, 2), "text": ITEM},
        {"packet_text": code_of(app, 2), "text": "RR473124820VN"},
        {"packet_text": "", "text": OTHER},
        {"packet_text": OTHER, "text": ITEM},
        {},
    ):
        with pytest.raises(Refused):
            call(app, told, "item", **params)
    assert list(app.facts.select(kind=FactKind.PACKET_POSTED)) == before
    assert len(told) == 1


def test_what_came_back_is_listed_with_its_reason_until_it_is_made_again(app: App, told: list[Any]) -> None:
    call(app, told, "item", packet_text=code_of(app, 1), text=ITEM)
    with pytest.raises(BadInput):
        call(app, told, "undelivered", text=ITEM, reason="lost in space")
    assert call(app, told, "undelivered", text=ITEM, reason="moved")["code"] == "TX260001"
    (back,) = call(app, told, "status")["back"]
    assert (back["item"], back["reason"]) == (ITEM, "moved")
    made = again(app, lambda *what: told.append(what), "B1", back["learner"], "clerk")
    assert made["replaced"] == 1
    assert told[-1] == ("due.planned", {"batch": "B1"})
    assert call(app, told, "status")["back"] == []
    (row,) = DueDesk(app, lambda *_: None).batches()["batches"]
    assert (row["unprinted"], row["unposted"]) == (1, 1)
    states = [packet["state"] for packet in record(app, back["learner"])["packets"]]
    assert sorted(states) == ["planned", "superseded"]


@pytest.mark.parametrize("typed", ["anh tuyet", "ÁNH TUYẾT", "a\u0301nh tuye\u0302\u0301t", "260001"])
def test_a_learner_is_found_however_the_name_is_typed(app: App, typed: str) -> None:
    assert [one["code"] for one in find(app, typed)] == ["TX260001"]


def test_a_learner_is_found_by_a_scanned_code_and_by_a_part_of_the_number_on_a_sheet(app: App) -> None:
    sheet = sheets_of(app, "TX260002")[3]
    for typed in (page_token(sheet.page_id, app.keys.codes), sheet.page_id[:8]):
        assert [one["code"] for one in find(app, typed)] == ["TX260002"]
    assert find(app, "") == find(app, "nobody") == []
    with pytest.raises(NotFound):
        record(app, "nobody")
