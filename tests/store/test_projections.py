"""Tables for fast reading say the same as the fold, in whatever order facts arrive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.app import App
from delivery.record.fold import fold
from delivery.regulation.profile import load_profile
from delivery.store import projections
from tests.record.builders import LEARNER, catalogue, enrolled, left
from tests.support.home import make_app

POOL = [make(seq, n=n) for n in range(4) for seq, make in ((2 * n + 1, enrolled), (2 * n + 2, left))]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    app = make_app(Path(tmp_path_factory.mktemp("projections")) / "home")
    yield app
    app.close()


@given(facts=st.lists(st.sampled_from(POOL), max_size=12), size=st.integers(1, 4))
def test_enrolments_are_those_of_the_fold_for_any_order_partition_and_repetition(
    home: App, facts: list[projections.Told], size: int
) -> None:
    with home.database.write() as connection:
        projections.rebuild(connection, [])
        for start in range(0, len(facts), size):
            projections.apply(connection, facts[start : start + size])
    record = fold(LEARNER, facts, catalogue(), load_profile("VN-2024").grading)  # type: ignore[arg-type]
    assert home.learners.courses_of(LEARNER) == [course.course.code for course in record.courses]
