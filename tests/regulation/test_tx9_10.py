"""TX Điều 9 and 10: organisation and assessment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.register_kinds import Appointed, SessionKind
from delivery.catalogue.registers import Appointment, ExamPaper, Session, Syllabus
from delivery.regulation.findings import Verdict
from delivery.regulation.registry import rules
from delivery.regulation.snapshot import CourseTotals
from tests.regulation.institution import (
    DISTANCE_MODES,
    FAIL,
    NETWORK,
    PASS,
    POSTAL,
    UNKNOWN,
    WARN,
    K,
    activity,
    at,
    contract,
    enrolled,
    ev,
    evidence,
    found,
    institution,
    keyed,
    learner,
    people_of,
    verdict,
)


def test_tx_9_1_no_rule_of_the_year_based_system_and_none_of_online_at_most_30_percent() -> None:
    assert not [ident for ident in rules() if ident.startswith(("T8-12", "T8-8.2", "T8-7.4a"))]
    assert verdict(institution(), "TX-9.1-1") is PASS


@pytest.mark.parametrize(
    ("syllabus", "wanted"),
    [
        (Syllabus("C", learner_lecturer=("phiếu câu hỏi",), learner_learner=("nhóm học tập",)), PASS),
        (Syllabus("C", learner_lecturer=("phiếu câu hỏi",)), FAIL),
        (None, UNKNOWN),
    ],
)
def test_tx_9_7_1_a_channel_to_lecturers_and_one_among_learners(
    syllabus: Syllabus | None, wanted: Verdict
) -> None:
    s = institution(syllabi={"C": syllabus} if syllabus else {})
    assert verdict(s, "TX-9.7-1") is wanted


def test_tx_9_7_1_no_exchange_among_learners_by_the_end_is_shown() -> None:
    s = institution(
        syllabi={"C": Syllabus("C", learner_lecturer=("a",), learner_learner=("b",))},
        activities=keyed([activity("a", "C", due=date(2026, 6, 1))]),
        totals={"C": CourseTotals(learners=5)},
    )
    assert verdict(s, "TX-9.7-1") is WARN


def _kinds(mode: object, kinds: tuple[ActivityKind, ...]) -> list[object]:
    return [activity(f"{mode}-{kind}", "C", kind=kind, mode=mode) for kind in kinds]  # type: ignore[arg-type]


ALL = tuple(ActivityKind)


def test_tx_9_7_2_four_kinds_for_each_mode() -> None:
    assert verdict(institution(activities=keyed(_kinds(NETWORK, ALL[:3]))), "TX-9.7-2") is FAIL
    assert verdict(institution(activities=keyed(_kinds(NETWORK, ALL))), "TX-9.7-2") is PASS
    both = institution(activities=keyed([*_kinds(NETWORK, ALL), *_kinds(POSTAL, ALL[:1])]))
    assert verdict(both, "TX-9.7-2", "course:C/network") is PASS
    (finding,) = found(both, "TX-9.7-2", "course:C/postal")
    assert (finding.verdict, finding.value, finding.threshold) == (FAIL, "1", "4")
    assert verdict(institution(), "TX-9.7-2") is UNKNOWN
    assert len(DISTANCE_MODES) == 3


def test_tx_9_8_1_enrolled_learners_without_any_record_are_shown() -> None:
    assert verdict(institution(totals={"C": CourseTotals(learners=3)}), "TX-9.8-1") is WARN
    sums = CourseTotals(learners=3, recorded_minutes=10)
    assert verdict(institution(totals={"C": sums}), "TX-9.8-1") is PASS


def test_tx_9_8_2_recorded_over_designed_workload() -> None:
    s = institution(
        activities=keyed([activity("a", "C", minutes=2700)]),
        totals={"C": CourseTotals(learners=1, recorded_minutes=2430)},
    )
    (finding,) = found(s, "TX-9.8-2")
    assert finding.value == "90"


def test_tx_9_5_1_and_13_2b_everybody_takes_note_at_the_start() -> None:
    people = people_of(*(learner(f"L{n}", enrolled()) for n in range(100)))
    some = evidence(ev(K.RULES_EXPLAINED, "K1", value=Decimal(97)), ev(K.ORIENTATION, "K1"))
    s = institution(standings=people, evidence=some)
    (finding,) = found(s, "TX-13.2b")
    assert (finding.verdict, finding.value, finding.threshold) == (FAIL, "97", "100")
    assert verdict(s, "TX-9.5-1") is PASS


def test_tx_9_9_1_a_class_without_a_survey_is_open() -> None:
    over = keyed([activity("a", "C", due=date(2026, 6, 1))])
    assert verdict(institution(activities=over), "TX-9.9-1") is WARN
    rows = evidence(ev(K.SURVEY, "C", value=Decimal(31)), ev(K.SURVEY_SUMMARY, "C"))
    assert verdict(institution(activities=over, evidence=rows), "TX-9.9-1") is PASS


# --- Điều 10 --------------------------------------------------------------------------------------------


def _exam(site: str, present: int = 40, identified: int = 40) -> dict[str, Session]:
    return {
        "E": Session(
            "E",
            "C",
            SessionKind.EXAM,
            site,
            at(date(2026, 10, 1)),
            90,
            present=present,
            identified=identified,
        )
    }


@pytest.mark.parametrize(
    ("exam", "wanted"),
    [
        (_exam("outside"), FAIL),
        (_exam("MAIN"), PASS),
        (_exam("C1"), PASS),
        (_exam("C2"), FAIL),
        (_exam("MAIN", identified=39), FAIL),
    ],
    ids=["outside", "headquarters", "partner", "no contract", "one not identified"],
)
def test_tx_10_2_final_examinations(exam: dict[str, Session], wanted: Verdict) -> None:
    assert verdict(institution(sessions=exam, contracts={"HD1": contract()}), "TX-10.2") is wanted


@pytest.mark.parametrize(("article", "fails"), [("", True), ("Điều 12", False)])
def test_tx_10_2_an_online_final_names_its_article(article: str, fails: bool) -> None:
    s = institution(syllabi={"C": Syllabus("C", online_components=("CK",), final_online=article)})
    assert (verdict(s, "TX-10.2") is FAIL) is fails


PAPER = ExamPaper("D", "C", "A", "h1", "R", at(date(2026, 5, 1)), "h1", at(date(2026, 5, 2)))
HEAD = {
    ("R", "lead_unit_head", "Khoa CNTT", ""): Appointment("R", Appointed.LEAD_UNIT_HEAD, "Khoa CNTT"),
}


@pytest.mark.parametrize(
    ("paper", "wanted"),
    [
        (PAPER, PASS),
        (replace(PAPER, confirmed_by="", confirmed_at=None), FAIL),
        (replace(PAPER, confirmed_by="", confirmed_at=None, printed_at=None), UNKNOWN),
        (replace(PAPER, confirmed_by="A"), FAIL),
        (replace(PAPER, confirmed_by="B"), FAIL),
        (replace(PAPER, digest="h2"), FAIL),
        (replace(PAPER, printed_at=at(date(2026, 4, 30))), FAIL),
    ],
    ids=["confirmed", "printed first", "sealed", "own", "not the head", "edited", "printed before"],
)
def test_tx_10_3_exam_papers(paper: ExamPaper, wanted: Verdict) -> None:
    assert verdict(institution(exam_papers={"D": paper}, appointments=HEAD), "TX-10.3") is wanted
