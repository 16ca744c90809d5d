"""Progress of a batch of files, on standard error: bars on a terminal, lines elsewhere, JSON lines for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from delivery.cli.context import note
from delivery.clock import Clock
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.units import hours_minutes

_PLAIN_SHARE = 0.1
_JSON_SHARE = 0.01
_TOLD_AFTER = 0.02
"""Below this share of the work, nobody can say how long the rest takes."""


class Form(StrEnum):
    """How progress is shown."""

    AUTO = "auto"
    JSON = "json"
    NONE = "none"


class Show(Protocol):
    """Something that shows how far a batch is."""

    def __call__(self, batch: Batch, file: str, step: str) -> None: ...


@dataclass(slots=True)
class Batch:
    """How far each file is, and all of them together, by size: a long recording takes longer than a short one."""

    sizes: dict[str, int]
    clock: Clock
    show: Show
    fractions: dict[str, float] = field(default_factory=dict)
    _begun_at: float = 0.0

    def __post_init__(self) -> None:
        self._begun_at = self.clock.monotonic()

    @property
    def overall(self) -> float:
        """Fraction of the whole work that is done."""
        whole = sum(self.sizes.values())
        done = sum(self.sizes[file] * fraction for file, fraction in self.fractions.items())
        return min(1.0, done / whole) if whole else 1.0

    @property
    def left_s(self) -> float | None:
        """Seconds that are left at this pace; None while that cannot be said."""
        done = self.overall
        if done < _TOLD_AFTER:
            return None
        return (self.clock.monotonic() - self._begun_at) * (1 - done) / done

    def tell(self, file: str, fraction: float, step: str) -> None:
        """A file has come this far; `step` is a message id, or a verdict at the end."""
        self.fractions[file] = max(fraction, self.fractions.get(file, 0.0))
        self.show(self, file, step)


@contextmanager
def batch_of(files: Sequence[Path], form: Form, *, words: Translator, clock: Clock) -> Iterator[Batch]:
    """Progress over `files` in the wanted form."""
    sizes = {str(file): _size(file) for file in files}
    if form is Form.JSON:
        yield Batch(sizes, clock, _JsonLines(words))
    elif form is Form.NONE:
        yield Batch(sizes, clock, _nothing)
    elif sys.stderr.isatty():
        with _bars(sizes, words) as show:
            yield Batch(sizes, clock, show)
    else:
        yield Batch(sizes, clock, _PlainLines(words))


def _size(file: Path) -> int:
    try:
        return max(1, file.stat().st_size)
    except OSError:
        return 1


def _nothing(batch: Batch, file: str, step: str) -> None:
    """Show nothing."""


@dataclass(slots=True)
class _JsonLines:
    words: Translator
    _told: dict[str, tuple[float, str]] = field(default_factory=dict)

    def __call__(self, batch: Batch, file: str, step: str) -> None:
        fraction = batch.fractions[file]
        before, step_before = self._told.get(file, (-1.0, ""))
        if step == step_before and fraction - before < _JSON_SHARE:
            return
        self._told[file] = (fraction, step)
        left_s = batch.left_s
        line = {
            "file": file,
            "fraction": round(fraction, 3),
            "step": self.words(step),
            "overall": round(batch.overall, 3),
            "left_s": None if left_s is None else round(left_s, 1),
        }
        note(json.dumps(line, ensure_ascii=False))


@dataclass(slots=True)
class _PlainLines:
    """One line for each tenth of the whole."""

    words: Translator
    _told: int = -1

    def __call__(self, batch: Batch, file: str, step: str) -> None:
        tenth = int(batch.overall / _PLAIN_SHARE)
        if tenth == self._told:
            return
        self._told = tenth
        left_s = batch.left_s
        if left_s is None:
            note(self.words(N_("Converting: {share}"), share=f"{batch.overall:.0%}"))
        else:
            note(
                self.words(
                    N_("Converting: {share}, {left} left"),
                    share=f"{batch.overall:.0%}",
                    left=hours_minutes(left_s),
                )
            )


@contextmanager
def _bars(sizes: dict[str, int], words: Translator) -> Iterator[Show]:
    """A bar for each file that is being worked on, and one for all with the time that is left."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[told]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as shown:
        whole = shown.add_task(words(N_("All files")), total=1.0, told="") if len(sizes) > 1 else None
        tasks = {}

        def show(batch: Batch, file: str, step: str) -> None:
            if file not in tasks:
                tasks[file] = shown.add_task(Path(file).name, total=1.0, told="")
            left_s = batch.left_s
            left = words(N_("{left} left"), left=hours_minutes(left_s)) if left_s is not None else ""
            done = batch.fractions[file]
            told = words(step) if whole is not None or done >= 1 else f"{words(step)}  {left}"
            shown.update(tasks[file], completed=done, told=told)
            if whole is not None:
                shown.update(whole, completed=batch.overall, told=left if batch.overall < 1 else "")

        yield show
