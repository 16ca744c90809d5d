"""Reports of a generated institution; DuckDB counts and words every cell again from the tables that were handed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.generated_files import write_institution
from benchmarks.recount import cohort_counts
from benchmarks.recount_tables import Raw, annex1_tables, annex2_tables, differing, learner_rows_differing
from delivery.app import App
from delivery.app.reports import make_annex1, make_annex2, make_disclosure, snapshot_of_year
from delivery.clock import ManualClock
from tests.support.home import make_app

LEARNERS = 300


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_institution(folder, learners=LEARNERS, programmes=3, courses=5)
    return folder


@pytest.fixture(scope="module")
def tuxa(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = make_app(tmp_path_factory.mktemp("home"))
    assert isinstance(app.clock, ManualClock)
    app.clock.at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    app.importer.run(files, actor="QL01")
    yield app
    app.close()


@pytest.mark.parametrize("year", [2024, 2026])
def test_every_cell_of_both_annexes_is_as_counted_from_the_raw_tables(
    tuxa: App, files: Path, year: int
) -> None:
    raw = Raw(duckdb, files, year)
    snapshot = snapshot_of_year(tuxa, year)
    report = make_annex1(tuxa, year, snapshot=snapshot)
    assert differing(report, annex1_tables(raw)) == []
    assert learner_rows_differing(report, raw) == []
    assert {number for number, _ in report.tables()} == {*annex1_tables(raw), "III"}
    for partner in ("C1", "C2", "C3"):
        own = make_annex2(tuxa, year, partner, snapshot=snapshot)
        assert differing(own, annex2_tables(raw, partner)) == []
        assert learner_rows_differing(own, raw, partner=partner) == []


def test_the_count_notices_a_cell_that_is_wrong(tuxa: App, files: Path) -> None:
    raw = Raw(duckdb, files, 2026)
    report = make_annex1(tuxa, 2026)
    wanted = annex1_tables(raw)
    wanted["V"][0][1] += "!"
    assert len(differing(report, wanted)) == 1
    assert learner_rows_differing(report, Raw(duckdb, files, 2025)) != []


def test_the_public_counts_by_cohort_are_as_counted(tuxa: App, files: Path) -> None:
    page = make_disclosure(tuxa, 2026)
    told: dict[str, list[Any]] = {
        row[1].text: [cell.amount for cell in row[4:]] for row in dict(page.tables())["3"].rows
    }
    counted = cohort_counts(duckdb, files, page.on)
    assert {cohort: told[cohort] for cohort in counted if not cohort.startswith("PF")} == {
        cohort: row for cohort, row in counted.items() if not cohort.startswith("PF")
    }
