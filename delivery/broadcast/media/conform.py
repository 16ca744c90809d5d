"""Turn one recording into the house format: a job that any worker process can carry out.

Everything happens inside one working folder; nothing is stored. The steps: measure the sound, treat and encode it,
encode all rungs of the picture in one decode, cut at the grid, read everything back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from av.error import FFmpegError

from delivery.broadcast.media import picture, sound
from delivery.broadcast.media.ffmpeg import Ffmpeg, Progress, arguments, run
from delivery.broadcast.media.probe import AudioInfo, Probe, VideoInfo
from delivery.broadcast.media.profiles import Profile, Rung
from delivery.broadcast.media.prove import prove
from delivery.broadcast.media.segmenter import CutSegment, NotOnGrid, cut
from delivery.broadcast.media.sound import Loudness, Treatment
from delivery.errors import N_, BadInput, Message
from delivery.executor import leave_with_parent
from delivery.units import TICK_MS, Ticks

PROGRESS_FILE: Final = "progress.json"
STOP_FILE: Final = "stop"
"""Made in the working folder by whoever wants the job to end early."""
POSTER_FILE: Final = "poster.jpg"
_PEAK_TOLERANCE_DB: Final = 0.1
_PASSES: Final = 5
"""Passes over the sound: the first is right for nearly everything, limited peaks may need another."""

Report = Callable[[float, str], None]
"""Called with the fraction done and a message id."""


@dataclass(frozen=True, slots=True)
class ConformJob:
    """One recording to convert. Picklable; paths are text, so that a worker elsewhere reads them as its own."""

    source: str
    folder: str
    """Working folder: exists, empty, and the worker's alone."""
    probe: Probe
    profile: Profile
    ffmpeg: Ffmpeg


@dataclass(frozen=True, slots=True)
class CutRendition:
    """One rung, cut and proved, in the folder ``<working folder>/<name>``."""

    name: str
    kind: str
    codecs: str
    width: int
    height: int
    parameter_sets: str
    segments: tuple[CutSegment, ...]


@dataclass(frozen=True, slots=True)
class Conformed:
    """What a job produced."""

    ticks: Ticks
    loudness: Loudness
    fixes: tuple[Message, ...]
    renditions: tuple[CutRendition, ...]
    poster: bool


def ticks_for(duration_s: float) -> Ticks:
    """Whole ticks that hold `duration_s`; a rounding error of a microsecond does not cost a tick."""
    return Ticks(max(1, math.ceil(round(duration_s * 1000 / TICK_MS, 5))))


def conform(job: ConformJob) -> Conformed:
    """Carry out a job. Raises BadInput, NotOnGrid, ToolFailed or Stopped; the folder is the caller's to remove."""
    leave_with_parent()
    try:
        return _conform(job)
    except FFmpegError as error:
        raise NotOnGrid(N_("it cannot be read back ({reason})"), reason=str(error)) from error


