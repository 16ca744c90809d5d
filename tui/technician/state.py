"""What the technician's console knows, as frozen values, and how it changes. No widget in sight."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from delivery.errors import Message
from tui.shared.values import (
    Alert,
    dicts_of,
    float_of,
    int_of,
    message_of,
    numbers_of,
    read_alerts,
    text_of,
    true_of,
)


@dataclass(frozen=True, slots=True)
class Playing:
    """What a channel sends now."""

    title: str
    start: int
    end: int
    kind: str
    course: str = ""
    unit: int = 0

    def fraction(self, now: int) -> float:
        """How much has gone, 0 to 1."""
        if self.end <= self.start:
            return 0.0
        return min(max((now - self.start) / (self.end - self.start), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Upcoming:
    title: str
    start: int
    end: int
    ready: bool
    reason: Message
    """Why it is not ready."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A transmitter, relay or Icecast server."""

    name: str
    up: bool


@dataclass(frozen=True, slots=True)
class Health:
    """How the outputs of a channel do."""

    bit_rate: int
    """Bits per second; 0 for unknown."""
    ready_s: float | None
    """So far ahead every file was proved to be there."""
    late: int
    worst_ms: float
    replaced: int
    peers: tuple[Peer, ...]

    @property
    def is_well(self) -> bool:
        return not self.late and not self.replaced and all(peer.up for peer in self.peers)


@dataclass(frozen=True, slots=True)
class Loudness:
    """Momentary loudness of the segment that is on, in LUFS."""

    start: int
    step_us: int
    momentary: tuple[float, ...]
    programme: float
    target: float

    def at(self, now: int) -> float | None:
        """What is heard now; None when that segment is over, or had not begun."""
        place = (now - self.start) // max(self.step_us, 1)
        if not 0 <= place < len(self.momentary) + 10 or not self.momentary:
            return None
        # The first figures of a segment are of a window that is not yet whole.
        return self.momentary[min(max(place, 3), len(self.momentary) - 1)]


@dataclass(frozen=True, slots=True)
class Channel:
    code: str
    name: str
    kind: str
    state: str
    by_hand: str
    now: Playing | None
    next: tuple[Upcoming, ...]
    health: Health
    loudness: Loudness | None
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class OnAir:
    """Answer to ``channels.status``."""

    now: int
    playout: bool
    channels: tuple[Channel, ...]
    alerts: tuple[Alert, ...]
    """Alarms that belong to no channel."""


@dataclass(frozen=True, slots=True)
class Job:
    """One recording: waiting, being converted, or judged."""

    id: str
    queue: str
    """Its name in the queue while it can be called off."""
    asset: str
    file: str
    material: str
    title: str
    course: str
    unit: int
    kind: str
    fraction: float
    stage: Message
    left_s: float | None
    verdict: str
    problems: tuple[Message, ...]
    approval: str
    changed: int


def read_on_air(document: Any) -> OnAir:
    """The result of ``channels.status``."""
    channels = tuple(channel for item in dicts_of(document, "channels") if (channel := read_channel(item)))
    playout = not (isinstance(document, dict) and document.get("playout") is False)
    return OnAir(int_of(document, "now"), playout, channels, read_alerts(document))


def read_channel(document: Any) -> Channel | None:
    """One channel, or None when it does not even say which."""
    code = text_of(document, "channel")
    if not code:
        return None
    playing = document.get("now")
    now = None
    if isinstance(playing, dict):
        now = Playing(
            text_of(playing, "title"),
            int_of(playing, "start"),
            int_of(playing, "end"),
            text_of(playing, "kind"),
            text_of(playing, "course"),
            int_of(playing, "unit"),
        )
    following = tuple(
        Upcoming(
            text_of(item, "title"),
            int_of(item, "start"),
            int_of(item, "end"),
            true_of(item, "ready"),
            message_of(item.get("reason")),
        )
        for item in dicts_of(document, "next")
    )
    return Channel(
        code,
        text_of(document, "name"),
        text_of(document, "kind"),
        text_of(document, "state"),
        text_of(document, "by_hand"),
        now,
        following,
        _health(document.get("health")),
        _loudness(document.get("loudness")),
        read_alerts(document, code),
    )


