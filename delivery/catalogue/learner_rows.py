"""What the study office tells about single learners: events of standing, results of terms and of courses.

Rows become facts (design D1); nothing of them is kept in a register. They are named tuples, because an institution has
hundreds of thousands.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from delivery.catalogue.register_kinds import Answer, StandingEvent


class AttemptKind(StrEnum):
    """Why a course is taken (T8-7.2, T8-9.4, T8-9.5dd)."""

    FIRST = "first"
    REPEAT = "repeat"
    IMPROVE = "improve"
    RESIT = "resit"


class Absence(StrEnum):
    """A person's decision on a missed examination (T8-9.2)."""

    UNDECIDED = "undecided"
    EXCUSED = "excused"
    UNEXCUSED = "unexcused"


class LearnerEvent(NamedTuple):
    """One event of a learner's standing, with the decision that it rests on."""

    learner: str
    event: StandingEvent
    on: date
    decision: str = ""
    value: Decimal | None = None
    detail: str = ""
    until: date | None = None


class TermResult(NamedTuple):
    """A learner's term as it was closed (T8-10.1)."""

    learner: str
    term: str
    main: Answer
    """Warnings are considered after main terms only (T8-11.1)."""
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody asks of a row
    """Which main term of the learner's study, from 1."""
    registered: Decimal
    failed: Decimal
    owed: Decimal
    earned: Decimal
    closed: date
    average: Decimal | None = None
    cumulative: Decimal | None = None


class CourseResult(NamedTuple):
    """One attempt at a course and its official result (T8-9)."""

    learner: str
    course: str
    term: str
    attempt: int
    on: date
    kind: AttemptKind = AttemptKind.FIRST
    score: Decimal | None = None
    letter: str = ""
    absence: Absence | None = None
    official: Answer = Answer.YES
    """Whether this attempt is the one that counts."""


LearnerRow = LearnerEvent | TermResult | CourseResult
