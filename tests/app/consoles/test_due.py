"""Packets that are due as consoles see them: what stops a batch, a trial that keeps nothing, printing that goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.app import App
from delivery.app.consoles.due import DueDesk
from delivery.clock import to_micros
from delivery.errors import NotFound
from delivery.ids import fact_id
from delivery.postal.outgoing.planning import plan_batch
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from tests.support.postal_home import COURSE, make_home


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_home(tmp_path / "home", learners=2)
    plan_batch(made, "B1", course=COURSE, actor="clerk")
    yield made
    made.close()


@pytest.fixture
def told() -> list[Any]:
    return []


@pytest.fixture
def desk(app: App, told: list[Any]) -> DueDesk:
    return DueDesk(app, lambda *what: told.append(what))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def row(desk: DueDesk) -> dict[str, Any]:
    (found,) = desk.batches()["batches"]
    return dict(found)


def test_a_trial_keeps_nothing_and_a_batch_without_packets_is_named(app: App, desk: DueDesk) -> None:
    before = list(app.facts.select())
    tried = desk.plan({"batch": "B1"}, "clerk", dry_run=True)
    assert (tried["packets"], tried["added"]) == (2, 0)
    assert (
        tried["pages"] == tried["packets"] * sum(part["pages"] for part in tried["parts"]) or tried["pages"]
    )
    assert list(app.facts.select()) == before
    with pytest.raises(NotFound):
        desk.plan({"batch": "B9"}, "clerk", dry_run=True)
    with pytest.raises(NotFound):
        desk.begin({"batch": "B9"}, "clerk")


def test_a_batch_is_printed_in_the_background_and_told_to_every_console(
    app: App, desk: DueDesk, told: list[Any]
) -> None:
    assert (row(desk)["unprinted"], row(desk)["sites"]) == (2, {"MAIN": 2})
    assert desk.begin({"batch": "B1"}, "clerk")["state"] == "running"
    until(lambda: bool(told) and told[-1][1]["state"] == "done")
    result = told[-1][1]["result"]
    assert result["packets"] == 2
    assert all(Path(file).exists() for file in result["files"])
    assert (row(desk)["unprinted"], row(desk)["unposted"]) == (0, 2)
    desk.begin({"batch": "B1"}, "clerk")
    until(lambda: desk.task.document() is not None and told[-1][1]["number"] == 2)
    until(lambda: told[-1][1]["state"] == "done")
    assert len(list(app.facts.select(kind=FactKind.PACKET_PRINTED))) == 2, "nothing is printed a second time"


def test_material_that_may_not_be_printed_any_more_stops_its_batch_with_what_to_do(
    app: App, desk: DueDesk
) -> None:
    assert desk.gates("B1") == []
    content = next(
        fact.data["content"]
        for fact in app.facts.select(kind=FactKind.MATERIAL_APPROVED)
        if fact.data["material"] == "NLTK-GT"
    )
    gone = Draft(
        id=fact_id(FactKind.MATERIAL_RETIRED, "NLTK-GT", content),
        kind=FactKind.MATERIAL_RETIRED,
        occurred_at=to_micros(app.clock.now()),
        actor="HD01",
        data={"material": "NLTK-GT", "reason": "content"},
    )
    app.facts.append([gone])
    (stopped, *_) = desk.gates("B1")
    assert stopped["what"]["msgid"]
    assert stopped["do"]["msgid"]
