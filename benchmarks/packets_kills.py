"""Kill a print run at random moments, again and again: no token on two sheets, none missing, totals add up.

    python -m benchmarks.packets_kills [KILLS]

Each round plans and prints a batch in a process that is killed (SIGKILL) after a random time, up to a few times, and
then once lets it finish. What stands in the files is then held against the facts.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pypdfium2

LEARNERS, JOB_PAGES = 24, 30


def child(folder: Path, batch: str) -> None:
    """What is killed: plan, then print, with real worker processes."""
    from delivery.ids import SystemIds
    from delivery.postal.outgoing.planning import plan_batch
    from delivery.postal.outgoing.printing import print_batch
    from tests.support.postal_home import COURSE, open_home

    app = open_home(folder, ids=SystemIds(), inline=False)
    print("ready", flush=True)
    plan_batch(app, batch, course=COURSE, actor="clerk")
    print_batch(app, batch, actor="clerk", job_pages=JOB_PAGES)
    app.close()


def one_round(folder: Path, batch: str, rng: random.Random, span: float, kills: int) -> int:
    """Kill up to `kills` times, finish, and check; how many kills hit a running process."""
    done = 0
    for _ in range(kills):
        process = _start(folder, batch)
        try:
            process.wait(timeout=rng.uniform(0, span))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
        _close(process)
    process = _start(folder, batch)
    if process.wait(timeout=300):
        raise RuntimeError("the last run did not end well")
    _close(process)
    _check(folder, batch)
    return done


def _start(folder: Path, batch: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.packets_kills", "--child", str(folder), batch]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    # The time to kill in begins when the program is up: what it does before writes nothing.
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdout is not None:
        process.stdout.close()


def _check(folder: Path, batch: str) -> None:
    from delivery.store.packets import Packets
    from tests.support.postal_home import open_home

    app = open_home(folder)
    packets = Packets(app.database, app.facts)
    states = packets.states(batch)
    sheets = app.sheets.of_batch(batch)
    files = sorted((folder / "print" / batch).glob("*"))
    on_paper = Counter(page for file in files for page in _ids_on_paper(file))
    expected = {sheet.page_id for sheet in sheets}
    problems = [
        f"{len(states)} packets, not {LEARNERS}" if len(states) != LEARNERS else "",
        "a learner has two packets" if len({state.learner for state in states}) != len(states) else "",
        "a token stands on two pages" if any(count > 1 for count in on_paper.values()) else "",
        "a page is missing or strange" if set(on_paper) != expected else "",
        "totals do not add up" if packets.page_totals(batch) != {"printed": len(expected)} else "",
        "a file is not whole" if any(file.suffix != ".pdf" for file in files) else "",
        "the ledger does not verify" if not app.facts.verify().ok else "",
    ]
    app.close()
    found = [problem for problem in problems if problem]
    if found:
        raise RuntimeError(f"{batch}: {'; '.join(found)} ({folder})")


def _ids_on_paper(file: Path) -> list[str]:
    out = []
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        for page in document:
            words = page.get_textpage().get_text_range().split()
            (found,) = [w for w in words if len(w) == 14 and w[4] == w[9] == "-"]
            out.append(found.replace("-", "").lower())
    return out


def main(kills: int = 200) -> None:
    """Kill so many times, over several batches of one home."""
    from tests.support.postal_home import make_home

    rng = random.Random(200)
    with tempfile.TemporaryDirectory(prefix="packets-kills-") as name:
        folder = Path(name)
        make_home(folder, learners=LEARNERS).close()
        warm = _start(folder, "WARM")
        started = time.perf_counter()
        warm.wait()
        span = time.perf_counter() - started
        _close(warm)
        _check(folder, "WARM")
        killed = rounds = 0
        while killed < kills:
            rounds += 1
            killed += one_round(folder, f"B{rounds}", rng, span, min(8, kills - killed))
            print(f"{killed} kills in {rounds} batches: every page once, totals add up", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), sys.argv[3])
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200)
