"""Rules that rest on evidence alone, and rules that refer to others: each with what satisfies and what breaks it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from delivery.catalogue.evidence import EvidenceKind
from delivery.catalogue.kinds import ActivityKind, GradingBasis
from delivery.catalogue.learner_rows import AttemptKind
from delivery.catalogue.register_kinds import (
    Appointed,
    InstitutionKind,
    SessionKind,
    StandingEvent,
    TermKind,
)
from delivery.catalogue.registers import (
    AcademicTerm,
    Appointment,
    Contract,
    InstitutionDetails,
    Session,
    StudyPlan,
    Teaching,
    Ticket,
)
from delivery.regulation.findings import Verdict
from delivery.regulation.snapshot import CourseTotals
from tests.regulation.institution import (
    BROADCAST,
    FAIL,
    NETWORK,
    NOT_APPLICABLE,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    P,
    activity,
    approved,
    at,
    contract,
    course,
    details,
    enrolled,
    ev,
    event,
    evidence,
    found,
    institution,
    keyed,
    learner,
    material,
    people_of,
    result,
    term,
    verdict,
)

ON_FILE: list[tuple[str, EvidenceKind, str, str, Verdict]] = [
    ("TX-5.8c-4", K.ACCESS_RULES, "", "", UNKNOWN),
    ("TX-5.8d", K.LIBRARY_HOLDING, "C", "", WARN),
    ("TX-7.3a-1", K.COORDINATION_RULES, "", "", UNKNOWN),
    ("TX-9.5-3", K.GUIDANCE, P, "", WARN),
    ("TX-9.9-2", K.REGULATION_TOPIC, "", "personal_data", UNKNOWN),
    ("TX-13.1a-2", K.REGULATION_TOPIC, "", "decision_procedure", UNKNOWN),
    ("TX-13.1c", K.QUALITY_FILE, "", "", UNKNOWN),
    ("TX-14.5c", K.STANDARDS_EVIDENCE, P, "", UNKNOWN),
    ("TX-14.5d", K.SELF_REVIEW, "", "", UNKNOWN),
    ("T8-9.5b", K.REGULATION_TOPIC, "", "exam_organisation", UNKNOWN),
    ("TT-3.2", K.IMPROVEMENT, "", "", UNKNOWN),
    ("TT-8.1-2", K.SECURITY_DOSSIER, "", "", UNKNOWN),
    ("TT-8.2", K.ACCESS_RULES, "", "", UNKNOWN),
    ("TT-11.2", K.REGULATION_TOPIC, "", "online_operation", UNKNOWN),
    ("TT-11.3", K.REGULATION_TOPIC, "", "online_staff", UNKNOWN),
    ("TT-11.4", K.REGULATION_TOPIC, "", "online_property_and_data", UNKNOWN),
    ("TT-11.5", K.REGULATION_TOPIC, "", "online_credit_recognition", UNKNOWN),
    ("TT-11.6", K.REGULATION_TOPIC, "", "online_feedback", UNKNOWN),
    ("TT-11.7", K.REGULATION_TOPIC, "", "online_records", UNKNOWN),
    ("TT-12.2", K.ONLINE_OBJECTIVES, "C", "", UNKNOWN),
]


@pytest.mark.parametrize(
    ("clause", "kind", "about", "topic", "without"), ON_FILE, ids=[r[0] for r in ON_FILE]
)
def test_evidence_satisfies_and_its_lack_is_never_taken_for_fulfilment(
    clause: str, kind: EvidenceKind, about: str, topic: str, without: Verdict
) -> None:
    assert verdict(institution(), clause) is without
    held = ev(kind, about, topic)
    assert verdict(institution(evidence=evidence(held)), clause) is PASS
    # Dated after the day of the check, it is not there yet.
    later = institution(evidence=evidence(replace(held, signed=date(2026, 11, 22))))
    assert verdict(later, clause) is not PASS


@pytest.mark.parametrize("clause", ["TX-5.8c-4", "TX-7.3a-1", "TX-13.1c", "TX-14.5c"])
def test_evidence_that_has_expired_does_not_count(clause: str) -> None:
    (row,) = [r for r in ON_FILE if r[0] == clause]
    ended = ev(row[1], row[2], row[3], until=date(2026, 11, 20))
    assert verdict(institution(evidence=evidence(ended)), clause) is FAIL


@pytest.mark.parametrize(
    ("clause", "item"),
    [
        ("TX-14.4a", "regulation"),
        ("TX-14.4b", "decision"),
        ("TX-14.4c", "programme"),
        ("TX-14.4d", "conditions"),
        ("TX-14.4dd", "intake"),
    ],
)
def test_each_item_is_public_only_with_an_address(clause: str, item: str) -> None:
    assert verdict(institution(evidence=evidence(ev(K.PUBLICATION, P, item))), clause) is UNKNOWN
    shown = ev(K.PUBLICATION, P, item, url="https://u.edu.vn")
    assert verdict(institution(evidence=evidence(shown)), clause) is PASS
    # What is published for the whole institution counts for each programme.
    whole = ev(K.PUBLICATION, "", item, url="https://u.edu.vn")
    assert verdict(institution(evidence=evidence(whole)), clause) is PASS


LOW = term(1, average="0.5", closed=date(2026, 6, 1))
GONE = event(StandingEvent.DISMISSED, date(2026, 6, 1), decision="1")


def _learner(*rows: Any) -> dict[str, Any]:
    return {"standings": people_of(learner("L", enrolled(), *rows))}


OVERLOAD = {
    f"S{n}": Session(f"S{n}", "C", SessionKind.LECTURE, "MAIN", at(date(2026, 9, 7), 8 + n), 60)
    for n in range(4)
}
UNTRAINED = {
    "teaching": {("C", "A"): Teaching("C", "A", Decimal(120))},
    "evidence": evidence(ev(K.TRAINING, "B")),
}
# clause over others, the clause that breaks it, tables that break that one
REFERRING: list[tuple[str, str, dict[str, Any]]] = [
    (
        "TX-6.1b",
        "TX-5.4-2",
        {"programme_details": details(lead_unit="X"), "evidence": evidence(ev(K.DISTANCE_DECISION, P))},
    ),
    ("TX-8.1", "T8-6.4", {"sessions": OVERLOAD}),
    (
        "TX-8.2",
        "T8-7.4b",
        {**_learner(term(1, registered="30")), "plans": {(P, "S"): StudyPlan(P, "S", 54, 9)}},
    ),
    ("TX-9.1-2", "T8-8.1c", {"evidence": evidence(ev(K.IMPROVEMENT))}),
    (
        "TX-9.2",
        "TX-7.3c",
        {
            "evidence": evidence(ev(K.PARTNER_FAILED, "C1")),
            "standings": people_of(learner("L", enrolled(), site="C1")),
        },
    ),
    ("TX-9.3", "TX-5.7-1", UNTRAINED),
    ("TX-9.4", "TT-5.1", {"systems": {"S": object()}}),
    ("TX-9.10", "T8-15.1a", _learner(event(StandingEvent.LEAVE_MEDICAL, date(2025, 1, 1)))),
    ("TX-10.1", "T8-9.3a", _learner(result("C", "8.4", "A"))),
    ("TX-10.4", "T8-11.3b", _learner(GONE)),
    (
        "TX-11.1",
        "T8-13.3",
        _learner(event(StandingEvent.EXEMPTED, date(2024, 9, 1), value=Decimal(61), decision="1")),
    ),
    ("TX-11.2", "T8-14.1", _learner(term(1, earned=100), event(StandingEvent.GRADUATED, date(2026, 9, 1)))),
    ("TX-13.2c", "TX-5.7-1", UNTRAINED),
    ("TX-13.2d", "TX-12.1-1", {"evidence": evidence(ev(K.INTERNAL_INSPECTION, until=date(2026, 4, 1)))}),
    ("TT-7.2", "TX-5.7-1", UNTRAINED),
    ("TT-12.3", "TX-5.7-1", UNTRAINED),
    ("TT-10.1", "TX-12.2b", {"programme_details": details(first_graduation=date(2026, 6, 30))}),
    (
        "TT-6.2",
        "TX-4.5-2",
        {
            "materials": keyed([material("M", "C"), material("N", "C")]),
            "material_standings": {"M": approved(NETWORK, on=date(2024, 5, 1))},
            "evidence": evidence(ev(K.MATERIAL_REVIEW, "N", "academic")),
        },
    ),
    ("TT-3.5", "TT-4-2", {"syllabi": {"C": None}}),
]


@pytest.mark.parametrize(("clause", "cause", "tables"), REFERRING, ids=[r[0] for r in REFERRING])
def test_a_clause_that_refers_to_others_names_the_one_that_is_broken(
    clause: str, cause: str, tables: dict[str, Any]
) -> None:
    tables = dict(tables)
    if "systems" in tables:
        from delivery.catalogue.register_kinds import SystemPart
        from delivery.catalogue.registers import System

        tables["systems"] = {"S": System("S", "x", SystemPart.SOFTWARE)}
    if "syllabi" in tables:
        from delivery.catalogue.registers import Syllabus

        tables["syllabi"] = {"C": Syllabus("C", credits=Decimal(100))}
    s = institution(**tables)
    assert FAIL in {f.verdict for f in found(s, cause)}
    (finding,) = found(s, clause, "programme:P1")
    assert finding.verdict is FAIL
    named = str(finding.what)
    assert cause in named or clause in ("TX-9.4", "TX-9.2"), named


def test_tt_10_2_and_5_3a_2_refer_as_well() -> None:
    old = {
        "materials": keyed([material("M", "C")]),
        "material_standings": {"M": approved(NETWORK, on=date(2024, 5, 1))},
    }
    assert verdict(institution(**old), "TT-10.2") is UNKNOWN
    waiting = CourseTotals(learners=1, learner_lecturer=1, unanswered=1, oldest_unanswered=date(2026, 10, 1))
    assert verdict(institution(totals={"C": waiting}), "TT-5.3a-2") is WARN


# --- rules with a little arithmetic of their own --------------------------------------------------------


def test_tx_1_2_and_5_6_and_13_1a_1_of_the_institution() -> None:
    assert verdict(institution(), "TX-1.2") is UNKNOWN
    told = {"U": InstitutionDetails("U", InstitutionKind.HIGHER_EDUCATION)}
    assert verdict(institution(institution_details=told), "TX-1.2") is PASS
    assert verdict(institution(), "TX-5.6") is PASS
    assert verdict(institution(), "TX-13.1a-1") is PASS
    assert verdict(institution(), "TXC-2-2") is PASS


def test_tx_5_8c_2_content_that_is_not_stored_is_shown() -> None:
    assert verdict(institution(materials=keyed([material("M", "C", content="")])), "TX-5.8c-2") is WARN
    assert verdict(institution(materials=keyed([material("M", "C")])), "TX-5.8c-2") is PASS


def test_tx_7_3d_complaints_about_a_contract_have_an_outcome() -> None:
    held: dict[str, Contract] = {"HD1": contract()}
    open_one = {"T": Ticket("T", date(2026, 5, 1), "post", subject="HD1")}
    assert verdict(institution(contracts=held, tickets=open_one), "TX-7.3d") is WARN
    settled = {"T": replace(open_one["T"], outcome="đã giải quyết")}
    assert verdict(institution(contracts=held, tickets=settled), "TX-7.3d") is PASS


def test_tx_9_5_2_a_course_without_components_has_no_assessment_table() -> None:
    assert verdict(institution(), "TX-9.5-2") is PASS
    assert verdict(institution(components={}), "TX-9.5-2") is UNKNOWN


def test_tx_12_1_1_a_finding_past_its_day_is_red() -> None:
    overdue = ev(K.INTERNAL_INSPECTION, until=date(2026, 11, 20))
    assert verdict(institution(evidence=evidence(overdue)), "TX-12.1-1") is FAIL
    done = replace(overdue, effective=date(2026, 11, 19))
    assert verdict(institution(evidence=evidence(done)), "TX-12.1-1") is PASS
    assert verdict(institution(), "TX-12.1-1") is UNKNOWN


def test_tx_13_1d_rules_and_checks_of_integrity() -> None:
    rules_only = evidence(ev(K.INTEGRITY_RULES))
    assert verdict(institution(evidence=rules_only), "TX-13.1d") is UNKNOWN
    both = evidence(ev(K.INTEGRITY_RULES), ev(K.SIMILARITY_CHECK))
    assert verdict(institution(evidence=both), "TX-13.1d") is PASS


def test_tx_13_2a_2_one_self_review_in_each_calendar_year() -> None:
    launched = ev(K.DISTANCE_DECISION, P, signed=date(2024, 3, 4))
    one = ev(K.SELF_REVIEW, signed=date(2025, 12, 31))
    assert verdict(institution(evidence=evidence(launched, one)), "TX-13.2a-2") is PASS
    late = replace(one, signed=date(2026, 1, 1))
    assert verdict(institution(evidence=evidence(launched, late)), "TX-13.2a-2") is FAIL


def test_tx_14_1b_each_partner_reports_to_three() -> None:
    sent = [
        ev(K.REPORT_SENT, "C1", to, signed=date(2026, 12, 30), value=Decimal(2026))
        for to in ("ministry", "province", "commune")
    ]
    s = institution(on=date(2026, 12, 31), evidence=evidence(*sent))
    assert verdict(s, "TX-14.1b", "annex2:C1/2026") is PASS
    assert verdict(s, "TX-14.1b", "annex2:C2/2026") is FAIL
    alone = institution(sites={"MAIN": s.sites["MAIN"]})
    assert verdict(alone, "TX-14.1b") is NOT_APPLICABLE


def test_t8_6_3_a_course_without_an_examination_cannot_be_published() -> None:
    lesson = Session("S", "C", SessionKind.LECTURE, "MAIN", at(date(2026, 10, 1)), 50)
    assert verdict(institution(sessions={"S": lesson}), "T8-6.3") is FAIL
    exam = replace(lesson, code="E", kind=SessionKind.EXAM)
    assert verdict(institution(sessions={"S": lesson, "E": exam}), "T8-6.3") is PASS


def test_t8_8_improvements_assignments_and_summaries() -> None:
    assert verdict(institution(evidence=evidence(ev(K.IMPROVEMENT))), "T8-8.1c") is FAIL
    whole = ev(K.IMPROVEMENT, items=("KT-1",), number="3")
    assert verdict(institution(evidence=evidence(whole)), "T8-8.1c") is PASS
    half = {("C", "A"): Teaching("C", "A", Decimal(60))}
    assert verdict(institution(teaching=half), "T8-8.3a") is WARN
    assert verdict(institution(), "T8-8.3a") is UNKNOWN
    over = keyed([activity("a", "C", due=date(2026, 6, 1))])
    (open_one,) = found(institution(activities=over), "T8-8.3b")
    assert (open_one.verdict, open_one.value, open_one.threshold) == (WARN, "0", "1")


def test_t8_9_3b_and_9_6_and_10_of_results_and_profiles() -> None:
    pass_only = keyed([replace(course("C", "120"), grading=GradingBasis.PASS_ONLY)])
    wrong = _learner(result("C", "4.9", "P"))
    assert verdict(institution(courses=pass_only, **wrong), "T8-9.3b") is FAIL
    right = _learner(result("C", "5.0", "P"))
    assert verdict(institution(courses=pass_only, **right), "T8-9.3b") is PASS
    both = keyed([activity("a", "C"), activity("b", "C", mode=POSTAL)])
    assert verdict(institution(activities=both), "T8-9.6") is PASS
    assert verdict(institution(), "T8-10.2") is PASS
    assert verdict(institution(), "T8-10.5a") is PASS
    shrunk = _learner(term(1, earned=20), term(2, earned=10))
    assert verdict(institution(**shrunk), "T8-10.1") is FAIL
    assert verdict(institution(**_learner(term(1), term(2))), "T8-10.6") is PASS


@pytest.mark.parametrize(("average", "wanted"), [("4.00", PASS), ("3.99", FAIL)])
def test_t8_10_3_the_average_handed_over_is_the_one_of_the_results(average: str, wanted: Verdict) -> None:
    rows = (term(1, average=average), result("C", "9.0", "A"))
    outside_programme = result("X", "4.0", "D")
    assert verdict(institution(**_learner(*rows, outside_programme)), "T8-10.3") is wanted


def test_t8_11_2_warnings_in_a_row_and_time_that_is_over() -> None:
    terms = [term(n, closed=date(2025, n, 1)) for n in range(1, 4)]
    warned = [event(StandingEvent.WARNED, date(2025, n, 10), decision="1") for n in range(1, 4)]
    assert verdict(institution(**_learner(*terms, *warned)), "T8-11.2a") is WARN
    assert verdict(institution(**_learner(*terms, *warned[1:])), "T8-11.2a") is PASS
    on = date(2040, 1, 1)
    late = institution(on=on, standings=people_of(learner("L", enrolled(), on=on)))
    assert verdict(late, "T8-11.2b") is FAIL
    assert verdict(institution(**_learner()), "T8-11.2b") is PASS


def test_t8_14_3_the_class_on_the_degree_is_held_against_the_numbers() -> None:
    graduated = event(StandingEvent.GRADUATED, date(2026, 9, 1), detail="excellent")
    again = result("C", "9.0", "A", kind=AttemptKind.REPEAT)  # 120 credits relearned
    assert verdict(institution(**_learner(term(1, cumulative="3.65"), graduated)), "T8-14.3") is PASS
    assert verdict(institution(**_learner(term(1, cumulative="3.65"), graduated, again)), "T8-14.3") is FAIL


def test_t8_15_2_leave_has_an_end_or_a_return() -> None:
    away = event(StandingEvent.LEAVE_SERVICE, date(2023, 1, 1), decision="1")
    assert verdict(institution(**_learner(away)), "T8-15.2") is FAIL
    back = event(StandingEvent.RETURNED, date(2024, 6, 1))
    assert verdict(institution(**_learner(away, back)), "T8-15.2") is PASS


def test_t8_19_3_holders_of_a_degree_are_exempted_by_article_13() -> None:
    too_much = event(StandingEvent.EXEMPTED, date(2024, 9, 1), value=Decimal(61), decision="1")
    holder = people_of(learner("L", enrolled(level="university"), too_much))
    assert verdict(institution(standings=holder), "T8-19.3") is FAIL
    assert verdict(institution(**_learner(too_much)), "T8-19.3") is NOT_APPLICABLE


def test_tt_3_3_a_declared_mode_has_lessons_of_its_own() -> None:
    only_test = keyed([activity("a", "C", kind=ActivityKind.ASSIGNMENT, mode=BROADCAST)])
    assert verdict(institution(activities=only_test), "TT-3.3") is WARN
    lesson = keyed([activity("a", "C", mode=BROADCAST)])
    assert verdict(institution(activities=lesson), "TT-3.3") is PASS


def test_tt_6_1_appraised_material_was_judged_for_self_study() -> None:
    held = {"materials": keyed([material("M", "C")]), "material_standings": {"M": approved()}}
    assert verdict(institution(**held), "TT-6.1") is PASS


@pytest.mark.parametrize(
    ("clause", "duty", "kind"),
    [
        ("TT-7.3", Appointed.OPERATOR, K.HANDOVER_TRAINING),
        ("TT-7.4", Appointed.MEDIA_PRODUCER, K.PRODUCTION_TRAINING),
    ],
)
def test_tt_7_operators_and_producers_are_trained(clause: str, duty: Appointed, kind: EvidenceKind) -> None:
    rows = {("A", duty.value, "", ""): Appointment("A", duty)}
    assert verdict(institution(), clause) is UNKNOWN
    other = evidence(ev(kind, "B"))
    assert verdict(institution(appointments=rows, evidence=other), clause) is FAIL
    own = evidence(ev(kind, "A"))
    assert verdict(institution(appointments=rows, evidence=own), clause) is PASS


@pytest.mark.parametrize(
    ("number", "day", "wanted"),
    [("200", date(2026, 6, 1), PASS), ("4", date(2026, 6, 1), WARN), ("200", date(2025, 6, 1), WARN)],
)
def test_tt_10_3_satisfaction_within_a_year_from_enough_answers(
    number: str, day: date, wanted: Verdict
) -> None:
    row = evidence(ev(K.SATISFACTION, number=number, value=Decimal("4.2"), signed=day))
    assert verdict(institution(evidence=row), "TT-10.3") is wanted


def test_a_year_without_terms_is_unknown_and_an_unpublished_one_fails() -> None:
    assert verdict(institution(), "T8-6.2") is UNKNOWN
    rows = {
        ("2026", str(n)): AcademicTerm("2026", str(n), TermKind.MAIN, date(2026, 9, 7), 15) for n in range(2)
    }
    assert verdict(institution(terms=rows), "T8-6.2") is FAIL
