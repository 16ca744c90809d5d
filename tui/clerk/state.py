"""What every section of the clerk's console shows, kept in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tui.clerk.returns_state import Task, read_task
from tui.shared.values import int_of, text_of


@dataclass
class State:
    """Counts of returned sheets, and the long work under way."""

    waiting: int = 0
    readings: int = 0
    unopened: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    folder_path: str = ""
    folder_files: int = 0
    scanning: Task | None = None
    printing: Task | None = None

    def take_returns(self, result: Any) -> None:
        """What ``returns.status`` answered."""
        if not isinstance(result, dict):
            return
        self.waiting = int_of(result, "waiting")
        self.readings = int_of(result, "readings")
        self.unopened = int_of(result, "unopened")
        totals = result.get("totals")
        self.totals = {name: int_of(totals, name) for name in totals} if isinstance(totals, dict) else {}
        folder = result.get("folder")
        self.folder_path, self.folder_files = text_of(folder, "path"), int_of(folder, "files")
        self.scanning = newer(self.scanning, read_task(result.get("task")))


def newer(known: Task | None, told: Task | None) -> Task | None:
    """Of two reports on the same kind of work, the one that is further: answers and events may cross."""
    if known is None or told is None:
        return told or known
    if told.number != known.number:
        return told if told.number > known.number or not told.number else known
    if not known.is_running and told.is_running:
        return known
    return known if told.is_running and told.done < known.done and told.detail == known.detail else told
