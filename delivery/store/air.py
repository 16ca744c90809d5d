"""What the schedule store keeps: slots, airings and timeline rows, as frozen values without a database in sight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
        }


def freeze_continuity(counters: Mapping[str, Mapping[str, int]]) -> Continuity:
    """Sorted and hashable form of rendition -> PID -> counter."""
    return tuple((name, tuple(sorted(counters[name].items()))) for name in sorted(counters))
