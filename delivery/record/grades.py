"""From marks to component scores to a course grade (T8-9, T8-10), in exact arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from delivery.catalogue.exact import round_half_up
from delivery.catalogue.grading import GradingRules
from delivery.catalogue.kinds import GradingBasis
from delivery.catalogue.model import Component


@dataclass(frozen=True, slots=True)
class ComponentScore:
    """A component with its exact score; None while a mark is missing."""

    code: str
    weight: Decimal
    score: Fraction | None


@dataclass(frozen=True, slots=True)
class CourseGrade:
    """Course score on the scale of 10 and its letter."""

    score: Decimal
    letter: str
    points: Decimal | None
    """On the scale of 4; None where the letter is left out of averages (P)."""
    passed: bool


def parse_score(text: str, rules: GradingRules) -> Decimal:
    """A mark as people write it (``8,25`` or ``8.25``). Raises ValueError outside 0 to the profile's maximum."""
    plain = text.strip().replace(",", ".")
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", plain) is None or Decimal(plain) > rules.scale_max:
        raise ValueError(text)
    return Decimal(plain)


def component_score(component: Component, marks: Sequence[Decimal | None]) -> ComponentScore:
    """Arithmetic mean of the marks of the component's activities, exact; a missing mark leaves it open."""
    if not marks or any(mark is None for mark in marks):
        return ComponentScore(component.code, component.weight, None)
    total = sum((Fraction(mark) for mark in marks if mark is not None), Fraction(0))
    return ComponentScore(component.code, component.weight, total / len(marks))


def course_grade(
    components: Sequence[ComponentScore], rules: GradingRules, *, basis: GradingBasis = GradingBasis.LETTER
) -> CourseGrade | None:
    """Weighted sum of the components, rounded once, half up (T8-9.3-1); None while any component is open."""
    if not components or any(component.score is None for component in components):
        return None
    total = sum(
        (c.score * Fraction(c.weight) for c in components if c.score is not None), Fraction(0)
    ) / Fraction(rules.weights_total)
    score = round_half_up(total, rules.course_places)
    if basis is GradingBasis.PASS_ONLY:
        passed = score >= rules.pass_only_floor
        return CourseGrade(score, rules.pass_only_letter if passed else rules.fail_letter, None, passed)
    band = next(band for band in rules.letters if score >= band.floor)
    return CourseGrade(score, band.letter, band.points, band.passed)


def exact_text(value: Fraction, places: int = 4) -> str:
    """A score for display: at most `places` decimals, without trailing zeros."""
    text = format(round_half_up(value, places), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def by_component(
    components: Sequence[Component], marks: Mapping[str, Sequence[Decimal | None]]
) -> tuple[ComponentScore, ...]:
    """Scores of a course's components; `marks` maps a component's code to the marks that count into it."""
    return tuple(component_score(component, marks.get(component.code, ())) for component in components)
