"""Who waits for a processor is told from who stands still."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from delivery.broadcast.media.starved import starved, waits

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


def watched(group: int) -> bool:
    """Whether the group is starved between two looks; looks until it has begun to run."""
    for _ in range(50):
        before, begun = waits(group), time.monotonic()
        time.sleep(0.4)
        if starved(before, waits(group), time.monotonic() - begun):
            return True
    return False


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs Linux")
def test_a_process_that_others_keep_from_running_is_starved() -> None:
    core = str(min(os.sched_getaffinity(0)))
    with process(SPIN, core, "0"), process(SPIN, core, "15") as last:
        assert watched(last)


def test_a_process_that_sleeps_is_not() -> None:
    with process(SLEEP) as group:
        before, begun = waits(group), time.monotonic()
        time.sleep(0.5)
        assert not starved(before, waits(group), time.monotonic() - begun)
    assert waits(group) == {}
