"""From files to assets in the store: plan, then run; killed at any moment, the same command continues.

The work is idempotent over (content hash, profile version). Conforming goes through the executor into a working
folder; the asset, its job and its fact are stored in one transaction the moment it is finished.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

from filelock import FileLock, Timeout
from sqlalchemy import Connection

from delivery.broadcast.asset import Asset
from delivery.broadcast.media.conform import STOP_FILE, Conformed, ConformJob, conform, read_progress
from delivery.broadcast.media.ffmpeg import Ffmpeg
from delivery.broadcast.media.library import Library, asset_id, describe, link_view
from delivery.broadcast.media.probe import Probe, probe, require_readable
from delivery.broadcast.media.profiles import Profile
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, Message, Refused, TuxaError
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.factlog import FactLog
from delivery.store.media import JobState

_POLL_S: Final = 0.2
_STOP_S: Final = 5.0

Progress = Callable[[str, float, str], None]
"""Called with the file's name, the fraction done and a message id."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the catalogue knows of a recording."""

    material: str
    course: str
    unit: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done for one file."""

    file: Path
    lesson: Lesson
    source: str
    """SHA-256 of the file."""
    asset: str
    probe: Probe | None
    """None when the asset exists already."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one file. `new` is False when the asset existed already."""

    file: str
    verdict: str
    """``pass``, ``pass-with-fixes`` or ``refused``."""
    asset: Asset | None = None
    new: bool = False
    fixes: tuple[Message, ...] = ()
    error: TuxaError | None = None
    paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[Message, ...]:
        """Why it was refused: one message for each reason."""
        if self.error is None:
            return ()
        several = self.error.problems if isinstance(self.error, BadInput) else ()
        return several or (self.error.what,)

    def to_json(self, words: Callable[[Message], str] = str) -> dict[str, Any]:
        """One document for ``--json``; `words` puts messages into the person's language."""
        document: dict[str, Any] = {"file": self.file, "verdict": self.verdict, "new": self.new}
        if self.asset:
            document |= describe(self.asset, self.paths)
        else:
            document |= {"asset": None, "duration_ticks": 0, "loudness_lufs": None, "true_peak_dbtp": None}
            document["renditions"] = []
        document["fixes"] = [words(fix) for fix in self.fixes]
        document["problems"] = [words(problem) for problem in self.problems]
        document["do"] = words(self.error.do) if self.error and self.error.do else ""
        return document


@dataclass(slots=True)
class _Running:
    step: Step
    folder: Path
    lock: FileLock


