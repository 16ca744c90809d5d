"""What post keeps beside the facts: what a batch consists of, and how far the intake of a scanned file has come."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class PacketBatchTable(SQLModel, table=True):
    """A batch as it was planned: materials by content, so that printing again draws the same pages."""

    __tablename__ = "packet_batch"

    batch: str = Field(primary_key=True)
    course: str
    spec: str = Field(sa_column=Column(Text, nullable=False))
    """JSON of delivery.postal.outgoing.packet.BatchSpec."""
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class PrintJobTable(SQLModel, table=True):
    """A file to be printed: which packets it holds, fixed before it is drawn, so that a killed run is continued."""

    __tablename__ = "print_job"

    job: str = Field(primary_key=True)
    """``<batch>-<site>-<number>``, also the file's name."""
    batch: str = Field(index=True)
    site: str
    number: int
    packets: str = Field(sa_column=Column(Text, nullable=False))
    """JSON list of packets in the order of the file."""
    pages: int
    created_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = ""
    """Of the finished file; empty until it is whole."""
    spooled_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
    """When a printer took it."""


class ScanFileTable(SQLModel, table=True):
    """A scanned file that was taken in, by the SHA-256 of its bytes."""

    __tablename__ = "scan_file"

    file: str = Field(primary_key=True)
    pages: int
    name: str = ""
    """As the scanner called it, for the clerk."""
    postmark: str = ""
    """Day of the postmark of what lay in it (YYYY-MM-DD), when a clerk said so."""
    envelope: str = ""
    """The envelope that it came from, when a clerk said so."""
    started_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    finished_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))


class ScanPageTable(SQLModel, table=True):
    """What became of each page of a scanned file."""

    __tablename__ = "scan_page"
    __table_args__ = (Index("scan_page_by_status", "status", "file", "page"),)

    file: str = Field(primary_key=True)
    page: int = Field(primary_key=True)
    """Counted from 1."""
    status: str
    """``filed``, ``duplicate``, ``queued``, ``blank`` or ``foreign``."""
    reason: str = ""
    page_id: str = ""
    """Sheet that the page was filed to, or the one proposed for a queued page."""
    image: str = ""
    """Address of the sealed image of a queued or foreign page; filed pages are kept with the learner's scans."""
    media_type: str = ""
    fact: str = ""
    """The fact that the page was filed by."""
    rotation: int = 0
    """Degrees, clockwise, by which the picture is turned; 0 when no code told."""
    decision: str = ""
    """What a person decided: ``accepted``, ``chosen``, ``extra`` or ``discarded``; empty for what a machine did."""
    decided_by: str = ""
    decided_at: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, default=0))
