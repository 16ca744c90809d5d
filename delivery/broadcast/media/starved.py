"""Whether processes that report nothing stand still, or work, or merely wait for a processor that others use.

ffmpeg reports no progress before each of its outputs has begun, and a sheet of thumbnails begins with its last picture:
a long conversion may be silent for minutes. Conversions also run at low priority, and on a busy machine one may get
next to no processor time for a minute. Neither is a fault of the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_WAITS: Final = 0.5
"""A thread that waited for a processor for so much of the time is starved rather than stuck."""
_WORKS: Final = 0.05
"""Threads that together ran for so much of the time are at work."""

Times = Mapping[str, tuple[int, int]]
"""Thread -> nanoseconds that it ran, and that it was ready to run without running."""


def times(group: int) -> Times:
    """Of each thread of a process group, from Linux's ``/proc/<pid>/task/<tid>/schedstat``; empty elsewhere."""
    found: dict[str, tuple[int, int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) != group:
                continue
            for task in (folder / "task").iterdir():
                ran, waited, *_ = (task / "schedstat").read_text().split()
                found[task.name] = int(ran), int(waited)
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    return found


def alive(before: Times, after: Times, seconds: float) -> bool:
    """Whether the group worked, or wanted to, in the `seconds` between two looks."""
    both = [(before[thread], now) for thread, now in after.items() if thread in before]
    ran = sum(now[0] - then[0] for then, now in both)
    waited = max((now[1] - then[1] for then, now in both), default=0)
    return ran > _WORKS * seconds * 1e9 or waited > _WAITS * seconds * 1e9
