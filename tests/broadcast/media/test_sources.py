"""Files that come from outside are taken for what they are, whatever they are called and whatever they say."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from delivery.app import App
from delivery.broadcast.media.probe import look, probe
from delivery.broadcast.media.profiles import load_profile
from delivery.broadcast.media.sources import shown_name
from delivery.broadcast.media.telling import Lesson
from delivery.errors import BadInput, Refused
from delivery.store.media import MediaStore
from tests.broadcast.media.media_samples import SPEECHLIKE, moving, record, small_tv
from tests.broadcast.media.test_ingest import LESSON, ingest_into


@pytest.fixture
def executor() -> Iterator[Executor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4", "list.txt"])
@pytest.mark.parametrize("kind", ["playlist", "ffconcat"])
def test_a_list_of_other_files_is_no_recording(name: str, kind: str, tmp_path: Path) -> None:
    """The approval of such a file would bind nothing: other bytes could be put under it."""
    record(tmp_path / "other.ts", video=moving("25"), audio=SPEECHLIKE, seconds=0.6, c_a="aac")
    lines = {
        "playlist": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:1,\n{tmp_path}/other.ts\n#EXT-X-ENDLIST\n",
        "ffconcat": "ffconcat version 1.0\nfile other.ts\n",
    }
    (tmp_path / name).write_text(lines[kind])
    with pytest.raises(BadInput, match=r"list of other files|not a sound or video"):
        probe(tmp_path / name, "tv")


@pytest.mark.parametrize("name", ["Bài 1: Mở đầu.wav", "concat:a.wav", "-i.wav", "%03d.wav"])
def test_a_name_is_only_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path / "plain.wav", audio=SPEECHLIKE, seconds=0.6).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert look(Path(name), want_video=False).duration_s == pytest.approx(0.6, abs=0.01)


def test_a_pipe_and_a_name_in_another_script_do_not_stop_the_batch(
    sqlite_tuxa: App, executor: Executor, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    good = record(tmp_path / "good.wav", audio=SPEECHLIKE, seconds=0.9)
    odd = tmp_path / os.fsdecode(b"b\xe0i.wav")
    odd.write_bytes(good.read_bytes())
    pairs = [
        (file, Lesson(f"M{number}", "C", number))
        for number, file in enumerate((tmp_path / "pipe.wav", odd, good))
    ]
    results = list(
        ingest_into(sqlite_tuxa).add(
            pairs, profile=load_profile("radio-aac"), executor=executor, actor="KT01"
        )
    )
    assert [str(result.verdict) for result in results] == ["refused", "refused", "pass_with_fixes"]
    assert "UTF-8" in str(results[1].problems[0])
    assert shown_name(odd).isprintable()
    assert "\\udc" not in ascii([result.file for result in results])


def test_the_default_sound_track_is_used_and_told(tmp_path: Path) -> None:
    file = record(
        tmp_path / "two.mkv",
        audio=f"{SPEECHLIKE},asplit[out0][b];[b]volume=0.5[out1]",
        seconds=0.6,
        map="0",
        disposition_a_0="0",
        disposition_a_1="default",
    )
    found = look(file, want_video=False)
    assert found.audio is not None
    assert (found.audio_tracks, found.audio.track) == (2, 2)


def test_pictures_of_a_fragmented_recording_keep_their_rate(tmp_path: Path) -> None:
    """As programs write that must survive a crash: the file's own length counts a frame too much or too little."""
    file = record(
        tmp_path / "live.mp4",
        video=moving("25"),
        audio=SPEECHLIKE,
        seconds=1.2,
        c_v="libx264",
        c_a="aac",
        movflags="frag_keyframe+empty_moov",
    )
    found = look(file, want_video=True)
    assert found.video is not None
    assert found.video.rate == Fraction(25)


def test_an_mp3_that_was_cut_off_is_told_of(tmp_path: Path) -> None:
    file = record(tmp_path / "whole.mp3", audio=SPEECHLIKE, seconds=6, c_a="libmp3lame", b_a="64k")
    assert look(file, want_video=False).claims_s == 0
    data = file.read_bytes()
    (tmp_path / "cut.mp3").write_bytes(data[: len(data) // 3])
    assert look(tmp_path / "cut.mp3", want_video=False).claims_s == pytest.approx(6, abs=0.1)


def test_sound_behind_the_end_that_a_wav_file_names_is_told_of(tmp_path: Path) -> None:
    file = record(tmp_path / "whole.wav", audio=SPEECHLIKE, seconds=4)
    assert look(file, want_video=False).unread_s == 0
    data = bytearray(file.read_bytes())
    at = data.index(b"data") + 4
    (size,) = struct.unpack_from("<I", data, at)
    struct.pack_into("<I", data, at, size // 4)
    (tmp_path / "less.wav").write_bytes(data)
    assert look(tmp_path / "less.wav", want_video=False).unread_s == pytest.approx(3, abs=0.1)


def test_a_profile_that_was_changed_under_its_version_is_refused(
    sqlite_tuxa: App, executor: Executor, tmp_path: Path
) -> None:
    file = record(tmp_path / "a.wav", audio=SPEECHLIKE, seconds=0.9)
    house = replace(load_profile("radio-aac"), name="own")
    ingest = ingest_into(sqlite_tuxa)
    list(ingest.add([(file, LESSON)], profile=house, executor=executor, actor="KT01"))
    with pytest.raises(Refused, match="still version"):
        list(
            ingest.add(
                [(file, LESSON)], profile=replace(house, target_lufs=-16.0), executor=executor, actor="KT01"
            )
        )
    louder = replace(house, target_lufs=-16.0, version=house.version + 1)
    (result,) = ingest.add([(file, LESSON)], profile=louder, executor=executor, actor="KT01")
    assert result.new


def test_an_altered_report_is_told_of_and_stays_noted(
    sqlite_tuxa: App, executor: Executor, tmp_path: Path
) -> None:
    file = record(tmp_path / "a.mkv", video=moving("25"), audio=SPEECHLIKE, seconds=0.9)
    ingest = ingest_into(sqlite_tuxa)
    list(ingest.add([(file, LESSON)], profile=small_tv(), executor=executor, actor="KT01"))
    noted = MediaStore(sqlite_tuxa.database).jobs()[0].result
    kept = sqlite_tuxa.blobs.local_path(noted["report"])
    assert kept is not None
    kept.write_bytes(b"{}")
    for _ in range(2):
        (again,) = ingest.add([(file, LESSON)], profile=small_tv(), executor=executor, actor="KT01")
        assert not again.new
        assert again.asset is not None
        assert [finding.code for finding in again.findings] == ["report"]
    assert MediaStore(sqlite_tuxa.database).jobs()[0].result == noted
