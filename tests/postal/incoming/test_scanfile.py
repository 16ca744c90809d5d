"""Files as scanners, telephones and mistakes make them: every page comes out, or its file says why not."""

from __future__ import annotations

import io
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pypdf
import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from delivery.errors import BadInput
from delivery.postal.incoming import pictures, scanfile
from delivery.postal.incoming.scanfile import count_pages, looks_whole, read_pages
from tests.support.degraded import render
from tests.support.picture_pdf import jbig2, picture_page
from tests.support.returned_sheets import SheetSet, print_sheets

A4 = (595.0, 842.0)
FAX = "/BitsPerComponent 1"


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> SheetSet:
    return print_sheets(tmp_path_factory.mktemp("sheets"), 2)


@pytest.fixture(scope="module")
def page(sheets: SheetSet) -> Image.Image:
    return render(sheets.file, 0, colour=True)


def _jpeg(picture: Image.Image) -> io.BytesIO:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=75)
    out.seek(0)
    return out


def _named(path: Path, sheets: SheetSet, number: int = 1) -> set[str]:
    (read,) = read_pages(path, (number,))
    assert not read.problem
    return sheets.named_by(read.reading.texts)


def test_a_page_cut_into_strips_is_put_together(sheets: SheetSet, page: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "strips.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    strips = 7
    for n in range(strips):
        top, foot = page.height * n // strips, page.height * (n + 1) // strips
        strip = _jpeg(page.crop((0, top, page.width, foot)))
        high = A4[1] * (foot - top) / page.height
        canvas.drawImage(ImageReader(strip), 0, A4[1] * (1 - foot / page.height), A4[0], high)
    canvas.save()
    assert _named(path, sheets) == {sheets.pages[0]}


def test_fax_pages_stay_black_and_white_and_small(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "fax.pdf"
    page.convert("1", dither=Image.Dither.NONE).save(path, "PDF", resolution=150.0)
    (read,) = read_pages(path, (1,))
    assert read.media_type == "image/png"
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}
    with Image.open(io.BytesIO(read.image)) as image:
        assert image.mode == "1"
        assert abs(image.width - page.width) <= 2


def test_a_bulk_scanners_jbig2_page_is_read(sheets: SheetSet, page: Image.Image, tmp_path: Path) -> None:
    fax, path = page.convert("1", dither=Image.Dither.NONE), tmp_path / "jbig2.pdf"
    path.write_bytes(picture_page(jbig2(fax), fax.size, FAX, packing="JBIG2Decode"))
    (read,) = read_pages(path, (1,))
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}
    with Image.open(io.BytesIO(read.image)) as image:
        assert image.mode == "1"


@pytest.mark.parametrize("packed", ["JBIG2Decode", "JPXDecode", "NoSuchDecode"])
@pytest.mark.parametrize("in_form", [False, True], ids=["on the page", "in a form"])
def test_a_page_whose_picture_cannot_be_decoded_is_not_taken_for_a_blank_one(
    tmp_path: Path, packed: str, in_form: bool
) -> None:
    path = tmp_path / "broken.pdf"
    path.write_bytes(picture_page(b"no picture" * 40, (1240, 1754), FAX, packing=packed, in_form=in_form))
    (read,) = read_pages(path, (1,))
    assert "cannot be decoded" in read.problem
    assert not read.reading.blank


@pytest.mark.parametrize("how", ["negative", "through a mask"])
def test_a_picture_that_its_pdf_shows_otherwise_is_read_as_it_is_shown(
    sheets: SheetSet, page: Image.Image, tmp_path: Path, how: str
) -> None:
    path, grey = tmp_path / "shown.pdf", page.convert("L")
    inverted = _jpeg(grey.point(lambda value: 255 - value))
    if how == "negative":
        stored, shown = inverted.getvalue(), "/Decode [1 0]"
        masks: tuple[bytes, ...] = ()
    else:
        stored, shown = _jpeg(Image.new("L", grey.size, 20)).getvalue(), "/SMask 7 0 R"
        masks = (inverted.getvalue(),)
    path.write_bytes(picture_page(stored, grey.size, shown, *masks))
    assert _named(path, sheets) == {sheets.pages[0]}