def _health(document: Any) -> Health:
    peers = tuple(Peer(text_of(one, "name"), true_of(one, "up")) for one in dicts_of(document, "peers"))
    return Health(
        int_of(document, "bit_rate"),
        float_of(document, "ready_s"),
        int_of(document, "late"),
        float_of(document, "worst_ms") or 0.0,
        int_of(document, "replaced"),
        peers,
    )


def _loudness(document: Any) -> Loudness | None:
    values = numbers_of(document, "momentary")
    target = float_of(document, "target")
    if not values or target is None:
        return None
    programme = float_of(document, "programme")
    return Loudness(
        int_of(document, "start"),
        int_of(document, "step_us") or 100_000,
        values,
        programme if programme is not None else target,
        target,
    )


def read_job(document: Any) -> Job | None:
    """One job, or None when it does not even say which."""
    ident = text_of(document, "id")
    if not ident:
        return None
    fraction = float_of(document, "fraction") or 0.0
    problems = document.get("problems")
    return Job(
        ident,
        text_of(document, "queue"),
        text_of(document, "asset"),
        text_of(document, "file") or ident,
        text_of(document, "material"),
        text_of(document, "title"),
        text_of(document, "course"),
        int_of(document, "unit"),
        text_of(document, "kind"),
        min(max(fraction, 0.0), 1.0),
        message_of(document.get("stage")),
        float_of(document, "left_s"),
        text_of(document, "verdict"),
        tuple(message_of(one) for one in problems) if isinstance(problems, list) else (),
        text_of(document, "approval"),
        int_of(document, "changed"),
    )


@dataclass
class State:
    """All that the sections draw."""

    on_air: OnAir | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    """By id, in the order in which they are shown: the newest first."""
    jobs_total: int = 0
    told: tuple[Alert, ...] = ()
    """All alerts of the log, newest first; None of them before the log was opened."""
    chosen: str = ""
    """Channel under the cursor, the same in every section."""
    jobs_since: int = 0
    """Station's time up to which the jobs are known, µs."""
    jobs_changed: int = 0
    """A number that rises whenever the jobs change."""
    last_orders: dict[str, str] = field(default_factory=dict)
    """Channel -> the last order that this console gave there, until it was undone."""

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self.on_air.channels if self.on_air else ()

    def channel(self, code: str = "") -> Channel | None:
        """The channel of that code, or the chosen one."""
        wanted = code or self.chosen
        return next((one for one in self.channels if one.code == wanted), None)

    def take_on_air(self, on_air: OnAir) -> None:
        self.on_air = on_air
        if self.channel() is None:
            self.chosen = on_air.channels[0].code if on_air.channels else ""

    def take_channel(self, channel: Channel) -> bool:
        """One channel has changed; False when it was not known."""
        if self.on_air is None or self.channel(channel.code) is None:
            return False
        changed = tuple(channel if one.code == channel.code else one for one in self.channels)
        self.on_air = OnAir(self.on_air.now, self.on_air.playout, changed, self.on_air.alerts)
        return True

    def take_jobs(self, document: Any, *, whole: bool) -> None:
        """A page of jobs; with `whole`, nothing from before counts any more."""
        if whole:
            self.jobs = {}
        for item in dicts_of(document, "jobs"):
            if job := read_job(item):
                self.take_job(job)
        self.jobs_total = max(int_of(document, "total"), len(self.jobs))
        self.jobs_changed += 1

    def take_job(self, job: Job) -> None:
        """One job is new, or has changed."""
        if job.queue and job.queue != job.id:
            # What waited under its queue's name is being converted now.
            self.jobs.pop(job.queue, None)
        self.jobs[job.id] = job
        self.jobs_changed += 1

    def drop_job(self, ident: str) -> None:
        """It was called off."""
        for name in [job.id for job in self.jobs.values() if ident in (job.id, job.queue)]:
            del self.jobs[name]
        self.jobs_changed += 1

    def ordered_jobs(self) -> list[Job]:
        """What runs or waits first, then the newest."""
        return sorted(self.jobs.values(), key=lambda job: (job.verdict != "", -job.changed, job.id))
