"""The fold from facts to one learner record."""

from __future__ import annotations

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from delivery.record.facts import Fact
from delivery.record.fold import fold
from delivery.record.kinds import FactKind
from delivery.record.learner_record import LearnerRecord, as_json
from delivery.regulation.profile import load_profile
from tests.record.builders import (
    DAY,
    LEARNER,
    MIDNIGHT_7_SEPTEMBER,
    aired,
    attended,
    catalogue,
    enrolled,
    fact,
    left,
    mark,
    work,
)

CATALOGUE = catalogue()
RULES = load_profile("VN-2024").grading


def folded(*facts: Fact) -> LearnerRecord:
    return fold(LEARNER, facts, CATALOGUE, RULES)


def activity(record: LearnerRecord, code: str):  # type: ignore[no-untyped-def]
    return next(a for c in record.courses for a in c.activities if a.activity.code == code)


def test_an_activity_without_any_fact_is_not_recorded_rather_than_absent() -> None:
    record = folded(enrolled())
    assert {a.status for c in record.courses for a in c.activities} == {"not_recorded"}


def test_a_lesson_that_aired_counts_as_delivered_and_credits_nothing_until_the_learner_took_part() -> None:
    assert activity(folded(enrolled(), aired(2)), "C1-S1").status == "delivered"
    assert activity(folded(enrolled(), aired(2)), "C1-S1").minutes == 0
    recorded = activity(folded(enrolled(), aired(2), attended(3)), "C1-S1")
    assert (recorded.status, recorded.minutes, len(recorded.evidence)) == ("recorded", 50, 2)


def test_minutes_never_exceed_the_designed_workload() -> None:
    seen_three_times = [attended(n, f"a{n}") for n in (2, 3, 4)]
    assert activity(folded(enrolled(), *seen_three_times), "C1-S1").minutes == 50


def test_a_missing_page_leaves_the_work_incomplete_and_names_the_page() -> None:
    found = activity(folded(enrolled(), work(2, 2)), "C1-A1")
    assert (found.status, found.pages_missing, found.minutes) == ("incomplete", (1,), 0)


def test_the_same_sheet_by_phone_and_by_post_is_one_submission_with_both_as_evidence() -> None:
    facts = (work(2, 1), work(3, 2), work(4, 1, channel="phone"), work(5, 2, channel="phone"))
    found = activity(folded(enrolled(), *facts), "C1-A1")
    assert (found.status, found.minutes, len(found.evidence)) == ("submitted", 120, 4)


def test_two_whole_sets_from_an_old_and_a_reprinted_packet_go_to_review() -> None:
    facts = [work(n, 1 + n % 2, packet=p) for n, p in ((2, "p1"), (3, "p1"), (4, "p2"), (5, "p2"))]
    assert activity(folded(enrolled(), *facts), "C1-A1").status == "review"


def test_work_is_late_only_after_the_due_day_has_ended_in_viet_nam() -> None:
    last_microsecond = MIDNIGHT_7_SEPTEMBER + 14 * DAY - 1
    in_time = folded(enrolled(), work(2, 1, pages=1, at=last_microsecond))
    too_late = folded(enrolled(), work(2, 1, pages=1, at=last_microsecond + 1))
    assert not activity(in_time, "C1-A1").late
    assert activity(too_late, "C1-A1").late


def test_a_correction_replaces_the_mark_and_the_grade_follows() -> None:
    first = mark(2, "5")
    final = fact(FactKind.MARK_RECORDED, 3, {"score": "6.9", "method": "x", "component": "CK"}, course="C1")
    before = folded(enrolled(), first, final).courses[0].grade
    after = folded(enrolled(), first, mark(4, "7", corrects=first.id), final).courses[0].grade
    assert before is not None
    assert after is not None
    assert (before.score, before.letter) == (Decimal("6.1"), "C")
    assert (after.score, after.letter) == (Decimal("6.9"), "C")


def test_two_marks_that_disagree_are_reviewed_and_grade_nothing() -> None:
    found = folded(enrolled(), mark(2, "5"), mark(3, "8"))
    assert activity(found, "C1-A1").status == "review"
    assert found.courses[0].grade is None


def test_facts_of_another_learner_never_enter_the_record() -> None:
    record = fold("LOTHER", [enrolled(), mark(2, "9")], CATALOGUE, RULES)
    assert record.courses == ()


POOL = [
    enrolled(1),
    enrolled(2, "C2"),
    aired(1),
    aired(2, "a2"),
    attended(3),
    attended(4, "a2", 20),
    work(5, 1),
    work(6, 2),
    work(7, 1, channel="phone"),
    work(8, 1, packet="p2"),
    work(9, 2, packet="p2"),
    mark(10, "7.25"),
    mark(11, "8", corrects=mark(10, "7.25").id),
    mark(12, "6", activity="C2-A1"),
    mark(13, "6.5", activity="C2-A1"),
    left(14, "C2"),
    enrolled(18, "C2", n=1),
    left(19, "C2", n=1),
    fact(
        FactKind.PACKET_PLANNED,
        15,
        {"packet": "p1", "batch": "b", "sheets": [["s", "t", "r", "C1-A1", 1, 2]]},
    ),
    fact(FactKind.PACKET_POSTED, 16, {"packet": "p1"}),
    fact(FactKind.FACT_RETRACTED, 17, {"reason": "x"}, corrects=attended(4, "a2", 20).id),
]


@given(st.data())
def test_the_record_is_the_same_for_any_order_partition_and_repetition_of_facts(data: st.DataObject) -> None:
    facts = data.draw(st.lists(st.sampled_from(POOL), unique_by=lambda f: f.id))
    doubled = data.draw(st.lists(st.sampled_from(facts))) if facts else []
    shuffled = data.draw(st.permutations(facts + doubled))
    expected = json.dumps(as_json(fold(LEARNER, facts, CATALOGUE, RULES), []))
    assert json.dumps(as_json(fold(LEARNER, shuffled, CATALOGUE, RULES), [])) == expected


def test_retracting_a_correction_brings_back_what_it_had_replaced() -> None:
    first = mark(2, "5")
    second = mark(3, "6", corrects=first.id)
    retracted = fact(FactKind.FACT_RETRACTED, 4, {"reason": "x"}, corrects=second.id)
    assert str(activity(folded(enrolled(), first, second), "C1-A1").mark) == "6"
    assert str(activity(folded(enrolled(), first, second, retracted), "C1-A1").mark) == "5"


@given(st.permutations([enrolled(1), left(2), enrolled(3, n=1), left(4, n=1), enrolled(5, n=2)]), st.data())
def test_who_left_and_came_back_is_enrolled_whatever_came_first_and_whatever_the_clocks_said(
    facts: list[Fact], data: st.DataObject
) -> None:
    told = [one._replace(hlc=data.draw(st.integers(1, 9))) for one in facts]
    assert [c.course.code for c in folded(*told).courses] == ["C1"]
    assert folded(*told, left(6, n=2)).courses == ()
    assert folded(*(one for one in told if one.data.get("n") != 2)).courses == ()
