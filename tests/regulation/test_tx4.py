"""TX Điều 4: learning material."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from delivery.catalogue.kinds import PRINTED_KINDS, DeliveryMode, MaterialKind, MaterialRole
from delivery.catalogue.model import Unit
from delivery.catalogue.registers import Syllabus
from delivery.regulation.findings import Verdict
from delivery.regulation.snapshot import MaterialStanding
from tests.regulation.institution import (
    BROADCAST,
    FAIL,
    NETWORK,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    activity,
    approved,
    course,
    ev,
    evidence,
    found,
    institution,
    keyed,
    material,
    verdict,
)

SUPPLEMENTARY = MaterialRole.SUPPLEMENTARY


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        (approved(BROADCAST), PASS),
        (approved(NETWORK), WARN),
        (approved(NETWORK, used=2_000_000_000_000_000), FAIL),
        (None, WARN),
    ],
)
def test_tx_4_1_material_is_approved_for_the_mode_it_is_used_in(
    standing: MaterialStanding | None, wanted: Verdict
) -> None:
    s = institution(
        materials=keyed([material("M", "C", modes=(NETWORK, BROADCAST))]),
        activities=keyed([activity("a", "C", mode=BROADCAST, material="M")]),
        material_standings={"M": standing} if standing else {},
    )
    assert verdict(s, "TX-4.1") is wanted


def test_tx_4_2_two_main_and_no_supplementary_are_not_complete() -> None:
    rows = [material("M1", "C"), material("M2", "C")]
    (finding,) = found(institution(materials=keyed(rows)), "TX-4.2")
    assert (finding.verdict, finding.what.params["items"]) == (FAIL, "supplementary")
    rows.append(material("M3", "C", role=SUPPLEMENTARY))
    assert verdict(institution(materials=keyed(rows)), "TX-4.2") is PASS
    assert verdict(institution(), "TX-4.2") is UNKNOWN


def test_tx_4_3_1_fourteen_of_fifteen_units_name_the_missing_one() -> None:
    units = {("C", n): Unit("C", n, str(n)) for n in range(1, 16)}
    rows = [material(f"M{n}", "C", unit=n) for n in range(1, 15)]
    (finding,) = found(institution(units=units, materials=keyed(rows)), "TX-4.3-1")
    assert (finding.verdict, finding.value, finding.what.params["items"]) == (FAIL, "93.33", "15")
    whole = [material("M", "C")]
    assert verdict(institution(units=units, materials=keyed(whole)), "TX-4.3-1") is PASS


@pytest.mark.parametrize(
    ("kind", "content", "wanted"),
    [
        (MaterialKind.TEXTBOOK, "", FAIL),
        (MaterialKind.TEXTBOOK, "sha", PASS),
        (MaterialKind.DIGITAL, "", PASS),
    ],
)
def test_tx_4_3a_a_network_course_has_digital_main_material(
    kind: MaterialKind, content: str, wanted: Verdict
) -> None:
    s = institution(materials=keyed([material("M", "C", kind=kind, content=content)]))
    assert verdict(s, "TX-4.3a") is wanted


def _printed(*, without: MaterialKind | None = None, textbook: bool = True) -> dict[str, object]:
    rows = [
        material(
            kind.value,
            "C",
            kind=kind,
            modes=(POSTAL,),
            role=MaterialRole.MAIN if kind is MaterialKind.TEXTBOOK else SUPPLEMENTARY,
        )
        for kind in PRINTED_KINDS
        if kind is not without
    ]
    return {
        "courses": keyed([course("C", "120", POSTAL)]),
        "materials": keyed(rows),
        "material_standings": {
            row.code: approved(POSTAL) for row in rows if textbook or row.code != "textbook"
        },
    }


def test_tx_4_3b_five_kinds_print_a_missing_one_warns_and_an_unapproved_textbook_refuses() -> None:
    assert verdict(institution(**_printed()), "TX-4.3b") is PASS
    without = _printed(without=MaterialKind.WORKBOOK)
    assert verdict(institution(**without), "TX-4.3b") is WARN
    waived = {"C": Syllabus("C", not_needed=(MaterialKind.WORKBOOK.value,))}
    assert verdict(institution(**without, syllabi=waived), "TX-4.3b") is PASS
    assert verdict(institution(**_printed(textbook=False)), "TX-4.3b") is FAIL


def test_tx_4_3c_only_approved_programmes_are_for_air() -> None:
    lesson = material("TV", "C", kind=MaterialKind.TV_PROGRAMME, modes=(BROADCAST,))
    base = {"courses": keyed([course("C", "120", BROADCAST)]), "materials": keyed([lesson])}
    assert verdict(institution(**base), "TX-4.3c") is WARN
    assert verdict(institution(**base, material_standings={"TV": approved(BROADCAST)}), "TX-4.3c") is PASS
    printed = {**base, "materials": keyed([material("T", "C", kind=MaterialKind.TEXTBOOK)])}
    assert verdict(institution(**printed), "TX-4.3c") is FAIL


def test_tx_4_4_supplementary_material_without_a_unit_is_shown() -> None:
    rows = [material("S", "C", role=SUPPLEMENTARY), material("T", "C", role=SUPPLEMENTARY, unit=1)]
    s = institution(materials=keyed(rows))
    assert verdict(s, "TX-4.4", "material:S") is WARN
    assert verdict(s, "TX-4.4", "material:T") is PASS


GOOD = approved(NETWORK)


@pytest.mark.parametrize(
    ("standing", "wanted"),
    [
        (replace(GOOD, first_used_at=GOOD.approved_at + 1), PASS),
        (replace(GOOD, appraised_at=GOOD.approved_at + 1), FAIL),
        (replace(GOOD, first_used_at=GOOD.approved_at), FAIL),
        (replace(GOOD, first_used_at=GOOD.approved_at - 1), FAIL),
        (replace(GOOD, signer="A"), FAIL),
    ],
    ids=["in order", "approved first", "used at once", "used first", "by the author"],
)
def test_tx_4_5_1_appraisal_then_approval_then_use_by_different_people(
    standing: MaterialStanding, wanted: Verdict
) -> None:
    s = institution(materials=keyed([material("M", "C")]), material_standings={"M": standing})
    assert verdict(s, "TX-4.5-1") is wanted


def test_tx_4_5_2_both_verdicts_of_each_year() -> None:
    base = {
        "on": date(2026, 6, 1),
        "materials": keyed([material("M", "C")]),
        "material_standings": {"M": approved(NETWORK, on=date(2024, 5, 1))},
    }
    academic = ev(K.MATERIAL_REVIEW, "M", "academic", signed=date(2025, 3, 1))
    assert verdict(institution(**base, evidence=evidence(academic)), "TX-4.5-2") is FAIL
    technical = ev(K.MATERIAL_REVIEW, "M", "technical", signed=date(2025, 12, 31))
    assert verdict(institution(**base, evidence=evidence(academic, technical)), "TX-4.5-2") is PASS
    assert verdict(institution(**base), "TX-4.5-2") is UNKNOWN


def test_modes_that_no_course_uses_are_not_judged() -> None:
    assert DeliveryMode.POSTAL not in {f.subject.code for f in found(institution(), "TX-4.3b")}
    assert found(institution(), "TX-4.3b") == []
