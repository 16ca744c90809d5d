"""Learners of a year by programme and venue: what table III of Phụ lục I and table II of Phụ lục II count.

Each learner is counted once in each column. The venue is that of the day of the event; the headcount that of
31 December. Learners on leave are in (A7); a forced withdrawal counts in the year of its decision (A8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from delivery.catalogue.kinds import SiteKind
from delivery.catalogue.learner_rows import LearnerEvent
from delivery.catalogue.register_kinds import EntryLevel, StandingEvent
from delivery.errors import N_, Message
from delivery.regulation.indexes import foreign, headquarters, is_legacy
from delivery.regulation.snapshot import Snapshot
from delivery.regulation.standing import Standing, fold_standing
from delivery.reports.document import Behind

_E = StandingEvent
_At = Callable[[str, bool, str], "Counted"]
LEVELS = tuple(EntryLevel)
"""Columns (7) to (10), in the order of the template."""


class Place(NamedTuple):
    """One row: a programme at a venue; cohorts under the older circular stand apart (TXC-2-1)."""

    programme: str
    site: str
    legacy: bool


@dataclass(slots=True)
class Counted:
    """The rows behind each number of one place."""

    entered: dict[EntryLevel, list[Behind]] = field(default_factory=lambda: {level: [] for level in LEVELS})
    unknown_level: list[Behind] = field(default_factory=list)
    dismissed: list[Behind] = field(default_factory=list)
    voluntary: list[Behind] = field(default_factory=list)
    graduated: list[Behind] = field(default_factory=list)
    moved_in: list[Behind] = field(default_factory=list)
    moved_out: list[Behind] = field(default_factory=list)
    before: int = 0
    """Headcount on 31 December of the year before."""
    headcount: list[Behind] = field(default_factory=list)

    @property
    def enrolled(self) -> int:
        """Everybody who enrolled in the year, those without a known entry level too."""
        return sum(len(rows) for rows in self.entered.values()) + len(self.unknown_level)

    @property
    def expected(self) -> int:
        """Headcount as the flows of the year make it from the one before."""
        return (
            self.before
            + self.enrolled
            - len(self.graduated)
            - len(self.voluntary)
            - len(self.dismissed)
            + len(self.moved_in)
            - len(self.moved_out)
        )


def learners_of_year(s: Snapshot, year: int) -> dict[Place, Counted]:
    """Counts of a year, from a snapshot of its 31 December. Programmes with a foreign degree are outside (TX-1.4)."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    eve = date(year - 1, 12, 31)
    outside = foreign(s)
    cohorts = {
        code: (cohort.programme, is_legacy(s, cohort))
        for code, cohort in s.cohorts.items()
        if cohort.programme not in outside
    }
    out: dict[Place, Counted] = {}

    def at(programme: str, legacy: bool, site: str) -> Counted:
        place = Place(programme, site, legacy)
        known = out.get(place)
        if known is None:
            known = out[place] = Counted()
        return known

    for learner in s.standings.values():
        known = cohorts.get(learner.cohort)
        if known is None or not learner.events:
            continue
        programme, legacy = known
        if learner.studying:
            at(programme, legacy, learner.site).headcount.append(
                Behind("standings", learner.learner, learner.since, learner.status.value)
            )
        if _studied_on(learner, eve):
            at(programme, legacy, learner.site_on(eve)).before += 1
        entered = gone = False
        for event in learner.events:
            # A decision on somebody who is gone already, such as one that was issued again, ends nothing.
            name = _FLOWS.get(event.event, "")
            again, gone = gone, bool(name) or (gone and event.event not in _BACK)
            if not first <= event.on <= last:
                continue
            if event.event is _E.TRANSFERRED:
                _moved(learner, event, programme, legacy, at)
                continue
            if event.event is _E.ENROLLED:
                if not entered:
                    _entered(at(programme, legacy, learner.site_on(event.on)), event)
                entered = True
                continue
            if name and not again:
                getattr(at(programme, legacy, learner.site_on(event.on)), name).append(_behind(event))
    return out


