"""What the portal keeps of signing in: no facts, because a secret is never a fact (design section 5)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel


class CredentialTable(SQLModel, table=True):
    """The hash of one learner's PIN. Times are microseconds since 1970 UTC."""

    __tablename__ = "credential"

    learner: str = Field(primary_key=True)
    hash: str = Field(sa_column=Column(Text, nullable=False))
    """Argon2id in PHC form, with its own salt and costs."""
    set_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class SignInFailureTable(SQLModel, table=True):
    """Failed attempts in a row for a code as typed, whether or not anybody has that code."""

    __tablename__ = "sign_in_failure"

    code_digest: str = Field(primary_key=True)
    failures: int
    last_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    locked_until: int = Field(sa_column=Column(BigInteger, nullable=False))


class PortalSessionTable(SQLModel, table=True):
    """One signed-in browser. The token itself is known to that browser only."""

    __tablename__ = "portal_session"
    __table_args__ = (Index("portal_session_by_learner", "learner"),)

    token_digest: str = Field(primary_key=True)
    learner: str
    started_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
