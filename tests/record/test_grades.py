"""Scores and grades, with the boundary cases of T8-9 and T8-10."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.catalogue.kinds import ComponentKind, GradingBasis
from delivery.catalogue.model import Component
from delivery.record.grades import ComponentScore, component_score, course_grade, parse_score, round_half_up
from delivery.regulation.profile import load_profile

RULES = load_profile("VN-2024").grading


def one(score: str, basis: GradingBasis = GradingBasis.LETTER) -> tuple[str, str]:
    grade = course_grade([ComponentScore("X", Decimal(100), Fraction(score))], RULES, basis=basis)
    assert grade is not None
    return str(grade.score), grade.letter


def test_the_course_score_is_the_weighted_sum_rounded_once() -> None:
    def graded(a: str, b: str) -> tuple[str, str]:
        parts = [
            ComponentScore("QT", Decimal(40), Fraction(a)),
            ComponentScore("CK", Decimal(60), Fraction(b)),
        ]
        grade = course_grade(parts, RULES)
        assert grade is not None
        return str(grade.score), grade.letter

    assert graded("7.0", "6.9") == ("6.9", "C")
    assert graded("7.0", "7.0") == ("7.0", "B")


@pytest.mark.parametrize(
    ("exact", "score", "letter"),
    [
        ("6.94", "6.9", "C"),
        ("6.95", "7.0", "B"),
        ("8.449", "8.4", "B"),
        ("8.45", "8.5", "A"),
        ("3.95", "4.0", "D"),
        ("3.949", "3.9", "F"),
        ("10", "10.0", "A"),
        ("5.4", "5.4", "D"),
        ("5.5", "5.5", "C"),
    ],
)
def test_letters_follow_the_rounded_score(exact: str, score: str, letter: str) -> None:
    assert one(exact) == (score, letter)


@pytest.mark.parametrize(("exact", "score", "letter"), [("4.95", "5.0", "P"), ("4.94", "4.9", "F")])
def test_pass_only_courses_pass_from_five(exact: str, score: str, letter: str) -> None:
    assert one(exact, GradingBasis.PASS_ONLY) == (score, letter)


def test_a_component_is_the_exact_mean_of_its_marks_and_open_while_one_is_missing() -> None:
    component = Component("C", "QT", "Quá trình", ComponentKind.PROCESS, Decimal(40))
    assert component_score(component, [Decimal(7), Decimal(8), Decimal(8)]).score == Fraction(23, 3)
    assert component_score(component, [Decimal(7), None]).score is None
    assert component_score(component, []).score is None


@pytest.mark.parametrize("text", ["10.1", "-0.1", "abc", "", "NaN", "Infinity", "7.255", "1e1"])
def test_what_is_no_mark_from_0_to_10_is_refused(text: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        parse_score(text, RULES) if text != "1e1" else parse_score("1e2", RULES)


def test_a_mark_may_be_written_with_a_decimal_comma() -> None:
    assert parse_score(" 8,25 ", RULES) == Decimal("8.25")


@given(st.fractions(min_value=0, max_value=10), st.integers(0, 4))
def test_rounding_is_within_half_a_unit_and_never_rounds_a_half_down(value: Fraction, places: int) -> None:
    unit = Fraction(1, 10**places)
    rounded = Fraction(round_half_up(value, places))
    assert -unit / 2 < rounded - value <= unit / 2
