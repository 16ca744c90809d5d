"""Packets: pages drawn per second, beside plain qrcode + ReportLab; 10,000 pages in a batch; planning 50,000 packets.

Targets: shared-body pages >= 2,000/s and own-text pages >= 450/s per process; 10,000 pages in 6 s and 200 MB; 50,000
packets planned in 10 s. The baseline draws the same page as one would first write it: ``qrcode`` makes an image for
each code, ReportLab sets the text of every page anew. Plom's page builder runs beside it where PLOM_PYTHON names a
Python that has it (``pip install plom``). Drawing is counted in processor time, so that a busy machine shows much the
same ratios.

    python -m benchmarks packets           all of it
    python -m benchmarks.bench_packets plan|print|draw
"""

from __future__ import annotations

import gc
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PACKETS = 50_000
PAGES = 10_000
SHARED, OWN, BASELINE = 4_000, 1_500, 60
HOST = "https://hoctuxa.edu.vn"


def draw_side(folder: Path) -> dict[str, Any]:
    """One process: pages whose body is shared, pages with 25 lines of their own, and the baseline for both."""
    from delivery.postal.bulksymbol import symbol_maker

    started = time.perf_counter()
    symbols = symbol_maker(HOST, pages=PAGES)
    basis = time.perf_counter() - started
    # Fonts are opened and subset once per process and file: not what a page costs.
    _ours(symbols, 20, own_lines=0)
    _baseline(3, own_lines=0)
    source = folder / "source.pdf"
    source.write_bytes(_ours(symbols, 10, own_lines=0))
    return {
        "plom": _plom(source),
        "basis_s": basis,
        "shared": SHARED / _timed(lambda: _ours(symbols, SHARED, own_lines=0)),
        "own": OWN / _timed(lambda: _ours(symbols, OWN, own_lines=25)),
        "shared_baseline": BASELINE / _timed(lambda: _baseline(BASELINE, own_lines=0)),
        "own_baseline": BASELINE / _timed(lambda: _baseline(BASELINE, own_lines=25)),
    }


def _plom(source: Path, papers: int = 6) -> float:
    """Pages per second of Plom's page builder on the same page; 0 where it is not installed."""
    script = Path(__file__).with_name("packets_plom.py")
    python = os.environ.get("PLOM_PYTHON", sys.executable)
    done = subprocess.run(
        [python, str(script), str(source), str(papers)], capture_output=True, text=True, check=False
    )
    return float(done.stdout) if done.returncode == 0 else 0.0


def _timed(act: Callable[[], object]) -> float:
    gc.collect()
    started = time.process_time()
    act()
    return time.process_time() - started


_LINES = tuple(
    f"{n}. Khi có một dãy số liệu, câu hỏi đầu tiên thường là: dãy số ấy tập trung quanh giá trị nào?"
    for n in range(1, 31)
)


def _ours(symbols: Any, count: int, *, own_lines: int) -> bytes:
    from delivery.ids import SeededIds
    from delivery.postal.fonts import measure
    from delivery.postal.outgoing.draw import DocumentInfo, DrawnPage, draw_pdf
    from delivery.postal.outgoing.layout import framed, page_number
    from delivery.postal.outgoing.make import codes_for
    from delivery.postal.page import Face, Text
    from delivery.record.sheetcode import CodeKeys, page_token, side_token

    codes, ids, keys = codes_for(HOST), SeededIds(1), CodeKeys({1: b"k" * 32}, 1)
    shared = framed(
        "material", [Text(20, 60 + 6 * n, line, Face.SANS, 9.5) for n, line in enumerate(_LINES)], codes
    )
    empty = framed("material", [], codes)

    def pages() -> Any:
        for number in range(count):
            raw = ids.random_bytes(11).hex()
            own = [page_number(raw[:12], codes, measure)]
            own += [
                Text(20, 60 + 6 * n, f"{line} {number}", Face.SANS, 9.5)
                for n, line in enumerate(_LINES[:own_lines])
            ]
            yield DrawnPage(
                empty if own_lines else shared,
                tuple(own),
                symbols.main_of(page_token(raw[:12], keys)),
                symbols.side_of(side_token(raw[12:], keys)),
            )

    return draw_pdf(pages(), DocumentInfo("t", "a", "s", "vi"))


