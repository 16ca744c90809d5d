"""Read back every code of some 10,000 rendered pages: zxing-cpp all of them, zbar and jsQR a sample.

    python -m benchmarks.packets_codes [PAGES] [SAMPLE]

jsQR, which reads codes in browsers, needs node and ``npm ci``.

Also tries 100,000 alterations of true tokens (changed, flipped, cut, other or retired key): none may be accepted.
"""

from __future__ import annotations

import base64
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import zxingcpp

DPI = 110
"""A module of the main code has three pixels: the rendered page is clean, so less than a scanner gives is enough."""


def read_pages(file: Path, first: int, last: int) -> list[list[str]]:
    """Texts of the QR codes on each page."""
    out = []
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        for index in range(first, last):
            picture = document[index].render(scale=DPI / 72, grayscale=True).to_numpy()
            picture = picture.reshape(picture.shape[0], picture.shape[1])
            found = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
            out.append([code.text for code in found])
    return out


def main(pages: int = 10_000, sample: int = 50) -> None:
    """Print a batch and read it."""
    from benchmarks.bench_packets import _home
    from delivery.postal.outgoing.planning import plan_batch
    from delivery.postal.outgoing.printing import print_batch
    from delivery.record.sheetcode import PageRef, SideRef, read_code

    with tempfile.TemporaryDirectory(prefix="packets-codes-") as name:
        app, course = _home(Path(name), -(-pages // 11), pages=10)
        plan_batch(app, "B1", course=course, actor="bench")
        printed = print_batch(app, "B1", actor="bench")
        expected = _expected(app)
        started, wrong, checked = time.perf_counter(), 0, 0
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            for file in printed.files:
                count = len(pypdfium2.PdfDocument(file, autoclose=True))
                parts = [(at, min(at + 50, count)) for at in range(0, count, 50)]
                read = pool.map(read_pages, [file] * len(parts), *zip(*parts, strict=True))
                for index, texts in enumerate(texts for part in read for texts in part):
                    page, side = expected[file.stem][index]
                    refs = sorted((read_code(text, app.keys.codes) for text in texts), key=str)
                    checked += 1
                    wrong += refs != sorted([PageRef(page), SideRef(side), SideRef(side)], key=str)
        seconds = time.perf_counter() - started
        print(f"zxing-cpp: {checked:,} pages, {3 * checked:,} codes, {wrong} pages wrong, {seconds:.0f} s")
        if checked != printed.pages or wrong:
            raise RuntimeError("not every code was read back to its own page")
        _zbar(app, printed.files[0], expected[printed.files[0].stem], sample)
        _jsqr(app, printed.files[-1], expected[printed.files[-1].stem], sample)
        _forge(app)
        app.close()


def _expected(app: Any) -> dict[str, list[tuple[str, str]]]:
    """job -> (page id, side id) of each page of its file."""
    from delivery.store.packets import Packets

    out: dict[str, list[tuple[str, str]]] = {}
    for job in Packets(app.database, app.facts).jobs("B1"):
        sheets = (sheet for packet in job.packets for sheet in app.sheets.of_packet(packet))
        out[job.job] = [(sheet.page_id, sheet.side_id) for sheet in sheets]
    return out


def _zbar(app: Any, file: Path, expected: list[tuple[str, str]], sample: int) -> None:
    from delivery.record.sheetcode import PageRef, read_code

    if not (shutil.which("zbarimg") and shutil.which("pdftoppm")):
        print("zbar: not installed, left out")
        return
    right = 0
    with tempfile.TemporaryDirectory() as folder:
        render = ["pdftoppm", "-r", "150", "-gray", "-l", str(sample), str(file), f"{folder}/p"]
        subprocess.run(render, check=True)
        pictures = sorted(Path(folder).iterdir())
        for picture, (page, _side) in zip(pictures, expected, strict=False):
            command = ["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", str(picture)]
            texts = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            right += len(texts) == 3 and PageRef(page) in [read_code(text, app.keys.codes) for text in texts]
    print(f"poppler + zbar: {right} of {len(pictures)} pages read with all three codes")
    if right != len(pictures):
        raise RuntimeError("zbar did not read every code")


_CORNERS = ((slice(0, 0.25), slice(0.7, 1)), (slice(0.75, 1), slice(0, 0.3)), (slice(0.75, 1), slice(0.7, 1)))
"""Rows and columns, as shares of the page, in which a code stands: jsQR reads one code of a picture."""


def _jsqr(app: Any, file: Path, expected: list[tuple[str, str]], sample: int) -> None:
    from delivery.record.sheetcode import PageRef, SideRef, read_code

    root = Path(__file__).parents[1]
    if not (shutil.which("node") and (root / "node_modules" / "jsqr").exists()):
        print("jsQR: not installed, left out")
        return
    pictures = []
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        for index in range(min(sample, len(document))):
            page = document[index].render(scale=150 / 72, grayscale=True).to_numpy()
            height, width = page.shape[:2]
            page = page.reshape(height, width)
            for rows, columns in _CORNERS:
                corner = page[
                    int(rows.start * height) : int(rows.stop * height),
                    int(columns.start * width) : int(columns.stop * width),
                ]
                grey = base64.b64encode(np.ascontiguousarray(corner).tobytes()).decode()
                pictures.append(
                    json.dumps({"width": corner.shape[1], "height": corner.shape[0], "grey": grey})
                )
    told = subprocess.run(
        ["node", str(root / "benchmarks" / "jsqr_read.cjs")],
        input="\n".join(pictures) + "\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    ).stdout.splitlines()
    texts = [json.loads(line) for line in told]
    right = 0
    for index, (page_id, side_id) in enumerate(expected[: len(texts) // 3]):
        found = [read_code(text, app.keys.codes) for text in texts[3 * index : 3 * index + 3]]
        right += found == [PageRef(page_id), SideRef(side_id), SideRef(side_id)]
    print(f"pdfium + jsQR: {right} of {len(texts) // 3} pages read with all three codes")
    if 3 * right != len(texts):
        raise RuntimeError("jsQR did not read every code")


def _forge(app: Any, count: int = 100_000) -> None:
    from delivery.record.sheetcode import CodeKeys, page_token, read_code, side_token

    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    rng = random.Random(1)
    now = app.keys.codes.current
    retired = CodeKeys({(now + 1) % 16: b"\xa5" * 32}, (now + 1) % 16)
    keys = CodeKeys(app.keys.codes.keys, now, retired=retired.keys)
    other = CodeKeys({now: b"\x5a" * 32}, now)
    accepted = 0
    for number in range(count):
        page, side = rng.randbytes(6).hex(), rng.randbytes(5).hex()
        foreign = number % 5 == 0
        signed = (other if number % 2 else retired) if foreign else keys
        token = page_token(page, signed) if number % 2 else side_token(side, signed)
        if not foreign:
            at = rng.randrange(len(token))
            flipped = alphabet[alphabet.index(token[at]) ^ 1 << rng.randrange(5)]
            token = token[:at] + (flipped + token[at + 1 :] if number % 3 else "")
        accepted += read_code(token, keys) is not None
    print(f"forged, flipped, cut, signed with another or a retired key: {count:,} tried, {accepted} accepted")
    if accepted:
        raise RuntimeError("an altered token was accepted")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
