"""The air side of a site in one piece: scheduler, playout, as-run and attendance over the same store."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.asrun import AsRunner
from delivery.broadcast.playout.attendance import Attendance, Codes
from delivery.broadcast.playout.feed import BlobReader, Feed
from delivery.broadcast.playout.playout import Playout
from delivery.broadcast.schedule.schedule import Lesson
from delivery.broadcast.schedule.scheduler import Compilation, Materials, Scheduler
from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Catalogue
from delivery.clock import Clock
from delivery.store.air import Channel
from delivery.store.factlog import FactLog
from delivery.store.media import LessonRow
from delivery.store.schedule import ScheduleStore
from delivery.units import Ticks


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the air side needs from the rest of the program."""

    facts: FactLog
    blobs: BlobReader
    assets: Callable[[str], Asset]
    ingested: Callable[[str], LessonRow | None]
    """Material code -> what was last ingested for it."""
    catalogue: Callable[[], Catalogue]
    is_approved: Callable[[str, str], bool]
    """(material, SHA-256 of its file) -> approved for broadcast."""
    make_slates: Callable[[str, str], Mapping[int, str]]
    """(``tv`` or ``radio``, name of the channel) -> length in ticks (1 to 18) -> slate, made when there is none yet."""
    make_card: Callable[[Channel, str], str]
    """(channel, attendance code) -> asset of a card, made when there is none yet."""
    learner_in: Callable[[str, str], str | None]
    """(learner, course) -> site of the learner, None without enrolment."""
    key: bytes
    """Secret of the attendance codes."""


class OnAir:
    """Everything of a site that has to do with being on the air. Built once by the application."""

    def __init__(self, store: ScheduleStore, around: Surroundings, *, clock: Clock) -> None:
        self.store = store
        self._around = around
        self._clock = clock
        self.codes = Codes(around.key)
        # An asset never changes under its id, and a long one takes milliseconds to read.
        assets = lru_cache(maxsize=512)(around.assets)
        feed = Feed(store, assets=assets, blobs=around.blobs)
        materials = Materials(self._lesson_of, around.is_approved, assets, around.make_card)
        self.scheduler = Scheduler(store, around.facts, materials=materials, codes=self.codes, clock=clock)
        self.playout = Playout(store, feed, assets=assets, is_approved=around.is_approved, clock=clock)
        self.asrunner = AsRunner(store, around.facts, feed, assets=assets)
        self.attendance = Attendance(store, around.facts, codes=self.codes, learner_in=around.learner_in)

    def open_channel(self, code: str, name: str, *, kind: str) -> Channel:
        """Create a channel of kind ``tv`` or ``radio`` with its slates; doing it again changes its name at most."""
        channel = Channel(code, name, kind, dict(self._around.make_slates(kind, name)))
        self.store.put_channel(channel)
        return channel

    def compile(self, hours: float, *, actor: str, channel: str = "") -> list[Compilation]:
        """Extend the timelines to `hours` ahead, of all channels or one. Worth doing every few minutes: what lost its
        approval leaves the schedule before it is due. Raises NotFound for an unknown channel."""
        until = self._clock.now() + timedelta(hours=hours)
        channels = [self.store.channel(channel)] if channel else self.store.channels()
        return [self.scheduler.compile(one.code, until=until, actor=actor) for one in channels]

    def _lesson_of(self, material: str) -> Lesson | None:
        """What can be aired for a material, with the broadcast activity that it belongs to."""
        held = self._around.ingested(material)
        if held is None:
            return None
        activity = next(
            (
                a
                for a in self._around.catalogue().activities.values()
                if a.material == material and a.mode is DeliveryMode.BROADCAST
            ),
            None,
        )
        return Lesson(
            material,
            held.source,
            held.asset,
            Ticks(held.ticks),
            activity.course if activity else held.course,
            activity.code if activity else "",
            activity.unit if activity else held.unit,
        )
