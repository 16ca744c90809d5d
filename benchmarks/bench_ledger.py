"""Appending and verifying facts, beside raw sqlite3 doing the same durable inserts in the same run.

Targets: appending in batches of 500 at >= 0.6 x raw sqlite3; verifying 1,000,000 facts in < 3 s, which is 333,333 a
second, on two cores; the record of a learner with 2,000 facts shown in < 50 ms, of which the fold < 10 ms.
TUXA_FACTS (400000) says how many facts are verified.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from delivery.app import App
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.fold import fold
from delivery.record.kinds import FactKind
from delivery.regulation.profile import load_profile
from delivery.settings import load_settings
from tests.record.builders import catalogue

BATCH = 500
ROUNDS = 5
VERIFIED = int(os.environ.get("TUXA_FACTS", "400000"))
PER_ROUND = min(20_000, VERIFIED // (2 * ROUNDS))
SHOWN = 2_000


def drafts(app: App, count: int, *, start: int, learners: int = 200) -> list[Draft]:
    """Participation facts as the portal tells them."""
    now = to_micros(app.clock.now())
    return [
        Draft(
            id=fact_id(FactKind.PARTICIPATION_RECORDED, number),
            kind=FactKind.PARTICIPATION_RECORDED,
            occurred_at=now,
            actor="portal",
            audience="MAIN",
            learner=f"L{number % learners:012d}",
            course="C1",
            activity="C1-S1",
            mode="network",
            data={"source": "system", "method": "viewing", "minutes": 5},
        )
        for number in range(start, start + count)
    ]


def append(app: App, told: list[Draft]) -> float:
    """Seconds to append `told` in batches, each batch durable."""
    begin = time.perf_counter()
    for at in range(0, len(told), BATCH):
        app.facts.append(told[at : at + BATCH])
    return time.perf_counter() - begin


def append_raw(raw: sqlite3.Connection, rows: list[tuple[object, ...]]) -> float:
    """Seconds for plain sqlite3 to insert the same rows with the same durability, schema and indexes."""
    begin = time.perf_counter()
    for at in range(0, len(rows), BATCH):
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany("INSERT INTO fact VALUES (?,?,?,?,?,?,?,?,?)", rows[at : at + BATCH])
        raw.execute("COMMIT")
    return time.perf_counter() - begin


def bench_append(app: App, folder: Path) -> None:
    """In turn, round by round, so that a change of the machine's speed meets both."""
    assert app.database.file is not None
    with closing(sqlite3.connect(folder / "raw.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        with closing(sqlite3.connect(app.database.file)) as source:
            for (statement,) in source.execute(
                "SELECT sql FROM sqlite_master WHERE tbl_name='fact' AND sql NOT NULL"
            ):
                raw.execute(statement)
            ratios, ours = [], []
            for number in range(ROUNDS):
                told = drafts(app, PER_ROUND, start=number * PER_ROUND)
                seconds = append(app, told)
                rows = source.execute(
                    "SELECT * FROM fact ORDER BY rowid DESC LIMIT ?", (PER_ROUND,)
                ).fetchall()[::-1]
                baseline = append_raw(raw, rows)
                ours.append(PER_ROUND / seconds)
                ratios.append(baseline / seconds)
    print(
        f"append, {BATCH} per commit: {statistics.median(ours):,.0f} facts/s, "
        f"{statistics.median(ratios):.2f} x raw sqlite3 (min {min(ratios):.2f}, max {max(ratios):.2f}; target 0.60)"
    )


def bench_verify(app: App) -> None:
    """Beside SHA-256 alone over as many bytes."""
    have = app.facts.verify().facts
    told = drafts(app, VERIFIED - have, start=10_000_000)
    with app.database.write() as connection:
        app.facts.append_in(connection, told)
    body = bytes(420)
    begin = time.perf_counter()
    for _ in range(VERIFIED):
        hashlib.sha256(body).hexdigest()
    bare = time.perf_counter() - begin
    with app.executor() as pool:
        app.facts.verify(executor=pool)  # the workers have started
        for name, executor in (("one process", None), ("all cores", pool)):
            rates, busy = [], []
            for _ in range(3):
                begin, worked = time.perf_counter(), time.process_time()
                result = app.facts.verify(executor=executor)
                rates.append(result.facts / (time.perf_counter() - begin))
                busy.append(time.process_time() - worked)
                assert result.ok
            rate = statistics.median(rates)
            processor = (
                f", {result.facts / min(busy):,.0f} in a processor's second" if executor is None else ""
            )
            print(
                f"verify, {name}: {rate:,.0f} facts/s, a million in {1e6 / rate:.2f} s (best {1e6 / max(rates):.2f}; "
                f"target 3 on two cores){processor}; {rate * bare / VERIFIED:.2f} x bare SHA-256 over as many bytes "
                "in one process"
            )


def bench_record(app: App) -> None:
    """The record of one learner with 2,000 facts among all others."""
    told = [replace(d, learner="LREADER") for d in drafts(app, SHOWN - 1, start=50_000_000)]
    enrolled = Draft(
        id=fact_id(FactKind.COURSE_ENROLLED, "LREADER", "C1"),
        kind=FactKind.COURSE_ENROLLED,
        occurred_at=told[0].occurred_at,
        actor="import",
        audience="MAIN",
        learner="LREADER",
        course="C1",
        data={"cohort": "K1"},
    )
    app.facts.append([enrolled, *told])
    shelf, rules = catalogue(), load_profile("VN-2024").grading
    facts = list(app.facts.select(learner="LREADER"))
    show = best_of(lambda: app.records.show("LREADER", shelf))
    only_fold = best_of(lambda: fold("LREADER", facts, shelf, rules))
    print(
        f"record of {len(facts):,} facts: shown in {show * 1000:.1f} ms (target 50), "
        f"of which the fold {only_fold * 1000:.1f} ms (target 10); fold/show = {only_fold / show:.2f}"
    )


def best_of(work: Callable[[], object], times: int = 7) -> float:
    """Median seconds of `times` calls after one to warm up."""
    work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def main() -> None:
    """Run all three."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(load_settings(Path(folder) / "home", environ={}))
        app.init()
        bench_append(app, Path(folder))
        bench_verify(app)
        bench_record(app)
        app.close()
