"""Students sending four photographs each at once; the portal is killed (SIGKILL) in the middle.

All begin within ten seconds. Each phone uploads at 30 to 70 kB/s, resumes after a broken connection, and hands its
photographs in. Printed: time from the last byte of a photograph to its durable acknowledgement, time from handing in to
the receipt, errors, and whether all four photographs of every receipt are there, byte for byte. One process plays all
phones, on the same machine: how late it wakes up itself is printed too. Beside it: the same acknowledgement from an
empty portal, one phone alone.

    python -m benchmarks.bench_portal [STUDENTS]
"""

from __future__ import annotations

import asyncio
import io
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from PIL import Image

from delivery.app import App
from delivery.clock import to_micros
from delivery.demo.sample import sample_term
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import load_settings

COURSE, WORK = "THVP103", "THVP103-A1"
PHOTOS = 4
RATES = (30_000, 70_000)
"""Bytes per second of a phone, at least and at most."""
BEGIN_S = 10.0
_LOOK_S = 0.05
TUS = {"Tus-Resumable": "1.0.0"}
OFFSET = "application/offset+octet-stream"


@dataclass
class Figures:
    acknowledged: list[float] = field(default_factory=list)
    receipts: dict[str, tuple[str, list[bytes]]] = field(default_factory=dict)
    """Fact -> learner, and the end of each photograph, which no other has."""
    waited: list[float] = field(default_factory=list)
    """From handing in to the receipt, in seconds."""
    late: list[float] = field(default_factory=list)
    """How late the one process that plays all phones woke up, in seconds: no answer is seen sooner."""
    broken: int = 0
    failed: int = 0
    half: int = 0
    """After so many acknowledgements :attr:`half_way` is set."""
    half_way: asyncio.Event = field(default_factory=asyncio.Event)

    def acknowledge(self, seconds: float) -> None:
        self.acknowledged.append(seconds)
        if len(self.acknowledged) >= self.half:
            self.half_way.set()


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
    return app, [(learner, app.credentials.open_for(learner).token) for learner in learners]


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


async def _retry(ask, figures: Figures):  # type: ignore[no-untyped-def]
    """Ask until there is an answer, as the script on a phone does."""
    for attempt in range(60):
        try:
            answer = await ask()
            if answer.status_code < 500 and answer.status_code not in (423, 429):
                return answer
        except httpx.HTTPError:
            figures.broken += 1
        await asyncio.sleep(min(2.0, 0.1 * 2**attempt))
    figures.failed += 1
    return None


