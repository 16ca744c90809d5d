"""What is known of one learner, in all modes: what :func:`delivery.record.fold.fold` makes of facts, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from delivery.catalogue.model import Activity, Course
from delivery.record.grades import ComponentScore, CourseGrade, exact_text


@dataclass(frozen=True, slots=True)
class Received:
    """What has arrived of one piece of work: the learner's receipt. Days are local, in Viet Nam."""

    first: date
    last: date
    """Arrival of the newest page that was needed, whatever came again later."""
    pages: int
    present: tuple[int, ...]
    extra: int
    """Further sheets of the learner's own."""
    postmark: date | None
    """The day that counts, where a clerk entered a postmark (TX-9.8-1: its own day beside the day of entry)."""


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """What is known of one planned activity. Without any fact it is ``not_recorded``, never absent (TX-9.8-1)."""

    activity: Activity
    status: str
    """not_recorded, delivered, recorded, incomplete, submitted, marked, review or held."""
    minutes: int
    """Workload that is credited, at most the designed one (TX-9.8-2)."""
    evidence: tuple[str, ...]
    """Fact ids in order."""
    mark: Decimal | None = None
    late: bool = False
    pages_missing: tuple[int, ...] = ()
    received: Received | None = None


@dataclass(frozen=True, slots=True)
class CourseRecord:
    """A learner's course."""

    course: Course
    activities: tuple[ActivityRecord, ...]
    components: tuple[ComponentScore, ...]
    component_names: Mapping[str, str]
    grade: CourseGrade | None
    interactions: Mapping[str, int]
    """LS and SS exchanges (TX-5.4-1)."""


@dataclass(frozen=True, slots=True)
class LearnerRecord:
    """One learner, all modes."""

    learner: str
    site: str
    cohort: str
    courses: tuple[CourseRecord, ...]
    facts: int


def as_json(record: LearnerRecord, heads: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The record as the command line's contract gives it (design section 4)."""
    return {
        "learner": record.learner,
        "site": record.site,
        "cohort": record.cohort,
        "courses": [_course_json(course) for course in record.courses],
        "facts": record.facts,
        "heads": list(heads),
    }


def _course_json(record: CourseRecord) -> dict[str, Any]:
    grade = record.grade
    return {
        "course": record.course.code,
        "name": record.course.name,
        "credits": str(record.course.credits),
        "lead_mode": str(record.course.lead_mode),
        "activities": [
            {
                "activity": item.activity.code,
                "title": item.activity.title,
                "unit": item.activity.unit,
                "kind": str(item.activity.kind),
                "mode": str(item.activity.mode),
                "minutes": item.minutes,
                "planned_minutes": item.activity.minutes,
                "due": item.activity.due.isoformat() if item.activity.due else None,
                "status": item.status,
                "late": item.late,
                "pages_missing": list(item.pages_missing),
                "received": _received_json(item.received),
                "mark": str(item.mark) if item.mark is not None else None,
                "evidence": list(item.evidence),
            }
            for item in record.activities
        ],
        "components": [
            {
                "component": score.code,
                "name": record.component_names[score.code],
                "weight": str(score.weight),
                "score": _score_text(score),
            }
            for score in record.components
        ],
        "grade": None
        if grade is None
        else {
            "score": str(grade.score),
            "letter": grade.letter,
            "points": str(grade.points) if grade.points is not None else None,
            "passed": grade.passed,
        },
        "interactions": dict(record.interactions),
    }


def _received_json(received: Received | None) -> dict[str, Any] | None:
    if received is None:
        return None
    return {
        "first": received.first.isoformat(),
        "last": received.last.isoformat(),
        "pages": received.pages,
        "present": list(received.present),
        "extra": received.extra,
        "postmark": received.postmark.isoformat() if received.postmark else None,
    }


def _score_text(score: ComponentScore) -> str | None:
    return None if score.score is None else exact_text(score.score)
