"""One printed batch for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.postal_home import PrintedHome, print_home


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrintedHome]:
    """Five learners, one of them without address; drawn by real worker processes."""
    home = print_home(tmp_path_factory.mktemp("printed"), learners=5, without_address=1, inline=False)
    yield home
    home.app.close()
