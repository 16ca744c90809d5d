"""Keys of a site's lines to other sites, and the book of sites that it lets in.

::

    <home>/keys/sync/own.json              this site's transport (CURVE) and sealing (X25519) keys, mode 0600
    <home>/keys/sync/next.json             the keys that follow, while a rotation is under way
    <home>/keys/sync/sites/<CODE>.json     one other site each: its public keys, and where the main site listens
    <home>/keys/sync/invitations/*.json    one-time keys that were given out

The signing key is not among them: it is the site's in all it does, and stays.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any, Final

import orjson
import structlog

from delivery.clock import Clock
from delivery.errors import N_, ConfigError, NotFound
from delivery.ids import IdSource
from delivery.network.bus.keys import KeyHolder, KeyPair, new_key_pair
from delivery.store.files import write_whole
from delivery.store.sealing import public_of

SITE_ROLE, JOIN_ROLE = "site", "join"
RECHECK_S = 0.5
"""How long a revoked key may still be let in."""
RECHECK_UNKNOWN_S = 0.05
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LineKeys:
    """What a site keeps secret for its lines to other sites."""

    curve: KeyPair
    sealing: bytes = field(repr=False)
    """32-byte X25519 secret."""

    @property
    def sealing_public(self) -> bytes:
        return public_of(self.sealing)


@dataclass(frozen=True, slots=True)
class KnownSite:
    """Another site, as this one knows it. Keys are public: CURVE in Z85, the others in hexadecimal."""

    site: str
    curve: str
    signing: str
    sealing: str
    is_main: bool = False
    address: str = ""
    """Where the main site listens."""
    revoked: bool = False
    curve_before: str = ""
    """Key before a rotation, until the new one was used."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was given out."""

    public: str
    site: str
    expires_at: int
    """Microseconds since 1970 UTC."""
    used_by: str = ""
    """Transport key of the site that redeemed it."""


class SyncKeys:
    """The folder ``keys/sync`` of a home."""

    def __init__(self, keys_dir: Path, ids: IdSource) -> None:
        self.folder: Final = keys_dir / "sync"
        self._ids = ids

    # --- own keys ---

    def own(self) -> LineKeys:
        """This site's keys, made when there are none."""
        file = self.folder / "own.json"
        if not file.exists():
            self._put(file, self.fresh())
        return self._get(file)

    def fresh(self) -> LineKeys:
        """New keys, not yet kept."""
        return LineKeys(new_key_pair(self._ids), self._ids.random_bytes(32))

    def begin_rotation(self) -> LineKeys:
        """Keys that are to follow; the same until the rotation is done."""
        self.own()
        file = self.folder / "next.json"
        if not file.exists():
            self._put(file, self.fresh())
        return self._get(file)

    def rotating(self) -> LineKeys | None:
        """The keys that are to follow, while a rotation is under way."""
        file = self.folder / "next.json"
        try:
            return self._get(file)
        except ConfigError:
            # None was begun, or the daemon has just finished it.
            if not file.exists():
                return None
            raise

    def finish_rotation(self) -> None:
        """The main site knows the new keys: use them."""
        os.replace(self.folder / "next.json", self.folder / "own.json")

    def _put(self, file: Path, keys: LineKeys) -> None:
        _private_folder(self.folder)
        document = {
            "public": keys.curve.public,
            "secret": keys.curve.secret,
            "sealing": keys.sealing.hex(),
        }
        write_whole(file, orjson.dumps(document), mode=0o600)

    def _get(self, file: Path) -> LineKeys:
        document = _read(file)
        try:
            pair = KeyPair(document["public"], document["secret"])
            return LineKeys(pair, bytes.fromhex(document["sealing"]))
        except (KeyError, ValueError, TypeError) as error:
            raise _unusable(file) from error

    # --- other sites ---

    def sites(self) -> list[KnownSite]:
        """Every site that was ever admitted, in order of code; unreadable files are named in the log and left out."""
        out = []
        for file in sorted((self.folder / "sites").glob("*.json")):
            try:
                out.append(KnownSite(**_read(file)))
            except (ConfigError, TypeError):
                _log.warning("sync.site_file_unusable", file=file.name)
        return out

    def site(self, code: str) -> KnownSite:
        """The site with this code. Raises NotFound."""
        for known in self.sites():
            if known.site == code:
                return known
        raise NotFound(
            N_("No site “{site}” is in sync with this one."),
            do=N_("“tuxa sync status” lists the sites; invite another one with: tuxa sync invite SITE"),
            site=code,
        )

    def put_site(self, known: KnownSite) -> None:
        """Keep what is known of a site."""
        _require_code(known.site)
        _private_folder(self.folder)
        write_whole(self.folder / "sites" / f"{known.site}.json", orjson.dumps(asdict(known)), mode=0o600)

    def main(self) -> KnownSite | None:
        """The main site that this one joined; None at the main site itself."""
        return next((known for known in self.sites() if known.is_main and not known.revoked), None)

    # --- invitations ---

    def invitations(self) -> Iterator[Invited]:
        """Invitations that were given out."""
        for file in sorted((self.folder / "invitations").glob("*.json")):
            try:
                yield Invited(**_read(file))
            except (ConfigError, TypeError):
                _log.warning("sync.invitation_unusable", file=file.name)

    def put_invitation(self, invited: Invited) -> None:
        """Keep an invitation, or that it was redeemed."""
        _require_code(invited.site)
        _private_folder(self.folder)
        write_whole(self._invitation_file(invited), orjson.dumps(asdict(invited)), mode=0o600)

    def withdraw_invitations(self, site: str) -> None:
        """No invitation that was given out for this site is good any more."""
        for invited in [invited for invited in self.invitations() if invited.site == site]:
            self._invitation_file(invited).unlink(missing_ok=True)

    def _invitation_file(self, invited: Invited) -> Path:
        return self.folder / "invitations" / f"{invited.site}-{invited.expires_at}.json"

    def redeemed(self, invited: Invited, by: str) -> None:
        """That transport key redeemed the invitation."""
        self.put_invitation(replace(invited, used_by=by))


