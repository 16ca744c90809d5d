"""What the portal keeps: how people sign in, which is no fact because a secret never is (design section 5), and one
projection by which it finds the facts of a course."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Text
from sqlmodel import Field, SQLModel


class CredentialTable(SQLModel, table=True):
    """The hash of one person's PIN or password. Times are microseconds since 1970 UTC."""

    __tablename__ = "credential"

    account: str = Field(primary_key=True)
    """Learner id, or ``staff:`` and the code of a person of the catalogue."""
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
    __table_args__ = (Index("portal_session_by_account", "account"),)

    token_digest: str = Field(primary_key=True)
    account: str
    started_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False, index=True))
    provider_person: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    """Digest of whom a sign-in service named when the session was opened through it; else empty."""
    provider_session: str = Field(default="", sa_column=Column(String, nullable=False, server_default=""))
    """Digest of the sign-in at that service."""


class ApiTokenTable(SQLModel, table=True):
    """A token with which a program acts for a person, within its scopes. The token itself is shown once."""

    __tablename__ = "api_token"
    __table_args__ = (Index("api_token_by_account", "account"),)

    token_digest: str = Field(primary_key=True)
    account: str
    label: str
    scopes: str
    """Separated by blanks."""
    made_at: int = Field(sa_column=Column(BigInteger, nullable=False))
    expires_at: int = Field(sa_column=Column(BigInteger, nullable=False))


class CourseFactTable(SQLModel, table=True):
    """Projection: which facts tell of work, marks, questions and rubrics in a course."""

    __tablename__ = "course_fact"
    __table_args__ = (
        Index("course_fact_by_course", "course", "kind"),
        Index("course_fact_by_activity", "activity", "kind"),
        Index("course_fact_by_kind", "kind"),
    )

    fact: str = Field(primary_key=True)
    course: str
    activity: str
    learner: str
    kind: str
