"""Judging what a phone sent: by its bytes, never by its name or declared type, and before much memory is spent.

Everything here runs in a worker (see :class:`delivery.network.web.services.PortalServices`), so that a hostile file
costs a worker at most. A photograph stays byte for byte what was sent; a PDF becomes one picture per page.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import pypdfium2 as pdfium
import structlog
from PIL import Image, UnidentifiedImageError

from delivery.errors import N_, BadInput, Message
from delivery.pagetree import pages_in_tree

ReadPageImage = Callable[[bytes], Sequence[str]]
"""Image file -> texts of the QR codes on it, ours or foreign; empty when none can be read. A picklable function; raises
BadInput for a picture that it cannot open."""

_log = structlog.get_logger(__name__)

MAX_FILES = 20
MAX_FILE_BYTES = 25_000_000
MAX_BODY_BYTES = 120_000_000
MAX_PIXELS = 64_000_000
"""Above the 48-megapixel cameras of phones; a decoded colour picture of this size takes 192 MB."""
MAX_PDF_PAGES = 40
PDF_DPI = 200
MAX_PAGE_INCHES = 24
"""Longest side of a PDF page that is drawn; A3 is 16.5 inches."""

WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TEXT_TYPE = "text/plain; charset=utf-8"
MAX_UNPACKED_BYTES = 100_000_000
MAX_MEMBERS = 3_000

_PDF_START = b"%PDF-"
_ZIP_START = b"PK\x03\x04"
_WORD_MAIN = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_DECODERS = ("JPEG", "PNG")
# MPO is what many phones write under the name JPEG: a JPEG with a second picture behind it, opened as JPEG.
_MEDIA_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png"}


class Problem(StrEnum):
    """Why a photo has to be taken or sent again. The value may stand in an address, so it says nothing personal."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NO_PICTURE = "no_picture"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too_many_pixels"
    PDF_UNREADABLE = "pdf_unreadable"
    PDF_TOO_LONG = "pdf_too_long"
    WORD_UNREADABLE = "word_unreadable"
    WORD_ALONE = "word_alone"
    NO_CODE = "no_code"
    SEVERAL_SHEETS = "several_sheets"
    UNKNOWN_SHEET = "unknown_sheet"
    NOT_RETURNED = "not_returned"

    @property
    def message(self) -> Message:
        return Message(_PROBLEMS[self], _LIMITS)


@dataclass(frozen=True, slots=True)
class PageImage:
    """One picture of one sheet, with the texts of the codes on it."""

    data: bytes
    media_type: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one uploaded file: its pages, or what is wrong with it."""

    pages: tuple[PageImage, ...] = ()
    problem: Problem | None = None


def judge(data: bytes, read_page_image: ReadPageImage) -> Judged:
    """Pictures of the sheets in one uploaded file, each with its codes. Never raises for what a file contains."""
    try:
        return _judge(data, read_page_image)
    except Exception as error:  # the worker's edge: decoders stumble over hostile files in ways of their own
        _log.warning("portal.decoder", error=type(error).__name__)
        return Judged(problem=Problem.DAMAGED)


def _judge(data: bytes, read_page_image: ReadPageImage) -> Judged:
    if problem := _problem_of_size(data):
        return Judged(problem=problem)
    if data.startswith(_PDF_START):
        return _judge_pdf(data, read_page_image)
    media_type = _media_type_of(data)
    if isinstance(media_type, Problem):
        return Judged(problem=media_type)
    return _read([data], media_type, read_page_image)


def judge_file(data: bytes) -> str | Problem:
    """Media type of work that stays as it was sent and needs no code, else what is wrong with it. Never raises for what
    a file contains."""
    try:
        return _judge_file(data)
    except Exception as error:  # the worker's edge, as above
        _log.warning("portal.decoder", error=type(error).__name__)
        return Problem.DAMAGED


def _judge_file(data: bytes) -> str | Problem:
    if problem := _problem_of_size(data):
        return problem
    if data.startswith(_PDF_START):
        return _problem_of_pdf(data) or "application/pdf"
    if data.startswith(_ZIP_START):
        return _problem_of_word(data) or WORD_TYPE
    return _media_type_of(data)


def pages_of_pdf(data: bytes) -> int:
    """Pages of a PDF that was judged before."""
    document = pdfium.PdfDocument(data)
    try:
        return len(document)
    finally:
        document.close()


def _holds_more(data: bytes, pages: int) -> bool:
    """Whether a PDF holds more than the `pages` that can be shown of it: nobody would see the others."""
    found = pages_in_tree(io.BytesIO(data), most=MAX_PDF_PAGES + 1)
    return found is not None and found > pages


def _problem_of_word(data: bytes) -> Problem | None:
    """What is wrong with a Word file: it is judged by its list of contents, before anything is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if "word/document.xml" not in names or "[Content_Types].xml" not in names:
                return Problem.NO_PICTURE
            unpacked = sum(member.file_size for member in members)
            macros = any("vbaproject" in name.lower() for name in names)
            strange = any(name.startswith("/") or ".." in name.split("/") for name in names)
            if macros or strange or unpacked > MAX_UNPACKED_BYTES or len(members) > MAX_MEMBERS:
                return Problem.WORD_UNREADABLE
            with archive.open("[Content_Types].xml") as stream:
                return None if _WORD_MAIN in stream.read(1_000_000) else Problem.WORD_UNREADABLE
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
        # What zipfile raises for damaged, encrypted and exotic archives; zlib's own error is an Exception of its own.
        return Problem.WORD_UNREADABLE
    except zlib.error:
        return Problem.WORD_UNREADABLE


