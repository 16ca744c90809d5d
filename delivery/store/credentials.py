"""Who may sign in to the portal: PINs and passwords, sessions, and what happens after wrong guesses.

A PIN is eight random digits, more than the six that NIST SP 800-63B section 5.1.1.2 asks of a random numeric secret;
its holder may replace it by a password. Both are kept as an Argon2id hash only. A session is a random token kept as its
SHA-256 only; deleting the row ends it.

An account is a learner, named by the learner id, or a person of the catalogue, named ``staff:`` and the person's code.
"""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.sql.schema import Table
from sqlmodel import SQLModel

from delivery.clock import Clock, from_micros, to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import IdSource, digest_of
from delivery.store.database import Database
from delivery.store.tables.network import (
    ApiTokenTable,
    CredentialTable,
    PortalSessionTable,
    SignInFailureTable,
)

PIN_DIGITS = 8
SESSION_LIFETIME = timedelta(hours=12)
"""Long enough for an evening's work on a phone, short enough for a shared computer."""
REMEMBERED_LIFETIME = timedelta(days=60)
"""On a device that its owner alone uses, and only when asked for: about half a term."""
PASSWORD_MIN = 8
"""NIST SP 800-63B section 5.1.1.2: eight characters for a secret that a person chooses."""
STAFF = "staff:"
FREE_ATTEMPTS = 5
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(hours=1)
FORGET_FAILURES_AFTER = timedelta(days=1)

# OWASP Password Storage Cheat Sheet, Argon2id: 19 MiB, 2 passes, 1 lane. A class that signs in at once must not
# exhaust the memory of a small server, so fewer hashes run at a time than there are request threads.
_MEMORY_KIB = 19_456
_PASSES = 2
_LANES = 1
HASHES_AT_ONCE = 4
_LONGEST_CODE = 64


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


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """Wrong code or PIN, which of them is not told; `locked_until` is set while guessing is stopped."""

    locked_until: datetime | None = None


