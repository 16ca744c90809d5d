"""Whatever comes in, what goes out lies exactly on the 320 ms grid, and joins."""

from __future__ import annotations

import shutil
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import av
import ffmpeg as graph
import numpy as np
import pyloudnorm
import pytest

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.media.conform import Conformed, ConformJob, conform, ticks_for
from delivery.broadcast.media.ffmpeg import Ffmpeg, arguments, run
from delivery.broadcast.media.picture import Stills, encode
from delivery.broadcast.media.probe import probe
from delivery.broadcast.media.profiles import Profile, load_profile
from delivery.broadcast.media.prove import prove
from delivery.broadcast.media.segmenter import NotOnGrid
from delivery.broadcast.media.sound import Loudness, Treatment, corrected, treatment_for
from delivery.broadcast.playout.restamp import packet_counts
from delivery.errors import BadInput
from delivery.units import TICK_PTS
from tests.broadcast.media.media_samples import (
    BARS,
    SPEECHLIKE,
    decoded_sound,
    embedded,
    record,
    small_tv,
)


def conformed(
    source: Path, folder: Path, *, profile: Profile | None = None, ffmpeg: Ffmpeg | None = None
) -> Conformed:
    house = profile or small_tv()
    folder.mkdir()
    return conform(
        ConformJob(str(source), str(folder), probe(source, house.kind), house, ffmpeg or embedded())
    )


def whole(folder: Path, rung: str) -> bytes:
    return b"".join(file.read_bytes() for file in sorted((folder / rung).glob("*.ts")))


class Told(NamedTuple):
    pts: int
    dts: int
    is_keyframe: bool


def packets_of(file: Path, kind: str) -> list[Told]:
    """What FFmpeg's demuxer finds; nothing of a packet may be asked after its container is closed."""
    with av.open(str(file)) as container:
        packets = (p for p in container.demux() if p.size and p.stream.type == kind)
        return [Told(p.pts or 0, p.dts or 0, p.is_keyframe) for p in packets]


def assert_on_grid(result: Conformed, folder: Path) -> None:
    """Counts and times of every segment, as another demuxer sees them."""
    for rendition in result.renditions:
        tick = 0
        for segment in rendition.segments:
            file = folder / rendition.name / segment.file
            start = ORIGIN_PTS + tick * TICK_PTS
            sound = packets_of(file, "audio")
            assert [p.pts for p in sound] == [start + 1920 * n for n in range(segment.ticks * 15)]
            if rendition.kind == "video":
                pictures = packets_of(file, "video")
                assert pictures[0].is_keyframe
                assert pictures[0].pts == start
                assert len(pictures) == segment.ticks * 8
                assert {b.dts - a.dts for a, b in pairwise(pictures)} == {3600}
            data = file.read_bytes()
            assert {str(pid): count for pid, count in packet_counts(data).items()} == segment.packets
            tick += segment.ticks
        assert tick == result.ticks


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Conformed, Path]:
    """A lesson of two segments, and its folder."""
    folder = tmp_path_factory.mktemp("good")
    source = record(folder / "a.mkv", video=BARS, audio=SPEECHLIKE, seconds=6.4)
    return conformed(source, folder / "out"), folder / "out"


def headers(result: Conformed) -> list[tuple[str, str, str]]:
    return [(r.name, r.codecs, r.parameter_sets) for r in result.renditions]


@pytest.mark.parametrize(
    ("audio", "what"),
    [
        (f"{SPEECHLIKE},volume=-30dB", "near silence"),
        ("sine=f=440:r=48000,volume=12dB", "a loud tone"),
        ("aevalsrc='if(lt(mod(t,0.5),0.0005),0.8,0.02*sin(2*PI*300*t))':s=48000", "quiet with sharp peaks"),
    ],
)
def test_loudness_is_on_target_by_an_independent_meter(audio: str, what: str, tmp_path: Path) -> None:
    source = record(tmp_path / "a.wav", audio=audio, seconds=4)
    result = conformed(source, tmp_path / "out", profile=load_profile("radio-aac"))
    samples = decoded_sound(whole(tmp_path / "out", "audio"))
    lufs = pyloudnorm.Meter(48_000).integrated_loudness(samples.astype(np.float64))
    assert lufs == pytest.approx(-23.0, abs=0.5), what
    assert result.loudness.integrated_lufs == pytest.approx(lufs, abs=0.3)
    assert result.loudness.true_peak_dbtp <= -1.0


def test_sound_begins_and_ends_in_silence(tmp_path: Path) -> None:
    source = record(tmp_path / "a.wav", audio="sine=f=440:r=48000", seconds=3.2)
    conformed(source, tmp_path / "out", profile=load_profile("radio-aac"))
    samples = np.abs(decoded_sound(whole(tmp_path / "out", "audio")))
    programme = samples[4096:-4096].max()
    assert samples[:96].max() < programme / 8
    assert samples[-96:].max() < programme / 8


