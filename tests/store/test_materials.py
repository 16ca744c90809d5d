"""Approval is another person's, for exactly one content, and ends with the rights (TX-4.5-1, TT-3.4, design D7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.app import App
from delivery.catalogue.kinds import DeliveryMode
from delivery.errors import GateClosed, Refused, TuxaError
from delivery.record.kinds import FactKind
from delivery.store import projections
from delivery.store.materials import Rights
from tests.support.home import START

AIR = DeliveryMode.BROADCAST
DAY = timedelta(days=1)


def approve(tuxa: App, content: str = "aa", *, signer: str = "QL01", decision: str = "QĐ-1") -> None:
    tuxa.materials.approve(
        "M1", content=content, modes=(AIR,), decision=decision, signer=signer, author="GV01"
    )


@pytest.fixture
def appraised(tuxa: App) -> App:
    tuxa.materials.appraise("M1", content="aa", minutes="BB-1", actor="HD01")
    return tuxa


def test_an_approval_counts_for_one_content_and_one_mode(appraised: App) -> None:
    approve(appraised)
    gate = appraised.materials.gate
    assert gate("M1", content="aa", mode=AIR) == ""
    assert gate("M1", content="bb", mode=AIR) == "unapproved"
    assert gate("M1", content="aa", mode=DeliveryMode.POSTAL) == "unapproved"


@pytest.mark.parametrize(
    ("signer", "words"),
    [("GV01", "is the author"), ("HD01", "has appraised")],
)
def test_author_and_appraiser_cannot_approve(signer: str, words: str, appraised: App) -> None:
    with pytest.raises(GateClosed, match=words):
        approve(appraised, signer=signer)
    assert not appraised.materials.approved("M1", content="aa", mode=AIR)


def test_nothing_is_approved_before_it_is_appraised(appraised: App) -> None:
    with pytest.raises(GateClosed, match="has not been appraised"):
        approve(appraised, content="bb")
    with pytest.raises(GateClosed, match="dated before its appraisal"):
        appraised.materials.approve(
            "M1",
            content="aa",
            modes=(AIR,),
            decision="QĐ-1",
            signer="QL01",
            author="GV01",
            on=START - DAY,
        )


def test_acts_have_numbers_and_are_not_of_the_future(appraised: App) -> None:
    with pytest.raises(Refused, match="have no number"):
        approve(appraised, decision=" ")
    with pytest.raises(Refused, match="still to come"):
        appraised.materials.appraise("M2", content="cc", minutes="BB-2", actor="HD01", on=START + DAY)


def test_material_is_used_only_while_the_rights_last(appraised: App) -> None:
    approve(appraised)
    materials = appraised.materials
    materials.license(
        Rights("M1", "Nhà xuất bản A", "HĐ-7", "VN", START - DAY, START + 10 * DAY), actor="QL01"
    )
    assert materials.approved("M1", content="aa", mode=AIR)
    assert materials.gate("M1", content="aa", mode=AIR, at=START + 10 * DAY - timedelta(seconds=1)) == ""
    assert materials.gate("M1", content="aa", mode=AIR, at=START + 10 * DAY) == "unlicensed"
    assert materials.gate("M1", content="aa", mode=AIR, at=START - 2 * DAY) == "unlicensed"


def test_the_rights_told_last_count_whatever_order_they_arrive_in(appraised: App) -> None:
    materials = appraised.materials
    first = Rights("M1", "A", "HĐ-7", "VN", START, START + DAY)
    second = Rights("M1", "A", "HĐ-7/PL1", "VN", START, None)
    materials.license(first, actor="QL01")
    appraised.clock.advance(60)  # type: ignore[attr-defined]
    materials.license(second, actor="QL01")
    materials.license(second, actor="QL01")
    assert materials.rights("M1") == second
    assert len(list(appraised.facts.select(kind=FactKind.MATERIAL_LICENSED))) == 2
    with appraised.database.write() as connection:
        projections.rebuild(connection, reversed(list(appraised.facts.select())))
    assert materials.rights("M1") == second
    with pytest.raises(Refused, match="end before they begin"):
        materials.license(Rights("M1", "A", "", "VN", START, START), actor="QL01")


def judge(tuxa: App, **changes: str) -> None:
    told = {"minutes": "BB-1", "appraiser": "HD01", "decision": "QĐ-1", "signer": "QL01"} | changes
    tuxa.materials.judge("M1", content="aa", modes=(AIR,), author="GV01", **told)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"signer": "GV01"}, {"appraiser": "GV01"}, {"signer": "HD01"}, {"decision": " "}, {"minutes": ""}],
)
def test_a_refused_judgement_leaves_nothing_behind(changes: dict[str, str], tuxa: App) -> None:
    with pytest.raises(TuxaError):
        judge(tuxa, **changes)
    assert tuxa.materials.approval("M1", "aa") is None
    judge(tuxa)
    assert tuxa.materials.approved("M1", content="aa", mode=AIR)


def test_what_was_recorded_is_not_passed_over_in_silence(tuxa: App) -> None:
    judge(tuxa)
    facts = len(list(tuxa.facts.select(kind=FactKind.MATERIAL_APPROVED)))
    judge(tuxa)
    with pytest.raises(Refused, match="HD01 already: minutes BB-1"):
        judge(tuxa, minutes="BB-2")
    with pytest.raises(Refused, match="signed by QL01"):
        judge(tuxa, signer="QL02")
    assert len(list(tuxa.facts.select(kind=FactKind.MATERIAL_APPROVED))) == facts == 1
