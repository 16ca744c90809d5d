"""House formats: what every lesson of a kind is turned into, read from ``media_profiles/*.toml``.

A profile and its version are part of an asset's identity. Everything that ends up in the H.264 parameter sets comes
from here and from nowhere else, so that all lessons of a profile version carry the same ones and join without a seam.

Every key is explained in ``docs/media-profiles.md``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Final, Literal

from delivery.broadcast.asset import TRANSMITTER_LEAD_PTS
from delivery.broadcast.media.profile_table import ProfileTable
from delivery.broadcast.media.transport import AAC, FRAME_PTS, SOUND_CODECS, SoundCodec
from delivery.errors import N_, ConfigError
from delivery.units import TICK_MS

Kind = Literal["tv", "radio"]

DEFAULT_PROFILES: Final[Mapping[str, str]] = {"tv": "tv720p25", "radio": "radio-aac"}
"""Profile of each kind unless another one is asked for."""

MP3_KBPS: Final = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Bit rates of MPEG-1 layer III (ISO/IEC 11172-3, 2.4.2.3)."""
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


LEVELS: Final[Mapping[str, int]] = {
    "1.1": 500,
    "1.2": 1_000,
    "1.3": 2_000,
    "2": 2_000,
    "2.1": 4_000,
    "2.2": 4_000,
    "3": 10_000,
    "3.1": 14_000,
    "3.2": 20_000,
    "4": 25_000,
    "4.1": 62_500,
    "4.2": 62_500,
    "5": 135_000,
    "5.1": 240_000,
}
"""H.264 level -> MaxCPB in units of 1,200 bits (ITU-T H.264 table A-1)."""
AAC_BUFFER_BYTES: Final = 3_584
"""What ISO/IEC 13818-1 (2.4.2.7) gives a decoder of stereo AAC in a transport stream."""
SENT_AHEAD_MS: Final = 500
"""A picture of the transmitter rendition is sent at most this long before it is decoded."""
_OVERHEAD: Final = Fraction(184, 188)


@dataclass(frozen=True, slots=True)
class Picture:
    """The video part of a rung."""

    width: int
    height: int
    level: str
    crf: int
    max_kbps: int
    buffer_kbit: int
    pixel_aspect: Fraction = Fraction(1)
    """Width of a pixel by its height."""

    @property
    def aspect(self) -> Fraction:
        """Width by height as shown."""
        return self.pixel_aspect * self.width / self.height


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
class TransmitterPlan:
    """The rendition of constant bit rate: the coded pictures of a rung, with sound of its own."""

    rung: str
    audio_kbps: int
    packets_per_tick: int

    @property
    def bit_rate(self) -> int:
        """Bits per second."""
        return self.packets_per_tick * 188 * 8 * 1000 // TICK_MS

    @property
    def picture_rate(self) -> int:
        """Bits per second that are left for the picture."""
        sound = self.audio_kbps * 1000 * Fraction(11, 10) / _OVERHEAD
        clocks = 12 * 188 * 8 * Fraction(1000, TICK_MS)
        # A picture's last packet is filled up, and its PES header has to go somewhere.
        filled_up = 25 * (184 + 21) * 8
        return int((self.bit_rate - sound - clocks) * _OVERHEAD) - filled_up


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
    codec: SoundCodec = SOUND_CODECS["aac"]
    transmitter: TransmitterPlan | None = None
    twin_name: str = ""
    twin: Profile | None = None
    """The radio profile in which a TV lesson is made as well; found by :func:`load_profiles`."""

    @property
    def pictures(self) -> tuple[Rung, ...]:
        """The rungs that have a picture, in the order of the file."""
        return tuple(rung for rung in self.rungs if rung.picture)

    @property
    def audio_rates(self) -> tuple[int, ...]:
        """The distinct sound bit rates in kbit/s, highest first."""
        rates = {rung.audio_kbps for rung in self.rungs}
        if self.transmitter:
            rates.add(self.transmitter.audio_kbps)
        return tuple(sorted(rates, reverse=True))

    def rung(self, name: str) -> Rung:
        """The rung called `name`; KeyError if there is none."""
        for rung in self.rungs:
            if rung.name == name:
                return rung
        raise KeyError(name)


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
    return {name: _with_twin(profile, found) for name, profile in found.items()}


