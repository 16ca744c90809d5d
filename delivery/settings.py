"""Settings of one home: a frozen value, read once at an edge from ``tuxa.toml``, the environment and flags.

Order of precedence: command-line flag, environment (``TUXA_*``), ``<home>/tuxa.toml``, default.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from delivery.errors import N_, ConfigError

CONFIG_FILE = "tuxa.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an institution can choose. Every key may stand in ``tuxa.toml`` under the same name."""

    home: Path
    """Folder of this site: database, keys, blobs, logs."""
    database: str = ""
    """SQLAlchemy URL; empty means SQLite in the home."""
    blobs: str = ""
    """fsspec URL of the content-addressed store; empty means a folder in the home. For example ``s3://bucket/tuxa``."""
    site: str = "MAIN"
    """Code of the site that writes here (design D2: a stream has one writer)."""
    lang: str = "vi"
    ffmpeg: str = ""
    """Path of the ffmpeg to use; empty means the embedded one (imageio-ffmpeg)."""
    executor: str = "process"
    workers: int = 0
    """Worker processes; 0 means one per core."""
    host: str = "127.0.0.1"
    port: int = 8642
    public_url: str = ""
    """Base address that printed codes point to; empty means where the portal answers on this machine."""
    proxies: str = ""
    """Addresses of proxies in front of the portal, separated by commas: only theirs are believed when a header says who
    asked and whether it was by https. Empty: none."""
    tls_certificate: str = ""
    """PEM file of a certificate chain with which the portal itself speaks https; with `tls_key`, its private key."""
    tls_key: str = ""
    oidc_issuer: str = ""
    """Address of an OpenID Connect provider through which people may sign in too; empty: code and PIN only."""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    """Empty for a public client: PKCE is used in any case."""
    oidc_claim: str = "preferred_username"
    """Claim that holds the code of the student or the member of staff."""
    oidc_name: str = ""
    """What the button calls the provider; empty: its host."""
    metrics_token: str = ""
    """Bearer token for ``/metrics``; empty: only programs on this machine may read it."""
    profile: str = "VN-2024"
    """Regulation profile for cohorts that do not name their own."""
    dvr_minutes: int = 30
    """How far back viewers of a channel may go."""
    post_days: int = 7
    """From the post office to the last learner: a lesson that airs earlier after its packets is pointed out."""
    feeds: str = ""
    """Where playout sends channels by itself: ``TV1=udp://239.1.1.1:5000 PT1=icecast://source:pw@host:8000/pt1``."""
    alert_webhook: str = ""
    """HTTP address that gets each alert as JSON."""
    alert_mail: str = ""
    """Mail addresses that get each alert, separated by commas."""
    mail_server: str = "127.0.0.1:25"
    mail_sender: str = "tuxa@localhost"

    sync_listen: str = ""
    """Where the main site listens for partner sites, for example ``tcp://0.0.0.0:8643``; the port after it is used as
    well. Empty: this site has no partners, or is one itself."""
    sync_address: str = ""
    """How partners reach it, for example ``tcp://dt.example.edu.vn:8643``; empty means as in `sync_listen`."""
    bus_listen: str = ""
    """Where consoles of other machines reach this station, for example ``tcp://0.0.0.0:8645`` (and the port after it);
    empty means consoles of this machine only."""
    sync_rate_kib: int = 0
    """KiB per second that files from other sites may take of the line; 0 means no limit. Facts go first in any case."""
    sync_blob_hours: str = ""
    """Hours (Viet Nam) in which files from other sites may come, for example ``22:00-05:30``; empty means always."""

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'tuxa.sqlite'}"

    @property
    def blobs_url(self) -> str:
        return self.blobs or str(self.home / "blobs")

    @property
    def keys_dir(self) -> Path:
        return self.home / "keys"

    @property
    def log_file(self) -> Path:
        return self.home / "log" / "tuxa.log"

    @property
    def address(self) -> str:
        """Where the portal answers on this machine: also where it listens on every address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        scheme = "https" if self.tls_certificate else "http"
        return f"{scheme}://[{host}]:{self.port}" if ":" in host else f"{scheme}://{host}:{self.port}"

    @property
    def base_url(self) -> str:
        return (self.public_url or self.address).rstrip("/")


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """``$TUXA_HOME``, else ``~/.local/share/tuxa`` (XDG base directory specification)."""
    if home := environ.get("TUXA_HOME"):
        return Path(home).expanduser().resolve()
    data = environ.get("XDG_DATA_HOME")
    base = Path(data) if data else Path("~/.local/share").expanduser()
    return base / "tuxa"


def load_settings(
    home: Path | None = None, *, environ: Mapping[str, str] = os.environ, **flags: Any
) -> Settings:
    """Read the settings of `home`. Unknown keys and wrong types are refused by name."""
    where = (home or default_home(environ)).expanduser().resolve()
    settings = Settings(home=where)
    known = {f.name: type(getattr(settings, f.name)) for f in fields(Settings) if f.name != "home"}
    file = where / CONFIG_FILE
    if file.exists():
        settings = replace(settings, **_checked(_read(file), known, source=str(file)))
    from_env = {
        name: environ[f"TUXA_{name.upper()}"]
        for name in known
        if environ.get(f"TUXA_{name.upper()}", "") != ""
    }
    settings = replace(settings, **_checked(from_env, known, source="TUXA_*"))
    given = {name: value for name, value in flags.items() if value is not None}
    return replace(settings, **_checked(given, known, source="--"))


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            N_("The settings file {file} cannot be read: {reason}"),
            do=N_("Correct that line, or remove the file to use the defaults."),
            file=str(file),
            reason=str(error),
        ) from error


def _checked(values: Mapping[str, Any], known: Mapping[str, type], *, source: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in values.items():
        if name not in known:
            raise ConfigError(
                N_("Unknown setting “{name}” in {source}."),
                do=N_("Known settings: {known}."),
                name=name,
                source=source,
                known=", ".join(sorted(known)),
            )
        wanted = known[name]
        try:
            out[name] = wanted(value) if wanted is int else str(value)
        except ValueError as error:
            raise ConfigError(
                N_("Setting “{name}” in {source} is “{value}”, which is not a whole number."),
                do=N_("Give a whole number."),
                name=name,
                source=source,
                value=value,
            ) from error
    if out.get("lang", "vi") not in ("vi", "en"):
        raise ConfigError(
            N_("Unknown language “{value}” in {source}."),
            do=N_("Use “vi” or “en”."),
            value=out["lang"],
            source="--lang" if source == "--" else source,
        )
    return out
