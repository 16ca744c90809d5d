"""A PDF page that is one picture, with entries that libraries do not write; and JBIG2, as many bulk scanners pack black
and white pages.

JBIG2 (ITU-T T.88) may pack a region by the code of fax machines (T.6, "MMR"), which libtiff writes; what is added here
is the segments about it, embedded as ISO 32000-1, 7.4.7 wants them: without a file header and an end of file.
"""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageChops, TiffImagePlugin

_PAGE_INFORMATION, _IMMEDIATE_REGION = 48, 38
_STRIP_OFFSETS, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 278, 279
"""Tags of TIFF 6.0."""


def jbig2(picture: Image.Image) -> bytes:
    """A black and white picture (mode ``1``) as the two segments of a JBIG2 page."""
    width, height = picture.size
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    # Where it lies (17 bytes), then one byte of flags: packed by T.6.
    region = struct.pack(">IIIIBB", width, height, 0, 0, 0, 1) + _fax(picture)
    return _segment(0, _PAGE_INFORMATION, page) + _segment(1, _IMMEDIATE_REGION, region)


def picture_page(
    packed: bytes,
    size: tuple[int, int],
    shown: str = "",
    *masks: bytes,
    packing: str = "DCTDecode",
    in_form: bool = False,
) -> bytes:
    """A PDF with one A4 page, covered by a grey picture of `size`, drawn by the page or a form on it.

    `shown` are further entries of the picture, which may name a mask, also a JPEG, as object 7.
    """
    width, height = size
    drawn, named = b"q 595 0 0 842 0 0 cm /Scan Do Q", "/Resources << /XObject << /Scan 5 0 R >> >>"
    page = named.replace("/Scan 5", "/Form 6") if in_form else named
    depth = "" if "/BitsPerComponent" in shown else "/BitsPerComponent 8"
    kind = f"/Type /XObject /Subtype /Image /ColorSpace /DeviceGray /Width {width} /Height {height}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R {page} >>".encode(),
        _stream("", b"/Form Do" if in_form else drawn),
        _stream(f"{kind} /Filter /{packing} {depth} {shown}", packed),
        _stream(f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] {named}", drawn),
        *(_stream(f"{kind} /Filter /DCTDecode /BitsPerComponent 8", mask) for mask in masks),
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def _stream(entries: str, data: bytes) -> bytes:
    return f"<< {entries} /Length {len(data)} >>\nstream\n".encode() + data + b"\nendstream"


def _segment(number: int, kind: int, data: bytes) -> bytes:
    # Refers to no other segment, belongs to page 1.
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def _fax(picture: Image.Image) -> bytes:
    """Its rows by T.6, black as ones, in one piece."""
    out = io.BytesIO()
    rows = TiffImagePlugin.ImageFileDirectory_v2()
    rows[_ROWS_PER_STRIP] = picture.height
    # The library has ones for white.
    ImageChops.invert(picture).save(out, "TIFF", compression="group4", tiffinfo=rows)
    out.seek(0)
    with Image.open(out) as written:
        tags = written.tag_v2  # type: ignore[attr-defined]
        (at,), (length,) = tags[_STRIP_OFFSETS], tags[_STRIP_BYTES]
    return out.getvalue()[at : at + length]
