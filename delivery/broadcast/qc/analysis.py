"""One decode of a recording, from which everything is measured.

ffmpeg decodes both tracks once. The sound goes through ebur128, which prints loudness into one pipe, and on as samples
through another to our meter; of the pictures, five in a second come through a third, small and unsmoothed. No filter
but ebur128 looks at every sample, none at every point, and nothing is handed on twice, which would cost most of all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import ffmpeg as graph
import numpy as np
from numpy.typing import NDArray

from delivery.broadcast.media.ffmpeg import Ffmpeg, Tap, arguments, run
from delivery.broadcast.media.probe import AudioInfo, Probe
from delivery.broadcast.media.sound import RATE, house_sound, measured_loudness, voice_of
from delivery.broadcast.media.sources import source_input
from delivery.broadcast.qc import spans as kinds
from delivery.broadcast.qc.damage import DamageEar, all_damage
from delivery.broadcast.qc.limits import LIMITS, SPANS_KEPT, Limits
from delivery.broadcast.qc.locate import located
from delivery.broadcast.qc.measured import Analysis, Curves, PictureFigures, SoundFigures
from delivery.broadcast.qc.meters import (
    FULL_SCALE,
    PICTURE_SIZE,
    PICTURES_PER_SECOND,
    SILENT_DB,
    LoudnessMeter,
    PictureMeter,
    SoundMeter,
    decibels,
)
from delivery.broadcast.qc.scan import FieldMeter, as_scanned, may_be_fields, scan_outputs
from delivery.broadcast.qc.spans import Span, found, longest, total, without
from delivery.broadcast.qc.thumbnails import keep_every, strip

ANALYSIS_FILE: Final = "analysis.json"
_COLUMNS: Final = 1200
"""Points of a curve at most: more cannot be seen on a page."""
_NEAR_FULL_SCALE: Final = int(0.98 * FULL_SCALE)
Progress = Callable[[float], None]


def analyse(
    source: Path,
    probe: Probe,
    *,
    ffmpeg: Ffmpeg,
    folder: Path,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
    limits: Limits = LIMITS,
) -> Analysis:
    """Measure `source`, or read what was measured in `folder` before. The result stays there as a file.

    Raises ToolFailed when ffmpeg cannot decode at all, and Stopped.
    """
    kept = folder / ANALYSIS_FILE
    if (known := read_analysis(kept)) is not None:
        return known
    analysis = _decode(source, probe, ffmpeg, folder, progress, stop, limits)
    part = kept.with_suffix(".part")
    part.write_text(json.dumps(analysis.to_json()), encoding="utf-8")
    part.replace(kept)
    return analysis


def read_analysis(file: Path) -> Analysis | None:
    """What :func:`analyse` left in `file`; None when there is nothing that can be used."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        return Analysis.from_json(json.loads(file.read_text(encoding="utf-8")))
    return None


@dataclass(slots=True)
class _Meters:
    sound: SoundMeter
    loudness: LoudnessMeter
    pictures: PictureMeter | None
    channels: SoundMeter | None
    """Every channel of a source with more than two: mixed down, a clipped one could not be told from a loud one."""

    fields: FieldMeter | None
    """Only where the pictures may be interlaced."""

    @property
    def clipping(self) -> SoundMeter:
        return self.channels or self.sound


def _decode(
    source: Path,
    probe: Probe,
    ffmpeg: Ffmpeg,
    folder: Path,
    progress: Progress | None,
    stop: Callable[[], bool] | None,
    limits: Limits,
) -> Analysis:
    audio, video = probe.audio, probe.video
    assert audio is not None
    every = keep_every(probe.duration_s)
    # Resampling leaves ripples on what was clipped before it.
    sound = SoundMeter(RATE, 2, limits, full_scale=FULL_SCALE if audio.rate == RATE else _NEAR_FULL_SCALE)
    own = SoundMeter(audio.rate, audio.channels, limits) if audio.channels > 2 else None
    pictures = PictureMeter(every, limits) if video else None
    fields = FieldMeter(video) if video and may_be_fields(video) else None
    meters = _Meters(sound, LoudnessMeter(), pictures, own, fields)
    with ExitStack() as open_taps:
        taps = {name: open_taps.enter_context(Tap(feed)) for name, feed in _feeds(meters).items()}
        outputs = _outputs(source_input(source), probe, {name: tap.url for name, tap in taps.items()})
        ear = DamageEar(
            picture_codec=video.codec if video else "",
            sound_codec=audio.codec,
            picture_at=lambda: meters.pictures.length_s if meters.pictures else 0.0,
            sound_at=lambda: meters.sound.length_s,
        )
        argv = arguments(outputs, ffmpeg, level="repeat+level+info")
        stderr = run(argv, progress=progress, stop=stop, taps=list(taps.values()), on_line=ear.hear)
    meters.sound.finish()
    if own:
        own.finish()
    damage = all_damage(located(source, probe, ear.heard), probe.gaps)
    found_in = _summed(meters, audio, stderr, damage, limits)
    if video is None or meters.pictures is None or found_in.picture is None:
        return found_in
    return replace(
        found_in,
        picture=replace(found_in.picture, scan=fields.scan if fields else None),
        thumbnails=strip(meters.pictures.kept, every, video),
    )


