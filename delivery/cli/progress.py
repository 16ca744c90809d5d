"""Progress of long work, on standard error: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer

from delivery.cli.context import note

_PLAIN_STEPS = 10


@contextmanager
def bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A function that takes (done, total), to be called as often as one likes."""
    if not sys.stderr.isatty():
        yield _plain(label)
        return
    with typer.progressbar(length=1, label=label, file=sys.stderr) as shown:

        def show(done: int, total: int) -> None:
            shown.length = max(total, 1)
            shown.update(done - shown.pos)

        yield show


def _plain(label: str) -> Callable[[int, int], None]:
    """One line per tenth of the work."""
    last = -1

    def show(done: int, total: int) -> None:
        nonlocal last
        step = done * _PLAIN_STEPS // total if total else _PLAIN_STEPS
        if step != last:
            last = step
            note(f"{label}: {done}/{total}")

    return show
