"""What a site keeps so that it can be in sync with others, and prove what they hold."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Text
from sqlmodel import Field, SQLModel


class FactAgainTable(SQLModel, table=True):
    """Rows of the chains whose id another row already tells: kept for the proof, read by nobody else.

    Two sites may tell the same thing. Both chains need their row; the record reads the one in ``fact``
    (:func:`delivery.record.segment.speaks_before`).
    """

    __tablename__ = "fact_again"

    stream: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    id: str = Field(index=True)
    kind: str
    learner: str
    recorded_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    hlc: int = Field(sa_column=Column(BigInteger, nullable=False))
    content: str = Field(sa_column=Column(Text, nullable=False))
    hash: str


class CheckpointTable(SQLModel, table=True):
    """Heads inside streams that others write, as they signed them: passing a stream on needs no waiting for its end."""

    __tablename__ = "stream_checkpoint"

    stream: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    hash: str
    signed_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class KeptHeadTable(SQLModel, table=True):
    """The newest signed head of a stream that `keeper` has seen, with the keeper's own signature over it.

    Rows whose keeper is this site hold other sites to their word; rows of other keepers show who could testify to ours.
    """

    __tablename__ = "kept_head"

    stream: str = Field(primary_key=True)
    keeper: str = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    hash: str
    signed_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    signature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    cosignature: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class FurtherKeyTable(SQLModel, table=True):
    """Further keys of a learner whom two sites registered apart, each with its own key; wrapped as in learner_key."""

    __tablename__ = "learner_key_further"

    learner: str = Field(primary_key=True)
    digest: str = Field(primary_key=True)
    """Keyed digest of the key under this home's master key."""
    wrapped: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class WantedBlobTable(SQLModel, table=True):
    """Blobs that facts from other sites name and that have not come yet."""

    __tablename__ = "wanted_blob"

    address: str = Field(primary_key=True)
    reason: str
    """catalogue, material, image or media: the order in which they are fetched."""
    noted_at: int = Field(sa_column=Column(BigInteger, nullable=False))