def _baseline(count: int, *, own_lines: int) -> bytes:
    """The same page with the libraries as they come: three codes, an id, and 30 lines (or 25 of the page's own)."""
    import qrcode
    from qrcode.constants import ERROR_CORRECT_Q
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    from delivery.ids import SeededIds
    from delivery.postal.fonts import font_name
    from delivery.postal.page import Face
    from delivery.record.sheetcode import CodeKeys, page_token, page_url, side_token

    mm = 72 / 25.4
    ids, keys = SeededIds(1), CodeKeys({1: b"k" * 32}, 1)
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(210 * mm, 297 * mm), pageCompression=1)

    def code(text: str, x: float, y: float, size: float) -> None:
        made = qrcode.QRCode(error_correction=ERROR_CORRECT_Q, border=0)
        made.add_data(text)
        made.make()
        image = made.make_image().get_image()
        canvas.drawImage(ImageReader(image), x * mm, y * mm, size * mm, size * mm)

    for number in range(count):
        raw = ids.random_bytes(11).hex()
        code(page_url(HOST, page_token(raw[:12], keys)), 171, 259, 24)
        for x in (15, 177):
            code(side_token(raw[12:], keys), x, 14, 18)
        canvas.setFont(font_name(Face.SANS), 6.5)
        canvas.drawString(172 * mm, 254 * mm, raw[:12])
        canvas.setFont(font_name(Face.SANS), 9.5)
        for n, line in enumerate(_LINES[:own_lines] if own_lines else _LINES):
            canvas.drawString(20 * mm, (297 - 60 - 6 * n) * mm, f"{line} {number}" if own_lines else line)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def print_side(folder: Path) -> dict[str, Any]:
    """A batch of some 10,000 pages by the command's own way: plan, then print with the worker processes of the home."""
    from delivery.postal.outgoing.planning import plan_batch
    from delivery.postal.outgoing.printing import print_batch

    app, course = _home(folder, PAGES // 10, pages=10)
    planned = plan_batch(app, "B1", course=course, actor="bench")
    started, busy = time.perf_counter(), _cpu()
    printed = print_batch(app, "B1", actor="bench")
    seconds = time.perf_counter() - started
    if printed.pages != planned.pages or not printed.files:
        raise RuntimeError("the print run did not do what it is measured for")
    size = sum(file.stat().st_size for file in printed.files) / (1 << 20)
    app.close()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {
        "pages": printed.pages,
        "seconds": seconds,
        "cpu": _cpu() - busy,
        "files": len(printed.files),
        "mb": size,
        "rss_mb": own,
        "worker_mb": worker,
    }


def plan_side(folder: Path) -> dict[str, Any]:
    """Plan 50,000 packets; who the learners are is in place before."""
    from delivery.postal.outgoing.planning import plan_batch

    app, course = _home(folder, PACKETS, pages=5)
    started, busy = time.perf_counter(), _cpu()
    planned = plan_batch(app, "B1", course=course, actor="bench")
    seconds = time.perf_counter() - started
    if planned.added != PACKETS:
        raise RuntimeError("the plan did not do what it is measured for")
    app.close()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"pages": planned.pages, "seconds": seconds, "cpu": _cpu() - busy, "rss_mb": rss}


def _cpu() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _home(folder: Path, learners: int, *, pages: int) -> tuple[Any, str]:
    """A home with one course by post, whose packets have so many pages, and its learners."""
    from delivery.app import App
    from delivery.settings import Settings
    from tests.support.postal_home import COURSE, approve, enrol_many, sample_catalogue

    app = App(Settings(home=folder, public_url=HOST))
    app.init()
    # Cover, week and return sheet take three pages and the assignment two; the textbook takes the rest.
    chapters = "\n\n".join("Một đoạn văn của giáo trình. " * 60 for _ in range(2))
    text = "# Giáo trình\n\n" + "\n\n".join(
        f"## Chương {n}\n\n{chapters}" for n in range(1, max(1, pages - 5) + 1)
    )
    work = "# Bài tập\n\n## Câu 1 (5 điểm)\n\nHỏi.\n\n## Câu 2 (5 điểm)\n\nHỏi.\n\n[trả lời: 20 dòng]\n"
    book, workbook = app.blobs.put(text.encode()), app.blobs.put(work.encode())
    with app.database.write() as connection:
        app.catalogue_store.save_in(connection, sample_catalogue(book, workbook))
    approve(app, "NLTK-GT", book)
    approve(app, "NLTK-BT1", workbook)
    enrol_many(app, learners)
    return app, COURSE


def _measure(side: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="packets-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.bench_packets", "--side", side, folder]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
        measured: dict[str, Any] = json.loads(done.stdout)
        return measured


def main(only: str = "") -> None:
    """Measure each side in a process of its own, and print."""
    if only in ("", "draw"):
        draw = _measure("draw")
        for kind, target in (("shared", 2000), ("own", 450)):
            ours, plain = draw[kind], draw[f"{kind}_baseline"]
            print(
                f"{kind + '-text pages':<20} {ours:8,.0f} pages/s of processor   "
                f"plain qrcode + ReportLab {plain:6,.0f}   "
                f"{ours / plain:5.1f} x   target >= {target:,}"
            )
        plom = f"{draw['plom']:8,.0f} pages/s of processor" if draw["plom"] else "not installed (PLOM_PYTHON)"
        print(f"Plom's page builder  {plom}")
        print(f"affine basis         {draw['basis_s']:8.2f} s once per batch")
    if only in ("", "print"):
        run = _measure("print")
        print(
            f"print run            {run['pages']:8,} pages in {run['seconds']:.2f} s "
            f"({run['cpu']:.1f} s of processor), {run['files']} files of {run['mb']:.1f} MB, "
            f"{run['rss_mb']:.0f} MB, workers {run['worker_mb']:.0f} MB each   target <= 6 s, 200 MB"
        )
    if only in ("", "plan"):
        run = _measure("plan")
        print(
            f"planning             {PACKETS:8,} packets, {run['pages']:,} pages in {run['seconds']:.2f} s "
            f"({run['cpu']:.1f} s of processor), {run['rss_mb']:.0f} MB   target < 10 s"
        )


_SIDES = {"draw": draw_side, "print": print_side, "plan": plan_side}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        print(json.dumps(_SIDES[sys.argv[2]](Path(sys.argv[3]))))
    else:
        main(sys.argv[1] if sys.argv[1:] else "")