def _with_twin(profile: Profile, known: Mapping[str, Profile]) -> Profile:
    if not profile.twin_name:
        return profile
    twin = known.get(profile.twin_name)
    if twin is None or twin.kind != "radio":
        raise ProfileTable({}, f"{profile.name}.toml").wrong(
            "twin", N_("“{name}” is not a radio profile"), name=profile.twin_name
        )
    return replace(profile, twin=twin)


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
        table = ProfileTable(tomllib.loads(text), source)
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(source, str(error)) from error
    kind: Kind = "radio" if table.choice("kind", ("tv", "radio")) == "radio" else "tv"
    name = table.text("name")
    if name != Path(source).stem:
        raise table.wrong("name", N_("it must be the file's own name"))
    loudness = table.table("loudness")
    encoder = _encoder(table.table("video")) if kind == "tv" else Encoder()
    codec = (
        SOUND_CODECS[table.choice("codec", ("aac", "mp3"))]
        if "codec" in table.values
        else SOUND_CODECS["aac"]
    )
    if kind == "tv" and codec.grain != 1:
        raise table.wrong("codec", N_("a TV profile has “aac”: pictures and MP3 frames share no tick"))
    rungs = tuple(_rung(entry, kind, codec) for entry in table.tables("rung"))
    _check_ladder(table, rungs, kind)
    sent = "transmitter" in table.values and kind == "tv"
    profile = Profile(
        name=name,
        version=table.whole("version", 1, 1_000_000),
        kind=kind,
        target_lufs=loudness.number("target_lufs", -40.0, -5.0),
        max_true_peak_dbtp=loudness.number("max_true_peak_dbtp", -20.0, 0.0),
        encoder=encoder,
        rungs=rungs,
        codec=codec,
        transmitter=_transmitter(table.table("transmitter"), rungs) if sent else None,
        twin_name=table.text("twin") if "twin" in table.values and kind == "tv" else "",
    )
    loudness.finish()
    table.finish()
    return profile


def _check_ladder(table: ProfileTable, rungs: Sequence[Rung], kind: Kind) -> None:
    if len({rung.name for rung in rungs}) != len(rungs):
        raise table.wrong("rung.name", N_("two rungs have the same name"))
    if kind != "tv":
        return
    shapes = [rung.picture.aspect for rung in rungs if rung.picture]
    if not shapes:
        raise table.wrong("rung", N_("a TV profile needs at least one rung with a picture"))
    if any(abs(shape / shapes[0] - 1) > Fraction(1, 100) for shape in shapes):
        raise table.wrong("rung", N_("all pictures must have the same shape; pixel_aspect counts"))


def _transmitter(table: ProfileTable, rungs: Sequence[Rung]) -> TransmitterPlan:
    """What a receiver's buffers must hold is worked out here, so that every lesson of the profile can be sent."""
    rung = next((r for r in rungs if r.picture and r.name == table.text("rung")), None)
    if rung is None or rung.picture is None:
        raise table.wrong("rung", N_("there is no rung of this name with a picture"))
    plan = TransmitterPlan(
        rung=rung.name,
        audio_kbps=table.whole("audio_kbps", 32, 320),
        packets_per_tick=table.whole("packets_per_tick", 40, 3600),
    )
    lead_s = Fraction(TRANSMITTER_LEAD_PTS, 90_000)
    # Ten frames lie in the buffer at once, each with its ADTS header.
    frames = TRANSMITTER_LEAD_PTS // AAC.frame_pts
    most_kbps = (AAC_BUFFER_BYTES // frames - 7) * 8 * 48_000 // AAC.samples // 1000
    if plan.audio_kbps > most_kbps:
        raise table.wrong(
            "audio_kbps", N_("at most {most}: a receiver’s sound buffer holds no more"), most=most_kbps
        )
    room = plan.picture_rate * (lead_s - Fraction(FRAME_PTS, 90_000)) / 1000
    if rung.picture.buffer_kbit > room or rung.picture.max_kbps * 1000 > plan.picture_rate:
        raise table.wrong(
            "packets_per_tick",
            N_(
                "{bits} kbit/s are too few for rung {rung}: its max_kbps may be {rate}, its buffer_kbit {room}"
            ),
            bits=plan.bit_rate // 1000,
            rung=rung.name,
            rate=plan.picture_rate // 1000,
            room=int(room),
        )
    held = rung.picture.buffer_kbit * 1000 + rung.picture.max_kbps * SENT_AHEAD_MS
    if held > 1200 * LEVELS[rung.picture.level]:
        raise table.wrong("rung", N_("a decoder of level {level} cannot hold it"), level=rung.picture.level)
    table.finish()
    return plan


def _encoder(table: ProfileTable) -> Encoder:
    encoder = Encoder(
        preset=table.choice("preset", _PRESETS),
        bframes=table.whole("bframes", 0, 3),
        references=table.whole("references", 1, 4),
    )
    table.finish()
    return encoder


def _rung(table: ProfileTable, kind: Kind, codec: SoundCodec) -> Rung:
    name = table.text("name")
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise table.wrong("name", N_("use only the letters a to z, digits and “-”"))
    audio_kbps = table.whole("audio_kbps", 32, 320)
    if codec.name == "mp3" and audio_kbps not in MP3_KBPS:
        raise table.wrong(
            "audio_kbps", N_("it must be one of {allowed}"), allowed=", ".join(map(str, MP3_KBPS))
        )
    picture = None
    if "width" in table.values and kind == "tv":
        picture = Picture(
            width=table.even("width", 64, 4096),
            height=table.even("height", 64, 2304),
            level=table.choice("level", tuple(LEVELS)),
            crf=table.whole("crf", 10, 40),
            max_kbps=table.whole("max_kbps", 50, 50_000),
            buffer_kbit=table.whole("buffer_kbit", 50, 50_000),
            pixel_aspect=table.ratio("pixel_aspect") if "pixel_aspect" in table.values else Fraction(1),
        )
    table.finish()
    return Rung(name=name, audio_kbps=audio_kbps, picture=picture)


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
