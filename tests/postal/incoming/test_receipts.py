"""Receipts and what is asked after: arrival and postmark, missing pages, overdue work, replaced sheets, two ways."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from delivery.app import App
from delivery.clock import ManualClock
from delivery.errors import BadInput, NotFound
from delivery.postal.incoming.chase import chase
from delivery.postal.incoming.intake import take_in
from delivery.postal.incoming.postmarks import enter_postmark
from delivery.postal.outgoing.posting import WhyBack, post_batch, undelivered
from delivery.postal.outgoing.reprint import reprint
from delivery.store.submissions import Arrival
from tests.postal.incoming.mail import came_back, copy_of, pile, sheets_of

ONE, TWO = "TX260001", "TX260002"
WORK = "NLTK102-A1"
ITEM = "RR473124829VN"


@pytest.fixture(scope="module")
def home(printed_home: Path) -> Path:
    return printed_home


@pytest.fixture(scope="module")
def first_page(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mail")
    app = copy_of(home, folder / "home")
    page = came_back(app, sheets_of(app, ONE)[3])
    app.close()
    return pile([page], folder / "one.pdf")


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(home, tmp_path / "home")
    yield app
    app.close()


def send(app: App, page: int, *, channel: str = "post", image: bytes = b"") -> None:
    """A page arrives as it is, without being scanned."""
    sheet = sheets_of(app, ONE)[2 + page]
    arrival = Arrival(
        page_id=sheet.page_id,
        channel=channel,  # type: ignore[arg-type]
        image=image or f"{page}".encode(),
        media_type="image/jpeg",
        received_at=app.clock.now(),
        actor="VT01",
        source=f"test:{page}",
    )
    app.submissions.accept([arrival])


def work_of(app: App) -> dict[str, Any]:
    record = app.records.show(app.learners.require(ONE).id, app.catalogue())
    (work,) = [a for c in record["courses"] for a in c["activities"] if a["activity"] == WORK]
    return dict(work)


def wait(app: App, days: float) -> None:
    assert isinstance(app.clock, ManualClock)
    app.clock.advance(days * 86_400)


def test_the_record_says_when_which_pages_arrived(desk: App, first_page: Path) -> None:
    assert work_of(desk)["received"] is None
    take_in(desk, first_page, actor="VT01")
    received = work_of(desk)["received"]
    assert (received["first"], received["last"]) == ("2026-11-22", "2026-11-22")
    assert (received["pages"], received["present"]) == (2, [1])
    wait(desk, 3)
    send(desk, 2)
    received = work_of(desk)["received"]
    assert (received["first"], received["last"], received["present"]) == ("2026-11-22", "2026-11-25", [1, 2])


def test_the_same_sheet_by_phone_and_by_post_is_one_page_with_two_pieces_of_evidence(
    desk: App, first_page: Path
) -> None:
    send(desk, 1, channel="phone", image=b"photo")
    wait(desk, 2)
    result = take_in(desk, first_page, actor="VT01")
    assert result.filed == 1
    work = work_of(desk)
    assert (work["received"]["present"], len(work["evidence"])) == ([1], 2)
    assert work["received"]["last"] == "2026-11-22"


def test_lateness_goes_by_the_postmark_once_a_clerk_enters_it_and_can_be_corrected(desk: App) -> None:
    wait(desk, 42)  # 3 January: due on 31 December
    send(desk, 1)
    send(desk, 2)
    learner = desk.learners.require(ONE).id
    assert work_of(desk)["late"] is True
    assert enter_postmark(desk, learner, WORK, date(2026, 12, 31), actor="VT01") == 2
    assert work_of(desk)["late"] is False
    wait(desk, 1)
    enter_postmark(desk, learner, WORK, date(2027, 1, 2), actor="VT02")
    assert work_of(desk)["late"] is True
    with pytest.raises(BadInput, match="2027-01-03"):
        enter_postmark(desk, learner, WORK, date(2027, 1, 4), actor="VT01")
    with pytest.raises(NotFound):
        enter_postmark(desk, desk.learners.require(TWO).id, WORK, date(2027, 1, 1), actor="VT01")


def test_what_is_missing_overdue_or_came_back_is_asked_after_with_what_to_print_again(desk: App) -> None:
    assert chase(desk).empty
    send(desk, 1)
    (incomplete,) = chase(desk).incomplete
    assert (incomplete.missing, incomplete.batch) == ((2,), "B1")
    wait(desk, 45)
    (overdue,) = chase(desk, course="NLTK102").overdue
    assert (overdue.learner, overdue.days) == (desk.learners.require(TWO).id, 6)
    assert chase(desk, course="OTHER").empty
    post_batch(desk, "B1", items={overdue.learner: ITEM}, actor="VT01")
    undelivered(desk, [ITEM], reason=WhyBack.MOVED, actor="VT01")
    (back,) = chase(desk).undelivered
    assert back.state.learner == overdue.learner
    send(desk, 2)
    assert chase(desk).incomplete == ()


def test_a_sheet_that_a_reprint_replaced_is_filed_and_said(desk: App, first_page: Path) -> None:
    learner = desk.learners.require(ONE).id
    wait(desk, 1)
    from delivery.ids import SeededIds

    desk.ids = SeededIds(99)
    reprint(desk, "B1", [learner], actor="VT01")
    result = take_in(desk, first_page, actor="VT01")
    assert (result.filed, result.superseded) == (1, (1,))
    assert work_of(desk)["received"]["present"] == [1]
