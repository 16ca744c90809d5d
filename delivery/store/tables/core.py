"""The fact log, what proves it, and the projections that the core keeps for fast reading."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel


class FactTable(SQLModel, table=True):
    """One row per fact. Every column is covered by the hash chain (delivery.record.ledger)."""

    __tablename__ = "fact"
    __table_args__ = (
        UniqueConstraint("id", name="fact_id_unique"),
        Index("fact_by_learner", "learner", "kind"),
    )

    stream: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    id: str
    kind: str
    learner: str
    recorded_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    hlc: int = Field(sa_column=Column(BigInteger, nullable=False))
    content: str = Field(sa_column=Column(Text, nullable=False))
    hash: str


class HeadTable(SQLModel, table=True):
    """The signed end of each stream."""

    __tablename__ = "stream_head"

    stream: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: str
    signed_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class QuarantineTable(SQLModel, table=True):
    """Facts that came with a known id and other content: kept in the open for a person to judge."""

    __tablename__ = "quarantine"

    fact: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    stream: str
    kind: str
    learner: str
    content: str = Field(sa_column=Column(Text, nullable=False))
    arrived_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class LearnerKeyTable(SQLModel, table=True):
    """One key per learner, wrapped by the home's master key. Deleting the row erases the person."""

    __tablename__ = "learner_key"

    learner: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class PrivateTable(SQLModel, table=True):
    """Personal data of one fact, sealed under the learner's key."""

    __tablename__ = "private_payload"

    fact: str = Field(primary_key=True)
    learner: str = Field(index=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class SealedBlobTable(SQLModel, table=True):
    """Where the sealed bytes of a learner's scan or photograph lie."""

    __tablename__ = "sealed_blob"

    learner: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    """SHA-256 of the image itself, as facts name it."""
    address: str
    """Content address of the sealed bytes."""


class LearnerTable(SQLModel, table=True):
    """Projection of LearnerRegistered and LearnerProfileChanged."""

    __tablename__ = "learner"

    learner: str = Field(primary_key=True)
    site: str = Field(index=True)
    cohort: str
    profile_fact: str
    """Fact whose sealed payload is the newest profile."""
    revision: int = 0


class EnrolmentTable(SQLModel, table=True):
    """Projection of CourseEnrolled and CourseLeft."""

    __tablename__ = "enrolment"

    course: str = Field(primary_key=True)
    learner: str = Field(primary_key=True, index=True)
    enrolled_n: int = -1
    """Number of the newest enrolment, counted from 0; the learner is enrolled while it is above `left_n`."""
    left_n: int = -1
    """Number of the newest enrolment that was left."""


class MaterialStateTable(SQLModel, table=True):
    """Projection of the material lifecycle (TX-4.1), bound to the content that was judged."""

    __tablename__ = "material_state"

    material: str = Field(primary_key=True)
    content: str = Field(primary_key=True)
    state: str
    modes: str = ""
    appraised_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    approved_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    decision: str = ""


class MaterialRightsTable(SQLModel, table=True):
    """Projection of MaterialLicensed: the rights as they were told last (TT-3.4)."""

    __tablename__ = "material_rights"

    material: str = Field(primary_key=True)
    fact: str
    told_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    owner: str
    licence: str
    territory: str
    start_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    end_us: int = Field(sa_column=Column(BigInteger, nullable=False))
    """0: without end."""


class AiringTable(SQLModel, table=True):
    """Projection of ItemAired: which fact tells what aired for a course and activity."""

    __tablename__ = "airing"

    fact: str = Field(primary_key=True)
    course: str = Field(index=True)
    activity: str


class SheetTable(SQLModel, table=True):
    """Projection of PacketPlanned: which page of which packet a code names. Written once: what becomes of a page is
    computed from its packet and from what came back (delivery.store.packet_states)."""

    __tablename__ = "sheet"

    page_id: str = Field(primary_key=True)
    side_id: str = Field(index=True)
    """In the two small codes. Of its 40 bits two sites may give the same."""
    packet: str
    position: int = 0
    """Place in the packet, from 1: page of its print, and of its layout record."""
    role: str
    activity: str
    page: int
    pages: int


class PacketTable(SQLModel, table=True):
    """Projection of everything told about one packet. Times are µs since 1970, 0 for what never happened."""

    __tablename__ = "packet"
    # Most packets replace none and were not posted yet: a new one goes into the indexes that it is looked for in.
    __table_args__ = (
        Index("packet_by_item", "item", sqlite_where=text("item <> ''"), postgresql_where=text("item <> ''")),
        Index(
            "packet_by_replaced",
            "supersedes",
            sqlite_where=text("supersedes <> ''"),
            postgresql_where=text("supersedes <> ''"),
        ),
    )

    packet: str = Field(primary_key=True)
    batch: str = Field(default="", index=True)
    learner: str = Field(default="", index=True)
    course: str = ""
    pages: int = 0
    planned_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    printed_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    posted_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    delivered_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    undelivered_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    voided_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    item: str = ""
    """Number of the postal item (UPU S10) that it went out as."""
    reason: str = ""
    """Why it came back undelivered."""
    supersedes: str = ""
    """Packet that this one replaces."""
    job: str = ""
    """Print job whose file holds it."""
    first_page: int = 0
    """Its first page in that file, from 1."""
    layout: str = ""
    """Address of its layout record (delivery.postal.sheetlayout.PacketLayout)."""
