"""Work that came back on paper: projections of what was received, and the readings that wait for a person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class ReturnedPageTable(SQLModel, table=True):
    """Projection of WorkReceived, ExtraSheetReceived and SheetReceived: one row for each image of a page."""

    __tablename__ = "returned_page"
    __table_args__ = (
        Index("returned_page_of_work", "activity", "learner"),
        Index("returned_page_of_learner", "learner"),
    )

    fact: str = Field(primary_key=True)
    kind: str
    learner: str
    course: str
    activity: str
    sheet: str = Field(default="", index=True)
    packet: str = Field(default="", index=True)
    page: int = 0
    """Page of the work; for an extra sheet the page it stands behind; 0 when there is none."""
    pages: int = 0
    channel: str = ""
    blob: str = ""
    media_type: str = ""
    source: str = Field(default="", index=True)
    """``scan:<first 16 digits of the file's SHA-256>:<page>`` for a page of a scanned file."""
    envelope: str = ""
    postmark: str = ""
    superseded: bool = False
    arrived_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    stands: bool = True
    """Whether it was not taken back."""


class RetractionTable(SQLModel, table=True):
    """Projection of FactRetracted: what takes back what."""

    __tablename__ = "retraction"

    fact: str = Field(primary_key=True)
    takes_back: str = Field(index=True)


class EnvelopeTable(SQLModel, table=True):
    """Projection of EnvelopeReceived and EnvelopeNoted: envelopes, often before their pages are scanned."""

    __tablename__ = "envelope"

    envelope: str = Field(primary_key=True)
    learner: str = Field(default="", index=True)
    course: str = ""
    packet: str = Field(default="", index=True)
    sheet: str = ""
    item: str = Field(default="", index=True)
    postmark: str = ""
    received_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class ReadingTable(SQLModel, table=True):
    """What a machine read in the bubbles of one page, question by question, until a person has confirmed it."""

    __tablename__ = "returned_reading"
    __table_args__ = (
        Index("returned_reading_by_state", "state", "course"),
        Index("returned_reading_of_work", "work"),
    )

    reading: str = Field(primary_key=True)
    """First 16 hexadecimal digits of the SHA-256 over work, use and question."""
    work: str
    """Fact of the page."""
    learner: str
    course: str
    activity: str
    page: int
    use: str
    """``choice``, ``mark``, or ``none`` for a page on which nothing was filled in."""
    question: int
    read: str = ""
    """Letters, or a mark as decimal text."""
    confidence: int = 0
    """Per mille."""
    doubt: str = ""
    """Why a person must look at it alone; empty when the machine is sure."""
    crop: str = ""
    """SHA-256 of the picture of the place, sealed with the learner's scans."""
    state: str = ""
    """``proposed``, ``doubtful``, ``none``, or the decision: ``confirmed``, ``corrected``, ``refused``."""
    value: str = ""
    """What counts, once decided."""
    decided_by: str = ""
    decided_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    fact: str = Field(default="", sa_column=Column(Text, nullable=False, default=""))
    """The ReadingDecided fact."""
