"""Very many scanned pictures, true and otherwise, read and judged as by the intake: no page may get another's name.

    python -m benchmarks.reading_many [PICTURES [FIRST]]

Sheets of 300 learners at 110 dpi, askew, turned, grainy, compressed or in black and white. Of forty pictures 22 are
true; the others have a code blotted out or pen over it, a newspaper's code beside it, codes of two sheets, of one that
was altered, of another key, of another institution, or, three in a thousand, the foot or head of another sheet over
theirs. Light damage, quickly made: what is counted here is not how many are read (``benchmarks.reading_misfile`` does
that), but that none of them is misread. Beside it what believing the first code of our form would have misfiled.
"""

from __future__ import annotations

import io
import os
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

DPI = 110
MM = DPI / 25.4
SHEETS = 300
CHUNK = 250
KINDS = (
    *("true",) * 22,
    "a code blotted out",
    "pen over the codes",
    *("a newspaper's code",) * 4,
    *("main code of another sheet",) * 3,
    *("side codes of another sheet",) * 2,
    *("one of three of another sheet",) * 2,
    *("altered code",) * 2,
    *("another key",) * 2,
    "another institution",
)
TURNS = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
LAID_OVER = 0.003
"""Share of pictures with another sheet over an end."""


@dataclass(frozen=True)
class Printed:
    """Everything that a worker needs."""

    ours: Any
    pages: list[Image.Image]
    other_key: list[Image.Image]
    other_house: list[Image.Image]
    altered: list[Image.Image]
    newspaper: Image.Image
    grain: Image.Image


_printed: list[Printed] = []


def prepare() -> None:
    """Print and render all sheets, once for a worker."""
    from delivery.record.sheetcode import CodeKeys, page_token, page_url
    from tests.support.degraded import render
    from tests.support.returned_sheets import HOST, KEYS, print_sheets

    other = CodeKeys({1: b"z" * 32}, 1)
    with tempfile.TemporaryDirectory(prefix="reading-many-") as folder:
        where = Path(folder)
        ours = print_sheets(where, SHEETS, seed=3)
        key = print_sheets(where, 20, seed=4, keys=other)
        house = print_sheets(where, 20, seed=5, keys=other, host="https://truongkhac.edu.vn")
        drawn = [[render(s.file, n, dpi=DPI) for n in range(len(s.pages))] for s in (ours, key, house)]
    altered = []
    for page in ours.pages[:60]:
        token = page_token(page, KEYS)
        last = "A" if token[-1] != "A" else "B"
        altered.append(symbol_of(page_url(HOST, token[:-1] + last)))
    grain = np.random.default_rng(1).integers(0, 24, (1400, 1400), np.uint8)
    newspaper = symbol_of("https://baomoi.example.vn/giao-duc/2026/tuyen-sinh-tu-xa")
    _printed[:] = [Printed(ours, *drawn, altered, newspaper, Image.fromarray(grain))]


def symbol_of(text: str) -> Image.Image:
    """A QR code with its light border."""
    code = QRCode(error_correction=ERROR_CORRECT_Q, box_size=6)
    code.add_data(text)
    return code.make_image().get_image().convert("L")


# Places of the codes, with their light border: left, top, right, foot in millimetres.
MAIN = (168.0, 11.0, 198.0, 41.0)
SIDES = ((12.0, 262.0, 36.0, 286.0), (174.0, 262.0, 198.0, 286.0))


def box(place: tuple[float, ...]) -> tuple[int, int, int, int]:
    """In pixels."""
    left, top, right, foot = (round(value * MM) for value in place)
    return left, top, right, foot


def picture(number: int) -> tuple[str, str, bytes]:
    """What it is, the page id that it may be filed under ("" for none), and the scan."""
    rng, printed = random.Random(f"many {number}"), _printed[0]
    kind = "another sheet laid over" if rng.random() < LAID_OVER else rng.choice(KINDS)
    at, other = rng.sample(range(SHEETS), 2)
    right = printed.ours.pages[at]
    page = printed.pages[at].copy()
    theirs = printed.pages[other]
    pen = ImageDraw.Draw(page)
    if kind == "another sheet laid over":
        laid = theirs.rotate(
            rng.uniform(-4, 4), fillcolor=245, translate=(rng.randint(-50, 50), rng.randint(-40, 40))
        )
        depth = round(page.height * rng.uniform(0.15, 0.42))
        foot = rng.random() < 0.5
        cut = (0, page.height - depth, *page.size) if foot else (0, 0, page.width, depth)
        page.paste(laid.crop(cut), cut[:2])
        right = ""
    elif kind == "a code blotted out":
        # Without its main code a page takes as long as thirty others.
        places = [MAIN, *SIDES] if rng.random() < 0.25 else SIDES
        for place in rng.sample(places, rng.choice((1, 2))):
            pen.rectangle(box(place), fill=rng.choice((30, 245)))
    elif kind == "pen over the codes":
        for place in rng.sample([MAIN, *SIDES], rng.choice((1, 2, 3))):
            left, top, end, foot_px = box(place)
            points = [(rng.uniform(left, end), rng.uniform(top, foot_px)) for _ in range(rng.randint(2, 6))]
            pen.line(points, fill=45, width=rng.randint(2, 4), joint="curve")
    elif kind == "a newspaper's code":
        page.paste(printed.newspaper.resize((110, 110)), (300, 700))
    elif kind == "main code of another sheet":
        page.paste(theirs.crop(box(MAIN)), box(MAIN)[:2])
        right = ""
    elif kind == "side codes of another sheet":
        for place in SIDES:
            page.paste(theirs.crop(box(place)), box(place)[:2])
        right = ""
    elif kind == "one of three of another sheet":
        place = rng.choice(SIDES)
        page.paste(theirs.crop(box(place)), box(place)[:2])
        right = ""
    elif kind == "altered code":
        code = printed.altered[at % 60]
        left, top, end, foot_px = box((168.1, 11.1, 197.9, 40.9))
        page = printed.pages[at % 60].copy()
        page.paste(code.resize((end - left, foot_px - top), Image.Resampling.BOX), (left, top))
        right = ""
    elif kind == "another key":
        page, right = printed.other_key[at % 20].copy(), ""
    elif kind == "another institution":
        page, right = printed.other_house[at % 20].copy(), ""
    return kind, right, scanned(page, rng)


