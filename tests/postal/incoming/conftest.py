"""One printed home for all tests of the desk that work on copies of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postal.incoming.mail import printed


@pytest.fixture(scope="session")
def printed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two learners, batch B1 printed, nothing posted yet."""
    return printed(tmp_path_factory.mktemp("printed-home") / "home")