async def _upload(http: httpx.AsyncClient, photo: bytes, figures: Figures, rate: int) -> str:
    created = await _retry(
        lambda: http.post("/uploads", headers={**TUS, "Upload-Length": str(len(photo))}), figures
    )
    path = str(created.headers["location"])
    while True:
        head = await _retry(lambda: http.head(path, headers=TUS), figures)
        at = int(head.headers["upload-offset"])
        if at == len(photo):
            return path.rsplit("/", 1)[1]
        last = [0.0]

        async def body(start: int = at, last: list[float] = last) -> AsyncIterator[bytes]:
            for place in range(start, len(photo), rate // 4):
                await asyncio.sleep(0.25)
                yield photo[place : place + rate // 4]
            last[0] = time.monotonic()

        headers = {**TUS, "Content-Type": OFFSET, "Upload-Offset": str(at)}
        try:
            answer = await http.patch(path, content=body(), headers=headers)
            if answer.status_code == 204:
                figures.acknowledge(time.monotonic() - last[0])
        except httpx.HTTPError:
            figures.broken += 1
            await asyncio.sleep(0.5)


async def _student(
    number: int, learner: str, token: str, base: str, photo: bytes, figures: Figures, spread: float
) -> None:
    address = f"127.{1 + number // 60_000}.{number // 250 % 250}.{1 + number % 250}"
    transport = httpx.AsyncHTTPTransport(local_address=address, verify=False)
    chance = random.Random(number)
    await asyncio.sleep(chance.uniform(0, spread))
    rate = chance.randint(*RATES)
    cookies = {"tuxa_session": token}
    async with httpx.AsyncClient(base_url=base, transport=transport, cookies=cookies, timeout=300) as http:
        ends = [chance.randbytes(16) for _ in range(PHOTOS)]
        idents = [await _upload(http, photo + end, figures, rate) for end in ends]
        page = await _retry(lambda: http.get(f"/work/{WORK}"), figures)
        csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)
        assert csrf
        form = {"csrf": csrf[1], "upload": idents}
        accept = {"accept": "application/json"}
        handed_in = time.monotonic()
        done = await _retry(lambda: http.post(f"/work/{WORK}", data=form, headers=accept), figures)
        if done is None or done.status_code != 200:
            figures.failed += 1
            return
        figures.waited.append(time.monotonic() - handed_in)
        figures.receipts[done.json()["receipt"].rsplit("=", 1)[1]] = (learner, ends)


async def _watch_own_lateness(figures: Figures) -> None:
    while True:
        due = time.monotonic() + _LOOK_S
        await asyncio.sleep(_LOOK_S)
        figures.late.append(time.monotonic() - due)


async def _crowd(
    portal: _Portal, people: list[tuple[str, str]], photo: bytes, figures: Figures, *, kill: bool
) -> None:
    base = f"http://127.0.0.1:{portal.port}"
    spread = min(BEGIN_S, len(people) / 40)
    tasks = [
        asyncio.create_task(_student(number, learner, token, base, photo, figures, spread))
        for number, (learner, token) in enumerate(people)
    ]
    watch = asyncio.create_task(_watch_own_lateness(figures))
    if kill:
        await figures.half_way.wait()
        portal.kill()
        await asyncio.to_thread(portal.start)
    await asyncio.gather(*tasks)
    watch.cancel()


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def main(students: int = 100) -> None:
    photo = _photo()
    with tempfile.TemporaryDirectory() as name:
        app, people = _home(Path(name), students + 1)
        portal = _Portal(Path(name))
        try:
            alone, crowd = Figures(), Figures(half=students * PHOTOS // 2)
            asyncio.run(_crowd(portal, people[:1], photo, alone, kill=False))
            started = time.monotonic()
            asyncio.run(_crowd(portal, people[1:], photo, crowd, kill=True))
            seconds = time.monotonic() - started
        finally:
            portal.stop()
        whole = sum(_is_whole(app, fact, *sent) for fact, sent in crowd.receipts.items())
        base = _percentile(alone.acknowledged, 0.5)
        p50, p99 = (_percentile(crowd.acknowledged, share) for share in (0.5, 0.99))
        print(
            f"{students} students x {PHOTOS} photos of {len(photo) // 1000} kB in {seconds:.0f} s, one SIGKILL"
        )
        print(
            f"last byte to acknowledgement: p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (target < 1,000 ms)"
        )
        l50, l99 = (_percentile(crowd.late, share) for share in (0.5, 0.99))
        print(f"  of which the phones' own process: p50 {l50 * 1000:.0f} ms, p99 {l99 * 1000:.0f} ms late")
        h50, h99 = (_percentile(crowd.waited, share) for share in (0.5, 0.99))
        print(f"handing in to receipt: p50 {h50:.1f} s, p99 {h99:.1f} s")
        print(f"one phone alone: {base * 1000:.0f} ms (ratio of p50 {p50 / base:.1f})")
        print(f"broken by the kill {crowd.broken}, failed {crowd.failed}; portal {portal.cpu_s:.1f} s of CPU")
        print(f"receipts {len(crowd.receipts)}, their work whole {whole}")
        assert whole == len(crowd.receipts) == students
        app.close()


def _is_whole(app: App, ident: str, learner: str, ends: list[bytes]) -> bool:
    """Whether the work behind a receipt holds every photograph to its last byte; the store proves its hash."""
    fact = app.facts.get(ident)
    if fact is None or fact.data["leaves"] != PHOTOS:
        return False
    data = app.scans.get(learner, fact.data["blob"])
    return all(end in data for end in ends)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
