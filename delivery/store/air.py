"""What the schedule store keeps: slots, airings and timeline rows, as frozen values without a database in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from delivery.units import SEGMENT_TICKS, TICK_MS, Ticks

TICK_US = TICK_MS * 1000

Continuity = tuple[tuple[str, tuple[tuple[str, int], ...]], ...]
"""(rendition, ((PID, counter of the next packet with payload, 0 to 15), …)), sorted."""


class RowKind(StrEnum):
    LESSON = "lesson"
    """A programme of a course: it is credited, and an as-run fact tells what became of it."""
    CARD = "card"
    """The attendance code, right after the lesson it belongs to."""
    FILLER = "filler"
    """A programme that belongs to no course."""
    SLATE = "slate"
    """Station picture while nothing is scheduled."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A radio or television channel."""

    code: str
    name: str
    kind: str
    """``tv`` or ``radio``."""
    slates: Mapping[int, str]
    """Length in ticks (1 to 18) -> asset of exactly that length. Their renditions are the channel's renditions."""
    fillers: tuple[str, ...] = ()
    """Materials that fill gaps, in turn, where one fits whole; the rest of the gap is the slate."""
    ident: str = ""
    """Material of the station ident, aired at the start of each gap in which it fits; empty for none."""
    gap_minutes: int = 0
    """More minutes than this of nothing but the slate between two programmes of a day are worth a note; 0 for none."""
    profile: str = ""
    """House format of its lessons; empty is that of its kind."""

    @property
    def grain(self) -> int:
        """Ticks of which every length on this channel is a multiple: 1, or 3 where the sound is MP3."""
        return min(self.slates, default=1)

    def details(self) -> dict[str, Any]:
        """What is stored beside name, kind and slates."""
        return {
            "fillers": list(self.fillers),
            "ident": self.ident,
            "gap_minutes": self.gap_minutes,
            "profile": self.profile,
        }


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the schedule, once or recurring."""

    id: str
    channel: str
    start: datetime
    """First start (DTSTART), aware, in Asia/Ho_Chi_Minh."""
    rule: str
    """RFC 5545 RRULE value, or empty for a slot that happens once."""
    materials: tuple[str, ...]
    """One material airs at every occurrence; of several, each occurrence airs the next one."""
    rerun: bool = False
    course: str = ""
    activity: str = ""
    unit: int = 0
    except_days: tuple[str, ...] = ()
    """Local days (ISO 8601) on which the slot does not air (EXDATE)."""
    also: tuple[datetime, ...] = ()
    """Further starts beside those of the rule (RDATE)."""
    skip_holidays: bool = False
    """Not aired on the days off of the station's calendar; what comes next in order airs at the next occurrence."""
    minutes: int = 0
    """Length of the slot; a programme that is longer overruns it. 0 where it is as long as its programme."""
    whole_course: bool = False
    """The lessons of `course` in order of their units, as the catalogue has them when the timeline is compiled."""
    makes_good: str = ""
    """Airing that was missed and is made good here."""

    def details(self) -> dict[str, Any]:
        """What is stored beside the first columns; only what differs from the ordinary."""
        found: dict[str, Any] = {
            "except": list(self.except_days),
            "also": [moment.isoformat() for moment in self.also],
            "skip_holidays": self.skip_holidays,
            "minutes": self.minutes,
            "whole_course": self.whole_course,
            "makes_good": self.makes_good,
        }
        return {name: value for name, value in found.items() if value}


@dataclass(frozen=True, slots=True)
class Airing:
    """One occurrence of a slot, placed on the grid."""

    id: str
    channel: str
    slot: str
    material: str
    content: str
    """SHA-256 of the material's file that the approval must name."""
    asset: str
    ticks: Ticks
    planned_us: int
    """Start as scheduled, µs since 1970 UTC; the grid start lies within ±160 ms of it."""
    start_tick: int
    course: str = ""
    activity: str = ""
    unit: int = 0
    rerun: bool = False
    card: bool = False
    """An attendance card follows."""
    makes_good: str = ""
    """Airing that this one makes good."""

    @property
    def end_tick(self) -> int:
        """First tick after the lesson; the card is not counted."""
        return self.start_tick + self.ticks


