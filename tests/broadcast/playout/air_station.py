"""A whole air side on a real database, with lessons from the test studio and a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from delivery.broadcast.asset import Asset
from delivery.broadcast.playout.onair import OnAir, Surroundings
from delivery.broadcast.schedule.schedule import make_slot
from delivery.broadcast.schedule.scheduler import Compilation
from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.catalogue.model import Activity, Catalogue, Institution
from delivery.clock import VIETNAM, Clock, ManualClock
from delivery.ids import SeededIds
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.air import Channel, Slot
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.media import LessonRow
from delivery.store.schedule import ScheduleStore
from delivery.store.vault import Vault
from tests.broadcast.playout.air_assets import Studio
from tests.support.schema import copy_empty

START = datetime(2026, 11, 24, 19, 30, tzinfo=VIETNAM)
LEARNER = "LAAAAAAAAAAAA"


@dataclass
class Air:
    """Channel TV1 of course CNTT101, and what a test can do with it."""

    studio: Studio
    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    folder: Path | None = None
    """Where the air bundles lie; without one, everything is the database's."""
    approved: bool = True
    judge_slots: Callable[[Sequence[Slot]], None] = lambda _slots: None
    lessons: dict[str, Asset] = field(default_factory=dict)

    def __post_init__(self) -> None:
        vault = Vault(self.database, bytes(32), SeededIds(1))
        signing = Ed25519PrivateKey.from_private_bytes(bytes(32))
        self.facts = FactLog(self.database, vault, site="MAIN", signing=signing, clock=self.clock)
        self.station = self.another()
        self.channel = self.station.open_channel("TV1", "Kênh một", kind="tv")

    def another(self, *, clock: Clock | None = None) -> OnAir:
        """A second process over the same home."""
        around = Surroundings(
            facts=self.facts,
            blobs=self.studio.blobs,
            assets=self.studio.asset,
            ingested=self._ingested,
            catalogue=self._catalogue,
            is_approved=lambda _material, _content: self.approved,
            make_slates=lambda kind, _name: self.studio.slates(kind),
            make_card=self._card,
            learner_in=lambda learner, _course: "MAIN" if learner == LEARNER else None,
            key=b"k" * 32,
            folder=self.folder,
            judge_slots=lambda slots: self.judge_slots(slots),
        )
        return OnAir(ScheduleStore(self.database), around, clock=clock or self.clock)

    def schedule(
        self, material: str, ticks: int, *, after_s: float, seed: int = 1, rerun: bool = False
    ) -> None:
        """A lesson of `ticks` that begins `after_s` seconds after START."""
        self.lessons[material] = self.studio.lesson(seed, ticks)
        slot = make_slot("TV1", START + timedelta(seconds=after_s), materials=(material,), rerun=rerun)
        self.station.scheduler.add(slot, actor="technician")

    def compile(self, *, minutes: float = 5) -> Compilation:
        until = self.clock.now() + timedelta(minutes=minutes)
        return self.station.scheduler.compile("TV1", until=until, actor="technician")

    def run(self, seconds: float, *, step: float = 4, station: OnAir | None = None) -> None:
        """Playout at work: a heartbeat every `step` seconds."""
        worker = station or self.station
        end = self.clock.now() + timedelta(seconds=seconds)
        worker.playout.beat()
        while self.clock.now() < end:
            self.clock.advance(min(step, (end - self.clock.now()).total_seconds()))
            worker.playout.beat()

    def told(self, kind: FactKind) -> list[Fact]:
        return list(self.facts.select(kind=kind))

    def _ingested(self, material: str) -> LessonRow | None:
        asset = self.lessons.get(material)
        if asset is None:
            return None
        return LessonRow(material, asset.id, asset.source, asset.ticks, asset.kind, "CNTT101", 1, material)

    def _catalogue(self) -> Catalogue:
        activities = {
            f"CNTT101-{material}": Activity(
                course="CNTT101",
                code=f"CNTT101-{material}",
                unit=2,
                kind=ActivityKind.SESSION,
                mode=DeliveryMode.BROADCAST,
                title="",
                minutes=45,
                material=material,
            )
            for material in self.lessons
        }
        return Catalogue(Institution("DH", "Đại học"), activities=activities)

    def _card(self, _channel: Channel, code: str) -> str:
        return self.studio.order(sum(code.encode()) % 3 + 10, 18)


def make_air(studio: Studio, home: Path, *, folder: Path | None = None) -> Air:
    """A new home in `home`, with air bundles in `folder`."""
    file = home / "air.sqlite"
    copy_empty(file)
    return Air(studio, Database(f"sqlite:///{file}"), folder=folder)
