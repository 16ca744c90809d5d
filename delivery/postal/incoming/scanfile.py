"""Scanned files page by page: PDF of any producer, multi-page TIFF, JPEG, PNG, HEIC.

The same file always gives the same bytes for a page, so that a second scan of it is known for what it is.
"""

from __future__ import annotations

import io
import os
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw

from delivery.errors import N_, BadInput
from delivery.pagetree import pages_in_tree
from delivery.postal.incoming.codes import is_mirrored
from delivery.postal.incoming.pdfpage import Taken, encoded, pdf_page
from delivery.postal.incoming.pictures import (
    IMAGE_TYPES,
    check_size,
    grey_array,
    open_image,
    plain,
    quietly,
)
from delivery.postal.incoming.scan import PageReading, read_page_image

_TAIL = 2048
"""Bytes at the end of a file in which its end mark stands; some scanners pad their files."""
_GLANCE_PX = 300
"""Long side of a picture whose tone is asked."""
_TONE = 24.0
"""Levels of grey by which two pictures of one page may differ on the whole."""
MAX_PAGES = 20_000
"""Of a file. A day's mail of the largest office has less; what claims more is damaged, or means harm."""


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """One page of a scanned file. `problem` tells why nothing could be read; then `image` may be a mere stand-in."""

    number: int
    """From 1."""
    image: bytes = field(repr=False)
    media_type: str
    reading: PageReading
    problem: str = ""


def shown_name(path: Path) -> str:
    """A file's name for people and for the store: composed, on one line, without bytes that are no text."""
    text = unicodedata.normalize("NFC", os.fsencode(path.name).decode("utf-8", "replace"))
    return "".join(char if char.isprintable() else "\ufffd" for char in text)


def warm_up() -> None:
    """Nothing; a worker that has done it has loaded what reading needs."""


def count_pages(path: Path) -> int:
    """Pages of a scanned file. Raises BadInput naming the file."""
    if _is_pdf(path):
        with _open_pdf(path) as document:
            count = len(document)
    else:
        with _open_picture(path) as image:
            try:
                with quietly():
                    count = _pictures_in(image)
            except (OSError, ValueError, SyntaxError, TypeError, KeyError) as error:
                raise _not_taken_in(path, str(error)) from error
    if not 1 <= count <= MAX_PAGES:
        raise BadInput(
            N_("The file {file} claims to have {count} pages."),
            do=N_("Scan the pile again, in parts of at most {most} pages."),
            file=shown_name(path),
            count=count,
            most=MAX_PAGES,
        )
    if _is_pdf(path):
        _require_all(path, count)
    return count


def _require_all(path: Path, count: int) -> None:
    """Raises BadInput for a PDF that holds more than the `count` pages which the library would give of it."""
    with path.open("rb") as stream:
        found = pages_in_tree(stream, most=MAX_PAGES)
    if found is not None and found > count:
        raise BadInput(
            N_("The PDF {file} says that it has {count} pages and holds {found}."),
            do=N_("Save it anew with another program (print it to PDF), or scan the pile again."),
            file=shown_name(path),
            count=count,
            found=found,
        )


def read_pages(path: Path, numbers: tuple[int, ...]) -> list[ScannedPage]:
    """Extract and read some pages (numbers from 1). Runs in a worker process: plain data in, plain data out.

    A page that cannot be read does not lose the others: it comes back with its problem. Raises BadInput when the file
    itself cannot be opened any more.
    """
    if _is_pdf(path):
        with _open_pdf(path) as document:
            return [
                _read(
                    number,
                    partial(pdf_page, document, number),
                    drawn=partial(pdf_page, document, number, drawn=True),
                )
                for number in numbers
            ]
    with _open_picture(path) as image:
        return [_read(number, partial(_picture_page, path, image, number)) for number in numbers]


