"""What consoles may ask of ingest, and do: the queue, reports, approval and refusal, profiles."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any, Final

from delivery.app.consoles.queue import IngestQueue, Wanted, queue_id
from delivery.app.consoles.reports import pictures_of, report_document
from delivery.app.consoles.verdicts import approve, refuse
from delivery.broadcast.media.profiles import DEFAULT_PROFILES, load_profile, load_profiles
from delivery.broadcast.qc.shelf import problems_of, verdict_of
from delivery.catalogue.kinds import MaterialKind, Role
from delivery.clock import to_micros
from delivery.errors import N_, BadInput, NotFound
from delivery.network.bus.authorise import Method, command, question
from delivery.network.bus.protocol import plain_message
from delivery.store.media import JobRow
from delivery.units import Micros

if TYPE_CHECKING:
    from delivery.app.core import App

_PAGE: Final = 500
_TELL_S: Final = 1.0
_KINDS: Final = {MaterialKind.TV_PROGRAMME: "tv", MaterialKind.RADIO_PROGRAMME: "radio"}
_MAY: Final = (Role.TECHNICIAN, Role.ADMIN)


def ingest_methods(app: App, desk: IngestDesk) -> Mapping[str, Method]:
    return {
        "ingest.status": question(lambda params, _a: desk.status(params)),
        "ingest.inbox": question(lambda _p, _a: desk.inbox()),
        "ingest.add": command(desk.add, _MAY),
        "ingest.cancel": command(desk.cancel, _MAY),
        "ingest.report": question(lambda params, _a: report_document(app, params)),
        "ingest.pictures": question(lambda params, _a: pictures_of(app, params)),
        "ingest.approve": command(lambda params, actor: approve(app, params, actor), (*_MAY, Role.MANAGER)),
        "ingest.refuse": command(lambda params, actor: refuse(app, params, actor), (*_MAY, Role.MANAGER)),
        "profiles.list": question(lambda _p, _a: profiles(app)),
    }


@dataclass
class _Pace:
    """When a job was first seen, and how far it was then."""

    since: float
    fraction: float


class IngestDesk:
    """The queue as consoles see it. Converting is done by a process of its own, begun when there is something to do."""

    def __init__(self, app: App, publish: Callable[[str, Any], None]) -> None:
        self._app, self._publish = app, publish
        self._queue = IngestQueue(app.settings.home)
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pace: dict[str, _Pace] = {}
        if self._queue.waiting():
            self._ensure_worker()

    @property
    def inbox_folder(self) -> Path:
        return self._app.settings.home / "inbox"

    def status(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """A page of jobs, the newest first: all, or those that changed since a moment (µs)."""
        since, offset = params.get("since", 0), params.get("offset", 0)
        if type(since) is not int or type(offset) is not int or since < 0 or offset < 0:
            raise BadInput(N_("The page that was asked for does not exist."), do=N_("Refresh the list."))
        media = self._app.library.media
        jobs = media.jobs(since_us=since, offset=offset, limit=_PAGE)
        waiting = self._waiting() if not offset else []
        return {
            "now": to_micros(self._app.clock.now()),
            "total": media.job_count(),
            "more": len(jobs) == _PAGE,
            # What waits stands before the jobs of the first page and is not counted among them.
            "next": offset + len(jobs),
            "jobs": [*waiting, *self._rows(jobs)],
        }

    def inbox(self) -> dict[str, Any]:
        """Recordings in the home's ``inbox``, and the materials that a recording can be for."""
        folder = self.inbox_folder
        folder.mkdir(parents=True, exist_ok=True)
        files: list[dict[str, Any]] = []
        for entry in sorted(folder.rglob("*")):
            if entry.is_file() and not entry.name.startswith(".") and len(files) < _PAGE:
                stat = entry.stat()
                name = entry.relative_to(folder).as_posix()
                files.append({"file": name, "bytes": stat.st_size, "changed": int(stat.st_mtime * 1e6)})
        catalogue = self._app.catalogue()
        materials = [
            {"material": m.code, "title": m.title, "course": m.course, "unit": m.unit, "kind": _KINDS[m.kind]}
            for m in sorted(catalogue.materials.values(), key=lambda m: (m.course, m.unit, m.code))
            if m.kind in _KINDS
        ]
        return {"folder": str(folder), "files": files, "materials": materials[:2_000]}

    def add(self, params: Mapping[str, Any], actor: str) -> dict[str, Any]:
        """Queue a recording of the inbox for a material. Raises BadInput and NotFound before anything is kept."""
        file = self._file(str(params.get("file", "")))
        material = self._app.catalogue().materials.get(str(params.get("material", "")))
        if material is None or material.kind not in _KINDS:
            raise NotFound(
                N_("There is no radio or television material “{code}”."),
                do=N_("Choose one of the list, or add it to the catalogue."),
                code=str(params.get("material", ""))[:64],
            )
        kind = _KINDS[material.kind]
        profile = load_profile(
            str(params.get("profile", "")) or DEFAULT_PROFILES[kind],
            [self._app.settings.home / "media_profiles"],
        )
        if profile.kind != kind:
            raise BadInput(
                N_("Profile {profile} is for {kind}."),
                do=N_("Name a profile of the right kind, or none."),
                profile=profile.name,
                kind=profile.kind,
            )
        wanted = Wanted(
            queue_id(str(file), material.code),
            str(file),
            material.code,
            material.course,
            material.unit,
            material.title,
            profile.name,
            kind,
            actor,
            to_micros(self._app.clock.now()),
        )
        self._queue.put(wanted)
        self._ensure_worker()
        row = self._waiting_row(wanted)
        self._publish(f"ingest.{wanted.id}", row)
        return row

    def cancel(self, params: Mapping[str, Any], _actor: str) -> dict[str, Any]:
        """Call off what waits or is being converted. What is finished stays."""
        ident = str(params.get("queue", ""))
        if not self._queue.drop(ident):
            raise NotFound(
                N_("That recording is not waiting any more."), do=N_("Refresh the list."), queue=ident[:32]
            )
        self._publish("ingest.gone", {"gone": ident})
        return {"gone": ident}

    def _file(self, name: str) -> Path:
        folder = self.inbox_folder
        file = folder / name
        inside = ".." not in Path(name).parts and not Path(name).is_absolute()
        if not name or not inside or not file.is_file():
            raise NotFound(
                N_("There is no recording “{file}” in the inbox."),
                do=N_("Copy it to {folder} on the station's machine."),
                file=name[:200],
                folder=str(folder),
            )
        return file

    # --- rows -------------------------------------------------------------------------------------

    def _waiting(self) -> list[dict[str, Any]]:
        running = {
            (j.file, j.material) for j in self._app.library.media.jobs(limit=50) if j.state == "running"
        }
        return [
            self._waiting_row(one)
            for one in self._queue.waiting()
            if (Path(one.file).name, one.material) not in running
        ]

    @staticmethod
    def _waiting_row(one: Wanted) -> dict[str, Any]:
        return {
            "id": one.id,
            "queue": one.id,
            "file": Path(one.file).name,
            "material": one.material,
            "course": one.course,
            "unit": one.unit,
            "kind": one.kind,
            "fraction": 0.0,
            "stage": {"msgid": N_("waiting"), "params": {}},
            "verdict": "",
            "problems": [],
            "changed": one.at_us,
        }

    def _rows(self, jobs: list[JobRow]) -> list[dict[str, Any]]:
        media = self._app.library.media
        lessons = {(row.asset, row.material): row for row in media.lessons()} if jobs else {}
        queued = {(Path(one.file).name, one.material): one.id for one in self._queue.waiting()}
        out = []
        for job in jobs:
            lesson = lessons.get((job.asset, job.material))
            row: dict[str, Any] = {
                "id": f"{job.asset[:20]}.{job.material}",
                "asset": job.asset,
                "file": job.file,
                "material": job.material,
                "course": lesson.course if lesson else "",
                "unit": lesson.unit if lesson else 0,
                "kind": lesson.kind if lesson else "",
                "title": lesson.title if lesson else "",
                "ticks": lesson.ticks if lesson else 0,
                "verdict": verdict_of(job),
                "problems": [plain_message(problem) for problem in problems_of(job)],
                "changed": job.updated_us,
                "queue": queued.get((job.file, job.material), ""),
                "fraction": 1.0,
            }
            if job.state == "running":
                row |= self._progress(job)
            elif lesson:
                known = self._app.materials.approval(job.material, lesson.content)
                row["approval"] = str(known.state) if known else ""
            out.append(row)
        return out

    def _progress(self, job: JobRow) -> dict[str, Any]:
        """Fraction, step, and the time left as it went so far."""
        fraction, stage = self._app.ingest.fraction(job.asset)
        now = self._app.clock.monotonic()
        pace = self._pace.setdefault(job.asset, _Pace(now, fraction))
        gone, done = now - pace.since, fraction - pace.fraction
        left = gone * (1 - fraction) / done if gone > 1 and done > 0.005 else None
        return {"fraction": fraction, "stage": {"msgid": stage, "params": {}}, "left_s": left}

    # --- the worker -------------------------------------------------------------------------------

    def _ensure_worker(self) -> None:
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                return
            settings = self._app.settings
            words = [sys.executable, "-m", "delivery.cli.main", "--home", str(settings.home)]
            environment = dict(os.environ)
            if settings.database:
                environment["TUXA_DATABASE"] = settings.database
            self._process = subprocess.Popen(
                [*words, "--lang", settings.lang, "serve", "ingest"],
                # It ends when this process does: its standard input ends then.
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
            Thread(target=self._follow, args=(self._process,), name="ingest-teller", daemon=True).start()

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Tell consoles how far it is, while the worker lives."""
        since = to_micros(self._app.clock.now())
        ended = False
        while not ended:
            try:
                process.wait(_TELL_S)
                ended = True
            except subprocess.TimeoutExpired:
                pass
            media = self._app.library.media
            changed = media.jobs(since_us=since, limit=_PAGE)
            running = [job for job in media.jobs(limit=50) if job.state == "running" and job not in changed]
            since = Micros(max([since, *(job.updated_us + 1 for job in changed if job.state != "running")]))
            for row in self._rows([*changed, *running]):
                self._publish(f"ingest.{row['id'][:60]}", row)
        if process.stdin:
            process.stdin.close()
        if self._queue.waiting():
            self._ensure_worker()


def profiles(app: App) -> dict[str, Any]:
    """The house formats, with what a technician asks of them."""
    found = load_profiles([app.settings.home / "media_profiles"])
    return {
        "profiles": [
            {
                "name": one.name,
                "version": one.version,
                "kind": one.kind,
                "usual": DEFAULT_PROFILES[one.kind] == one.name,
                "target_lufs": one.target_lufs,
                "rungs": [
                    {
                        "name": rung.name,
                        "audio_kbps": rung.audio_kbps,
                        "width": rung.picture.width if rung.picture else 0,
                        "height": rung.picture.height if rung.picture else 0,
                        "max_kbps": rung.picture.max_kbps if rung.picture else 0,
                    }
                    for rung in one.rungs
                ],
                "transmitter": one.transmitter.bit_rate if one.transmitter else 0,
            }
            for one in sorted(found.values(), key=lambda one: (one.kind, one.name))
        ]
    }
