"""What one learner's line in a roster would change: pure, one learner at a time, so that a roster can stream."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum, auto

from delivery.catalogue.model import LearnerProfile, RosterEntry


@dataclass(frozen=True, slots=True)
class KnownLearner:
    """A learner as the record has it, without personal data."""

    site: str
    cohort: str
    revision: int
    courses: Set[str]
    """Every course ever enrolled in; one that was left is not entered again by a roster."""


class ProfileStep(Enum):
    NONE = auto()
    REGISTER = auto()
    CHANGE = auto()
    ERASED = auto()
    """The person was erased on request; a roster does not bring the data back."""


@dataclass(frozen=True, slots=True)
class LearnerPlan:
    """Steps for one learner; `revision` is that of the profile after the step."""

    entry: RosterEntry
    step: ProfileStep
    revision: int
    enrol: tuple[str, ...]


def plan_learner(
    entry: RosterEntry, known: KnownLearner | None, profile: LearnerProfile | None
) -> LearnerPlan:
    """Compare `entry` with what the record has."""
    if known is None:
        return LearnerPlan(entry, ProfileStep.REGISTER, 0, entry.courses)
    if profile is None:
        return LearnerPlan(entry, ProfileStep.ERASED, known.revision, ())
    enrol = tuple(course for course in entry.courses if course not in known.courses)
    same = (known.site, known.cohort) == (entry.site, entry.cohort) and profile == entry.profile
    if same:
        return LearnerPlan(entry, ProfileStep.NONE, known.revision, enrol)
    return LearnerPlan(entry, ProfileStep.CHANGE, known.revision + 1, enrol)


def shrinks_too_far(*, stored: int, missing: int) -> bool:
    """More than half of what was there is gone: rather a broken export than a decision."""
    return missing * 2 > stored
