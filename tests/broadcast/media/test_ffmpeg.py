"""Running ffmpeg: progress, errors in its own words, an end to what hangs, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import ffmpeg as graph
import pytest

from delivery.broadcast.media.ffmpeg import Ffmpeg, Stopped, arguments, find_ffmpeg, run
from delivery.errors import ToolFailed, ToolMissing
from tests.broadcast.media.media_samples import any_ffmpeg, embedded, running_with

__all__ = ["any_ffmpeg"]


def wait_until(holds: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)
    return holds()


def tone(seconds: int) -> list[object]:
    return [graph.output(graph.input(f"sine=d={seconds}", f="lavfi"), "-", f="null")]


def test_global_options_stand_before_the_inputs() -> None:
    argv = arguments(tone(1), Ffmpeg("ffmpeg"))
    assert argv == [
        *[
            "ffmpeg",
            "-hide_banner",
            "-nostdin",
            "-loglevel",
            "warning",
            "-nostats",
            "-progress",
            "pipe:1",
            "-y",
        ],
        *["-f", "lavfi", "-i", "sine=d=1", "-f", "null", "-"],
    ]


def test_progress_reaches_the_end(any_ffmpeg: Ffmpeg) -> None:
    seen: list[float] = []
    run(arguments(tone(3), any_ffmpeg), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(3.0, abs=0.1)


def test_a_failure_carries_ffmpegs_own_words(any_ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    missing = tmp_path / "không có.mp4"
    with pytest.raises(ToolFailed, match="No such file"):
        run(arguments([graph.output(graph.input(str(missing)), "-", f="null")], any_ffmpeg))


def test_a_process_that_does_not_move_is_ended_with_its_group(any_ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    pipe = tmp_path / "never-written"
    os.mkfifo(pipe)
    with pytest.raises(ToolFailed, match="has not moved for"):
        run(arguments([graph.output(graph.input(str(pipe)), "-", f="null")], any_ffmpeg), stall_s=0.4)
    assert not running_with(str(pipe))


def test_work_that_is_called_off_stops_and_leaves_nothing(tmp_path: Path) -> None:
    flag = tmp_path / "stop"
    flag.touch()
    endless = graph.input("sine", f="lavfi", re=None)
    with pytest.raises(Stopped):
        run(
            arguments([graph.output(endless, "-", f="null", metadata=f"title={tmp_path}")], embedded()),
            stop=flag.exists,
        )
    assert not running_with(str(tmp_path))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_ffmpeg_ends_with_a_parent_that_is_killed(any_ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    script = (
        "import sys, ffmpeg as graph\n"
        "from delivery.broadcast.media.ffmpeg import Ffmpeg, arguments, run\n"
        "endless = graph.input('sine', f='lavfi', re=None)\n"
        "run(arguments([graph.output(endless, '-', f='null', metadata=sys.argv[2])], Ffmpeg(sys.argv[1])))\n"
    )
    mark = f"title={tmp_path}"
    parent = subprocess.Popen([sys.executable, "-c", script, any_ffmpeg.path, mark])

    def children() -> list[int]:
        return [pid for pid in running_with(mark) if pid != parent.pid]

    try:
        assert wait_until(lambda: any(_is_ffmpeg(pid, any_ffmpeg) for pid in children()))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert wait_until(lambda: not children())


def _is_ffmpeg(pid: int, ffmpeg: Ffmpeg) -> bool:
    try:
        return os.path.realpath(f"/proc/{pid}/exe") == os.path.realpath(ffmpeg.path)
    except OSError:
        return False


def test_the_setting_chooses_the_program_and_a_wrong_one_is_named() -> None:
    assert find_ffmpeg(sys.executable).path == sys.executable
    with pytest.raises(ToolMissing, match="/nowhere/ffmpeg"):
        find_ffmpeg("/nowhere/ffmpeg")
