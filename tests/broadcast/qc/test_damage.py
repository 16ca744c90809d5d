"""Truncated, patched and holed recordings are told from sound ones, with the time of each fault."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from delivery.broadcast.media.probe import Unfit, look, probe
from delivery.broadcast.qc.analysis import analyse
from tests.broadcast.media.media_samples import SPEECHLIKE, embedded, record

SECONDS = 12


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """H.264 and AAC with a key frame each second and the index in front, as phones and editors write it."""
    return record(
        tmp_path_factory.mktemp("film") / "bài.mp4",
        video="testsrc2=s=320x180:r=25",
        audio=SPEECHLIKE,
        seconds=SECONDS,
        c_v="libx264",
        preset_v="ultrafast",
        g_v="25",
        c_a="aac",
        movflags="+faststart",
    )


def test_a_file_that_was_not_copied_whole_is_refused_with_the_time_it_ends(
    film: Path, tmp_path: Path
) -> None:
    data = film.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(Unfit) as caught:
        probe(cut, "tv")
    (problem,) = caught.value.problems
    assert problem.params["whole"] == "00:00:12"
    assert "00:00:06" <= problem.params["end"] <= "00:00:09"
    assert caught.value.found is not None


@pytest.mark.parametrize("suffix", ["mkv", "wav"])
def test_other_formats_tell_that_they_are_cut_off_too(suffix: str, tmp_path: Path) -> None:
    video = "testsrc2=s=160x90:r=25" if suffix == "mkv" else ""
    whole = record(tmp_path / f"a.{suffix}", video=video, audio=SPEECHLIKE, seconds=6)
    cut = tmp_path / f"b.{suffix}"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    found = look(cut, want_video=bool(video))
    assert found.missing_s == pytest.approx(3, abs=0.5)
    assert look(whole, want_video=bool(video)).missing_s < 0.1


def test_damage_in_the_middle_is_found_where_it_is_and_the_same_every_time(
    film: Path, tmp_path: Path
) -> None:
    data = bytearray(film.read_bytes())
    middle = len(data) * 6 // 10
    data[middle : middle + 6000] = bytes(b ^ 0x5A for b in data[middle : middle + 6000])
    bad = tmp_path / "hỏng giữa.mp4"
    bad.write_bytes(data)
    spans = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        spans.append(analyse(bad, look(bad, want_video=True), ffmpeg=embedded(), folder=folder).of("damage"))
    assert spans[0] == spans[1]
    (span,) = spans[0]
    assert 0.5 * SECONDS < span.from_s < 0.8 * SECONDS
    assert 0 < span.length_s <= 2
    assert span.words == "picture damaged"


def test_a_sound_file_has_no_damage(film: Path, tmp_path: Path) -> None:
    assert analyse(film, look(film, want_video=True), ffmpeg=embedded(), folder=tmp_path).of("damage") == ()


def test_a_hole_between_packets_is_found_to_the_picture(film: Path, tmp_path: Path) -> None:
    holed = tmp_path / "holed.mkv"
    parts = "not(between(t,4,5.99))"
    command = [embedded().path, "-v", "error", "-i", str(film), "-c", "copy"]
    drop = f"noise=drop='not({parts.replace('t,', 'pts*tb,')})'"
    subprocess.run([*command, "-bsf:v", drop, "-bsf:a", drop, str(holed)], check=True)
    gaps = {gap.stream: (gap.from_s, gap.to_s) for gap in look(holed, want_video=True).gaps}
    assert gaps == {"picture": pytest.approx((4, 6), abs=0.1), "sound": pytest.approx((4, 6), abs=0.1)}


def test_a_varying_rate_is_told_from_rounding(tmp_path: Path) -> None:
    odd = record(
        tmp_path / "odd.mkv",
        video="testsrc2=s=160x90:r=30,select='not(eq(mod(n,7),3))*not(eq(mod(n,11),5))'",
        audio=SPEECHLIKE,
        seconds=3,
    )
    even = record(tmp_path / "even.mkv", video="testsrc2=s=160x90:r=24000/1001", audio=SPEECHLIKE, seconds=3)
    varying = [look(file, want_video=True).video for file in (odd, even)]
    assert [video.variable for video in varying if video] == [True, False]
