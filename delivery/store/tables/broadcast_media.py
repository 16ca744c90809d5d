"""What ingest produced, and how far each of its jobs is."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel


class MediaAssetTable(SQLModel, table=True):
    """Conformed recordings. `document` is the manifest as JSON (delivery.broadcast.asset)."""

    __tablename__ = "media_asset"

    id: str = Field(primary_key=True)
    source: str = Field(index=True)
    """SHA-256 of the recording as it came."""
    profile: str
    profile_version: int
    kind: str
    ticks: int
    generated: bool
    """A slate or card of the station, not a lesson."""
    document: str = Field(sa_column=Column(Text, nullable=False))
    content: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Digest of everything a viewer may see or hear: what an approval is bound to."""
    stored_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class MediaLessonTable(SQLModel, table=True):
    """Which asset was ingested for which material; the newest one counts."""

    __tablename__ = "media_lesson"

    material: str = Field(primary_key=True)
    asset: str = Field(primary_key=True)
    course: str
    unit: int
    title: str
    ingested_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class MediaJobTable(SQLModel, table=True):
    """The state of each ingest job. `asset` is the asset that it makes; `result` is JSON for people."""

    __tablename__ = "media_job"

    asset: str = Field(primary_key=True)
    material: str = Field(primary_key=True)
    file: str
    """Name of the file, without its folder."""
    state: str
    """running, done or refused."""
    result: str = Field(sa_column=Column(Text, nullable=False))
    started_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    updated_us: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class MediaHeadersTable(SQLModel, table=True):
    """H.264 parameter sets of the first conform of each profile version: all later ones must carry the same."""

    __tablename__ = "media_headers"

    profile: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    rung: str = Field(primary_key=True)
    parameter_sets: str = Field(sa_column=Column(Text, nullable=False))
