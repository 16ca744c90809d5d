"""The grading rules that a regulation profile gives (T8-9, T8-10): values, so that no threshold stands in code."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class LetterBand:
    """A letter for scores at or above `floor` (after rounding), and its points on the scale of 4 (T8-9.3a, T8-10.2)."""

    letter: str
    floor: Decimal
    points: Decimal
    passed: bool


@dataclass(frozen=True, slots=True)
class GradingRules:
    """How component scores become a course grade."""

    profile: str
    scale_max: Decimal
    """Highest score (T8-9.1-2)."""
    course_places: int
    """Decimal places of the course score, rounded once, half up (T8-9.3-1)."""
    weights_total: Decimal
    """What the weights of a course sum to, in percent (T8-9.1-1)."""
    letters: tuple[LetterBand, ...]
    """From the highest band down; the last has floor 0."""
    pass_only_floor: Decimal
    """T8-9.3b."""
    pass_only_letter: str
    fail_letter: str
    min_components: int
    """T8-9.1-1."""
    min_components_small: int
    small_course_credits: Decimal
    """Courses with fewer credits may have `min_components_small` components (T8-9.1-1)."""
    online_weight_max: Decimal
    """T8-9.1-3, percent."""
