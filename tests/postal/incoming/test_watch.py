"""The watched folder: whole files are taken within two seconds, slow ones waited for, bad ones set aside."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.app import App
from delivery.clock import ManualClock
from delivery.demo.paper import blank_back
from delivery.errors import BadInput
from delivery.postal.incoming import watch
from delivery.postal.incoming.scanfile import has_its_end
from delivery.postal.incoming.watch import AGAIN_S, EVERY_S, PATIENCE_S, FolderWatch, Taken, is_being_written
from tests.postal.incoming.mail import copy_of, pile


@pytest.fixture(scope="module")
def home(printed_home: Path) -> Path:
    return printed_home


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return pile([blank_back(seed=1, dpi=100)], tmp_path_factory.mktemp("scan") / "scan.pdf").read_bytes()


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(home, tmp_path / "home")
    yield app
    app.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scanner").mkdir()
    return tmp_path / "scanner"


def watching(desk: App, folder: Path) -> Callable[[float], list[Taken]]:
    """Let so many seconds go by, in the steps in which the folder is looked at."""
    watch = FolderWatch(desk, folder, actor="VT01", wait=lambda _seconds: True)
    clock = desk.clock
    assert isinstance(clock, ManualClock)

    def pass_by(seconds: float) -> list[Taken]:
        out = []
        for _ in range(round(seconds / EVERY_S)):
            clock.advance(EVERY_S)
            out += list(watch.look())
        return out

    return pass_by


def test_a_whole_file_is_taken_within_two_seconds_and_moved_to_done(
    desk: App, folder: Path, scan: bytes
) -> None:
    pass_by = watching(desk, folder)
    (folder / "Scan 001.PDF").write_bytes(scan)
    (taken,) = pass_by(2)
    assert taken.intake is not None
    assert taken.intake.pages == 1
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()] == [
        "done/Scan 001.PDF"
    ]


def test_a_scanner_that_writes_slowly_is_waited_for(desk: App, folder: Path, scan: bytes) -> None:
    pass_by = watching(desk, folder)
    middle = len(scan) // 2
    (folder / "slow.pdf").write_bytes(scan[:middle])
    # It pauses far longer than files usually stand still: the end is not there yet.
    assert pass_by(PATIENCE_S / 2) == []
    with (folder / "slow.pdf").open("ab") as stream:
        stream.write(scan[middle:])
    (taken,) = pass_by(2)
    assert taken.intake is not None


def test_a_file_that_somebody_has_open_for_writing_is_left_alone(
    desk: App, folder: Path, scan: bytes
) -> None:
    pass_by = watching(desk, folder)
    with (folder / "open.pdf").open("wb") as stream:
        stream.write(scan)
        stream.flush()
        if is_being_written(folder / "open.pdf"):
            assert pass_by(10) == []
    assert len(pass_by(2)) == 1


def test_what_cannot_be_read_goes_to_failed_with_the_reason_beside_it_and_the_rest_goes_on(
    desk: App, folder: Path, scan: bytes
) -> None:
    pass_by = watching(desk, folder)
    (folder / "a.pdf").write_bytes(b"%PDF-1.7 nothing %%EOF")
    (folder / "b.pdf").write_bytes(scan)
    (folder / "c.pdf").write_bytes(scan[: len(scan) // 2])
    (folder / "d.pdf").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"not a scan")
    (folder / ".hidden.pdf").write_bytes(scan)
    assert [taken.name for taken in pass_by(2)] == ["a.pdf", "b.pdf"]
    assert [taken.name for taken in pass_by(PATIENCE_S + 1)] == ["c.pdf", "d.pdf", "notes.txt"]
    assert sorted(p.name for p in (folder / "failed").iterdir()) == [
        "a.pdf", "a.pdf.txt", "c.pdf", "c.pdf.txt", "d.pdf", "d.pdf.txt",
    ]  # fmt: skip
    assert "a.pdf" in (folder / "failed" / "a.pdf.txt").read_text()
    assert sorted(p.name for p in folder.iterdir() if p.is_file()) == [".hidden.pdf", "notes.txt"]


def test_a_second_file_of_the_same_name_replaces_nothing(desk: App, folder: Path, scan: bytes) -> None:
    pass_by = watching(desk, folder)
    for _ in range(2):
        (folder / "scan.pdf").write_bytes(scan)
        (taken,) = pass_by(2)
    assert taken.intake is not None
    assert taken.intake.pages == 1
    assert sorted(p.name for p in (folder / "done").iterdir()) == ["scan-2.pdf", "scan.pdf"]


def test_a_watch_that_was_stopped_goes_on_with_what_lies_there(desk: App, folder: Path, scan: bytes) -> None:
    watching(desk, folder)(0.5)
    (folder / "scan.pdf").write_bytes(scan)
    assert len(watching(desk, folder)(2)) == 1


def test_a_folder_that_goes_away_is_told_once_and_watched_again_when_it_is_back(
    desk: App, folder: Path, scan: bytes
) -> None:
    pass_by = watching(desk, folder)
    folder.rename(folder.with_name("unplugged"))
    (taken,) = pass_by(3)
    assert taken.problem is not None
    assert str(folder) in desk.translate.error(taken.problem)
    folder.mkdir()
    (folder / "scan.pdf").write_bytes(scan)
    (taken,) = pass_by(2)
    assert taken.intake is not None
    folder.rename(folder.with_name("unplugged again"))
    assert len(pass_by(1)) == 1


def test_in_a_folder_that_is_away_nothing_waits(desk: App, folder: Path, scan: bytes) -> None:
    watch = FolderWatch(desk, folder, actor="VT01", wait=lambda _: False)
    (folder / "scan.pdf").write_bytes(scan)
    assert watch.pending
    folder.rename(folder.with_name("unplugged"))
    assert not watch.pending


def test_links_that_lead_nowhere_and_pipes_do_not_keep_the_watch_from_the_files_beside_them(
    desk: App, folder: Path, scan: bytes
) -> None:
    (folder / "itself.pdf").symlink_to("itself.pdf")
    (folder / "nowhere.pdf").symlink_to(folder / "gone.pdf")
    os.mkfifo(folder / "pipe.pdf")
    (folder / "scan.pdf").write_bytes(scan)
    (taken,) = watching(desk, folder)(3)
    assert taken.name == "scan.pdf"
    assert taken.intake is not None


def test_a_file_of_another_kind_is_told_once_and_stays(desk: App, folder: Path, scan: bytes) -> None:
    pass_by = watching(desk, folder)
    for name in ("letter.docx", "scan0001", "Thumbs.db"):
        (folder / name).write_bytes(b"no scan")
    (folder / "scan.tmp").write_bytes(scan)
    assert pass_by(PATIENCE_S / 4) == []
    (folder / "scan.tmp").rename(folder / "scan.JFIF")
    (taken,) = pass_by(2)
    assert (taken.name, taken.intake is not None) == ("scan.JFIF", True)
    told = pass_by(PATIENCE_S)
    assert {one.name for one in told} == {"letter.docx", "scan0001"}
    assert all(one.problem is not None and "PDF" in desk.translate.error(one.problem) for one in told)
    assert pass_by(PATIENCE_S) == []
    assert {path.name for path in folder.iterdir() if path.is_file()} == {
        "letter.docx",
        "scan0001",
        "Thumbs.db",
    }


def test_only_a_folder_is_watched(desk: App, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        FolderWatch(desk, tmp_path / "nowhere", actor="x", wait=lambda _: False)


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (b"\xff\xd8\xff\xe0 jpeg \xff\xd9\0\0", True),
        (b"\xff\xd8\xff\xe0 jpeg", False),
        (b"\x89PNG\r\n\x1a\n ... IEND\xaeB`\x82", True),
        (b"\x89PNG\r\n\x1a\n ...", False),
        (b"II*\0 tiff", None),
    ],
)
def test_the_end_mark_tells_whether_a_file_is_whole(tmp_path: Path, data: bytes, whole: bool | None) -> None:
    (tmp_path / "x").write_bytes(data)
    assert has_its_end(tmp_path / "x") is whole


def test_names_of_every_kind_are_dealt_with_and_told(desk: App, folder: Path, scan: bytes) -> None:
    pass_by = watching(desk, folder)
    decomposed = unicodedata.normalize("NFD", "Quét thư sáng 😀\u202e.pdf")
    locked = b"%PDF-1.7 nothing %%EOF"
    for name, data in (
        (os.fsencode(decomposed), scan),
        (b"no \xff text.pdf", scan + b"%"),
        (b"a" * 251 + b".pdf", locked),
        ("ệ".encode() * 83 + b".pdf", locked + b" "),
    ):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(data)
    done = {taken.name: taken for taken in pass_by(2)}
    composed = "Quét thư sáng 😀\ufffd.pdf"
    assert {name for name, taken in done.items() if taken.intake} == {composed, "no \ufffd text.pdf"}
    assert len(list((folder / "failed").iterdir())) == 4
    # The same long name a second time gets a name beside the first.
    (folder / ("a" * 251 + ".pdf")).write_bytes(locked)
    (again,) = pass_by(2)
    assert again.problem is not None
    assert len(list((folder / "failed").iterdir())) == 6
    assert [p for p in folder.iterdir() if p.is_file()] == []


def test_a_file_that_cannot_be_moved_away_is_told_once_and_taken_once(
    desk: App, folder: Path, scan: bytes
) -> None:
    pass_by = watching(desk, folder)
    (folder / "scan.pdf").write_bytes(scan)
    (folder / "done").write_bytes(b"a file where a folder should be")
    (taken,) = pass_by(2)
    assert taken.intake is not None
    assert taken.problem is not None
    assert "done" in str(taken.problem)
    assert pass_by(5) == []


def test_a_full_disk_is_no_fault_of_the_file_which_is_tried_again(
    desk: App, folder: Path, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_by = watching(desk, folder)
    (folder / "scan.pdf").write_bytes(scan)
    with monkeypatch.context() as patch:
        patch.setattr(watch, "take_in", _no_room)
        (taken,) = pass_by(AGAIN_S - 5)
    assert "No space" in str(taken.problem)
    assert (folder / "scan.pdf").exists()
    (taken,) = pass_by(10)
    assert taken.intake is not None


def _no_room(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_that_is_taken_away_meanwhile_ends_nothing(
    desk: App, folder: Path, scan: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    pass_by = watching(desk, folder)
    (folder / "a.pdf").write_bytes(scan)
    real = watch.take_in

    def gone(desk: App, path: Path, **words: Any) -> Any:
        path.unlink()
        return real(desk, path, **words)

    with monkeypatch.context() as patch:
        patch.setattr(watch, "take_in", gone)
        (taken,) = pass_by(2)
    assert taken.problem is not None
    (folder / "b.pdf").write_bytes(scan)
    assert [taken.name for taken in pass_by(2)] == ["b.pdf"]


def test_a_file_is_taken_while_the_command_runs_and_ctrl_c_ends_it(
    desk: App, folder: Path, scan: bytes
) -> None:
    home = desk.settings.home
    child = subprocess.Popen(
        [sys.executable, "-m", "delivery.cli.main", "--home", home, "--lang", "en", "returns", "watch", folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TUXA_PUBLIC_URL": "https://hoctuxa.edu.vn"},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stderr is not None
    assert "Ctrl-C" in child.stderr.readline()
    (folder / "scan.pdf").write_bytes(scan)
    assert "scan.pdf: 1 pages" in child.stdout.readline()
    child.send_signal(signal.SIGINT)
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 0
    assert "Stopped" in said
    assert "Traceback" not in said
    assert [p.relative_to(folder).as_posix() for p in folder.rglob("*.pdf")] == ["done/scan.pdf"]
