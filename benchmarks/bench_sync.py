"""Two sites in sync over CURVE, both durable and with projections, beside raw sqlite3 storing the same rows.

Targets: >= 10,000 facts/s end to end; <= 66 bytes per fact on the wire; a re-sync without news < 1 KB. TUXA_SYNC_FACTS
chooses another number of facts. The processor time of both sites is printed too: on a busy machine the rate tells more
of the machine. That of the sending site includes the start of its process.
"""

from __future__ import annotations

import os
import random
import resource
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from delivery.app import App
from delivery.app import sync as wiring
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.units import Micros
from tests.network.sync.sites import free_address, joined, make_site, running, streams

FACTS = int(os.environ.get("TUXA_SYNC_FACTS", "30000"))
BATCH = 500
DAY_US = 86_400_000_000


def drafts(app: App, count: int) -> Iterator[Draft]:
    """What a portal tells over some weeks: four kinds, 400 learners, times of their own; a third fills projections."""
    rng = random.Random(28)
    now = to_micros(app.clock.now())
    for number in range(count):
        learner = f"L{rng.randrange(400):012d}"
        kind, data, activity = rng.choice(
            (
                (
                    FactKind.PARTICIPATION_RECORDED,
                    {"source": "system", "method": "viewing", "minutes": rng.randrange(60)},
                    f"C1-S{rng.randrange(12)}",
                ),
                (FactKind.COURSE_ENROLLED, {"cohort": "K2026A", "n": number}, ""),
                (
                    FactKind.MARK_RECORDED,
                    {"score": f"{rng.randrange(101) / 10}", "method": "keyboard", "component": "QT"},
                    f"C1-A{rng.randrange(6)}",
                ),
            )
        )
        yield Draft(
            id=fact_id(kind, learner, number),
            kind=kind,
            occurred_at=Micros(now - rng.randrange(30 * DAY_US)),
            actor=f"GV{rng.randrange(20):02d}",
            audience="P1",
            learner=learner,
            course="C1",
            activity=activity,
            mode="network",
            data=data,
        )


@contextmanager
def main_site(app: App) -> Iterator[None]:
    """The main site's sync in a process of its own."""
    command = [sys.executable, "-m", "delivery.cli.main", "--home", str(app.settings.home), "sync", "run"]
    (app.settings.home / "tuxa.toml").write_text(
        f'site = "MAIN"\nsync_listen = "{app.settings.sync_listen}"\n', encoding="utf-8"
    )
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        # Starting a program is no part of passing facts.
        host, _, port = app.settings.sync_listen.removeprefix("tcp://").rpartition(":")
        while True:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


def sent_bytes(app: App) -> int:
    from delivery.network.sync.status import StatusFile

    return sum(site["bytes_sent"] for site in StatusFile(app.settings.home / "run").read().values())


def run_until(partner: App, stream: str, count: int) -> tuple[float, int]:
    """(seconds, bytes sent by the partner) until its copy of `stream` has `count` facts and both sites agree."""
    runner = wiring.build_runner(partner)
    begin = time.perf_counter()
    arrived = 0.0
    try:
        while not (arrived and runner.settled()):
            runner.step()
            if not arrived and streams(partner).get(stream, 0) >= count:
                arrived = time.perf_counter() - begin
        sent = sum(link.status.sent_bytes for link in runner._links.values())
    finally:
        runner.close()
    return arrived, sent


def children_s() -> float:
    """Processor time of the processes that were waited for, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def raw_rate(source: Path, folder: Path) -> float:
    """Rows per second of plain sqlite3 with the same rows, schema, indexes and durability."""
    with (
        closing(sqlite3.connect(source)) as old,
        closing(sqlite3.connect(folder / "raw", isolation_level=None)) as raw,
    ):
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        for (statement,) in old.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name='fact' AND sql NOT NULL"
        ):
            raw.execute(statement)
        rows = old.execute("SELECT * FROM fact").fetchall()
        begin = time.perf_counter()
        for at in range(0, len(rows), BATCH):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?)", rows[at : at + BATCH])
            raw.execute("COMMIT")
        return len(rows) / (time.perf_counter() - begin)


@dataclass(frozen=True)
class CaughtUp:
    """What one catch-up took."""

    seconds: float
    receiver_s: float
    """Processor time of the receiving site."""
    sender_s: float
    wire_bytes: int
    raw_rate: float
    """Rows per second of plain sqlite3 with the rows that came."""
    idle_bytes: int
    """What a further sync without news takes, both ways."""


def catch_up(folder: Path, count: int) -> CaughtUp:
    """One catch-up from the main site to a partner, then a re-sync without news."""
    at_main = make_site(folder / "main", "MAIN", listen=free_address())
    with running(at_main):
        partner = joined(at_main, folder / "p1", "P1")
    told = list(drafts(at_main, count))
    for at in range(0, count, 40):
        at_main.facts.append(told[at : at + 40])
    before = children_s()
    with main_site(at_main):
        worked = time.process_time()
        seconds, _ = run_until(partner, "MAIN/P1", count)
        worked = time.process_time() - worked
    sender = children_s() - before
    wire = sent_bytes(at_main)
    with main_site(at_main):
        _, up = run_until(partner, "MAIN/P1", count)
    down = sent_bytes(at_main)
    assert partner.facts.verify().ok
    raw = raw_rate(folder / "p1" / "tuxa.sqlite", folder)
    partner.close()
    at_main.close()
    return CaughtUp(seconds, worked, sender, wire, raw, up + down)


def main() -> None:
    """One catch-up."""
    with tempfile.TemporaryDirectory() as name:
        took = catch_up(Path(name), FACTS)
    rate = FACTS / took.seconds
    print(
        f"catch-up of {FACTS:,} facts over CURVE, durable, with projections: {rate:,.0f} facts/s "
        f"(target 10,000), {rate / took.raw_rate:.2f} x raw sqlite3 storing the rows ({took.raw_rate:,.0f}/s)"
    )
    print(
        f"processor time of the receiving site: {took.receiver_s / FACTS * 1e6:.0f} µs per fact, "
        f"good for {FACTS / took.receiver_s:,.0f} facts/s; of the sending site: {took.sender_s / FACTS * 1e6:.0f} µs"
    )
    print(f"on the wire: {took.wire_bytes / FACTS:.1f} bytes per fact (target 66)")
    print(f"re-sync without news: {took.idle_bytes:,} bytes both ways (target < 1,024)")
