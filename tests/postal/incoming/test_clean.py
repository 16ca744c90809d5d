"""Straightening and cleaning: where a page lies, and the reading copy that a lecturer gets."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image, ImageDraw

from delivery.errors import BadInput
from delivery.postal.incoming.clean import (
    PageToClean,
    locate,
    printed_text,
    straighten,
    whitened,
    write_submission,
)
from delivery.postal.incoming.scan import read_page_image
from tests.support.degraded import degrade, render, warped
from tests.support.returned_sheets import SheetSet, print_sheets


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> SheetSet:
    return print_sheets(tmp_path_factory.mktemp("sheets"), 1)


@pytest.fixture(scope="module")
def page(sheets: SheetSet) -> Image.Image:
    """A page in colour with a sentence in blue and one in red."""
    picture = render(sheets.file, 0, colour=True)
    pen = ImageDraw.Draw(picture)
    pen.line([(300, 1300), (420, 1360), (540, 1290), (660, 1360)], fill=(35, 50, 150), width=5)
    pen.line([(300, 1400), (700, 1400)], fill=(200, 35, 45), width=5)
    return picture


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _askew(page: Image.Image) -> Image.Image:
    """Turned by a few degrees, seen from the side, upside down."""
    w, h = page.size

    def source(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        u, v = (x - w / 2) * 1.15, (y - h / 2) * 1.15
        u, v = u - 0.06 * v, v + 0.06 * u
        depth = 1 + 0.12 * u / w + 0.08 * v / h
        return u / depth + w / 2, v / depth + h / 2

    return warped(page, source, fill=60).rotate(180)


def test_a_page_seen_askew_is_found_to_a_third_of_a_millimetre(sheets: SheetSet, page: Image.Image) -> None:
    scan = _jpeg(_askew(page))
    reading = read_page_image(scan)
    found = locate(scan, sheets.layout, reading.codes)
    assert found is not None
    assert found.sure
    assert (found.corners, reading.rotation) == (4, 180)
    flat = straighten(PageToClean(scan, sheets.layout, reading)).picture.convert("L")
    per_mm = flat.width / 210
    dark = np.asarray(flat) < 140
    for corner in sheets.layout.corners:
        # Along each leg of the mark there is ink within a third of a millimetre of where it was drawn.
        x, y = corner.x * per_mm, corner.y * per_mm
        inward = (1 if corner.x < 100 else -1, 1 if corner.y < 100 else -1)
        for mm in (1.0, 2.5, 4.0):
            for at in ((x + inward[0] * mm * per_mm, y), (x, y + inward[1] * mm * per_mm)):
                assert dark[round(at[1]), round(at[0])], (corner, mm)


@pytest.mark.parametrize("kept", ["main", "left", "right"])
def test_one_code_is_enough_to_find_the_page(sheets: SheetSet, page: Image.Image, kept: str) -> None:
    picture = page.copy()
    w, h = picture.size
    boxes = {
        "main": (0.83, 0.04, 0.93, 0.13),
        "left": (0.07, 0.88, 0.16, 0.955),
        "right": (0.83, 0.88, 0.94, 0.955),
    }
    for name, (x, y, u, v) in boxes.items():
        if name != kept:
            ImageDraw.Draw(picture).rectangle((x * w, y * h, u * w, v * h), fill=(200, 200, 200))
    scan = _jpeg(picture.rotate(4, expand=True, fillcolor=(90, 90, 90)))
    reading = read_page_image(scan)
    assert len(reading.codes) == 1
    found = locate(scan, sheets.layout, reading.codes)
    assert found is not None
    assert (found.sure, found.corners, found.codes) == (True, 4, 1)


def test_what_cannot_be_found_is_not_pretended_to_be(sheets: SheetSet, page: Image.Image) -> None:
    scan = _jpeg(page)
    codes = read_page_image(scan).codes
    assert locate(scan, sheets.layout, ()) is None
    blank = _jpeg(Image.new("L", page.size, 240))
    found = locate(blank, sheets.layout, codes)
    assert found is None or not found.sure


def test_paper_becomes_white_and_pens_keep_their_colours(page: Image.Image) -> None:
    dim = np.asarray(page, dtype=np.float32) * np.linspace(0.45, 0.9, page.width)[None, :, None]
    clean = np.asarray(whitened(Image.fromarray((dim * (1.0, 0.97, 0.88)).astype(np.uint8))))
    assert float((clean.min(axis=-1) > 250).mean()) > 0.85
    red, blue = clean[1400, 500].astype(int), clean[1330, 357].astype(int)
    assert red[0] - max(red[1], red[2]) > 60
    assert blue[2] - blue[0] > 40
    assert whitened(page.convert("L").convert("RGB")).mode == "L"


@pytest.mark.needs("pdftotext", "qpdf")
def test_the_reading_copy_is_one_small_upright_searchable_pdf(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    worn = degrade(page, seed=2, severity="moderate", only=("shadow", "skew"))
    extra = _jpeg(Image.new("RGB", (900, 1200), (222, 220, 205)))
    text = printed_text(sheets.file, 0)
    out = tmp_path / "copy.pdf"
    pages = [
        PageToClean(worn.data, sheets.layout, read_page_image(worn.data), text),
        PageToClean(extra),
    ]
    assert write_submission(out, pages, title="Bài làm") == 2
    assert out.stat().st_size < 400_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["copy.pdf"]
    subprocess.run(["qpdf", "--check", str(out)], check=True, capture_output=True)
    words = subprocess.run(
        ["pdftotext", "-layout", str(out), "-"], check=True, capture_output=True, text=True
    )
    for phrase in ("Phương sai của dãy 5, 5, 5, 5 là số nào?", "Câu 4", "Tìm trung vị của dãy số"):
        assert phrase in " ".join(words.stdout.split())
    with pypdfium2.PdfDocument(out, autoclose=True) as document:
        assert [tuple(round(v) for v in document[n].get_size()) for n in range(2)] == [(595, 842)] * 2
        # What is searched for lies where it is seen.
        height = document[0].get_height()
        finder = document[0].get_textpage().search("Phương sai")
        at, count = finder.get_next()
        left, bottom, *_ = document[0].get_textpage().get_charbox(at)
        assert count == len("Phương sai")
        (line,) = [run for run in text if run.text.startswith("Phương sai")]
        assert left / height * 297 == pytest.approx(line.x, abs=1.5)
        assert (height - bottom) / height * 297 == pytest.approx(line.y, abs=3)


def test_a_damaged_image_leaves_no_half_copy_behind(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    out = tmp_path / "copy.pdf"
    out.write_bytes(b"the earlier one")
    scan = _jpeg(page)
    with pytest.raises(BadInput):
        write_submission(out, [PageToClean(scan), PageToClean(scan[:9000])], title="Bài làm")
    assert out.read_bytes() == b"the earlier one"
    assert len(list(tmp_path.iterdir())) == 1


def test_without_the_print_file_there_is_no_text_and_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"gone\.pdf"):
        printed_text(tmp_path / "gone.pdf", 0)
