"""Damaged scans: moderate damage is read, and no damage ever makes one sheet look like another."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from delivery.postal.incoming.cascade import clahe, flattened, local_threshold, versions
from delivery.postal.incoming.codes import decode, placed
from delivery.postal.incoming.pictures import glance_at
from delivery.postal.incoming.scan import GLANCE_LONG_PX, QUICK_LONG_PX, read_page_image
from tests.support.degraded import DAMAGES, degrade, render
from tests.support.returned_sheets import SheetSet, print_sheets


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> SheetSet:
    return print_sheets(tmp_path_factory.mktemp("sheets"), 2)


@pytest.fixture(scope="module")
def pages(sheets: SheetSet) -> list[Image.Image]:
    return [render(sheets.file, index) for index in range(2)]


@pytest.mark.parametrize("damage", DAMAGES)
def test_each_moderate_damage_is_read(sheets: SheetSet, pages: list[Image.Image], damage: str) -> None:
    scan = degrade(pages[0], seed=3, severity="moderate", other=pages[1], only=[damage])
    reading = read_page_image(scan.data)
    assert sheets.named_by(reading.texts) == {sheets.pages[0]}


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75)
    return out.getvalue()


def test_a_clean_scan_is_read_at_a_glance_and_its_codes_are_told_where_they_stand(sheets: SheetSet) -> None:
    fine = render(sheets.file, 0, dpi=300)
    glance = read_page_image(_jpeg(fine.rotate(-90, expand=True)))
    assert (glance.version, glance.rotation, glance.passes) == ("glance", 90, 1)
    assert sheets.named_by(glance.texts) == {sheets.pages[0]}
    out = io.BytesIO()
    fine.rotate(-90, expand=True).save(out, "PNG", compress_level=1)
    slow = read_page_image(out.getvalue())
    assert slow.version == "quick"
    for one, other in zip(
        sorted(glance.codes, key=lambda code: code.corners),
        sorted(slow.codes, key=lambda code: code.corners),
        strict=True,
    ):
        # A millimetre.
        assert np.asarray(one.corners) == pytest.approx(np.asarray(other.corners), abs=12)


def test_a_glance_is_not_enough_where_there_is_room_for_another_sheet(
    sheets: SheetSet, pages: list[Image.Image]
) -> None:
    first, second = (page.resize((1654, 2339)) for page in pages)
    glass = Image.new("L", (2 * first.width, first.height), 235)
    glass.paste(first, (0, 0))
    glass.paste(second.filter(ImageFilter.GaussianBlur(3.3)), (first.width, 0))
    data = _jpeg(glass)
    glance = glance_at(data, GLANCE_LONG_PX, beside=QUICK_LONG_PX)
    assert glance is not None
    seen = tuple(code.text for code in decode(glance[0], reduced_too=False))
    assert sheets.named_by(seen) == {sheets.pages[0]}
    assert len(seen) == 3
    reading = read_page_image(data)
    assert (reading.version, reading.passes) == ("quick", 2)


def test_severe_damage_is_read_or_told_and_never_misread(sheets: SheetSet, pages: list[Image.Image]) -> None:
    read = 0
    for seed in range(4):
        scan = degrade(pages[seed % 2], seed=seed, severity="severe", other=pages[1 - seed % 2])
        named = sheets.named_by(read_page_image(scan.data).texts)
        assert named <= {sheets.pages[seed % 2]}
        read += bool(named)
    assert read >= 3


@pytest.mark.parametrize("turn", [0, 90])
def test_codes_struck_through_by_a_pen_are_rebuilt_where_the_corner_marks_say_they_stand(
    sheets: SheetSet, pages: list[Image.Image], turn: int
) -> None:
    # One stroke over two finders of each code: no decoder sees them any more.
    struck = pages[0].copy()
    pen = ImageDraw.Draw(struck)
    per_mm = struck.width / 210
    for x, y, mm in ((171, 14, 24), (15, 265, 18), (177, 265, 18)):
        for line in (((x, y + 3), (x + mm, y + 1)), ((x + 2, y), (x + 2.4, y + mm))):
            pen.line([(a * per_mm, b * per_mm) for a, b in line], fill=50, width=round(1.1 * per_mm))
    out = io.BytesIO()
    struck.rotate(1.0, fillcolor=230).rotate(-turn, expand=True).save(out, "JPEG")
    assert decode(np.asarray(struck)) == []
    reading = read_page_image(out.getvalue())
    assert (reading.version, reading.rotation) == ("rebuilt", turn)
    assert sheets.named_by(reading.texts) == {sheets.pages[0]}


def test_a_sheet_whose_head_alone_is_seen_is_not_taken_for_the_one_that_lies_over_its_foot(
    sheets: SheetSet, pages: list[Image.Image]
) -> None:
    both = pages[0].copy()
    width, height = both.size
    head = (0, 0, width, round(0.15 * height))
    both.paste(both.crop(head).filter(ImageFilter.GaussianBlur(2.4)), head[:2])
    over = pages[1].rotate(2, fillcolor=245).crop((0, round(0.7 * height), width, height))
    both.paste(over, (0, round(0.7 * height)))
    first = decode(np.asarray(both))
    assert sheets.named_by(tuple(code.text for code in first)) == {sheets.pages[1]}
    assert sheets.named_by(read_page_image(_jpeg(both)).texts) == set(sheets.pages[:2])


def test_the_same_seed_gives_the_same_scan(pages: list[Image.Image]) -> None:
    first = degrade(pages[0], seed=5, severity="severe", other=pages[1])
    assert first == degrade(pages[0], seed=5, severity="severe", other=pages[1])
    assert first != degrade(pages[0], seed=6, severity="severe", other=pages[1])


def test_the_place_of_a_code_is_told_in_pixels_as_stored_whichever_version_it_was_read_on(
    sheets: SheetSet, pages: list[Image.Image]
) -> None:
    out = io.BytesIO()
    pages[0].resize((2480, 3508)).save(out, "PNG")
    (known,) = [code for code in read_page_image(out.getvalue()).codes if "/q/" in code.text]
    assert known.corners[0] == pytest.approx((177 / 210 * 2480 - 6 / 210 * 2480, 14 / 297 * 3508), abs=12)

    quick = np.asarray(pages[0])
    for version in versions(quick, lambda: pages[0], stored=(2480, 3508)):
        for code in placed(decode(version.picture), version.to_stored):
            if code.text == known.text:
                assert np.asarray(code.corners) == pytest.approx(np.asarray(known.corners), abs=16), (
                    version.name
                )


def test_shadows_go_and_ink_stays() -> None:
    ramp = np.tile(np.linspace(60, 240, 640), (640, 1))
    ramp[300:306, ::40] *= 0.3
    picture = Image.fromarray(ramp.astype(np.uint8))
    flat = flattened(picture)
    assert float(np.std(flat[:280, 40:600])) < 12
    assert float(flat[302, 320]) < 130
    black = local_threshold(flat)
    assert set(np.unique(black)) <= {0, 255}
    assert black[302, 320] == 0
    assert black[100, 325] == 255


def test_levelling_brings_out_a_faint_pattern_without_blowing_up_plain_paper() -> None:
    faint = np.full((400, 400), 180, np.uint8)
    faint[100:300:8, 100:300] = 165
    levelled = clahe(faint)
    assert int(faint[145, 200]) - int(faint[148, 200]) == 15
    assert int(levelled[145, 200]) - int(levelled[148, 200]) >= 18
    grain = np.random.default_rng(1).normal(200, 2, (400, 400)).astype(np.uint8)
    assert float(clahe(grain).std()) < 40


def test_a_page_whose_codes_are_all_lost_is_known_for_one_of_ours_by_its_corner_marks(
    pages: list[Image.Image],
) -> None:
    lost = pages[0].copy()
    for x, y in ((0.72, 0.05), (0.07, 0.88), (0.83, 0.88)):
        box = (round(x * lost.width), round(y * lost.height))
        lost.paste(200, (*box, box[0] + round(0.2 * lost.width), box[1] + round(0.08 * lost.height)))
    out = io.BytesIO()
    lost.rotate(1.5, fillcolor=235).save(out, "JPEG")
    reading = read_page_image(out.getvalue())
    assert reading.codes == ()
    assert reading.framed
    plain = Image.new("L", (1240, 1754), 235)
    for y in range(80, 1700, 30):
        plain.paste(60, (90, y, 1100, y + 8))
    out = io.BytesIO()
    plain.save(out, "JPEG")
    assert not read_page_image(out.getvalue()).framed


def test_a_page_of_nothing_but_black_is_told_and_costs_nothing(tmp_path: Path) -> None:
    dust = np.random.default_rng(2).integers(0, 25, (1754, 1240)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(dust).save(out, "JPEG")
    reading = read_page_image(out.getvalue())
    assert (reading.dark, reading.blank, reading.texts) == (True, False, ())