def _feeds(meters: _Meters) -> dict[str, Callable[[bytes], None]]:
    """Each meter's intake, by the name of the pipe that fills it."""
    feeds: dict[str, Callable[[bytes], None]] = {
        "loudness": meters.loudness.feed,
        "samples": meters.sound.feed,
    }
    beside = {"pictures": meters.pictures, "channels": meters.channels, "fields": meters.fields}
    return feeds | {name: meter.feed for name, meter in beside.items() if meter}


def _outputs(stream: Any, probe: Probe, urls: Mapping[str, str]) -> list[Any]:
    """What ffmpeg has to write into the pipes, all of it from one decode."""
    assert probe.audio is not None
    voice, outputs = voice_of(stream, probe.audio), []
    if "channels" in urls:
        copies = voice.filter_multi_output("asplit", 2)
        voice = copies[0]
        outputs += channel_outputs(copies[1], urls["channels"])
    outputs += sound_outputs(voice, urls["loudness"], urls["samples"])
    video = probe.video
    if video is None:
        return outputs
    pictures = stream[str(video.index)]
    if "fields" in urls:
        copies = pictures.filter_multi_output("split", 2)
        pictures = copies[0]
        outputs += scan_outputs(copies[1], video, probe.duration_s, urls["fields"])
    return [*outputs, *picture_outputs(pictures, urls["pictures"])]


def sound_outputs(voice: Any, loudness: str, samples: str) -> list[Any]:
    """House sound through ebur128: loudness as text to one pipe, the samples to another.

    One chain, because handing every sample on twice would cost a fifth of decoding a sound file.
    """
    heard = house_sound(voice).filter("ebur128", peak="true", metadata=1)
    heard = heard.filter("ametadata", mode="print", file=loudness)
    return [graph.output(heard, samples, f="s16le", **{"c:a": "pcm_s16le"})]


def channel_outputs(voice: Any, samples: str) -> list[Any]:
    """Every channel of the source as it is, its times even from 0."""
    heard = voice.filter("aresample", **{"async": 1, "first_pts": 0})
    return [graph.output(heard, samples, f="s16le", **{"c:a": "pcm_s16le"})]


def picture_outputs(stream: Any, pictures: str) -> list[Any]:
    """Small pictures to a pipe, their times even from 0; where the source has none, the last one again."""
    shown = stream.filter("fps", PICTURES_PER_SECOND, start_time=0)
    shown = shown.filter("scale", *PICTURE_SIZE, flags="neighbor", out_range="pc").filter("format", "yuv420p")
    return [graph.output(shown, pictures, f="rawvideo", **{"c:v": "rawvideo"})]


def _summed(
    meters: _Meters,
    audio: AudioInfo,
    stderr: str,
    damage: list[Span],
    limits: Limits,
) -> Analysis:
    sound, pictures = meters.sound, meters.pictures
    peaks, powers = sound.peaks_dbfs, sound.powers
    levels = decibels(np.sqrt(powers[:, :2].max(axis=1))) if len(powers) else np.zeros(0)
    silence = found(peaks <= limits.silence_dbfs, sound.step_s, kinds.SILENCE, least_s=limits.silence_noted_s)
    clipped = np.zeros(len(meters.clipping.peaks_dbfs), np.bool_)
    clipped[list(meters.clipping.clipped_at)] = True
    clipping = found(clipped, meters.clipping.step_s, kinds.CLIPPING, join_s=1.0)
    phase = _phase(powers, levels, sound.step_s, limits) if audio.channels > 1 else []
    black, still, picture = _picture(pictures, limits) if pictures else ([], [], None)
    every = [black, still, silence, clipping, phase, damage]
    return Analysis(
        loudness=measured_loudness(meters.loudness.last, stderr),
        sound=_sound(meters, audio, powers, levels, silence, limits),
        picture=picture,
        spans=tuple(span for group in every for span in longest(group, SPANS_KEPT)),
        damaged_s=total(damage),
        curves=_curves(sound.step_s, peaks, levels, np.asarray(meters.loudness.short_term)),
    )


