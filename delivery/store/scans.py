"""Scans and photographs of learners' work: sealed under the learner's key, never stored in the clear (design D3)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, insert, select

from delivery.errors import N_, LedgerBroken, NotFound
from delivery.ids import content_address
from delivery.store.blobs import Blobs
from delivery.store.database import Database
from delivery.store.tables.core import SealedBlobTable
from delivery.store.vault import Vault, open_sealed

_table = SealedBlobTable.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Ahead:
    """An image that lies sealed in the store already, and that nothing names yet."""

    learner: str
    digest: str
    key: bytes = field(repr=False)
    address: str


class Scans:
    """Images by (learner, SHA-256 of the image)."""

    def __init__(self, database: Database, blobs: Blobs, vault: Vault) -> None:
        self._database = database
        self._blobs = blobs
        self._vault = vault

    def put_ahead(self, learner: str, image: bytes) -> Ahead | None:
        """Seal and store an image before the transaction that tells of it, so that other writers do not wait for its
        bytes; for :meth:`put_in`. When that never comes, what is left is a blob that nothing names. None when the
        learner has no key yet."""
        with self._database.read() as connection:
            key = self._vault.existing_key(connection, learner)
        if key is None:
            return None
        digest = content_address(image)
        return Ahead(learner, digest, key, self._blobs.put(_sealed(key, digest, image)))

    def put_in(
        self, connection: Connection, learner: str, image: bytes, *, ahead: Ahead | None = None
    ) -> str:
        """Seal and store an image inside the caller's write transaction; its SHA-256. `ahead` is what
        :meth:`put_ahead` made of the same image of the same learner."""
        digest = ahead.digest if ahead else content_address(image)
        known = connection.execute(
            select(_table.c.address).where(_table.c.learner == learner, _table.c.digest == digest)
        ).scalar()
        if known is not None and self._blobs.exists(known):
            return digest
        keys, erased = self._vault.sealing_keys(connection, [learner])
        if learner in erased:
            return digest  # of a person who was erased nothing is kept
        key = keys[learner]
        # The key is compared again: it may have been destroyed, or exchanged, in the meantime.
        same = ahead is not None and (ahead.learner, ahead.key) == (learner, key)
        address = (
            ahead.address
            if ahead and same and self._blobs.exists(ahead.address)
            else self._blobs.put(_sealed(key, digest, image))
        )
        if known is None:
            connection.execute(insert(_table), {"learner": learner, "digest": digest, "address": address})
        return digest

    def get(self, learner: str, digest: str) -> bytes:
        """The image.

        Raises NotFound when it is unknown or the learner's key was destroyed, LedgerBroken when it does not open.
        """
        with self._database.read() as connection:
            address = connection.execute(
                select(_table.c.address).where(_table.c.learner == learner, _table.c.digest == digest)
            ).scalar()
            key = self._vault.existing_key(connection, learner)
        if address is None or key is None:
            raise NotFound(
                N_("The image {digest} of learner {learner} is not held here."),
                do=N_("It may have been erased, or it lies at another site."),
                digest=digest[:12],
                learner=learner,
            )
        return self.opened(key, digest, address)

    def opened(self, key: bytes, digest: str, address: str) -> bytes:
        """The image that lies sealed at `address`, proved against its SHA-256.

        Raises NotFound or GateClosed as :meth:`Blobs.get` does, LedgerBroken when it is another image or does not open.
        """
        sealed = self._blobs.get(address)
        try:
            image = open_sealed(AESGCM(key), sealed, digest)
            if content_address(image) != digest:
                raise InvalidTag
        except InvalidTag as error:
            raise LedgerBroken(
                N_("The image {digest} cannot be opened: it was altered or exchanged."),
                do=N_("Run “tuxa record verify”, and restore it from the last backup that verifies."),
                digest=digest[:12],
            ) from error
        return image


def _sealed(key: bytes, digest: str, image: bytes) -> bytes:
    # A nonce from the content: the same image seals to the same bytes, so that nothing is stored twice.
    nonce = hmac.new(key, digest.encode(), hashlib.sha256).digest()[:12]
    return nonce + AESGCM(key).encrypt(nonce, image, digest.encode())
