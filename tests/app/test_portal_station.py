"""What the portal's pages of staff are told of a real home."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from delivery.app import App
from delivery.app.portal_station import station_of
from delivery.catalogue.kinds import ActivityKind
from delivery.clock import VIETNAM
from delivery.demo.sample import sample_term
from delivery.errors import Refused
from delivery.settings import load_settings


def test_a_home_with_a_term_fills_the_pages_of_staff(tmp_path: Path) -> None:
    app = App(load_settings(tmp_path, environ={}))
    app.init()
    with sample_term() as term:
        app.importer.run(term, actor="QTHT01")
    station = station_of(app)
    now = app.clock.now()
    catalogue = app.catalogue()
    assert [site.code for site in station.sites() if site.own] == ["MAIN"]
    assert sum(site.learners for site in station.sites()) == len(app.learners.all())
    assert list(station.airings(now - timedelta(days=7), now, "")) == []
    assert list(station.alerts()) == []
    assert list(station.jobs()) == []
    assert station.least_answers == 5
    material = next(iter(catalogue.materials))
    assert station.material(material).modes == ()
    assert station.packets(next(iter(catalogue.courses))) == {}
    assert station.material("NONE").reason is not None

    planned = next(a for a in catalogue.activities.values() if a.kind is ActivityKind.ASSIGNMENT)
    day = now.astimezone(VIETNAM).date() + timedelta(days=30)
    station.set_due(planned, day.isoformat(), "GV01")
    assert app.catalogue().activities[planned.code].due == day
    with pytest.raises(Refused):
        station.set_due(planned, date(2020, 1, 1).isoformat(), "GV01")
    assert replace(app.catalogue().activities[planned.code], due=planned.due) == planned
    app.close()
