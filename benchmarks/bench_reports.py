"""From the database to the reports, at full size: 12 programmes, 9 partners, 40,000 learners, 215,000 rows of standing.

Targets: snapshot and whole check < 5 s and < 500 MB; each report in each format < 10 s; every number as SQL counts it
from the raw tables. CPU time, beside a plain loop of the same run, so that a busy machine can be told from a slow
program. The home is made once and kept in the folder that TUXA_BENCH_HOME names, else in a temporary one.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TypeVar

import duckdb

from benchmarks.generated_files import write_institution
from benchmarks.recount_tables import (
    Raw,
    annex1_tables,
    annex2_tables,
    differing,
    learner_rows_differing,
)
from delivery.app import App
from delivery.app.regulation import snapshots_of
from delivery.app.reports import (
    make_annex1,
    make_annex2,
    make_disclosure,
    partners_with_reports,
    snapshot_of_year,
)
from delivery.regulation.evaluate import evaluate
from delivery.reports.files import Format, render
from delivery.settings import load_settings

T = TypeVar("T")
LEARNERS = 40_000
YEAR = 2026


def main() -> None:
    """Import once, then measure."""
    kept = os.environ.get("TUXA_BENCH_HOME")
    with tempfile.TemporaryDirectory() as temporary:
        measure(Path(kept or temporary))


def measure(folder: Path) -> None:
    """Everything, in one folder."""
    files, home = folder / "files", folder / "home"
    app = App(load_settings(home, environ={}))
    if not files.is_dir():
        files.mkdir(parents=True)
        write_institution(files, learners=LEARNERS)
        app.init()
        timed("import", lambda: app.importer.run(files, actor="bench"))
    loop = timed("plain loop of 10,000,000", plain)[1]
    snapshot, built = timed("snapshot from the database", lambda: snapshots_of(app).build(date(YEAR, 11, 22)))
    whole, checked = timed("every clause", lambda: evaluate(snapshot))
    both = built + checked
    print(f"  together {both:.2f} s CPU (target 5), {both / loop:.2f} x the loop; peak {peak()} MB")
    code = next(iter(snapshot.people))
    changed = snapshot.changed(
        people={**snapshot.people, code: replace(snapshot.people[code], degree="Tiến sĩ khoa học")}
    )
    timed("again after one changed lecturer", lambda: evaluate(changed, whole))
    of_year = snapshot_of_year(app, YEAR)
    report, _ = timed("annex I", lambda: make_annex1(app, YEAR, snapshot=of_year))
    partner, _ = timed("annex II of one partner", lambda: make_annex2(app, YEAR, "C1", snapshot=of_year))
    page, _ = timed("public page", lambda: make_disclosure(app, YEAR))
    for made in (report, partner, page):
        for form in Format:
            timed(f"{made.kind} as {form.value}", partial(render, made, form, app.translate))
    raw = Raw(duckdb, files, YEAR)
    wrong = differing(report, annex1_tables(raw)) + learner_rows_differing(report, raw)
    for code in partners_with_reports(of_year, YEAR):
        own = make_annex2(app, YEAR, code, snapshot=of_year)
        wrong += differing(own, annex2_tables(raw, code)) + learner_rows_differing(own, raw, partner=code)
    print(f"cells of both annexes that differ from the count in SQL: {len(wrong)}", *wrong[:5], sep="\n  ")
    print(f"peak {peak()} MB (target 500)")
    app.close()


def plain() -> int:
    """What a busy machine is measured by."""
    total = 0
    for number in range(10_000_000):
        total += number
    return total


def timed(name: str, work: Callable[[], T]) -> tuple[T, float]:
    """Do it, and print what it took."""
    began = time.process_time()
    result = work()
    seconds = time.process_time() - began
    print(f"{name:<40} {seconds:7.2f} s CPU", flush=True)
    return result, seconds


def peak() -> int:
    """Most memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
