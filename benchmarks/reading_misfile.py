"""Damaged scans read and resolved: how many find their sheet, and that none finds another's.

    python -m benchmarks.reading_misfile [IMAGES [PAGES]]

Three runs. With pictures: so many moderate and as many severe scans by the seeded generator ``tests/support/degraded``,
each read by the cascade and resolved with the same policy as the intake; beside it the plain way (half size in grey,
one pass). Without pictures: so many pages as sets of code texts, true, altered, signed with another key, of another
institution, of a sheet that was replaced, of two sheets, with codes missing, resolved by the same policy. A page that
gets the id of another sheet is misfiled. Third, the worst that two sheets can do: the upper one lies askew over the
head or the foot of the lower one, its codes where that one's should be, under moderate damage; a machine that stops at
the first code files the lower one's answers under the upper one's name.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

HOST = "https://hoctuxa.edu.vn"


def pictures(count: int, folder: Path) -> int:
    """Read `count` moderate and `count` severe scans; the number misfiled."""
    from delivery.postal.incoming.codes import decode
    from delivery.postal.incoming.judging import judge
    from delivery.postal.incoming.pictures import grey_array
    from delivery.postal.incoming.scan import QUICK_LONG_PX, read_page_image
    from tests.support.degraded import degrade, render
    from tests.support.returned_sheets import print_sheets

    sheets = print_sheets(folder, 20)
    pages = [render(sheets.file, index) for index in range(20)]
    misfiled = 0
    for severity, target in (("moderate", 99), ("severe", 93)):
        known = plain = 0
        versions: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        seconds = 0.0
        for seed in range(count):
            at = seed % 20
            scan = degrade(pages[at], seed=seed, severity=severity, other=pages[(at + 7) % 20])  # type: ignore[arg-type]
            quick = decode(np.asarray(grey_array(scan.data, QUICK_LONG_PX)[0]))
            plain += sheets.pages[at] in sheets.named_by(tuple(code.text for code in quick))
            started = time.process_time()
            reading = read_page_image(scan.data)
            named = judge(scan.data, reading, sheets.known).page_id
            seconds += time.process_time() - started
            misfiled += named not in ("", sheets.pages[at])
            known += named == sheets.pages[at]
            versions[reading.version] += 1
            if not named:
                lost.update(scan.damages)
        print(
            f"{severity:<9} {known} of {count} found their sheet, {100 * known / count:.1f} % (target >= {target} %); "
            f"one plain pass {100 * plain / count:.1f} %; {1000 * seconds / count:.0f} ms of processor each"
        )
        later = {
            name: number for name, number in versions.most_common() if name not in ("", "glance", "quick")
        }
        print(f"          read by later passes: {later}; damages of the lost: {dict(lost.most_common(4))}")
    return misfiled


def overlapping(count: int, folder: Path) -> int:
    """Read `count` pictures of two sheets, one over an end of the other; how many were filed as the upper one, which
    shows less."""
    from delivery.postal.incoming.judging import judge
    from delivery.postal.incoming.scan import read_page_image
    from tests.support.degraded import degrade, render
    from tests.support.returned_sheets import print_sheets

    sheets = print_sheets(folder, 20, seed=2)
    pages = [render(sheets.file, index) for index in range(20)]
    outcomes: Counter[str] = Counter()
    first: Counter[str] = Counter()
    for seed in range(count):
        rng = random.Random(f"over {seed}")
        lower, upper = seed % 20, (seed + 7) % 20
        page = pages[lower].copy()
        width, height = page.size
        moved = (round(rng.uniform(-0.06, 0.06) * width), round(rng.uniform(-0.03, 0.03) * height))
        laid = pages[upper].rotate(rng.uniform(-4, 4), fillcolor=245, translate=moved)
        depth = round(height * rng.uniform(0.15, 0.42))
        foot = rng.random() < 0.6
        box = (0, height - depth, width, height) if foot else (0, 0, width, depth)
        page.paste(laid.crop(box), box[:2])
        reading = read_page_image(scan := degrade(page, seed=seed, severity="moderate").data)
        named = judge(scan, reading, sheets.known).page_id
        known = {sheets.pages[lower]: "the lower", sheets.pages[upper]: "the upper"}
        outcomes[known.get(named, "waiting")] += 1
        texts = dict.fromkeys(code.text for code in reading.codes)
        first[known.get(resolved(tuple(texts)[:1], sheets.sides), "none")] += 1
    print(
        f"two sheets, one over an end of the other: {dict(outcomes)} of {count}; by the first code: {dict(first)}"
    )
    return outcomes["the upper"]


def resolved(texts: tuple[str, ...], sides: Any) -> str:
    """The page id that the intake's policy gives, or nothing."""
    from delivery.postal.incoming.resolve import resolve
    from tests.support.returned_sheets import KEYS

    found = resolve(texts, KEYS, page_of_side=sides.get, hosts=frozenset({"hoctuxa.edu.vn"}))
    return found.page_id


