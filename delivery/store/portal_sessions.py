"""Sessions of the portal: a random token kept as its SHA-256 only; deleting the row ends it.

An account is a learner, named by the learner id, or a person of the catalogue, named ``staff:`` and the person's code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from delivery.clock import Clock, from_micros, to_micros
from delivery.ids import IdSource, digest_of
from delivery.store.database import Database
from delivery.store.tables.network import ApiTokenTable, PortalSessionTable

SESSION_LIFETIME = timedelta(hours=12)
"""Long enough for an evening's work on a phone, short enough for a shared computer."""
REMEMBERED_LIFETIME = timedelta(days=60)
"""On a device that its owner alone uses, and only when asked for: about half a term."""
STAFF = "staff:"
_SESSIONS: Table = PortalSessionTable.__table__  # type: ignore[attr-defined]
_TOKENS: Table = ApiTokenTable.__table__  # type: ignore[attr-defined]
# Asked with every request, and built once: a statement costs more to build than to run.
_SESSION_OF = select(_SESSIONS.c.account, _SESSIONS.c.expires_at).where(
    _SESSIONS.c.token_digest == bindparam("digest")
)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person. `token` is a secret between the portal and one browser."""

    token: str
    account: str
    expires_at: datetime
    failures: int = 0
    """Wrong attempts in a row before this sign-in; known at signing in only."""

    @property
    def learner(self) -> str:
        """Learner id; empty for staff."""
        return "" if self.account.startswith(STAFF) else self.account

    @property
    def staff(self) -> str:
        """Code of a person of the catalogue; empty for a learner."""
        return self.account.removeprefix(STAFF) if self.account.startswith(STAFF) else ""

    def __repr__(self) -> str:
        return f"Session(account={self.account!r})"


@dataclass(frozen=True, slots=True)
class SignedInAt:
    """A sign-in at another party: what that party calls the person, and the sign-in itself, where it names it."""

    person: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner is shown it: `ident` names it without being its token."""

    ident: str
    started_at: datetime
    expires_at: datetime


class Sessions:
    """The sessions that are open, and how they begin and end."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def start(self, account: str, *, at: SignedInAt | None = None) -> Session:
        """A session for somebody whose identity another party has proved (OpenID Connect), by the sign-in there."""
        with self._database.write() as connection:
            return self.start_in(connection, account, SESSION_LIFETIME, at=at)

    def start_in(
        self,
        connection: Connection,
        account: str,
        lifetime: timedelta,
        *,
        failures: int = 0,
        at: SignedInAt | None = None,
    ) -> Session:
        """As :meth:`start`, inside the caller's write transaction; `failures` were the wrong attempts before it."""
        now = self._clock.now()
        session = Session(self._ids.random_bytes(32).hex(), account, now + lifetime, failures)
        connection.execute(delete(_SESSIONS).where(_SESSIONS.c.expires_at <= to_micros(now)))
        connection.execute(
            insert(_SESSIONS).values(
                token_digest=_token_digest(session.token),
                account=session.account,
                started_at=to_micros(now),
                expires_at=to_micros(session.expires_at),
                provider_person=_provider_digest("person", at.person if at else ""),
                provider_session=_provider_digest("session", at.session if at else ""),
            )
        )
        return session

    def find(self, token: str) -> Session | None:
        """The session behind a token, unless it ended, expired or never was."""
        with self._database.look() as connection:
            row = connection.execute(_SESSION_OF, {"digest": _token_digest(token)}).first()
        if row is None or from_micros(row.expires_at) <= self._clock.now():
            return None
        return Session(token, row.account, from_micros(row.expires_at))

    def of(self, account: str) -> list[OpenSession]:
        """The sessions that an account has open, newest first."""
        query = (
            select(_SESSIONS.c.token_digest, _SESSIONS.c.started_at, _SESSIONS.c.expires_at)
            .where(_SESSIONS.c.account == account, _SESSIONS.c.expires_at > to_micros(self._clock.now()))
            .order_by(_SESSIONS.c.started_at.desc(), _SESSIONS.c.token_digest)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [
            OpenSession(
                session_ident(row.token_digest), from_micros(row.started_at), from_micros(row.expires_at)
            )
            for row in rows
        ]

    def end(self, account: str, ident: str) -> int:
        """End the sessions of an account that `ident` names (all of them when it is empty); how many ended."""
        query = select(_SESSIONS.c.token_digest).where(_SESSIONS.c.account == account)
        with self._database.write() as connection:
            digests = [
                row.token_digest
                for row in connection.execute(query)
                if not ident or session_ident(row.token_digest) == ident
            ]
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.token_digest.in_(digests)))
        return len(digests)

    def end_signed_in_at(self, at: SignedInAt) -> int:
        """End the sessions that one sign-in at another party opened; where that is not named, all of its person."""
        chosen = (
            _SESSIONS.c.provider_session == _provider_digest("session", at.session)
            if at.session
            else _SESSIONS.c.provider_person == _provider_digest("person", at.person)
        )
        if not at.session and not at.person:
            return 0
        with self._database.write() as connection:
            return connection.execute(delete(_SESSIONS).where(chosen)).rowcount

    def sign_out(self, token: str) -> None:
        """End one session; ending it twice is the same."""
        with self._database.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.token_digest == _token_digest(token)))


def session_ident(token_digest: str) -> str:
    """A name for a session that does not open it."""
    return token_digest[:12]


def ident_of(token: str) -> str:
    """As :func:`session_ident`, of the token itself."""
    return session_ident(_token_digest(token))


def end_all(connection: Connection, account: str) -> int:
    """End everything by which the account is open now; how many sessions that were."""
    connection.execute(delete(_TOKENS).where(_TOKENS.c.account == account))
    return connection.execute(delete(_SESSIONS).where(_SESSIONS.c.account == account)).rowcount


def end_others(connection: Connection, account: str, *, keep: str) -> None:
    """End every session of an account but the one with the token `keep`."""
    connection.execute(
        delete(_SESSIONS).where(
            _SESSIONS.c.account == account, _SESSIONS.c.token_digest != _token_digest(keep)
        )
    )


def _provider_digest(what: str, name: str) -> str:
    """What another party calls somebody is not kept, only recognised."""
    return digest_of(("provider", what, name)) if name else ""


def _token_digest(token: str) -> str:
    return digest_of(("session", token))
