"""Conformed recordings and the jobs that make them, as rows. The manifests pass through as documents."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from delivery.store.database import Database
from delivery.store.tables.broadcast_media import (
    MediaAssetTable,
    MediaHeadersTable,
    MediaJobTable,
    MediaLessonTable,
)
from delivery.units import Micros

JobState = Literal["running", "done", "refused"]

_asset = MediaAssetTable.__table__  # type: ignore[attr-defined]
_lesson = MediaLessonTable.__table__  # type: ignore[attr-defined]
_job = MediaJobTable.__table__  # type: ignore[attr-defined]
_headers = MediaHeadersTable.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class LessonRow:
    """An asset that was ingested for a material."""

    material: str
    asset: str
    source: str
    ticks: int
    kind: str
    course: str
    unit: int
    title: str
    content: str = ""
    """What an approval is bound to: a digest of the asset, not of its source. Empty only for tests' own rows."""


@dataclass(frozen=True, slots=True)
class JobRow:
    """How far a job is."""

    asset: str
    material: str
    file: str
    state: JobState
    result: Mapping[str, Any]
    started_us: Micros
    updated_us: Micros


class MediaStore:
    """Assets, lessons and jobs of one home."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def document(self, asset: str) -> dict[str, Any] | None:
        """The manifest of an asset, or None."""
        with self._database.read() as connection:
            text = connection.scalar(select(_asset.c.document).where(_asset.c.id == asset))
        return json.loads(text) if text else None

    def documents(self, *, generated: bool | None = None) -> list[dict[str, Any]]:
        """All manifests in the order they were stored; only slates and cards, or only recordings, when asked."""
        query = select(_asset.c.document).order_by(_asset.c.stored_us, _asset.c.id)
        if generated is not None:
            query = query.where(_asset.c.generated == generated)
        with self._database.read() as connection:
            return [json.loads(text) for text in connection.scalars(query)]

    def lesson_of(self, material: str) -> LessonRow | None:
        """What was last ingested for `material`."""
        found = self.lessons(material=material)
        return found[-1] if found else None

    def lessons(self, *, material: str | None = None) -> list[LessonRow]:
        """Ingested lessons, oldest first."""
        query = (
            select(_lesson, _asset.c.source, _asset.c.ticks, _asset.c.kind, _asset.c.content)
            .join(_asset, _asset.c.id == _lesson.c.asset)
            .order_by(_lesson.c.ingested_us, _lesson.c.material, _lesson.c.asset)
        )
        if material is not None:
            query = query.where(_lesson.c.material == material)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            LessonRow(r.material, r.asset, r.source, r.ticks, r.kind, r.course, r.unit, r.title, r.content)
            for r in rows
        ]

    def put_asset(
        self,
        connection: Connection,
        document: Mapping[str, Any],
        *,
        generated: bool,
        now: Micros,
        content: str,
    ) -> None:
        """Store a manifest and what approvals of it are bound to, inside the caller's write transaction. A known id
        stays as it is."""
        if connection.scalar(select(_asset.c.id).where(_asset.c.id == document["id"])):
            return
        connection.execute(
            insert(_asset).values(
                id=document["id"],
                source=document["source"],
                profile=document["profile"],
                profile_version=document["profile_version"],
                kind=document["kind"],
                ticks=document["ticks"],
                generated=generated,
                content=content,
                document=json.dumps(document, ensure_ascii=False, sort_keys=True),
                stored_us=now,
            )
        )

    def put_lesson(
        self,
        connection: Connection,
        *,
        material: str,
        asset: str,
        course: str,
        unit: int,
        title: str,
        now: Micros,
    ) -> None:
        """Bind an asset to a material, inside the caller's write transaction. A known pair becomes the newest."""
        key = (_lesson.c.material == material, _lesson.c.asset == asset)
        connection.execute(delete(_lesson).where(*key))
        connection.execute(
            insert(_lesson).values(
                material=material, asset=asset, course=course, unit=unit, title=title, ingested_us=now
            )
        )

    def agree_headers(
        self, connection: Connection, profile: str, version: int, *, found: Mapping[str, str]
    ) -> list[str]:
        """Make `found` the reference where there is none yet; the rungs in which it differs from the reference."""
        query = select(_headers.c.rung, _headers.c.parameter_sets).where(
            _headers.c.profile == profile, _headers.c.version == version
        )
        known = {row.rung: row.parameter_sets for row in connection.execute(query)}
        for rung in found.keys() - known.keys():
            connection.execute(
                insert(_headers).values(
                    profile=profile, version=version, rung=rung, parameter_sets=found[rung]
                )
            )
        return sorted(rung for rung in found.keys() & known.keys() if found[rung] != known[rung])

    def put_job(
        self,
        connection: Connection,
        asset: str,
        material: str,
        *,
        file: str,
        state: JobState,
        now: Micros,
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """Note the state of a job, inside the caller's write transaction."""
        key = (_job.c.asset == asset, _job.c.material == material)
        values = {
            "file": file,
            "state": state,
            "result": json.dumps(result or {}, ensure_ascii=False),
            "updated_us": now,
        }
        if connection.scalar(select(func.count()).select_from(_job).where(*key)):
            connection.execute(update(_job).where(*key).values(**values))
        else:
            connection.execute(insert(_job).values(asset=asset, material=material, started_us=now, **values))

    def drop_job(self, connection: Connection, asset: str, material: str) -> None:
        """Forget a job, inside the caller's write transaction: another one has taken its place."""
        connection.execute(delete(_job).where(_job.c.asset == asset, _job.c.material == material))

    def job_count(self) -> int:
        """How many jobs there are."""
        with self._database.read() as connection:
            return int(connection.scalar(select(func.count()).select_from(_job)) or 0)

    def jobs(self, *, since_us: int = 0, offset: int = 0, limit: int | None = None) -> list[JobRow]:
        """Jobs that changed at `since_us` or later, the most recently changed first: all, or a page of them."""
        query = select(_job).where(_job.c.updated_us >= since_us)
        query = query.order_by(_job.c.updated_us.desc(), _job.c.asset, _job.c.material)
        with self._database.read() as connection:
            rows = connection.execute(query.offset(offset).limit(limit)).all()
        return [
            JobRow(
                r.asset,
                r.material,
                r.file,
                r.state,
                json.loads(r.result),
                Micros(r.started_us),
                Micros(r.updated_us),
            )
            for r in rows
        ]
