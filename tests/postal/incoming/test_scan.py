"""Reading pictures: the quick way, the cascade, and what is refused."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFilter

from delivery.errors import BadInput
from delivery.postal.incoming.pictures import looks_blank
from delivery.postal.incoming.scan import read_codes, read_page_image
from delivery.postal.incoming.scanfile import count_pages, read_pages
from delivery.record.sheetcode import PageRef, SideRef, read_code
from tests.support.postal_home import PrintedHome


@pytest.fixture(scope="module")
def page(printed: PrintedHome) -> tuple[Image.Image, str]:
    """A clean returned sheet at 150 dpi, and its page id."""
    file, index, page_id = printed.sheets()[0]
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        return document[index].render(scale=150 / 72, grayscale=True).to_pil(), page_id


def _jpeg(picture: Image.Image, quality: int = 70) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _pages(texts: tuple[str, ...], printed: PrintedHome) -> set[str]:
    """Page ids that verified codes lead to, side codes included."""
    found = set()
    for text in texts:
        match read_code(text, printed.app.keys.codes):
            case PageRef(page_id):
                found.add(page_id)
            case SideRef(side_id):
                sheet = printed.app.sheets.by_side(side_id)
                found.add(sheet.page_id if sheet else "?")
    return found


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_page_is_read_whichever_way_it_lies_and_the_turn_is_told(
    page: tuple[Image.Image, str], printed: PrintedHome, degrees: int
) -> None:
    picture, page_id = page
    reading = read_page_image(_jpeg(picture.rotate(-degrees, expand=True)))
    assert _pages(reading.texts, printed) == {page_id}
    assert reading.rotation == degrees


@pytest.mark.parametrize("code", ["main", "left", "right"])
def test_any_one_of_the_three_codes_is_enough(
    page: tuple[Image.Image, str], printed: PrintedHome, code: str
) -> None:
    picture, page_id = page[0].copy(), page[1]
    width, height = picture.size
    boxes = {
        "main": (width * 0.75, 0, width, height * 0.17),
        "left": (0, height * 0.86, width * 0.25, height),
        "right": (width * 0.75, height * 0.86, width, height),
    }
    for name, box in boxes.items():
        if name != code:
            ImageDraw.Draw(picture).rectangle(box, fill=120)
    assert _pages(read_page_image(_jpeg(picture)).texts, printed) == {page_id}


def test_a_faint_blurred_and_stained_page_is_read_by_the_cascade(
    page: tuple[Image.Image, str], printed: PrintedHome
) -> None:
    picture, page_id = page
    pale = picture.point(lambda value: 150 + value * 0.3).filter(ImageFilter.GaussianBlur(1.6))
    shadow = Image.linear_gradient("L").resize(pale.size).point(lambda value: 110 + value * 0.55)
    dim = Image.composite(pale, Image.new("L", pale.size, 60), shadow)
    assert _pages(read_page_image(_jpeg(dim, 55)).texts, printed) == {page_id}


def test_a_blank_page_is_told_from_a_black_one_and_from_one_with_a_single_word() -> None:
    paper = Image.effect_noise((1240, 1754), 12).point(lambda value: min(255, value + 110))
    assert looks_blank(paper)
    word = paper.copy()
    ImageDraw.Draw(word).line([(500, 700), (540, 760), (580, 700), (640, 770)], fill=40, width=5)
    assert not looks_blank(word)
    assert not looks_blank(Image.new("L", (1240, 1754), 5))


def test_only_qr_codes_count(page: tuple[Image.Image, str]) -> None:
    assert read_codes(_jpeg(Image.new("L", (300, 300), 255))) == []
    assert len(read_codes(_jpeg(page[0]))) == 2


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0 cut", b"%PDF-1.7", b"\x00" * 5000]
)
def test_what_is_no_picture_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(BadInput):
        read_page_image(data, "image/jpeg")


def test_a_truncated_picture_is_refused(page: tuple[Image.Image, str]) -> None:
    whole = _jpeg(page[0])
    with pytest.raises(BadInput, match="damaged"):
        read_page_image(whole[: len(whole) // 3])


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )
    with pytest.raises(BadInput):
        read_page_image(bomb)
    wide = bomb.replace(head, struct.pack(">IIBBBBB", 12_000, 8_000, 8, 0, 0, 0, 0))
    with pytest.raises(BadInput):
        read_page_image(wide)


def test_pages_of_tiff_png_and_rendered_pdf_are_read(
    page: tuple[Image.Image, str], printed: PrintedHome, tmp_path: Path
) -> None:
    picture, page_id = page
    picture.convert("1").save(
        tmp_path / "fax.tiff", save_all=True, append_images=[picture.convert("1")], compression="group4"
    )
    picture.save(tmp_path / "one.png")
    file, index, _ = printed.sheets()[0]
    for path, number, total in (
        (tmp_path / "fax.tiff", 2, 2),
        (tmp_path / "one.png", 1, 1),
        (file, index + 1, 24),
    ):
        assert count_pages(path) == total
        (read,) = read_pages(path, (number,))
        assert _pages(read.reading.texts, printed) == {page_id}


def test_the_jpeg_inside_a_scanned_pdf_is_taken_as_it_is(
    page: tuple[Image.Image, str], tmp_path: Path
) -> None:
    path = tmp_path / "scan.pdf"
    page[0].save(path, "PDF", resolution=150.0)
    (read,) = read_pages(path, (1,))
    assert read.media_type == "image/jpeg"
    assert read.image in path.read_bytes()


def test_files_that_cannot_be_opened_are_named(tmp_path: Path) -> None:
    for name, data in (("cut.pdf", b"%PDF-1.4\n1 0 obj"), ("note.txt", b"hello"), ("empty.pdf", b"")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(BadInput, match=name):
            count_pages(tmp_path / name)
    with pytest.raises(BadInput, match=r"gone\.pdf"):
        count_pages(tmp_path / "gone.pdf")
