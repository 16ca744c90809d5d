"""What came by post, on the portal: arrival, missing pages and postmark for the learner; extra sheets at the desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from delivery.store.submissions import Arrival, Extra
from tests.network.portal_home import (
    AN,
    LECTURER,
    WORK,
    Phone,
    PortalHome,
    draw_photo,
    page_id,
    portal_home,
    served,
)

BY_POST = "CNTT101-A1"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def an(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def arrive(home: PortalHome, page: int, *, postmark: date | None = None) -> None:
    arrival = Arrival(
        page_id=page_id(AN, page),
        channel="post",
        image=draw_photo([], seed=page, size=(300, 400)),
        media_type="image/jpeg",
        received_at=home.clock.now(),
        actor="VT01",
        source=f"scan:test:{page}",
        postmark=postmark,
    )
    assert home.services.submissions.accept([arrival])[0].status == "filed"


def test_a_learner_reads_when_which_pages_arrived_and_which_are_missing(home: PortalHome, an: Phone) -> None:
    day = home.clock.now().astimezone().date()
    arrive(home, 1)
    seen = an.get(f"/me/activity/{BY_POST}").text
    assert "Đã nhận ngày" in seen
    assert "trang 1 trên 2" in seen
    assert "Còn thiếu" in seen
    arrive(home, 2, postmark=day.replace(day=1))
    seen = an.get(f"/me/activity/{BY_POST}").text
    assert "trang 1–2 trên 2" in seen
    assert "tính theo dấu bưu điện" in seen
    assert "Còn thiếu" not in seen


def test_extra_sheets_stand_behind_their_page_on_the_marking_desk(home: PortalHome, an: Phone) -> None:
    path = f"/work/{WORK}"
    first = ("file", ("1.jpg", draw_photo([], seed=1, size=(300, 400)), "image/jpeg"))
    assert an.http.post(path, data={"csrf": an.csrf(path)}, files=[first]).status_code == 303
    extra = Extra(
        learner=home.learner(AN),
        course="CNTT101",
        activity=WORK,
        packet="p",
        channel="post",
        image=draw_photo([], seed=9, size=(300, 400)),
        media_type="image/jpeg",
        received_at=home.clock.now(),
        actor="VT01",
        source="scan:test:9",
        behind=1,
    )
    assert home.services.submissions.accept_extra(extra).status == "filed"
    assert home.services.submissions.accept_extra(replace(extra, source="again")).status == "duplicate"
    with Phone(home) as lecturer:
        lecturer.enter(LECTURER)
        match = re.search(rf'href="(/desk/{WORK}/[0-9a-f]+)"', lecturer.get(f"/desk/{WORK}").text)
        assert match
        pictures = re.findall(r'src="([^"]*/page/[^"]*)"', lecturer.get(match[1]).text)
        assert len(pictures) == 2
        assert all(lecturer.get(picture).status_code == 200 for picture in pictures)
