"""The printed code (design D5, field notes on post, section 2): what a sheet says of itself.

Main token: 1 byte version and key id, 6 bytes random page id, 8 bytes truncated HMAC-SHA256 = 15 bytes = 24 base32
characters. Side code: own 5-byte id and 5-byte MAC = 16 base32 characters, under a separate domain, so that one can
never be taken for the other. No personal data in either; the code proves which sheet, not who.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

VERSION = 1
PAGE_ID_BYTES = 6
SIDE_ID_BYTES = 5
TOKEN_CHARS = 24
SIDE_CHARS = 16
URL_PATH = "/q/"
_MAIN_DOMAIN = b"tuxa sheet 1"
_SIDE_DOMAIN = b"tuxa side 1"


@dataclass(frozen=True, slots=True)
class CodeKeys:
    """Signing keys by id (0-15); `current` signs new sheets, the others still verify: mail is out for weeks."""

    keys: Mapping[int, bytes]
    current: int
    retired: Mapping[int, bytes] = field(default_factory=dict)
    """Keys that verify nothing any more; kept to tell an old sheet from a forged one."""

    def __post_init__(self) -> None:
        if self.current not in self.keys or any(not 0 <= number <= 15 for number in self.keys):
            raise ValueError("key ids run from 0 to 15 and the current one must be present")


@dataclass(frozen=True, slots=True)
class PageRef:
    """A code that verified: the page id of a main token."""

    page_id: str


@dataclass(frozen=True, slots=True)
class SideRef:
    """A code that verified: the side id of a side code."""

    side_id: str


def _mac(key: bytes, domain: bytes, payload: bytes, size: int) -> bytes:
    return hmac.new(key, domain + payload, hashlib.sha256).digest()[:size]


def page_token(page_id: str, keys: CodeKeys) -> str:
    """24-character token of a page; `page_id` is 12 hexadecimal digits."""
    raw = bytes.fromhex(page_id)
    if len(raw) != PAGE_ID_BYTES:
        raise ValueError("a page id has 6 bytes")
    head = bytes([VERSION << 4 | keys.current]) + raw
    return base64.b32encode(head + _mac(keys.keys[keys.current], _MAIN_DOMAIN, head, 8)).decode()


def side_token(side_id: str, keys: CodeKeys) -> str:
    """16-character side code; `side_id` is 10 hexadecimal digits."""
    raw = bytes.fromhex(side_id)
    if len(raw) != SIDE_ID_BYTES:
        raise ValueError("a side id has 5 bytes")
    return base64.b32encode(raw + _mac(keys.keys[keys.current], _SIDE_DOMAIN, raw, 5)).decode()


def page_url(base_url: str, token: str) -> str:
    """The text of the main code: lower-case address, upper-case token (mixed segments keep the symbol small)."""
    return f"{base_url.rstrip('/')}{URL_PATH}{token}"


def read_code(text: str, keys: CodeKeys) -> PageRef | SideRef | None:
    """What a decoded text is: a page, a side code, or None for anything foreign, forged, truncated or altered.

    Any host before ``/q/`` is accepted, because an institution's address may change while mail is out; the MAC decides.
    """
    if URL_PATH in text:
        text = text.rsplit(URL_PATH, 1)[1]
    if len(text) == TOKEN_CHARS:
        return _read_page(text, keys)
    if len(text) == SIDE_CHARS:
        return _read_side(text, keys)
    return None


def signed_with_retired(text: str, keys: CodeKeys) -> bool:
    """Whether a text that is not accepted would have been, before its key was retired."""
    if not keys.retired:
        return False
    return read_code(text, CodeKeys(keys.retired, next(iter(keys.retired)))) is not None


def _decode(text: str) -> bytes | None:
    try:
        return base64.b32decode(text)
    except (binascii.Error, ValueError):
        return None


def _read_page(text: str, keys: CodeKeys) -> PageRef | None:
    raw = _decode(text)
    if raw is None or raw[0] >> 4 != VERSION:
        return None
    key = keys.keys.get(raw[0] & 15)
    head, mac = raw[: 1 + PAGE_ID_BYTES], raw[1 + PAGE_ID_BYTES :]
    if key is None or not hmac.compare_digest(mac, _mac(key, _MAIN_DOMAIN, head, 8)):
        return None
    return PageRef(head[1:].hex())


def _read_side(text: str, keys: CodeKeys) -> SideRef | None:
    raw = _decode(text)
    if raw is None:
        return None
    ident, mac = raw[:SIDE_ID_BYTES], raw[SIDE_ID_BYTES:]
    for key in keys.keys.values():
        if hmac.compare_digest(mac, _mac(key, _SIDE_DOMAIN, ident, 5)):
            return SideRef(ident.hex())
    return None
