"""Personal data apart, sealed under one key per learner (design D3).

Each learner has a random AES-256 key, wrapped by the home's master key. A payload is sealed with AES-GCM; what enters
the ledger is ``HMAC-SHA256(learner key, fact id || payload)``: a commitment that nobody can test a guess against, and
that says nothing more once the key is destroyed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, insert, select

from delivery.catalogue.model import LearnerProfile
from delivery.errors import N_, LedgerBroken
from delivery.ids import IdSource
from delivery.record.canonical import canonical, parse
from delivery.store.database import Database
from delivery.store.tables.core import LearnerKeyTable, LearnerTable, PrivateTable

_NONCE = 12
_CHUNK = 500


class Vault:
    """Seals and opens personal data; destroys keys."""

    def __init__(self, database: Database, master: bytes, ids: IdSource) -> None:
        self._database = database
        self._master = AESGCM(master)
        self._ids = ids

    def keys_for(self, connection: Connection, learners: Iterable[str]) -> dict[str, bytes]:
        """The keys of `learners`, made for those who have none yet (inside the caller's write transaction)."""
        wanted = sorted(set(learners))
        keys = self._existing_keys(connection, wanted)
        fresh = []
        for learner in wanted:
            if learner not in keys:
                keys[learner] = self._ids.random_bytes(32)
                fresh.append({"learner": learner, "wrapped": self._wrap(learner, keys[learner])})
        if fresh:
            connection.execute(insert(LearnerKeyTable), fresh)
        return keys

    def existing_key(self, connection: Connection, learner: str) -> bytes | None:
        """The learner's key, or None when it was never made or was destroyed."""
        return self._existing_keys(connection, [learner]).get(learner)

    def _existing_keys(self, connection: Connection, learners: list[str]) -> dict[str, bytes]:
        keys: dict[str, bytes] = {}
        table = LearnerKeyTable.__table__  # type: ignore[attr-defined]
        for start in range(0, len(learners), _CHUNK):
            rows = connection.execute(
                select(table.c.learner, table.c.wrapped).where(
                    table.c.learner.in_(learners[start : start + _CHUNK])
                )
            )
            for learner, wrapped in rows:
                keys[learner] = self._unwrap(learner, wrapped)
        return keys

    def _wrap(self, learner: str, key: bytes) -> bytes:
        nonce = self._ids.random_bytes(_NONCE)
        return nonce + self._master.encrypt(nonce, key, learner.encode())

    def _unwrap(self, learner: str, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], learner.encode())
        except InvalidTag as error:
            raise LedgerBroken(
                N_("The key of learner {learner} cannot be opened with this home's master key."),
                do=N_("Restore the key folder that belongs to this database."),
                learner=learner,
            ) from error

    def seal(self, key: bytes, fact: str, payload: Mapping[str, Any]) -> tuple[str, bytes]:
        """(commitment for the ledger, sealed bytes for the private table) of one fact's personal data."""
        plain = canonical(payload)
        commitment = hmac.new(key, fact.encode() + b"\x00" + plain, hashlib.sha256).hexdigest()
        nonce = self._ids.random_bytes(_NONCE)
        return commitment, nonce + AESGCM(key).encrypt(nonce, plain, fact.encode())

    def open(self, fact: str) -> dict[str, Any] | None:
        """Personal data of one fact; None when there is none, or its key was destroyed."""
        with self._database.read() as connection:
            return self._open_many(connection, [fact]).get(fact)

    def _open_many(self, connection: Connection, facts: list[str]) -> dict[str, dict[str, Any]]:
        private, keys = PrivateTable.__table__, LearnerKeyTable.__table__  # type: ignore[attr-defined]
        out: dict[str, dict[str, Any]] = {}
        for start in range(0, len(facts), _CHUNK):
            rows = connection.execute(
                select(private.c.fact, private.c.learner, private.c.sealed, keys.c.wrapped)
                .join(keys, keys.c.learner == private.c.learner)
                .where(private.c.fact.in_(facts[start : start + _CHUNK]))
            )
            for fact, learner, sealed, wrapped in rows:
                plain = AESGCM(self._unwrap(learner, wrapped)).decrypt(
                    sealed[:_NONCE], sealed[_NONCE:], fact.encode()
                )
                out[fact] = parse(plain)
        return out

    def profile(self, learner: str) -> LearnerProfile | None:
        """Newest profile of a learner; None when unknown or erased."""
        return self.profiles([learner]).get(learner)

    def profiles(self, learners: Iterable[str]) -> Mapping[str, LearnerProfile]:
        """Newest profiles; learners who are unknown or erased are left out."""
        wanted = list(dict.fromkeys(learners))
        with self._database.read() as connection:
            return self.profiles_in(connection, wanted)

    def profiles_in(self, connection: Connection, learners: list[str]) -> dict[str, LearnerProfile]:
        """As :meth:`profiles`, inside an open connection."""
        table = LearnerTable.__table__  # type: ignore[attr-defined]
        fact_of: dict[str, str] = {}
        for start in range(0, len(learners), _CHUNK):
            rows = connection.execute(
                select(table.c.learner, table.c.profile_fact).where(
                    table.c.learner.in_(learners[start : start + _CHUNK])
                )
            )
            fact_of.update((learner, fact) for learner, fact in rows)
        opened = self._open_many(connection, list(fact_of.values()))
        return {learner: profile_from(opened[fact]) for learner, fact in fact_of.items() if fact in opened}

    def destroy(self, connection: Connection, learner: str) -> None:
        """Destroy a learner's key and sealed data. Every proof still verifies; nothing can be read again."""
        connection.execute(delete(PrivateTable).where(PrivateTable.__table__.c.learner == learner))  # type: ignore[attr-defined]
        connection.execute(delete(LearnerKeyTable).where(LearnerKeyTable.__table__.c.learner == learner))  # type: ignore[attr-defined]


def profile_from(document: Mapping[str, Any]) -> LearnerProfile:
    """Profile from its JSON form."""
    born = document.get("birth_date")
    return LearnerProfile(**{**document, "birth_date": date.fromisoformat(born) if born else None})


def profile_to(profile: LearnerProfile) -> dict[str, Any]:
    """JSON form of a profile: text fields, and the birth date as ISO text or null."""
    return {
        "code": profile.code,
        "full_name": profile.full_name,
        "birth_date": profile.birth_date.isoformat() if profile.birth_date else None,
        "phone": profile.phone,
        "email": profile.email,
        "address": profile.address,
        "commune": profile.commune,
        "province": profile.province,
        "postcode": profile.postcode,
        "old_address": profile.old_address,
    }
