"""Odd mail: torn sheets, black pages, voided and replaced sheets, written backs. Each is named and counted."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from delivery.app import App
from delivery.demo.paper import blank_back, scan
from delivery.errors import Refused
from delivery.postal.incoming.grouping import front_of
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.queue import Queue
from delivery.postal.incoming.shape import written_on
from delivery.postal.outgoing.posting import WhyVoid, void
from delivery.record.kinds import FactKind
from delivery.store.sheets import Sheet
from delivery.store.submissions import Arrival
from tests.postal.incoming.mail import came_back, copy_of, paper, pile, sheets_of

ONE, TWO = "TX260001", "TX260002"


@pytest.fixture
def desk(printed_home: Path, tmp_path: Path) -> Iterator[App]:
    app = copy_of(printed_home, tmp_path / "home")
    yield app
    app.close()


def adds_up(result: Intake) -> bool:
    counted = result.filed + len(result.queued) + result.duplicates + result.blank + result.foreign
    return counted == result.pages


def test_both_halves_of_a_torn_sheet_wait_and_are_put_together_by_a_person(desk: App, tmp_path: Path) -> None:
    sheet = sheets_of(desk, ONE)[3]
    whole = paper(desk, sheet)
    middle = whole.height // 2
    halves = [
        scan(whole.crop((0, 0, whole.width, middle)), seed=1),
        scan(whole.crop((0, middle, whole.width, whole.height)), seed=2),
    ]
    result = take_in(desk, pile(halves, tmp_path / "torn.pdf"), actor="VT01")
    assert [(entry.reason, entry.proposal and entry.proposal.sheet) for entry in result.queued] == [
        ("torn", sheet.page_id),
        ("torn", sheet.page_id),
    ]
    assert adds_up(result)
    queue = Queue(desk)
    queue.accept(result.queued[0].ident, actor="VT01")
    queue.extra(result.queued[1].ident, ONE, sheet.activity, behind=sheet.page, actor="VT01")
    assert queue.returns.totals() == {"filed": 2}


@pytest.mark.parametrize("lid", [(250, 250, 248), (9, 9, 11)])
def test_a_torn_half_on_the_scanners_glass_waits_though_the_picture_is_whole(
    desk: App, tmp_path: Path, lid: tuple[int, int, int]
) -> None:
    sheet = sheets_of(desk, ONE)[3]
    whole = came_back(desk, sheet)
    middle = whole.height // 2
    halves = []
    for top, foot in ((0, middle), (middle, whole.height)):
        glass = Image.new("RGB", whole.size, lid)
        glass.paste(whole.crop((0, top, whole.width, foot)), (0, top))
        halves.append(glass)
    result = take_in(desk, pile(halves, tmp_path / "torn.pdf"), actor="VT01")
    assert [(entry.reason, entry.proposal and entry.proposal.sheet) for entry in result.queued] == [
        ("torn", sheet.page_id),
        ("torn", sheet.page_id),
    ]
    assert adds_up(result)


@pytest.mark.parametrize("lid", [(250, 250, 248), (9, 9, 11)])
def test_a_sheet_whose_codes_are_lost_is_not_swallowed_by_the_one_beside_it_on_the_glass(
    desk: App, tmp_path: Path, lid: tuple[int, int, int]
) -> None:
    one, two = sheets_of(desk, ONE)[3], sheets_of(desk, TWO)[3]
    whole, lost = came_back(desk, one), came_back(desk, two)
    pen, mm = ImageDraw.Draw(lost), lost.width / 210
    for x, y in ((170, 13), (14, 261), (174, 261)):
        pen.rectangle([x * mm, y * mm, (x + 26) * mm, (y + 26) * mm], fill=(20, 30, 90))
    both = Image.new("RGB", (2 * whole.width, whole.height), lid)
    both.paste(whole, (0, 0))
    alone = both.copy()
    both.paste(lost, (whole.width, 0))
    result = take_in(desk, pile([both, alone], tmp_path / "glass.pdf"), actor="VT01")
    assert [
        (entry.page, entry.reason, entry.proposal and entry.proposal.sheet) for entry in result.queued
    ] == [(1, "two_sheets", one.page_id)]
    # An empty half of a large glass is no doubt.
    assert result.filed == 1


MAIN_CODE, SIDE_CODES = [(171, 14, 24)], [(15, 265, 18), (177, 265, 18)]


def _rained_on(page: Image.Image, codes: list[tuple[int, int, int]]) -> Image.Image:
    """The page with codes that can be seen, but have more wrong modules than any decoder mends."""
    rng = random.Random(5)
    pen, mm = ImageDraw.Draw(page), page.width / 210
    for left, top, size in codes:
        for _ in range(size * size // 2):
            x, y = left + rng.uniform(0, size), top + rng.uniform(0, size)
            ink = rng.choice([(40, 40, 45), (235, 235, 230)])
            pen.rectangle([x * mm, y * mm, (x + 0.8) * mm, (y + 0.8) * mm], fill=ink)
    return page


@pytest.mark.parametrize("end", ["foot", "head"])
def test_an_end_of_one_sheet_over_another_whose_codes_are_past_reading_waits_for_a_person(
    desk: App, tmp_path: Path, end: str
) -> None:
    one, two = sheets_of(desk, ONE)[3], sheets_of(desk, TWO)[3]
    lower = _rained_on(came_back(desk, one), MAIN_CODE if end == "foot" else SIDE_CODES)
    both, upper = lower.copy(), came_back(desk, two, seed=2).rotate(2, fillcolor="white", translate=(30, -12))
    box = (0, 1100, *upper.size) if end == "foot" else (0, 0, upper.width, 600)
    both.paste(upper.crop(box), box[:2])
    result = take_in(desk, pile([both, lower], tmp_path / "askew.pdf"), actor="VT01")
    assert [
        (entry.page, entry.reason, entry.proposal and entry.proposal.sheet) for entry in result.queued
    ] == [(1, "two_sheets", two.page_id)]
    # By itself, a sheet with spoilt codes is told by what can be read of it.
    assert [(work.learner, work.pages_present) for work in result.submissions] == [(one.learner, (one.page,))]


def test_a_sheet_printed_under_an_address_that_was_given_up_is_told_by_its_side_codes(
    desk: App, tmp_path: Path
) -> None:
    sheet = sheets_of(desk, ONE)[3]
    page = came_back(desk, sheet)
    pen, mm = ImageDraw.Draw(page), page.width / 210
    for y in (16, 21, 27, 33):
        pen.line([169 * mm, y * mm, 197 * mm, (y + 3) * mm], fill=(20, 30, 90), width=round(2 * mm))
    desk.settings = replace(desk.settings, public_url="http://192.168.1.20:8000")
    result = take_in(desk, pile([page], tmp_path / "moved.pdf"), actor="VT01")
    assert result.queued == ()
    assert [(work.learner, work.pages_present) for work in result.submissions] == [(sheet.learner, (1,))]


def test_a_file_whose_name_is_no_text_is_taken_in_like_any_other(desk: App, tmp_path: Path) -> None:
    file = Path(os.fsdecode(os.fsencode(tmp_path) + b"/th\xff\n.pdf"))
    pile([blank_back(seed=1, dpi=75)], tmp_path / "ok.pdf").rename(file)
    result = take_in(desk, file, actor="VT01")
    assert (result.file, result.blank) == ("th\ufffd\ufffd.pdf", 1)


def test_black_pages_and_voided_sheets_wait_with_their_reason(desk: App, tmp_path: Path) -> None:
    sheet = sheets_of(desk, ONE)[3]
    void(desk, "B1", [sheet.learner], reason=WhyVoid.MISPRINT, actor="VT01")
    black = Image.new("RGB", (1240, 1754), (8, 8, 10))
    result = take_in(desk, pile([black, came_back(desk, sheet)], tmp_path / "odd.pdf"), actor="VT01")
    assert [entry.reason for entry in result.queued] == ["dark", "held"]
    assert adds_up(result)
    queue = Queue(desk)
    with pytest.raises(Refused):
        queue.accept(result.queued[1].ident, actor="VT01")
    assert queue.counts() == {"dark": 1, "held": 1}
    # Nothing was half-done by the refusal.
    assert list(desk.facts.select(kind=FactKind.SCAN_DECIDED)) == []


def test_what_is_written_on_the_back_of_a_page_goes_with_its_work(desk: App) -> None:
    front = sheets_of(desk, ONE)[3]
    back = Sheet(
        "b" * 12, "b" * 10, front.learner, front.course, "", "blank", 0, 0, front.packet, "B1", "printed", "",
        False, position=front.position + 1,
    )  # fmt: skip
    assert front_of(back, sheets_of(desk, ONE)) == front
    cover = sheets_of(desk, ONE)[0]
    assert front_of(cover, sheets_of(desk, ONE)) is None
    empty = blank_back(seed=1, dpi=100)
    written = empty.copy()
    ImageDraw.Draw(written).line([150, 500, 600, 520], (24, 42, 130), 4)
    assert [written_on(_jpeg(image)) for image in (empty, written)] == [False, True]
    arrival = Arrival(
        page_id=sheets_of(desk, ONE)[5].page_id,
        channel="post",
        image=_jpeg(written),
        media_type="image/jpeg",
        received_at=desk.clock.now(),
        actor="VT01",
        source="scan:x:1",
        back_of=front,
    )
    desk.submissions.accept([arrival])
    (fact,) = desk.facts.select(kind=FactKind.EXTRA_RECEIVED)
    assert (fact.activity, fact.data["behind"]) == (front.activity, front.page)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def test_the_same_picture_in_two_files_is_known_the_second_time(desk: App, tmp_path: Path) -> None:
    page = came_back(desk, sheets_of(desk, TWO)[3])
    take_in(desk, pile([page], tmp_path / "a.pdf"), actor="VT01")
    again = take_in(desk, pile([page, page], tmp_path / "b.pdf"), actor="VT01")
    assert (again.filed, again.duplicates) == (0, 2)
    assert adds_up(again)