def _conform(job: ConformJob) -> Conformed:
    folder = Path(job.folder)
    report = _progress_writer(folder)
    ticks = ticks_for(job.probe.duration_s)
    seconds = ticks * TICK_MS / 1000
    audio = job.probe.audio
    assert audio is not None
    stream = sound.source_input(Path(job.source))
    voice = stream[str(audio.index)]
    runner = Runner(job.ffmpeg, folder)
    measured = runner.measure(voice, lambda at: report(0.08 * at / seconds, _MEASURING))
    if measured.silent:
        raise BadInput(
            N_("The sound of this recording is silent from beginning to end."),
            do=N_("Check the microphone or the export, and add the new file."),
        )
    files = {kbps: folder / f"sound-{kbps}.aac" for kbps in job.profile.audio_rates}
    treatment, result = encode_sound(
        runner, voice, ticks, measured=measured, profile=job.profile, files=files
    )
    report(0.2, _ENCODING)
    pictures: dict[str, Path] = {}
    video = job.probe.video
    if job.profile.kind == "tv" and video is not None:
        pictures = {rung.name: folder / f"picture-{rung.name}.ts" for rung in job.profile.pictures}
        outputs = picture.ladder_outputs(
            stream[str(video.index)], video, ticks=ticks, profile=job.profile, files=pictures
        )
        runner.run(outputs, progress=lambda at: report(0.2 + 0.7 * at / seconds, _ENCODING))
    report(0.9, _CUTTING)
    renditions = cut_ladder(folder, ticks, profile=job.profile, sounds=files, pictures=pictures)
    poster = make_poster(runner, pictures, seconds * 0.1)
    report(1.0, _CUTTING)
    fixes = _fixes(job.probe, job.profile, measured, treatment, seconds)
    return Conformed(ticks, result, fixes, renditions, poster)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs ffmpeg for one working folder; a stop file there ends it."""

    ffmpeg: Ffmpeg
    folder: Path

    def run(self, outputs: list[Any], progress: Progress | None = None, *, level: str = "warning") -> str:
        """Run these outputs to their end; what ffmpeg wrote to standard error."""
        argv = arguments(outputs, self.ffmpeg, level=level)
        return run(argv, progress=progress, stop=(self.folder / STOP_FILE).exists)

    def measure(self, stream: Any, progress: Progress | None = None) -> Loudness:
        """Loudness of a sound stream, brought to stereo at 48 kHz."""
        return sound.read_loudness(self.run(sound.measure_outputs(stream), progress, level="info"))


def encode_sound(
    runner: Runner,
    stream: Any,
    ticks: int,
    *,
    measured: Loudness,
    profile: Profile,
    files: Mapping[int, Path],
) -> tuple[Treatment, Loudness]:
    """Write `files`; measure what came out, and do it again where limiting the peaks moved the loudness.

    Raises NotOnGrid when the target cannot be met within R 128's wider tolerance.
    """
    treatment = sound.treatment_for(measured, profile)
    better: Treatment | None = treatment
    result = measured
    for _ in range(_PASSES):
        if better is None:
            break
        treatment = better
        runner.run(sound.sound_outputs(stream, ticks, treatment, files))
        result = runner.measure(sound.source_input(files[profile.audio_rates[0]]).audio)
        better = sound.corrected(treatment, result, profile)
    off = result.integrated_lufs - profile.target_lufs
    if abs(off) > sound.REFUSED_LU or result.true_peak_dbtp > profile.max_true_peak_dbtp + _PEAK_TOLERANCE_DB:
        raise NotOnGrid(
            N_("loudness {lufs} LUFS with peaks of {peak} dBTP"),
            lufs=f"{result.integrated_lufs:.1f}",
            peak=f"{result.true_peak_dbtp:.1f}",
        )
    return treatment, result


def cut_ladder(
    folder: Path,
    ticks: Ticks,
    *,
    profile: Profile,
    sounds: Mapping[int, Path],
    pictures: Mapping[str, Path],
) -> tuple[CutRendition, ...]:
    """Cut every rung of `profile` and prove it."""
    return tuple(
        _cut_rung(folder, ticks, rung, profile, sounds[rung.audio_kbps], pictures.get(rung.name))
        for rung in profile.rungs
    )


def _cut_rung(
    folder: Path, ticks: Ticks, rung: Rung, profile: Profile, voice: Path, video: Path | None
) -> CutRendition:
    segments = cut(folder / rung.name, ticks, sound=voice, pictures=video)
    return proved(folder, rung, segments, profile)


def proved(folder: Path, rung: Rung, segments: Sequence[CutSegment], profile: Profile) -> CutRendition:
    """The rung whose `segments` lie in ``<folder>/<name>``, read back. Raises NotOnGrid."""
    proof = prove(folder / rung.name, segments, video=rung.picture is not None, encoder=profile.encoder)
    return CutRendition(
        name=rung.name,
        kind="video" if rung.picture else "audio",
        codecs=proof.codecs,
        width=rung.picture.width if rung.picture else 0,
        height=rung.picture.height if rung.picture else 0,
        parameter_sets=proof.parameter_sets,
        segments=tuple(segments),
    )


def make_poster(runner: Runner, pictures: Mapping[str, Path], at_s: float) -> bool:
    """A still from the best rung; False when there is no picture."""
    if not pictures:
        return False
    file = runner.folder / POSTER_FILE
    runner.run(picture.poster_outputs(next(iter(pictures.values())), at_s, file), level="error")
    return file.exists()


_MEASURING: Final = N_("measuring")
_ENCODING: Final = N_("converting")
_CUTTING: Final = N_("cutting and checking")


def _progress_writer(folder: Path) -> Report:
    """Progress as a small file: it reaches the parent from any worker that shares the folder."""
    file = folder / PROGRESS_FILE

    def report(fraction: float, message: str) -> None:
        temporary = file.with_suffix(".part")
        temporary.write_text(json.dumps([round(min(fraction, 1.0), 4), message]), encoding="utf-8")
        temporary.replace(file)

    return report


def read_progress(folder: Path) -> tuple[float, str]:
    """What the job in `folder` last said."""
    with suppress(OSError, ValueError):
        fraction, message = json.loads((folder / PROGRESS_FILE).read_text(encoding="utf-8"))
        return float(fraction), str(message)
    return 0.0, N_("waiting")


def _fixes(
    probe: Probe, profile: Profile, measured: Loudness, treatment: Treatment, seconds: float
) -> tuple[Message, ...]:
    """Everything that was changed on the way, for the technician."""
    fixes: list[Message] = []
    if profile.kind == "tv" and probe.video:
        fixes += _picture_fixes(probe.video, profile)
    if probe.audio:
        fixes += _sound_fixes(probe.audio, probe.audio_tracks)
    if abs(treatment.gain_db) >= 0.05:
        fixes.append(
            Message(
                N_("loudness {before} LUFS brought to {after} LUFS"),
                {"before": f"{measured.integrated_lufs:.1f}", "after": f"{profile.target_lufs:.1f}"},
            )
        )
    if treatment.ceiling_dbtp is not None:
        fixes.append(Message(N_("peaks limited, because the gain alone would have clipped them")))
    if (padding := round((seconds - probe.duration_s) * 1000)) > 0:
        fixes.append(Message(N_("{ms} ms added at the end, to fill the grid"), {"ms": padding}))
    return tuple(fixes)


def _picture_fixes(video: VideoInfo, profile: Profile) -> list[Message]:
    fixes: list[Message] = []
    top = profile.pictures[0].picture
    if video.interlaced:
        fixes.append(Message(N_("deinterlaced")))
    if video.rate != picture.RATE:
        fixes.append(
            Message(
                N_("{rate} pictures per second made {house}"),
                {"rate": f"{float(video.rate):g}", "house": picture.RATE},
            )
        )
    if top and (video.width, video.height) != (top.width, top.height):
        fixes.append(
            Message(
                N_("size {before} fitted into {after}"),
                {"before": f"{video.width}x{video.height}", "after": f"{top.width}x{top.height}"},
            )
        )
    return fixes


def _sound_fixes(audio: AudioInfo, tracks: int) -> list[Message]:
    fixes: list[Message] = []
    if audio.rate != sound.RATE:
        fixes.append(
            Message(N_("sound of {rate} Hz made {house} Hz"), {"rate": audio.rate, "house": sound.RATE})
        )
    if audio.channels == 1:
        fixes.append(Message(N_("mono sound made stereo")))
    elif audio.channels > 2:
        fixes.append(
            Message(N_("{channels} sound channels mixed down to stereo"), {"channels": audio.channels})
        )
    if tracks > 1:
        fixes.append(Message(N_("the first of {tracks} sound tracks used"), {"tracks": tracks}))
    return fixes
