"""Turn one recording into the house format: a job that any worker process can carry out.

Everything happens inside one working folder; nothing is stored. The steps: measure and judge; encode sound, all rungs
of the picture and the stills in one decode; cut at the grid; read everything back. What is measured and encoded stays
in the folder with a mark, so that a job that was killed does not encode again.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from av.error import FFmpegError

from delivery.broadcast.media import picture, sound
from delivery.broadcast.media.cutting import CutRendition, CutTransmitter, cut_for_transmitter, cut_ladder
from delivery.broadcast.media.ffmpeg import Ffmpeg, Progress, Tap, arguments, require_filters, run
from delivery.broadcast.media.fixes import fixes_of
from delivery.broadcast.media.probe import Probe
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.segmenter import NotOnGrid
from delivery.broadcast.media.sound import Channels, Loudness, Treatment
from delivery.broadcast.media.sources import source_input
from delivery.broadcast.media.steps import Steps
from delivery.broadcast.media.thumbnails import lay_sheets
from delivery.broadcast.qc.analysis import analyse, as_measured
from delivery.broadcast.qc.meters import LoudnessMeter
from delivery.broadcast.qc.verdict import channels_for, judge, refuse
from delivery.errors import N_, Message
from delivery.executor import leave_with_parent
from delivery.units import TICK_MS, Ticks

PROGRESS_FILE: Final = "progress.json"
STOP_FILE: Final = "stop"
"""Made in the working folder by whoever wants the job to end early."""
POSTER_FILE: Final = "poster.jpg"
SHEETS: Final = "thumbnails-%03d.jpg"
_THUMBNAILS: Final = "thumbnails"
"""Folder of the small pictures before they are laid on sheets."""
TWIN: Final = "twin"
"""Folder of the radio version inside the working folder."""
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
    """Working folder of the asset: exists, and is the worker's alone. It may hold what a killed job left."""
    probe: Probe
    profile: Profile
    ffmpeg: Ffmpeg


@dataclass(frozen=True, slots=True)
class Conformed:
    """What a job produced."""

    ticks: Ticks
    loudness: Loudness
    fixes: tuple[Message, ...]
    renditions: tuple[CutRendition, ...]
    poster: bool
    transmitter: CutTransmitter | None = None
    sheets: int = 0
    """Sheets of thumbnails."""
    twin: Conformed | None = None
    """The radio version of a TV lesson, in the folder ``twin``."""


