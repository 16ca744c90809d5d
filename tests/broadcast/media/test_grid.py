"""Whatever comes in, every segment of every rendition holds exactly its frames, and any two lessons join.

One small house format, so that sixteen kinds of recordings can be converted by two ffmpegs; the real one is tried once.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.media.conform import Conformed
from delivery.broadcast.media.ffmpeg import Ffmpeg, require_filters
from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.playout.restamp import packet_counts, restamp
from delivery.errors import ToolMissing
from delivery.units import TICK_PTS
from tests.broadcast.media.media_samples import (
    any_ffmpeg,
    complaints,
    embedded,
    moving,
    record,
    turned,
    uneven,
)
from tests.broadcast.media.test_conform import assert_on_grid, conformed, headers, packets_of, whole

__all__ = ["any_ffmpeg"]

STEREO = "sine=f=300:r=48000,volume=-20dB,aformat=channel_layouts=stereo"
SOURCES: Mapping[str, Mapping[str, str]] = {
    "23.976 pictures, 5.1 sound": {"video": moving("24000/1001"), "ac": "6"},
    "24 pictures": {"video": moving("24"), "c_v": "libx264"},
    "29.97 pictures, 44.1 kHz mono": {"video": moving("30000/1001"), "ar": "44100", "ac": "1"},
    "30 pictures, compressed sound": {"video": moving("30"), "c_v": "libx264", "c_a": "aac"},
    "50 pictures": {"video": moving("50"), "c_v": "libx264"},
    "59.94 pictures": {"video": moving("60000/1001"), "c_v": "libx264"},
    "15 pictures, a screen recording": {"video": moving("15"), "c_v": "libx264"},
    "interlaced, pixels not square": {
        "video": "testsrc2=s=352x288:r=50,tinterlace=4,setsar=16/11",
        "flags_v": "+ilme+ildct",
    },
    "interlaced 29.97": {"video": "testsrc2=s=320x240:r=60000/1001,tinterlace=4", "flags_v": "+ilme+ildct"},
    "groups of 900 pictures": {"video": moving("25"), "c_v": "libx264", "g_v": "900"},
    "odd size": {"video": "testsrc2=s=323x181:r=25", "c_v": "ffv1"},
    "4:2:2 in 10 bits": {"video": f"{moving('25')},format=yuv422p10le", "c_v": "ffv1"},
    "high dynamic range": {
        "video": f"{moving('25')},format=yuv420p10le,"
        "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc",
        "c_v": "ffv1",
    },
    "32 kHz sound": {"video": moving("25"), "ar": "32000"},
    "portrait": {"video": "testsrc2=s=180x320:r=25", "c_v": "libx264"},
}


MORE = {"30 pictures, compressed sound", "15 pictures, a screen recording", "32 kHz sound", "portrait"}
"""Tried with the embedded ffmpeg only: the other one would cost much and show little."""


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Every kind of recording, made once for both ffmpegs."""
    folder = tmp_path_factory.mktemp("recordings")
    files = {
        name: record(folder / f"{number}.mkv", **{"audio": STEREO, "seconds": 0.9, **options})  # type: ignore[arg-type]
        for number, (name, options) in enumerate(SOURCES.items())
    }
    files["uneven pictures"] = uneven(folder / "uneven.mkv")
    files["a telephone turned on its side"] = turned(folder / "turned.mp4")
    return files


def test_every_awkward_recording_lies_on_the_grid_and_joins_every_other(
    any_ffmpeg: Ffmpeg, recordings: Mapping[str, Path], tmp_path: Path
) -> None:
    results: dict[str, Conformed] = {}
    for name, file in recordings.items():
        if any_ffmpeg != embedded() and name in MORE:
            continue
        results[name] = conformed(file, tmp_path / name, ffmpeg=any_ffmpeg)
        assert_on_grid(results[name], tmp_path / name)
    assert len(results) >= 12
    # The parameter sets are the same for all, whatever the source was.
    assert len({str(headers(result)) for result in results.values()}) == 1
    for rung in ("top", "low", "audio", "transmitter"):
        assert_joined(results, tmp_path, rung, any_ffmpeg)


def assert_joined(results: Mapping[str, Conformed], folder: Path, rung: str, ffmpeg: Ffmpeg) -> None:
    """All lessons one after the other, moved by adding one delta: a single stream for another demuxer."""
    data, tick, counters = bytearray(), 0, dict.fromkeys((0, 256, 257, 4096), 0)
    for name, result in results.items():
        part = restamp(whole(folder / name, rung), tick * TICK_PTS, counters=counters)
        counters = {pid: (counters[pid] + packet_counts(part).get(pid, 0)) % 16 for pid in counters}
        data += part
        tick += result.ticks
    joined = folder / f"{rung}.ts"
    joined.write_bytes(data)
    sound = [p.dts for p in packets_of(joined, "audio")]
    assert sound == list(range(ORIGIN_PTS, ORIGIN_PTS + tick * TICK_PTS, 1920))
    if rung != "audio":
        pictures = packets_of(joined, "video")
        assert {b.dts - a.dts for a, b in pairwise(pictures)} == {3600}
        assert len(pictures) == tick * 8
    assert complaints(ffmpeg, bytes(data)) == ""


