"""Kill an intake at random moments, again and again: the same result as without, no page lost, doubled or misfiled.

    python -m benchmarks.returns_kills [KILLS [PAGES]]

One file of so many pages (printed sheets of many learners, some with their codes lost, empty pages, pages of strangers)
is taken in once without a kill; then again and again in homes where the process is killed (SIGKILL) after a random
time, many times for each home and all along the file, before it may finish: each run goes on a little, so that nearly
every kill hits one that has work to do. One half of the kills are timed from the start, the other half from the first
pages that a run has filed. What the facts, the queue and the sums then say must be the same, and the ledger and the
tables must verify.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LEARNERS_PER_PAGE = 0.55
"""Each learner has two pages of work; the rest of the pile is something else."""
KILLS_IN_ONE_HOME = 40


def child(folder: Path, scan: Path) -> None:
    """What is killed: the intake, with real worker processes."""
    from delivery.postal.incoming.intake import take_in
    from tests.support.postal_home import open_home

    app = open_home(folder, inline=False)
    print("ready", flush=True)
    take_in(app, scan, actor="clerk", progress=lambda done, _total: print(done, flush=True))
    app.close()


def outcome(folder: Path) -> dict[str, Any]:
    """What a home says of the file: rows, work, sums; without times and without where pictures lie."""
    from delivery.record.kinds import FactKind
    from delivery.store.audit import audit
    from delivery.store.returns import Returns
    from tests.support.postal_home import open_home

    app = open_home(folder)
    try:
        returns = Returns(app.database, app.blobs, app.keys.master)
        with app.database.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT page, status, reason, page_id, fact, rotation FROM scan_page ORDER BY page"
            ).all()
            readings = connection.exec_driver_sql(
                "SELECT reading, use, read, doubt, state FROM returned_reading ORDER BY reading"
            ).all()
        pictures = [returns.image(row)[:16] for row in returns.queue()]
        kinds = (FactKind.WORK_RECEIVED, FactKind.SHEET_RECEIVED, FactKind.EXTRA_RECEIVED, FactKind.WORK_HELD)
        told = sorted(
            (fact.id, fact.learner, fact.data["sheet"], fact.data["source"])
            for kind in kinds
            for fact in app.facts.select(kind=kind)
        )
        problems = [p.detail for p in audit(app.database, app.vault, app.blobs) if p.problem != "catalogue"]
        return {
            "rows": [tuple(row) for row in rows],
            "readings": [tuple(row) for row in readings],
            "pictures": pictures,
            "told": told,
            "totals": returns.totals(),
            "verifies": app.facts.verify().ok,
            "problems": problems,
        }
    finally:
        app.close()


def _start(folder: Path, scan: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.returns_kills", "--child", str(folder), str(scan)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    # The time to kill in begins when the program is up: what it does before writes nothing.
    assert process.stdout is not None
    process.stdout.readline()
    return process


def _wait_for_pages(process: subprocess.Popen[str]) -> None:
    """Until a run has filed pages of its own, or has ended."""
    assert process.stdout is not None
    before = process.stdout.readline()
    while (line := process.stdout.readline()) and line == before:
        pass


def _close(process: subprocess.Popen[str]) -> None:
    if process.stdout is not None:
        process.stdout.close()


def one_home(template: Path, folder: Path, scan: Path, rng: random.Random, span: float, kills: int) -> int:
    """Kill up to `kills` times, then let it finish; how many kills hit a running process."""
    shutil.copytree(template, folder)
    done = 0
    for number in range(kills):
        process = _start(folder, scan)
        if number % 2:
            _wait_for_pages(process)
        try:
            process.wait(timeout=rng.uniform(0, 2 * span / KILLS_IN_ONE_HOME))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
        _close(process)
    process = _start(folder, scan)
    if process.wait(timeout=1800):
        raise RuntimeError("the last run did not end well")
    _close(process)
    return done


def make_scan(template: Path, file: Path, pages: int) -> None:
    """The pile: sheets in any order, one in twelve without codes, one in twenty empty, one in forty of strangers."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    from tests.support.postal_home import open_home

    rng = random.Random(500)
    app = open_home(template)
    sheets = [
        sheet
        for ref in app.learners.all()
        for sheet in app.sheets.of_learner(ref.id)
        if sheet.role in ("assignment", "return")
    ]
    rng.shuffle(sheets)
    canvas = Canvas(str(file), pagesize=A4)
    for number in range(pages):
        out = io.BytesIO()
        _page(app, sheets[number % len(sheets)], number).rotate(
            rng.uniform(-2, 2), fillcolor=(252, 251, 248)
        ).save(out, "JPEG", quality=70)
        out.seek(0)
        # Page by page: a pile of pictures does not fit into memory, their JPEGs do.
        canvas.drawImage(ImageReader(out), 0, 0, *A4)
        canvas.showPage()
    canvas.save()
    app.close()


def _page(app: Any, sheet: Any, number: int) -> Any:
    import qrcode
    from PIL import Image, ImageDraw

    from tests.postal.incoming.mail import DPI, paper

    empty = Image.new("RGB", (round(210 / 25.4 * DPI), round(297 / 25.4 * DPI)), (250, 249, 246))
    if number % 40 == 39:
        empty.paste(qrcode.make("https://baochi.vn", box_size=6).get_image().convert("RGB"), (300, 400))
    elif number % 20 == 19:
        return empty
    elif number % 24 == 11:
        ImageDraw.Draw(empty).line([200, 300, 900, 300 + number], (24, 42, 130), 9)
    else:
        page = paper(app, sheet)
        draw = ImageDraw.Draw(page)
        draw.line([200, 900, 900, 900 + number], (24, 42, 130), 5)
        if number % 24 == 23:
            mm = DPI / 25.4
            for x, y in ((170, 13), (14, 261), (174, 261)):
                draw.rectangle([x * mm, y * mm, (x + 26) * mm, (y + 26) * mm], fill=(20, 30, 90))
        return page
    return empty


def main(kills: int = 200, pages: int = 500) -> None:
    """Kill so many times, over several homes with the same file."""
    from tests.support.postal_home import print_home

    rng = random.Random(200)
    with tempfile.TemporaryDirectory(prefix="returns-kills-") as name:
        root = Path(name)
        template, scan = root / "template", root / "pile.pdf"
        print_home(template, learners=max(2, round(pages * LEARNERS_PER_PAGE / 2))).app.close()
        make_scan(template, scan, pages)
        started = time.perf_counter()
        one_home(template, root / "whole", scan, rng, 0, 0)
        span = time.perf_counter() - started
        wanted = outcome(root / "whole")
        if not wanted["verifies"] or wanted["problems"] or sum(wanted["totals"].values()) != pages:
            raise RuntimeError(f"already without a kill: {wanted['totals']}, {wanted['problems'][:3]}")
        print(f"{pages} pages without a kill in {span:.1f} s: {wanted['totals']}", flush=True)
        killed = homes = 0
        while killed < kills:
            homes += 1
            folder = root / f"home{homes}"
            killed += one_home(template, folder, scan, rng, span, min(KILLS_IN_ONE_HOME, kills - killed))
            found = outcome(folder)
            differing = [part for part in wanted if found[part] != wanted[part]]
            if differing:
                raise RuntimeError(f"after {killed} kills {', '.join(differing)} differ")
            shutil.rmtree(folder)
            print(f"{killed} kills in {homes} homes: the same result as without", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(*(int(word) for word in sys.argv[1:3]))
