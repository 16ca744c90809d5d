"""Recordings made on the spot with ffmpeg's own sources, and a small house format that is quick to encode."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from delivery.broadcast.media.ffmpeg import Ffmpeg, find_ffmpeg
from delivery.broadcast.media.profiles import Profile, parse_profile
from tests.support.tools import tool

SMALL_TV = """
name = "small"
version = 1
kind = "tv"
loudness = { target_lufs = -23.0, max_true_peak_dbtp = -1.0 }
video = { preset = "ultrafast", bframes = 2, references = 2 }
transmitter = { rung = "top", audio_kbps = 64, packets_per_tick = 240 }

[[rung]]
name = "top"
audio_kbps = 128
width = 256
height = 144
level = "2.1"
crf = 26
max_kbps = 400
buffer_kbit = 130

[[rung]]
name = "low"
audio_kbps = 64
width = 128
height = 72
level = "1.1"
crf = 28
max_kbps = 120
buffer_kbit = 120

[[rung]]
name = "audio"
audio_kbps = 64
"""

BARS = "testsrc2=s=320x180:r=25"
SPEECHLIKE = "anoisesrc=r=48000:a=0.1:c=pink:seed=7,tremolo=f=4:d=0.7"


def small_tv() -> Profile:
    """Two small pictures and sound alone."""
    return parse_profile(SMALL_TV, source="small.toml")


def embedded() -> Ffmpeg:
    return find_ffmpeg()


@pytest.fixture(params=["embedded", "debian"])
def any_ffmpeg(request: pytest.FixtureRequest) -> Ffmpeg:
    """The embedded ffmpeg, then the system's."""
    return embedded() if request.param == "embedded" else Ffmpeg(str(tool("ffmpeg")))


def record(file: Path, *, video: str = "", audio: str = "", seconds: float = 3.0, **options: str) -> Path:
    """Write a recording from lavfi sources; `options` are output options such as ``c_a="pcm_s16le"``."""
    command = [embedded().path, "-v", "error", "-y"]
    for source in (video, audio):
        if source:
            command += ["-f", "lavfi", "-t", str(seconds), "-i", source]
    defaults = {"c_v": "mpeg2video", "q_v": "3", "c_a": "pcm_s16le"}
    for name, value in (defaults | options).items():
        stream = name.rpartition("_")[2]
        if (stream != "v" or video) and (stream != "a" or audio):
            command += [f"-{name.replace('_', ':')}", value]
    subprocess.run([*command, str(file)], check=True)
    return file


def moving(rate: str) -> str:
    """A test picture at `rate` per second."""
    return f"testsrc2=s=320x180:r={rate}"


def uneven(file: Path) -> Path:
    """A recording whose pictures come as they changed, as video calls and screen recorders write them."""
    command = [embedded().path, "-v", "error", "-y", "-f", "lavfi", "-t", "0.9", "-i", moving("30")]
    command += ["-f", "lavfi", "-t", "0.9", "-i", SPEECHLIKE, "-vf", "select='gt(mod(n*7,10),3)'"]
    command += ["-fps_mode", "vfr", "-c:v", "libx264", "-c:a", "pcm_s16le", str(file)]
    subprocess.run(command, check=True)
    return file


def turned(file: Path, *, half_white: bool = False) -> Path:
    """What a telephone writes that was held upright: a wide picture, and a mark that it must be turned."""
    lying = file.with_suffix(".lying.mp4")
    picture = "color=black:s=320x180:r=25,drawbox=w=160:h=180:c=white:t=fill" if half_white else moving("25")
    record(lying, video=picture, audio=SPEECHLIKE, seconds=0.9, c_v="libx264", c_a="aac")
    turn = [embedded().path, "-v", "error", "-y", "-display_rotation", "-90", "-i", str(lying), "-c", "copy"]
    subprocess.run([*turn, str(file)], check=True)
    return file


def complaints(ffmpeg: Ffmpeg, data: bytes) -> str:
    """What ffmpeg warns of when it decodes `data`."""
    done = subprocess.run(
        [ffmpeg.path, "-v", "warning", "-f", "mpegts", "-i", "-", "-f", "null", "-"],
        input=data,
        capture_output=True,
        check=True,
    )
    return done.stderr.decode()


def decoded_sound(data: bytes) -> NDArray[np.float32]:
    """Samples of a transport stream: shape (samples, 2), 48 kHz."""
    done = subprocess.run(
        [embedded().path, "-v", "error", "-f", "mpegts", "-i", "-", "-vn", "-f", "f32le", "-ac", "2", "-"],
        input=data,
        capture_output=True,
        check=True,
    )
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2)


def command_lines() -> Iterator[tuple[int, str]]:
    """(process id, command line) of everything that runs and is not a zombie."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text:
                yield int(entry.name), text


def running_with(text: str) -> list[int]:
    """Processes whose command line holds `text`."""
    return [pid for pid, line in command_lines() if text in line]
