"""The only module that runs ffmpeg.

ffmpeg-python builds the graph and the argument list; running is done here: a process group of its own, low priority,
progress from ``-progress``, an end to processes that stop moving, the whole group killed, standard error kept.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Self

import ffmpeg as graph

from delivery.broadcast.media.starved import starved, waits
from delivery.clock import Clock, SystemClock
from delivery.errors import N_, ExitCode, ToolFailed, ToolMissing, TuxaError

STALL_S: Final = 60.0
"""A process that reports no movement for this long is ended: the slowest healthy step reports twice a second."""
_LOOK_S: Final = 3.0
"""Between two looks at what does not move."""
NICENESS: Final = 10
"""Playout runs at 0 and is never starved by batch work."""
_STDERR_KEPT: Final = 256 * 1024
_POLL_S: Final = 0.25
_PIPE_BYTES: Final = 1 << 18
"""Room in a tap: enough that ffmpeg seldom waits, and little beside the sound of a second."""

# What the child runs before it becomes ffmpeg: lower its priority, and on Linux ask the kernel to end it together with
# its parent, which a process cannot do for a parent that was killed. Done in the child by an exec, because code
# between fork and exec is not safe in a process with threads.
_LEASH: Final = """
import os, sys
os.nice(int(sys.argv[1]))
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
if os.getppid() != int(sys.argv[2]):
    os._exit(137)
