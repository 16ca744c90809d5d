"""Pages of work as a marker sees them: pictures made anew, and words taken out. What was sent is never served as it is,
except as a download that no browser runs.

Runs in a worker, as :mod:`delivery.network.web.uploads` does.
"""

from __future__ import annotations

import io
import zipfile
from xml.etree import ElementTree

import pypdfium2 as pdfium
from PIL import Image, ImageOps

from delivery.imaging import in_colour, know_heic
from delivery.network.web.uploads import TEXT_TYPE, WORD_TYPE

LONG_SIDE = 1600
"""Pixels of a page's longer side: fine writing can be read on a screen and the picture stays under 400 kB."""
_MOST_XML = 20_000_000
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
LONGEST_WORDS = 200_000


def leaf_jpeg(data: bytes, media_type: str, leaf: int) -> bytes:
    """Page `leaf` (counted from 1) of a picture or PDF as JPEG. Raises ValueError when there is no such page."""
    try:
        image = _pdf_page(data, leaf) if media_type == "application/pdf" else _picture(data)
        out = io.BytesIO()
        image.save(out, "JPEG", quality=80)
        return out.getvalue()
    except Exception as error:  # the worker's edge: decoders stumble over damaged files in ways of their own
        raise ValueError("this page cannot be drawn") from error


def _picture(data: bytes) -> Image.Image:
    formats: tuple[str, ...] = ("JPEG", "PNG")
    if data[4:8] == b"ftyp":
        # Scans may be HEIC, as telephones make them.
        know_heic()
        formats = ("HEIF",)
    with Image.open(io.BytesIO(data), formats=formats) as image:
        image.draft("RGB", (LONG_SIDE, LONG_SIDE))
        upright = in_colour(ImageOps.exif_transpose(image))
    upright.thumbnail((LONG_SIDE, LONG_SIDE))
    return upright


def _pdf_page(data: bytes, leaf: int) -> Image.Image:
    document = pdfium.PdfDocument(data)
    try:
        if not 1 <= leaf <= len(document):
            raise ValueError("no such page")
        page = document[leaf - 1]
        scale = LONG_SIDE / max(*page.get_size(), 1.0)
        bitmap = page.render(scale=min(scale, 4.0))
        image: Image.Image = bitmap.to_pil().convert("RGB")
        bitmap.close()
        page.close()
        return image
    finally:
        document.close()


def leaf_words(data: bytes, media_type: str) -> str:
    """Words of a typed text or a Word file, one paragraph on a line; empty for anything else, and for what cannot be
    read: it can still be downloaded."""
    if media_type == TEXT_TYPE:
        return data.decode("utf-8", "replace")[:LONGEST_WORDS]
    if media_type != WORD_TYPE:
        return ""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open("word/document.xml") as stream:
            xml = stream.read(_MOST_XML + 1)
        # A document type could define entities that grow without end; Word writes none.
        if len(xml) > _MOST_XML or b"<!DOCTYPE" in xml:
            return ""
        paragraphs = ElementTree.fromstring(xml).iter(f"{_W}p")
        lines = ["".join(node.text or "" for node in one.iter(f"{_W}t")) for one in paragraphs]
        return "\n".join(lines)[:LONGEST_WORDS]
    except (ElementTree.ParseError, zipfile.BadZipFile, KeyError, OSError, ValueError, RuntimeError):
        return ""
