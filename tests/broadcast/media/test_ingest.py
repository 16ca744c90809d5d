"""Ingest is idempotent, refuses in words, survives being killed, and leaves nothing behind."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.app import App
from delivery.broadcast.media.ingest import Ingest
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import Profile, load_profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.telling import Lesson
from delivery.errors import NotFound
from delivery.i18n import Translator
from delivery.record.kinds import FactKind
from delivery.store.media import MediaStore
from tests.broadcast.media.media_samples import (
    BARS,
    SPEECHLIKE,
    complaints,
    embedded,
    record,
    running_with,
    small_tv,
)
from tests.support.home import make_app

LESSON = Lesson("TVTH-TV1", "TVTH101", 1, "Thanh điệu")


@pytest.fixture
def executor() -> Iterator[Executor]:
    """Threads do here what worker processes do: the work itself is ffmpeg's."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return record(
        tmp_path_factory.mktemp("clips") / "Bài giảng số 1.mkv", video=BARS, audio=SPEECHLIKE, seconds=2
    )


def ingest_into(tuxa: App) -> Ingest:
    library = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)
    return Ingest(library, tuxa.facts, home=tuxa.settings.home, ffmpeg=embedded())


def add(
    tuxa: App, executor: Executor, *files: Path, lesson: Lesson = LESSON, profile: Profile | None = None
) -> list[Result]:
    house = profile or small_tv()
    pairs = [(file, lesson) for file in files]
    return list(ingest_into(tuxa).add(pairs, profile=house, executor=executor, actor="KT01"))


def ingested(tuxa: App) -> list[str]:
    return [fact.data["asset"] for fact in tuxa.facts.select(kind=FactKind.MEDIA_INGESTED)]


def leftovers(tuxa: App) -> list[Path]:
    """Files that only unfinished work may have."""
    home = tuxa.settings.home
    work = [path for path in (home / "work").rglob("*") if path.suffix != ".lock"]
    return [path for path in [*work, *home.rglob("*.part")] if path != home / "work" / "ingest"]


def test_a_recording_becomes_an_asset_a_lesson_and_a_fact(tuxa: App, executor: Executor, clip: Path) -> None:
    (result,) = add(tuxa, executor, clip)
    document = result.to_json(Translator("vi"))
    assert document["verdict"] == "pass_with_fixes"
    assert document["duration_ticks"] == 7
    assert document["loudness_lufs"] == pytest.approx(-23, abs=0.5)
    assert [(r["name"], r["segments"]) for r in document["renditions"]] == [
        ("top", 1),
        ("low", 1),
        ("audio", 1),
        ("transmitter", 1),
    ]
    assert "đưa khung hình 320x180 vào 256x144" in document["fixes"]
    assert ingested(tuxa) == [document["asset"]]
    lesson = MediaStore(tuxa.database).lesson_of("TVTH-TV1")
    assert lesson is not None
    assert (lesson.asset, lesson.ticks, lesson.course) == (document["asset"], 7, "TVTH101")
    assert tuxa.blobs.exists(lesson.source)
    assert leftovers(tuxa) == []


def test_every_rendition_can_be_opened_by_other_programs(tuxa: App, executor: Executor, clip: Path) -> None:
    (result,) = add(tuxa, executor, clip)
    for rendition in result.to_json()["renditions"]:
        playlist = Path(rendition["path"])
        links = sorted((playlist.parent / rendition["name"]).iterdir())
        assert sum(link.stat().st_size for link in links) == rendition["bytes"]
        decode = [embedded().path, "-v", "warning", "-i", str(playlist), "-f", "null", "-"]
        assert subprocess.run(decode, capture_output=True, check=True).stderr == b""