class Credentials:
    """PINs, passwords and sessions.

    `find` turns what a person types as their code into an account, or None.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: IdSource, *, find: Callable[[str], str | None]
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._find = find
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES)
        self._hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)

    # --- PINs ----------------------------------------------------------------------------------

    def issue_pin(self, code: str) -> str:
        """Give the person a fresh PIN, end their sessions and tokens, and return the PIN: the only time it is seen.

        Raises NotFound when nobody has this code.
        """
        account = self._known(code)
        pin = "".join(str(byte % 10) for byte in self._digits())
        hashed = self._hash(pin)
        with self._database.write() as connection:
            self._set(connection, account, hashed)
            connection.execute(delete(_FAILURES).where(_FAILURES.c.code_digest == _code_digest(code)))
            _end_all(connection, account)
        return pin

    def set_password(self, account: str, old: str, new: str, *, keep: str) -> None:
        """Replace the PIN or password by `new` and end every session but the one with the token `keep`.

        Raises Refused when `old` is wrong or `new` is too short.
        """
        with self._database.read() as connection:
            hashed = _hash_of(connection, account)
        if hashed is None or not self._verify(hashed, _plain(old)):
            raise Refused(N_("The present PIN or password is not right."), do=N_("Type it once more."))
        if len(_plain(new)) < PASSWORD_MIN:
            raise Refused(
                N_("The new password is too short."),
                do=N_("Use at least {count} characters; several words are easy to remember."),
                count=PASSWORD_MIN,
            )
        fresh = self._hash(_plain(new))
        with self._database.write() as connection:
            self._set(connection, account, fresh)
            connection.execute(
                delete(_SESSIONS).where(
                    _SESSIONS.c.account == account, _SESSIONS.c.token_digest != _token_digest(keep)
                )
            )

    def _set(self, connection: Connection, account: str, hashed: str) -> None:
        row: dict[str, str | int] = {
            "account": account,
            "hash": hashed,
            "set_at": to_micros(self._clock.now()),
        }
        _replace(connection, CredentialTable, "account", row)

    def revoke(self, code: str) -> int:
        """Take the person's PIN or password away and end their sessions, and the tokens of programs that act for them.
        Returns how many sessions ended."""
        account = self._known(code)
        with self._database.write() as connection:
            connection.execute(delete(_CREDENTIALS).where(_CREDENTIALS.c.account == account))
            return _end_all(connection, account)

    def _known(self, code: str) -> str:
        account = self._account_of(code)
        if account is None:
            raise NotFound(
                N_("There is nobody with the code “{code}”."),
                do=N_("Check the code on the roster or in people.csv, or import them first."),
                code=code,
            )
        return account

    def _account_of(self, code: str) -> str | None:
        """People type codes on phones: spaces never matter, case only where the roster needs it."""
        typed = "".join(code.split())[:_LONGEST_CODE]
        return (self._find(typed) or self._find(typed.upper())) if typed else None

    def _digits(self) -> bytes:
        # Bytes of 250 and above are thrown away, so that each digit is equally likely.
        out = b""
        while len(out) < PIN_DIGITS:
            out += bytes(byte for byte in self._ids.random_bytes(2 * PIN_DIGITS) if byte < 250)
        return out[:PIN_DIGITS]

    # --- signing in ----------------------------------------------------------------------------

    def sign_in(self, code: str, secret: str, *, remember: bool = False) -> Session | SignInRefused:
        """Open a session. An unknown code costs the same time and gets the same answer as a wrong PIN.

        With `remember`, a learner's session lasts :data:`REMEMBERED_LIFETIME`; that of staff never does.
        """
        digest = _code_digest(code)
        now = self._clock.now()
        nobody = self._nobodys_hash
        with self._database.read() as connection:
            locked = _locked_until(connection, digest)
            failures = _failures_of(connection, digest)
            account = self._account_of(code)
            hashed = _hash_of(connection, account) if account else None
        if locked is not None and locked > now:
            return SignInRefused(locked)
        right = self._verify(hashed or nobody, _plain(secret)) and hashed is not None
        if not right or account is None:
            return SignInRefused(self._count_failure(digest, now))
        lifetime = REMEMBERED_LIFETIME if remember and not account.startswith(STAFF) else SESSION_LIFETIME
        session = Session(self._ids.random_bytes(32).hex(), account, now + lifetime, failures)
        self._open(session, digest, now)
        return session

    def account_named(self, code: str) -> str | None:
        """The account of a code of a learner or a member of staff."""
        return self._account_of(code)

    def open_for(self, account: str, *, at: SignedInAt | None = None) -> Session:
        """A session for somebody whose identity another party has proved (OpenID Connect), by the sign-in there."""
        now = self._clock.now()
        session = Session(self._ids.random_bytes(32).hex(), account, now + SESSION_LIFETIME)
        self._open(session, "", now, at)
        return session

    def _verify(self, hashed: str, pin: str) -> bool:
        with self._hashing:
            try:
                return self._hasher.verify(hashed, pin)
            except (VerificationError, InvalidHashError):
                return False

    def _hash(self, pin: str) -> str:
        with self._hashing:
            return self._hasher.hash(pin, salt=self._ids.random_bytes(16))

    @cached_property
    def _nobodys_hash(self) -> str:
        """Compared against when the code is unknown, so that the time does not tell."""
        return self._hash(self._ids.random_bytes(16).hex())

    def _count_failure(self, digest: str, now: datetime) -> datetime | None:
        """Note one more failure in a row; returns until when the code is locked, if it now is."""
        with self._database.write() as connection:
            too_old = to_micros(now - FORGET_FAILURES_AFTER)
            connection.execute(delete(_FAILURES).where(_FAILURES.c.last_at < too_old))
            query = select(_FAILURES.c.failures).where(_FAILURES.c.code_digest == digest)
            failures = (connection.execute(query).scalar() or 0) + 1
            lock = lock_after(failures)
            row = {
                "code_digest": digest,
                "failures": failures,
                "last_at": to_micros(now),
                "locked_until": to_micros(now + lock),
            }
            _replace(connection, SignInFailureTable, "code_digest", row)
        return now + lock if lock else None

    def _open(self, session: Session, digest: str, now: datetime, at: SignedInAt | None = None) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_FAILURES).where(_FAILURES.c.code_digest == digest))
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

    # --- sessions ------------------------------------------------------------------------------

    def session(self, token: str) -> Session | None:
        """The session behind a token, unless it ended, expired or never was."""
        with self._database.read() as connection:
            row = connection.execute(_SESSION_OF, {"digest": _token_digest(token)}).first()
        if row is None or from_micros(row.expires_at) <= self._clock.now():
            return None
        return Session(token, row.account, from_micros(row.expires_at))

    def sessions_of(self, account: str) -> list[OpenSession]:
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

    def end_session(self, account: str, ident: str) -> int:
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

    def locked_codes(self) -> int:
        """How many codes are locked now because somebody guessed."""
        query = select(func.count()).where(_FAILURES.c.locked_until > to_micros(self._clock.now()))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def sign_out(self, token: str) -> None:
        """End one session; ending it twice is the same."""
        with self._database.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.token_digest == _token_digest(token)))


def lock_after(failures: int) -> timedelta:
    """How long a code is locked after so many failures in a row: nothing at first, then doubling."""
    if failures < FREE_ATTEMPTS:
        return timedelta(0)
    doublings = min(failures - FREE_ATTEMPTS, 12)
    return min(FIRST_LOCK * (1 << doublings), LONGEST_LOCK)


def _table(row: type[SQLModel]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


_CREDENTIALS = _table(CredentialTable)
_FAILURES = _table(SignInFailureTable)
_SESSIONS = _table(PortalSessionTable)
_TOKENS = _table(ApiTokenTable)
# Asked with every request, and built once: a statement costs more to build than to run.
_SESSION_OF = select(_SESSIONS.c.account, _SESSIONS.c.expires_at).where(
    _SESSIONS.c.token_digest == bindparam("digest")
)


def _replace(connection: Connection, row: type[SQLModel], key: str, values: dict[str, str | int]) -> None:
    """Update the row with this key, or insert it. Safe because there is one writer."""
    table = _table(row)
    changed = connection.execute(update(table).where(table.c[key] == values[key]).values(values))
    if changed.rowcount == 0:
        connection.execute(insert(table).values(values))


def _locked_until(connection: Connection, digest: str) -> datetime | None:
    query = select(_FAILURES.c.locked_until).where(_FAILURES.c.code_digest == digest)
    micros = connection.execute(query).scalar()
    return None if micros is None else from_micros(micros)


def _failures_of(connection: Connection, digest: str) -> int:
    query = select(_FAILURES.c.failures).where(_FAILURES.c.code_digest == digest)
    return int(connection.execute(query).scalar() or 0)


def session_ident(token_digest: str) -> str:
    """A name for a session that does not open it."""
    return token_digest[:12]


def ident_of(token: str) -> str:
    """As :func:`session_ident`, of the token itself."""
    return session_ident(_token_digest(token))


def _hash_of(connection: Connection, account: str) -> str | None:
    query = select(_CREDENTIALS.c.hash).where(_CREDENTIALS.c.account == account)
    found: str | None = connection.execute(query).scalar()
    return found


def _end_all(connection: Connection, account: str) -> int:
    """End everything by which the account is open now; how many sessions that were."""
    connection.execute(delete(_TOKENS).where(_TOKENS.c.account == account))
    return connection.execute(delete(_SESSIONS).where(_SESSIONS.c.account == account)).rowcount


def _plain(secret: str) -> str:
    """People type secrets on phones: blanks never matter, nor how their keyboard composes letters."""
    return "".join(unicodedata.normalize("NFC", secret).split())[:128]


def _code_digest(code: str) -> str:
    """Name of the count of failures: the same for every way to type one code."""
    return digest_of(("sign-in", "".join(code.split())[:_LONGEST_CODE].upper()))


def _provider_digest(what: str, name: str) -> str:
    """What another party calls somebody is not kept, only recognised."""
    return digest_of(("provider", what, name)) if name else ""


def _token_digest(token: str) -> str:
    return digest_of(("session", token))
