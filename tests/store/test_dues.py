"""Due days that lecturers set, on SQLite and on PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from delivery.app import App
from delivery.catalogue.model import Catalogue
from delivery.errors import Refused
from tests.network.portal_home import CATALOGUE, LECTURER, WORK

pytestmark = pytest.mark.needs("postgres")
DAY = date(2027, 1, 15)


def moved(day: date) -> Catalogue:
    """The catalogue as it would be imported with another day."""
    activities = {**CATALOGUE.activities, WORK: replace(CATALOGUE.activities[WORK], due=day)}
    return replace(CATALOGUE, activities=activities)


def test_a_due_day_counts_until_an_import_brings_another_one(any_tuxa: App) -> None:
    dues = any_tuxa.dues
    dues.set(CATALOGUE.activities[WORK], DAY, before=CATALOGUE, actor=LECTURER)
    any_tuxa.records.rebuild()
    assert dues.shown(CATALOGUE).activities[WORK].due == DAY
    assert dues.shown(CATALOGUE) is dues.shown(CATALOGUE)
    later = moved(date(2027, 2, 1))
    assert dues.shown(later).activities[WORK].due == date(2027, 2, 1)


def test_the_day_that_was_set_last_counts_and_a_day_that_passed_is_refused(any_tuxa: App) -> None:
    dues, work = any_tuxa.dues, CATALOGUE.activities[WORK]
    for day in (DAY, date(2027, 1, 8)):
        any_tuxa.clock.advance(60)  # type: ignore[attr-defined]
        dues.set(work, day, before=CATALOGUE, actor=LECTURER)
    assert dues.shown(CATALOGUE).activities[WORK].due == date(2027, 1, 8)
    with pytest.raises(Refused):
        dues.set(work, date(2020, 1, 1), before=CATALOGUE, actor=LECTURER)
    assert dues.shown(CATALOGUE).activities[WORK].due == date(2027, 1, 8)
