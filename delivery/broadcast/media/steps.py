"""What is finished in a working folder, so that a job that was killed goes on instead of encoding again.

A working folder belongs to one asset id, that is to one source under one profile version. A step is finished when its
mark lies there, and the mark fits the files: it is written last, under a temporary name, then renamed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SUFFIX = ".step"


@dataclass(slots=True)
class Steps:
    """The steps of one working folder. `key` names what else their results depend on, such as the program used."""

    folder: Path
    key: str
    reused: set[str] = field(default_factory=set)
    """Steps that were found finished."""

    def told(self, step: str) -> Mapping[str, Any] | None:
        """What `step` said when it was finished; None when it must be done (again)."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            mark = json.loads(self._mark(step).read_text(encoding="utf-8"))
            whole = all((self.folder / name).stat().st_size == size for name, size in mark["files"].items())
            if mark["key"] == self.key and whole:
                self.reused.add(step)
                told: Mapping[str, Any] = mark["told"]
                return told
        return None

    def finish(self, step: str, told: Mapping[str, Any], *, files: Iterable[Path] = ()) -> None:
        """Note that `step` is done and has written `files` (inside the folder)."""
        sizes = {str(file.relative_to(self.folder)): file.stat().st_size for file in files}
        mark = self._mark(step)
        part = mark.with_suffix(".part")
        part.write_text(json.dumps({"key": self.key, "told": dict(told), "files": sizes}), encoding="utf-8")
        part.replace(mark)

    def forget(self) -> None:
        """Every step must be done again."""
        self.reused.clear()
        for mark in self.folder.glob(f"*{_SUFFIX}"):
            mark.unlink(missing_ok=True)

    def _mark(self, step: str) -> Path:
        return self.folder / f"{step}{_SUFFIX}"
