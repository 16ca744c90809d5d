"""What is told of the recordings that are ingested: the job's state for those who wait, the lesson, and the fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.captions import CaptionTrack
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.probe import Probe
from delivery.broadcast.media.sources import shown_name
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.media import JobState


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the catalogue knows of a recording."""

    material: str
    course: str
    unit: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one file."""

    file: Path
    lesson: Lesson
    source: str
    """SHA-256 of the file."""
    asset: str
    probe: Probe | None
    """None when it is converted already."""
    base: str
    """The asset without captions: what is converted, once for all captions."""
    captions: tuple[CaptionTrack, ...] = ()


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes it down in `library`'s database and in `facts`."""

    library: Library
    facts: FactLog

    def note(self, step: Step, state: JobState, result: Mapping[str, Any] | None = None) -> None:
        """How far the job of `step` is, for those who wait for it."""
        with self.library.database.write() as connection:
            self.library.media.put_job(
                connection,
                step.base,
                step.lesson.material,
                file=shown_name(step.file),
                state=state,
                now=to_micros(self.library.clock.now()),
                result=result,
            )

    def tell(
        self, connection: Connection, asset: Asset, *, step: Step, actor: str, told: Mapping[str, Any]
    ) -> None:
        """In the asset's own transaction: the lesson, the job's end, and the fact."""
        now = to_micros(self.library.clock.now())
        lesson, media = step.lesson, self.library.media
        media.put_lesson(
            connection,
            material=lesson.material,
            asset=asset.id,
            course=lesson.course,
            unit=lesson.unit,
            title=lesson.title or Path(shown_name(step.file)).stem,
            now=now,
        )
        if step.asset != step.base:
            media.drop_job(connection, step.base, lesson.material)
        media.put_job(
            connection,
            asset.id,
            lesson.material,
            file=shown_name(step.file),
            state="done",
            now=now,
            result=told,
        )
        draft = Draft(
            id=fact_id(FactKind.MEDIA_INGESTED, asset.id, lesson.material),
            kind=FactKind.MEDIA_INGESTED,
            occurred_at=now,
            actor=actor,
            course=lesson.course,
            data={
                "asset": asset.id,
                "source": asset.source,
                "profile": f"{asset.profile}/{asset.profile_version}",
                "ticks": asset.ticks,
                "material": lesson.material,
            },
        )
        self.facts.append_in(connection, [draft], once=True)

    def told_of(self, base: Asset) -> Mapping[str, Any]:
        """What was noted when this recording was converted into this format, whatever captions it had."""
        same = {row.asset for row in self.library.media.lessons() if row.source == base.source}
        for job in self.library.media.jobs():
            if job.asset not in same or job.state != "done":
                continue
            asset = self.library.find(job.asset)
            if asset and (asset.profile, asset.profile_version) == (base.profile, base.profile_version):
                return job.result
        return {}
