"""What is wrong with a recording is found, in its place; other meters agree with the figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import resample_poly

from delivery.broadcast.media.ffmpeg import Ffmpeg
from delivery.broadcast.media.probe import look
from delivery.broadcast.qc.analysis import analyse, as_measured, read_analysis
from delivery.broadcast.qc.limits import LIMITS, Limits
from delivery.broadcast.qc.measured import Analysis
from delivery.broadcast.qc.verdict import channels_for
from tests.broadcast.media.media_samples import SPEECHLIKE, any_ffmpeg, embedded, record

__all__ = ["any_ffmpeg"]

RATE = 48_000
QUICK = replace(LIMITS, freeze_noted_s=3.0)
PICTURE = (
    "testsrc2=s=160x90:r=25,drawbox=c=black:t=fill:enable='between(t,2,4.99)',"
    "loop=100:1:150"  # picture 150, at 6 s, stands for 4 s
)


def measure(
    file: Path, folder: Path, *, ffmpeg: Ffmpeg | None = None, limits: Limits = LIMITS, video: bool = True
) -> Analysis:
    folder.mkdir(exist_ok=True)
    probe = look(file, want_video=video)
    return analyse(file, probe, ffmpeg=ffmpeg or embedded(), folder=folder, limits=limits)


def noise(seconds: float, *, seed: int = 1, level: float = 0.05) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).clip(-0.5, 0.5)


def write(file: Path, *channels: NDArray[np.float64]) -> Path:
    samples = np.stack(channels, axis=1).clip(-1, 1)
    wavfile.write(file, RATE, (samples * 32767).astype(np.int16))
    return file


def troubled_sound() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """16 s of stereo: silent from 3 to 6, clipped from 8 to 8.3, opposite in phase from 11 to 15."""
    left = noise(16)
    at = np.arange(len(left)) / RATE
    left[(at >= 3) & (at < 6)] = 0
    loud = (at >= 8) & (at < 8.3)
    left[loud] = (3 * np.sin(2 * np.pi * 200 * at[loud])).clip(-1, 1)
    right = left * np.where((at >= 11) & (at < 15), -1, 1)
    return left, right


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("troubled")
    sound = write(folder / "a.wav", *troubled_sound())
    return record(
        folder / "bài hỏng.mkv", video=PICTURE, audio=f"amovie={sound}", seconds=16, c_v="mpeg4", q_v="2"
    )


def test_every_kind_of_trouble_is_found_in_its_place(
    troubled: Path, any_ffmpeg: Ffmpeg, tmp_path: Path
) -> None:
    found = measure(troubled, tmp_path, ffmpeg=any_ffmpeg, limits=QUICK)
    places = {span.kind: (span.from_s, span.to_s) for span in found.spans}
    assert places == {
        "black": pytest.approx((2, 5), abs=0.25),
        "freeze": pytest.approx((6, 10), abs=0.25),
        "silence": pytest.approx((3, 6), abs=0.15),
        "clipping": pytest.approx((8, 8.3), abs=0.15),
        "phase": pytest.approx((11, 15), abs=1.01),
    }
    assert found.picture is not None
    assert found.picture.length_s == pytest.approx(16, abs=0.2)
    assert found.sound.length_s == pytest.approx(16, abs=0.02)
    assert found.thumbnails is not None
    assert found.thumbnails.count == 16


def test_a_second_look_reads_what_the_first_one_left(troubled: Path, tmp_path: Path) -> None:
    first = measure(troubled, tmp_path)
    assert read_analysis(tmp_path / "analysis.json") == first
    nowhere = Ffmpeg("/nowhere/ffmpeg")
    assert measure(troubled, tmp_path, ffmpeg=nowhere) == first


def true_peak(samples: NDArray[np.float64]) -> float:
    """dBTP by sixteen-fold oversampling: an independent estimate, finer than BS.1770's own four-fold."""
    return float(20 * np.log10(np.abs(resample_poly(samples, 16, 1, axis=0)).max()))


