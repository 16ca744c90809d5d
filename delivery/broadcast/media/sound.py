"""Loudness: measure a source, decide what to do with it, and write that as an ffmpeg graph (EBU R 128)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph

from delivery.broadcast.media.profiles import Profile
from delivery.errors import N_, ToolFailed
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


SILENCE: Final = Loudness(SILENT_LUFS, SILENT_LUFS, 0.0)


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the sound: one gain over the whole programme, and a limiter only where a peak forbids it."""

    gain_db: float = 0.0
    ceiling_dbtp: float | None = None


def treatment_for(measured: Loudness, profile: Profile) -> Treatment:
    """The gain that brings `measured` to the target; a limiter when that gain would lift a peak over the ceiling."""
    if measured.silent:
        return Treatment()
    gain = profile.target_lufs - measured.integrated_lufs
    ceiling = profile.max_true_peak_dbtp - _CODEC_ROOM_DB
    return Treatment(gain, ceiling if measured.true_peak_dbtp + gain > ceiling else None)


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


def source_input(path: Path) -> Any:
    """An ordinary file as ffmpeg's input: never taken for an option, a device or an address."""
    return graph.input(f"file:{path}", protocol_whitelist="file,crypto,data")


def house_sound(stream: Any) -> Any:
    """Any sound stream as stereo at 48 kHz, its gaps filled, starting at time 0."""
    stream = stream.filter("aresample", RATE, **{"async": 1, "first_pts": 0})
    return stream.filter("aformat", sample_fmts="fltp", sample_rates=RATE, channel_layouts="stereo")


def measure_outputs(stream: Any) -> list[Any]:
    """Outputs that make ffmpeg print the loudness of `stream` to standard error (log level ``info``)."""
    measured = house_sound(stream).filter("loudnorm", print_format="json")
    return [graph.output(measured, "-", f="null")]


def read_loudness(stderr: str) -> Loudness:
    """The measures that loudnorm printed. Raises ToolFailed when there are none."""
    found = re.findall(r"\{[^{}]*\"input_i\"[^{}]*\}", stderr)
    if not found:
        raise ToolFailed(
            N_("ffmpeg did not say how loud the sound is."),
            do=N_("Check that the file plays, or name another ffmpeg in the settings."),
        )
    values = json.loads(found[-1])
    return Loudness(
        integrated_lufs=_decibels(values["input_i"]),
        true_peak_dbtp=_decibels(values["input_tp"]),
        range_lu=float(values["input_lra"]),
    )


def _decibels(text: str) -> float:
    """Decibels as loudnorm prints them; ``-inf`` becomes the gate's floor, so that JSON can carry it."""
    return max(float(text), SILENT_LUFS)


def sound_outputs(stream: Any, ticks: int, treatment: Treatment, files: Mapping[int, Path]) -> list[Any]:
    """AAC outputs of exactly `ticks`, one per bit rate (kbit/s) of `files`, from one decode."""
    samples = ticks * TICK_SAMPLES
    end_s = samples / RATE
    stream = house_sound(stream)
    if treatment.gain_db:
        stream = stream.filter("volume", f"{treatment.gain_db:.3f}dB", precision="float")
    if treatment.ceiling_dbtp is not None:
        # Limiting four times oversampled: true peaks lie between the samples.
        stream = stream.filter("aresample", 4 * RATE)
        stream = stream.filter("alimiter", limit=f"{10 ** (treatment.ceiling_dbtp / 20):.6f}", level=0)
        stream = stream.filter("aresample", RATE)
    stream = stream.filter("apad").filter("atrim", end_sample=samples)
    stream = stream.filter("afade", t="in", st=QUIET_S, d=FADE_S)
    stream = stream.filter("afade", t="out", st=f"{end_s - QUIET_S - FADE_S:.6f}", d=FADE_S)
    copies = [stream] if len(files) == 1 else _split(stream, "asplit", len(files))
    return [
        graph.output(
            copy,
            str(file),
            f="adts",
            **{"c:a": "aac", "profile:a": "aac_low", "b:a": f"{kbps}k", "ar": RATE, "ac": 2},
        )
        for copy, (kbps, file) in zip(copies, files.items(), strict=True)
    ]


def _split(stream: Any, name: str, count: int) -> list[Any]:
    node = stream.filter_multi_output(name, count)
    return [node[number] for number in range(count)]
