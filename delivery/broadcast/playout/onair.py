"""The air side of a site in one piece: scheduler, playout, as-run and attendance over the same store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.airbook import AirBlobs, AirBook, assets_of
from delivery.broadcast.playout.alerts import Alerts, file_missing, not_ready
from delivery.broadcast.playout.asrun import AsRunner
from delivery.broadcast.playout.attendance import Attendance, Codes
from delivery.broadcast.playout.bundle import AirFolder, BlobStore, Bundler, Problem
from delivery.broadcast.playout.feed import Feed
from delivery.broadcast.playout.hls import WINDOW_TICKS
from delivery.broadcast.playout.playout import Playout
from delivery.broadcast.playout.transmit import Transmission
from delivery.broadcast.schedule.checks import LoadLimits, Post
from delivery.broadcast.schedule.findings import Finding
from delivery.broadcast.schedule.makegood import Missed, Proposal, propose
from delivery.broadcast.schedule.naming import named
from delivery.broadcast.schedule.programme import Programme, programmes
from delivery.broadcast.schedule.schedule import Lesson, Wanted, tick_at
from delivery.broadcast.schedule.scheduler import FROZEN_TICKS, Compilation, Materials, Scheduler
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Activity, Catalogue
from delivery.clock import Clock, to_micros
from delivery.errors import N_, Refused
from delivery.record.kinds import FactKind
from delivery.store.air import Channel, Slot
from delivery.store.factlog import FactLog
from delivery.store.media import LessonRow
from delivery.store.schedule import ScheduleStore
from delivery.units import SEGMENT_TICKS, Ticks


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the air side needs from the rest of the program."""

    facts: FactLog
    blobs: BlobStore
    assets: Callable[[str], Asset]
    ingested: Callable[[str], LessonRow | None]
    """Material code -> what was last ingested for it."""
    catalogue: Callable[[], Catalogue]
    is_approved: Callable[[str, str], bool]
    """(material, SHA-256 of its file) -> approved for broadcast."""
    make_slates: Callable[[str, str], Mapping[int, str]]
    """(``tv``, ``radio`` or a media profile, name of the channel) -> length in ticks (1 to 18, as far as the profile's
    sound allows) -> slate, made when there is none yet."""
    make_card: Callable[[Channel, str], str]
    """(channel, attendance code) -> asset of a card, made when there is none yet."""
    learner_in: Callable[[str, str], str | None]
    """(learner, course) -> site of the learner, None without enrolment."""
    key: bytes
    """Secret of the attendance codes."""
    folder: Path | None = None
    """Where the air bundles lie; without one, playout needs the database."""
    window_ticks: int = WINDOW_TICKS
    """How far back a viewer may go."""
    gate: Callable[[str, str, datetime], str] | None = None
    """(material, SHA-256 of its file, when) -> why it may not air then (``unapproved``, ``unlicensed``, ``altered``),
    empty when it may; asks `is_approved` when not given."""
    days_off: Callable[[], Collection[str]] = frozenset
    """Local days (ISO 8601) that slots may skip as holidays."""
    limits: LoadLimits = field(default_factory=LoadLimits)
    transit_days: int = 7
    """From the post office to the last learner."""
    judge_slots: Callable[[Sequence[Slot]], None] = lambda _slots: None
    """Raises to refuse slots before they are scheduled."""


