"""The whole cycle of the sample term over real services, with short lessons; and what a second run and kills change."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from delivery.app import App
from delivery.app.services import services_of
from delivery.app.supervisor import Supervisor, wait_until_ready
from delivery.demo.cycle import run_cycle
from delivery.demo.lesson_texts import LESSONS
from delivery.demo.stage import HERO, Stage
from delivery.record.kinds import FactKind
from delivery.settings import load_settings

# The house format of television under its own name, in sizes that encode in a moment.
SMALL_TV = """
name = "tv720p25"
version = 3
kind = "tv"
twin = "radio-aac"
loudness = { target_lufs = -23.0, max_true_peak_dbtp = -1.0 }
video = { preset = "ultrafast", bframes = 2, references = 2 }
transmitter = { rung = "270p", audio_kbps = 96, packets_per_tick = 320 }

[[rung]]
name = "270p"
audio_kbps = 96
width = 480
height = 270
level = "2.1"
crf = 24
max_kbps = 700
buffer_kbit = 200

[[rung]]
name = "audio"
audio_kbps = 64
"""
SHORT = tuple(replace(text, slides=text.slides[:1]) for text in LESSONS)
PATIENCE_S = 60.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(480)]


class Quiet:
    """Keeps what the cycle says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def step(self, title: str, /) -> None:
        self.said.append(title)

    def line(self, text: str, /, **params: Any) -> None:
        self.said.append(text.format(**params))

    def bar(self, _label: str, /) -> AbstractContextManager[Callable[[int, int], None]]:
        @contextmanager
        def silent() -> Iterator[Callable[[int, int], None]]:
            yield lambda _done, _total: None

        return silent()

    def record(self, learner: str, /) -> None:
        self.said.append(f"record {learner}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def tuxa(app: App, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line on the same home."""
    command = [sys.executable, "-m", "delivery.cli.main", "--home", str(app.settings.home), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def wait_for(look: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What `look` finds, as soon as it finds something."""
    pause = Event()
    for _ in range(int(seconds * 10)):
        if found := look():
            return found
        pause.wait(0.1)
    raise AssertionError("it did not happen in time")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, Supervisor, Quiet]]:
    """A home with its services running, and the cycle carried out once."""
    home = tmp_path_factory.mktemp("station") / "home"
    app = App(load_settings(home, environ={}, port=free_port()))
    app.init()
    (home / "media_profiles").mkdir()
    (home / "media_profiles" / "tv720p25.toml").write_text(SMALL_TV, encoding="utf-8")
    supervisor = Supervisor(app.settings, services_of(app), clock=app.clock)
    teller = Quiet()
    try:
        supervisor.start()
        wait_until_ready(app.settings, clock=app.clock)
        run_cycle(Stage(app, teller, Event(), texts=SHORT, least_s=8.0))
        yield app, supervisor, teller
    finally:
        pids = [pid for pid in supervisor.running().values() if pid]
        supervisor.stop()
        app.close()
        assert all(gone(pid) for pid in pids)


def kinds(app: App) -> Counter[FactKind]:
    """How many facts there are of each kind, without those that go on by themselves while channels run."""
    by_themselves = (FactKind.ITEM_AIRED, FactKind.TIMELINE_COMPILED)
    return Counter(fact.kind for fact in app.facts.select() if fact.kind not in by_themselves)


def test_the_record_holds_evidence_from_all_three_modes(station: tuple[App, Supervisor, Quiet]) -> None:
    app, _, _ = station
    shown = tuxa(app, "record", "show", HERO, "--json")
    assert shown.returncode == 0, shown.stderr
    record = json.loads(shown.stdout)
    assert record["heads"]
    activities = {item["activity"]: item for course in record["courses"] for item in course["activities"]}
    assert activities["TVTH101-S1"]["status"] == "recorded"
    assert activities["NLTK102-A1"]["status"] == "marked"
    assert activities["NLTK102-A2"]["status"] == "marked"
    assert activities["THVP103-A1"]["status"] == "marked"
    assert activities["THVP103-M1"]["status"] == "recorded"
    evidence = {app.facts.get(fact).kind for item in activities.values() for fact in item["evidence"]}  # type: ignore[union-attr]
    assert {
        FactKind.ITEM_AIRED,
        FactKind.ATTENDANCE_RECORDED,
        FactKind.PACKET_POSTED,
        FactKind.WORK_RECEIVED,
        FactKind.PARTICIPATION_RECORDED,
        FactKind.MARK_RECORDED,
    } <= evidence
    (postal,) = [course for course in record["courses"] if course["course"] == "NLTK102"]
    assert postal["grade"] == {"score": "7.4", "letter": "B", "points": "3", "passed": True}
    for course in record["courses"]:
        assert all(set(part) >= {"weight", "score"} for part in course["components"])
        assert all(set(item) >= {"kind", "mode", "minutes", "status"} for item in course["activities"])


def test_the_ledger_verifies_and_one_changed_byte_is_named(
    station: tuple[App, Supervisor, Quiet], tmp_path: Path
) -> None:
    app, _, _ = station
    assert app.database.file is not None
    copy = tmp_path / "home"
    (copy / "keys").mkdir(parents=True)
    for key in (app.settings.keys_dir).rglob("*"):
        if key.is_file():
            target = copy / "keys" / key.relative_to(app.settings.keys_dir)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(key.read_bytes())
    shutil.copytree(app.settings.home / "blobs", copy / "blobs")
    with sqlite3.connect(app.database.file) as source, sqlite3.connect(copy / "tuxa.sqlite") as target_db:
        source.backup(target_db)

    def verify() -> tuple[int, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "delivery.cli.main", "--home", str(copy), "record", "verify", "--json"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    code, report = verify()
    assert (code, report["ok"], report["problems"]) == (0, True, [])
    assert report["facts"] > 300
    with sqlite3.connect(copy / "tuxa.sqlite") as database:
        stream, seq, ident = database.execute(
            "SELECT stream, seq, id FROM fact WHERE kind = 'MarkRecorded' LIMIT 1"
        ).fetchone()
        database.execute("UPDATE fact SET content = replace(content, '8.25', '9.25') WHERE id = ?", (ident,))
    code, report = verify()
    assert (code, report["ok"]) == (1, False)
    assert [(p["stream"], p["sequence"], p["fact"]) for p in report["problems"]] == [(stream, seq, ident)]


def test_a_second_run_repeats_nothing(station: tuple[App, Supervisor, Quiet]) -> None:
    app, _, _ = station
    before = kinds(app)
    files = {f.name for f in (app.settings.home / "print").rglob("*.pdf")}
    run_cycle(Stage(app, Quiet(), Event(), texts=SHORT, least_s=8.0))
    assert kinds(app) == before
    assert {f.name for f in (app.settings.home / "print").rglob("*.pdf")} == files
    assert app.facts.verify().ok


def test_a_killed_service_is_started_again_and_the_channel_plays_on(
    station: tuple[App, Supervisor, Quiet],
) -> None:
    app, supervisor, _ = station
    address = f"http://127.0.0.1:{app.settings.port}/hls/TV1/master.m3u8"

    def fetch() -> bytes:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                body: bytes = answer.read()
                return body
        except OSError:
            return b""

    before = fetch()
    assert before.startswith(b"#EXTM3U")
    pid = supervisor.running()["portal"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: supervisor.running()["portal"] not in (None, pid))
    assert wait_for(fetch) == before