def test_a_page_as_large_as_a_field_is_not_taken_for_a_blank_one(page: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "field.pdf"
    canvas = Canvas(str(path), pagesize=(1e5, 1e5))
    canvas.drawImage(ImageReader(_jpeg(page)), 0, 0, *A4)
    canvas.save()
    (read,) = read_pages(path, (1,))
    assert "larger than any paper" in read.problem


def test_the_scanners_own_text_recognition_does_not_hide_its_picture(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "ocr.pdf"
    canvas = Canvas(str(path), pagesize=A4)
    canvas.drawImage(ImageReader(_jpeg(page)), 0, 0, *A4)
    text = canvas.beginText(50, 500)
    text.setTextRenderMode(3)
    text.textLine("Bai tap 1")
    canvas.drawText(text)
    canvas.save()
    (read,) = read_pages(path, (1,))
    assert read.image in path.read_bytes() or read.image == _jpeg(page).getvalue()
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}


def test_a_turned_page_and_a_mirrored_picture_are_read(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    plain, turned, mirrored = (tmp_path / name for name in ("plain.pdf", "turned.pdf", "mirrored.pdf"))
    page.save(plain, "PDF", resolution=150.0)
    writer = pypdf.PdfWriter(clone_from=str(plain))
    writer.pages[0].rotate(90)
    writer.write(str(turned))
    assert _named(turned, sheets) == {sheets.pages[0]}
    canvas = Canvas(str(mirrored), pagesize=A4)
    canvas.transform(-1, 0, 0, 1, A4[0], 0)
    canvas.drawImage(ImageReader(_jpeg(page.transpose(Image.Transpose.FLIP_LEFT_RIGHT))), 0, 0, *A4)
    canvas.save()
    (read,) = read_pages(mirrored, (1,))
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}
    # What people see of it is not mirrored either.
    main = next(code for code in read.reading.codes if "/q/" in code.text)
    assert main.corners[1][0] > main.corners[0][0]


@pytest.mark.parametrize(("ending", "turn"), [("tif", 0), ("jpg", 90), ("png", 180)])
def test_what_a_scanner_mirrored_is_kept_the_right_way_round(
    sheets: SheetSet, page: Image.Image, tmp_path: Path, ending: str, turn: int
) -> None:
    path, right = tmp_path / f"mirrored.{ending}", tmp_path / "right.png"
    shown = page.convert("1", dither=Image.Dither.NONE) if ending == "tif" else page
    shown.rotate(turn, expand=True).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(path)
    shown.rotate(turn, expand=True).save(right)
    (read,), (as_it_is,) = read_pages(path, (1,)), read_pages(right, (1,))
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}
    assert read.reading.rotation == as_it_is.reading.rotation
    assert as_it_is.image == right.read_bytes()
    with Image.open(io.BytesIO(read.image)) as kept, Image.open(right) as wanted:
        off = np.abs(np.asarray(kept.convert("L"), float) - np.asarray(wanted.convert("L"), float))
    assert off.mean() < 2


def test_a_picture_from_a_telephone_in_heic_is_read(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    import pillow_heif

    path = tmp_path / "IMG_0001.HEIC"
    pillow_heif.from_pillow(page.convert("L").resize((868, 1228))).save(str(path), quality=60)
    assert count_pages(path) == 1
    (read,) = read_pages(path, (1,))
    assert read.media_type == "image/heic"
    assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}


