"""Whatever is handed in: a clear verdict, never a traceback, nothing half-stored, and the others go on."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from delivery.app import App
from delivery.broadcast.media.ingest import Ingest
from delivery.broadcast.media.library import Library
from delivery.broadcast.media.profiles import Profile, load_profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.telling import Lesson
from delivery.broadcast.qc.report import Report
from delivery.broadcast.qc.shelf import problems_of, verdict_of
from delivery.i18n import Translator
from tests.broadcast.media.media_samples import BARS, SPEECHLIKE, embedded, record, small_tv
from tests.support.home import make_app

LESSON = Lesson("TVTH-TV1", "TVTH101", 1, "Thanh điệu")
RADIO = "radio-aac"


def add(tuxa: App, *files: Path, profile: Profile | None = None) -> dict[str, Result]:
    library = Library(tuxa.database, tuxa.blobs, clock=tuxa.clock)
    ingest = Ingest(library, tuxa.facts, home=tuxa.settings.home, ffmpeg=embedded())
    with ThreadPoolExecutor(2) as pool:
        executor: Executor = pool
        pairs = [(file, LESSON) for file in files]
        results = ingest.add(pairs, profile=profile or small_tv(), executor=executor, actor="KT01")
        return {Path(result.file).name: result for result in results}


def reports_of_refused(tuxa: App) -> list[Report]:
    files = sorted((tuxa.settings.home / "qc").glob("*"))
    return [Report.from_json(json.loads(file.read_text(encoding="utf-8"))) for file in files]


def wave(seconds: float, *, claimed_s: float | None = None) -> bytes:
    """8-bit mono at 8 kHz; the header may claim another length."""
    count = round(8000 * seconds)
    size = round(8000 * (seconds if claimed_s is None else claimed_s))
    data = bytes(128 + (n * 37 % 60) for n in range(count))
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 8000, 1, 8)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVE" + form + struct.pack("<4sI", b"data", size) + data


def test_every_bad_file_of_a_batch_is_refused_for_its_own_reason(tuxa: App, tmp_path: Path) -> None:
    good = record(tmp_path / "Bài giảng số 1 – Tiếng Việt.wav", audio=SPEECHLIKE, seconds=2)
    (tmp_path / "rỗng.mp3").touch()
    (tmp_path / "giáo trình.mp3").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n" * 40)
    (tmp_path / "nothing.wav").write_bytes(wave(0))
    (tmp_path / "7 hours.wav").write_bytes(wave(0.5, claimed_s=7 * 3600))
    (tmp_path / "cut off.wav").write_bytes(wave(2, claimed_s=60))
    (tmp_path / "random.mp4").write_bytes(bytes(n * 7919 % 251 for n in range(60_000)))
    record(tmp_path / "silent.wav", audio="anullsrc=r=48000", seconds=1)
    bad = {
        "rỗng.mp3": "is empty",
        "giáo trình.mp3": "is not a sound or video file",
        "nothing.wav": "no length",
        "7 hours.wav": "longer than 6 hours",
        "cut off.wav": "ends at 00:00:02, but was 00:01:00 long",
        "random.mp4": "is not a sound or video file",
        "silent.wav": "silent from beginning to end",
        "gone.wav": "No such file",
    }
    results = add(tuxa, *(tmp_path / name for name in bad), good, profile=load_profile(RADIO))
    assert results.pop(good.name).verdict == "pass_with_fixes"
    for name, words in bad.items():
        told = results[name].to_json(Translator("en"))
        assert (told["verdict"], told["asset"], told["renditions"]) == ("refused", None, [])
        assert any(words in problem for problem in told["problems"]), (name, told["problems"])
        assert told["do"]
    assert {report.file for report in reports_of_refused(tuxa)} == set(bad)
    jobs = tuxa.library.media.jobs()
    assert {job.file: verdict_of(job) for job in jobs} == {
        **dict.fromkeys(bad, "refused"),
        good.name: "pass_with_fixes",
    }
    assert all(problems_of(job) for job in jobs if job.file in bad)
    assert len(tuxa.library.media.documents()) == 1
    assert not [
        path for path in (tuxa.settings.home / "work").rglob("*") if path.is_file() and path.suffix != ".lock"
    ]


def test_unusual_pictures_pass_and_it_is_told_what_was_done(tuxa: App, tmp_path: Path) -> None:
    """120 pictures a second at an odd size in high dynamic range, in a folder with Vietnamese letters and spaces."""
    folder = tmp_path / "Bài giảng học kỳ I, 'Toán'"
    folder.mkdir()
    hdr = "format=yuv444p10le,setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc"
    odd = record(
        folder / "quay chậm: 120.mkv",
        video=f"testsrc2=s=323x181:r=120,{hdr}",
        audio=SPEECHLIKE,
        seconds=1.5,
        c_v="ffv1",
    )
    (result,) = add(tuxa, odd).values()
    assert result.verdict == "pass_with_fixes", result.problems
    fixes = " ".join(str(fix) for fix in result.fixes)
    assert "120" in fixes
    assert "323x181" in fixes
    assert "dynamic range" in fixes


def test_television_needs_a_moving_picture(tuxa: App, tmp_path: Path) -> None:
    record(tmp_path / "sound.wav", audio=SPEECHLIKE, seconds=0.5)
    record(tmp_path / "mute.mkv", video=BARS, seconds=0.5)
    record(tmp_path / "dark.mkv", video="color=black:s=160x90:r=25", audio=SPEECHLIKE, seconds=2)
    results = add(tuxa, *(tmp_path / name for name in ("sound.wav", "mute.mkv", "dark.mkv")))
    told = {name: str(result.problems[0]) for name, result in results.items()}
    assert "no moving picture" in told["sound.wav"]
    assert "no sound" in told["mute.mkv"]
    assert "black from beginning to end" in told["dark.mkv"]
    measured = next(report for report in reports_of_refused(tuxa) if report.file == "dark.mkv")
    assert measured.analysis is not None
    assert measured.streams is not None


def test_a_recording_that_passes_carries_its_report_with_it(tuxa: App, tmp_path: Path) -> None:
    paused = f"{SPEECHLIKE},volume=0:enable='between(t,1,13)'"
    source = record(tmp_path / "a.wav", audio=paused, seconds=26)
    (result,) = add(tuxa, source, profile=load_profile(RADIO)).values()
    assert [str(problem) for problem in result.problems] == ["No sound from 00:00:01 to 00:00:13."]
    job = tuxa.library.media.jobs()[0]
    report = Report.from_json(json.loads(tuxa.blobs.get(job.result["report"])))
    assert report.verdict == "pass_with_fixes"
    assert report.made is not None
    assert report.made["loudness_lufs"] == pytest.approx(-23, abs=0.5)
    (again,) = add(tuxa, source, profile=load_profile(RADIO)).values()
    assert (again.new, again.problems, again.fixes) == (False, result.problems, result.fixes)


def test_a_mended_file_takes_the_place_of_its_refusal(tuxa: App, tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    file.touch()
    assert add(tuxa, file, profile=load_profile(RADIO))["a.wav"].verdict == "refused"
    record(file, audio=SPEECHLIKE, seconds=1)
    assert add(tuxa, file, profile=load_profile(RADIO))["a.wav"].verdict == "pass_with_fixes"


_CHILD = """
import json, os, resource, sys
from pathlib import Path

