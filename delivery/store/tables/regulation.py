"""What the regulation checks keep: registers as they were handed over, learners' standing, findings since when."""

from __future__ import annotations

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel


class RegisterTable(SQLModel, table=True):
    """One row of a register; `body` is canonical JSON of its fields."""

    __tablename__ = "regulation_register"

    name: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body: str = Field(sa_column=Column(Text, nullable=False))


class StandingTable(SQLModel, table=True):
    """Projection of StandingRecorded: the newest revision of each key."""

    __tablename__ = "standing"

    learner: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    event: str
    on: str
    details: str = Field(sa_column=Column(Text, nullable=False))
    """Canonical JSON."""
    revision: int = 0


class FindingTable(SQLModel, table=True):
    """Projection of FindingChanged: every change of a verdict, and on which day it was noticed."""

    __tablename__ = "finding_change"
    __table_args__ = (Index("finding_change_by_day", "on"),)

    fact: str = Field(primary_key=True)
    clause: str
    subject: str
    verdict: str
    before: str
    value: str
    threshold: str
    on: str
    profile: str


class OverrideTable(SQLModel, table=True):
    """Projection of GateOverridden."""

    __tablename__ = "gate_override"

    fact: str = Field(primary_key=True)
    gate: str
    clause: str
    subject: str
    actor: str
    role: str
    reason: str
    second: str
    on: str
