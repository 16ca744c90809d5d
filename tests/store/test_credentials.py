"""PINs and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from delivery.clock import ManualClock
from delivery.errors import NotFound
from delivery.ids import SeededIds
from delivery.store.credentials import (
    FIRST_LOCK,
    FORGET_FAILURES_AFTER,
    FREE_ATTEMPTS,
    LONGEST_LOCK,
    Credentials,
    SignInRefused,
    lock_after,
)
from delivery.store.database import Database
from delivery.store.portal_sessions import Session
from delivery.store.tables.network import (
    ApiTokenTable,
    CredentialTable,
    PortalSessionTable,
    SignInFailureTable,
)

CODES = {"SV001": "L1", "SV002": "L2"}
TABLES = (ApiTokenTable, CredentialTable, PortalSessionTable, SignInFailureTable)


@dataclass
class Door:
    credentials: Credentials
    clock: ManualClock
    database: Database

    def everything_stored(self) -> str:
        with self.database.read() as connection:
            rows = [
                connection.execute(text(f"SELECT * FROM {table.__tablename__}")).all() for table in TABLES
            ]
        return repr(rows)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    url = f"sqlite:///{tmp_path / 'db.sqlite'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_url")
    database = Database(url)
    for table in TABLES:
        table.__table__.create(database.engine)  # type: ignore[attr-defined]
    clock = ManualClock(datetime(2026, 11, 22, tzinfo=UTC))
    yield Door(Credentials(database, clock, SeededIds(3), find=CODES.get), clock, database)
    database.close()


def opened(result: Session | SignInRefused) -> Session:
    assert isinstance(result, Session)
    return result


def test_a_pin_opens_a_session_of_its_learner_however_it_is_typed(door: Door) -> None:
    pin = door.credentials.issue_pin("SV001")
    assert len(pin) == 8
    assert pin.isdigit()
    session = opened(door.credentials.sign_in(" sv001 ", f"{pin[:4]} {pin[4:]}"))
    found = door.credentials.sessions.find(session.token)
    assert found is not None
    assert found.learner == "L1"


def test_neither_pin_nor_token_is_stored_or_shown(door: Door) -> None:
    pin = door.credentials.issue_pin("SV001")
    session = opened(door.credentials.sign_in("SV001", pin))
    stored = door.everything_stored()
    assert pin not in stored
    assert session.token not in stored
    assert session.token not in repr(session)


def test_one_learners_pin_does_not_open_anothers_session(door: Door) -> None:
    pin = door.credentials.issue_pin("SV001")
    door.credentials.issue_pin("SV002")
    assert door.credentials.sign_in("SV002", pin) == SignInRefused()


def test_without_a_pin_nobody_gets_in(door: Door) -> None:
    for pin in ("", "00000000"):
        assert door.credentials.sign_in("SV001", pin) == SignInRefused()
        assert door.credentials.sign_in("", pin) == SignInRefused()


def test_a_session_ends_when_it_is_signed_out_expired_or_revoked(door: Door) -> None:
    pin = door.credentials.issue_pin("SV001")
    first, second, third = (opened(door.credentials.sign_in("SV001", pin)).token for _ in range(3))
    door.credentials.sessions.sign_out(first)
    assert door.credentials.sessions.find(first) is None
    assert door.credentials.sessions.find(second) is not None
    assert door.credentials.revoke("SV001") == 2
    assert door.credentials.sessions.find(third) is None
    fourth = opened(door.credentials.sign_in("SV001", door.credentials.issue_pin("SV001")))
    door.clock.at = fourth.expires_at
    assert door.credentials.sessions.find(fourth.token) is None


def test_an_unknown_learner_gets_no_pin(door: Door) -> None:
    with pytest.raises(NotFound):
        door.credentials.issue_pin("SV999")
    with pytest.raises(NotFound):
        door.credentials.revoke("SV999")


def test_locks_begin_after_the_free_attempts_and_double_up_to_an_hour() -> None:
    assert [lock_after(n) for n in range(FREE_ATTEMPTS)] == [timedelta(0)] * FREE_ATTEMPTS
    assert lock_after(FREE_ATTEMPTS) == FIRST_LOCK
    assert lock_after(FREE_ATTEMPTS + 1) == 2 * FIRST_LOCK
    assert lock_after(10_000) == LONGEST_LOCK


def test_a_locked_code_refuses_even_the_right_pin_and_success_forgives(door: Door) -> None:
    pin = door.credentials.issue_pin("SV001")
    for _ in range(FREE_ATTEMPTS):
        refused = door.credentials.sign_in("SV001", "1")
    assert refused == SignInRefused(door.clock.now() + FIRST_LOCK)
    assert isinstance(door.credentials.sign_in("sv001", pin), SignInRefused)
    door.clock.advance(FIRST_LOCK.total_seconds())
    opened(door.credentials.sign_in("SV001", pin))
    assert door.credentials.sign_in("SV001", "1") == SignInRefused()


def test_old_failures_are_forgotten(door: Door) -> None:
    for _ in range(FREE_ATTEMPTS - 1):
        door.credentials.sign_in("SV999", "1")
    door.clock.advance(FORGET_FAILURES_AFTER.total_seconds() + 1)
    assert door.credentials.sign_in("SV999", "1") == SignInRefused()


def test_an_unknown_code_costs_as_many_hashes_as_a_wrong_pin(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[str] = []
    verify = PasswordHasher.verify

    def counting(self: PasswordHasher, hash: str, password: str) -> bool:
        verified.append(password)
        return verify(self, hash, password)

    monkeypatch.setattr(PasswordHasher, "verify", counting)
    door.credentials.issue_pin("SV001")
    for number, code in enumerate(("SV001", "SV002", "SV999"), start=1):
        assert door.credentials.sign_in(code, "1") == SignInRefused()
        assert len(verified) == number