_FLOWS: Mapping[StandingEvent, str] = {
    _E.DISMISSED: "dismissed",
    _E.WITHDRAWN_VOLUNTARY: "voluntary",
    _E.GRADUATED: "graduated",
}
_BACK = frozenset({_E.ENROLLED, _E.RETURNED})


def _behind(event: LearnerEvent) -> Behind:
    what = f"{event.event.value} {event.detail}".strip()
    return Behind("standings", event.learner, event.on, what, event.decision)


def _entered(counted: Counted, event: LearnerEvent) -> None:
    if event.detail in _LEVEL_NAMES:
        counted.entered[EntryLevel(event.detail)].append(_behind(event))
    else:
        counted.unknown_level.append(_behind(event))


_LEVEL_NAMES = frozenset(level.value for level in EntryLevel)


def _moved(learner: Standing, event: LearnerEvent, programme: str, legacy: bool, at: _At) -> None:
    """A transfer between venues. It moves somebody only while that person studies."""
    if not _studied_on(learner, event.on):
        return
    source = _site_before(learner, event)
    if event.detail and event.detail != source:
        at(programme, legacy, source).moved_out.append(_behind(event))
        at(programme, legacy, event.detail).moved_in.append(_behind(event))


def _site_before(learner: Standing, event: LearnerEvent) -> str:
    place = learner.home_site
    for earlier in learner.events:
        if earlier is event:
            break
        if earlier.event is _E.TRANSFERRED and earlier.detail:
            place = earlier.detail
    return place


def _studied_on(learner: Standing, day: date) -> bool:
    """Whether the learner was studying at the end of a day."""
    if learner.enrolled_on is None:
        return False
    if len(learner.events) == 1:
        return learner.enrolled_on <= day
    return fold_standing(learner.learner, learner.cohort, learner.home_site, learner.events, day).studying


def in_order(s: Snapshot, places: set[Place]) -> list[Place]:
    """By programme; headquarters, branches, partners; cohorts under the older circular after the others."""
    kinds = (SiteKind.HEADQUARTERS, SiteKind.BRANCH, SiteKind.PARTNER)

    def rank(place: Place) -> tuple[str, bool, int, str]:
        site = s.sites.get(place.site)
        return place.programme, place.legacy, kinds.index(site.kind) if site else len(kinds), place.site

    return sorted(places, key=rank)


def places_of(s: Snapshot, year: int, counted: Mapping[Place, Counted]) -> list[Place]:
    """Rows of table III: where somebody is counted, where a quota stands, and one for a programme without either.

    A quota is of today's circular, unless cohorts under the older one enrolled in that year.
    """
    places = set(counted)
    programmes = set(s.programmes) - foreign(s)
    for programme, site, of_year in s.quotas:
        older = counted.get(Place(programme, site, True))
        if of_year == year and programme in programmes and not (older and older.enrolled):
            places.add(Place(programme, site, False))
    for code in programmes - {place.programme for place in places}:
        places.add(Place(code, headquarters(s), False))
    return in_order(s, places)


def quota_of(s: Snapshot, year: int, place: Place, places: set[Place]) -> int | None:
    """The quota of a place; it stands with the cohorts of today's circular where both are there."""
    row = s.quotas.get((place.programme, place.site, year))
    if row is None or (place.legacy and Place(place.programme, place.site, False) in places):
        return None
    return row.quota


def problems_of(place: Place, counted: Counted) -> list[Message]:
    """What contradicts itself in the numbers of one place."""
    where = {"programme": place.programme, "site": place.site}
    found = []
    if counted.unknown_level:
        text = N_(
            "{programme} at {site}: {count} learners enrolled without an entry level; columns 7 to 10 leave them out."
        )
        found.append(Message(text, {**where, "count": len(counted.unknown_level)}))
    if counted.expected != len(counted.headcount):
        text = N_(
            "{programme} at {site}: the events of the year leave {expected} learners, {headcount} study on 31 December."
        )
        found.append(
            Message(text, {**where, "expected": counted.expected, "headcount": len(counted.headcount)})
        )
    return found
