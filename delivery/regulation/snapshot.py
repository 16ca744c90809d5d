"""Everything that the rules read, frozen at one day: catalogue, registers, learners' standing, sums over the record.

A rule sees the snapshot through :func:`tracked`, which notes the tables it looked at; after a change only the rules
that looked at what changed are evaluated again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import wraps
from typing import Any, TypeVar, cast

from delivery.catalogue.kinds import DeliveryMode, MaterialState
from delivery.catalogue.model import (
    Activity,
    Cohort,
    Component,
    Course,
    Institution,
    Material,
    Person,
    Programme,
    Site,
    Unit,
)
from delivery.catalogue.registers import Registers
from delivery.regulation.calendar import Calendar, load_calendar
from delivery.regulation.findings import Outcomes
from delivery.regulation.profile import Profile
from delivery.regulation.standing import Standing

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MaterialStanding:
    """Where the content that a material has now stands, and since when (TX-4.1, TX-4.5-1)."""

    state: MaterialState
    modes: tuple[DeliveryMode, ...] = ()
    appraised_on: date | None = None
    approved_on: date | None = None
    appraised_at: int = 0
    """Exact moments in µs since 1970 UTC, for what happens within one day."""
    approved_at: int = 0
    first_used_at: int = 0
    decision: str = ""
    appraiser: str = ""
    signer: str = ""
    content: str = ""
    licence: str = ""
    """Number or name of the agreement by which the institution may use it (TT-3.4)."""
    licensed_until: date | None = None


@dataclass(frozen=True, slots=True)
class CourseTotals:
    """Sums over the record of one course."""

    learners: int = 0
    """Enrolled now."""
    learner_lecturer: int = 0
    """LS exchanges (TX-5.4-1)."""
    learner_learner: int = 0
    unanswered: int = 0
    oldest_unanswered: date | None = None
    recorded_minutes: int = 0
    """Minutes that participation, attendance and work are credited with, at most as designed."""
    first_activity: date | None = None
    packets_posted: int = 0
    packets_undelivered: int = 0
    sheets_returned: int = 0
    held: int = 0
    """Returned work that waits for a person (TX-2.3)."""
    aired: int = 0
    aired_partly: int = 0
    planned_ticks: int = 0
    aired_ticks: int = 0


@dataclass(frozen=True, slots=True)
class Override:
    """A closed gate that a person passed, with role, reason and second person (TX-6.1a)."""

    gate: str
    clause: str
    subject: str
    actor: str
    role: str
    reason: str
    second: str
    on: date


@dataclass(frozen=True, kw_only=True)
class Snapshot(Registers):
    """One institution on one day: its registers, its catalogue, and what the record says. Mappings are never changed
    after the snapshot is made."""

    on: date
    institution: Institution
    profiles: Mapping[str, Profile]
    default_profile: str
    calendar: Calendar = field(default_factory=load_calendar)
    sites: Mapping[str, Site] = field(default_factory=dict)
    programmes: Mapping[str, Programme] = field(default_factory=dict)
    cohorts: Mapping[str, Cohort] = field(default_factory=dict)
    courses: Mapping[str, Course] = field(default_factory=dict)
    units: Mapping[tuple[str, int], Unit] = field(default_factory=dict)
    components: Mapping[tuple[str, str], Component] = field(default_factory=dict)
    activities: Mapping[str, Activity] = field(default_factory=dict)
    materials: Mapping[str, Material] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    material_standings: Mapping[str, MaterialStanding] = field(default_factory=dict)
    standings: Mapping[str, Standing] = field(default_factory=dict)
    """Learner id -> standing."""
    totals: Mapping[str, CourseTotals] = field(default_factory=dict)
    """Course code -> sums over the record."""
    activity_minutes: Mapping[str, int] = field(default_factory=dict)
    """Activity code -> minutes credited to all learners together, at most as designed for each (TX-9.8-2)."""
    arrivals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Activity code -> (first arrivals of work in time, late); work without a due day is in time."""
    last_seen: Mapping[str, date] = field(default_factory=dict)
    """Learner id -> day of the last fact about the learner."""
    lost_files: frozenset[str] = frozenset()
    """Codes of evidence on components (TX-2.5) whose file is not in the store any more."""
    overrides: tuple[Override, ...] = ()
    ledger_ok: bool | None = None
    """Whether the last verification of the fact log found nothing (TT-5.3c-2); None when it was not asked."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    """Findings by clause, for rules over other rules."""

    def changed(self, **tables: Any) -> Snapshot:
        """A copy with other tables; what was worked out from the tables that stay is kept."""
        new = dataclasses.replace(self, **tables)
        kept = {
            function: hit
            for function, hit in _memory(self).items()
            if all(getattr(self, name) is getattr(new, name) for name in hit[1])
        }
        new.__dict__["_memory"] = kept
        return new


class _Tracked:
    """A view on a snapshot that notes which of its tables were read. After the first time a table is at hand."""

    def __init__(self, snapshot: Snapshot) -> None:
        values = self.__dict__
        values["_of"] = snapshot
        values["_reads"] = set()
        values["_memory"] = _memory(snapshot)

    def __getattr__(self, name: str) -> Any:
        value = self.__dict__[name] = getattr(self.__dict__["_of"], name)
        self.__dict__["_reads"].add(name)
        return value


def tracked(snapshot: Snapshot) -> Snapshot:
    """The same values; :func:`reads_of` tells afterwards what was looked at."""
    return cast(Snapshot, _Tracked(snapshot))


def reads_of(snapshot: Snapshot) -> frozenset[str]:
    """Tables that were read through a tracked snapshot."""
    found: set[str] = snapshot.__dict__["_reads"]
    return frozenset(found)


def _memory(snapshot: Snapshot) -> dict[Any, tuple[Any, frozenset[str]]]:
    memory: dict[Any, tuple[Any, frozenset[str]]] = snapshot.__dict__.setdefault("_memory", {})
    return memory


def index(function: Callable[[Snapshot], T]) -> Callable[[Snapshot], T]:
    """A value worked out from a snapshot, once for all rules. What it read counts as read by whoever asks for it."""

    @wraps(function)
    def ask(snapshot: Snapshot) -> T:
        memory = _memory(snapshot)
        hit = memory.get(function)
        if hit is None:
            inner = tracked(snapshot)
            value = function(inner)
            hit = memory[function] = (value, reads_of(inner))
        if isinstance(snapshot, _Tracked):
            snapshot.__dict__["_reads"].update(hit[1])
        out: T = hit[0]
        return out

    return ask


def grouped(rows: Iterable[T], key: Callable[[T], Any]) -> dict[Any, list[T]]:
    """Rows by a key, in their order."""
    out: dict[Any, list[T]] = {}
    for row in rows:
        out.setdefault(key(row), []).append(row)
    return out
