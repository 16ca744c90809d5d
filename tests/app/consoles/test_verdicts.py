"""What people decide on a recording: bound to the very bytes that they saw, by two documents and known people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from delivery.app import App
from delivery.app.consoles.verdicts import approve, refuse
from delivery.catalogue.kinds import DeliveryMode, EmploymentKind, Role
from delivery.catalogue.model import Person
from delivery.clock import to_micros
from delivery.errors import BadInput, NotFound, TuxaError
from delivery.record.kinds import FactKind
from tests.support.postal_home import make_home

MATERIAL, ASSET, CONTENT = "NLTK-GT", "a" * 64, "c" * 64
DOCUMENTS = {"minutes": "BB-7", "appraiser": "HD01", "decision": "QD-9", "signer": "HT01"}
SEEN = {"material": MATERIAL, "asset": ASSET}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A home with a recording that quality control let pass."""
    made = make_home(tmp_path / "home", learners=0)
    catalogue = made.catalogue()
    people = {
        code: Person(code, code, (Role.LECTURER,), EmploymentKind.PERMANENT)
        for code in ("GV02", "HD01", "HT01")
    }
    material = replace(catalogue.materials[MATERIAL], modes=(DeliveryMode.BROADCAST,))
    now, media = to_micros(made.clock.now()), made.library.media
    document = {
        "id": ASSET, "source": "s" * 64, "profile": "radio-aac", "profile_version": 1, "kind": "radio", "ticks": 100,
    }  # fmt: skip
    with made.database.write() as connection:
        made.catalogue_store.save_in(
            connection,
            replace(catalogue, people=people, materials={**catalogue.materials, MATERIAL: material}),
        )
        media.put_asset(connection, document, generated=False, now=now, content=CONTENT)
        media.put_lesson(
            connection, material=MATERIAL, asset=ASSET, course=material.course, unit=1, title="Bài 1", now=now
        )
        media.put_job(
            connection, ASSET, MATERIAL, file="a.mp3", state="done", now=now, result={"verdict": "pass"}
        )
    yield made
    made.close()


def is_closed(app: App) -> bool:
    return bool(
        app.materials.gate(MATERIAL, content=CONTENT, mode=DeliveryMode.BROADCAST, at=app.clock.now())
    )


def test_an_approval_opens_the_gate_for_these_bytes_and_a_refusal_closes_it_again(app: App) -> None:
    assert is_closed(app)
    assert approve(app, {**SEEN, **DOCUMENTS}, "manager")["approval"] == "approved"
    assert not is_closed(app)
    assert refuse(app, {**SEEN, "reason": "sound"}, "technician")["verdict"] == "refused"
    assert is_closed(app)
    (job,) = app.library.media.jobs()
    assert (job.state, job.result["told"]) == ("refused", [["the sound is not good enough", {}]])
    (retired,) = app.facts.select(kind=FactKind.MATERIAL_RETIRED)
    assert (retired.actor, retired.data["reason"]) == ("technician", "sound")


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"minutes": " "}, id="a number is missing"),
        pytest.param({"signer": "ZZ99"}, id="nobody of that code"),
        pytest.param({"signer": "GV02"}, id="the author"),
        pytest.param({"signer": "HD01"}, id="the appraiser"),
        pytest.param({"asset": "b" * 64}, id="another recording"),
        pytest.param({"material": ""}, id="none"),
    ],
)
def test_an_approval_that_does_not_hold_is_refused_and_nothing_is_told(
    app: App, wrong: dict[str, Any]
) -> None:
    before = list(app.facts.select())
    with pytest.raises(TuxaError):
        approve(app, {**SEEN, **DOCUMENTS, **wrong}, "manager")
    assert list(app.facts.select()) == before
    assert is_closed(app)


def test_a_refusal_names_a_known_reason_and_the_recording_that_was_seen(app: App) -> None:
    with pytest.raises(BadInput) as caught:
        refuse(app, {**SEEN, "reason": "I do not like it"}, "technician")
    assert caught.value.do is not None
    assert caught.value.do.params["known"] == "picture, sound, wrong_file, content, rights"
    with pytest.raises(NotFound):
        refuse(app, {**SEEN, "asset": "b" * 64, "reason": "sound"}, "technician")
    (job,) = app.library.media.jobs()
    assert job.state == "done"