def test_every_picture_of_a_heic_that_holds_several_is_a_page(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    import pillow_heif

    path = tmp_path / "pages.heic"
    pillow_heif.register_heif_opener()
    small = page.convert("L").resize((868, 1228))
    blank = Image.new("L", small.size, 250)
    blank.save(path, "HEIF", save_all=True, append_images=[small], quality=60)
    assert count_pages(path) == 2
    first, second = read_pages(path, (1, 2))
    assert first.reading.blank
    assert sheets.named_by(second.reading.texts) == {sheets.pages[0]}


@pytest.mark.parametrize("mode", ["RGBA", "LA", "I;16", "P", "CMYK"])
def test_pictures_of_every_make_of_colour_are_read(
    sheets: SheetSet, page: Image.Image, tmp_path: Path, mode: str
) -> None:
    path = tmp_path / ("page.jpg" if mode == "CMYK" else "page.png")
    if mode in ("RGBA", "LA"):
        # Ink on nothing: whoever forgets the transparency sees a black page.
        made = Image.new("RGBA", page.size, (0, 0, 0, 0))
        made.putalpha(page.convert("L").point(lambda value: 255 - value))
        made = made.convert(mode)
    elif mode == "I;16":
        made = Image.fromarray(np.asarray(page.convert("L"), dtype=np.uint16) * 257)
    else:
        made = page.convert(mode)
    made.save(path)
    assert _named(path, sheets) == {sheets.pages[0]}


@pytest.mark.parametrize("kind", ["sixteen bits", "twelve bits", "shares of white"])
def test_what_is_kept_of_a_tiff_of_many_greys_shows_them_as_they_are(tmp_path: Path, kind: str) -> None:
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (64, 1))
    values: np.ndarray[Any, Any] = ramp.astype(np.uint16) * (257 if kind == "sixteen bits" else 16)
    if kind == "shares of white":
        values = ramp.astype(np.float32) / 255
    path = tmp_path / "greys.tif"
    Image.fromarray(values).save(path)
    (read,) = read_pages(path, (1,))
    with Image.open(io.BytesIO(read.image)) as kept:
        assert np.asarray(kept.convert("L")).mean(axis=0) == pytest.approx(ramp.mean(axis=0), abs=3)


