"""A real terminal for tests of the consoles: a tmux session of its own with one console in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

PATIENCE_S: Final = 60.0


class Terminal:
    """A tmux session of its own with one console in it."""

    def __init__(self, folder: Path, command: list[str]) -> None:
        self._socket = str(folder / "tmux")
        self.pressed = 0
        self._run("new-session", "-d", "-x", "80", "-y", "24", *command)
        self._run("set-option", "-g", "remain-on-exit", "on")

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        return done.stdout

    def press(self, *keys: str) -> None:
        """Keys that a person presses; they are counted."""
        self.pressed += len(keys)
        self._run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Text that a person types, or a hand scanner without its Enter; not counted."""
        self._run("send-keys", "-l", text)

    def scan(self, *lines: str) -> None:
        """A hand scanner: it types, and presses Enter."""
        for line in lines:
            self.type(line)
            self._run("send-keys", "Enter")

    def resize(self, width: int, height: int) -> None:
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        return self._run("capture-pane", "-p")

    def sees(self, *texts: str, meanwhile: Callable[[], object] = lambda: None) -> str:
        """Wait until all `texts` stand there; `meanwhile` is what the station goes on with."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            shown = self.screen()
            if all(text in shown for text in texts):
                return shown
            meanwhile()
            time.sleep(0.1)
        pytest.fail(f"{texts} never came:\n{self.screen()}")

    def loses(self, text: str) -> None:
        """Wait until it stands there no more."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if text not in self.screen():
                return
            time.sleep(0.1)
        pytest.fail(f"{text} never went:\n{self.screen()}")

    def close(self) -> None:
        self._run("kill-server")


@contextmanager
def terminal(folder: Path, words: list[str], code: str = "") -> Iterator[Terminal]:
    program = ["-c", code] if code else ["-m", "delivery.cli.main"]
    shown = Terminal(
        folder, ["sh", "-c", '"$@"; echo "ended with $?"; cat', "sh", sys.executable, *program, *words]
    )
    try:
        yield shown
    finally:
        shown.close()
