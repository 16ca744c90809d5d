"""A learner's standing, folded from events: studying, on leave, gone or graduated; where; what was recognised."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from delivery.catalogue.learner_rows import CourseResult, LearnerEvent, LearnerRow, TermResult
from delivery.catalogue.register_kinds import LEAVES, EntryLevel, StandingEvent

_E = StandingEvent


class Status(StrEnum):
    ADMITTED = "admitted"
    """In the roster, without an event of enrolment."""
    STUDYING = "studying"
    LEAVE = "leave"
    WITHDRAWN_VOLUNTARY = "withdrawn_voluntary"
    DISMISSED = "dismissed"
    GRADUATED = "graduated"


ENDED = frozenset({Status.WITHDRAWN_VOLUNTARY, Status.DISMISSED, Status.GRADUATED})


class Standing(NamedTuple):
    """One learner on one day. A named tuple, because an institution has tens of thousands."""

    learner: str
    cohort: str
    site: str
    status: Status = Status.ADMITTED
    since: date | None = None
    entry: EntryLevel | None = None
    enrolled_on: date | None = None
    exempted: Decimal = Decimal(0)
    exchanged: Decimal = Decimal(0)
    events: tuple[LearnerEvent, ...] = ()
    terms: tuple[TermResult, ...] = ()
    results: tuple[CourseResult, ...] = ()
    kinds: frozenset[StandingEvent] = frozenset()
    """Kinds of its events: most learners have one, and are passed over at once."""
    home_site: str = ""
    """Venue by the roster, before any transfer."""

    def site_on(self, day: date) -> str:
        """Venue at the end of a day: a transfer counts from its own day (TX-7.3c)."""
        if _E.TRANSFERRED not in self.kinds:
            return self.site
        place = self.home_site
        for event in self.events:
            if event.event is _E.TRANSFERRED and event.detail and event.on <= day:
                place = event.detail
        return place

    def of(self, *kinds: StandingEvent) -> tuple[LearnerEvent, ...]:
        """Events of these kinds, by day."""
        if self.kinds.isdisjoint(kinds):
            return ()
        return tuple(event for event in self.events if event.event in kinds)

    @property
    def studying(self) -> bool:
        """Counted in quy mô: enrolled and not gone; learners on leave are in (A7)."""
        return self.status in (Status.STUDYING, Status.LEAVE)


_ENDS = {
    _E.WITHDRAWN_VOLUNTARY: Status.WITHDRAWN_VOLUNTARY,
    _E.DISMISSED: Status.DISMISSED,
    _E.GRADUATED: Status.GRADUATED,
}
_LEVELS = {level.value: level for level in EntryLevel}
_NONE = Decimal(0)


def fold_standing(learner: str, cohort: str, site: str, rows: Iterable[LearnerRow], on: date) -> Standing:
    """The standing on the day `on`; what is dated later is left out. The order of `rows` does not matter."""
    events: list[LearnerEvent] = []
    terms: list[TermResult] = []
    results: list[CourseResult] = []
    for row in rows:
        if isinstance(row, TermResult):
            if row.closed <= on:
                terms.append(row)
        elif row.on <= on:
            if isinstance(row, LearnerEvent):
                events.append(row)
            else:
                results.append(row)
    # Most learners have one event and few terms: there are tens of thousands of them.
    if len(events) > 1:
        events.sort(key=lambda e: (e.on, e.event.value, e.decision))
    if len(terms) > 1:
        terms.sort(key=lambda t: (t.index, t.term))
    if len(results) > 1:
        results.sort(key=lambda r: (r.course, r.attempt))
    status, since, entry, enrolled = Status.ADMITTED, None, None, None
    exempted = exchanged = _NONE
    place = site
    for event in events:
        kind = event.event
        if kind is _E.ENROLLED:
            status, since, enrolled = Status.STUDYING, event.on, event.on
            entry = _LEVELS.get(event.detail)
        elif kind in _ENDS:
            status, since = _ENDS[kind], event.on
        elif kind in LEAVES:
            if event.until is None or event.until >= on:
                status, since = Status.LEAVE, event.on
        elif kind is _E.RETURNED:
            status, since = Status.STUDYING, event.on
        elif kind is _E.EXEMPTED:
            exempted += event.value or _NONE
        elif kind is _E.EXCHANGED:
            exchanged += event.value or _NONE
        elif kind is _E.TRANSFERRED and event.detail:
            place = event.detail
    return Standing(
        learner,
        cohort,
        place,
        status,
        since,
        entry,
        enrolled,
        exempted,
        exchanged,
        tuple(events),
        tuple(terms),
        tuple(results),
        frozenset([event.event for event in events]),
        site,
    )
