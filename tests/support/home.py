"""A prepared home for tests: the real application on a fresh SQLite file or a fresh PostgreSQL database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from delivery.app import App
from delivery.clock import ManualClock
from delivery.ids import SeededIds
from delivery.settings import load_settings
from tests.support import schema
from tests.support.postgres import Server

START = datetime(2026, 9, 7, 1, 0, tzinfo=UTC)
"""Monday 7 September 2026, 08:00 in Viet Nam."""


def make_app(home: Path, *, database: str = "", site: str = "MAIN", seed: int = 1) -> App:
    """A ready application in `home`, with a clock that moves only when told to and repeatable ids."""
    settings = replace(load_settings(home, environ={}), database=database, site=site, executor="process")
    app = App(settings, clock=ManualClock(START), ids=SeededIds(seed))
    schema.init(app)
    return app


def prepared_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh PostgreSQL database that has its tables already; it is dropped with what asked for it."""
    server: Server = request.getfixturevalue("postgres")
    url = server.create_database(server.template("tuxa_schema", schema.migrate_url))
    request.addfinalizer(lambda: server.drop_database(url))
    return url


@pytest.fixture
def tuxa(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """A home on SQLite; on PostgreSQL where TUXA_TEST_DATABASE=postgresql asks for it."""
    url = prepared_url(request) if os.environ.get("TUXA_TEST_DATABASE") == "postgresql" else ""
    app = make_app(tmp_path / "home", database=url)
    yield app
    app.close()


@pytest.fixture
def sqlite_tuxa(tmp_path: Path) -> Iterator[App]:
    """A home on SQLite, whose file a test opens behind the program's back."""
    app = make_app(tmp_path / "home")
    yield app
    app.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_tuxa(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    """A home on SQLite, then the same on PostgreSQL."""
    url = prepared_url(request) if request.param == "postgresql" else ""
    app = make_app(tmp_path / "home", database=url)
    yield app
    app.close()
