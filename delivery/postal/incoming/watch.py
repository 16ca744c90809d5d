"""Watches the folder that a scanner writes into, and takes in each file once it is whole.

The folder is looked at four times a second: that works on any file system, also on network shares, where no notice
comes of what another machine writes. A file is taken when its size and time have stood still for a second, nobody on
this machine has it open for writing, and its end is there; a scanner that pauses between pages therefore keeps it. What
was taken in goes to ``done/``, what could not be to ``failed/`` beside a text that says why. The folder is the whole
state, so a watch that was killed goes on where it was.
"""

from __future__ import annotations

import contextlib
import fcntl
import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from pathlib import Path

from delivery.errors import N_, BadInput, Refused, TuxaError
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.scanfile import has_its_end, shown_name, warm_up
from delivery.postal.parts import Desk
from delivery.store.files import sync_folder, write_whole

EVERY_S = 0.25
STILL_S = 1.0
AGAIN_S = 60.0
"""After which a file is tried again that could not be taken in though nothing is wrong with it."""
PATIENCE_S = 120.0
"""How long a file may stand still without an end before it counts as broken: longer than a scanner warms up."""
DONE, FAILED = "done", "failed"
TAKEN = frozenset(
    {".pdf", ".tif", ".tiff", ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".heic", ".heif", ".hif"}
)
_OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
"""What other machines leave in shared folders for themselves."""
_MOST_BYTES = 255
_F_SETLEASE = getattr(fcntl, "F_SETLEASE", None)


@dataclass(frozen=True, slots=True)
class Taken:
    """A file that was dealt with: taken in, or why not; or taken in and not moved away."""

    name: str
    moved_to: Path
    """Where it lies now."""
    intake: Intake | None = None
    problem: TuxaError | None = None


@dataclass(slots=True)
class _Seen:
    """How a file looked when it was looked at last, and since when."""

    size: int
    changed_ns: int
    since: float


class _Stopped(Exception):
    """Somebody wants to stop while a file is taken in. It stays where it is, and is gone on with."""


