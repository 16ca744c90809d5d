"""Deadlines in working days and months, against the table of requirements.md section 7.3 and Civil Code 148."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from delivery.regulation.calendar import add_exact_months, add_months, later, load_calendar


@pytest.mark.parametrize(
    ("decision", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 16)),
        (date(2026, 3, 6), date(2026, 3, 20)),
        (date(2026, 3, 7), date(2026, 3, 20)),
        (date(2026, 2, 9), date(2026, 3, 2)),
        (date(2026, 2, 13), date(2026, 3, 6)),
        (date(2026, 4, 20), date(2026, 5, 7)),
        (date(2026, 11, 13), date(2026, 11, 30)),
        (date(2025, 4, 16), date(2025, 4, 29)),
        (date(2025, 4, 21), date(2025, 5, 7)),
        (date(2026, 8, 20), date(2026, 9, 7)),
        (date(2025, 12, 26), date(2026, 1, 12)),
        (date(2025, 12, 31), date(2026, 1, 15)),
    ],
)
def test_ten_working_days_end_where_the_table_of_the_regulation_says(decision: date, due: date) -> None:
    assert load_calendar().after(decision, 10) == due


def test_exchanged_days_are_a_choice() -> None:
    plain = load_calendar(follow_swaps=False)
    assert plain.after(date(2025, 4, 16), 10) == date(2025, 5, 2)


def test_a_year_without_a_notice_is_computed_by_rule_and_said_to_be_unconfirmed() -> None:
    calendar = load_calendar()
    off = [date(2027, 2, day) for day in (4, 5, 8, 9, 10)]
    assert not any(calendar.is_working(day) for day in off)
    assert calendar.is_working(date(2027, 2, 11))
    assert not calendar.confirmed(date(2027, 2, 1), date(2027, 2, 20))
    assert calendar.confirmed(date(2027, 3, 1), date(2027, 3, 20))
    assert calendar.confirmed(date(2026, 2, 1), date(2026, 2, 26))


def test_a_holiday_on_a_rest_day_is_made_up_except_the_day_of_culture() -> None:
    calendar = load_calendar()
    assert not calendar.is_working(date(2026, 4, 27))  # Giỗ Tổ on a Sunday
    assert not calendar.is_working(date(2027, 5, 3))  # 1 May on a Saturday
    assert not calendar.is_working(date(2026, 11, 24))
    assert calendar.is_working(date(2025, 11, 24))  # before Nghị quyết 28/2026/QH16
    assert calendar.is_working(date(2029, 11, 26))  # 24 November 2029 is a Saturday: no make-up


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2028, 2, 29), -12, date(2027, 2, 28)),
        (date(2027, 9, 6), -12, date(2026, 9, 6)),
    ],
)
def test_months_end_on_the_corresponding_day_or_the_last(start: date, count: int, end: date) -> None:
    assert add_months(start, count) == end


def test_a_term_of_months_that_ends_on_a_day_off_ends_on_the_next_working_day() -> None:
    assert load_calendar().months_after(date(2026, 11, 30), 3) == date(2027, 3, 1)  # 28/02/2027 is a Sunday
    assert add_exact_months(date(2024, 9, 1), Fraction(54)) == date(2029, 3, 1)
    assert add_exact_months(date(2024, 9, 1), Fraction(3, 2)) == date(2024, 10, 16)


def test_beyond_the_years_that_are_listed_nothing_is_confirmed() -> None:
    assert not load_calendar().confirmed(date(2031, 3, 2), date(2031, 3, 16))
    assert not load_calendar().confirmed(date(2030, 12, 20), date(2031, 1, 6))


def test_without_end_is_the_last_day_there_is() -> None:
    assert add_months(date(9999, 12, 31), 12) == date.max
    assert add_months(date(1, 3, 1), -12) == date.min
    assert add_exact_months(date(9999, 11, 1), Fraction(5, 2)) == date.max
    assert later(date(9999, 12, 1), 100) == date.max
