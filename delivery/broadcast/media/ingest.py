"""From files to assets in the store: plan, then run; killed at any moment, the same command continues.

The work is idempotent over (content hash, profile version). Conforming goes through the executor into a working
folder; the asset, its job and its fact are stored in one transaction the moment it is finished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

import structlog
from filelock import FileLock, Timeout
from sqlalchemy.exc import DBAPIError

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.captions import read_captions
from delivery.broadcast.media.conform import STOP_FILE, Conformed, ConformJob, conform, read_progress
from delivery.broadcast.media.ffmpeg import Ffmpeg, Stopped
from delivery.broadcast.media.library import Library, asset_id, captioned_id
from delivery.broadcast.media.probe import Unfit, probe, require_readable
from delivery.broadcast.media.profile_versions import require_unchanged
from delivery.broadcast.media.profiles import Profile
from delivery.broadcast.media.result import Result
from delivery.broadcast.media.sources import shown_name
from delivery.broadcast.media.telling import Lesson, Step, Teller
from delivery.broadcast.media.view import link_view
from delivery.broadcast.qc.analysis import ANALYSIS_FILE, read_analysis
from delivery.broadcast.qc.measured import Analysis
from delivery.broadcast.qc.report import made_of, report_on
from delivery.broadcast.qc.shelf import Shelf
from delivery.broadcast.qc.verdict import Finding, Severity, Verdict
from delivery.errors import N_, BadInput, Message, Refused, TuxaError
from delivery.store.factlog import FactLog
from delivery.units import TICK_MS

_POLL_S: Final = 0.2
_STOP_S: Final = 5.0
_KEPT_S: Final = 7 * 24 * 3600
"""How long the working folder of a killed job waits to be gone on with."""

Progress = Callable[[str, float, str], None]
"""Called with the file's name, the fraction done and a message id."""


@dataclass(slots=True)
class _Running:
    step: Step
    folder: Path
    lock: FileLock