class Ingest:
    """Adds recordings to the library. `home` gets working folders and the view of finished assets."""

    def __init__(self, library: Library, facts: FactLog, *, home: Path, ffmpeg: Ffmpeg) -> None:
        self._library = library
        self._facts = facts
        self._work = home / "work" / "ingest"
        self._view = home / "media"
        self._ffmpeg = ffmpeg

    def plan(self, file: Path, lesson: Lesson, *, profile: Profile) -> Step:
        """Look at `file`; nothing is written. Raises BadInput when it cannot become a lesson of the profile's kind."""
        require_readable(file)
        source = _hash(file)
        asset = asset_id(source, profile)
        known = self._library.find(asset) is not None
        return Step(file, lesson, source, asset, None if known else probe(file, profile.kind))

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
        self.sweep()
        todo: list[Step] = []
        running: dict[Future[Conformed], _Running] = {}
        for file, lesson in files:
            try:
                todo.append(self.plan(file, lesson, profile=profile))
            except TuxaError as error:
                yield Result(str(file), "refused", error=error)
        try:
            while todo or running:
                ready = [step for step in todo if self._library.find(step.asset)]
                todo = [step for step in todo if step not in ready]
                for step in ready:
                    yield self._known(step, actor)
                # What stays to be done is a second file with the same bytes, or being converted by another process.
                todo = [step for step in todo if not self._begin(step, profile, executor, running)]
                for future in _finished(running, waiting=bool(todo)):
                    yield self._end(running.pop(future), future, profile, actor)
                for job in running.values():
                    if progress:
                        progress(str(job.step.file), *read_progress(job.folder))
        finally:
            self._call_off(running)

    def sweep(self) -> None:
        """Remove the working folders of jobs that were killed."""
        for folder in self._work.glob("[0-9a-f]*"):
            if folder.is_dir() and (lock := self._lock(folder.name)):
                shutil.rmtree(folder, ignore_errors=True)
                lock.release()

    def fraction(self, asset: str) -> tuple[float, str]:
        """How far the job that makes `asset` is: fraction and message id."""
        return read_progress(self._work / asset)

    def _begin(
        self, step: Step, profile: Profile, executor: Executor, running: dict[Future[Conformed], _Running]
    ) -> bool:
        """Start converting, unless it is known, or being done elsewhere."""
        if step.probe is None or self._library.find(step.asset):
            return False
        lock = self._lock(step.asset)
        if lock is None:
            return False
        folder = self._work / step.asset
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._note(step, "running")
            job = ConformJob(str(step.file.absolute()), str(folder), step.probe, profile, self._ffmpeg)
            running[executor.submit(conform, job)] = _Running(step, folder, lock)
        except BaseException:
            lock.release()
            raise
        return True

    def _end(self, job: _Running, future: Future[Conformed], profile: Profile, actor: str) -> Result:
        """Store what a job made, or say why there is nothing to store."""
        step = job.step
        try:
            conformed = future.result()
            stored = self._library.blobs.put_file(step.file)
            if stored != step.source:
                raise Refused(
                    N_("{file} changed while it was being converted."),
                    do=N_("Wait until it is written completely, then run the command again."),
                    file=step.file.name,
                )
            asset = self._library.store(
                conformed,
                job.folder,
                source=step.source,
                profile=profile,
                then=partial(self._tell, step=step, actor=actor, fixes=conformed.fixes),
            )
        except (TuxaError, OSError, BrokenExecutor) as error:
            reason = error if isinstance(error, TuxaError) else _broken(step.file, error)
            self._note(step, "refused", {"problems": [str(reason.what)]})
            return Result(str(step.file), "refused", error=reason)
        finally:
            shutil.rmtree(job.folder, ignore_errors=True)
            job.lock.release()
        return self._passed(step, asset, conformed.fixes, new=True)

    def _known(self, step: Step, actor: str) -> Result:
        """The asset exists: bind it to this material too, when it is not yet."""
        asset = self._library.get(step.asset)
        fixes = self._fixes_of(step.asset)
        latest = self._library.media.lesson_of(step.lesson.material)
        if latest is None or latest.asset != asset.id:
            with self._library.database.write() as connection:
                self._tell(connection, asset, step=step, actor=actor, fixes=fixes)
        return self._passed(step, asset, fixes, new=False)

    def _passed(self, step: Step, asset: Asset, fixes: tuple[Message, ...], *, new: bool) -> Result:
        return Result(
            file=str(step.file),
            verdict="pass-with-fixes" if fixes else "pass",
            asset=asset,
            new=new,
            fixes=fixes,
            paths=link_view(asset, self._library.blobs, self._view),
        )

    def _tell(
        self, connection: Connection, asset: Asset, *, step: Step, actor: str, fixes: tuple[Message, ...]
    ) -> None:
        """In the asset's own transaction: the lesson, the job's end, and the fact."""
        now = to_micros(self._library.clock.now())
        lesson, media = step.lesson, self._library.media
        media.put_lesson(
            connection,
            material=lesson.material,
            asset=asset.id,
            course=lesson.course,
            unit=lesson.unit,
            title=lesson.title or step.file.stem,
            now=now,
        )
        told = {"fixes": [[fix.msgid, fix.params] for fix in fixes]}
        media.put_job(
            connection, asset.id, lesson.material, file=step.file.name, state="done", now=now, result=told
        )
        draft = Draft(
            id=fact_id(FactKind.MEDIA_INGESTED, asset.id, lesson.material),
            kind=FactKind.MEDIA_INGESTED,
            occurred_at=now,
            actor=actor,
            course=lesson.course,
            data={
                "asset": asset.id,
                "source": asset.source,
                "profile": f"{asset.profile}/{asset.profile_version}",
                "ticks": asset.ticks,
                "material": lesson.material,
            },
        )
        self._facts.append_in(connection, [draft], once=True)

    def _fixes_of(self, asset: str) -> tuple[Message, ...]:
        for job in self._library.media.jobs():
            if job.asset == asset and job.state == "done":
                return tuple(Message(msgid, params) for msgid, params in job.result.get("fixes", ()))
        return ()

    def _note(self, step: Step, state: JobState, result: Mapping[str, Any] | None = None) -> None:
        with self._library.database.write() as connection:
            self._library.media.put_job(
                connection,
                step.asset,
                step.lesson.material,
                file=step.file.name,
                state=state,
                now=to_micros(self._library.clock.now()),
                result=result,
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
            shutil.rmtree(job.folder, ignore_errors=True)
            job.lock.release()


def _finished(running: Mapping[Future[Conformed], _Running], *, waiting: bool) -> set[Future[Conformed]]:
    """The jobs that have ended, after waiting a moment for one."""
    if not running and waiting:
        Event().wait(_POLL_S)
    return wait(running, timeout=_POLL_S, return_when=FIRST_COMPLETED).done


def _broken(file: Path, error: Exception) -> Refused:
    """A failure of the machine rather than of the recording."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return Refused(
        N_("{file} could not be converted: {reason}."),
        do=N_("Check free disk space and memory, then run the same command again."),
        file=file.name,
        reason=reason,
    )


def _hash(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