os.execv(sys.argv[3], sys.argv[3:])
"""

Progress = Callable[[float], None]
"""Called with the seconds of media that are done."""


class Stopped(TuxaError):
    """The work was called off before it was finished; nothing of it was stored."""

    exit_code = ExitCode.INTERRUPTED


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """Which ffmpeg to run."""

    path: str


class Tap:
    """A pipe into which ffmpeg writes, beside everything else, during one call of :func:`run`. A context manager."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        """`take` is called with each piece as it comes, of any size."""
        self.take = take
        self.reading, self.writing = os.pipe()
        self._open = {self.reading, self.writing}
        if resize := getattr(fcntl, "F_SETPIPE_SZ", None):  # Linux
            with suppress(OSError):
                fcntl.fcntl(self.writing, resize, _PIPE_BYTES)

    @property
    def url(self) -> str:
        """What to name as the output."""
        return f"pipe:{self.writing}"

    def close(self, end: int) -> None:
        """Close one end. Once only: its number may be another file's by then."""
        if end in self._open:
            self._open.discard(end)
            os.close(end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(self.writing)
        self.close(self.reading)


def find_ffmpeg(setting: str = "") -> Ffmpeg:
    """The ffmpeg named by the setting ``ffmpeg`` (environment ``TUXA_FFMPEG``), else the embedded one.

    Raises ToolMissing when it is not there.
    """
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise ToolMissing(
                N_("The ffmpeg that the settings name is not there: {path}"),
                do=N_("Correct the setting “ffmpeg” (or TUXA_FFMPEG), or remove it to use the embedded one."),
                path=setting,
            )
        return Ffmpeg(found)
    return Ffmpeg(_embedded())


@cache
def _embedded() -> str:
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise ToolMissing(
            N_("There is no ffmpeg for this machine in the package imageio-ffmpeg."),
            do=N_("Install ffmpeg, and name it in the setting “ffmpeg” (or TUXA_FFMPEG)."),
        ) from error


def require_filters(ffmpeg: Ffmpeg, *names: str) -> None:
    """Raises ToolMissing when this ffmpeg was built without one of the filters."""
    lacking = [name for name in names if name not in _filters(ffmpeg.path)]
    if lacking:
        raise ToolMissing(
            N_("The ffmpeg at {path} cannot convert this recording: it lacks {filters}."),
            do=N_("Use the embedded ffmpeg (remove the setting “ffmpeg”), or one with these filters."),
            path=ffmpeg.path,
            filters=", ".join(lacking),
        )


@cache
def _filters(path: str) -> frozenset[str]:
    """Names of the filters that this ffmpeg has."""
    told = subprocess.run(
        [path, "-hide_banner", "-filters"], capture_output=True, text=True, check=False, timeout=STALL_S
    )
    return frozenset(line.split()[1] for line in told.stdout.splitlines() if len(line.split()) > 2)


def arguments(outputs: Sequence[Any], ffmpeg: Ffmpeg, *, level: str = "warning") -> list[str]:
    """The command line for these ffmpeg-python outputs. Existing output files are overwritten."""
    command = [ffmpeg.path, "-hide_banner", "-nostdin", "-loglevel", level, "-nostats", "-progress", "pipe:1"]
    stream = outputs[0] if len(outputs) == 1 else graph.merge_outputs(*outputs)
    compiled: list[str] = graph.compile(stream, cmd=[*command, "-y"])
    return compiled


def run(
    argv: Sequence[str],
    *,
    progress: Progress | None = None,
    stall_s: float = STALL_S,
    stop: Callable[[], bool] | None = None,
    clock: Clock | None = None,
    taps: Sequence[Tap] = (),
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Run one ffmpeg command line to its end and return what it wrote to standard error (its end, where it is long).

    `taps` are read as ffmpeg writes them, and `on_line` hears each line of standard error when it comes.

    Raises ToolFailed with ffmpeg's own last words when it ends with an error or stops moving for `stall_s` seconds,
    and Stopped soon after `stop` says so. Whatever ends this call, no process of the group is left.
    """
    clock = clock or SystemClock()
    leash = [sys.executable, "-I", "-S", "-c", _LEASH, str(NICENESS), str(os.getpid())]
    process = subprocess.Popen(
        [*leash, *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        pass_fds=[each.writing for each in taps],
    )
    watch = _Watch(progress, clock, on_line)
    try:
        for each in taps:
            each.close(each.writing)  # so that ffmpeg's end of it is the last one
        _listen(process, watch, taps, stall_s=stall_s, stop=stop)
        code = process.wait()
    finally:
        _end_group(process)
    if code != 0:
        raise ToolFailed(
            N_("ffmpeg ended with code {code}: {words}"),
            do=N_(
                "Check that the file plays and that the disk has free space, then run the same command again."
            ),
            code=code,
            words=last_words(watch.stderr),
        )
    return watch.stderr


def last_words(stderr: str, lines: int = 3) -> str:
    """The last lines that say something."""
    told = [line.strip() for line in stderr.splitlines() if line.strip()]
    return " | ".join(told[-lines:]) or "-"


class _Watch:
    """Reads progress blocks and keeps the tail of standard error."""

    def __init__(
        self, progress: Progress | None, clock: Clock, on_line: Callable[[str], None] | None = None
    ) -> None:
        self._progress = progress
        self._on_line = on_line
        self._begun_line = b""
        self._clock = clock
        self._rest = b""
        self._kept = b""
        self._seen: dict[bytes, bytes] = {}
        self._moved_at = clock.monotonic()
        self._suspected: tuple[float, Mapping[str, int]] | None = None

    @property
    def stalled_for(self) -> float:
        """Seconds since the last movement."""
        return self._clock.monotonic() - self._moved_at

    @property
    def stderr(self) -> str:
        return self._kept.decode(errors="replace")

    def stands_still(self, group: int, patience_s: float) -> bool:
        """Whether nothing has moved for `patience_s`, and that not for want of a processor.

        Looked at twice, some seconds apart: in between, a process that is stuck does not ask for a processor.
        """
        if self.stalled_for <= patience_s:
            self._suspected = None
            return False
        now = self._clock.monotonic()
        if self._suspected is None:
            self._suspected = now, waits(group)
            return False
        since, before = self._suspected
        if now - since < min(_LOOK_S, patience_s):
            return False
        self._suspected = None
        if starved(before, waits(group), now - since):
            self._moved_at = now
            return False
        return True

    def hear(self, data: bytes) -> None:
        self._kept = (self._kept + data)[-_STDERR_KEPT:]
        if self._on_line:
            *lines, self._begun_line = (self._begun_line + data).split(b"\n")
            for line in lines:
                self._on_line(line.decode(errors="replace"))

    def read(self, data: bytes) -> None:
        """Take a piece of ``key=value`` lines. Movement is a value that differs: a stuck process repeats itself."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            key, _, value = line.strip().partition(b"=")
            if key not in (b"frame", b"out_time_us", b"total_size") or self._seen.get(key) == value:
                continue
            self._seen[key] = value
            self._moved_at = self._clock.monotonic()
            if key == b"out_time_us" and self._progress and value.isdigit():
                self._progress(int(value) / 1e6)


def _listen(
    process: subprocess.Popen[bytes],
    watch: _Watch,
    taps: Sequence[Tap],
    *,
    stall_s: float,
    stop: Callable[[], bool] | None,
) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    with selectors.DefaultSelector() as selector, process.stdout as out, process.stderr as err:
        selector.register(out, selectors.EVENT_READ, watch.read)
        selector.register(err, selectors.EVENT_READ, watch.hear)
        for each in taps:
            selector.register(each.reading, selectors.EVENT_READ, each.take)
        while selector.get_map():
            for key, _ in selector.select(_POLL_S):
                pipe = key.fileobj
                data = os.read(key.fd, _PIPE_BYTES)
                key.data(data)
                if not data:
                    selector.unregister(pipe)
            if stop and stop():
                raise Stopped(
                    N_("The conversion was called off."), do=N_("Run the same command again to continue.")
                )
            if watch.stands_still(process.pid, stall_s):
                raise ToolFailed(
                    N_("ffmpeg has not moved for {seconds} s and was ended: {words}"),
                    do=N_(
                        "Check that the file plays and that its disk answers, then run the same command again."
                    ),
                    seconds=round(stall_s),
                    words=last_words(watch.stderr),
                )


def _end_group(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