@dataclass(frozen=True, slots=True)
class Row:
    """A stretch of the timeline that plays one asset, from its first tick; slates repeat until the row ends.

    Ticks count from 1970-01-01T00:00:00Z. Every segment has :data:`~delivery.units.SEGMENT_TICKS` ticks except the
    last one of the row, so that positions follow from arithmetic alone.
    """

    start_tick: int
    ticks: int
    kind: RowKind
    asset: str
    airing: str
    sequence: int
    """Media sequence number of the first segment."""
    continuity: Continuity
    """Counters with which the row begins."""
    first_segment: int = 0
    """Segment of the asset with which the row begins: more than 0 where a lesson is joined in progress."""

    @property
    def end_tick(self) -> int:
        return self.start_tick + self.ticks

    @property
    def segments(self) -> int:
        return -(-self.ticks // SEGMENT_TICKS)

    @property
    def end_sequence(self) -> int:
        return self.sequence + self.segments

    def counters(self, rendition: str) -> dict[str, int]:
        """PID -> first counter in `rendition`; a PID that is not listed begins with 0."""
        return next((dict(pids) for name, pids in self.continuity if name == rendition), {})

    def as_json(self) -> dict[str, Any]:
        return {
            "start_tick": self.start_tick,
            "ticks": self.ticks,
            "kind": str(self.kind),
            "asset": self.asset,
            "airing": self.airing,
            "sequence": self.sequence,
            "continuity": {name: dict(pids) for name, pids in self.continuity},
            **({"first_segment": self.first_segment} if self.first_segment else {}),
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Row:
        """The row that :meth:`as_json` wrote."""
        return Row(
            document["start_tick"],
            document["ticks"],
            RowKind(document["kind"]),
            document["asset"],
            document["airing"],
            document["sequence"],
            freeze_continuity(document["continuity"]),
            document.get("first_segment", 0),
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What one intervention by hand does to the day. Everything in ticks since 1970, so that nothing is ambiguous."""

    moved: Mapping[str, int] = field(default_factory=dict)
    """Airing -> tick at which it starts instead."""
    cut: Mapping[str, int] = field(default_factory=dict)
    """Airing -> tick at which it ends early, between two of its segments."""
    dropped: Sequence[str] = ()
    """Airings that do not go out at all."""
    blocked: Sequence[tuple[int, int]] = ()
    """(from, up to) in which nothing but the slate goes out."""
    freed_from: int = 0
    """From this tick on, earlier blocks do not count any more; 0 for none."""
    inserted: Sequence[Mapping[str, Any]] = ()
    """Airings (as JSON) that no slot knows."""
    joined: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """New airing id -> (airing that goes on, start tick, first segment of its asset)."""

    def as_json(self) -> dict[str, Any]:
        return {
            "moved": dict(self.moved),
            "cut": dict(self.cut),
            "dropped": list(self.dropped),
            "blocked": [list(pair) for pair in self.blocked],
            "freed_from": self.freed_from,
            "inserted": [dict(one) for one in self.inserted],
            "joined": {key: list(value) for key, value in self.joined.items()},
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Effect:
        return Effect(
            moved=dict(document.get("moved", {})),
            cut=dict(document.get("cut", {})),
            dropped=tuple(document.get("dropped", ())),
            blocked=tuple((first, stop) for first, stop in document.get("blocked", ())),
            freed_from=int(document.get("freed_from", 0)),
            inserted=tuple(document.get("inserted", ())),
            joined={key: tuple(value) for key, value in document.get("joined", {}).items()},
        )


@dataclass(frozen=True, slots=True)
class Control:
    """One intervention by hand."""

    id: str
    channel: str
    at_tick: int
    command: str
    actor: str
    effect: Effect


def freeze_continuity(counters: Mapping[str, Mapping[str, int]]) -> Continuity:
    """Sorted and hashable form of rendition -> PID -> counter."""
    return tuple((name, tuple(sorted(counters[name].items()))) for name in sorted(counters))
