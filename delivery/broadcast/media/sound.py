"""Loudness: measure a source, decide what to do with it, and write that as an ffmpeg graph (EBU R 128)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import ffmpeg as graph

from delivery.broadcast.media.probe import AudioInfo
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.transport import AAC, MP3, SoundCodec
from delivery.errors import N_, Message, ToolFailed
from delivery.units import TICK_SAMPLES

RATE: Final = 48_000
QUIET_S: Final = 0.005
"""Silence at both ends: an AAC frame overlaps the next one, and at a join that is another lesson's."""
FADE_S: Final = 0.015
SILENT_LUFS: Final = -70.0
"""Absolute gate of ITU-R BS.1770: below it there is no programme to measure."""
TOLERANCE_LU: Final = 0.3
"""Nearer to the target than this, a further pass would not be heard; R 128 asks for 0.2 in QC of the whole programme
and the encoder moves the value by less than 0.1."""
REFUSED_LU: Final = 1.0
"""R 128's tolerance where an exact value cannot be reached; further off, the conform is refused."""
_LAME_DELAY: Final = 1_105
"""Samples by which a decoded MP3 comes late: 576 of the encoder, 529 of the decoder."""
_CODEC_ROOM_DB: Final = 1.0
"""AAC at these bit rates may raise a peak by about 1 dB over its input."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a meter says of a whole programme."""

    integrated_lufs: float
    true_peak_dbtp: float
    range_lu: float

    @property
    def silent(self) -> bool:
        return self.integrated_lufs <= SILENT_LUFS


Channels = Literal["both", "left", "right", "turned"]
"""What is used of a stereo recording: both channels, one of them for both, or both with the right one's sign turned."""
# With "<" for "=", which ffmpeg-python would escape once too often; of a single channel both mean the same.
_PAN: Final = {
    "left": "stereo|c0<c0|c1<c0",
    "right": "stereo|c0<c1|c1<c1",
    "turned": "stereo|c0<c0|c1<-1*c1",
}

