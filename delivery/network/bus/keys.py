"""CURVE keys of daemons and consoles, and the book of keys that a daemon lets in.

::

    <home>/keys/bus/<name>.secret       key pair of one daemon or console, mode 0600
    <home>/keys/bus/daemon.public       the daemon's public key; consoles on other machines need a copy
    <home>/keys/bus/authorized/*.key    one console each: public key, actor, roles

To let in a console of another machine, put its public key with an actor and roles into a new file of ``authorized``;
to shut one out, remove its file. The daemon notices either by itself.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol, TypeGuard

import orjson
import structlog
import zmq
from zmq.utils import z85

from delivery.catalogue.kinds import Role
from delivery.clock import Clock, SystemClock
from delivery.errors import N_, ConfigError
from delivery.ids import IdSource

ROLES = (Role.TECHNICIAN, Role.CLERK, Role.MANAGER, Role.ADMIN)
DAEMON = "daemon"
CONSOLES: Mapping[str, tuple[Role, ...]] = {"technician": (Role.TECHNICIAN,), "clerk": (Role.CLERK,)}
"""Consoles that a new home lets in, with their roles."""
RECHECK_S = 1.0
"""How long a removed key may still be let in."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A CURVE key pair, both halves in Z85 (40 characters)."""

    public: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whom a key stands for."""

    actor: str
    roles: frozenset[str]


class KeyBook(Protocol):
    """Who may talk to a daemon: public key (Z85) -> holder, or None. Called from two threads."""

    def holder(self, public: str) -> KeyHolder | None: ...


def new_key_pair(ids: IdSource) -> KeyPair:
    """A fresh pair from 32 random bytes of `ids`."""
    secret = z85.encode(ids.random_bytes(32))
    return KeyPair(zmq.curve_public(secret).decode(), secret.decode())


def bus_dir(keys_dir: Path) -> Path:
    return keys_dir / "bus"


def ensure_bus_keys(keys_dir: Path, ids: IdSource) -> None:
    """Make the keys of the daemon and of this machine's own consoles where they are missing; keep all others."""
    folder = bus_dir(keys_dir)
    authorized = folder / "authorized"
    authorized.mkdir(parents=True, exist_ok=True)
    for made in (folder, authorized):
        made.chmod(0o700)
    daemon = _ensure_pair(folder, DAEMON, ids)
    _write(folder / f"{DAEMON}.public", daemon.public.encode() + b"\n", mode=0o644)
    for name, roles in CONSOLES.items():
        # A console that the institution has shut out stays out: only a new key is entered. The entry comes before the
        # secret, so that after a kill in between the next run makes both anew.
        if not (folder / f"{name}.secret").exists():
            pair = new_key_pair(ids)
            authorize(keys_dir, name, public=pair.public, actor=name, roles=roles)
            _write_pair(folder / f"{name}.secret", pair)


def authorize(keys_dir: Path, name: str, *, public: str, actor: str, roles: Iterable[str]) -> Path:
    """Enter a console's public key into the book, under the file name `name`.key."""
    document = {"public": public, "actor": actor, "roles": sorted(roles)}
    file = bus_dir(keys_dir) / "authorized" / f"{name}.key"
    if not _NAME.fullmatch(name):
        raise _unusable(file, "name")
    _entry(document, file)
    file.parent.mkdir(parents=True, exist_ok=True)
    _write(file, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", mode=0o600)
    return file


def read_key_pair(keys_dir: Path, name: str) -> KeyPair:
    """The pair of the daemon or console called `name`. Raises ConfigError naming the file."""
    file = bus_dir(keys_dir) / f"{name}.secret"
    document = _read(file)
    public, secret = document.get("public"), document.get("secret")
    if not _is_key(public) or not _is_key(secret) or zmq.curve_public(secret.encode()).decode() != public:
        raise _unusable(file, "secret")
    return KeyPair(public, secret)


def read_daemon_key(keys_dir: Path) -> str:
    """The public key by which a console knows its daemon."""
    file = bus_dir(keys_dir) / f"{DAEMON}.public"
    try:
        text = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _missing(file, error) from error
    if not _is_key(text):
        raise _unusable(file, "public")
    return text


class AuthorizedKeys:
    """The folder ``authorized`` as a key book; looked at again at most once in :data:`RECHECK_S` seconds.

    A file that cannot be read lets nobody in, is named in the log, and does not shut out the others.
    """

    def __init__(self, keys_dir: Path, clock: Clock | None = None) -> None:
        self._folder: Final = bus_dir(keys_dir) / "authorized"
        self._clock: Final = clock or SystemClock()
        self._lock = Lock()
        self._seen: tuple[tuple[str, int, int], ...] | None = None
        self._holders: dict[str, KeyHolder] = {}
        self._checked = float("-inf")

    def holder(self, public: str) -> KeyHolder | None:
        with self._lock:
            now = self._clock.monotonic()
            if now - self._checked >= RECHECK_S:
                self._checked = now
                self._refresh()
            return self._holders.get(public)

    def _refresh(self) -> None:
        try:
            stats = [
                (entry.name, entry.stat())
                for entry in os.scandir(self._folder)
                if entry.name.endswith(".key")
            ]
        except OSError:
            stats = []
        seen = tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats))
        if seen == self._seen:
            return
        holders: dict[str, KeyHolder] = {}
        for name, _, _ in seen:
            file = self._folder / name
            try:
                public, holder = _entry(_read(file), file)
            except ConfigError as error:
                _log.warning("bus.key_unusable", file=name, reason=str(error))
                continue
            holders[public] = holder
        self._seen, self._holders = seen, holders


def _entry(document: Mapping[str, Any], file: Path) -> tuple[str, KeyHolder]:
    public, actor, roles = document.get("public"), document.get("actor"), document.get("roles")
    if not _is_key(public):
        raise _unusable(file, "public")
    if not isinstance(actor, str) or not 0 < len(actor) <= 64 or not actor.isprintable():
        raise _unusable(file, "actor")
    if not isinstance(roles, list) or not roles or not all(role in ROLES for role in roles):
        raise _unusable(file, "roles")
    return public, KeyHolder(actor, frozenset(roles))


def _ensure_pair(folder: Path, name: str, ids: IdSource) -> KeyPair:
    file = folder / f"{name}.secret"
    if not file.exists():
        _write_pair(file, new_key_pair(ids))
    return read_key_pair(folder.parent, name)


def _write_pair(file: Path, pair: KeyPair) -> None:
    document = {"public": pair.public, "secret": pair.secret}
    _write(file, orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n", mode=0o600)


def _is_key(value: object) -> TypeGuard[str]:
    if not isinstance(value, str) or len(value) != 40:
        return False
    try:
        return len(z85.decode(value)) == 32
    except (ValueError, KeyError, struct.error):
        return False


def _read(file: Path) -> dict[str, Any]:
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise _missing(file, error) from error
    if not isinstance(document, dict):
        raise _unusable(file, "{}")
    return document


def _write(file: Path, data: bytes, *, mode: int) -> None:
    """`file` appears under its name only when whole and synced."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def _missing(file: Path, error: Exception) -> ConfigError:
    return ConfigError(
        N_("The bus key file {file} cannot be read: {reason}"),
        do=N_("Run “tuxa init” for this home, or copy the file from the machine that runs the daemon."),
        file=str(file),
        reason=str(error),
    )


def _unusable(file: Path, part: str) -> ConfigError:
    return ConfigError(
        N_("The bus key file {file} is wrong at “{part}”."),
        do=N_("Correct it, or remove it and run “tuxa init” again."),
        file=str(file),
        part=part,
    )
