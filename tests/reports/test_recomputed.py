"""Reports of a generated institution, every number counted again by DuckDB from the tables that were handed in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.generated_files import LEVELS, write_institution
from benchmarks.recount import annex1_learners, annex1_staff, cohort_counts, disagreements
from delivery.app import App
from delivery.app.reports import make_annex1, make_annex2, make_disclosure, snapshot_of_year
from delivery.clock import ManualClock
from tests.support.home import make_app

LEARNERS = 600


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    write_institution(folder, learners=LEARNERS)
    return folder


@pytest.fixture(scope="module")
def tuxa(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = make_app(tmp_path_factory.mktemp("home"))
    assert isinstance(app.clock, ManualClock)
    app.clock.at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    app.importer.run(files, actor="QL01")
    yield app
    app.close()


def test_every_cell_of_both_annexes_and_of_the_public_counts_agrees(tuxa: App, files: Path) -> None:
    for year in (2024, 2026):
        snapshot = snapshot_of_year(tuxa, year)
        report = make_annex1(tuxa, year, snapshot=snapshot)
        learners = annex1_learners(duckdb, files, year)
        assert disagreements(report, learners, annex1_staff(duckdb, files, year)) == []
        assert sum(sum(row.values()) for row in learners.values()) > LEARNERS / 10
        partner = make_annex2(tuxa, year, "C1", snapshot=snapshot)
        own = {row[2].text: [cell.amount for cell in row[6:]] for row in dict(partner.tables())["II"].rows}
        names = [*LEVELS, "dismissed", "graduated", "headcount"]
        for (programme, site, _), counts in learners.items():
            if site == "C1":
                assert own[f"Chương trình {programme}"] == [counts[name] for name in names]
    page = make_disclosure(tuxa, 2026)
    told: dict[str, list[Any]] = {
        row[1].text: [cell.amount for cell in row[4:]] for row in dict(page.tables())["3"].rows
    }
    counted = cohort_counts(duckdb, files, page.on)
    assert {cohort: told[cohort] for cohort in counted} == counted
