"""Students sending four photographs each at once; the portal is killed (SIGKILL) in the middle.

All begin within ten seconds, on phones of 30 to 70 kB/s (:mod:`benchmarks.portal_phones`), resume after the broken
connection, and hand their photographs in. Printed: time from the last byte of a piece to its durable acknowledgement,
from the last byte of the form to the receipt, errors, the portal's CPU, and whether all four photographs of every
receipt are there, byte for byte. The phones take their share of the same machine; beside it, the same acknowledgement
from an empty portal, one phone alone.

    python -m benchmarks.bench_portal [STUDENTS]
"""

from __future__ import annotations

import io
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from PIL import Image

from benchmarks.portal_phones import PHOTOS, Figures, Phone, play
from delivery.app import App
from delivery.clock import to_micros
from delivery.demo.sample import sample_term
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import load_settings

COURSE, WORK = "THVP103", "THVP103-A1"
BEGIN_S = 10.0


def _home(folder: Path, students: int) -> tuple[App, list[tuple[str, str]]]:
    """A home with the sample catalogue and `students` more learners; (learner, session token) of each."""
    app = App(load_settings(folder, environ={}))
    app.init()
    with sample_term() as term:
        app.importer.run(term, actor="QTHT01")
    now = to_micros(app.clock.now())
    learners = [app.keys.learner_id(f"TAI{number:05}") for number in range(students)]

    def drafts() -> list[Draft]:
        out = []
        for number, learner in enumerate(learners):
            kinds = (
                (FactKind.LEARNER_REGISTERED, "", {"cohort": "K1", "site": "MAIN"}),
                (FactKind.COURSE_ENROLLED, COURSE, {"cohort": "K1"}),
            )
            for kind, course, data in kinds:
                private = {"code": f"TAI{number:05}", "full_name": "Tải"} if not course else None
                more = {"audience": "MAIN", "learner": learner, "course": course, "private": private}
                out.append(Draft(fact_id(kind, learner), kind, now, "bench", data, **more))  # type: ignore[arg-type]
        return out

    app.facts.append(drafts())
    return app, [(learner, app.credentials.sessions.start(learner).token) for learner in learners]


def _photo() -> bytes:
    out = io.BytesIO()
    noise = Image.effect_noise((300, 420), 60).resize((1240, 1754))
    noise.convert("RGB").save(out, "JPEG", quality=60)
    return out.getvalue()


class _Portal:
    """The portal in a process of its own, as the supervisor starts it."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._home = home
        self.starting_s = 0.0
        """CPU time until it was ready, of all its starts."""
        self.start()

    def start(self) -> None:
        code = (
            "import sys; from pathlib import Path; from delivery.app import App; "
            "from delivery.app.services import run_service; from delivery.settings import load_settings; "
            "run_service(App(load_settings(Path(sys.argv[1]), port=int(sys.argv[2]))), 'portal')"
        )
        command = [sys.executable, "-c", code, str(self._home), str(self.port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if (
                    httpx.get(
                        f"http://127.0.0.1:{self.port}/readyz", trust_env=False, verify=False
                    ).status_code
                    == 200
                ):
                    self.starting_s += _cpu_s(self.process.pid)
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise RuntimeError("the portal does not start")

    @property
    def cpu_s(self) -> float:
        """CPU time of the portal and its workers since it was started, in seconds."""
        done = resource.getrusage(resource.RUSAGE_CHILDREN)
        return done.ru_utime + done.ru_stime

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _crowd(portal: _Portal, people: list[tuple[str, str]], photo: bytes, *, kill: bool) -> Figures:
    """Everybody at once; with `kill` the portal is killed when half of the photographs have come."""
    figures = Figures()
    spread_s = min(BEGIN_S, len(people) / 40)
    faster = 10 if len(people) == 1 else 1  # alone it need not take a minute
    students = (
        Phone(number, learner, token, portal.port, figures, faster=faster).student(
            WORK, photo, spread_s=spread_s
        )
        for number, (learner, token) in enumerate(people)
    )
    again: list[threading.Thread] = []

    def look() -> None:
        if kill and not again and 2 * len(figures.acknowledged) >= len(people) * PHOTOS:
            portal.kill()
            again.append(threading.Thread(target=portal.start))
            again[0].start()

    play(students, look)
    return figures


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _spread(values: list[float]) -> str:
    """Seconds as milliseconds: half of them, nearly all, all."""
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "most": 1.0}
    return ", ".join(f"{name} {_percentile(values, share) * 1000:,.0f} ms" for name, share in shares.items())


def main(students: int = 100) -> None:
    photo = _photo()
    with tempfile.TemporaryDirectory() as name:
        app, people = _home(Path(name), students + 1)
        portal = _Portal(Path(name))
        try:
            alone = _crowd(portal, people[:1], photo, kill=False)
            started = time.monotonic()
            crowd = _crowd(portal, people[1:], photo, kill=True)
            seconds = time.monotonic() - started
        finally:
            portal.stop()
        whole = 0
        for ident, sent in crowd.receipts.items():
            if wrong := _wrong(app, ident, *sent):
                print(f"receipt {ident}: {wrong}")
            else:
                whole += 1
        base = _percentile(alone.acknowledged, 0.5)
        print(
            f"{students} students x {PHOTOS} photos of {len(photo) // 1000} kB in {seconds:.0f} s, one SIGKILL"
        )
        print(f"last byte to acknowledgement: {_spread(crowd.acknowledged)} (target p99 < 1,000 ms)")
        print(f"last byte of the form to receipt: {_spread(crowd.handed_in)}")
        print(f"answers to everything else: {_spread(crowd.asked)}")
        print(
            f"one phone alone: {base * 1000:.0f} ms; the phones' own process woke up {_spread(crowd.late)} late"
        )
        working_s = portal.cpu_s - portal.starting_s
        print(
            f"broken by the kill {crowd.broken}, failed {len(crowd.failed)}; CPU: portal and its workers "
            f"{working_s:.1f} s = {working_s / students * 1000:.0f} ms a student, beside {portal.starting_s:.1f} s "
            f"for starting twice; phones {time.process_time():.1f} s"
        )
        print(f"receipts {len(crowd.receipts)}, their work whole {whole}")
        assert whole == len(crowd.receipts) == students
        app.close()


def _wrong(app: App, ident: str, learner: str, ends: list[bytes]) -> str:
    """What is wrong with the work behind a receipt, which is to hold every photograph to its last byte; the store
    proves its hash."""
    fact = app.facts.get(ident)
    if fact is None:
        return "no such fact"
    data = app.scans.get(learner, fact.data["blob"])
    here = sum(end in data for end in ends)
    leaves = fact.data["leaves"]
    return "" if (here, leaves) == (PHOTOS, PHOTOS) else f"{leaves} pages, {here} photographs whole"


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