class Ingest:
    """Adds recordings to the library. `home` gets working folders and the view of finished assets."""

    def __init__(self, library: Library, facts: FactLog, *, home: Path, ffmpeg: Ffmpeg) -> None:
        self._library = library
        self._teller = Teller(library, facts)
        self._work = home / "work" / "ingest"
        self._view = home / "media"
        self._profiles = home / "media_profiles"
        self._ffmpeg = ffmpeg
        self._shelf = Shelf(home, library.blobs, library.media)

    def plan(self, file: Path, lesson: Lesson, *, profile: Profile) -> Step:
        """Look at `file`; nothing is written. Raises BadInput when it cannot become a lesson of the profile's kind."""
        require_readable(file)
        source = _hash(file)
        base = asset_id(source, profile)
        known = self._library.find(base)
        found = None if known else probe(file, profile.kind)
        length_s = found.duration_s if found else known.ticks * TICK_MS / 1000 if known else 0.0
        captions = tuple(read_captions(file, length_ms=round(length_s * 1000)))
        return Step(file, lesson, source, captioned_id(base, captions), found, base, captions)

    def add(
        self,
        files: Sequence[tuple[Path, Lesson]],
        *,
        profile: Profile,
        executor: Executor,
        actor: str,
        progress: Progress | None = None,
    ) -> Generator[Result, None, None]:
        """Ingest `files`, yielding each one's result when it is finished; a bad file never stops the others."""
        require_unchanged(profile, self._profiles)
        self.sweep()
        todo: list[Step] = []
        running: dict[Future[Conformed], _Running] = {}
        for file, lesson in files:
            try:
                todo.append(self.plan(file, lesson, profile=profile))
            except TuxaError as error:
                yield self._unfit(file, lesson, error, profile)
        try:
            while todo or running:
                ready = [step for step in todo if self._library.find(step.base)]
                todo = [step for step in todo if step not in ready]
                for step in ready:
                    yield self._known(step, actor, profile)
                # What stays to be done is a second file with the same bytes, or being converted by another process.
                waiting: list[Step] = []
                for step in todo:
                    try:
                        if not self._begin(step, profile, executor, running):
                            waiting.append(step)
                    except (OSError, BrokenExecutor, DBAPIError) as error:
                        yield self._refused(step, _broken(step.file, error), profile=profile)
                todo = waiting
                for future in _finished(running, waiting=bool(todo)):
                    yield self._end(running.pop(future), future, profile, actor)
                for job in running.values():
                    if progress:
                        progress(_shown(job.step.file), *read_progress(job.folder))
        finally:
            self._call_off(running)

    def sweep(self) -> None:
        """Remove the working folders of jobs that nobody went on with."""
        stale = self._library.clock.now().timestamp() - _KEPT_S
        for folder in self._work.glob("[0-9a-f]*"):
            known = self._library.find(folder.name) is not None
            if (
                folder.is_dir()
                and (known or folder.stat().st_mtime < stale)
                and (lock := self._lock(folder.name))
            ):
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()

    def fraction(self, asset: str) -> tuple[float, str]:
        """How far the job that makes `asset` is: fraction and message id."""
        return read_progress(self._work / asset)

    def _begin(
        self, step: Step, profile: Profile, executor: Executor, running: dict[Future[Conformed], _Running]
    ) -> bool:
        """Start converting, unless it is known, or being done elsewhere."""
        if step.probe is None or self._library.find(step.base):
            return False
        lock = self._lock(step.base)
        if lock is None:
            return False
        folder = self._work / step.base
        try:
            # What a killed job left there is gone on with.
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STOP_FILE).unlink(missing_ok=True)
            self._teller.note(step, "running")
            job = ConformJob(str(step.file.absolute()), str(folder), step.probe, profile, self._ffmpeg)
            running[executor.submit(conform, job)] = _Running(step, folder, lock)
        except BaseException:
            lock.release()
            raise
        return True

    def _end(self, job: _Running, future: Future[Conformed], profile: Profile, actor: str) -> Result:
        """Store what a job made, or say why there is nothing to store."""
        step, keep = job.step, False
        analysis = None
        try:
            conformed = future.result()
            analysis = read_analysis(job.folder / ANALYSIS_FILE)
            stored = self._library.blobs.put_file(step.file)
            if stored != step.source:
                raise Refused(
                    N_("{file} changed while it was being converted."),
                    do=N_("Wait until it is written completely, then run the command again."),
                    file=shown_name(step.file),
                )
            report = report_on(
                shown_name(step.file),
                step.source,
                profile=profile,
                probe=step.probe,
                analysis=analysis,
                fixes=conformed.fixes,
                made=made_of(conformed.ticks, conformed.loudness),
            )
            told = {**report.noted(), "report": self._shelf.keep_with_asset(report)}
            asset = self._library.store(
                conformed,
                job.folder,
                source=step.source,
                profile=profile,
                captions=step.captions,
                then=partial(self._teller.tell, step=step, actor=actor, told=told),
            )
        except (TuxaError, OSError, BrokenExecutor, DBAPIError) as error:
            keep = isinstance(error, Stopped | BrokenExecutor)
            reason = error if isinstance(error, TuxaError) else _broken(step.file, error)
            analysis = read_analysis(job.folder / ANALYSIS_FILE)
            return self._refused(step, reason, profile=profile, analysis=analysis)
        finally:
            if not keep:
                shutil.rmtree(job.folder, ignore_errors=True)
            job.lock.release()
        return self._passed(step, asset, told, new=True)

    def _unfit(self, file: Path, lesson: Lesson, error: TuxaError, profile: Profile) -> Result:
        """A file that nothing could be begun with."""
        try:
            # A pipe or a device would never come to an end.
            source = _hash(file) if file.is_file() else ""
        except OSError:
            source = ""
        found = error.found if isinstance(error, Unfit) else None
        key = asset_id(source or f"unreadable:{_shown(file.absolute())}", profile)
        step = Step(file, lesson, source, key, found, key)
        return self._refused(step, error, profile=profile)

    def _refused(
        self, step: Step, error: TuxaError, *, profile: Profile, analysis: Analysis | None = None
    ) -> Result:
        """Note why, and keep the report where the recording rather than the machine is at fault."""
        report = report_on(
            shown_name(step.file),
            step.source,
            profile=profile,
            probe=step.probe,
            analysis=analysis,
            error=error,
        )
        told = report.noted()
        try:
            if isinstance(error, BadInput):
                told["report_file"] = self._shelf.keep_refused(report).name
            self._teller.note(step, "refused", told)
        except (OSError, DBAPIError):
            # The disk is full, most likely, and the person is told of this file's own reason just the same.
            structlog.get_logger().warning("refusal could not be noted", file=shown_name(step.file))
        return Result(_shown(step.file), Verdict.REFUSED, error=error, findings=report.findings)

    def _known(self, step: Step, actor: str, profile: Profile) -> Result:
        """It is converted: bind it, with these captions, to this material too, when it is not yet."""
        try:
            return self._bound(step, actor)
        except (TuxaError, OSError, DBAPIError) as error:
            # What was noted when it was converted stays: only the binding failed.
            reason = error if isinstance(error, TuxaError) else _broken(step.file, error)
            return Result(_shown(step.file), Verdict.REFUSED, error=reason)

    def _bound(self, step: Step, actor: str) -> Result:
        base = self._library.get(step.base)
        told = self._teller.told_of(base)
        latest = self._library.media.lesson_of(step.lesson.material)
        if latest is None or latest.asset != step.asset:
            tell = partial(self._teller.tell, step=step, actor=actor, told=told)
            asset = self._library.caption(base, step.captions, then=tell)
        else:
            asset = self._library.get(step.asset)
        return self._passed(step, asset, told, new=False)

    def _passed(self, step: Step, asset: Asset, told: Mapping[str, Any], *, new: bool) -> Result:
        fixes = tuple(Message(msgid, params) for msgid, params in told.get("fixes", ()))
        findings: tuple[Finding, ...] = ()
        try:
            report = self._shelf.of_address(told.get("report", ""))
            findings = report.findings if report else ()
        except TuxaError as error:
            findings = (Finding("report", Severity.WARNING, error.what, error.do),)
        return Result(
            file=_shown(step.file),
            verdict=Verdict.PASS_WITH_FIXES if fixes else Verdict.PASS,
            asset=asset,
            new=new,
            fixes=fixes,
            findings=findings,
            paths=link_view(asset, self._library.blobs, self._view),
        )

    def _lock(self, asset: str) -> FileLock | None:
        """The right to convert `asset`, or None while somebody else has it. There are at most 256 lock files."""
        self._work.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self._work / f".{asset[:2]}.lock", timeout=0, thread_local=False)
        try:
            lock.acquire()
        except Timeout:
            return None
        return lock

    def _call_off(self, running: Mapping[Future[Conformed], _Running]) -> None:
        """End what still runs: a person interrupted, or a step failed."""
        for future, job in running.items():
            if not future.cancel():
                (job.folder / STOP_FILE).touch()
        wait(running, timeout=_STOP_S)
        for job in running.values():
            # What is encoded stays: the same command goes on there.
            job.lock.release()


def _finished(running: Mapping[Future[Conformed], _Running], *, waiting: bool) -> set[Future[Conformed]]:
    """The jobs that have ended, after waiting a moment for one."""
    if not running and waiting:
        Event().wait(_POLL_S)
    return wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED).done


def _broken(file: Path, error: Exception) -> Refused:
    """A failure of the machine rather than of the recording."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    reason = (
        cause.strerror
        if isinstance(cause, OSError) and cause.strerror
        else str(cause) or type(cause).__name__
    )
    return Refused(
        N_("{file} could not be converted: {reason}."),
        do=N_("Check free disk space and memory, then run the same command again."),
        file=shown_name(file),
        reason=reason,
    )


def _shown(file: Path) -> str:
    return str(file.with_name(shown_name(file))) if file.name else str(file)


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