def _sound(
    meters: _Meters,
    audio: AudioInfo,
    powers: NDArray[np.float64],
    levels: NDArray[np.float64],
    silence: list[Span],
    limits: Limits,
) -> SoundFigures:
    sound = meters.sound
    heard = powers[levels > limits.heard_dbfs]
    left, right, both = heard.mean(axis=0) if len(heard) else (0.0, 0.0, 0.0)
    sides = decibels(np.sqrt(np.array([left, right])))
    strength = math.sqrt(left * right)
    short_term = meters.loudness.short_term
    clipping = meters.clipping
    # Of more than two channels, what any one clips is heard from both loudspeakers.
    samples = max(1, round(clipping.length_s * clipping.rate) * min(2, clipping.channels))
    return SoundFigures(
        channels=audio.channels,
        length_s=round(sound.length_s, 3),
        max_short_term_lufs=round(max(short_term, default=SILENT_DB), 2),
        silent_s=total(silence),
        clipped_samples=clipping.clipped,
        clipped_share=round(min(1.0, clipping.clipped / samples), 7),
        left_dbfs=round(float(sides[0]), 2),
        right_dbfs=round(float(sides[1]), 2),
        correlation=round(float(both) / strength, 3) if audio.channels > 1 and strength > 0 else None,
    )


def _phase(
    powers: NDArray[np.float64], levels: NDArray[np.float64], step_s: float, limits: Limits
) -> list[Span]:
    """Where left and right work against each other, second by second."""
    if not len(powers):
        return []
    steps = max(1, round(1 / step_s))
    seconds = -(-len(powers) // steps)
    padded = np.zeros((seconds * steps, 3))
    padded[: len(powers)] = powers
    left, right, both = padded.reshape(seconds, steps, 3).sum(axis=1).T
    strength = np.sqrt(left * right)
    correlation = np.divide(both, strength, out=np.zeros(seconds), where=strength > 0)
    loud = np.zeros(seconds * steps, np.bool_)
    loud[: len(levels)] = levels > limits.heard_dbfs
    against = (correlation <= limits.phase_correlation) & loud.reshape(seconds, steps).any(axis=1)
    return found(against, steps * step_s, kinds.PHASE, least_s=limits.phase_noted_s)


def _picture(meter: PictureMeter, limits: Limits) -> tuple[list[Span], list[Span], PictureFigures]:
    step_s = 1 / PICTURES_PER_SECOND
    black = found(meter.black, step_s, kinds.BLACK, least_s=limits.black_noted_s)
    still = found(meter.still, step_s, kinds.FREEZE, least_s=limits.freeze_noted_s)
    figures = PictureFigures(
        length_s=round(meter.length_s, 3),
        black_s=total(black),
        still_s=total(still),
    )
    return black, without(still, black), figures


def _curves(
    step_s: float,
    peaks: NDArray[np.float64],
    levels: NDArray[np.float64],
    short_term: NDArray[np.float64],
) -> Curves:
    """The curves, made shorter where a page could not show them."""
    each = max(1, -(-len(peaks) // _COLUMNS))

    def thinned(values: NDArray[np.float64]) -> tuple[float, ...]:
        padded = np.full(-(-len(values) // each) * each, SILENT_DB)
        padded[: len(values)] = np.maximum(values, SILENT_DB)
        return tuple(np.round(padded.reshape(-1, each).max(axis=1), 1).tolist())

    return Curves(round(step_s * each, 6), thinned(peaks), thinned(levels), thinned(short_term))


def as_measured(probe: Probe, analysis: Analysis) -> Probe:
    """`probe`, put right where measuring proved its headers wrong."""
    return as_scanned(probe, analysis.picture.scan if analysis.picture else None)