@pytest.mark.parametrize("what", ["speech-like", "tone between the samples", "uneven channels"])
def test_loudness_and_true_peak_agree_with_other_meters(what: str, tmp_path: Path) -> None:
    at = np.arange(4 * RATE) / RATE
    left = {
        "speech-like": noise(4) * (0.55 + 0.45 * np.sin(2 * np.pi * 4 * at)),
        "tone between the samples": 0.7 * np.sin(2 * np.pi * RATE / 4 * at + np.pi / 4),
        "uneven channels": noise(4, level=0.1),
    }[what]
    right = 0.3 * noise(4, seed=2) if what == "uneven channels" else left
    file = write(tmp_path / "a.wav", left, right)
    found = measure(file, tmp_path / "qc", video=False).loudness
    samples = np.stack((left, right), axis=1)
    meter = pyloudnorm.Meter(RATE)
    assert found.integrated_lufs == pytest.approx(meter.integrated_loudness(samples), abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(true_peak(samples), abs=0.5)


def test_a_healthy_lecture_raises_nothing(tmp_path: Path) -> None:
    """A slide that stands, a title in white on black, a speaker who pauses for a second."""
    slide = "color=c=0x101010:s=320x180:r=25,drawbox=x=40:y=70:w=90:h=20:c=white:t=fill"
    pauses = f"{SPEECHLIKE},volume=0:enable='between(mod(t,4),3,4)',aformat=channel_layouts=stereo"
    file = record(tmp_path / "a.mkv", video=slide, audio=pauses, seconds=8)
    found = measure(file, tmp_path / "qc")
    assert found.spans == ()
    assert channels_for(found) == "both"


@pytest.mark.parametrize(
    ("marked", "fields", "expected"),
    [("-", True, True), ("+ilme+ildct", False, False), ("-", False, False)],
    ids=["fields that are not marked", "whole pictures that are marked as fields", "whole pictures"],
)
def test_interlacing_is_measured_where_the_header_may_lie(
    marked: str, fields: bool, expected: bool, tmp_path: Path
) -> None:
    moving = "smptebars=s=360x576:r=50,scroll=h=0.013"
    video = f"{moving},tinterlace=4" if fields else f"{moving},framestep=2"
    flags = {"flags_v": marked} if marked != "-" else {}
    file = record(tmp_path / "a.mkv", video=video, audio=SPEECHLIKE, seconds=2.4, c_v="mpeg2video", **flags)
    probe = look(file, want_video=True)
    assert probe.video is not None
    measured = as_measured(probe, measure(file, tmp_path / "qc")).video
    assert measured is not None
    assert measured.interlaced is expected


@pytest.mark.parametrize(
    ("left", "right", "used"), [(1, 0, "left"), (0, 1, "right"), (1, -1, "turned"), (1, 0.5, "both")]
)
def test_channels_that_would_be_lost_are_put_right(
    left: float, right: float, used: str, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.wav", left * noise(3), right * noise(3))
    assert channels_for(measure(file, tmp_path / "qc", video=False)) == used


def test_mono_is_no_matter_of_phase(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", RATE, (noise(3) * 32767).astype(np.int16))
    found = measure(tmp_path / "a.wav", tmp_path / "qc", video=False)
    assert found.sound.correlation is None
    assert channels_for(found) == "both"


def test_clipping_is_found_at_every_sample_rate(tmp_path: Path) -> None:
    at = np.arange(4 * 44_100) / 44_100
    tone = np.where((at > 2) & (at < 2.5), 4.0, 0.2) * np.sin(2 * np.pi * 220 * at)
    wavfile.write(tmp_path / "a.wav", 44_100, (tone.clip(-1, 1) * 32767).astype(np.int16))
    found = measure(tmp_path / "a.wav", tmp_path / "qc", video=False)
    (span,) = found.of("clipping")
    assert (span.from_s, span.to_s) == pytest.approx((2.0, 2.5), abs=0.15)


def test_clipping_of_the_centre_alone_is_found_in_surround_sound(tmp_path: Path) -> None:
    """Mixed down to stereo it is only loud: it must be looked for where it was clipped."""
    at = np.arange(4 * RATE) / RATE
    centre = (np.where((at > 2) & (at < 2.5), 4.0, 0.2) * np.sin(2 * np.pi * 220 * at)).clip(-1, 1)
    quiet = noise(4, level=0.01)
    write(tmp_path / "a.wav", quiet, quiet, centre, quiet, quiet, quiet)
    found = measure(tmp_path / "a.wav", tmp_path / "qc", video=False)
    (span,) = found.of("clipping")
    assert (span.from_s, span.to_s) == pytest.approx((2.0, 2.5), abs=0.15)
    assert found.sound.channels == 6
    assert found.sound.clipped_share > 0.01