class FolderWatch:
    """One watched folder. `wait` sleeps for so many seconds (or none) and says whether to go on."""

    def __init__(
        self,
        desk: Desk,
        folder: Path,
        *,
        actor: str,
        wait: Callable[[float], bool],
        patience: float = PATIENCE_S,
        on_progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        if not folder.is_dir():
            raise BadInput(
                N_("The folder {folder} is not there."),
                do=N_("Make it, and let the scanner write into it."),
                folder=str(folder),
            )
        self._desk = desk
        self._folder = folder
        self._actor = actor
        self._wait = wait
        self._patience = patience
        self._on_progress = on_progress
        self._seen: dict[str, _Seen] = {}
        self._left: dict[str, tuple[int, int]] = {}
        """Files that were dealt with and cannot be moved away, with size and time: they are not taken again."""
        self._later: dict[str, float] = {}
        """Files that could not be dealt with for reasons of their surroundings, and when to try again."""
        self._others: dict[str, float] = {}
        """Files of other kinds, since when they lie there; infinite once that was told."""
        self._away = False
        """Whether the folder itself is away, and that was told."""
        self._workers: Executor | None = None

    def run(self) -> Iterator[Taken]:
        """Deal with files as they come, until `wait` says to stop; a file that is being taken in is gone on with the
        next time."""
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    if self._workers is None:
                        # Kept for all files that come: to start a worker takes longer than to read a page.
                        self._workers = stack.enter_context(self._desk.executor())
                        self._workers.submit(warm_up)
                    yield from self.look()
                except _Stopped:
                    return
                if not self._wait(EVERY_S):
                    return

    @property
    def pending(self) -> bool:
        """Whether files lie there that wait for their turn or their end."""
        try:
            files = self._files()
        except OSError:
            return False  # The folder is away: look() has told so.
        return any(name not in self._left and name not in self._later for name in files)

    def look(self) -> Iterator[Taken]:
        """Deal with what is ready now. A folder that is away, as network shares are for a while, is told once."""
        try:
            files = self._files()
        except OSError as error:
            if not self._away:
                self._away = True
                yield Taken(shown_name(self._folder), self._folder, problem=_away(self._folder, error))
            return
        self._away = False
        self._seen = {name: seen for name, seen in self._seen.items() if name in files}
        for name, path in sorted(files.items()):
            ready = self._ready(name, path)
            if ready:
                yield self._take(path, ready)
        yield from self._tell_of_others()

    def _tell_of_others(self) -> Iterator[Taken]:
        """A file of another kind is told once, when it has lain there for long: a scanner may write under a name of its
        own, and give the right one at the end."""
        now = self._desk.clock.monotonic()
        for name, since in self._others.items():
            if now - since >= self._patience:
                self._others[name] = math.inf
                path = self._folder / name
                yield Taken(shown_name(path), path, problem=_of_no_kind(path))

    def _files(self) -> dict[str, Path]:
        found, others, now = {}, {}, self._desk.clock.monotonic()
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.startswith((".", "~")) or not _is_file(entry):
                    continue
                if Path(entry.name).suffix.lower() in TAKEN:
                    found[entry.name] = Path(entry.path)
                elif entry.name.lower() not in _OF_SYSTEMS:
                    others[entry.name] = self._others.get(entry.name, now)
        self._others = others
        return found

    def _ready(self, name: str, path: Path) -> str:
        """``whole``, ``broken``, or nothing while it may still be written."""
        now = self._desk.clock.monotonic()
        try:
            state = path.stat()
        except OSError:
            return ""  # it went away again
        if self._left.get(name) == (state.st_size, state.st_mtime_ns) or now < self._later.get(name, now):
            return ""
        seen = self._seen.get(name)
        if seen is None or (seen.size, seen.changed_ns) != (state.st_size, state.st_mtime_ns):
            self._seen[name] = _Seen(state.st_size, state.st_mtime_ns, now)
            return ""
        still = now - seen.since
        if still < STILL_S or (state.st_size == 0 and still < self._patience) or is_being_written(path):
            return ""
        if has_its_end(path) is not False:
            # Of a kind without an end mark, opening it will tell.
            return "whole"
        return "broken" if still >= self._patience else ""

    def _take(self, path: Path, ready: str) -> Taken:
        self._seen.pop(path.name, None)
        self._later.pop(path.name, None)
        try:
            if ready == "broken":
                raise BadInput(
                    N_("The file {file} has no end: the scanner did not finish it."),
                    do=N_("Scan the pile again."),
                    file=shown_name(path),
                )
            intake = take_in(
                self._desk,
                path,
                actor=self._actor,
                progress=self._progress(shown_name(path)),
                executor=self._workers,
            )
        except BadInput as problem:
            if isinstance(problem.__cause__, BrokenExecutor):
                self._workers = None  # the next file gets new ones
            return self._put_away(path, FAILED, None, problem)
        except (TuxaError, OSError) as error:
            # A full disk, a database that is away: nothing is wrong with the file.
            self._later[path.name] = self._desk.clock.monotonic() + AGAIN_S
            return Taken(shown_name(path), path, problem=_waits(path, error))
        return self._put_away(path, DONE, intake, None)

    def _put_away(self, path: Path, where: str, intake: Intake | None, problem: TuxaError | None) -> Taken:
        """Move a file that was dealt with. One that cannot be moved stays, is told, and is left alone from then on."""
        name = shown_name(path)
        try:
            target = self._move(path, where)
            if problem is not None:
                reason = self._desk.translate.error(problem)
                write_whole(target.with_name(_fitting(target.name, ".txt")), f"{reason}\n".encode())
        except FileNotFoundError:
            return Taken(name, path, intake, problem)  # somebody else took it away
        except OSError as error:
            with contextlib.suppress(OSError):
                state = path.stat()
                self._left[path.name] = (state.st_size, state.st_mtime_ns)
            stays = Refused(
                N_("The file {file} cannot be moved to {folder}: {reason}"),
                do=N_("It was dealt with. Move it yourself, and give the right to write there."),
                file=name,
                folder=where,
                reason=error.strerror or str(error),
            )
            return Taken(name, path, intake, problem or stays)
        return Taken(name, target, intake, problem)

    def _progress(self, name: str) -> Callable[[int, int], None]:
        def tell(done: int, total: int) -> None:
            if self._on_progress is not None:
                self._on_progress(name, done, total)
            if done < total and not self._wait(0):
                raise _Stopped

        return tell

    def _move(self, path: Path, where: str) -> Path:
        """Into a folder beside, under a name that nothing has there."""
        folder = self._folder / where
        folder.mkdir(exist_ok=True)
        number, target = 1, folder / path.name
        while target.exists():
            number += 1
            target = folder / _fitting(path.stem, f"-{number}{path.suffix}")
        path.rename(target)
        sync_folder(folder)
        sync_folder(self._folder)
        return target


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether something that lies in the folder is a file; a link that leads nowhere, or to itself, is none."""
    try:
        return entry.is_file()
    except OSError:
        return False


def _away(folder: Path, error: OSError) -> Refused:
    return Refused(
        N_("The folder {folder} cannot be looked into: {reason}"),
        do=N_("Nothing is lost, and it is tried again. Bring the folder or the network share back."),
        folder=str(folder),
        reason=error.strerror or str(error),
    )


def _of_no_kind(path: Path) -> BadInput:
    return BadInput(
        N_("The file {file} is of a kind that is not taken in; it stays where it is."),
        do=N_("Let the scanner save PDF, TIFF, JPEG, PNG or HEIC."),
        file=shown_name(path),
    )


def _waits(path: Path, error: TuxaError | OSError) -> Refused:
    return Refused(
        N_("The file {file} waits, and is tried again: {reason}"),
        do=N_("Free space on the disk, or see “tuxa doctor”. What was taken in of it is kept."),
        file=shown_name(path),
        reason=error.what if isinstance(error, TuxaError) else error.strerror or str(error),
    )


def _fitting(name: str, end: str) -> str:
    """A file name with this end, cut so that file systems take it (255 bytes)."""
    most = _MOST_BYTES - len(os.fsencode(end))
    cut = os.fsencode(name)[:most]
    # Whole letters only; bytes that are no text stay as they are.
    kept = cut if len(cut) < most else cut.decode("utf-8", "ignore").encode() or cut
    return os.fsdecode(kept) + end


def is_being_written(path: Path) -> bool:
    """Whether a program on this machine has a file open for writing, as far as the system tells (Linux leases)."""
    if _F_SETLEASE is None:
        return False
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return True
    try:
        fcntl.fcntl(handle, _F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return False  # a file system or an owner for which leases are not given
    else:
        with contextlib.suppress(OSError):
            fcntl.fcntl(handle, _F_SETLEASE, fcntl.F_UNLCK)
        return False
    finally:
        os.close(handle)
