"""Tokens with which programs act for a person through the portal's interface, within scopes that the person chose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, insert, select

from delivery.clock import Clock, from_micros, to_micros
from delivery.ids import IdSource, digest_of
from delivery.store.database import Database
from delivery.store.tables.network import ApiTokenTable

_token = ApiTokenTable.__table__  # type: ignore[attr-defined]
PREFIX = "tuxa_"
"""So that a token is recognised where it does not belong, by people and by scanners for leaked secrets."""
LIFETIME = timedelta(days=180)
LONGEST_LABEL = 60


class Scope(StrEnum):
    """What a token may do; never more than its owner may."""

    READ = "read"
    SUBMIT = "submit"
    TEACH = "teach"


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its owner is shown it."""

    ident: str
    account: str
    label: str
    scopes: frozenset[Scope]
    made_at: datetime
    expires_at: datetime


class ApiTokens:
    """Gives tokens out, finds who is behind one, and takes them back."""

    def __init__(self, database: Database, clock: Clock, ids: IdSource) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids

    def make(self, account: str, *, label: str, scopes: frozenset[Scope]) -> str:
        """A fresh token: the only time it is seen."""
        token = PREFIX + self._ids.random_bytes(32).hex()
        now = self._clock.now()
        with self._database.write() as connection:
            connection.execute(delete(_token).where(_token.c.expires_at <= to_micros(now)))
            connection.execute(
                insert(_token).values(
                    token_digest=_digest(token),
                    account=account,
                    label=" ".join(label.split())[:LONGEST_LABEL],
                    scopes=" ".join(sorted(scopes)),
                    made_at=to_micros(now),
                    expires_at=to_micros(now + LIFETIME),
                )
            )
        return token

    def find(self, token: str) -> ApiToken | None:
        """The token's owner and scopes; None when it is unknown, expired or taken back."""
        with self._database.read() as connection:
            row = connection.execute(select(_token).where(_token.c.token_digest == _digest(token))).first()
        if row is None or from_micros(row.expires_at) <= self._clock.now():
            return None
        return _read(row)

    def of(self, account: str) -> list[ApiToken]:
        """The tokens of an account, newest first."""
        query = select(_token).where(_token.c.account == account).order_by(_token.c.made_at.desc())
        with self._database.read() as connection:
            return [_read(row) for row in connection.execute(query)]

    def revoke(self, account: str, ident: str) -> int:
        """Take back the tokens of an account that `ident` names; how many there were."""
        mine = [token.ident for token in self.of(account)]
        if ident not in mine:
            return 0
        with self._database.write() as connection:
            return connection.execute(
                delete(_token).where(_token.c.account == account, _token.c.token_digest.startswith(ident))
            ).rowcount


def _read(row: Any) -> ApiToken:
    return ApiToken(
        ident=row.token_digest[:12],
        account=row.account,
        label=row.label,
        scopes=frozenset(Scope(name) for name in row.scopes.split()),
        made_at=from_micros(row.made_at),
        expires_at=from_micros(row.expires_at),
    )


def _digest(token: str) -> str:
    return digest_of(("api token", token))