def has_its_end(path: Path) -> bool | None:
    """Whether the end mark of a PDF, JPEG or PNG file is there; None for kinds that bear none (TIFF, HEIC).

    One that a scanner is still writing, or that was cut off, has none. Cheap enough to ask every second.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL))
            tail = stream.read()
    except OSError:
        return False
    if b"%PDF-" in head:
        return b"%%EOF" in tail
    if head.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in tail
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" in tail
    return None


def looks_whole(path: Path) -> bool:
    """Whether a file ends as its kind ends; a kind without an end mark is judged by whether it opens."""
    ends = has_its_end(path)
    if ends is not None:
        return ends
    try:
        return count_pages(path) > 0
    except BadInput:
        return False


def _read(
    number: int, extract: Callable[[], Taken], *, drawn: Callable[[], Taken] | None = None
) -> ScannedPage:
    image, media_type = b"", ""
    try:
        with quietly():
            image, media_type, problem, as_stored = extract()
            if problem:
                return ScannedPage(number, image, media_type, PageReading((), 0, 0), problem=problem)
            reading = read_page_image(image, media_type)
            if as_stored and drawn is not None and not reading.codes and not reading.blank:
                shown = drawn()
                if not shown.problem and _is_another(image, shown.image):
                    image, media_type = shown.image, shown.media_type
                    reading = read_page_image(image, media_type)
            if is_mirrored(reading.codes):
                image, media_type = _as_in_a_mirror(image)[:2]
                reading = read_page_image(image, media_type)
        return ScannedPage(number, image, media_type, reading)
    except BadInput as error:
        problem = str(error.what)
    except (pypdfium2.PdfiumError, OSError, ValueError, SyntaxError, MemoryError, EOFError) as error:
        problem = str(error) or type(error).__name__
    if not image:
        image, media_type = stand_in(), "image/png"
    return ScannedPage(number, image, media_type, PageReading((), 0, 0), problem=problem)


def _is_another(stored: bytes, shown: bytes) -> bool:
    """Whether a page shows its picture otherwise than it is stored: as a negative, or through a mask."""
    one, other = (float(np.mean(grey_array(image, _GLANCE_PX)[0])) for image in (stored, shown))
    return abs(one - other) > _TONE


def _as_in_a_mirror(image: bytes) -> Taken:
    """Some scanners mirror what they see. Nobody can read that, and its codes say that it is so."""
    opened = open_image(image)
    return encoded(
        (opened if opened.mode == "1" else plain(opened)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    )


@cache
def stand_in() -> bytes:
    """A small crossed-out page, where a file holds no picture that could be shown."""
    paper = Image.new("L", (210, 297), 235)
    pen = ImageDraw.Draw(paper)
    pen.rectangle((0, 0, 209, 296), outline=120)
    pen.line((0, 0, 209, 296), fill=120)
    pen.line((0, 296, 209, 0), fill=120)
    out = io.BytesIO()
    paper.save(out, "PNG")
    return out.getvalue()


def _is_pdf(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            head = stream.read(1024)
    except OSError as error:
        raise BadInput(
            N_("The file {file} cannot be opened: {reason}"),
            do=N_("Check its name and the right to read it."),
            file=shown_name(path),
            reason=error.strerror or str(error),
        ) from error
    if not head:
        raise BadInput(
            N_("The file {file} is empty."),
            do=N_("Wait until the scanner has finished writing, or scan again."),
            file=shown_name(path),
        )
    return b"%PDF-" in head


def _open_pdf(path: Path) -> Any:
    try:
        if not looks_whole(path):
            # The library would mend it, and leave out without a word the pages that are not there yet.
            raise pypdfium2.PdfiumError("no end mark")
        return pypdfium2.PdfDocument(path, autoclose=True)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise BadInput(
                N_("The PDF {file} is protected by a password."),
                do=N_("Set the scanner to save without protection and scan again."),
                file=shown_name(path),
            ) from error
        raise BadInput(
            N_("The PDF {file} is damaged or not whole."),
            do=N_("Wait until the scanner has finished writing, or scan again."),
            file=shown_name(path),
        ) from error


def _open_picture(path: Path) -> Image.Image:
    try:
        return open_image(path, path.suffix.removeprefix("."))
    except BadInput as error:
        raise _not_taken_in(path, error.what, do=error.do.msgid if error.do else None) from error


def _pictures_in(image: Image.Image) -> int:
    """How many pages a picture file holds. What a telephone's JPEG carries beside its picture is a preview or a map of
    depths; in a HEIC those are not counted among its pictures."""
    return int(getattr(image, "n_frames", 1)) if image.format in ("TIFF", "HEIF") else 1


def _not_taken_in(path: Path, reason: Any, *, do: str | None = None) -> BadInput:
    return BadInput(
        N_("The file {file} cannot be taken in: {reason}"),
        do=do or N_("Wait until the scanner has finished writing, or scan again."),
        file=shown_name(path),
        reason=reason,
    )


def _picture_page(path: Path, image: Image.Image, number: int) -> Taken:
    if image.format != "TIFF" and _pictures_in(image) == 1:
        return Taken(path.read_bytes(), IMAGE_TYPES[str(image.format)])
    image.seek(number - 1)
    check_size(image)
    return encoded(image)