class OnAir:
    """Everything of a site that has to do with being on the air. Built once by the application."""

    def __init__(
        self, store: ScheduleStore, around: Surroundings, *, clock: Clock, alerts: Alerts | None = None
    ) -> None:
        self.store = store
        self._around = around
        self._clock = clock
        self.codes = Codes(around.key)
        # An asset never changes under its id, and a long one takes milliseconds to read.
        self.folder = AirFolder(around.folder) if around.folder else None
        library = lru_cache(maxsize=512)(around.assets)
        assets = lru_cache(maxsize=512)(assets_of(self.folder, library))
        self.book = AirBook(self.folder, store, monotonic=clock.monotonic)
        self.alerts = alerts or Alerts(clock)
        self.blobs = AirBlobs(self.folder, around.blobs)
        self.feed = Feed(self.book, assets=assets, blobs=self.blobs)
        self.assets = assets
        materials = Materials(self._wanted, assets, around.make_card, self._post, around.limits)
        self.scheduler = Scheduler(
            store,
            around.facts,
            materials=materials,
            codes=self.codes,
            clock=clock,
            compiled=self.publish,
            judge=around.judge_slots,
        )
        self.playout = Playout(
            self.book,
            self.feed,
            assets=assets,
            is_approved=around.is_approved,
            clock=clock,
            alerts=self.alerts,
            window_ticks=around.window_ticks,
        )
        self.playout.render_with(self._source)
        self.bundler = (
            Bundler(
                self.folder,
                store,
                around.blobs,
                assets=library,
                title_of=self._title_of,
                monotonic=clock.monotonic,
            )
            if self.folder
            else None
        )
        self.asrunner = AsRunner(store, self.book, around.facts, self.feed, assets=assets)
        self.attendance = Attendance(store, around.facts, codes=self.codes, learner_in=around.learner_in)

    def _source(self, channel: Channel) -> Transmission:
        return Transmission(
            channel,
            feed=self.feed,
            assets=self.assets,
            blobs=self.blobs,
            rendition=self.playout.transmitter(channel.code),
        )

    def programmes(self, channel: str = "", *, since: datetime, before: datetime) -> list[Programme]:
        """What airs between two moments, with its names: for guides, calendars, day sheets and the portal."""
        channels = {c.code: c for c in self.store.channels()}
        first, stop = tick_at(since), tick_at(before)
        airings = self.store.airings(channel or None, since_tick=first, before_tick=stop)
        return programmes(airings, channel_of=channels.__getitem__, catalogue=self._around.catalogue())

    def make_goods(self) -> list[Proposal]:
        """Lessons of the last weeks that did not go out whole and were not made good since, and when they could."""
        told = list(self._around.facts.select(kind=FactKind.ITEM_AIRED))
        again = {fact.data["makes_good"] for fact in told if fact.data.get("makes_good")}
        again |= {slot.makes_good for slot in self.store.slots() if slot.makes_good}
        missed = [
            Missed(
                fact.data["airing"],
                fact.data["channel"],
                fact.data["material"],
                fact.course,
                fact.data.get("unit", 0),
                fact.data["planned_ticks"],
                fact.data["aired_ticks"],
                fact.data["planned_start"],
            )
            for fact in told
            if fact.data["status"] != "complete"
            and not fact.data.get("rerun")
            and fact.data["airing"] not in again
        ]
        now = tick_at(self._clock.now())
        rows = {one.channel: self.store.rows(one.channel, since_tick=now) for one in missed}
        return propose(missed, rows, from_tick=now + 2 * FROZEN_TICKS, room_ticks=2 * SEGMENT_TICKS)

    def publish(self, channel: str) -> None:
        """Write the channel's air bundle from what the database holds now; nothing without a folder for it."""
        if self.bundler:
            self.bundler.refresh(
                channel, tick_at(self._clock.now()), window_ticks=self.playout.bundle_back_ticks
            )

    def prove(self, *, budget_s: float = 0.2) -> list[Problem]:
        """Prove the files of every bundle for a while, and tell of those that cannot be had in time."""
        if self.bundler is None:
            return []
        now = self._clock.now()
        found: list[Problem] = []
        for channel in self.folder.channels() if self.folder else []:
            found += self.bundler.prove(channel, tick_at(now), budget_s=budget_s)
        for problem in found:
            ahead_us = problem.at_us - to_micros(now)
            for hours in (1, 24):
                if 0 < ahead_us <= hours * 3_600_000_000:
                    self.alerts.tell(
                        file_missing(
                            problem.channel,
                            at_us=problem.at_us,
                            reason=problem.reason,
                            key=f"{problem.asset} {problem.at_us}",
                            hours=hours,
                        )
                    )
                    break
        return found

    def warn(self, findings: Iterable[Finding]) -> None:
        """Tell of what is to air within 24 hours, and again within one, and cannot."""
        now_us = to_micros(self._clock.now())
        for finding in findings:
            ahead_us = finding.at_us - now_us
            if finding.severity != "error" or ahead_us <= 0:
                continue
            for hours in (1, 24):
                if ahead_us <= hours * 3_600_000_000:
                    self.alerts.tell(not_ready(finding, hours=hours))
                    break

    def _title_of(self, material: str) -> str:
        found = self._around.catalogue().materials.get(material)
        return found.title if found and found.title else material

    def open_channel(self, code: str, name: str, *, kind: str, profile: str = "") -> Channel:
        """Create a channel of kind ``tv`` or ``radio`` with its slates; doing it again changes its name at most.

        `profile` is a media profile of that kind, when it is not the usual one. Raises ConfigError for an unknown one,
        Refused for one of another kind, or when the channel has another, and BadInput for a code or name that files,
        addresses and guides could not bear.
        """
        channels = self.store.channels()
        known = next((c for c in channels if c.code == code), None)
        name = named(code, name, others=[c.code for c in channels if c is not known])
        if known and (known.kind != kind or profile not in ("", known.profile)):
            raise Refused(
                N_("Channel {channel} is on the air in another format."),
                do=N_("Open another channel for this one."),
                channel=code,
            )
        profile = profile or (known.profile if known else "")
        slates = dict(self._around.make_slates(profile or kind, name))
        if self._around.assets(next(iter(slates.values()))).kind != kind:
            raise Refused(
                N_("“{profile}” is not a profile for {kind}."),
                do=N_("Name a media profile of the channel's kind."),
                profile=profile,
                kind=kind,
            )
        channel = Channel(code, name, kind, slates, profile=profile)
        if known:
            channel = replace(known, name=name, slates=slates)
        self.store.put_channel(channel)
        return channel

    def compile(self, hours: float, *, actor: str, channel: str = "") -> list[Compilation]:
        """Extend the timelines to `hours` ahead, of all channels or one. Worth doing every few minutes: what lost its
        approval leaves the schedule before it is due. Raises NotFound for an unknown channel."""
        until = self._clock.now() + timedelta(hours=hours)
        channels = [self.store.channel(channel)] if channel else self.store.channels()
        return [self.scheduler.compile(one.code, until=until, actor=actor) for one in channels]

    def _wanted(self, channel: Channel) -> Wanted:
        """What may air on a channel: the catalogue is read once, each material is asked for once."""
        activities = sorted(
            (a for a in self._around.catalogue().activities.values() if a.mode is DeliveryMode.BROADCAST),
            key=lambda a: (a.unit, a.code),
        )
        of_material = {a.material: a for a in reversed(activities) if a.material}
        lesson_of = cache(lambda material: self._lesson(material, of_material.get(material)))

        @cache
        def gate(material: str, content: str, when: datetime) -> str:
            if self._around.gate:
                return self._around.gate(material, content, when)
            return "" if approved(material, content) else "unapproved"

        approved = cache(self._around.is_approved)

        @cache
        def lessons_of(course: str) -> tuple[str, ...]:
            named = dict.fromkeys(a.material for a in activities if a.course == course and a.material)
            held = ((material, lesson_of(material)) for material in named)
            # What is not ingested yet keeps its turn; a radio version does not air on television.
            return tuple(m for m, lesson in held if lesson is None or lesson.kind in ("", channel.kind))

        return Wanted(lesson_of, gate, lessons_of, self._around.days_off(), channel.grain)

    def review(self, channel: str, *, since: datetime, before: datetime) -> list[Finding]:
        """Findings of a compilation that is not stored, about airings between two moments."""
        found = self.scheduler.review(channel, until=before)
        return [f for f in found if to_micros(since) <= f.at_us < to_micros(before)]

    def _lesson(self, material: str, activity: Activity | None) -> Lesson | None:
        """What can be aired for a material, with the broadcast activity that it belongs to."""
        held = self._around.ingested(material)
        if held is None:
            return None
        return Lesson(
            material,
            held.content or held.source,
            held.asset,
            Ticks(held.ticks),
            activity.course if activity else held.course,
            activity.code if activity else "",
            activity.unit if activity else held.unit,
            held.kind,
        )

    def _post(self) -> Post:
        catalogue = self._around.catalogue()

        def unit_of(activity: str) -> int:
            found = catalogue.activities.get(activity)
            return found.unit if found else 0

        return Post(self.store.packets_of, unit_of, self._around.transit_days)
