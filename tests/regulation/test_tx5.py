"""TX Điều 5: minimum requirements."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.evidence import COMPONENTS
from delivery.catalogue.kinds import ComponentKind, EmploymentKind, MaterialRole
from delivery.catalogue.model import Component, Programme
from delivery.catalogue.register_kinds import Answer, Appointed, SystemPart
from delivery.catalogue.registers import (
    Appointment,
    Intake,
    MaterialPlan,
    PlannedCourse,
    RegularIntake,
    System,
    Teaching,
)
from delivery.regulation.findings import Verdict
from delivery.regulation.rules.tx5 import longest_run
from delivery.regulation.rules.tx5_material import material_due
from delivery.regulation.rules.tx5_staff import is_doctor
from delivery.regulation.snapshot import CourseTotals, Snapshot
from tests.regulation.institution import (
    FAIL,
    NETWORK,
    NOT_APPLICABLE,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    P,
    approved,
    contract,
    course,
    details,
    enrolled,
    ev,
    evidence,
    found,
    institution,
    keyed,
    learner,
    material,
    people_of,
    person,
    values_changed,
    verdict,
)

VISITING = EmploymentKind.VISITING


def test_tx_5_1_eight_yesterday_and_seven_today_block_today() -> None:
    rows = [ev(K.COMPONENT, topic=name, people=("A",), until=date(2026, 11, 20)) for name in COMPONENTS]
    held = {"material_standings": {"M": approved()}, "evidence": evidence(*rows)}
    assert verdict(institution(on=date(2026, 11, 20), **held), "TX-5.1") is PASS
    assert verdict(institution(on=date(2026, 11, 21), **held), "TX-5.1") is FAIL


def _intakes(*years: int, empty: tuple[int, ...] = ()) -> dict[tuple[str, int], RegularIntake]:
    return {("7480201", y): RegularIntake("7480201", y, 0 if y in empty else 50) for y in years}


OPENED = evidence(ev(K.MAJOR_OPENING, "7480201", signed=date(2020, 1, 1)))


@pytest.mark.parametrize(
    ("intakes", "wanted"),
    [
        (_intakes(2022, 2023, 2024), PASS),
        (_intakes(2022, 2024, 2025), FAIL),
        (_intakes(2023, 2024), FAIL),
        (_intakes(2022, 2023, 2024, empty=(2023,)), FAIL),
        ({}, UNKNOWN),
    ],
)
def test_tx_5_2_1_three_regular_intakes_in_a_row(
    intakes: dict[tuple[str, int], RegularIntake], wanted: Verdict
) -> None:
    assert verdict(institution(regular_intakes=intakes, evidence=OPENED), "TX-5.2-1") is wanted


def test_tx_5_2_1_needs_the_decision_to_open_the_major() -> None:
    assert verdict(institution(regular_intakes=_intakes(2022, 2023, 2024)), "TX-5.2-1") is UNKNOWN
    assert longest_run([2019, 2021, 2022, 2023]) == 3


@pytest.mark.parametrize(
    ("code", "licensed", "judged", "wanted"),
    [
        ("7720101", None, False, FAIL),
        ("7720301", None, False, FAIL),
        ("7140201", None, False, FAIL),
        ("7140201", Answer.NO, True, FAIL),
        ("7720701", Answer.NO, True, PASS),
        ("7720701", Answer.NO, False, FAIL),
        ("7480201", None, False, PASS),
        ("7480201", Answer.YES, False, FAIL),
    ],
)
def test_tx_5_2_2_health_with_a_licence_and_teacher_training_are_excluded(
    code: str, licensed: Answer | None, judged: bool, wanted: Verdict
) -> None:
    s = institution(
        programmes={P: Programme(P, "1", P, code, Decimal(120), 54)},
        programme_details=details(licensed_practice=licensed),
        evidence=evidence(ev(K.LICENCE_JUDGEMENT, P)) if judged else {},
    )
    assert verdict(s, "TX-5.2-2") is wanted


def test_tx_5_3_the_newest_issuing_decision_counts() -> None:
    rows = [
        ev(K.PROGRAMME_APPRAISAL, P, signed=date(2024, 4, 1)),
        ev(K.PROGRAMME_ISSUE, P, signed=date(2024, 5, 2), number="1"),
        ev(K.PROGRAMME_ISSUE, P, signed=date(2026, 4, 10), number="2"),
    ]
    (finding,) = found(institution(evidence=evidence(*rows)), "TX-5.3")
    assert (finding.verdict, finding.value) == (PASS, "2")
    early = [
        ev(K.PROGRAMME_APPRAISAL, P, signed=date(2024, 4, 1)),
        ev(K.PROGRAMME_ISSUE, P, signed=date(2024, 3, 1)),
    ]
    assert verdict(institution(evidence=evidence(*early)), "TX-5.3") is FAIL


@pytest.mark.parametrize(("ls", "wanted"), [(0, WARN), (3, PASS)])
def test_tx_5_4_1_no_interaction_at_all_is_shown(ls: int, wanted: Verdict) -> None:
    s = institution(totals={"C": CourseTotals(learners=20, learner_lecturer=ls)})
    assert verdict(s, "TX-5.4-1") is wanted


def test_tx_5_4_2_one_unit_leads_both_programmes() -> None:
    assert verdict(institution(), "TX-5.4-2") is PASS
    other = details(lead_unit="Khoa mới")
    assert verdict(institution(programme_details=other), "TX-5.4-2") is FAIL
    moved = evidence(ev(K.UNIT_SUCCESSOR, P))
    assert verdict(institution(programme_details=other, evidence=moved), "TX-5.4-2") is PASS


def test_tx_5_5_a_final_component_only_is_an_error() -> None:
    only = {("C", "CK"): Component("C", "CK", "Cuối kỳ", ComponentKind.FINAL, Decimal(100))}
    assert verdict(institution(components=only), "TX-5.5") is FAIL
    assert verdict(institution(), "TX-5.5") is PASS


# --- khoản 7 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("trained", "wanted"),
    [(date(2026, 8, 31), PASS), (date(2026, 9, 1), PASS), (date(2026, 9, 2), FAIL), (None, FAIL)],
)
def test_tx_5_7_1_trained_before_duty_begins(trained: date | None, wanted: Verdict) -> None:
    rows = [ev(K.TRAINING, "X", signed=date(2026, 1, 1))]
    rows += [ev(K.TRAINING, "A", signed=trained)] if trained else []
    s = institution(
        teaching={("C", "A"): Teaching("C", "A", Decimal(120), starts=date(2026, 9, 1))},
        evidence=evidence(*rows),
    )
    assert verdict(s, "TX-5.7-1", "person:A") is wanted


def test_tx_5_7a_1_a_missing_degree_is_listed() -> None:
    s = institution(
        people=keyed([person("A", degree="")]), teaching={("C", "A"): Teaching("C", "A", Decimal(1))}
    )
    assert verdict(s, "TX-5.7a-1") is WARN


def _lead(code: str) -> dict[tuple[str, str, str, str], Appointment]:
    return {(code, "programme_lead", "", P): Appointment(code, Appointed.PROGRAMME_LEAD, "", P)}


@pytest.mark.parametrize(
    ("who", "hours", "wanted"),
    [
        (person("A"), 30, PASS),
        (person("A"), 0, FAIL),
        (person("A", VISITING), 30, FAIL),
        (person("A", degree="Thạc sĩ Toán"), 30, FAIL),
    ],
)
def test_tx_5_7a_2_leading_doctors_are_permanent_and_teach(who: object, hours: int, wanted: Verdict) -> None:
    taught = {("C", "A"): Teaching("C", "A", Decimal(3), Decimal(hours))} if hours else {}
    s = institution(people={"A": who}, appointments=_lead("A"), teaching=taught)
    assert verdict(s, "TX-5.7a-2") is wanted


@pytest.mark.parametrize(
    ("degree", "doctor"),
    [("Tiến sĩ Thống kê", True), ("TS. Toán", True), ("PGS.TS", True), ("Thạc sĩ", False), ("", False)],
)
def test_tx_5_7a_2_knows_a_doctorate(degree: str, doctor: bool) -> None:
    assert is_doctor(degree) is doctor


def _taught(visiting: str, partner: str = "0", **tables: object) -> Snapshot:
    """V = `visiting` credits of 120, of which `partner` by permanent staff of C1."""
    own = Decimal(visiting) - Decimal(partner)
    rows = {
        ("C", "A"): Teaching("C", "A", Decimal(120) - Decimal(visiting)),
        ("C", "V"): Teaching("C", "V", own),
        ("C", "W"): Teaching("C", "W", Decimal(partner)),
    }
    staff = keyed([person("A"), person("V", VISITING), person("W", VISITING, institution="C1")])
    base = {"teaching": rows, "people": staff, "contracts": {"HD1": contract()}}
    return institution(**{**base, **tables})


@pytest.mark.parametrize(
    ("visiting", "partner", "wanted", "value"),
    [
        ("36.0", "0", PASS, "30"),
        ("36.12", "24.0", FAIL, "30.1"),
        ("36.12", "24.12", PASS, "30.1"),
        ("60.0", "24.12", PASS, "50"),
        ("60.12", "60.12", FAIL, "50.1"),
    ],
)
def test_tx_5_7b_visiting_lecturers(visiting: str, partner: str, wanted: Verdict, value: str) -> None:
    (finding,) = found(_taught(visiting, partner), "TX-5.7b")
    assert (finding.verdict, finding.value) == (wanted, value)


def test_tx_5_7b_an_expired_contract_makes_partner_staff_ordinary_visitors() -> None:
    ended = {"HD1": contract(ends=date(2026, 11, 20))}
    assert verdict(_taught("40", "40"), "TX-5.7b") is PASS
    assert verdict(_taught("40", "40", contracts=ended), "TX-5.7b") is FAIL


def test_tx_5_7b_full_time_contract_is_not_visiting_and_co_teaching_counts_its_part() -> None:
    staff = keyed([person("A"), person("V", EmploymentKind.FULL_TIME_CONTRACT), person("W")])
    assert verdict(_taught("60", people=staff), "TX-5.7b") is PASS
    shared = {
        ("C", "A"): Teaching("C", "A", Decimal(2)),
        ("C", "V"): Teaching("C", "V", Decimal(1)),
    }
    (finding,) = found(
        institution(
            courses=keyed([course("C", "3"), course("D", "117", lecturer="A")]),
            teaching=shared,
            people=keyed([person("A"), person("V", VISITING)]),
        ),
        "TX-5.7b",
    )
    assert finding.value == "0.83"  # 1 of 120


def test_profile_1_a_changed_value_flips_a_plan_at_28_percent() -> None:
    assert verdict(_taught("33.6"), "TX-5.7b") is PASS
    s = _taught("33.6", profiles=values_changed("visiting_share_max", "25"))
    (finding,) = found(s, "TX-5.7b")
    assert (finding.verdict, finding.value, finding.threshold) == (FAIL, "28", "25")


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [("literal", PASS), ("above_limit_partner_only", PASS), ("partner_only", FAIL)],
)
def test_tx_5_7b_stricter_readings_are_choices(rule: str, wanted: Verdict) -> None:
    s = _taught("60", "30", profiles=values_changed("visiting_rule", rule))
    assert verdict(s, "TX-5.7b") is wanted


# --- khoản 8 --------------------------------------------------------------------------------------------


def test_tx_5_8b_a_system_without_a_producer_is_flagged() -> None:
    systems = {
        "S": System("S", "LMS", SystemPart.SOFTWARE, "Hãng"),
        "T": System("T", "T", SystemPart.SOFTWARE),
    }
    s = institution(systems=systems)
    assert verdict(s, "TX-5.8b", "system:S") is PASS
    assert verdict(s, "TX-5.8b", "system:T") is WARN
    other = details(distance_system="X")
    assert verdict(institution(systems=systems, programme_details=other), "TX-5.8b", "programme:P1") is FAIL


@pytest.mark.parametrize(("seen", "wanted"), [(date(2026, 11, 7), PASS), (date(2026, 11, 6), WARN)])
def test_tx_5_8c_3_a_learner_is_listed_on_day_15(seen: date, wanted: Verdict) -> None:
    s = institution(standings=people_of(learner("L", enrolled())), last_seen={"L": seen})
    assert verdict(s, "TX-5.8c-3") is wanted


@pytest.mark.parametrize(("asked", "wanted"), [(date(2026, 11, 14), PASS), (date(2026, 11, 13), WARN)])
def test_tx_5_8c_5_questions_wait_only_so_long(asked: date, wanted: Verdict) -> None:
    sums = CourseTotals(learners=1, learner_lecturer=1, unanswered=1, oldest_unanswered=asked)
    assert verdict(institution(totals={"C": sums}), "TX-5.8c-5") is wanted


def _years(complete: int, of: int, year: int = 2) -> Snapshot:
    courses = [course(f"C{n}", "1") for n in range(of)]
    held = [
        row
        for n in range(complete)
        for row in (
            material(f"M{n}", f"C{n}"),
            material(f"S{n}", f"C{n}", role=MaterialRole.SUPPLEMENTARY),
        )
    ]
    return institution(
        courses=keyed(courses),
        materials=keyed(held),
        material_standings={row.code: approved(NETWORK) for row in held},
        plan_courses={(P, c.code): PlannedCourse(P, c.code, year) for c in courses},
    )


def test_tx_5_8dd_1_every_course_of_the_first_two_years() -> None:
    assert verdict(_years(26, 26), "TX-5.8dd-1") is PASS
    (finding,) = found(_years(25, 26), "TX-5.8dd-1")
    assert (finding.verdict, finding.value, finding.rests_on) == (FAIL, "25", ("C25",))
    assert verdict(_years(26, 26, year=3), "TX-5.8dd-1") is UNKNOWN


def test_tx_5_8dd_2_a_later_course_has_a_plan() -> None:
    s = _years(0, 1, year=4)
    assert verdict(s, "TX-5.8dd-2") is FAIL
    plan = {"C0": MaterialPlan("C0", "A", ("digital",), date(2027, 1, 1))}
    assert verdict(s.changed(material_plans=plan), "TX-5.8dd-2") is PASS


@pytest.mark.parametrize(
    ("start", "year", "due"),
    [
        (date(2025, 9, 6), 3, date(2026, 9, 6)),
        (date(2028, 2, 29), 1, date(2027, 2, 28)),
    ],
)
def test_tx_5_8dd_3_the_due_day_is_twelve_months_before(start: date, year: int, due: date) -> None:
    assert material_due(start, year, 12) == due


@pytest.mark.parametrize(("on", "wanted"), [(date(2026, 9, 6), PASS), (date(2026, 9, 7), FAIL)])
def test_tx_5_8dd_3_approved_on_the_due_day_is_in_time(on: date, wanted: Verdict) -> None:
    s = _years(1, 1, year=3).changed(intakes={"K1": Intake("K1", None, date(2025, 9, 6))})
    late = {code: approved(NETWORK, on=on) for code in s.material_standings}
    assert verdict(s.changed(material_standings=late), "TX-5.8dd-3") is wanted


# --- khoản 10 -------------------------------------------------------------------------------------------


def test_tx_5_10_1_a_scheme_without_risks_is_incomplete() -> None:
    parts = [ev(K.SCHEME_PART, P, t) for t in ("necessity", "preparation", "solutions_and_roadmap")]
    assert verdict(institution(evidence=evidence(*parts)), "TX-5.10-1") is FAIL
    parts.append(ev(K.SCHEME_PART, P, "risks"))
    assert verdict(institution(evidence=evidence(*parts)), "TX-5.10-1") is PASS
    before = details(first_intake=date(2020, 9, 1))
    assert verdict(institution(programme_details=before), "TX-5.10-1") is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("opinion", "council", "wanted"),
    [
        (date(2026, 2, 1), date(2026, 2, 1), PASS),
        (date(2026, 2, 2), date(2026, 2, 1), FAIL),
    ],
)
def test_tx_5_10_2_steps_in_their_order(opinion: date, council: date, wanted: Verdict) -> None:
    rows = [
        ev(K.RECTOR_PROPOSAL, P, signed=date(2026, 1, 1)),
        ev(K.COUNCIL_OPINION, P, signed=opinion),
        ev(K.POLICY_DECISION, P, signed=council),
    ]
    assert verdict(institution(evidence=evidence(*rows)), "TX-5.10-2") is wanted


def test_tx_5_10_3_approval_rests_on_an_appraisal_with_a_file() -> None:
    decisions = [ev(K.SCHEME_APPROVAL, P), ev(K.DISTANCE_DECISION, P)]
    assert verdict(institution(evidence=evidence(*decisions)), "TX-5.10-3") is UNKNOWN
    bare = ev(K.READINESS_APPRAISAL, P)
    assert verdict(institution(evidence=evidence(bare, *decisions)), "TX-5.10-3") is FAIL
    whole = ev(K.READINESS_APPRAISAL, P, digest="ab")
    assert verdict(institution(evidence=evidence(whole, *decisions)), "TX-5.10-3") is PASS


def test_tx_5_9_one_red_row_of_the_online_circular_closes_it_for_network_programmes() -> None:
    assert verdict(institution(), "TX-5.9") in (FAIL, UNKNOWN)
    assert verdict(institution(courses=keyed([course("C", "120", POSTAL)])), "TX-5.9") is NOT_APPLICABLE
