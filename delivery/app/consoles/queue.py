"""Recordings that wait to be converted: one small file each in ``<home>/work/queue``, so that a kill forgets none."""

from __future__ import annotations

import os
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import structlog

from delivery.errors import TuxaError
from delivery.ids import digest_of
from delivery.store.files import write_whole

if TYPE_CHECKING:
    from delivery.app.core import App
    from delivery.app.services import Stop

_IDLE_S: Final = 20.0
"""A worker without work waits so long before it ends."""
_LOOK_S: Final = 0.3
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """One recording that somebody asked for."""

    id: str
    file: str
    material: str
    course: str
    unit: int
    title: str
    profile: str
    kind: str
    actor: str
    at_us: int


class IngestQueue:
    """Files in a folder; adding the same recording for the same material again changes nothing."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "work" / "queue"

    def put(self, wanted: Wanted) -> None:
        """Keep it; it is there once this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._file(wanted.id), orjson.dumps(asdict(wanted)))

    def waiting(self) -> list[Wanted]:
        """All that is asked for, the oldest first. What cannot be read is set aside."""
        found = []
        for file in sorted(self._folder.glob("*.json")):
            try:
                found.append(Wanted(**orjson.loads(file.read_bytes())))
            except FileNotFoundError:
                continue
            except (OSError, orjson.JSONDecodeError, TypeError) as error:
                _log.error("queue-unreadable", file=file.name, reason=str(error))
                with suppress(OSError):
                    file.replace(file.with_suffix(".bad"))
        return sorted(found, key=lambda one: (one.at_us, one.id))

    def has(self, ident: str) -> bool:
        return self._file(ident).exists()

    def drop(self, ident: str) -> bool:
        """It is done, or not wanted any more; whether it was there."""
        try:
            self._file(ident).unlink()
        except FileNotFoundError:
            return False
        return True

    def _file(self, ident: str) -> Path:
        # Ids are digests; a name from outside must not leave the folder.
        return self._folder / f"{Path(ident).name}.json"


def queue_id(file: str, material: str) -> str:
    """The name under which a recording for a material waits."""
    return digest_of((file, material))[:20]


class _Unwanted(Exception):
    """Somebody called it off, or this process is to end."""


def work_through(app: App, stop: Stop) -> None:
    """Convert what waits until nothing has for a while, or until told to stop: then the next worker goes on there."""
    # Radio and television on the same machine come first.
    with suppress(OSError, AttributeError):
        os.nice(5)
    queue = IngestQueue(app.settings.home)
    idle = 0.0
    while not stop.wait(_LOOK_S):
        wanted = next(iter(queue.waiting()), None)
        if wanted is None:
            idle += _LOOK_S
            if idle > _IDLE_S:
                return
            continue
        idle = 0.0
        _convert(app, queue, wanted, stop)


def _convert(app: App, queue: IngestQueue, wanted: Wanted, stop: Stop) -> None:
    from delivery.broadcast.media.profiles import load_profile
    from delivery.broadcast.media.telling import Lesson

    lesson = Lesson(wanted.material, wanted.course, wanted.unit, wanted.title)

    def watch(_file: str, _fraction: float, _step: str) -> None:
        if stop.wait(0) or not queue.has(wanted.id):
            raise _Unwanted

    try:
        profile = load_profile(wanted.profile, [app.settings.home / "media_profiles"])
        with (
            app.executor() as pool,
            closing(
                app.ingest.add(
                    [(Path(wanted.file), lesson)],
                    profile=profile,
                    executor=pool,
                    actor=wanted.actor,
                    progress=watch,
                )
            ) as done,
        ):
            for result in done:
                _log.info("ingested", material=wanted.material, verdict=str(result.verdict))
    except _Unwanted:
        if not queue.has(wanted.id):
            _forget(app, wanted)
        return
    except (TuxaError, OSError) as error:
        _log.error("ingest-failed", material=wanted.material, reason=str(error))
    queue.drop(wanted.id)


def _forget(app: App, wanted: Wanted) -> None:
    """Somebody called the job off: it is not running any more."""
    media = app.library.media
    running = [j for j in media.jobs() if j.state == "running" and j.material == wanted.material]
    with app.database.write() as connection:
        for job in running:
            media.drop_job(connection, job.asset, job.material)
