"""Photographs of sheets that came through the portal: their bubbles are read like those of a scan, or left in doubt."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from delivery.app import App
from delivery.app.consoles.returns import ReturnsDesk
from delivery.app.photographs import photographs_read
from delivery.demo.paper import photograph
from delivery.postal.incoming.reading_filed import read_unread
from delivery.postal.incoming.scan import read_page_image
from delivery.postal.sheetlayout import BubbleUse, PacketLayout
from delivery.record.sheetcode import page_token, page_url
from delivery.store.readings import Reading, Readings
from delivery.store.submissions import Arrival
from tests.postal.incoming.mail import copy_of, paper, printed, sheets_of
from tests.support import postal_home
from tests.support.marked import Hand

ONE = "TX260001"
CHOICES = """# Bài tập 1

## Câu 1 (10 điểm)

- ( ) trung bình
- ( ) trung vị
- ( ) mốt
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postal_home, "ASSIGNMENT", CHOICES)
        return printed(tmp_path_factory.mktemp("photographs") / "home", learners=1)


@pytest.fixture
def desk(home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(home, tmp_path / "home")
    yield app
    app.close()


@pytest.fixture(scope="module")
def answered(home: Path) -> Image.Image:
    """The learner's page with the second choice crossed."""
    app = postal_home.open_home(home)
    sheet = sheets_of(app, ONE)[3]
    layout = PacketLayout.from_json(app.blobs.get(sheet.layout)).pages[sheet.position - 1]
    hand = Hand(paper(app, sheet).convert("RGB"), layout, seed=2)
    (bubble,) = [b for b in layout.bubbles if (b.use, b.value) == (BubbleUse.CHOICE, "B")]
    hand.mark(bubble, "cross")
    app.close()
    return hand.picture()


def send(app: App, image: bytes) -> None:
    """As the portal hands it in."""
    learner = app.learners.require(ONE).id
    arrival = Arrival(
        page_id=sheets_of(app, ONE)[3].page_id,
        channel="phone",
        image=image,
        media_type="image/jpeg",
        received_at=app.clock.now(),
        actor=f"learner:{learner}",
        source="portal file 1 page 1",
        claimed_by=learner,
    )
    assert app.submissions.accept([arrival])[0].status == "filed"


def read(app: App) -> list[Reading]:
    with ThreadPoolExecutor(1) as executor:
        read_unread(app, executor)
    return Readings(app.database).listed()


def test_what_is_filled_in_on_a_photographed_sheet_is_proposed_once(desk: App, answered: Image.Image) -> None:
    send(desk, photograph(answered, seed=3))
    (proposed,) = read(desk)
    assert (proposed.use, proposed.read, proposed.state) == ("choice", "B", "proposed")
    assert Readings(desk.database).unread() == []
    assert read(desk) == [proposed]


def test_a_photograph_in_which_the_page_is_not_found_surely_leaves_its_answers_in_doubt(
    desk: App, answered: Image.Image
) -> None:
    # Only the top of the sheet, with one code and no corner mark.
    width, height = answered.size
    part = answered.crop((width // 8, height // 40, width - width // 30, height // 2))
    send(desk, photograph(part, seed=3))
    (doubtful,) = read(desk)
    assert (doubtful.state, doubtful.doubt, doubtful.read) == ("doubtful", "not_straight", "")
    # Whoever must say what stands there sees all that came, and not a piece cut out at the wrong place.
    told = ReturnsDesk(desk, lambda _topic, _data: None)
    (shown,) = told.readings({}, "VT01")["readings"]
    assert shown["has_crop"] is False
    page = read_page_image(b64decode(told.crop({"id": doubtful.reading})["jpeg"]))
    token = page_token(sheets_of(desk, ONE)[3].page_id, desk.keys.codes)
    assert page_url(desk.settings.base_url, token) in page.texts


def test_a_learner_gives_no_mark_by_photograph(desk: App, home: Path, answered: Image.Image) -> None:
    sheet = sheets_of(desk, ONE)[3]
    layout = PacketLayout.from_json(desk.blobs.get(sheet.layout)).pages[sheet.position - 1]
    hand = Hand(answered, layout, seed=2)
    filled_in = {(BubbleUse.MARK_WHOLE, "10"), (BubbleUse.MARK_QUARTER, "00"), (BubbleUse.CONFIRM, "yes")}
    for bubble in layout.bubbles:
        if (bubble.use, bubble.value) in filled_in:
            hand.mark(bubble, "fill")
    send(desk, photograph(hand.picture(), seed=3))
    assert [row.use for row in read(desk)] == ["choice"]


def test_a_station_reads_photographs_as_they_come(
    desk: App, answered: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = threading.Event()
    keep_in = Readings.keep_in

    def told(self: Readings, connection: object, rows: list[Reading]) -> None:
        keep_in(self, connection, rows)  # type: ignore[arg-type]
        kept.set()

    monkeypatch.setattr(Readings, "keep_in", told)
    with ThreadPoolExecutor(1) as executor, photographs_read(desk, executor, every=0.05):
        send(desk, photograph(answered, seed=3))
        assert kept.wait(60)
    assert [row.read for row in Readings(desk.database).listed()] == ["B"]
