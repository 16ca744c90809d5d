"""Identifiers: derived where something has a natural key, random only where a secret or a sheet needs it."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

FACT_NAMESPACE = UUID("6d1d2a53-6a3f-5d0e-9d0b-2f6c5f2f7a11")
# Each of hundreds of thousands of names goes on from here.
_IN_NAMESPACE = hashlib.sha1(FACT_NAMESPACE.bytes, usedforsecurity=False)


def fact_id(kind: str, *natural_key: str | int) -> UUID:
    """Derived id of a fact: UUIDv5 over its kind and natural key (design D2).

    The parts are length-prefixed, so ``("ab", "c")`` and ``("a", "bc")`` differ.
    """
    parts = [kind, *map(str, natural_key)]
    named = _IN_NAMESPACE.copy()
    named.update("".join([f"{len(part)}:{part}" for part in parts]).encode())
    return UUID(bytes=named.digest()[:16], version=5)


def content_address(data: bytes) -> str:
    """SHA-256 of `data` in hexadecimal: the name of a blob."""
    return hashlib.sha256(data).hexdigest()


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256 in hexadecimal over length-prefixed texts: a stable name for a composite thing."""
    h = hashlib.sha256()
    for part in parts:
        raw = part.encode()
        h.update(len(raw).to_bytes(4, "big"))
        h.update(raw)
    return h.hexdigest()


class IdSource(Protocol):
    """Where random bytes come from; a parameter so that tests and simulations repeat."""

    def random_bytes(self, count: int) -> bytes: ...


@dataclass(frozen=True, slots=True)
class SystemIds:
    """The operating system's generator."""

    def random_bytes(self, count: int) -> bytes:
        return secrets.token_bytes(count)


@dataclass(slots=True)
class SeededIds:
    """Repeatable bytes, for tests and simulations only."""

    seed: int
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def random_bytes(self, count: int) -> bytes:
        return self._random.randbytes(count)
