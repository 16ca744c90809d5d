"""The command that runs a station: Ctrl-C, SIGTERM and kill -9 all leave no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.test_cycle import free_port, wait_for
from tests.support.home import make_app

pytestmark = pytest.mark.timeout(120)


def processes_naming(text: str) -> list[int]:
    """Live processes whose command line contains `text`."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                words = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in words:
                found.append(int(folder.name))
    return found


@contextmanager
def running(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """A station in a process of its own, as a terminal would start it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "up", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if "Ctrl-C" in line:
                break
        assert len(processes_naming(str(home))) >= 3
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    make_app(tmp_path / "home").close()
    return tmp_path / "home"


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (lambda process: process.terminate(), 0),
        (lambda process: process.kill(), -signal.SIGKILL),
    ],
    ids=["sigterm", "kill-9"],
)
def test_the_station_ends_and_leaves_no_process(
    home: Path, end: Callable[[subprocess.Popen[str]], None], code: int
) -> None:
    with running(home, free_port()) as process:
        end(process)
        assert process.wait(timeout=10) == code
        wait_for(lambda: not processes_naming(str(home)), seconds=10)


def test_a_second_station_on_the_same_home_is_refused_and_ctrl_c_ends_the_first(home: Path) -> None:
    with running(home, free_port()) as first:
        command = [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "--lang", "en", "up"]
        second = subprocess.run(
            [*command, "--port", str(free_port())], capture_output=True, text=True, timeout=30, check=False
        )
        assert second.returncode == 1
        assert "already running" in second.stderr
        os.killpg(first.pid, signal.SIGINT)
        assert first.wait(timeout=10) == 0
        wait_for(lambda: not processes_naming(str(home)), seconds=10)


def test_a_taken_port_is_named_with_what_to_do(home: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "delivery.cli.main", "--home", str(home), "--lang", "en", "up"]
        done = subprocess.run(
            [*command, "--port", str(port)], capture_output=True, text=True, timeout=30, check=False
        )
    assert done.returncode == 1
    assert f"Port {port}" in done.stderr
    assert "--port" in done.stderr
