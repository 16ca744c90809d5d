"""House formats: what every lesson of a kind is turned into, read from ``media_profiles/*.toml``.

A profile and its version are part of an asset's identity. Everything that ends up in the H.264 parameter sets comes
from here and from nowhere else, so that all lessons of a profile version carry the same ones and join without a seam.

Keys of a profile file (all needed unless a default is named):

``name``, ``version``, ``kind``
    Its own name (that of the file), a whole number from 1, and ``tv`` or ``radio``.
``[loudness] target_lufs, max_true_peak_dbtp``
    Integrated loudness and the highest true peak (EBU R 128: -23 LUFS, -1 dBTP).
``[video] preset, bframes, references`` (TV only)
    x264 preset; number of B-frames between reference frames (0 to 3); reference frames (1 to 4).
``[[rung]] name, audio_kbps``
    One rendition, best first. A rung with only these two is sound alone.
``[[rung]] width, height, level, crf, max_kbps, buffer_kbit`` (TV only)
    Even size in square pixels; H.264 level; x264 quality (lower is better); ceiling of the video bit rate and size of
    the decoder buffer that holds it there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, Literal

from delivery.errors import N_, ConfigError, Message

Kind = Literal["tv", "radio"]

DEFAULT_PROFILES: Final[Mapping[str, str]] = {"tv": "tv720p25", "radio": "radio-aac"}
"""Profile of each kind unless another one is asked for."""

_PRESETS: Final = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
)


@dataclass(frozen=True, slots=True)
class Picture:
    """The video part of a rung."""

    width: int
    height: int
    level: str
    crf: int
    max_kbps: int
    buffer_kbit: int


@dataclass(frozen=True, slots=True)
class Rung:
    """One rendition of the ladder; sound alone when `picture` is None."""

    name: str
    audio_kbps: int
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class Encoder:
    """x264 choices that all rungs share."""

    preset: str = "veryfast"
    bframes: int = 2
    references: int = 2


@dataclass(frozen=True, slots=True)
class Profile:
    """A house format in one version."""

    name: str
    version: int
    kind: Kind
    target_lufs: float
    max_true_peak_dbtp: float
    encoder: Encoder
    rungs: tuple[Rung, ...]

    @property
    def pictures(self) -> tuple[Rung, ...]:
        """The rungs that have a picture, in the order of the file."""
        return tuple(rung for rung in self.rungs if rung.picture)

    @property
    def audio_rates(self) -> tuple[int, ...]:
        """The distinct sound bit rates in kbit/s, highest first."""
        return tuple(sorted({rung.audio_kbps for rung in self.rungs}, reverse=True))


def load_profiles(folders: Sequence[Path] = ()) -> dict[str, Profile]:
    """The profiles shipped with the package, and those of `folders`, which win over shipped ones of the same name.

    Raises ConfigError naming file, key and reason.
    """
    shipped = resources.files("media_profiles")
    found: dict[str, Profile] = {}
    for entry in sorted(shipped.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            profile = parse_profile(entry.read_text(encoding="utf-8"), source=entry.name)
            found[profile.name] = profile
    for folder in folders:
        for file in sorted(folder.glob("*.toml")):
            profile = parse_profile(_text(file), source=str(file))
            found[profile.name] = profile
    return found


def load_profile(name: str, folders: Sequence[Path] = ()) -> Profile:
    """The profile called `name`; ConfigError when there is none."""
    profiles = load_profiles(folders)
    if name not in profiles:
        raise ConfigError(
            N_("There is no media profile called “{name}”."),
            do=N_("Known profiles: {known}."),
            name=name,
            known=", ".join(sorted(profiles)),
        )
    return profiles[name]


def parse_profile(text: str, *, source: str) -> Profile:
    """Read one profile file. `source` names it in errors. Raises ConfigError naming key and reason."""
    try:
        table = _Table(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(source, str(error)) from error
    kind: Kind = "radio" if table.choice("kind", ("tv", "radio")) == "radio" else "tv"
    name = table.text("name")
    if name != Path(source).stem:
        raise table.wrong("name", N_("it must be the file's own name"))
    loudness = table.table("loudness")
    encoder = _encoder(table.table("video")) if kind == "tv" else Encoder()
    rungs = tuple(_rung(entry, kind) for entry in table.tables("rung"))
    if len({rung.name for rung in rungs}) != len(rungs):
        raise table.wrong("rung.name", N_("two rungs have the same name"))
    if kind == "tv" and not any(rung.picture for rung in rungs):
        raise table.wrong("rung", N_("a TV profile needs at least one rung with a picture"))
    profile = Profile(
        name=name,
        version=table.whole("version", 1, 1_000_000),
        kind=kind,
        target_lufs=loudness.number("target_lufs", -40.0, -5.0),
        max_true_peak_dbtp=loudness.number("max_true_peak_dbtp", -20.0, 0.0),
        encoder=encoder,
        rungs=rungs,
    )
    loudness.finish()
    table.finish()
    return profile


def _encoder(table: _Table) -> Encoder:
    encoder = Encoder(
        preset=table.choice("preset", _PRESETS),
        bframes=table.whole("bframes", 0, 3),
        references=table.whole("references", 1, 4),
    )
    table.finish()
    return encoder


def _rung(table: _Table, kind: Kind) -> Rung:
    name = table.text("name")
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise table.wrong("name", N_("use only the letters a to z, digits and “-”"))
    audio_kbps = table.whole("audio_kbps", 32, 320)
    picture = None
    if "width" in table.values and kind == "tv":
        picture = Picture(
            width=table.even("width", 64, 4096),
            height=table.even("height", 64, 2304),
            level=table.text("level"),
            crf=table.whole("crf", 10, 40),
            max_kbps=table.whole("max_kbps", 50, 50_000),
            buffer_kbit=table.whole("buffer_kbit", 50, 50_000),
        )
    table.finish()
    return Rung(name=name, audio_kbps=audio_kbps, picture=picture)


class _Table:
    """A TOML table that is read key by key; what is missing, wrong or left over is refused by name."""

    def __init__(self, values: Mapping[str, Any], source: str, prefix: str = "") -> None:
        self.values = values
        self._source = source
        self._prefix = prefix
        self._read: set[str] = set()

    def wrong(self, key: str, reason: str, **params: Any) -> ConfigError:
        return ConfigError(
            N_("Media profile {file}, key “{key}”: {reason}."),
            do=N_("Correct that line. The profiles in the package’s folder media_profiles show every key."),
            file=self._source,
            key=self._prefix + key,
            reason=Message(reason, params),
        )

    def finish(self) -> None:
        """Refuse keys that nothing has read."""
        for key in self.values:
            if key not in self._read:
                raise self.wrong(key, N_("this key is not known here"))

    def text(self, key: str) -> str:
        value = self._value(key)
        if not isinstance(value, str) or not value:
            raise self.wrong(key, N_("it must be a text in quotation marks"))
        return value

    def choice(self, key: str, allowed: Sequence[str]) -> str:
        value = self.text(key)
        if value not in allowed:
            raise self.wrong(key, N_("it must be one of {allowed}"), allowed=", ".join(allowed))
        return value

    def whole(self, key: str, least: int, most: int) -> int:
        value = self._value(key)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(
                key, N_("it must be a whole number from {least} to {most}"), least=least, most=most
            )
        return value

    def even(self, key: str, least: int, most: int) -> int:
        value = self.whole(key, least, most)
        if value % 2:
            raise self.wrong(key, N_("it must be even"))
        return value

    def number(self, key: str, least: float, most: float) -> float:
        value = self._value(key)
        if type(value) not in (int, float) or not least <= value <= most:
            raise self.wrong(key, N_("it must be a number from {least} to {most}"), least=least, most=most)
        return float(value)

    def table(self, key: str) -> _Table:
        value = self._value(key)
        if not isinstance(value, dict):
            raise self.wrong(key, N_("it must be a table, written [{table}]"), table=key)
        return _Table(value, self._source, f"{self._prefix}{key}.")

    def tables(self, key: str) -> list[_Table]:
        value = self._value(key)
        if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
            raise self.wrong(key, N_("it must be one or more tables, each written [[{table}]]"), table=key)
        return [_Table(entry, self._source, f"{key}[{number}].") for number, entry in enumerate(value, 1)]

    def _value(self, key: str) -> Any:
        self._read.add(key)
        if key not in self.values:
            raise self.wrong(key, N_("it is missing"))
        return self.values[key]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(str(file), str(error)) from error


def _unreadable(source: str, reason: str) -> ConfigError:
    return ConfigError(
        N_("Media profile {file} cannot be read: {reason}"),
        do=N_("Correct that line, or remove the file."),
        file=source,
        reason=reason,
    )