def test_a_tiff_of_many_pages_is_read_page_by_page(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "many.tif"
    blank = Image.new("1", (800, 1131), 1)
    page.convert("1").save(path, save_all=True, append_images=[blank, page.convert("L")], compression=None)
    assert count_pages(path) == 3
    first, second, third = read_pages(path, (1, 2, 3))
    assert second.reading.blank
    for read in (first, third):
        assert sheets.named_by(read.reading.texts) == {sheets.pages[0]}


# What cannot be read


def test_a_protected_file_is_named_with_what_to_do(page: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "locked.pdf"
    page.save(path, "PDF")
    writer = pypdf.PdfWriter(clone_from=str(path))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(str(path))
    with pytest.raises(BadInput, match=r"locked\.pdf is protected") as refused:
        count_pages(path)
    assert refused.value.do


def test_one_damaged_page_does_not_lose_the_others(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "scan.pdf"
    page.save(path, "PDF", save_all=True, append_images=[page, page], resolution=150.0)
    with pypdf.PdfReader(str(path)) as reader:
        second = reader.pages[1].images[0].data
    data = bytearray(path.read_bytes())
    at = data.find(second, data.find(second) + 1)
    for n in range(at + len(second) // 3, at + len(second) - 2):
        data[n] = 0xFF if n % 2 else 0xD9
    path.write_bytes(bytes(data))
    first, broken, last = read_pages(path, (1, 2, 3))
    assert sheets.named_by(first.reading.texts) == sheets.named_by(last.reading.texts) == {sheets.pages[0]}
    assert broken.problem or sheets.named_by(broken.reading.texts) <= {sheets.pages[0]}
    assert broken.image


@pytest.mark.parametrize("seed", range(8))
def test_no_damage_to_a_file_is_a_traceback(page: Image.Image, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path = tmp_path / ("scan.pdf" if seed % 2 else "scan.tif")
    small = page.resize((310, 438))
    small.save(path, save_all=True, append_images=[small])
    data = bytearray(path.read_bytes())
    for _ in range(rng.choice((3, 60))):
        data[rng.randrange(len(data))] = rng.randrange(256)
    path.write_bytes(bytes(data[: rng.choice((len(data), len(data) // 2))]))
    try:
        pages = read_pages(path, tuple(range(1, count_pages(path) + 1)))
    except BadInput as error:
        assert path.name in str(error)
    else:
        assert all(read.image for read in pages)


def test_a_file_that_is_still_being_written_is_known_by_its_missing_end(
    page: Image.Image, tmp_path: Path
) -> None:
    for name in ("scan.pdf", "scan.jpg", "scan.png", "scan.tif"):
        whole = tmp_path / name
        page.save(whole)
        assert looks_whole(whole), name
        part = tmp_path / f"part-{name}"
        part.write_bytes(whole.read_bytes()[:-3000])
        if name != "scan.tif":
            assert not looks_whole(part), name
        else:
            (read,) = read_pages(part, (1,)) if looks_whole(part) else (None,)
            assert read is None or read.problem
    # A PDF library would mend it, and silently leave out what is not there yet.
    with pytest.raises(BadInput, match="not whole"):
        count_pages(tmp_path / "part-scan.pdf")
    assert not looks_whole(tmp_path / "gone.pdf")


def test_a_page_as_large_as_a_house_is_drawn_small(tmp_path: Path) -> None:
    path = tmp_path / "house.pdf"
    canvas = Canvas(str(path), pagesize=(14_000, 14_000))
    canvas.drawString(100, 100, "x")
    canvas.save()
    (read,) = read_pages(path, (1,))
    with Image.open(io.BytesIO(read.image)) as image:
        assert image.width * image.height <= 20_000_000


def test_a_picture_in_a_pdf_that_would_fill_the_memory_is_a_page_with_a_problem(
    page: Image.Image, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.pdf"
    page.convert("L").resize((100, 140)).save(path, "PDF")
    writer = pypdf.PdfWriter(clone_from=str(path))
    image = writer.pages[0]["/Resources"]["/XObject"]["/image"]  # type: ignore[index]
    empty = pypdf.generic.StreamObject()
    empty.set_data(bytes(30_000) * 30)
    bomb = empty.flate_encode()
    for name, value in (("/Width", 30_000), ("/Height", 30_000), ("/BitsPerComponent", 8)):
        bomb[pypdf.generic.NameObject(name)] = pypdf.generic.NumberObject(value)
    for name in ("/Type", "/Subtype", "/ColorSpace"):
        bomb[pypdf.generic.NameObject(name)] = image[name]
    writer._replace_object(image.indirect_reference, bomb)
    writer.write(str(path))
    (read,) = read_pages(path, (1,))
    assert "30000 × 30000" in read.problem
    assert read.image


def test_a_file_that_claims_a_million_pages_or_is_empty_is_refused(page: Image.Image, tmp_path: Path) -> None:
    path = tmp_path / "many.pdf"
    page.resize((100, 140)).save(path, "PDF")
    path.write_bytes(path.read_bytes().replace(b"/Count 1\n", b"/Count 1000000\n"))
    with pytest.raises(BadInput, match="1000000"):
        count_pages(path)
    path.write_bytes(b"")
    with pytest.raises(BadInput, match="empty"):
        count_pages(path)


def test_a_file_that_holds_more_pages_than_it_says_is_refused_and_nothing_left_out(tmp_path: Path) -> None:
    path, canvas = tmp_path / "few.pdf", Canvas(str(tmp_path / "few.pdf"), pagesize=A4)
    for number in range(4):
        canvas.drawString(100, 100, str(number))
        canvas.showPage()
    canvas.save()
    assert count_pages(path) == 4
    path.write_bytes(path.read_bytes().replace(b"/Count 4", b"/Count 2"))
    with pytest.raises(BadInput, match="2 pages and holds 4"):
        count_pages(path)
    # The same in a stream of objects, as newer programs write them.
    writer = pypdf.PdfWriter(clone_from=str(path))
    writer._root_object["/Pages"][pypdf.generic.NameObject("/Count")] = pypdf.generic.NumberObject(3)
    writer.write(str(path))
    with pytest.raises(BadInput, match="3 pages and holds 4"):
        count_pages(path)


def test_a_large_file_is_not_held_in_memory_to_count_its_pages(tmp_path: Path) -> None:
    path, size = tmp_path / "large.pdf", 40_000_000
    writer = pypdf.PdfWriter()
    writer.add_blank_page(*A4)
    padding = pypdf.generic.StreamObject()
    padding.set_data(bytes(size))
    writer._add_object(padding)
    writer.write(str(path))
    assert path.stat().st_size > size
    assert count_pages(path) == 1  # what is loaded once is loaded
    tracemalloc.start()
    try:
        assert count_pages(path) == 1
        assert tracemalloc.get_traced_memory()[1] < size / 10
    finally:
        tracemalloc.stop()


def test_a_large_transparent_picture_is_laid_on_paper_when_it_is_small(
    sheets: SheetSet, page: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Image.new("RGBA", page.size, (0, 0, 0, 0))
    made.putalpha(page.convert("L").point(lambda value: 255 - value))
    made.resize((page.width * 4, page.height * 4)).save(tmp_path / "large.png", compress_level=1)
    laid: list[int] = []
    level = pictures.in_grey
    monkeypatch.setattr(pictures, "in_grey", lambda image: laid.append(image.width) or level(image))
    assert _named(tmp_path / "large.png", sheets) == {sheets.pages[0]}
    assert max(laid) <= page.width * 2


def test_a_newspaper_full_of_codes_is_nobodys_sheet(sheets: SheetSet, tmp_path: Path) -> None:
    import qrcode

    paper = Image.new("L", (1240, 1754), 235)
    for n in range(12):
        code = qrcode.make(f"https://bao.example.vn/bai/{n}", box_size=5).get_image().convert("L")
        paper.paste(code, (60 + n % 4 * 290, 80 + n // 4 * 520))
    paper.save(tmp_path / "news.jpg")
    (read,) = read_pages(tmp_path / "news.jpg", (1,))
    assert len(read.reading.texts) == 12
    assert read.reading.codes == ()
    assert not read.reading.framed
    assert sheets.named_by(read.reading.texts) == set()


def test_each_half_of_a_torn_page_still_names_its_sheet(
    sheets: SheetSet, page: Image.Image, tmp_path: Path
) -> None:
    for name, box in (("top", (0, 0, 1240, 800)), ("foot", (0, 700, 1240, 1754))):
        half = Image.new("RGB", page.size, (60, 60, 60))
        half.paste(page.crop(box), box[:2])
        half.save(tmp_path / f"{name}.jpg")
        assert _named(tmp_path / f"{name}.jpg", sheets) == {sheets.pages[0]}


def test_two_sheets_on_one_glass_are_both_told(sheets: SheetSet, page: Image.Image, tmp_path: Path) -> None:
    other = render(sheets.file, 1, colour=True)
    both = Image.new("RGB", (page.width * 2, page.height), "white")
    both.paste(page, (0, 0))
    both.paste(other, (page.width, 0))
    both.save(tmp_path / "a3.jpg")
    assert _named(tmp_path / "a3.jpg", sheets) == set(sheets.pages)


def test_a_file_is_opened_once_for_many_pages(
    page: Image.Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.tif"
    small = page.convert("L").resize((310, 438))
    small.save(path, save_all=True, append_images=[small] * 5)
    opened = []
    monkeypatch.setattr(
        scanfile, "open_image", lambda *args, _real=scanfile.open_image: opened.append(1) or _real(*args)
    )
    assert len(read_pages(path, (1, 2, 3, 4, 5, 6))) == 6
    assert len(opened) == 1
