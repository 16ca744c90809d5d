"""Sums over the record by course, folded from facts in one pass: what the rules on taking part look at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from delivery.catalogue.model import Activity
from delivery.clock import VIETNAM, from_micros
from delivery.record.facts import Fact
from delivery.record.fold import aired_minutes
from delivery.record.kinds import FactKind
from delivery.regulation.snapshot import CourseTotals

_K = FactKind
KINDS = (
    _K.ITEM_AIRED,
    _K.ATTENDANCE_RECORDED,
    _K.PARTICIPATION_RECORDED,
    _K.WORK_RECEIVED,
    _K.WORK_HELD,
    _K.QUESTION_ASKED,
    _K.QUESTION_ANSWERED,
    _K.PEER_ANSWERED,
)
"""Kinds of facts that the sums are made of."""


@dataclass(slots=True)
class _Sums:
    ls: int = 0
    ss: int = 0
    held: int = 0
    sheets: int = 0
    aired: int = 0
    partly: int = 0
    planned_ticks: int = 0
    aired_ticks: int = 0
    first: int = 0
    asked: dict[str, int] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)


_HOUR_US = 3_600_000_000


def day_of(micros: int) -> date:
    """The calendar day in Viet Nam."""
    return _day_of_hour(micros // _HOUR_US)


@lru_cache(maxsize=20_000)
def _day_of_hour(hour: int) -> date:
    """The day that an hour since 1970 UTC lies in: Viet Nam is whole hours away from UTC."""
    return from_micros(hour * _HOUR_US).astimezone(VIETNAM).date()


@dataclass(frozen=True, slots=True)
class RecordTotals:
    """Sums over the record of all learners."""

    courses: Mapping[str, CourseTotals]
    activity_minutes: Mapping[str, int]
    arrivals: Mapping[str, tuple[int, int]]
    """Activity -> (first arrivals of work in time, late)."""


def fold_totals(
    facts: Iterable[Fact],
    activities: Mapping[str, Activity],
    learners: Mapping[str, int],
    packets: Mapping[str, tuple[int, int]],
) -> RecordTotals:
    """Totals by course and activity. `learners`: course -> enrolled; `packets`: course -> (posted, undelivered).

    Minutes are credited for each learner and activity at most as designed (TX-9.8-2), whatever the order of facts.
    """
    sums: dict[str, _Sums] = {}
    credited: dict[tuple[str, str], int] = {}
    arrived: dict[tuple[str, str], int] = {}
    for fact in facts:
        course = fact.course
        if not course:
            continue
        own = sums.get(course)
        if own is None:
            own = sums[course] = _Sums()
        kind, data = fact.kind, fact.data
        if not own.first or fact.occurred_at < own.first:
            own.first = fact.occurred_at
        minutes = 0
        if kind is _K.PARTICIPATION_RECORDED or kind is _K.ATTENDANCE_RECORDED:
            minutes = data["minutes"]
        elif kind is _K.WORK_RECEIVED:
            own.sheets += 1
            place = (fact.learner, fact.activity)
            arrived[place] = min(arrived.get(place, fact.occurred_at), fact.occurred_at)
            known = activities.get(fact.activity)
            minutes = known.minutes if known else 0
        elif kind is _K.WORK_HELD:
            own.held += 1
        elif kind is _K.ITEM_AIRED:
            own.aired += 1
            own.planned_ticks += data["planned_ticks"]
            own.aired_ticks += data["aired_ticks"]
            own.partly += aired_minutes(fact) == 0 or data["aired_ticks"] < data["planned_ticks"]
        elif kind is _K.QUESTION_ASKED:
            own.ls += 1
            thread = data["thread"]
            own.asked[thread] = min(own.asked.get(thread, fact.occurred_at), fact.occurred_at)
        elif kind is _K.QUESTION_ANSWERED:
            own.ls += 1
            own.answered.add(data["thread"])
        elif kind is _K.PEER_ANSWERED:
            own.ss += 1
        if minutes and fact.activity:
            at = (fact.learner, fact.activity)
            credited[at] = credited.get(at, 0) + minutes
    recorded: dict[str, int] = {}
    by_activity: dict[str, int] = {}
    for (_, code), minutes in credited.items():
        activity = activities.get(code)
        if activity is not None:
            counted = min(minutes, activity.minutes)
            recorded[activity.course] = recorded.get(activity.course, 0) + counted
            by_activity[code] = by_activity.get(code, 0) + counted
    courses = sums.keys() | learners.keys() | packets.keys()
    totals = {
        course: _totals(
            sums.get(course, _NONE),
            learners.get(course, 0),
            packets.get(course, (0, 0)),
            recorded.get(course, 0),
        )
        for course in sorted(courses)
    }
    return RecordTotals(totals, by_activity, _arrivals(arrived, activities))


def _arrivals(
    arrived: Mapping[tuple[str, str], int], activities: Mapping[str, Activity]
) -> dict[str, tuple[int, int]]:
    out: dict[str, tuple[int, int]] = {}
    for (_, code), at in arrived.items():
        known = activities.get(code)
        late = bool(known and known.due and day_of(at) > known.due)
        in_time, behind = out.get(code, (0, 0))
        out[code] = (in_time + (not late), behind + late)
    return out


_NONE = _Sums()


def _totals(own: _Sums, learners: int, packets: tuple[int, int], recorded: int) -> CourseTotals:
    waiting = [at for thread, at in own.asked.items() if thread not in own.answered]
    return CourseTotals(
        learners=learners,
        learner_lecturer=own.ls,
        learner_learner=own.ss,
        unanswered=len(waiting),
        oldest_unanswered=day_of(min(waiting)) if waiting else None,
        recorded_minutes=recorded,
        first_activity=day_of(own.first) if own.first else None,
        packets_posted=packets[0],
        packets_undelivered=packets[1],
        sheets_returned=own.sheets,
        held=own.held,
        aired=own.aired,
        aired_partly=own.partly,
        planned_ticks=own.planned_ticks,
        aired_ticks=own.aired_ticks,
    )
