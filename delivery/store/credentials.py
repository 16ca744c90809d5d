"""Who may sign in to the portal: PINs and passwords, and what happens after wrong guesses.

A PIN is eight random digits, more than the six that NIST SP 800-63B section 5.1.1.2 asks of a random numeric secret;
its holder may replace it by a password. Both are kept as an Argon2id hash only.
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
from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.sql.schema import Table
from sqlmodel import SQLModel

from delivery.clock import Clock, from_micros, to_micros
from delivery.errors import N_, NotFound, Refused
from delivery.ids import IdSource, digest_of
from delivery.store.database import Database
from delivery.store.portal_sessions import (
    REMEMBERED_LIFETIME,
    SESSION_LIFETIME,
    STAFF,
    Session,
    Sessions,
    end_all,
    end_others,
)
from delivery.store.tables.network import CredentialTable, SignInFailureTable

PIN_DIGITS = 8
PASSWORD_MIN = 8
"""NIST SP 800-63B section 5.1.1.2: eight characters for a secret that a person chooses."""
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
class SignInRefused:
    """Wrong code or PIN, which of them is not told; `locked_until` is set while guessing is stopped."""

    locked_until: datetime | None = None


class Credentials:
    """PINs and passwords, and the sessions that they open.

    `find` turns what a person types as their code into an account, or None.
    """

    def __init__(
        self, database: Database, clock: Clock, ids: IdSource, *, find: Callable[[str], str | None]
    ) -> None:
        self.sessions = Sessions(database, clock, ids)
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
            end_all(connection, account)
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
            end_others(connection, account, keep=keep)

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
            return end_all(connection, account)

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
        with self._database.write() as connection:
            connection.execute(delete(_FAILURES).where(_FAILURES.c.code_digest == digest))
            return self.sessions.start_in(connection, account, lifetime, failures=failures)

    def account_named(self, code: str) -> str | None:
        """The account of a code of a learner or a member of staff."""
        return self._account_of(code)

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

    def locked_codes(self) -> int:
        """How many codes are locked now because somebody guessed."""
        query = select(func.count()).where(_FAILURES.c.locked_until > to_micros(self._clock.now()))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar() or 0)


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


def _hash_of(connection: Connection, account: str) -> str | None:
    query = select(_CREDENTIALS.c.hash).where(_CREDENTIALS.c.account == account)
    found: str | None = connection.execute(query).scalar()
    return found


def _plain(secret: str) -> str:
    """People type secrets on phones: blanks never matter, nor how their keyboard composes letters."""
    return "".join(unicodedata.normalize("NFC", secret).split())[:128]


def _code_digest(code: str) -> str:
    """Name of the count of failures: the same for every way to type one code."""
    return digest_of(("sign-in", "".join(code.split())[:_LONGEST_CODE].upper()))
