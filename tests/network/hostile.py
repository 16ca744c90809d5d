"""Files that mean harm: polyglots, bombs, wrong types, damaged ones, odd names. One seed gives the same files."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator

from PIL import Image

_SCRIPT = b"<html><script>alert(document.cookie)</script><svg onload=alert(1)></html>"
_NAMES = (
    "bai.jpg",
    "../../etc/passwd",
    "..\\..\\windows\\win.ini",
    "bai.jpg\x00.html",
    "a" * 300 + ".jpg",
    "con.php;.jpg",
    "<img src=x onerror=alert(1)>.png",
    "",
    "bài làm ‮gpj.exe",
    "%2e%2e%2f.html",
)


def files(count: int, *, seed: int) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of `count` files."""
    chance = random.Random(seed)
    makers = (
        _jpeg_with_script,
        _png_bomb,
        _huge_png,
        _zip_bomb,
        _word_with_entities,
        _pdf_with_script,
        _damaged_pdf,
        _mutated_jpeg,
        _wrong_type,
        _gif_polyglot,
        _random,
    )
    for _ in range(count):
        yield chance.choice(_NAMES), chance.choice(makers)(chance)


def _jpeg(chance: random.Random) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (chance.randint(1, 200), 40), chance.randrange(1 << 24)).save(out, "JPEG")
    return out.getvalue()


def _jpeg_with_script(chance: random.Random) -> bytes:
    return _jpeg(chance) + _SCRIPT


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, rows: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _png_bomb(chance: random.Random) -> bytes:
    """A small picture by its header, and a thousand times as many bytes behind it."""
    return _png(10, 10, zlib.compress(bytes(chance.randint(1, 20) * 1_000_000)))


def _huge_png(chance: random.Random) -> bytes:
    return _png(
        chance.choice((60_000, 2**31 - 1)), chance.choice((60_000, 2**31 - 1)), zlib.compress(bytes(1000))
    )


def _word(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


_TYPES = b"<Types>application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml</Types>"


def _zip_bomb(chance: random.Random) -> bytes:
    return _word(
        {"[Content_Types].xml": _TYPES, "word/document.xml": bytes(chance.randint(30, 120) * 1_000_000)}
    )


def _word_with_entities(chance: random.Random) -> bytes:
    lines = ['<!DOCTYPE w [<!ENTITY a0 "ha">']
    lines += [f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, chance.randint(3, 12))]
    document = "".join(lines) + "]><w>&a2;</w>"
    return _word({"[Content_Types].xml": _TYPES, "word/document.xml": document.encode(), "../evil": b"x"})


def _pdf_with_script(chance: random.Random) -> bytes:
    out = io.BytesIO()
    Image.new("L", (30, 30)).save(out, "PDF")
    return out.getvalue().replace(
        b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert(1)) >>"
    )


def _damaged_pdf(chance: random.Random) -> bytes:
    data = bytearray(_pdf_with_script(chance))
    for _ in range(chance.randint(1, 60)):
        data[chance.randrange(5, len(data))] = chance.randrange(256)
    return bytes(data[: chance.randint(6, len(data))])


def _mutated_jpeg(chance: random.Random) -> bytes:
    data = bytearray(_jpeg(chance))
    for _ in range(chance.randint(1, 30)):
        data[chance.randrange(2, len(data))] = chance.randrange(256)
    return bytes(data)


def _wrong_type(chance: random.Random) -> bytes:
    return chance.choice(
        (_SCRIPT, b"MZ" + bytes(500), b"<?php system($_GET[0]);", b"<svg onload=alert(1)/>", b"", b"\x00")
    )


def _gif_polyglot(chance: random.Random) -> bytes:
    return b"GIF89a/*" + _SCRIPT + b"*/=1;"


def _random(chance: random.Random) -> bytes:
    return chance.choice(
        (b"\xff\xd8\xff", b"%PDF-1.7\n", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n")
    ) + chance.randbytes(chance.randint(0, 4000))
