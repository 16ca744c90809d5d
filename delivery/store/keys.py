"""Keys of a home: made once by ``tuxa init``, readable by their owner only, never printed or logged."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from delivery.errors import N_, ConfigError
from delivery.ids import IdSource
from delivery.record.sheetcode import CodeKeys
from delivery.store.files import write_whole

KEYS_FILE = "site.json"


@dataclass(frozen=True, slots=True, repr=False)
class SiteKeys:
    """What a site keeps secret."""

    signing: Ed25519PrivateKey
    """Signs stream heads."""
    master: bytes
    """Wraps the learners' keys (AES-256)."""
    identity: bytes
    """Turns a student code into an opaque learner id; the same on all sites of an institution."""
    air: bytes
    """Attendance codes of broadcasts."""
    codes: CodeKeys
    """Sign the codes on printed sheets."""

    @property
    def public(self) -> bytes:
        """Raw 32-byte public signing key."""
        return self.signing.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def learner_id(self, code: str) -> str:
        """Opaque id of the learner with this student code: ``L`` and 12 base32 characters."""
        mac = hmac.new(self.identity, b"learner\x00" + code.encode(), hashlib.sha256).digest()
        return "L" + base64.b32encode(mac[:10])[:12].decode()


def keys_exist(folder: Path) -> bool:
    """Whether the home has its keys."""
    return (folder / KEYS_FILE).exists()


def ensure_keys(folder: Path, ids: IdSource) -> SiteKeys:
    """The keys in `folder`; makes them when there are none."""
    file = folder / KEYS_FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(folder, 0o700)
        document = {
            "signing": ids.random_bytes(32).hex(),
            "master": ids.random_bytes(32).hex(),
            "identity": ids.random_bytes(32).hex(),
            "air": ids.random_bytes(32).hex(),
            "codes": {"current": 1, "keys": {"1": ids.random_bytes(32).hex()}},
        }
        write_whole(file, json.dumps(document).encode(), mode=0o600)
    return load_keys(folder)


def load_keys(folder: Path) -> SiteKeys:
    """Read the keys in `folder`. Raises ConfigError when they are missing or damaged."""
    file = folder / KEYS_FILE
    try:
        document = json.loads(file.read_bytes())
        codes = document["codes"]
        return SiteKeys(
            signing=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(document["signing"])),
            master=bytes.fromhex(document["master"]),
            identity=bytes.fromhex(document["identity"]),
            air=bytes.fromhex(document["air"]),
            codes=CodeKeys(_numbered(codes["keys"]), codes["current"], _numbered(codes.get("retired", {}))),
        )
    except FileNotFoundError as error:
        raise ConfigError(
            N_("The keys of this home are missing: {file}"),
            do=N_("Restore them from your backup; a home that was never used gets them with “tuxa init”."),
            file=str(file),
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            N_("The key file {file} is damaged."),
            do=N_("Restore it from your backup; without it nothing can be signed or read."),
            file=str(file),
        ) from error


def _numbered(keys: Mapping[str, str]) -> dict[int, bytes]:
    return {int(number): bytes.fromhex(key) for number, key in keys.items()}


class KeyFile:
    """The keys of a home that runs: read again when the file was changed, for code keys rotate while it runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[int, int, int] | None = None
        self._keys: SiteKeys | None = None

    def read(self) -> SiteKeys:
        """The keys as they are now. Raises ConfigError when they are missing or damaged."""
        try:
            stat = (self._folder / KEYS_FILE).stat()
            seen = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        except OSError:
            seen = None
        if self._keys is None or seen is None or seen != self._seen:
            self._keys, self._seen = load_keys(self._folder), seen
        return self._keys


def private_bytes(key: Ed25519PrivateKey) -> bytes:
    """Raw 32-byte private key, for backups."""
    return key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