SILENCE: Final = Loudness(SILENT_LUFS, SILENT_LUFS, 0.0)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the sound: one gain over the whole programme, and a limiter only where a peak forbids it."""

    gain_db: float = 0.0
    ceiling_dbtp: float | None = None
    dynamic: bool = False
    """A gain that follows the programme comes first: where one gain and a limiter do not reach the target."""


def treatment_for(measured: Loudness, profile: Profile) -> Treatment:
    """The gain that brings `measured` to the target; a limiter when that gain would lift a peak over the ceiling."""
    if measured.silent:
        return Treatment()
    gain = profile.target_lufs - measured.integrated_lufs
    ceiling = profile.max_true_peak_dbtp - _CODEC_ROOM_DB
    return Treatment(gain, ceiling if measured.true_peak_dbtp + gain > ceiling else None)


def dynamic_treatment(profile: Profile) -> Treatment:
    """The last resort: loudness evened out over time, then the peaks limited."""
    return Treatment(0.0, profile.max_true_peak_dbtp - _CODEC_ROOM_DB, dynamic=True)


def corrected(treatment: Treatment, result: Loudness, profile: Profile) -> Treatment | None:
    """A better treatment after the `result` of the first, or None when that one is good."""
    if result.silent:
        return None
    off = profile.target_lufs - result.integrated_lufs
    over = result.true_peak_dbtp - profile.max_true_peak_dbtp
    if abs(off) <= TOLERANCE_LU and over <= 0:
        return None
    better = replace(treatment, gain_db=treatment.gain_db + off)
    if over > 0:
        highest = treatment.ceiling_dbtp
        highest = profile.max_true_peak_dbtp if highest is None else highest
        better = replace(better, ceiling_dbtp=highest - over - 0.2)
    return better


def voice_of(stream: Any, audio: AudioInfo) -> Any:
    """The sound track of a source (its whole input); a mono one comes from both loudspeakers at full level."""
    voice = stream[str(audio.index)]
    return voice.filter("pan", _PAN["left"]) if audio.channels == 1 else voice


def used_channels(stream: Any, channels: Channels) -> Any:
    """A stereo stream with its unused or turned channel put right."""
    if channels == "both":
        return stream
    return stream.filter("pan", _PAN[channels])


def with_channels(measured: Loudness, channels: Channels) -> Loudness:
    """What a meter would say after :func:`used_channels`: twice the same channel has twice the power (BS.1770)."""
    if channels in ("left", "right") and not measured.silent:
        return replace(measured, integrated_lufs=measured.integrated_lufs + 10 * math.log10(2))
    return measured


def channel_fixes(channels: Channels) -> tuple[Message, ...]:
    """What is told of :func:`used_channels`."""
    if channels == "both":
        return ()
    told = {
        "left": N_("sound on the left channel only, used for both"),
        "right": N_("sound on the right channel only, used for both"),
        "turned": N_("right channel was opposite in phase, turned back"),
    }
    return (Message(told[channels]),)


def house_sound(stream: Any) -> Any:
    """Any sound stream as stereo at 48 kHz, its gaps filled, starting at time 0."""
    stream = stream.filter("aresample", RATE, **{"async": 1, "first_pts": 0})
    return stream.filter("aformat", sample_fmts="fltp", sample_rates=RATE, channel_layouts="stereo")


def measure_outputs(stream: Any, to: str) -> list[Any]:
    """Outputs that make ffmpeg write the loudness of `stream` as text to `to`, and sum it up on standard error."""
    measured = house_sound(stream).filter("ebur128", peak="true", metadata=1)
    return [graph.output(measured.filter("ametadata", mode="print", file=to), "-", f="null")]


def measured_loudness(last: Callable[[str, float], float], stderr: str) -> Loudness:
    """Loudness from ebur128's last values by name, and its summary. Raises ToolFailed when it said nothing.

    The values have three decimals, but of the true peak as an amplitude: below -20 dBTP the summary is finer.
    """
    summary = re.findall(r"True peak:\s+Peak:\s+(\S+) dBFS", stderr)
    integrated = last("I", math.inf)
    if not summary or integrated == math.inf:
        raise ToolFailed(
            N_("ffmpeg did not say how loud the sound is."),
            do=N_("Check that the file plays, or name another ffmpeg in the settings."),
        )
    amplitude = last("true_peak", 0.0)
    peak = 20 * math.log10(amplitude) if amplitude > 0.1 else float(summary[-1])
    return Loudness(
        integrated_lufs=max(integrated, SILENT_LUFS),
        true_peak_dbtp=round(max(peak, SILENT_LUFS), 2),
        range_lu=last("LRA", 0.0),
    )


def sound_outputs(
    stream: Any,
    ticks: int,
    treatment: Treatment,
    files: Mapping[int, Path],
    *,
    profile: Profile,
) -> list[Any]:
    """Coded sound of exactly `ticks` after one priming frame, one output per bit rate (kbit/s) of `files`, from one
    decode."""
    codec = profile.codec
    samples = ticks * TICK_SAMPLES
    end_s = samples / RATE
    stream = _treated(house_sound(stream), treatment)
    stream = stream.filter("apad").filter("atrim", end_sample=samples)
    stream = stream.filter("afade", t="in", st=QUIET_S, d=FADE_S)
    stream = stream.filter("afade", t="out", st=f"{end_s - QUIET_S - FADE_S:.6f}", d=FADE_S)
    if codec != AAC:
        # With the encoder's own delay of 1,105 samples this makes one whole frame, which is left out later.
        stream = stream.filter("adelay", f"{MP3.samples - _LAME_DELAY}S", all=1)
    copies = [stream] if len(files) == 1 else _split(stream, "asplit", len(files))
    return [
        graph.output(copy, str(file), **_coder(profile.codec), **{"b:a": f"{kbps}k", "ar": RATE, "ac": 2})
        for copy, (kbps, file) in zip(copies, files.items(), strict=True)
    ]


def _treated(stream: Any, treatment: Treatment) -> Any:
    if treatment.dynamic:
        stream = stream.filter("loudnorm", I=-16, TP=-2, LRA=7).filter("aresample", RATE)
    if treatment.gain_db:
        stream = stream.filter("volume", f"{treatment.gain_db:.3f}dB", precision="float")
    if treatment.ceiling_dbtp is not None:
        # Limiting four times oversampled: true peaks lie between the samples.
        stream = stream.filter("aresample", 4 * RATE)
        stream = stream.filter("alimiter", limit=f"{10 ** (treatment.ceiling_dbtp / 20):.6f}", level=0)
        stream = stream.filter("aresample", RATE)
    return stream


def _coder(codec: SoundCodec) -> dict[str, Any]:
    if codec == AAC:
        return {"f": "adts", "c:a": "aac", "profile:a": "aac_low"}
    # Every frame for itself: no bits borrowed from the one before, no header frame, no tags, one bit rate.
    return {"f": "mp3", "c:a": "libmp3lame", "reservoir": 0, "write_xing": 0, "id3v2_version": 0}


def _split(stream: Any, name: str, count: int) -> list[Any]:
    node = stream.filter_multi_output(name, count)
    return [node[number] for number in range(count)]
