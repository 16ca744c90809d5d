"""A process killed at any moment loses nothing that was acknowledged, and doubles nothing (design D9)."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from delivery.app import App
from delivery.record.kinds import FactKind
from tests.store.writer import BATCH, blob, draft

ROUNDS = 2
WRITERS = ("a", "b")


def run_until_killed(app: App, writer: str, after_lines: int, delay: float) -> list[tuple[int, str]]:
    """Start a writer, kill -9 it `delay` seconds after its first acknowledgements; what it had acknowledged."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.writer", str(app.settings.home), app.settings.database, writer],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(after_lines)]
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    done = [line.split() for line in lines if line.endswith("\n") and line.strip()]
    return [(int(number), address) for number, address in done]


@pytest.mark.timeout(120)
def test_two_processes_writing_at_once_and_killed_lose_and_double_nothing(tuxa: App) -> None:
    rng = random.Random(28)
    home = tuxa.settings.home
    acknowledged: dict[str, dict[int, str]] = {writer: {} for writer in WRITERS}
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(len(WRITERS)) as pool:
            runs = [
                pool.submit(run_until_killed, tuxa, writer, rng.randint(1, 3), rng.uniform(0, 0.15))
                for writer in WRITERS
            ]
            for writer, run in zip(WRITERS, runs, strict=True):
                acknowledged[writer].update(run.result())
        result = tuxa.facts.verify()
        assert result.ok, result.problems
    told = [fact.id for fact in tuxa.facts.select(kind=FactKind.PARTICIPATION_RECORDED)]
    assert len(told) == len(set(told))
    for writer, numbers in acknowledged.items():
        assert numbers
        for number, address in numbers.items():
            assert tuxa.blobs.get(address) == blob(writer, number)
            assert {str(draft(tuxa, writer, number * BATCH + n).id) for n in range(BATCH)} <= set(told)
    for file in (home / "blobs").rglob("*"):
        if file.is_file() and not file.name.endswith(".part"):
            tuxa.blobs.get(file.name)  # whatever stands under a name is whole
    tuxa.blobs.sweep(before=datetime.max.replace(tzinfo=UTC))
    assert not list((home / "blobs").rglob("*.part"))


def test_many_threads_writing_at_once_never_meet_a_locked_database(tuxa: App) -> None:
    with ThreadPoolExecutor(16) as pool:
        tasks = [
            pool.submit(tuxa.facts.append, [draft(tuxa, f"w{writer}", n)])
            for writer in range(16)
            for n in range(12)
        ]
        assert sum(len(task.result().added) for task in tasks) == 16 * 12
    assert tuxa.facts.verify().ok