class SiteBook:
    """The folder as a key book for the doorman; looked at again at most once in :data:`RECHECK_S` seconds."""

    def __init__(self, keys: SyncKeys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._lock = Lock()
        self._checked = float("-inf")
        self._holders: dict[str, KeyHolder] = {}

    def holder(self, public: str) -> KeyHolder | None:
        """The site behind a transport key, or the holder of an invitation."""
        with self._lock:
            now = self._clock.monotonic()
            # Who was invited a moment ago is not turned away; strangers do not make us read for each knock.
            patience = RECHECK_S if public in self._holders else RECHECK_UNKNOWN_S
            if now - self._checked >= patience:
                self._checked = now
                self._holders = self._read()
            return self._holders.get(public)

    def forget(self) -> None:
        """Look again at the next question."""
        with self._lock:
            self._checked = float("-inf")

    def _read(self) -> dict[str, KeyHolder]:
        from delivery.clock import to_micros

        now = to_micros(self._clock.now())
        out: dict[str, KeyHolder] = {}
        for invited in self._keys.invitations():
            if invited.expires_at > now:
                out[invited.public] = KeyHolder(invited.site, frozenset({JOIN_ROLE}))
        for known in self._keys.sites():
            if not known.revoked:
                for public in filter(None, (known.curve_before, known.curve)):
                    out[public] = KeyHolder(known.site, frozenset({SITE_ROLE}))
        return out


def _private_folder(folder: Path) -> None:
    for made in (folder, folder / "sites", folder / "invitations"):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)


def _require_code(code: str) -> None:
    if not _CODE.fullmatch(code):
        raise ConfigError(
            N_("“{site}” is not the code of a site."),
            do=N_("Use the code that the catalogue gives: letters, digits and . _ - only."),
            site=code,
        )


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise _unusable(file) from error
    if not isinstance(document, dict):
        raise _unusable(file)
    return document


def _unusable(file: Path) -> ConfigError:
    return ConfigError(
        N_("The key file {file} is missing or damaged."),
        do=N_("Restore it from your backup, or have the site invited again."),
        file=str(file),
    )
