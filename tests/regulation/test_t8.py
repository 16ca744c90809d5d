"""Thông tư 08/2021, the articles that the circular refers to."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from delivery.catalogue.kinds import ComponentKind
from delivery.catalogue.learner_rows import Absence, AttemptKind
from delivery.catalogue.model import Cohort, Component
from delivery.catalogue.register_kinds import Answer, SessionKind, StandingEvent, TermKind
from delivery.catalogue.registers import AcademicTerm, Intake, Session, StudyPlan, Syllabus
from delivery.regulation.academic import (
    Slot,
    degree_class,
    letter_of,
    must_leave,
    overloads,
    rank_of,
    shown_average,
    term_ceiling,
    totals,
    warning_reasons,
    year_level,
)
from delivery.regulation.findings import Verdict
from delivery.regulation.profile import load_profile
from tests.regulation.institution import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    WARN,
    K,
    P,
    at,
    course,
    enrolled,
    ev,
    event,
    evidence,
    found,
    institution,
    keyed,
    learner,
    people_of,
    result,
    term,
    values_changed,
    verdict,
)

PROFILE = load_profile("VN-2024")
VALUES, GRADING = PROFILE.values, PROFILE.grading
E = StandingEvent


def _one(*rows: object, **tables: object) -> object:
    return institution(standings=people_of(learner("L", *rows)), **tables)


# --- Điều 2, 6, 7 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "leave", "wanted"),
    [
        (date(2033, 9, 1), None, PASS),
        (date(2033, 9, 2), None, FAIL),
        (date(2033, 9, 2), E.LEAVE_PERSONAL, FAIL),
        (date(2035, 3, 1), E.LEAVE_SERVICE, PASS),
    ],
)
def test_t8_2_5_nine_years_exactly_and_leave_other_than_personal_moves_the_limit(
    on: date, leave: StandingEvent | None, wanted: Verdict
) -> None:
    rows = [enrolled()]
    if leave:
        start = date(2026, 1, 1)
        rows.append(event(leave, start, until=start + timedelta(days=547), decision="1"))
        rows.append(event(E.RETURNED, start + timedelta(days=548)))
    s = institution(on=on, standings=people_of(learner("L", *rows, on=on)))
    assert verdict(s, "T8-2.5") is wanted


@pytest.mark.parametrize(
    ("weeks", "wanted"), [((15, 15), PASS), ((15, 14), FAIL), ((30,), FAIL), ((10, 10, 10), PASS)]
)
def test_t8_6_2_two_or_three_main_terms_of_thirty_weeks(weeks: tuple[int, ...], wanted: Verdict) -> None:
    rows = {
        ("2026", str(n)): AcademicTerm(
            "2026", str(n), TermKind.MAIN, date(2026, 9, 7), count, date(2026, 9, 1)
        )
        for n, count in enumerate(weeks)
    }
    assert verdict(institution(terms=rows), "T8-6.2") is wanted


MONDAY = date(2026, 9, 7)


@pytest.mark.parametrize(
    ("slots", "over"),
    [
        ([50] * 4, False),
        ([50, 50, 50, 51], True),
        ([200, 200, 200, 150], False),
        ([200, 200, 200, 151], True),
    ],
    ids=["a day", "a minute more", "a week", "a minute more a week"],
)
def test_t8_6_4_four_hours_a_day_and_fifteen_a_week(slots: list[int], over: bool) -> None:
    one_day = len(slots) == 4 and max(slots) < 100
    days = [MONDAY] * 4 if one_day else [MONDAY + timedelta(days=n) for n in range(4)]
    found_ = overloads([Slot(day, minutes) for day, minutes in zip(days, slots, strict=True)], VALUES)
    assert bool(found_) is over


def test_t8_6_4_repeats_do_not_count_and_the_hour_is_a_parameter() -> None:
    def sessions(first: Answer | None) -> dict[str, Session]:
        return {
            f"S{n}": Session(
                f"S{n}", "C", SessionKind.LECTURE, "MAIN", at(MONDAY, 8 + n), 60, first_run=first
            )
            for n in range(4)
        }

    assert verdict(institution(sessions=sessions(None)), "T8-6.4") is FAIL  # 240 of 200 minutes
    assert verdict(institution(sessions=sessions(Answer.NO)), "T8-6.4") is not FAIL
    hour = values_changed("teaching_hour_minutes", "60")
    assert verdict(institution(sessions=sessions(None), profiles=hour), "T8-6.4") is PASS


@pytest.mark.parametrize(
    ("terms", "registered", "wanted"),
    [(9, "20", PASS), (9, "20.5", FAIL), (9, "21", FAIL), (8, "22.5", PASS), (8, "23", FAIL), (9, "3", PASS)],
)
def test_t8_7_4b_at_most_three_halves_of_an_average_term(
    terms: int, registered: str, wanted: Verdict
) -> None:
    s = _one(enrolled(), term(1, registered=registered), plans={(P, "S"): StudyPlan(P, "S", 54, terms)})
    assert verdict(s, "T8-7.4b") is wanted
    assert term_ceiling(Decimal(120), 9, VALUES) == 20


def test_t8_7_2_improving_needs_a_passed_course() -> None:
    s = _one(enrolled(), result("C", "8.0", "B", kind=AttemptKind.IMPROVE))
    assert verdict(s, "T8-7.2") is FAIL


# --- Điều 9 ---------------------------------------------------------------------------------------------


def _components(*weights: str) -> dict[tuple[str, str], Component]:
    last = len(weights) - 1
    return {
        ("C", f"K{n}"): Component(
            "C", f"K{n}", "x", ComponentKind.FINAL if n == last else ComponentKind.PROCESS, Decimal(weight)
        )
        for n, weight in enumerate(weights)
    }


@pytest.mark.parametrize(
    ("credits", "weights", "wanted"),
    [
        ("2.0", ("100",), FAIL),
        ("1.5", ("100",), PASS),
        ("3", ("40", "59"), FAIL),
        ("3", ("33.3", "33.3", "33.4"), PASS),
    ],
)
def test_t8_9_1_1_components_and_weights(credits: str, weights: tuple[str, ...], wanted: Verdict) -> None:
    s = institution(courses=keyed([course("C", credits)]), components=_components(*weights))
    assert verdict(s, "T8-9.1-1") is wanted


@pytest.mark.parametrize(
    ("weights", "online", "wanted"),
    [
        (("50.0", "50"), ("K0",), PASS),
        (("50.1", "49.9"), ("K0",), FAIL),
        (("30", "20", "50"), ("K0", "K1"), PASS),
    ],
)
def test_t8_9_1_3_at_most_half_online(
    weights: tuple[str, ...], online: tuple[str, ...], wanted: Verdict
) -> None:
    s = institution(components=_components(*weights), syllabi={"C": Syllabus("C", online_components=online)})
    assert verdict(s, "T8-9.1-3") is wanted


@pytest.mark.parametrize(
    ("members", "agreed", "recorded", "wanted"),
    [(2, 3, 90, FAIL), (3, 2, 90, FAIL), (3, 3, 80, FAIL), (3, 3, 90, PASS)],
)
def test_t8_9_1_4_theses_online_need_three_things(
    members: int, agreed: int, recorded: int, wanted: Verdict
) -> None:
    names = ("A", "B", "R")
    rows = evidence(
        ev(K.THESIS_COUNCIL, "C", people=names[:members]),
        ev(K.THESIS_CONSENT, "C", people=names[:agreed]),
        ev(K.THESIS_RECORDING, "C", value=Decimal(recorded)),
    )
    s = institution(
        components=_components("40", "60"),
        syllabi={
            "C": Syllabus("C", online_components=("K0", "K1"), thesis=Answer.YES, final_online="Điều 9")
        },
        sessions={"E": Session("E", "C", SessionKind.EXAM, "MAIN", at(MONDAY), 90)},
        evidence=rows,
    )
    assert verdict(s, "T8-9.1-4") is wanted
    if wanted is PASS:
        assert verdict(s, "T8-9.1-3") is PASS  # 100 % online is allowed then


@pytest.mark.parametrize(
    ("score", "letter"),
    list(zip(("10", "8.5", "8.4", "7.0", "6.9", "5.5", "5.4", "4.0", "3.9"), "AABBCCDDF", strict=True)),
)
def test_t8_9_3_letters(score: str, letter: str) -> None:
    assert letter_of(Decimal(score), GRADING) == letter


def test_t8_9_3b_pass_only_from_five() -> None:
    assert letter_of(Decimal("5.0"), GRADING, pass_only=True) == "P"
    assert letter_of(Decimal("4.9"), GRADING, pass_only=True) == "F"


@pytest.mark.parametrize(
    ("clause", "row", "wanted"),
    [
        ("T8-9.1-2", result("C", "10.1", "A"), FAIL),
        ("T8-9.1-2", result("C", "10", "A"), PASS),
        ("T8-9.2-1", result("C", None, "F", absence=Absence.UNDECIDED), FAIL),
        ("T8-9.2-1", result("C", None, "X", absence=Absence.UNDECIDED), PASS),
        ("T8-9.2-1", result("C", "0", "F", absence=Absence.UNEXCUSED), PASS),
        ("T8-9.2-2", result("C", None, "I", absence=Absence.EXCUSED), PASS),
        ("T8-9.2-2", result("C", None, "F", absence=Absence.EXCUSED), FAIL),
        ("T8-9.3-1", result("C", "6.94", "C"), FAIL),
        ("T8-9.3a", result("C", "8.4", "A"), FAIL),
        ("T8-9.3a", result("C", "8.5", "A"), PASS),
        ("T8-9.3c", result("C", "3.9", "D"), FAIL),
        ("T8-9.3d", result("C", "5.0", "R"), FAIL),
        ("T8-9.5dd", result("C", "9.0", "A", kind=AttemptKind.RESIT), FAIL),
        ("T8-9.5dd", result("C", "9.0", "C", kind=AttemptKind.RESIT), PASS),
    ],
)
def test_t8_9_results_are_held_against_the_rules(clause: str, row: object, wanted: Verdict) -> None:
    assert verdict(_one(enrolled(), row), clause) is wanted


def test_t8_9_4_the_last_attempt_counts_after_failing_and_the_best_after_improving() -> None:
    failed = result("C", "3.0", "F", official=Answer.NO)
    again = result("C", "5.6", "C", attempt=2, kind=AttemptKind.REPEAT)
    assert verdict(_one(enrolled(), failed, again), "T8-9.4a") is PASS
    wrong = (
        result("C", "3.0", "F"),
        result("C", "5.6", "C", attempt=2, kind=AttemptKind.REPEAT, official=Answer.NO),
    )
    assert verdict(_one(enrolled(), *wrong), "T8-9.4a") is FAIL
    better = result("C", "7.0", "B")
    worse = result("C", "6.0", "C", attempt=2, kind=AttemptKind.IMPROVE, official=Answer.NO)
    assert verdict(_one(enrolled(), better, worse), "T8-9.4b") is PASS
    last = values_changed("improve_rule", "last")
    assert verdict(_one(enrolled(), better, worse, profiles=last), "T8-9.4b") is FAIL


# --- Điều 10, 11 ----------------------------------------------------------------------------------------


def test_t8_10_1_a_worked_example() -> None:
    rows = [("A", 3), ("B", 3), ("F", 2), ("P", 2), ("R", 4)]
    sums = totals(((letter, Decimal(credits)) for letter, credits in rows), GRADING)
    assert (sums.earned, sums.failed, sums.average) == (12, 2, Fraction(21, 8))
    mixed = totals([("A", Decimal(3)), ("R", Decimal(3)), ("I", Decimal(2))], GRADING)
    assert (mixed.average, mixed.earned) == (4, 6)
    assert totals([("D", Decimal(1)), ("A", Decimal(1))], GRADING).average == Fraction(5, 2)


@pytest.mark.parametrize(
    ("average", "rank"),
    [
        ("3.60", "excellent"),
        ("3.59", "very_good"),
        ("3.20", "very_good"),
        ("2.50", "good"),
        ("2.00", "average"),
        ("1.00", "weak"),
        ("0.99", "poor"),
    ],
)
def test_t8_10_5a_ranks(average: str, rank: str) -> None:
    assert rank_of(Decimal(average), VALUES) == rank
    assert shown_average(Fraction("3.595"), VALUES) == Decimal("3.60")


@pytest.mark.parametrize(("earned", "level"), [(26, 1), (27, 2), (53, 2), (54, 3)])
def test_t8_10_6_year_levels(earned: int, level: int) -> None:
    assert year_level(Decimal(earned), Decimal(120), 54) == level


@pytest.mark.parametrize(
    ("fields", "level", "reasons"),
    [
        ({"failed": 8}, 1, []),
        ({"failed": "8.5"}, 1, ["T8-11.1a"]),
        ({"owed": 24}, 1, []),
        ({"owed": 25}, 1, ["T8-11.1a"]),
        ({"registered": 0, "failed": 0}, 1, []),
        ({"average": "0.80"}, 1, []),
        ({"average": "0.79"}, 1, ["T8-11.1b"]),
        ({"cumulative": "1.40"}, 2, []),
        ({"cumulative": "1.39"}, 2, ["T8-11.1c"]),
        ({"cumulative": "1.79"}, 5, ["T8-11.1c"]),
        ({"cumulative": "1.80"}, 5, []),
        ({"average": "0.1", "main": Answer.NO}, 1, []),
    ],
)
def test_t8_11_1_warnings(fields: dict[str, object], level: int, reasons: list[str]) -> None:
    assert warning_reasons(term(1, **fields), level, VALUES) == reasons


def test_t8_11_1b_the_second_term_asks_for_more() -> None:
    assert warning_reasons(term(2, average="1.00"), 1, VALUES) == []
    assert warning_reasons(term(2, average="0.99"), 1, VALUES) == ["T8-11.1b"]


@pytest.mark.parametrize(
    ("warned", "leaves"),
    [([True, True], False), ([True, True, True], True), ([True, False, True, True], False)],
)
def test_t8_11_2_more_warnings_in_a_row_than_the_limit(warned: list[bool], leaves: bool) -> None:
    assert must_leave(warned, VALUES) is leaves


def test_t8_11_a_warning_that_is_due_is_proposed_until_a_person_decides() -> None:
    low = term(1, average="0.5", closed=date(2026, 6, 1))
    assert verdict(_one(enrolled(), low), "T8-11.1b") is WARN
    decided = event(E.WARNED, date(2026, 6, 20), decision="7")
    assert verdict(_one(enrolled(), low, decided), "T8-11.1b") is PASS
    assert verdict(_one(enrolled(), low, event(E.WARNED, date(2026, 6, 20))), "T8-11.1") is FAIL


def test_t8_11_3b_forced_withdrawal_reaches_the_learner() -> None:
    gone = event(E.DISMISSED, date(2026, 6, 1), decision="1")
    assert verdict(_one(enrolled(), gone), "T8-11.3b") is FAIL
    told = event(E.NOTIFIED, date(2026, 6, 3))
    assert verdict(_one(enrolled(), gone, told), "T8-11.3b") is PASS


# --- Điều 13 to 20 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "clause", "credits", "wanted"),
    [
        (E.EXEMPTED, "T8-13.3", "60", PASS),
        (E.EXEMPTED, "T8-13.3", "60.5", FAIL),
        (E.EXCHANGED, "T8-17.2", "30", PASS),
        (E.EXCHANGED, "T8-17.2", "30.5", FAIL),
    ],
)
def test_t8_13_and_17_how_much_is_recognised(
    kind: StandingEvent, clause: str, credits: str, wanted: Verdict
) -> None:
    row = event(kind, date(2024, 9, 1), value=Decimal(credits), decision="1")
    assert verdict(_one(enrolled(), row), clause) is wanted


def test_t8_13_2_recognition_names_its_minutes() -> None:
    assert verdict(_one(enrolled(), event(E.EXEMPTED, date(2024, 9, 1), value=Decimal(3))), "T8-13.2") is FAIL


@pytest.mark.parametrize(
    ("earned", "cumulative", "wanted"), [(120, "2.00", PASS), (120, "1.99", FAIL), (119, "2.5", FAIL)]
)
def test_t8_14_1_graduates_meet_the_conditions(earned: int, cumulative: str, wanted: Verdict) -> None:
    rows = (enrolled(), term(1, earned=earned, cumulative=cumulative), event(E.GRADUATED, date(2026, 9, 1)))
    assert verdict(_one(*rows), "T8-14.1") is wanted


@pytest.mark.parametrize(
    ("eligible", "on", "wanted"),
    [
        (date(2027, 11, 30), date(2028, 2, 29), WARN),
        (date(2027, 11, 30), date(2028, 3, 1), FAIL),
        (date(2026, 11, 30), date(2027, 3, 1), WARN),
        (date(2026, 11, 30), date(2027, 3, 2), FAIL),
    ],
)
def test_t8_14_2_degrees_within_three_months(eligible: date, on: date, wanted: Verdict) -> None:
    people = people_of(learner("L", enrolled(), event(E.ELIGIBLE, eligible), on=on))
    assert verdict(institution(on=on, standings=people), "T8-14.2") is wanted


@pytest.mark.parametrize(
    ("average", "relearned", "disciplined", "wanted"),
    [
        ("3.65", "6", False, "excellent"),
        ("3.65", "6.5", False, "very_good"),
        ("3.65", "7", True, "very_good"),
        ("2.60", "20", True, "good"),
    ],
)
def test_t8_14_3_one_step_down_and_never_below_the_two_best(
    average: str, relearned: str, disciplined: bool, wanted: str
) -> None:
    got = degree_class(
        Decimal(average),
        relearned=Decimal(relearned),
        credits=Decimal(120),
        disciplined=disciplined,
        values=VALUES,
    )
    assert got == wanted


@pytest.mark.parametrize(("done", "wanted"), [(date(2029, 6, 12), PASS), (date(2029, 6, 13), FAIL)])
def test_t8_14_4_three_years_to_complete(done: date, wanted: Verdict) -> None:
    rows = (enrolled(), event(E.WITHDRAWN_VOLUNTARY, date(2026, 6, 12)), event(E.COMPLETED_LATE, done))
    on = date(2030, 1, 1)
    s = institution(on=on, standings=people_of(learner("L", *rows, on=on)))
    assert verdict(s, "T8-14.4") is wanted


@pytest.mark.parametrize(
    ("kind", "terms", "decision", "wanted"),
    [
        (E.LEAVE_PERSONAL, 0, "1", FAIL),
        (E.LEAVE_PERSONAL, 1, "1", PASS),
        (E.LEAVE_MEDICAL, 0, "1", PASS),
        (E.LEAVE_MEDICAL, 0, "", FAIL),
    ],
)
def test_t8_15_1_leave_has_its_ground(
    kind: StandingEvent, terms: int, decision: str, wanted: Verdict
) -> None:
    rows = [enrolled(), event(kind, date(2025, 6, 1), decision=decision)]
    rows += [term(n) for n in range(1, terms + 1)]  # type: ignore[misc]
    assert verdict(_one(*rows), "T8-15.1a") is wanted


@pytest.mark.parametrize(("used", "wanted"), [("96", PASS), ("108", FAIL)])
def test_t8_16_3_transfers_have_time_left(used: str, wanted: Verdict) -> None:
    row = event(E.TRANSFERRED_IN, date(2024, 9, 1), value=Decimal(used), decision="1")
    assert verdict(_one(enrolled(), row), "T8-16.3") is wanted
    early = event(E.TRANSFERRED_IN, date(2024, 9, 1), value=Decimal(6), decision="1")
    assert verdict(_one(enrolled(), early), "T8-16.1") is FAIL


def test_t8_18_a_second_programme_stops_after_a_weak_average() -> None:
    rows = (enrolled(), term(1, earned=40, cumulative="1.99"), event(E.SECOND_PROGRAMME, date(2026, 1, 1)))
    assert verdict(_one(*rows), "T8-18.2") is FAIL
    good = (enrolled(), term(1, earned=40, cumulative="2.60"), event(E.SECOND_PROGRAMME, date(2026, 1, 1)))
    assert verdict(_one(*good), "T8-18.2") is PASS


@pytest.mark.parametrize(("before", "wanted"), [(2, FAIL), (3, PASS)])
def test_t8_19_2_three_cohorts_before_a_second_degree(before: int, wanted: Verdict) -> None:
    cohorts = {f"K{n}": Cohort(f"K{n}", P, date(2024 + n, 3, 1)) for n in range(before + 1)}
    last = f"K{before}"
    s = institution(
        on=date(2028, 1, 1), cohorts=cohorts, intakes={last: Intake(last, second_degree=Answer.YES)}
    )
    assert verdict(s, "T8-19.2") is wanted


def test_t8_20_2_the_second_impersonation_is_forced_withdrawal() -> None:
    first = event(E.IMPERSONATION, date(2025, 6, 1))
    suspended = event(E.STUDY_SUSPENDED, date(2025, 6, 10), until=date(2026, 6, 1))
    assert verdict(_one(enrolled(), first), "T8-20.2") is FAIL
    assert verdict(_one(enrolled(), first, suspended), "T8-20.2") is PASS
    second = event(E.IMPERSONATION, date(2026, 7, 1))
    findings = found(_one(enrolled(), first, suspended, second), "T8-20.2")
    assert [f.value for f in findings] == ["2"]


def test_t8_15_3_nobody_is_counted_as_withdrawn_and_dismissed() -> None:
    rows = (
        enrolled(),
        event(E.WITHDRAWN_VOLUNTARY, date(2026, 1, 1)),
        event(E.DISMISSED, date(2026, 2, 1), decision="1"),
    )
    assert verdict(_one(*rows), "T8-15.3") is FAIL


def test_t8_6_5_every_open_topic_has_its_article() -> None:
    from delivery.regulation.rules.t8_02_08 import TOPICS

    assert len(TOPICS) == 14
    rows = [ev(K.REGULATION_TOPIC, topic=topic) for topic in TOPICS]
    assert verdict(institution(evidence=evidence(*rows)), "T8-6.5") is PASS
    (finding,) = found(institution(evidence=evidence(*rows[:13])), "T8-6.5")
    assert (finding.verdict, finding.value) == (FAIL, "13")
    assert verdict(institution(), "T8-6.5") is UNKNOWN
    assert verdict(institution(), "T8-15.1a") is NOT_APPLICABLE
