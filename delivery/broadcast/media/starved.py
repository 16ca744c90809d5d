"""Whether processes that do not move stand still, or merely wait for a processor that others use.

Conversions run at the lowest priority. On a busy machine one may get next to no processor time for a minute, which is
no fault of the recording.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_SHARE: Final = 0.5
"""A thread that waited for a processor for so much of the time is starved rather than stuck."""


def waits(group: int) -> Mapping[str, int]:
    """For each thread of a process group, the nanoseconds that it has spent ready to run without running.

    From Linux's ``/proc/<pid>/task/<tid>/schedstat``; empty where there is no such thing.
    """
    found: dict[str, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[2]) != group:
                continue
            for task in (folder / "task").iterdir():
                found[task.name] = int((task / "schedstat").read_text().split()[1])
        except (OSError, ValueError, IndexError):
            continue  # it has ended meanwhile
    return found


def starved(before: Mapping[str, int], after: Mapping[str, int], seconds: float) -> bool:
    """Whether one of the threads has waited for a processor most of the `seconds` between two looks."""
    longest = max(
        (waited - before[thread] for thread, waited in after.items() if thread in before), default=0
    )
    return longest > _SHARE * seconds * 1e9