def tokens(count: int) -> int:
    """Resolve `count` pages given as texts; the number misfiled."""
    from delivery.record.sheetcode import CodeKeys, page_token, page_url, side_token
    from tests.support.returned_sheets import KEYS

    rng = random.Random(1)
    other = CodeKeys({1: b"z" * 32}, 1)
    ids = [(rng.randbytes(6).hex(), rng.randbytes(5).hex()) for _ in range(2_000)]
    sides = {side: page for page, side in ids}
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

    def altered(text: str) -> str:
        at = len(text) - 1 - rng.randrange(15)
        return text[:at] + rng.choice(alphabet.replace(text[at], "")) + text[at + 1 :]

    def texts_of(page: str, side: str, keys: CodeKeys = KEYS, host: str = HOST) -> list[str]:
        return [page_url(host, page_token(page, keys)), side_token(side, keys)]

    outcomes: dict[str, Counter[str]] = {}
    misfiled = 0
    kinds = (
        "true",
        "one code",
        "forged",
        "other key",
        "foreign",
        "superseded",
        "two sheets",
        "mixed",
        "noise",
    )
    for number in range(count):
        kind = kinds[number % len(kinds)]
        (page, side), (another, their) = rng.sample(ids, 2)
        texts, right = texts_of(page, side), page
        if kind == "one code":
            texts = [rng.choice(texts)]
        elif kind == "forged":
            which = rng.randrange(2)
            texts[which] = altered(texts[which])
            if rng.random() < 0.5:
                texts = [texts[which]]
        elif kind == "other key":
            texts, right = texts_of(page, side, other), ""
        elif kind == "foreign":
            texts, right = texts_of(page, side, other, "https://khac.edu.vn"), ""
        elif kind == "superseded":
            # A reprint has ids of its own: the old sheet must stay the old sheet, whatever lies beside it.
            texts = [*texts, "https://bao.example.vn/1"]
        elif kind == "two sheets":
            texts, right = texts + texts_of(another, their), ""
        elif kind == "mixed":
            texts, right = [texts[0], texts_of(another, their)[1]], ""
        elif kind == "noise":
            texts = [rng.choice(["WIFI:S:a;;", "0" * 24, "A" * 16, f"{HOST}/q/", f"{HOST}/q/{'A' * 24}"])]
            right = ""
        named = resolved(tuple(texts), sides)
        wrong = named not in ("", right)
        misfiled += wrong
        outcomes.setdefault(kind, Counter())["wrong" if wrong else "filed" if named else "not filed"] += 1
    for kind, counts in outcomes.items():
        print(f"  {kind:<12} {dict(counts)}")
    return misfiled


def main(images: int = 150, pages: int = 100_000) -> None:
    """All runs; an error when a page of one sheet was misfiled."""
    with tempfile.TemporaryDirectory(prefix="reading-misfile-") as folder:
        first = pictures(images, Path(folder))
        over = overlapping(images, Path(folder))
    print(
        f"with pictures: {first} misfiled of {2 * images}; of two sheets: {over} of {images} as the upper one"
    )
    second = tokens(pages)
    print(f"without pictures: {second} misfiled of {pages:,}")
    if first or second:
        raise RuntimeError("a page was given to another sheet")


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:3]))
