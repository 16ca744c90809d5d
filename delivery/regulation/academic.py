"""What Thông tư 08/2021 computes of averages, ranks, warnings and degrees: exact, thresholds from the profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from delivery.catalogue.exact import round_half_up
from delivery.catalogue.grading import GradingRules
from delivery.catalogue.learner_rows import TermResult
from delivery.catalogue.register_kinds import Answer
from delivery.regulation.values import Values

EXCELLENT, VERY_GOOD, GOOD, AVERAGE, WEAK, POOR = (
    "excellent",
    "very_good",
    "good",
    "average",
    "weak",
    "poor",
)
"""Xuất sắc, Giỏi, Khá, Trung bình, Yếu, Kém (T8-10.5a)."""
RANKS = (EXCELLENT, VERY_GOOD, GOOD, AVERAGE, WEAK, POOR)


def letter_of(score: Decimal, rules: GradingRules, *, pass_only: bool = False) -> str:
    """Letter of a rounded course score (T8-9.3a to 9.3c); between 4,0 and 4,9 a pass-only course fails (A23)."""
    if pass_only:
        return rules.pass_only_letter if score >= rules.pass_only_floor else rules.fail_letter
    return next(band.letter for band in rules.letters if score >= band.floor)


def points_of(letter: str, rules: GradingRules) -> Decimal | None:
    """Points on the scale of 4 (T8-10.2); None for letters that are left out of averages (T8-10.3)."""
    return next((band.points for band in rules.letters if band.letter == letter), None)


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a term or of all terms (T8-10.1)."""

    earned: Decimal
    failed: Decimal
    average: Fraction | None


def totals(results: Iterable[tuple[str, Decimal]], rules: GradingRules) -> Totals:
    """(letter, credits) -> credits earned, recognised ones included, credits failed, exact average."""
    earned = failed = counted = Decimal(0)
    points = Fraction(0)
    for letter, credits in results:
        value = points_of(letter, rules)
        if letter in ("R", rules.pass_only_letter):
            earned += credits
        if value is None:
            continue
        counted += credits
        points += Fraction(value) * Fraction(credits)
        if letter == rules.fail_letter:
            failed += credits
        else:
            earned += credits
    return Totals(earned, failed, points / Fraction(counted) if counted else None)


def shown_average(average: Fraction, values: Values) -> Decimal:
    """Rounded once, half up, to the places of the profile (A15)."""
    return round_half_up(average, values.whole("average_places"))


def rank_of(average: Decimal, values: Values) -> str:
    """Rank of an average that is rounded already; half-open intervals (T8-10.5a)."""
    for rank in RANKS[:-1]:
        if Fraction(average) >= values.number(f"{rank}_from"):
            return rank
    return POOR


def year_level(earned: Decimal, credits: Decimal, months: int) -> int:
    """Trình độ năm: N earned credits against the plan's credits per year, exact (T8-10.6)."""
    return int(earned * months // (credits * 12)) + 1


def warning_reasons(term: TermResult, level: int, values: Values) -> list[str]:
    """Clauses of T8-11.1 that a closed main term meets; nothing is considered after an extra term."""
    if term.main is not Answer.YES:
        return []
    out = []
    # Decimals of a few digits: products and comparisons are exact.
    most = values.decimal("warning_failed_share_over") * term.registered
    if term.registered and term.failed * 100 > most:
        out.append("T8-11.1a")
    if term.owed > values.decimal("warning_owed_over") and "T8-11.1a" not in out:
        out.append("T8-11.1a")
    least = values.decimal("warning_first_term_below" if term.index == 1 else "warning_term_below")
    if term.average is not None and term.average < least:
        out.append("T8-11.1b")
    name = f"warning_year_{level}_below" if level <= 3 else "warning_later_below"
    if term.cumulative is not None and term.cumulative < values.decimal(name):
        out.append("T8-11.1c")
    return out


def consecutive_warnings(warned: Sequence[bool]) -> int:
    """Warnings in a row at the end, main term by main term."""
    count = 0
    for was in reversed(warned):
        if not was:
            break
        count += 1
    return count


def must_leave(warned: Sequence[bool], values: Values) -> bool:
    """Warned more often in a row than the limit (T8-11.2a, A16)."""
    return consecutive_warnings(warned) > values.whole("consecutive_warnings_max")


def degree_class(
    average: Decimal, *, relearned: Decimal, credits: Decimal, disciplined: bool, values: Values
) -> str:
    """Hạng tốt nghiệp; Xuất sắc and Giỏi lose one level, once, for relearning or discipline (T8-14.3)."""
    rank = rank_of(average, values)
    over = Fraction(relearned) * 100 / Fraction(credits) > values.number("relearned_share_over")
    if rank in (EXCELLENT, VERY_GOOD) and (over or disciplined):
        return RANKS[RANKS.index(rank) + 1]
    return rank


def term_ceiling(credits: Decimal, main_terms: int, values: Values) -> Fraction:
    """Most credits of a main term: 3/2 of the plan's average (T8-7.4b), exact."""
    return values.number("term_load_factor_max") * Fraction(credits) / main_terms


@dataclass(frozen=True, slots=True)
class Slot:
    """First-run teaching of one course and cohort."""

    day: date
    minutes: int


def overloads(slots: Iterable[Slot], values: Values) -> list[tuple[str, date, int, int]]:
    """("day" or "week", first day, minutes, limit in minutes) of what is over T8-6.4; weeks run Monday to Sunday."""
    hour = values.whole("teaching_hour_minutes")
    of_day, of_week = values.whole("hours_day_max") * hour, values.whole("hours_week_max") * hour
    days: dict[date, int] = {}
    weeks: dict[date, int] = {}
    for slot in slots:
        days[slot.day] = days.get(slot.day, 0) + slot.minutes
        monday = slot.day - timedelta(days=slot.day.weekday())
        weeks[monday] = weeks.get(monday, 0) + slot.minutes
    out = [("day", day, minutes, of_day) for day, minutes in sorted(days.items()) if minutes > of_day]
    return out + [
        ("week", day, minutes, of_week) for day, minutes in sorted(weeks.items()) if minutes > of_week
    ]
