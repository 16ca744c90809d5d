"""What the pages of staff and the guide need of a station: airings, sites, alerts, jobs and deeds, as frozen values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from delivery.catalogue.model import Activity
from delivery.errors import Message
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind


@dataclass(frozen=True, slots=True)
class Aired:
    """A lesson in the guide of a channel, past or to come."""

    ident: str
    channel: str
    channel_name: str
    kind: str
    """``tv`` or ``radio``."""
    title: str
    course: str
    """Code; empty for a programme of no course."""
    activity: str
    starts_at: datetime
    ends_at: datetime
    rerun: bool = False
    playable: bool = False
    """Whether it may be watched later now."""


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert as it was told."""

    at: datetime
    severe: bool
    channel: str
    text: Message
    do: Message
    taken_by: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is waiting or under way."""

    what: Message
    about: str
    since: datetime
    state: Message


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site and how it stands with it."""

    code: str
    name: str
    kind: str
    learners: int
    own: bool
    connected: bool | None = None
    """None where there is no line: this site itself, or one that was never admitted."""
    contact: datetime | None = None
    behind: int | None = None


@dataclass(frozen=True, slots=True)
class MaterialState:
    """Where a material stands."""

    modes: tuple[str, ...] = ()
    """In which it may be used now."""
    reason: Message | None = None
    """Why it may not, or why only in some."""
    rights_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class InPackets:
    """How far the packets with an activity are."""

    packets: int = 0
    posted_at: datetime | None = None


def _no_airings(_since: datetime, _until: datetime, _channel: str) -> Sequence[Aired]:
    return ()


def _no_due(_activity: Activity, _day: str, _actor: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Station:
    """The wiring fills it; a portal alone has an empty one."""

    airings: Callable[[datetime, datetime, str], Sequence[Aired]] = field(default=_no_airings)
    """Lessons of a channel (of all, when it is empty) that touch the span, in order."""
    alerts: Callable[[], Sequence[Alerted]] = field(default=lambda: ())
    """Newest first."""
    jobs: Callable[[], Sequence[Job]] = field(default=lambda: ())
    sites: Callable[[], Sequence[SiteRow]] = field(default=lambda: ())
    deeds: Callable[[Sequence[FactKind], int], Sequence[Fact]] = field(default=lambda _kinds, _before_us: ())
    """Facts of these kinds recorded before a moment (µs; 0: until now), newest first."""
    material: Callable[[str], MaterialState] = field(default=lambda _code: MaterialState())
    packets: Callable[[str], Mapping[str, InPackets]] = field(default=lambda _course: {})
    """Course -> activity -> packets on their way."""
    set_due: Callable[[Activity, str, str], None] = field(default=_no_due)
    """(assignment, YYYY-MM-DD, lecturer); raises Refused."""
    least_answers: int = 5
    """Fewer are not broken down (TT-10.3); the wiring takes it from the regulation profile."""
