"""Who works, or waits for a processor, is told from who stands still."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from delivery.broadcast.media.starved import alive, times

SPIN = (
    "import os, sys; os.sched_setaffinity(0, {int(sys.argv[1])}); os.nice(int(sys.argv[2]))\nwhile True: pass"
)
SLEEP = "import time; time.sleep(60)"


@contextmanager
def process(*words: str) -> Iterator[int]:
    """A process in a group of its own; its number."""
    child = subprocess.Popen([sys.executable, "-c", *words], start_new_session=True)
    try:
        yield child.pid
    finally:
        child.kill()
        child.wait()


def is_alive(group: int) -> bool:
    """Whether the group is alive between two looks."""
    before, begun = times(group), time.monotonic()
    time.sleep(0.5)
    return alive(before, times(group), time.monotonic() - begun)


def comes_alive(group: int) -> bool:
    """The same, once it has begun to run."""
    return any(is_alive(group) for _ in range(40))


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")
def test_a_process_that_others_keep_from_running_is_starved() -> None:
    core = str(min(os.sched_getaffinity(0)))
    with process(SPIN, core, "0"), process(SPIN, core, "15") as last:
        assert comes_alive(last)


def test_a_process_that_works_without_a_word_is_alive() -> None:
    with process("while True: pass") as group:
        assert comes_alive(group)


def test_a_process_that_sleeps_is_not() -> None:
    with process(SLEEP) as group:
        assert not all(is_alive(group) for _ in range(20))  # it is, while it starts
    assert times(group) == {}
