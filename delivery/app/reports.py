"""Gives the reports what they need of a home: the snapshot of a year, the written texts, today's day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from delivery.app.core import App
from delivery.app.regulation import snapshots_of
from delivery.clock import VIETNAM
from delivery.errors import N_, BadInput
from delivery.regulation.evaluate import evaluate
from delivery.regulation.snapshot import Snapshot
from delivery.reports.annex1 import annex1
from delivery.reports.annex2 import annex2, partners_of_year
from delivery.reports.disclosure import disclosure
from delivery.reports.document import Cell, Report
from delivery.reports.dossier import dossier
from delivery.reports.texts import Texts, read_texts

TEXTS = "reports"
"""Folder of the home for the written parts: ``reports/2026/annex1.toml``."""
FIRST_YEAR = 2024
"""The circular is in force since 12/02/2024."""


def today_of(app: App) -> date:
    """Today in Viet Nam."""
    return app.clock.now().astimezone(VIETNAM).date()


def snapshot_of_year(app: App, year: int) -> Snapshot:
    """Everything that is known and dated until 31 December of the year. Raises BadInput for a year without reports."""
    this_year = today_of(app).year
    if not FIRST_YEAR <= year <= this_year:
        raise BadInput(
            N_("There is no report of {year}."),
            do=N_("Name a year from {first} to {last}."),
            year=year,
            first=FIRST_YEAR,
            last=this_year,
        )
    return snapshots_of(app).build(date(year, 12, 31))


def texts_of(app: App, year: int, name: str, given: Path | None = None) -> Texts:
    """The written parts of a report: the file that was named, else the home's."""
    if given is not None and not given.is_file():
        raise BadInput(
            N_("There is no file {file}."),
            do=N_("Name a file of texts; docs/reports.md shows an example."),
            file=str(given),
        )
    return read_texts(given or app.settings.home / TEXTS / str(year) / f"{name}.toml")


def make_annex1(
    app: App, year: int, *, texts: Path | None = None, snapshot: Snapshot | None = None
) -> Report:
    """Phụ lục I of a year."""
    found = snapshot or snapshot_of_year(app, year)
    return annex1(found, year, texts_of(app, year, "annex1", texts), today=today_of(app))


def make_annex2(
    app: App, year: int, partner: str, *, texts: Path | None = None, snapshot: Snapshot | None = None
) -> Report:
    """Phụ lục II of a partner and a year."""
    found = snapshot or snapshot_of_year(app, year)
    return annex2(found, year, partner, texts_of(app, year, f"annex2-{partner}", texts), today=today_of(app))


def make_disclosure(app: App, year: int, *, texts: Path | None = None) -> Report:
    """The public page: today's state, or that of the last day of an earlier year."""
    today = today_of(app)
    on = min(today, date(year, 12, 31))
    if year != today.year:
        snapshot_of_year(app, year)
    return disclosure(snapshots_of(app).build(on), texts_of(app, year, "disclosure", texts), today=today)


def make_dossier(app: App, programme: str, *, texts: Path | None = None) -> Report:
    """Draft of a programme's scheme, from the checks of today."""
    today = today_of(app)
    evaluation = evaluate(snapshots_of(app).build(today))
    return dossier(evaluation, programme, texts_of(app, today.year, f"dossier-{programme}", texts))


def report_of(app: App, kind: str, year: int, partner: str = "") -> Report:
    """A report by its name. Raises BadInput for another name, or an annex2 without its partner."""
    if kind == "annex1":
        return make_annex1(app, year)
    if kind == "annex2" and partner:
        return make_annex2(app, year, partner)
    if kind == "disclosure":
        return make_disclosure(app, year)
    raise BadInput(
        N_("There is no report “{kind}” with rows to open."),
        do=N_("Name annex1, annex2 with --partner, or disclosure."),
        kind=kind,
    )


def rows_behind(app: App, kind: str, year: int, address: str, partner: str = "") -> Cell:
    """A cell of a report with the rows behind it. Raises NotFound for a cell that is not there."""
    return report_of(app, kind, year, partner).cell(address)


def partners_with_reports(snapshot: Snapshot, year: int) -> list[str]:
    """Partners that owe a report of the year."""
    return partners_of_year(snapshot, year)
