"""Circular on IT in online training."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.register_kinds import Appointed, SystemPart
from delivery.catalogue.registers import Appointment, Intake, Syllabus, System
from delivery.regulation.findings import Verdict
from delivery.regulation.rules.tt_07_12 import ONLINE_TOPICS
from delivery.regulation.snapshot import CourseTotals
from tests.regulation.institution import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    WARN,
    K,
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


@pytest.mark.parametrize(
    ("until", "on", "wanted"),
    [
        (date(2026, 12, 31), date(2026, 12, 31), PASS),
        (date(2026, 12, 31), date(2027, 1, 1), FAIL),
        (None, date(2027, 1, 1), PASS),
    ],
)
def test_tt_3_4_a_licence_that_has_ended_blocks(until: date | None, on: date, wanted: Verdict) -> None:
    shelf = keyed([material("M", "C", author="")])
    filed = evidence(ev(K.RIGHTS, "M", until=until))
    assert verdict(institution(on=on, materials=shelf, evidence=filed), "TT-3.4") is wanted
    told = {"M": replace(approved(), licence="HĐ 7", licensed_until=until)}
    assert verdict(institution(on=on, materials=shelf, material_standings=told), "TT-3.4") is wanted


def test_tt_3_4_what_was_recorded_for_use_decides_and_the_paper_is_held_against_it() -> None:
    shelf = keyed([material("M", "C", author="")])
    paper = evidence(ev(K.RIGHTS, "M", until=date(2030, 1, 1)))
    told = {"M": replace(approved(), licence="HĐ 7", licensed_until=date(2026, 1, 1))}
    s = institution(on=date(2026, 6, 1), materials=shelf, evidence=paper, material_standings=told)
    assert verdict(s, "TT-3.4") is FAIL
    told = {"M": replace(approved(), licence="HĐ 7", licensed_until=date(2027, 1, 1))}
    s = institution(on=date(2026, 6, 1), materials=shelf, evidence=paper, material_standings=told)
    assert verdict(s, "TT-3.4") is WARN


def test_tt_4_1_a_course_that_no_decision_lists_is_not_online() -> None:
    listed = evidence(ev(K.ONLINE_DECISION, "", items=("C",), code="QD"))
    two = keyed([course("C", "60"), course("D", "60")])
    s = institution(courses=two, evidence=listed)
    assert verdict(s, "TT-4-1", "course:C") is PASS
    assert verdict(s, "TT-4-1", "course:D") is FAIL


@pytest.mark.parametrize(("credits", "wanted"), [("120", PASS), ("118", FAIL), (None, UNKNOWN)])
def test_tt_4_2_the_online_version_is_equivalent(credits: str | None, wanted: Verdict) -> None:
    syllabus = Syllabus("C", credits=Decimal(credits) if credits else None)
    assert verdict(institution(syllabi={"C": syllabus}), "TT-4-2") is wanted


def test_tt_2_4_and_5_1_the_register_of_systems() -> None:
    lms = System("S", "LMS", SystemPart.SOFTWARE, "x", covers=("5.3",))
    assert verdict(institution(systems={"S": lms}), "TT-2.4") is FAIL
    assert verdict(institution(systems={"S": lms}), "TT-5.1") is PASS
    assert verdict(institution(systems={"S": System("S", "x", SystemPart.SOFTWARE)}), "TT-5.1") is FAIL
    whole = {part.value: System(part.value, "x", part) for part in SystemPart}
    assert verdict(institution(systems=whole), "TT-2.4") is PASS


def test_tt_6_3_online_material_is_appraised_supplementary_included() -> None:
    shelf = keyed([material("M", "C")])
    assert verdict(institution(materials=shelf), "TT-6.3") is UNKNOWN
    assert verdict(institution(materials=shelf, material_standings={"M": approved()}), "TT-6.3") is PASS
    used = replace(approved(), state="draft", appraised_at=0, first_used_at=1)
    assert verdict(institution(materials=shelf, material_standings={"M": used}), "TT-6.3") is FAIL


def test_tt_7_1_no_media_producer_is_flagged() -> None:
    duties = [d for d in Appointed if d is not Appointed.MEDIA_PRODUCER]
    rows = {("A", d.value, "", ""): Appointment("A", d) for d in duties}
    (finding,) = found(institution(appointments=rows), "TT-7.1")
    assert (finding.verdict, finding.what.params["items"]) == (FAIL, "media_producer")


@pytest.mark.parametrize(
    ("guided", "wanted"),
    [(date(2026, 9, 6), PASS), (date(2026, 9, 7), WARN), (date(2026, 9, 8), FAIL)],
)
def test_tt_7_5_guided_before_the_first_activity(guided: date, wanted: Verdict) -> None:
    s = institution(
        intakes={"K1": Intake("K1", None, date(2026, 9, 7))},
        evidence=evidence(ev(K.ORIENTATION, "K1", signed=guided)),
    )
    assert verdict(s, "TT-7.5") is wanted


@pytest.mark.parametrize(("declared", "wanted"), [("500", WARN), ("600", PASS)])
def test_tt_8_1_bandwidth_that_equals_the_need_suffices(declared: str, wanted: Verdict) -> None:
    rows = evidence(
        ev(K.CAPACITY_NEED, value=400 * Decimal("1.5")), ev(K.CAPACITY_DECLARED, value=Decimal(declared))
    )
    assert verdict(institution(evidence=rows), "TT-8.1-1") is wanted


def test_tt_11_1_seven_of_eight_topics_name_the_missing_one() -> None:
    rows = [ev(K.REGULATION_TOPIC, topic=f"online_{name}") for name in ONLINE_TOPICS]
    assert verdict(institution(evidence=evidence(*rows)), "TT-11.1") is PASS
    (finding,) = found(institution(evidence=evidence(*rows[:7])), "TT-11.1")
    assert (finding.verdict, finding.what.params["items"]) == (FAIL, "online_other")


@pytest.mark.parametrize(
    ("first", "wanted"), [(date(2026, 3, 1), PASS), (date(2026, 2, 28), FAIL), (None, PASS)]
)
def test_tt_12_5_the_regulation_comes_before_the_first_online_course(
    first: date | None, wanted: Verdict
) -> None:
    issued = evidence(ev(K.ONLINE_REGULATION, number="5", signer="R"))
    s = institution(evidence=issued, totals={"C": CourseTotals(first_activity=first)})
    assert verdict(s, "TT-12.5") is wanted


def test_tt_12_4_a_group_that_was_not_asked_leaves_the_report_incomplete() -> None:
    rows = evidence(ev(K.EFFECTIVENESS_REPORT, items=("learners", "lecturers")))
    (finding,) = found(institution(evidence=rows), "TT-12.4-1")
    assert (finding.verdict, finding.what.params["items"]) == (WARN, "support_staff")
    assert verdict(institution(courses={}), "TT-12.5") is NOT_APPLICABLE
