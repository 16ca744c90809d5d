"""Reports of quality control as consoles are told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.app import App
from delivery.app.consoles.reports import report_document, thinned
from delivery.errors import BadInput, NotFound
from tests.support.home import make_app


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    made = make_app(tmp_path / "home")
    yield made
    made.close()


@given(st.lists(st.floats(-120, 0), max_size=2_000), st.integers(1, 400))
def test_a_curve_fits_the_width_and_keeps_its_peaks(values: list[float], width: int) -> None:
    drawn = thinned(values, width)
    assert len(drawn) <= width
    assert max(drawn, default=None) == (round(max(values), 1) if values else None)


def test_a_report_of_nothing_is_refused(app: App) -> None:
    with pytest.raises(BadInput):
        report_document(app, {})
    with pytest.raises(NotFound):
        report_document(app, {"of": "../../etc/passwd"})
