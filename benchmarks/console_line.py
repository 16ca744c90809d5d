"""Both consoles behind a slow line: bytes for each key and while nobody presses one, and a burst that is typed ahead.

What the terminal and the console say reaches the other side 300 ms later, as over ssh to a distant campus. Beside each
figure stands the same with Textual's own driver, which sends every paint whole. With a key comes what the clocks paint
in the second and a half until the next one::

    .venv/bin/python -m benchmarks.console_line

It takes two minutes.
"""

from __future__ import annotations

import fcntl
import os
import pty
import queue
import struct
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import Any

import structlog

from delivery.clock import SystemClock
from delivery.i18n import Translator
from tests.tui.clerk.office import Office
from tests.tui.day import written_day
from tests.tui.studio import Studio
from tui.clerk.app import ClerkConsole
from tui.shared.app import ConsoleApp
from tui.technician.app import TechnicianConsole

DELAY_S = 0.3
IDLE_S = 8.0
KEYS = {
    "technician": {"down": "\x1b[B", "2": "2", "right": "\x1b[C", "1": "1", "s": "s", "Esc": "\x1b"},
    "clerk": {"down": "\x1b[B", "t": "t", "Esc": "\x1b", "2": "2", "a letter": "T", "Backspace": "\x7f"},
}
BURSTS = {
    # Ingest, three down, approve, and the whole form, in one go.
    "technician": "3\x1b[B\x1b[B\x1b[ByBB7\rTD01\rQD9\rQL01\r",
    "clerk": "\x1bORTX1ABC\rRR473124829VN\rTX1ABD\rRR123456785VN\r",
}
ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[?2048$p": b"\x1b[?2048;0$y"}
"""What a terminal says when it is asked for synchronized output and for its size in band."""


class Line:
    """A terminal of 80 x 24 with a console in it, behind a line that delays either way."""

    def __init__(self, *words: str) -> None:
        self.pid, self._end = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", LC_ALL="C.UTF-8")
            os.execv(sys.executable, [sys.executable, "-m", "benchmarks.console_line", *words])
        fcntl.ioctl(self._end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.received = 0
        self._sent: queue.Queue[tuple[float, bytes]] = queue.Queue()
        for work in (self._read, self._write):
            threading.Thread(target=work, daemon=True).start()

    def send(self, text: str | bytes, *, after_s: float = DELAY_S) -> None:
        self._sent.put((time.monotonic() + after_s, text.encode() if isinstance(text, str) else text))

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._end, 65536)
            except OSError:
                return
            self.received += len(data)
            for asked, answer in ANSWERS.items():
                if asked in data:
                    self.send(answer, after_s=2 * DELAY_S)

    def _write(self) -> None:
        while True:
            at, data = self._sent.get()
            time.sleep(max(at - time.monotonic(), 0))
            os.write(self._end, data)


def main() -> None:
    if len(sys.argv) > 1:
        _console(*sys.argv[1:])
        return
    for name in KEYS:
        print(f"{name}, bytes: ours, Textual's own driver, ratio")
        found = {driver: _measure(name, driver) for driver in ("sparing", "usual")}
        for what, ours in found["sparing"][0].items():
            usual = found["usual"][0][what]
            print(f"  {what:<22} {ours:>8,.0f} {usual:>8,.0f} {ours / max(usual, 1):>6.2f}")
        for driver, (_, given) in found.items():
            print(f"  a burst typed ahead, {driver}: {given}")


def _measure(name: str, driver: str) -> tuple[dict[str, float], str]:
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "given"
        line = Line(name, driver, folder)
        time.sleep(8)
        found = {"the first screen": float(line.received)}
        before = line.received
        time.sleep(IDLE_S)
        found["a second without keys"] = (line.received - before) / IDLE_S
        for key, text in KEYS[name].items():
            before = line.received
            line.send(text)
            time.sleep(DELAY_S + 1.2)
            found[key] = line.received - before
        line.send(BURSTS[name])
        time.sleep(6)
        line.send("\x11")
        os.waitpid(line.pid, 0)
        return found, told.read_text()


def _console(name: str, driver: str, folder: str) -> None:
    with Path(os.devnull).open("w") as nowhere:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        source: Any = written_day(Studio(Path(folder))) if name == "technician" else Office(Path(folder))
        source.now_us = None
        source.station.start()
        kind: type[ConsoleApp] = TechnicianConsole if name == "technician" else ClerkConsole
        app = kind(source.station.client(name), clock=SystemClock(), words=Translator("vi"), actor=name)
        if driver == "usual":
            app.driver_class = app.driver_class.__mro__[1]
        app.run()
        source.station.stop()
    (Path(folder) / "given").write_text("; ".join(given[0] for given in source.given), encoding="utf-8")


if __name__ == "__main__":
    main()