def test_picture_and_sound_stay_together(tmp_path: Path) -> None:
    """A flash and a beep at 2 s of the source come out at 2 s, within a frame and a millisecond."""
    flash = "color=0x404040:s=320x180:r=25,drawbox=c=white:t=fill:enable='between(t,2,2.2)'"
    beep = "aevalsrc='if(between(t,2,2.2),0.5*sin(2*PI*1000*t),0.02*sin(2*PI*200*t))':s=48000"
    source = record(tmp_path / "a.mkv", video=flash, audio=beep, seconds=3.2)
    conformed(source, tmp_path / "out")
    data = whole(tmp_path / "out", "top")
    samples = np.abs(decoded_sound(data)[:, 0])
    heard = np.argmax(samples > 0.3 * samples.max()) / 48_000
    (tmp_path / "a.ts").write_bytes(data)
    with av.open(str(tmp_path / "a.ts")) as container:
        frames = [(f.pts, f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
    seen = next(pts for pts, light in frames if light > 128)
    assert Fraction(seen - ORIGIN_PTS, 90_000) == 2
    assert heard == pytest.approx(2.0, abs=0.003)


def test_a_silent_recording_is_refused(tmp_path: Path) -> None:
    source = record(tmp_path / "a.wav", audio="anullsrc=r=48000", seconds=1)
    with pytest.raises(BadInput, match="silent"):
        conformed(source, tmp_path / "out", profile=load_profile("radio-aac"))


@pytest.mark.parametrize("rung", ["top", "audio"])
def test_clock_and_tables_come_as_often_as_tr_101_290_asks(rung: str, good: tuple[Conformed, Path]) -> None:
    """PCR at least every 40 ms (2.3b), presentation at most 700 ms after it (2.6), PAT with a picture every 0.5 s."""
    data = whole(good[1], rung)
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    clocked = [p for p in packets if p[3] & 0x20 and p[4] and p[5] & 0x10]
    clocks = [int.from_bytes(p[6:11], "big") >> 7 for p in clocked]
    assert max(b - a for a, b in pairwise(clocks)) <= 3600
    assert clocks == sorted(clocks)
    assert 0 < ORIGIN_PTS - clocks[0] <= 63_000
    if rung == "top":
        assert sum(p[1:3] == b"\x40\x00" for p in packets) == good[0].ticks


@pytest.mark.parametrize("fault", ["lost packet", "swapped segments", "foreign header"])
def test_what_is_not_exact_cannot_be_proved(fault: str, good: tuple[Conformed, Path], tmp_path: Path) -> None:
    result, whole_folder = good
    top = result.renditions[0]
    folder = tmp_path / "top"
    shutil.copytree(whole_folder / "top", folder)
    prove(folder, top.segments, video=True, encoder=small_tv().encoder)
    first = folder / top.segments[0].file
    data = first.read_bytes()
    if fault == "lost packet":
        # The packet with which a picture begins.
        starts = [
            at
            for at in range(0, len(data), 188)
            if data[at + 1] & 0x40 and data[at + 2] == 0 and data[at + 1] & 1
        ]
        first.write_bytes(data[: starts[9]] + data[starts[9] + 188 :])
    elif fault == "swapped segments":
        shutil.copy(folder / top.segments[1].file, first)
    else:
        sps = bytes.fromhex(top.parameter_sets.split(",")[0])
        at = data.rindex(sps[:8])
        first.write_bytes(data[: at + 3] + bytes((data[at + 3] ^ 1,)) + data[at + 4 :])
    with pytest.raises(NotOnGrid):
        prove(folder, top.segments, video=True, encoder=small_tv().encoder)


def test_ticks_cover_the_whole_duration_and_no_more() -> None:
    assert [ticks_for(s) for s in (0.001, 0.32, 0.3200000001, 0.321, 5.76, 64.0)] == [1, 1, 1, 2, 18, 200]


def test_gain_is_linear_and_a_limiter_comes_only_where_a_peak_forbids() -> None:
    profile = load_profile("radio-aac")
    assert treatment_for(Loudness(-30.0, -20.0, 5.0), profile) == Treatment(7.0, None)
    assert treatment_for(Loudness(-30.0, -3.0, 5.0), profile) == Treatment(7.0, -2.0)
    assert corrected(Treatment(7.0, None), Loudness(-23.1, -8.0, 5.0), profile) is None
    better = corrected(Treatment(7.0, -2.0), Loudness(-24.0, -0.5, 5.0), profile)
    assert better is not None
    assert better.gain_db == pytest.approx(8.0)
    assert better.ceiling_dbtp == pytest.approx(-2.7)


def test_progress_is_told_while_pictures_and_stills_are_encoded(tmp_path: Path) -> None:
    """ffmpeg tells nothing before each of its outputs has begun: none may wait for the end of the lesson."""
    seconds, house = 12, small_tv()
    stills = Stills(tmp_path / "poster.jpg", tmp_path / "%06d.jpg")
    seen: list[float] = []
    lesson = graph.input(f"{BARS}:d={seconds}", f="lavfi", readrate=5)
    files = {rung.name: tmp_path / f"{rung.name}.ts" for rung in house.pictures}
    outputs = encode(lesson, ticks=ticks_for(seconds), profile=house, files=files, stills=stills)
    run(arguments(outputs, embedded()), progress=seen.append)
    assert seen[0] < seconds / 2 < seen[-1]
