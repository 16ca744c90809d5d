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
from sqlalchemy import Connection, delete, insert, select, type_coerce
from sqlalchemy.types import NullType

from delivery.catalogue.model import LearnerProfile
from delivery.errors import N_, LedgerBroken
from delivery.ids import IdSource
from delivery.record.canonical import canonical, parse
from delivery.store.among import one_of
from delivery.store.database import Database
from delivery.store.personstate import erasures, restricted
from delivery.store.tables.core import LearnerKeyTable, PrivateTable
from delivery.store.tables.sync import FurtherKeyTable

_NONCE = 12
_CHUNK = 500
_AS_STORED = NullType()
"""Sealed columns are read as they lie there: SQLite keeps any type in any column, and opening judges them."""
# As plain SQL, which both databases understand and which gives columns as they lie there: a batch of packets, or a
# report, asks for the profiles of tens of thousands. Each ends where :func:`one_of` goes on.
_SEALED = (
    "SELECT private_payload.fact, private_payload.learner, private_payload.sealed, learner_key.wrapped "
    "FROM private_payload JOIN learner_key ON learner_key.learner = private_payload.learner "
    "WHERE private_payload.fact"
)
_PROFILE_FACTS = "SELECT learner, profile_fact FROM learner WHERE learner"


class Vault:
    """Seals and opens personal data; destroys keys."""

    def __init__(self, database: Database, master: bytes, ids: IdSource) -> None:
        self._database = database
        self._master = AESGCM(master)
        self._ids = ids

    def keys_for(self, connection: Connection, learners: Iterable[str]) -> dict[str, bytes]:
        """The keys of `learners`, made for those who have none yet (inside the caller's write transaction)."""
        return self.sealing_keys(connection, learners)[0]

    def sealing_keys(
        self, connection: Connection, learners: Iterable[str]
    ) -> tuple[dict[str, bytes], frozenset[str]]:
        """As :meth:`keys_for`, and of which learners nothing is to be stored: they were erased.

        Their keys are good for a commitment, and forgotten with this call.
        """
        wanted = sorted(set(learners))
        keys = self._existing_keys(connection, wanted)
        missing = [learner for learner in wanted if learner not in keys]
        erased = frozenset(erasures(connection, missing))
        keys |= {learner: self._ids.random_bytes(32) for learner in missing}
        fresh = [
            {"learner": learner, "wrapped": self._wrap(learner, keys[learner])}
            for learner in missing
            if learner not in erased
        ]
        if fresh:
            connection.execute(insert(LearnerKeyTable), fresh)
        return keys, erased

    def count(self, connection: Connection, learner: str) -> int:
        """How many facts of the learner have personal data beside them."""
        query = select(PrivateTable.__table__.c.fact).where(PrivateTable.__table__.c.learner == learner)  # type: ignore[attr-defined]
        return len(connection.execute(query).all())

    def begin_again(self, connection: Connection, learner: str) -> None:
        """A new key for a learner who was erased, for what the law retains of them."""
        key = self._ids.random_bytes(32)
        connection.execute(insert(LearnerKeyTable), {"learner": learner, "wrapped": self._wrap(learner, key)})

    def existing_key(self, connection: Connection, learner: str) -> bytes | None:
        """The learner's key, or None when it was never made or was destroyed."""
        return self._existing_keys(connection, [learner]).get(learner)

    def _existing_keys(self, connection: Connection, learners: list[str]) -> dict[str, bytes]:
        keys: dict[str, bytes] = {}
        table = LearnerKeyTable.__table__  # type: ignore[attr-defined]
        for start in range(0, len(learners), _CHUNK):
            rows = connection.execute(
                select(table.c.learner, type_coerce(table.c.wrapped, _AS_STORED)).where(
                    table.c.learner.in_(learners[start : start + _CHUNK])
                )
            )
            for learner, wrapped in rows:
                keys[learner] = self.unwrap(learner, wrapped)
        return keys

    def all_keys(self, connection: Connection, learners: Iterable[str]) -> dict[str, list[bytes]]:
        """Every key of `learners`: their own, and those under which other sites sealed."""
        wanted = sorted(set(learners))
        out = {learner: [key] for learner, key in self._existing_keys(connection, wanted).items()}
        table = FurtherKeyTable.__table__  # type: ignore[attr-defined]
        for start in range(0, len(wanted), _CHUNK):
            query = select(table.c.learner, type_coerce(table.c.wrapped, _AS_STORED)).where(
                table.c.learner.in_(wanted[start : start + _CHUNK])
            )
            for learner, wrapped in connection.execute(query.order_by(table.c.learner, table.c.digest)):
                out.setdefault(learner, []).append(self.unwrap(learner, wrapped))
        return out

    def keep_keys(self, connection: Connection, keys: Mapping[str, Iterable[bytes]]) -> None:
        """Keep keys that another site sealed under; a learner who has none yet gets the first as the own one."""
        held = self.all_keys(connection, keys)
        for learner, given in keys.items():
            known = held.setdefault(learner, [])
            for key in given:
                if key in known:
                    continue
                row: dict[str, Any] = {"learner": learner, "wrapped": self._wrap(learner, key)}
                if known:
                    connection.execute(
                        insert(FurtherKeyTable), {**row, "digest": hashlib.sha256(key).hexdigest()}
                    )
                else:
                    connection.execute(insert(LearnerKeyTable), row)
                known.append(key)

    def unseal_with(self, keys: Iterable[bytes], fact: str, sealed: object) -> tuple[str, bytes]:
        """As :meth:`unseal`, with whichever of `keys` opens it."""
        failed: LedgerBroken | None = None
        for key in keys:
            try:
                return self.unseal(key, fact, sealed)
            except LedgerBroken as error:
                failed = failed or error
        raise failed or ValueError("no key")

    def _wrap(self, learner: str, key: bytes) -> bytes:
        nonce = self._ids.random_bytes(_NONCE)
        return nonce + self._master.encrypt(nonce, key, learner.encode())

    def unwrap(self, learner: str, wrapped: object) -> bytes:
        """The learner's key from its stored form. Raises LedgerBroken when it does not open."""
        try:
            return open_sealed(self._master, wrapped, learner)
        except InvalidTag as error:
            raise LedgerBroken(
                N_("The key of learner {learner} cannot be opened with this home's master key."),
                do=N_("Restore the key folder that belongs to this database."),
                learner=learner,
            ) from error

    def seal(self, key: bytes, fact: str, payload: Mapping[str, Any]) -> tuple[str, bytes]:
        """(commitment for the ledger, sealed bytes for the private table) of one fact's personal data."""
        plain = canonical(payload)
        nonce = self._ids.random_bytes(_NONCE)
        return _commitment(key, fact, plain), nonce + AESGCM(key).encrypt(nonce, plain, fact.encode())

    def unseal(self, key: bytes, fact: str, sealed: object) -> tuple[str, bytes]:
        """(commitment, canonical JSON) of what :meth:`seal` sealed. Raises LedgerBroken when it does not open."""
        plain = _opened(key, fact, sealed)
        return _commitment(key, fact, plain), plain

    def open(self, fact: str) -> dict[str, Any] | None:
        """Personal data of one fact; None when there is none, or its key was destroyed.

        Raises LedgerBroken when the data or the key do not open.
        """
        with self._database.read() as connection:
            return self._open_many(connection, [fact]).get(fact)

    def open_many(self, facts: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Personal data by fact, of those that have any and can still be read. Raises LedgerBroken as :meth:`open`."""
        with self._database.read() as connection:
            return self._open_many(connection, list(facts))

    def _open_many(self, connection: Connection, facts: list[str]) -> dict[str, dict[str, Any]]:
        out: dict[str, dict[str, Any]] = {}
        for start in range(0, len(facts), _CHUNK):
            which, parameters = one_of(connection, facts[start : start + _CHUNK])
            rows = connection.exec_driver_sql(f"{_SEALED} {which}", parameters)
            for fact, learner, sealed, wrapped in rows.all():
                key = self.unwrap(learner, wrapped)
                try:
                    plain = _opened(key, fact, sealed)
                except LedgerBroken:
                    # Another site may have sealed it under a key of its own.
                    further = self.all_keys(connection, [learner]).get(learner, [key])
                    _, plain = self.unseal_with(further, fact, sealed)
                out[fact] = parse(plain)
        return out

    def profile(self, learner: str) -> LearnerProfile | None:
        """Newest profile of a learner; None when unknown, erased or restricted.

        Raises LedgerBroken when it does not open.
        """
        return self.profiles([learner]).get(learner)

    def profiles(self, learners: Iterable[str]) -> Mapping[str, LearnerProfile]:
        """Newest profiles; learners who are unknown or erased, or whose data are restricted, are left out."""
        wanted = list(dict.fromkeys(learners))
        with self._database.read() as connection:
            return self.profiles_in(connection, wanted)

    def profiles_in(
        self, connection: Connection, learners: list[str], *, even_restricted: bool = False
    ) -> dict[str, LearnerProfile]:
        """As :meth:`profiles`, inside an open connection; with `even_restricted`, for keeping them right."""
        if not even_restricted:
            unused = restricted(connection, learners)
            learners = [learner for learner in learners if learner not in unused]
        fact_of: dict[str, str] = {}
        for start in range(0, len(learners), _CHUNK):
            which, parameters = one_of(connection, learners[start : start + _CHUNK])
            rows = connection.exec_driver_sql(f"{_PROFILE_FACTS} {which}", parameters)
            fact_of.update((learner, fact) for learner, fact in rows)
        opened = self._open_many(connection, list(fact_of.values()))
        return {learner: profile_from(opened[fact]) for learner, fact in fact_of.items() if fact in opened}

    def destroy(self, connection: Connection, learner: str) -> None:
        """Destroy a learner's key and sealed data. Every proof still verifies; nothing can be read again."""
        connection.execute(delete(PrivateTable).where(PrivateTable.__table__.c.learner == learner))  # type: ignore[attr-defined]
        connection.execute(delete(LearnerKeyTable).where(LearnerKeyTable.__table__.c.learner == learner))  # type: ignore[attr-defined]
        connection.execute(delete(FurtherKeyTable).where(FurtherKeyTable.__table__.c.learner == learner))  # type: ignore[attr-defined]


def _opened(key: bytes, fact: str, sealed: object) -> bytes:
    """Canonical JSON of one fact's personal data. Raises LedgerBroken when it does not open."""
    try:
        return open_sealed(AESGCM(key), sealed, fact)
    except InvalidTag as error:
        raise LedgerBroken(
            N_("The personal data of fact {fact} cannot be opened: they were altered or exchanged."),
            do=N_("Run “tuxa record verify”, and restore them from the last backup that verifies."),
            fact=fact,
        ) from error


def open_sealed(cipher: AESGCM, sealed: object, bound_to: str) -> bytes:
    """What lies in ``nonce || AES-GCM ciphertext`` and is bound to a name; InvalidTag for anything else."""
    if not isinstance(sealed, bytes) or len(sealed) < _NONCE:
        raise InvalidTag
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode("utf-8", "surrogateescape"))


def _commitment(key: bytes, fact: str, plain: bytes) -> str:
    return hmac.new(
        key, fact.encode("utf-8", "surrogateescape") + b"\x00" + plain, hashlib.sha256
    ).hexdigest()


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
