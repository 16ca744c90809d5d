"""The store's tests run on SQLite and on a real PostgreSQL alike."""

from __future__ import annotations

import pytest

from delivery.app import App


@pytest.fixture
def tuxa(any_tuxa: App) -> App:
    """A home on SQLite, then the same on PostgreSQL."""
    return any_tuxa
