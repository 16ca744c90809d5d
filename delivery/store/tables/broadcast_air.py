"""What goes on the air: channels, slots, timeline rows, and what playout noticed while it ran."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text
from sqlmodel import Field, SQLModel


class ChannelTable(SQLModel, table=True):
    """A radio or television channel. `slates` is JSON: length in ticks -> asset."""

    __tablename__ = "air_channel"

    code: str = Field(primary_key=True)
    name: str
    kind: str
    slates: str = Field(sa_column=Column(Text, nullable=False))
    details: str = Field(default="{}", sa_column=Column(Text, nullable=False, server_default="{}"))
    """JSON: fillers, idents and what else an institution chooses for the channel (delivery.store.air)."""
    revision: int
    """Rises with every change of the timeline."""
    asrun_tick: int = Field(sa_column=Column(BigInteger, nullable=False))
    """Every lesson that ended by this tick has its as-run fact."""


class SlotTable(SQLModel, table=True):
    """Slots as the facts told them. `materials` is separated by commas."""

    __tablename__ = "air_slot"

    id: str = Field(primary_key=True)
    channel: str = Field(index=True)
    start_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    rule: str
    materials: str = Field(sa_column=Column(Text, nullable=False))
    rerun: bool
    course: str
    activity: str
    unit: int
    details: str = Field(default="{}", sa_column=Column(Text, nullable=False, server_default="{}"))
    """JSON: exceptions, length and kind (delivery.store.air)."""
    scheduled_n: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    """Which scheduling of this slot was the last, counted from 0."""
    withdrawn_n: int = Field(default=-1, sa_column=Column(Integer, nullable=False, server_default="-1"))
    """Which withdrawal; the slot is in the schedule while this is less."""


class AiringTable(SQLModel, table=True):
    """Occurrences of slots that have a place in the timeline."""

    __tablename__ = "air_airing"
    __table_args__ = (Index("air_airing_by_time", "channel", "start_tick"),)

    id: str = Field(primary_key=True)
    channel: str
    slot: str
    material: str
    content: str
    asset: str
    ticks: int
    planned_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    start_tick: int = Field(sa_column=Column(BigInteger, nullable=False))
    course: str
    activity: str
    unit: int
    rerun: bool
    card: bool
    makes_good: str = Field(default="", sa_column=Column(Text, nullable=False, server_default=""))
    """Airing that this one makes good."""


class TimelineTable(SQLModel, table=True):
    """Rows of every channel's timeline. `continuity` is JSON: rendition -> PID -> counter."""

    __tablename__ = "air_timeline"
    __table_args__ = (Index("air_timeline_by_sequence", "channel", "sequence"),)

    channel: str = Field(primary_key=True)
    start_tick: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    ticks: int = Field(sa_column=Column(BigInteger, nullable=False))
    kind: str
    asset: str
    airing: str
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    continuity: str = Field(sa_column=Column(Text, nullable=False))
    first_segment: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    """Segment of the asset with which the row begins: more than 0 where a lesson is joined in progress."""


class UpSpanTable(SQLModel, table=True):
    """From when to when a playout process was running, µs since 1970 UTC; the end moves with each heartbeat."""

    __tablename__ = "air_up_span"

    id: int | None = Field(default=None, primary_key=True)
    start_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    end_us: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))


class FaultTable(SQLModel, table=True):
    """Segments that went out as a slate because their own bytes could not be had."""

    __tablename__ = "air_fault"

    channel: str = Field(primary_key=True)
    sequence: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    rendition: str = Field(primary_key=True)
    reason: str
    noticed_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class StopTable(SQLModel, table=True):
    """Airings that were cut off: from `sequence` on their segments are slates."""

    __tablename__ = "air_stop"

    channel: str = Field(primary_key=True)
    airing: str = Field(primary_key=True)
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str
    noticed_us: int = Field(sa_column=Column(BigInteger, nullable=False))


class ControlTable(SQLModel, table=True):
    """What people did to a channel by hand, as the facts told it: compilations obey it."""

    __tablename__ = "air_control"

    id: str = Field(primary_key=True)
    channel: str = Field(index=True)
    at_tick: int = Field(sa_column=Column(BigInteger, nullable=False))
    command: str
    actor: str
    effect: str = Field(sa_column=Column(Text, nullable=False))
    """JSON of delivery.store.air.Effect."""