if __name__ == "__main__":
    from tests.broadcast.qc.test_bad_input import RADIO, add
    from delivery.broadcast.media.profiles import load_profile
    from delivery.i18n import Translator
    from tests.support.home import make_app

    tuxa = make_app(Path(sys.argv[1]))
    limit = int(sys.argv[2])
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    results = add(tuxa, *map(Path, sys.argv[3:]), profile=load_profile(RADIO))
    print(json.dumps({name: result.to_json(Translator("en")) for name, result in results.items()}))
"""


def in_child(home: Path, script: Path, limit: int, *files: Path) -> dict[str, dict[str, object]]:
    script.write_text(_CHILD, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(home), str(limit), *map(str, files)],
        capture_output=True,
        check=False,
        text=True,
        env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin", "HOME": str(home.parent)},
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    told: dict[str, dict[str, object]] = json.loads(done.stdout)
    return told


def test_a_full_disk_is_told_and_leaves_nothing_half_stored(tmp_path: Path) -> None:
    """No file may grow beyond what the database needs: the conversion finds no room, as on a full disk."""
    home = tmp_path / "home"
    tuxa = make_app(home)
    largest = max(file.stat().st_size for file in home.rglob("*") if file.is_file())
    source = record(tmp_path / "a.wav", audio=SPEECHLIKE, seconds=2, ac="8", c_a="pcm_s32le")
    small = tmp_path / "b.wav"
    small.write_bytes(wave(1))
    told = in_child(home, tmp_path / "child.py", largest + 400_000, source, small)
    assert told["a.wav"]["verdict"] == "refused"
    assert told["a.wav"]["do"]
    assert told["b.wav"]["verdict"] == "pass_with_fixes"
    assert len(tuxa.library.media.documents()) == 1
    assert not [path for path in home.rglob("*.part") if path.is_file()]
    (again,) = add(tuxa, source, profile=load_profile(RADIO)).values()
    assert again.verdict == "pass_with_fixes"
    tuxa.close()


_LOCKED = """
import os, sys
from pathlib import Path
from delivery.broadcast.media.probe import probe
from delivery.errors import BadInput

if os.geteuid() == 0:  # nothing is closed to root
    os.setgid(65534)
    os.setuid(65534)
try:
    probe(Path(sys.argv[1]), "radio")
except BadInput as error:
    print(error)
"""


def test_a_file_that_may_not_be_read_is_told_from_one_that_is_broken(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        locked = record(Path(open_folder) / "a.wav", audio=SPEECHLIKE, seconds=0.5)
        locked.chmod(0)
        done = subprocess.run(
            [sys.executable, "-c", _LOCKED, str(locked)],
            capture_output=True,
            check=True,
            text=True,
            env={"PYTHONPATH": str(Path.cwd())},
        )
    assert "may not be read by this user" in done.stdout