def shown(
    file: Path, folder: Path, rung: str = "top"
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    """The pictures of a converted recording in shades of grey."""
    conformed(file, folder)
    (folder / "all.ts").write_bytes(whole(folder, rung))
    with av.open(str(folder / "all.ts")) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.parametrize("rate", ["24000/1001", "24", "30000/1001", "50"])
def test_no_moving_picture_is_shown_twice(rate: str, tmp_path: Path) -> None:
    """A bar that moves with every picture of the source moves with every picture of ours."""
    bar = f"color=black:s=320x180:r={rate},geq=lum='255*between(mod(X-4*N,320),0,40)':cb=128:cr=128"
    source = record(tmp_path / "a.mkv", video=bar, audio=STEREO, seconds=2.0, c_v="ffv1")
    pictures = shown(source, tmp_path / "out")[2:48]
    assert all(np.abs(a.astype(int) - b).mean() > 1 for a, b in pairwise(pictures))


def test_a_recording_turned_on_its_side_stands_upright(tmp_path: Path) -> None:
    """Its left half is white in the file; a quarter turn to the right brings it to the top."""
    pictures = shown(turned(tmp_path / "a.mp4", half_white=True), tmp_path / "out")
    middle = pictures[10][:, 128]
    assert middle[:60].mean() > 200
    assert middle[84:].mean() < 50


def test_high_dynamic_range_keeps_its_middle_and_its_highlights(tmp_path: Path) -> None:
    """Paper white of 203 cd/m2 (ITU-R BT.2408: 58 % of PQ) becomes bright grey, not a dim one; black stays black."""
    steps = "color=black:s=320x180:r=25,geq=lum='if(lt(X,160),64,572)*1.0':cb=512:cr=512"
    source = record(
        tmp_path / "a.mkv",
        video=f"{steps.replace('r=25,', 'r=25,format=yuv420p10le,')},"
        "setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc:range=tv",
        audio=STEREO,
        seconds=0.6,
        c_v="ffv1",
    )
    picture = shown(source, tmp_path / "out")[5]
    assert picture[60:120, 20:100].mean() < 20
    assert 120 < picture[60:120, 160:220].mean() < 245


def test_the_real_house_format_holds_for_both_ffmpegs(any_ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    source = record(tmp_path / "a.mkv", video="testsrc2=s=640x480:r=30", audio=STEREO, seconds=0.6)
    profile = load_profile("tv720p25")
    result = conformed(source, tmp_path / "out", profile=profile, ffmpeg=any_ffmpeg)
    assert_on_grid(result, tmp_path / "out")
    for rung in (*(r.name for r in profile.rungs), "transmitter"):
        assert complaints(any_ffmpeg, whole(tmp_path / "out", rung)) == ""


def test_standard_definition_shows_four_to_three_in_its_true_shape(tmp_path: Path) -> None:
    """720x576 in pixels of 64:45: a quarter of the width is black, shared by both sides."""
    source = record(tmp_path / "a.mkv", video="testsrc2=s=320x240:r=25", audio=STEREO, seconds=0.6)
    result = conformed(source, tmp_path / "out", profile=load_profile("tv576p25"))
    assert_on_grid(result, tmp_path / "out")
    with av.open(str(tmp_path / "out" / "576p" / "00000.ts")) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height) == (720, 576)
        assert str(container.streams.video[0].sample_aspect_ratio) == "64/45"
        light = frame.to_ndarray(format="gray")[288]
    shown = np.flatnonzero(light > 40)
    assert shown[0] == pytest.approx(90, abs=3)
    assert 719 - shown[-1] == pytest.approx(90, abs=3)


def test_an_ffmpeg_that_cannot_map_high_dynamic_range_is_refused_by_name(tmp_path: Path) -> None:
    """Better no lesson than one in washed-out colours."""
    poor = tmp_path / "ffmpeg"
    poor.write_text("#!/bin/sh\necho ' .S tonemap           V->V       Conversion'\n")
    poor.chmod(0o755)
    with pytest.raises(ToolMissing, match=r"it lacks zscale\."):
        require_filters(Ffmpeg(str(poor)), "zscale", "tonemap")
    require_filters(embedded(), "zscale", "tonemap")
