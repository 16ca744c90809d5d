"""What one learner's line in a roster would change: pure, one learner at a time, so that a roster can stream."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from enum import Enum, auto

from delivery.catalogue.model import LearnerProfile, RosterEntry


@dataclass(frozen=True, slots=True)
class KnownLearner:
    """A learner as the record has it, without personal data."""

    site: str
    cohort: str
    revision: int
    courses: Set[str]
    """Courses in which the learner is enrolled now."""
    left: Mapping[str, int] = field(default_factory=dict)
    """Courses that the learner left -> number that another enrolment would bear."""


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
    enrol: tuple[tuple[str, int], ...]
    """Courses to enter, with the number of the enrolment (0: the first)."""
    unlisted: tuple[str, ...] = ()
    """Courses of the record that the roster no longer lists for this learner. Nothing is done about them."""
    left: tuple[str, ...] = ()
    """Courses that the roster lists although the learner left them, and that are not entered again."""


def plan_learner(
    entry: RosterEntry,
    known: KnownLearner | None,
    profile: LearnerProfile | None,
    *,
    enrol_again: bool = False,
) -> LearnerPlan:
    """Compare `entry` with what the record has.

    A roster may be older than a learner's leaving, so a course that was left is entered again only with `enrol_again`.
    """
    if known is None:
        return LearnerPlan(entry, ProfileStep.REGISTER, 0, tuple((course, 0) for course in entry.courses))
    if profile is None:
        return LearnerPlan(entry, ProfileStep.ERASED, known.revision, ())
    new = [course for course in entry.courses if course not in known.courses]
    left = () if enrol_again else tuple(course for course in new if course in known.left)
    same = (known.site, known.cohort) == (entry.site, entry.cohort) and profile == entry.profile
    return LearnerPlan(
        entry,
        ProfileStep.NONE if same else ProfileStep.CHANGE,
        known.revision if same else known.revision + 1,
        enrol=tuple((course, known.left.get(course, 0)) for course in new if course not in left),
        unlisted=tuple(sorted(known.courses - set(entry.courses))),
        left=left,
    )


def shrinks_too_far(*, stored: int, missing: int) -> bool:
    """More than half of what was there is gone: rather a broken export than a decision."""
    return missing * 2 > stored
