"""Material that is a PDF already: set into the frame as it is, or refused by its name before anything is planned."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageChops
from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas

from delivery.app import App
from delivery.errors import BadInput
from delivery.postal.fonts import font_name
from delivery.postal.outgoing.packet import Options
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.outgoing.wish import Wish
from delivery.postal.page import Face
from tests.support.layered_pdf import LAYERS, layered_page
from tests.support.postal_home import COURSE, approve, make_home


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = make_home(tmp_path, learners=2)
    yield app
    app.close()


def test_pages_of_a_pdf_are_set_into_the_frame_with_their_text(app: App) -> None:
    reader = PdfReader(_print_pdf_textbook(app, _own_pages(app)))
    assert len(reader.pages) == 2 * (2 + 6 + 2 + 1)
    inset = reader.pages[2].extract_text()
    assert "Trong gói này có" in inset
    assert "Trang 1/6" in inset
    other = reader.pages[13].extract_text()
    assert "Trong gói này có" in other


def test_several_pages_of_a_pdf_go_on_one(app: App) -> None:
    options = Options(n_up=2)
    reader = PdfReader(_print_pdf_textbook(app, _own_pages(app), options))
    assert len(reader.pages) == 2 * (2 + 3 + 2 + 1)
    text = reader.pages[2].extract_text()
    assert "Trong gói này có" in text
    assert "Những ngày tới của bạn" in text


def _own_pages(app: App) -> bytes:
    """A PDF of six pages: a packet of our own."""
    plan_batch(app, "SRC", wish=Wish(COURSE, only=(app.learners.require("TX260001").id,)), actor="clerk")
    return print_batch(app, "SRC", actor="clerk").files[0].read_bytes()


def _print_pdf_textbook(app: App, source: bytes, options: Options | None = None) -> Path:
    """Print packets whose textbook is itself a PDF."""
    _set_textbook(app, source)
    plan_batch(app, "PDF", wish=Wish(COURSE, options=options or Options()), actor="clerk")
    return print_batch(app, "PDF", actor="clerk").files[0]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_or_oddly_sized_page_stands_upright_inside_the_frame(app: App, rotation: int) -> None:
    writer = PdfWriter()
    page = writer.add_blank_page(1190, 1684)
    page.rotate(rotation)
    source = PdfWriter(clone_from=io.BytesIO(_text_page(rotation)))
    writer.append(source)
    out = io.BytesIO()
    writer.write(out)
    made = _print_pdf_textbook(app, out.getvalue())
    with pypdfium2.PdfDocument(made, autoclose=True) as document:
        found = [document[index].get_textpage() for index in (2, 3)]
        assert "Trang 1/2" in found[0].get_text_range()
        at = found[1].search("TREN CUNG").get_next()
        assert at is not None
        left, bottom, right, top = found[1].get_charbox(at[0])
        # Upright: a letter is higher than wide, and the line stands in the upper half within the frame.
        assert top - bottom > right - left
        assert left > 20 * 72 / 25.4
        assert 421 < top < (297 - 46) * 72 / 25.4


def _text_page(rotation: int) -> bytes:
    """A landscape page with a line at its visible top, turned by `rotation`."""
    out = io.BytesIO()
    width, height = (842, 595)
    pagesize = (width, height) if rotation % 180 == 0 else (height, width)
    canvas = _canvas(out, pagesize)
    if rotation == 90:
        canvas.translate(height, 0)
        canvas.rotate(90)
    elif rotation == 180:
        canvas.translate(width, height)
        canvas.rotate(180)
    elif rotation == 270:
        canvas.translate(0, width)
        canvas.rotate(-90)
    canvas.drawString(60, height - 60, "TREN CUNG")
    canvas.rect(60, 60, width - 120, 200)
    canvas.showPage()
    canvas.save()
    writer = PdfWriter(clone_from=io.BytesIO(out.getvalue()))
    writer.pages[0].rotate(rotation)
    turned = io.BytesIO()
    writer.write(turned)
    return turned.getvalue()


def _set_textbook(app: App, data: bytes) -> None:
    content = app.blobs.put(data)
    app.catalogue_store.set_content("NLTK-GT", content=content, file="x.pdf")
    approve(app, "NLTK-GT", content)


def test_a_broken_or_locked_pdf_is_refused_by_the_name_of_its_material(app: App, tmp_path: Path) -> None:
    _set_textbook(app, b"%PDF-1.7\nnothing of a PDF")
    with pytest.raises(BadInput, match="NLTK-GT"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")
    writer = PdfWriter()
    writer.add_blank_page(595, 842)
    writer.encrypt("secret", algorithm="AES-256")
    with (tmp_path / "locked.pdf").open("wb") as stream:
        writer.write(stream)
    _set_textbook(app, (tmp_path / "locked.pdf").read_bytes())
    with pytest.raises(BadInput, match=r"NLTK-GT.*password"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


def test_a_pdf_of_a_book_or_of_no_size_is_refused_by_the_name_of_its_material(app: App) -> None:
    for pages, width, text in ((401, 595, "401 pages"), (2, 20, "measures 7")):
        writer = PdfWriter()
        for _ in range(pages):
            writer.add_blank_page(width, 842)
        out = io.BytesIO()
        writer.write(out)
        _set_textbook(app, out.getvalue())
        with pytest.raises(BadInput, match=text) as caught:
            plan_batch(app, "B1", course=COURSE, actor="clerk")
        assert "NLTK-GT" in str(caught.value)


def _canvas(out: io.BytesIO, pagesize: tuple[float, float] = (595, 842)) -> Canvas:
    """A canvas whose typeface goes into its file."""
    return Canvas(out, pagesize=pagesize, initialFontName=font_name(Face.SANS))  # type: ignore[arg-type]


def _drawn_with(font: str, *, mode: int = 0) -> bytes:
    out = io.BytesIO()
    canvas = _canvas(out)
    text = canvas.beginText(60, 700)
    text.setFont(font, 12)
    text.setTextRenderMode(mode)
    text.textOut("Van ban")
    canvas.drawText(text)
    canvas.save()
    return out.getvalue()


def test_a_pdf_that_leaves_its_fonts_to_the_printer_is_refused_by_their_names(app: App) -> None:
    _set_textbook(app, _drawn_with("Helvetica"))
    with pytest.raises(BadInput, match=r"Page 1 .*NLTK-GT.*Helvetica"):
        plan_batch(app, "B1", course=COURSE, actor="clerk")


def test_text_that_a_scanner_laid_unseen_behind_its_picture_needs_no_font(app: App) -> None:
    _set_textbook(app, _drawn_with("Helvetica", mode=3))
    assert plan_batch(app, "B1", course=COURSE, actor="clerk").packets == 2


def test_what_is_transparent_in_a_pdf_looks_as_it_did(app: App) -> None:
    out = io.BytesIO()
    canvas = _canvas(out)
    canvas.setFillColorRGB(0, 0, 0)
    canvas.rect(100, 300, 300, 300, fill=1)
    canvas.setFillAlpha(0.5)
    canvas.setFillColorRGB(1, 1, 1)
    canvas.rect(200, 400, 300, 300, stroke=0, fill=1)
    canvas.showPage()
    canvas.save()
    source = out.getvalue()
    made = _print_pdf_textbook(app, source)
    assert abs(_greys(made.read_bytes(), page=2) - _greys(source, page=0)) < 8


def _greys(data: bytes, *, page: int) -> float:
    """The middle grey of whatever lies between black and white: where the two squares overlap."""
    with pypdfium2.PdfDocument(data, autoclose=True) as document:
        picture: Image.Image = document[page].render(scale=0.5, grayscale=True).to_pil()
    counted = ImageChops.offset(picture, 0).histogram()
    middle = {value: count for value, count in enumerate(counted) if 60 < value < 200}
    return max(middle, key=lambda value: middle[value])


def test_layers_of_a_pdf_are_printed_as_they_print_by_themselves(app: App) -> None:
    made = _print_pdf_textbook(app, layered_page())
    with pypdfium2.PdfDocument(made, autoclose=True) as document:
        picture: Image.Image = document[2].render(scale=1, grayscale=True).to_pil()
    dark = ImageChops.invert(picture).crop((150, 130, 450, 690)).point(lambda value: 255 * (value > 200))
    # Squares beside the line: where the rows hold more than the line's own ten dots.
    rows = [sum(dark.crop((0, y, dark.width, y + 1)).histogram()[200:]) > 40 for y in range(dark.height)]
    squares = sum(now and not before for before, now in zip([False, *rows], rows, strict=False))
    assert squares == sum(
        how.get("/PrintState", "/OFF" if how else "/ON") == "/ON" for how in LAYERS.values()
    )