def test_the_same_file_again_changes_nothing(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    (first,) = add(tuxa, executor, clip)
    copy = shutil.copy(clip, tmp_path / "other name.mkv")
    again = add(tuxa, executor, clip, Path(copy))
    assert [(r.new, r.asset, r.fixes) for r in again] == [(False, first.asset, first.fixes)] * 2
    assert len(ingested(tuxa)) == 1


def test_two_files_with_the_same_bytes_are_converted_once(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    copy = Path(shutil.copy(clip, tmp_path / "copy.mkv"))
    results = add(tuxa, executor, clip, copy)
    assert sorted(result.new for result in results) == [False, True]
    assert len({result.asset.id for result in results if result.asset}) == 1


def test_one_recording_may_serve_two_materials(tuxa: App, executor: Executor, clip: Path) -> None:
    add(tuxa, executor, clip)
    add(tuxa, executor, clip, lesson=Lesson("KHAC-TV9", "KHAC200", 9))
    assert len(ingested(tuxa)) == 2
    assert len(set(ingested(tuxa))) == 1


def test_bad_files_are_refused_in_words_and_the_good_one_goes_on(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "giáo trình.mp4").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 40)
    record(tmp_path / "sound.wav", audio=SPEECHLIKE, seconds=0.5)
    record(tmp_path / "mute.mkv", video=BARS, seconds=0.5)
    record(tmp_path / "silent.mkv", video=BARS, audio="anullsrc=r=48000", seconds=0.5)
    record(tmp_path / "still.png", video=BARS, seconds=0.04, c_v="png", frames_v="1")
    (tmp_path / "folder.mp4").mkdir()
    bad = {
        "empty.mp4": "is empty",
        "giáo trình.mp4": "is not a sound or video file",
        "sound.wav": "no moving picture",
        "mute.mkv": "has no sound",
        "silent.mkv": "is silent",
        "still.png": "has no sound",
        "folder.mp4": "is a folder",
        "missing.mp4": "No such file",
    }
    results = {Path(r.file).name: r for r in add(tuxa, executor, *(tmp_path / name for name in bad), clip)}
    assert results.pop(clip.name).verdict == "pass_with_fixes"
    for name, words in bad.items():
        told = results[name].to_json()
        assert told["verdict"] == "refused"
        assert any(words in problem for problem in told["problems"]), (name, told["problems"])
        assert told["do"]
    assert len(ingested(tuxa)) == 1
    assert leftovers(tuxa) == []


def test_a_truncated_recording_is_used_as_far_as_it_goes_or_refused(
    tuxa: App, executor: Executor, clip: Path, tmp_path: Path
) -> None:
    half = tmp_path / "half.mkv"
    half.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    (result,) = add(tuxa, executor, half)
    assert result.verdict == "refused" or (result.asset is not None and result.asset.ticks < 7)


def test_an_unknown_asset_is_named(tuxa: App) -> None:
    with pytest.raises(NotFound, match="abc"):
        Library(tuxa.database, tuxa.blobs, clock=tuxa.clock).get("abc")


_CHILD = """
import sys
from pathlib import Path
from delivery.executor import make_executor
from tests.broadcast.media.test_ingest import LESSON, ingest_into
from tests.broadcast.media.media_samples import small_tv
from tests.support.home import make_app

if __name__ == "__main__":
    tuxa = make_app(Path(sys.argv[1]))
    pool = make_executor(workers=1)
    print("ready", flush=True)
    pairs = [(Path(sys.argv[2]), LESSON)]
    list(ingest_into(tuxa).add(pairs, profile=small_tv(), executor=pool, actor="KT01"))
    pool.shutdown()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_an_ingest_that_is_killed_leaves_no_process_and_continues(
    executor: Executor, clip: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    script = tmp_path / "child.py"
    script.write_text(_CHILD, encoding="utf-8")
    make_app(home).close()
    seeds = random.Random(20)
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, str(script), str(home), str(clip)],
            stdout=subprocess.PIPE,
            env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin"},
            start_new_session=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(seeds.uniform(0.2, 2.5))  # the moment of the kill, not a wait for something
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        end = time.monotonic() + 20
        while running_with(str(home)) and time.monotonic() < end:
            time.sleep(0.02)
        assert not running_with(str(home))
    tuxa = make_app(home)
    (result,) = add(tuxa, executor, clip)
    assert result.asset is not None
    assert ingested(tuxa) == [result.asset.id]
    assert [document["id"] for document in MediaStore(tuxa.database).documents()] == [result.asset.id]
    tuxa.blobs.sweep(before=datetime.now(UTC) + timedelta(minutes=1))
    assert leftovers(tuxa) == []
    for rendition in result.asset.renditions:
        assert complaints(embedded(), b"".join(tuxa.blobs.get(s.blob) for s in rendition.segments)) == ""
    tuxa.close()


def test_radio_takes_the_sound_of_a_television_recording(tuxa: App, executor: Executor, clip: Path) -> None:
    (result,) = add(tuxa, executor, clip, profile=load_profile("radio-aac"))
    assert result.asset is not None
    assert [(r.kind, r.codecs) for r in result.asset.renditions] == [("audio", "mp4a.40.2")]
