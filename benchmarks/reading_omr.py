"""Bubbles on filled-in sheets, scanned: how many confident answers are right, and what becomes of the others.

    python -m benchmarks.reading_omr [SHEETS [FIRST [SEVERITY]]]

Each sheet has three questions and the lecturer's strip, filled in by the seeded hand ``tests/support/marked`` (fills,
crosses, ticks and scribbles by four pens and a pencil; one answer in four erased or half erased, moved, faint, beside
or around its bubble, given twice, struck out, struck out and given anew, painted over, a dot, or none at all; one page
in eight shows its back), one sheet in five in colour, then scanned with two moderate damages, or two severe ones, with
stains and faxes among them. Target: >= 99.5 % of confident answers right,
every wrong one among the doubtful. Beside it the plain way: the share of dark pixels in each bubble at the place that
the corner marks give, more than 0.3 is a mark, and every answer counts.
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
from PIL import Image

SOFT = ("skew", "noise", "shadow", "curl", "jpeg", "contrast", "blur", "perspective")
HARD = (*SOFT, "stains", "fax")


def plainly(picture: Any, found: Any, bubbles: list[Any]) -> tuple[str, ...]:
    """A fixed threshold on a fixed place."""
    from delivery.postal.incoming.cornermarks import patch

    image = Image.fromarray(picture)
    out = []
    for bubble in bubbles:
        r = bubble.radius
        values = patch(image, found.homography, (bubble.x - r, bubble.y - r), (2 * r, 2 * r), per_mm=12)
        if float((values < 140).mean()) > 0.3:
            out.append(bubble.value)
    return tuple(out)


def main(sheets: int = 200, first: int = 0, severity: str = "moderate") -> None:
    """Fill in, scan, read and count."""
    from delivery.postal.incoming.clean import locate, pixels
    from delivery.postal.incoming.omr import read_bubbles
    from delivery.postal.incoming.scan import read_page_image
    from tests.support.degraded import degrade, render
    from tests.support.marked import fill_in
    from tests.support.returned_sheets import print_sheets

    counts: Counter[str] = Counter()
    doubts: Counter[tuple[str, str]] = Counter()
    seconds = 0.0
    with tempfile.TemporaryDirectory(prefix="reading-omr-") as folder:
        printed = print_sheets(Path(folder), 4)
        clean = [render(printed.file, number) for number in range(4)]
        clean.append(render(printed.file, 0, colour=True))
        for seed in range(first, first + sheets):
            page, meant = fill_in(clean[seed % 5], printed.layout, seed=seed)
            damages = random.Random(seed).sample(SOFT if severity == "moderate" else HARD, 2)
            scan = degrade(page, seed=seed, severity=severity, only=damages)  # type: ignore[arg-type]
            started = time.process_time()
            reading = read_page_image(scan.data, places=True)
            found = locate(scan.data, printed.layout, reading.codes)
            picture = pixels(scan.data)
            answers = read_bubbles(picture, printed.layout, found)
            seconds += time.process_time() - started
            for answer in answers:
                wanted = meant[(answer.use, answer.question)]
                right = sorted(answer.values) == sorted(wanted.values)
                if answer.doubt is not None:
                    counts["doubtful"] += 1
                    counts["doubtful though plain"] += wanted.plain
                    doubts[(wanted.how, str(answer.doubt))] += 1
                else:
                    counts["right" if right else "wrong"] += 1
                    if not right:
                        told = f"{answer.use} {answer.question}: {answer.values}, {wanted}"
                        print(f"  wrong: sheet {seed}, {told}", flush=True)
                counts["plain"] += wanted.plain
                if found is not None:
                    group = [
                        b
                        for b in printed.layout.bubbles
                        if (b.use, b.question) == (answer.use, answer.question)
                    ]
                    counts["baseline right"] += sorted(plainly(np.asarray(picture), found, group)) == sorted(
                        wanted.values
                    )
    confident = counts["right"] + counts["wrong"]
    total = confident + counts["doubtful"]
    print(
        f"{sheets:,} sheets, {severity}, {total:,} answers: {confident:,} confident, {counts['wrong']} of them wrong: "
        f"{100 * counts['right'] / max(confident, 1):.2f} % right (target >= 99.5 %)"
    )
    print(
        f"doubtful {counts['doubtful']:,}; of {counts['plain']:,} plainly marked answers "
        f"{100 * counts['doubtful though plain'] / max(counts['plain'], 1):.1f} % go to a person"
    )
    print(f"one fixed threshold: {100 * counts['baseline right'] / max(total, 1):.2f} % of all answers right")
    print(f"{1000 * seconds / sheets:.0f} ms of processor for a sheet, codes included")
    for (how, doubt), number in sorted(doubts.items()):
        print(f"  {how:<9} {doubt:<13} {number}")


if __name__ == "__main__":
    given = sys.argv[1:4]
    sheets, first, severity = [*given, *("200", "0", "moderate")[len(given) :]]
    main(int(sheets), int(first), severity)
