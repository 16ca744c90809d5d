"""Bubbles: plain marks are read, and nothing that a person would hesitate over is read by machine."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from delivery.postal.incoming.clean import locate, pixels
from delivery.postal.incoming.omr import Answer, lecturer_mark, read_bubbles
from delivery.postal.incoming.plainmarks import Doubt
from delivery.postal.incoming.scan import read_page_image
from delivery.postal.sheetlayout import Bubble, BubbleUse
from tests.support.degraded import degrade, render
from tests.support.marked import Hand, fill_in
from tests.support.returned_sheets import SheetSet, print_sheets

SOFT = ("skew", "noise", "shadow", "curl", "jpeg", "contrast", "blur", "perspective")


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> SheetSet:
    return print_sheets(tmp_path_factory.mktemp("sheets"), 1)


@pytest.fixture(scope="module")
def page(sheets: SheetSet) -> Image.Image:
    return render(sheets.file, 0)


def _read(scan: bytes, sheets: SheetSet) -> tuple[Answer, ...]:
    reading = read_page_image(scan)
    return read_bubbles(pixels(scan), sheets.layout, locate(scan, sheets.layout, reading.codes))


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _bubble(sheets: SheetSet, use: BubbleUse, value: str, question: int = 0) -> Bubble:
    (found,) = [b for b in sheets.layout.bubbles if (b.use, b.value, b.question) == (use, value, question)]
    return found


def _group(sheets: SheetSet, use: BubbleUse, question: int = 0) -> list[Bubble]:
    return [b for b in sheets.layout.bubbles if (b.use, b.question) == (use, question)]


def _of(answers: tuple[Answer, ...], use: BubbleUse, question: int = 0) -> Answer:
    (found,) = [a for a in answers if (a.use, a.question) == (use, question)]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_what_is_read_on_a_worn_scan_is_what_was_meant(
    sheets: SheetSet, page: Image.Image, seed: int
) -> None:
    filled, meant = fill_in(page, sheets.layout, seed=seed)
    scan = degrade(filled, seed=seed, severity="moderate", only=(SOFT[seed], "skew"))
    answers = _read(scan.data, sheets)
    assert len(answers) == len(meant)
    for answer in answers:
        wanted = meant[(answer.use, answer.question)]
        if answer.doubt is None:
            assert sorted(answer.values) == sorted(wanted.values), (answer.use, answer.question, wanted)
            assert answer.confidence > 0
        else:
            assert answer.values == ()
            assert answer.confidence == 0
    plain = [answer for answer in answers if meant[(answer.use, answer.question)].plain]
    assert sum(answer.doubt is None for answer in plain) >= 0.6 * len(plain)


def test_every_kind_of_doubt_is_named_and_has_its_crop(sheets: SheetSet, page: Image.Image) -> None:
    choice, whole, quarter = BubbleUse.CHOICE, BubbleUse.MARK_WHOLE, BubbleUse.MARK_QUARTER
    written = {
        (choice, 1): ("twice", {Doubt.TWO}),
        (choice, 2): ("struck", {Doubt.STRUCK}),
        (choice, 3): ("erased", {Doubt.ERASED, Doubt.FAINT}),
        (whole, 0): ("around", {Doubt.OUTSIDE, Doubt.FAINT}),
        (quarter, 0): ("beside", {Doubt.OUTSIDE, Doubt.FAINT, Doubt.NONE}),
        (BubbleUse.CONFIRM, 0): ("none", {Doubt.NONE}),
    }
    hand = Hand(page, sheets.layout, seed=4)
    for (use, question), (how, _) in written.items():
        # One of each is enough for a question of which several may be right.
        hand.answer(_group(sheets, use, question)[: 1 if how == "struck" else None], how)
    answers = _read(_png(hand.picture()), sheets)
    for (use, question), (how, doubts) in written.items():
        answer = _of(answers, use, question)
        assert answer.doubt in doubts, how
        assert answer.values == ()
        with Image.open(io.BytesIO(answer.crop)) as crop:
            assert min(crop.size) > 60


@pytest.mark.parametrize("seed", range(3))
def test_a_mark_that_was_struck_out_or_half_rubbed_out_is_not_read(
    sheets: SheetSet, page: Image.Image, seed: int
) -> None:
    hand = Hand(page, sheets.layout, seed=seed)
    groups = {(b.use, b.question) for b in sheets.layout.bubbles}
    for number, (use, question) in enumerate(sorted(groups)):
        hand.answer(_group(sheets, use, question), ("struck", "half erased")[(number + seed) % 2])
    for answer in _read(_png(hand.picture()), sheets):
        assert answer.doubt is not None, (answer.use, answer.question)


def test_plain_marks_of_every_kind_on_a_clean_scan_are_read(sheets: SheetSet, page: Image.Image) -> None:
    plain = ("fill", "cross", "tick", "scribble", "pencil", "cross")
    hand = Hand(page, sheets.layout, seed=5)
    groups = sorted({(b.use, b.question) for b in sheets.layout.bubbles})
    meant = {
        group: hand.answer(_group(sheets, *group), how) for group, how in zip(groups, plain, strict=True)
    }
    for answer in _read(_png(hand.picture()), sheets):
        assert (answer.values, answer.doubt) == (meant[answer.use, answer.question].values, None)


def test_a_filled_bubble_in_black_and_white_may_be_what_a_rubber_left(
    sheets: SheetSet, page: Image.Image
) -> None:
    hand = Hand(page, sheets.layout, seed=3, ink=40)
    hand.mark(_bubble(sheets, BubbleUse.CHOICE, "B", 1), "fill")
    hand.mark(_bubble(sheets, BubbleUse.CHOICE, "C", 3), "cross")
    answers = _read(_png(hand.picture().convert("1", dither=Image.Dither.NONE)), sheets)
    assert _of(answers, BubbleUse.CHOICE, 1).doubt is Doubt.ERASED
    assert _of(answers, BubbleUse.CHOICE, 3).values == ("C",)


def test_faint_pencil_is_doubtful_not_empty(sheets: SheetSet, page: Image.Image) -> None:
    hand = Hand(page, sheets.layout, seed=4)
    hand.mark(_bubble(sheets, BubbleUse.CHOICE, "B", 1), "cross", strength=0.3)
    answer = _of(_read(_png(hand.picture()), sheets), BubbleUse.CHOICE, 1)
    assert answer.doubt in (Doubt.FAINT, Doubt.ERASED)


def test_a_dark_piece_in_a_bubble_that_is_pale_all_over_may_be_what_a_rubber_left(
    sheets: SheetSet, page: Image.Image
) -> None:
    hand = Hand(page, sheets.layout, seed=6, ink=25)
    rubbed = _bubble(sheets, BubbleUse.CHOICE, "B", 1)
    hand.mark(rubbed, "fill", strength=0.27, size=1.15)
    hand.mark(rubbed, "fill", size=0.6)
    assert _of(_read(_png(hand.picture()), sheets), BubbleUse.CHOICE, 1).doubt is Doubt.ERASED


def test_where_several_may_be_right_all_that_are_marked_are_told(sheets: SheetSet, page: Image.Image) -> None:
    hand = Hand(page, sheets.layout, seed=2)
    for value in ("A", "C"):
        hand.mark(_bubble(sheets, BubbleUse.CHOICE, value, 2), "cross")
    answer = _of(_read(_png(hand.picture()), sheets), BubbleUse.CHOICE, 2)
    assert (answer.values, answer.doubt) == (("A", "C"), None)


WHOLE, QUARTER, CONFIRM = BubbleUse.MARK_WHOLE, BubbleUse.MARK_QUARTER, BubbleUse.CONFIRM


def test_a_lecturers_mark_is_read_with_its_square(sheets: SheetSet, page: Image.Image) -> None:
    hand = Hand(page, sheets.layout, seed=1)
    for use, value in ((WHOLE, "7"), (QUARTER, "25"), (CONFIRM, "yes")):
        hand.mark(_bubble(sheets, use, value), "fill")
    read = lecturer_mark(_read(_png(hand.picture()), sheets))
    assert read is not None
    assert (read.mark, read.final, read.doubt) == (Decimal("7.25"), True, None)
    assert read.crop
    assert read.confidence > 0.5


def _answer(use: BubbleUse, value: str, doubt: Doubt | None = None) -> Answer:
    values = () if doubt else (value,)
    return Answer(use, 0, values, 0.0 if doubt else 0.9, doubt, b"")


@pytest.mark.parametrize(
    ("whole", "quarter", "confirm", "expected"),
    [
        ("10", "00", "yes", (Decimal(10), True, None)),
        ("0", "00", Doubt.NONE, (Decimal(0), False, None)),
        ("10", "50", "yes", (None, True, Doubt.IMPOSSIBLE)),
        ("7", Doubt.NONE, "yes", (None, True, Doubt.NONE)),
        (Doubt.TWO, "00", Doubt.NONE, (None, False, Doubt.TWO)),
        (Doubt.NONE, Doubt.FAINT, "yes", (None, True, Doubt.FAINT)),
        ("7", "00", Doubt.ERASED, (None, False, Doubt.ERASED)),
        (Doubt.NONE, Doubt.NONE, Doubt.NONE, (None, False, Doubt.NONE)),
    ],
)
def test_a_lecturers_mark_counts_only_whole(
    whole: str | Doubt,
    quarter: str | Doubt,
    confirm: str | Doubt,
    expected: tuple[Decimal | None, bool, Doubt | None],
) -> None:
    given = zip((WHOLE, QUARTER, CONFIRM), (whole, quarter, confirm), strict=True)
    answers = [_answer(use, v, v if isinstance(v, Doubt) else None) for use, v in given]
    read = lecturer_mark(answers)
    assert read is not None
    assert (read.mark, read.final, read.doubt) == expected
    assert lecturer_mark(answers[:1]) is None


def test_a_red_pen_on_a_colour_scan_is_as_good_as_a_black_one(sheets: SheetSet, tmp_path: Path) -> None:
    colour = render(sheets.file, 0, colour=True)
    hand = Hand(colour, sheets.layout, seed=1, ink=(225, 40, 50))
    hand.mark(_bubble(sheets, WHOLE, "9"), "tick")
    hand.mark(_bubble(sheets, QUARTER, "75"), "cross")
    read = lecturer_mark(_read(_png(hand.picture()), sheets))
    assert read is not None
    assert read.mark == Decimal("9.75")


def test_a_page_that_cannot_be_laid_out_is_doubtful_throughout(sheets: SheetSet, page: Image.Image) -> None:
    nothing: Any = np.full((500, 400), 230, np.uint8)
    for answer in read_bubbles(nothing, sheets.layout, None):
        assert (answer.doubt, answer.values, answer.crop) == (Doubt.NOT_STRAIGHT, (), b"")
    # The codes are of this page, but what lies there is another one.
    reading = read_page_image(_png(page))
    other = Image.new("L", page.size, 235)
    found = locate(_png(page), sheets.layout, reading.codes)
    assert {a.doubt for a in read_bubbles(np.asarray(other), sheets.layout, found)} == {Doubt.NOT_STRAIGHT}
