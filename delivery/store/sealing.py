"""Boxes that one site, or one recovery key, can open: an ephemeral X25519 agreement, HKDF-SHA256, AES-256-GCM.

The construction of RFC 9180 in base mode, with the public keys of both sides bound into the derived key.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from delivery.errors import N_, BadInput
from delivery.ids import IdSource

PUBLIC = 32
MAX_FRAME = 1 << 24
"""Largest frame of a sealed file, in bytes."""
_LENGTH = struct.Struct(">IB")
_MORE, _LAST = 0, 1

ReadBytes = Callable[[int], bytes]
"""Gives up to that many bytes; fewer only at the end."""


class CannotOpen(BadInput):
    """The box is for somebody else, or was altered or cut off."""


def public_of(secret: bytes) -> bytes:
    """Public half of a 32-byte X25519 secret."""
    return X25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def seal_to(public: bytes, plain: bytes, *, context: str, ids: IdSource) -> bytes:
    """`plain`, for the holder of `public`'s secret only, and for use in `context` only."""
    ephemeral, key = _agreed(public, context, ids)
    # The key is used for this one message, so the nonce may be fixed.
    return ephemeral + AESGCM(key).encrypt(bytes(12), plain, context.encode())


def open_box(secret: bytes, box: bytes, *, context: str) -> bytes:
    """What :func:`seal_to` sealed. Raises CannotOpen for anything else."""
    try:
        key = _derived(secret, box[:PUBLIC], context)
        return AESGCM(key).decrypt(bytes(12), box[PUBLIC:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise _cannot() from error


def seal_stream(public: bytes, frames: Iterable[bytes], *, context: str, ids: IdSource) -> Iterator[bytes]:
    """Parts of a sealed file: frames of at most :data:`MAX_FRAME` bytes, numbered, the last one marked as such."""
    ephemeral, key = _agreed(public, context, ids)
    yield ephemeral
    cipher, number, held = AESGCM(key), 0, None
    for frame in frames:
        if held is not None:
            yield from _frame(cipher, number, held, _MORE)
            number += 1
        held = frame
    yield from _frame(cipher, number, held or b"", _LAST)


def open_stream(secret: bytes, read: ReadBytes, *, context: str) -> Iterator[bytes]:
    """Frames of a sealed file, each proved before it is given out.

    `read(n)` gives up to n bytes. Raises CannotOpen when the file is for another key, altered, or cut off anywhere.
    """
    try:
        cipher = AESGCM(_derived(secret, _exactly(read, PUBLIC), context))
        number, mark = 0, _MORE
        while mark == _MORE:
            length, mark = _LENGTH.unpack(_exactly(read, _LENGTH.size))
            if length > MAX_FRAME + 16 or mark not in (_MORE, _LAST):
                raise _cannot()
            yield cipher.decrypt(_nonce(number, mark), _exactly(read, length), None)
            number += 1
        if read(1):
            raise _cannot()
    except (InvalidTag, ValueError) as error:
        raise _cannot() from error


def _frame(cipher: AESGCM, number: int, plain: bytes, mark: int) -> Iterator[bytes]:
    sealed = cipher.encrypt(_nonce(number, mark), plain, None)
    yield _LENGTH.pack(len(sealed), mark)
    yield sealed


def _nonce(number: int, mark: int) -> bytes:
    return struct.pack(">QHH", number, 0, mark)


def _exactly(read: ReadBytes, count: int) -> bytes:
    data = read(count)
    if len(data) != count:
        raise _cannot()
    return data


def _agreed(public: bytes, context: str, ids: IdSource) -> tuple[bytes, bytes]:
    secret = X25519PrivateKey.from_private_bytes(ids.random_bytes(32))
    shared = secret.exchange(X25519PublicKey.from_public_bytes(public))
    ephemeral = secret.public_key().public_bytes_raw()
    return ephemeral, _key(shared, ephemeral, public, context)


def _derived(secret: bytes, ephemeral: bytes, context: str) -> bytes:
    own = X25519PrivateKey.from_private_bytes(secret)
    shared = own.exchange(X25519PublicKey.from_public_bytes(ephemeral))
    return _key(shared, ephemeral, own.public_key().public_bytes_raw(), context)


def _key(shared: bytes, ephemeral: bytes, public: bytes, context: str) -> bytes:
    info = b"tuxa box 1\x00" + ephemeral + public + context.encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(shared)


def _cannot() -> CannotOpen:
    return CannotOpen(
        N_("This is sealed for another key, or it was altered or cut off."),
        do=N_("Copy it again whole, and open it at the site it was made for."),
    )
