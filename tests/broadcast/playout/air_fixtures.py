"""Fixtures of the air side; test modules import what they use."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import Air, make_air

_studio = Studio()


@pytest.fixture
def studio() -> Studio:
    """One studio per test process: encoding is the slow part."""
    return _studio


@pytest.fixture
def air(tmp_path: Path) -> Iterator[Air]:
    """A home with channel TV1."""
    home = make_air(_studio, tmp_path)
    yield home
    home.database.close()