def _problem_of_size(data: bytes) -> Problem | None:
    if not data:
        return Problem.EMPTY
    return Problem.TOO_LARGE if len(data) > MAX_FILE_BYTES else None


def _problem_of_pdf(data: bytes) -> Problem | None:
    """What is wrong with a PDF that a person will open: every page has to be there."""
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        return Problem.PDF_UNREADABLE
    try:
        if len(document) > MAX_PDF_PAGES:
            return Problem.PDF_TOO_LONG
        if _holds_more(data, len(document)):
            return Problem.PDF_UNREADABLE
        for number in range(len(document)):
            document[number].close()
        return None if len(document) else Problem.EMPTY
    except pdfium.PdfiumError:
        return Problem.PDF_UNREADABLE
    finally:
        document.close()


def _read(pictures: Sequence[bytes], media_type: str, read_page_image: ReadPageImage) -> Judged:
    try:
        return Judged(tuple(PageImage(data, media_type, tuple(read_page_image(data))) for data in pictures))
    except BadInput:
        return Judged(problem=Problem.DAMAGED)


def _media_type_of(data: bytes) -> str | Problem:
    """The media type of a whole, reasonable picture, else what is wrong with it."""
    try:
        with warnings.catch_warnings():
            # Our own limit is the stricter one.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_DECODERS) as image:
                if image.width * image.height > MAX_PIXELS:
                    return Problem.TOO_MANY_PIXELS
                media_type = _MEDIA_TYPES[image.format or ""]
                # An eighth of the size is enough to see that a JPEG is whole, at a fraction of the cost.
                image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
                image.load()
                return media_type
    except Image.DecompressionBombError:
        return Problem.TOO_MANY_PIXELS
    except UnidentifiedImageError:
        return Problem.NO_PICTURE
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError):
        # What Pillow's decoders raise for damaged files: PNG raises SyntaxError, a truncated file OSError.
        return Problem.DAMAGED


def _judge_pdf(data: bytes, read_page_image: ReadPageImage) -> Judged:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        return Judged(problem=Problem.PDF_UNREADABLE)
    try:
        if len(document) > MAX_PDF_PAGES:
            return Judged(problem=Problem.PDF_TOO_LONG)
        if _holds_more(data, len(document)):
            return Judged(problem=Problem.PDF_UNREADABLE)
        pictures = [_draw(document, number) for number in range(len(document))]
    except (pdfium.PdfiumError, ValueError, MemoryError):
        return Judged(problem=Problem.PDF_UNREADABLE)
    finally:
        document.close()
    if not pictures:
        return Judged(problem=Problem.EMPTY)
    return _read(pictures, "image/jpeg", read_page_image)


def _draw(document: pdfium.PdfDocument, number: int) -> bytes:
    """Page `number` as JPEG at 200 dpi, or fewer when the page is unreasonably large."""
    page = document[number]
    longest_inches = max(*page.get_size(), 1.0) / 72
    dpi = PDF_DPI * min(1.0, MAX_PAGE_INCHES / longest_inches)
    bitmap = page.render(scale=dpi / 72)
    out = io.BytesIO()
    bitmap.to_pil().convert("RGB").save(out, "JPEG", quality=88)
    bitmap.close()
    page.close()
    return out.getvalue()


_LIMITS = {
    "mb": MAX_FILE_BYTES // 1_000_000,
    "megapixels": MAX_PIXELS // 1_000_000,
    "pages": MAX_PDF_PAGES,
}

_PROBLEMS = {
    Problem.EMPTY: N_("The file is empty."),
    Problem.TOO_LARGE: N_("The file is larger than {mb} MB."),
    Problem.NO_PICTURE: N_("This is no photo or PDF. Send a JPEG or PNG picture, or a PDF."),
    Problem.DAMAGED: N_("The picture is damaged or was cut off on the way. Please take it again."),
    Problem.TOO_MANY_PIXELS: N_("The picture has more than {megapixels} megapixels. Choose a smaller size."),
    Problem.PDF_UNREADABLE: N_("The PDF cannot be read: it is damaged or has a password."),
    Problem.PDF_TOO_LONG: N_("The PDF has more than {pages} pages. Send it in parts."),
    Problem.WORD_UNREADABLE: N_(
        "The Word file is damaged, has a password or contains macros. Save it as PDF."
    ),
    Problem.WORD_ALONE: N_("A Word file is sent alone. Save it as PDF to send it together with photos."),
    Problem.NO_CODE: N_("No code could be read. Take the photo again: the whole sheet, flat, in good light."),
    Problem.SEVERAL_SHEETS: N_("There is more than one sheet in the photo. Take one photo of each sheet."),
    Problem.UNKNOWN_SHEET: N_("The code on this sheet is not known here. Ask your university."),
    Problem.NOT_RETURNED: N_("This page is yours to keep. Send in the answer sheets only."),
}