def ticks_for(duration_s: float, *, grain: int = 1) -> Ticks:
    """Whole ticks that hold `duration_s`, a multiple of `grain`; an error of a microsecond does not cost one."""
    ticks = max(1, math.ceil(round(duration_s * 1000 / TICK_MS, 5)))
    return Ticks(-(-ticks // grain) * grain)


def conform(job: ConformJob) -> Conformed:
    """Carry out a job. Raises BadInput, NotOnGrid, ToolFailed or Stopped; the folder is the caller's to remove."""
    leave_with_parent()
    steps = Steps(Path(job.folder), key=job.ffmpeg.path)
    try:
        return _conform(job, steps)
    except (FFmpegError, NotOnGrid) as error:
        if steps.reused:
            # What a killed job left may be less than its mark says, after a power cut: then from the beginning.
            steps.forget()
            return conform(job)
        if isinstance(error, NotOnGrid):
            raise
        raise NotOnGrid(N_("it cannot be read back ({reason})"), reason=str(error)) from error


def _conform(job: ConformJob, steps: Steps) -> Conformed:
    folder = Path(job.folder)
    report = _progress_writer(folder)
    seconds = job.probe.duration_s
    analysis = analyse(
        Path(job.source),
        job.probe,
        ffmpeg=job.ffmpeg,
        folder=folder,
        progress=lambda at: report(0.15 * at / seconds, _MEASURING),
        stop=(folder / STOP_FILE).exists,
    )
    refuse(judge(job.probe, analysis, profile=job.profile))
    channels = channels_for(analysis)
    desk = Desk(
        replace(job, probe=as_measured(job.probe, analysis)),
        steps,
        channels=channels,
        measured=sound.with_channels(analysis.loudness, channels),
        report=report,
    )
    done = desk.lesson()
    return replace(done, fixes=(*done.fixes, *sound.channel_fixes(channels)))


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
        meter = LoudnessMeter()
        with Tap(meter.feed) as tap:
            argv = arguments(sound.measure_outputs(stream, tap.url), self.ffmpeg, level="info")
            stderr = run(argv, progress=progress, stop=(self.folder / STOP_FILE).exists, taps=[tap])
        return sound.measured_loudness(meter.last, stderr)


class Desk:
    """Encodes, cuts and proves one measured recording."""

    def __init__(
        self, job: ConformJob, steps: Steps, *, channels: Channels, measured: Loudness, report: Report
    ) -> None:
        self._job = job
        self._folder = Path(job.folder)
        self._steps = steps
        self._measured = measured
        self._report = report
        self._runner = Runner(job.ffmpeg, self._folder)
        audio = job.probe.audio
        assert audio is not None
        self._source = source_input(Path(job.source))
        self._voice = sound.used_channels(sound.voice_of(self._source, audio), channels)

    def lesson(self) -> Conformed:
        """The recording in the job's profile, with its twin."""
        job, profile = self._job, self._job.profile
        ticks = ticks_for(job.probe.duration_s, grain=profile.codec.grain)
        pictures = {rung.name: self._folder / f"picture-{rung.name}.ts" for rung in profile.pictures}
        twin = profile.twin
        rates = set(profile.audio_rates)
        if twin and _same_sound(profile, twin):
            rates |= set(twin.audio_rates)
        sounds = self._sounds("sound", profile, sorted(rates, reverse=True))
        treatment, loudness = self._encode(ticks, sounds, pictures)
        self._report(0.9, _CUTTING)
        renditions = cut_ladder(self._folder, ticks, profile=profile, sounds=sounds, pictures=pictures)
        sent = cut_for_transmitter(
            self._folder, ticks, profile=profile, renditions=renditions, sounds=sounds, pictures=pictures
        )
        self._report(0.98, _CUTTING)
        done = Conformed(
            ticks,
            loudness,
            fixes_of(
                job.probe,
                profile,
                measured=self._measured,
                treatment=treatment,
                seconds=ticks * TICK_MS / 1000,
            ),
            renditions,
            poster=bool(pictures),
            transmitter=sent,
            sheets=len(list(self._folder.glob(SHEETS.replace("%03d", "*")))) if pictures else 0,
        )
        return replace(done, twin=self._twin(twin, done, sounds, treatment)) if twin else done

    def _encode(
        self, ticks: Ticks, sounds: Mapping[int, Path], pictures: Mapping[str, Path]
    ) -> tuple[Treatment, Loudness]:
        """Sound, pictures and stills in one decode, each at most once for the whole life of the folder."""
        beside: list[Any] = []
        stills = picture.Stills(self._folder / POSTER_FILE, self._folder / _THUMBNAILS / "%06d.jpg")
        video = self._job.probe.video
        if pictures and video and self._steps.told("pictures") is None:
            if video.transfer:
                require_filters(self._job.ffmpeg, "zscale", "tonemap")
            stills.thumbnails.parent.mkdir(exist_ok=True)
            beside = picture.ladder_outputs(
                self._source[str(video.index)],
                video,
                ticks=ticks,
                profile=self._job.profile,
                files=pictures,
                stills=stills,
            )
        return self._sound("sound", ticks, self._job.profile, sounds, beside=beside, made=pictures)

    def _sound(
        self,
        step: str,
        ticks: Ticks,
        profile: Profile,
        files: Mapping[int, Path],
        *,
        beside: list[Any],
        made: Mapping[str, Path],
    ) -> tuple[Treatment, Loudness]:
        told = None if beside else self._steps.told(step)
        if told is not None:
            return Treatment(**told["treatment"]), Loudness(**told["loudness"])

        def pictures_done() -> None:
            if beside:
                thumbnails = self._folder / _THUMBNAILS
                sheets = lay_sheets(sorted(thumbnails.iterdir()), self._folder / SHEETS)
                self._steps.finish(
                    "pictures", {}, files=[*made.values(), self._folder / POSTER_FILE, *sheets]
                )
                shutil.rmtree(thumbnails)

        length_s = ticks * TICK_MS / 1000
        treatment, loudness = encode_sound(
            self._runner,
            self._voice,
            ticks,
            measured=self._measured,
            profile=profile,
            files=files,
            beside=beside,
            progress=lambda at: self._report(0.15 + 0.75 * at / length_s, _ENCODING),
            after_first=pictures_done,
        )
        told = {"treatment": asdict(treatment), "loudness": asdict(loudness)}
        self._steps.finish(step, told, files=files.values())
        return treatment, loudness

    def _twin(
        self, profile: Profile, lesson: Conformed, sounds: Mapping[int, Path], treatment: Treatment
    ) -> Conformed:
        """The same sound as a radio lesson; encoded again only where the two profiles ask for different sound."""
        ticks, loudness = lesson.ticks, lesson.loudness
        if not _same_sound(self._job.profile, profile):
            ticks = ticks_for(self._job.probe.duration_s, grain=profile.codec.grain)
            sounds = self._sounds(f"sound-{TWIN}", profile, profile.audio_rates)
            treatment, loudness = self._sound(f"sound-{TWIN}", ticks, profile, sounds, beside=[], made={})
        renditions = cut_ladder(self._folder / TWIN, ticks, profile=profile, sounds=sounds, pictures={})
        seconds = ticks * TICK_MS / 1000
        fixes = fixes_of(
            replace(self._job.probe, video=None),
            profile,
            measured=self._measured,
            treatment=treatment,
            seconds=seconds,
        )
        return Conformed(ticks, loudness, fixes, renditions, poster=False)

    def _sounds(self, stem: str, profile: Profile, rates: Sequence[int]) -> dict[int, Path]:
        return {kbps: self._folder / f"{stem}-{kbps}.{profile.codec.suffix}" for kbps in rates}


def _same_sound(one: Profile, other: Profile) -> bool:
    """Whether lessons of both profiles are treated and coded alike, bit rates apart."""
    return (one.codec, one.target_lufs, one.max_true_peak_dbtp) == (
        other.codec,
        other.target_lufs,
        other.max_true_peak_dbtp,
    )


def encode_sound(
    runner: Runner,
    stream: Any,
    ticks: int,
    *,
    measured: Loudness,
    profile: Profile,
    files: Mapping[int, Path],
    beside: Sequence[Any] = (),
    progress: Progress | None = None,
    after_first: Callable[[], None] | None = None,
) -> tuple[Treatment, Loudness]:
    """Write `files` (by kbit/s); measure what came out, and do it again where limiting the peaks moved the loudness.

    One gain for the whole programme; a limiter where a peak forbids it; where that does not reach the target either,
    a gain that follows the programme. `beside` are outputs that the first pass writes as well, from the same decode.
    Raises NotOnGrid when the target cannot be met within R 128's wider tolerance.
    """
    treatment = sound.treatment_for(measured, profile)
    better: Treatment | None = treatment
    result = measured
    for attempt in range(2 * _PASSES):
        if better is None:
            break
        if attempt == _PASSES:
            better = sound.dynamic_treatment(profile)
        treatment = better
        outputs = sound.sound_outputs(stream, ticks, treatment, files, profile=profile)
        runner.run([*outputs, *(beside if attempt == 0 else ())], progress if attempt == 0 else None)
        if attempt == 0 and after_first:
            after_first()
        result = runner.measure(source_input(next(iter(files.values()))).audio)
        better = sound.corrected(treatment, result, profile)
        if attempt >= _PASSES - 1 and _acceptable(result, profile):
            break
    if not _acceptable(result, profile):
        raise NotOnGrid(
            N_("loudness {lufs} LUFS with peaks of {peak} dBTP"),
            lufs=f"{result.integrated_lufs:.1f}",
            peak=f"{result.true_peak_dbtp:.1f}",
        )
    return treatment, result


def _acceptable(result: Loudness, profile: Profile) -> bool:
    """Within R 128's tolerance where an exact value cannot be reached; silence has no loudness to reach."""
    off = result.integrated_lufs - profile.target_lufs
    peak = result.true_peak_dbtp - profile.max_true_peak_dbtp
    return abs(off) <= sound.REFUSED_LU and peak <= _PEAK_TOLERANCE_DB


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