def scanned(page: Image.Image, rng: random.Random) -> bytes:
    """Light damage, and the bytes of a scanner."""
    if rng.random() < 0.6:
        page = page.rotate(rng.uniform(-3, 3), Image.Resampling.BILINEAR, fillcolor=rng.choice((20, 235)))
    if rng.random() < 0.3:
        page = page.filter(ImageFilter.BoxBlur(rng.uniform(0.2, 0.9)))
    left = rng.uniform(0.4, 1.0)
    floor = rng.uniform(0.2, 0.8) * 255 * (1 - left)
    page = page.point(lambda value: floor + value * left)
    at = rng.randrange(100)
    page = ImageChops.add(page, _printed[0].grain.crop((at, at, at + page.width, at + page.height)), 1, -12)
    if turn := rng.choice((None, None, *TURNS)):
        page = page.transpose(turn)
    out = io.BytesIO()
    if rng.random() < 0.1:
        cut = (floor + 255 * left * rng.uniform(0.5, 0.75)) * 0.95
        page.point(lambda value: 255 if value > cut else 0).convert("1").save(
            out, "TIFF", compression="group4"
        )
    else:
        page.save(out, "JPEG", quality=rng.randint(25, 75))
    return out.getvalue()


def run(numbers: range) -> tuple[dict[str, Counter[str]], list[str]]:
    """Judge some pictures: outcomes by kind, and what was misfiled."""
    from delivery.postal.incoming.judging import judge
    from delivery.postal.incoming.scan import read_page_image

    if not _printed:
        prepare()
    ours = _printed[0].ours
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for number in numbers:
        kind, right, data = picture(number)
        reading = read_page_image(data)
        found = judge(data, reading, ours.known)
        outcome = "filed" if found.page_id else "foreign" if found.foreign else str(found.doubt or "blank")
        if found.page_id and found.page_id != right:
            outcome = "laid over" if kind.startswith("another sheet") else "WRONG"
            wrong.append(f"{number} {kind}: {found.page_id}, {reading.texts}")
        first = ours.named_by(tuple(code.text for code in reading.codes)[:1])
        counts.setdefault(kind, Counter())[outcome] += 1
        counts[kind]["first code wrong"] += bool(first) and first != {right}
    return counts, wrong


def main(pictures: int = 2_000, first: int = 0) -> None:
    """Judge `pictures` pictures on all processors; an error when one was given to another sheet."""
    started, done = time.monotonic(), 0
    counts: dict[str, Counter[str]] = {}
    wrong: list[str] = []
    parts = [range(at, min(at + CHUNK, first + pictures)) for at in range(first, first + pictures, CHUNK)]
    with ProcessPoolExecutor(os.cpu_count()) as workers:
        for part, (found, misfiled) in zip(parts, workers.map(run, parts), strict=True):
            for kind, outcomes in found.items():
                counts.setdefault(kind, Counter()).update(outcomes)
            for line in misfiled:
                print(f"  {line}", flush=True)
            wrong += [line for line in misfiled if "another sheet laid over" not in line]
            done += len(part)
            if done % 10_000 < CHUNK:
                print(f"{done:,} after {time.monotonic() - started:.0f} s", flush=True)
    naive = sum(outcomes.pop("first code wrong", 0) for outcomes in counts.values())
    for kind, outcomes in sorted(counts.items()):
        print(f"  {kind:<30} {dict(outcomes.most_common())}")
    print(f"{pictures:,} pictures from {first:,} on: {len(wrong)} misfiled; by the first code: {naive:,}")
    if wrong:
        raise RuntimeError("a page was given to another sheet")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
