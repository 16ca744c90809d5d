"""Reading returned sheets: pages per second on 300 dpi colour PDFs, beside rendering; memory on 5,000 pages.

Targets: >= 45 pages/s per process and 2 processes >= 1.7 x; memory < 300 MB on a file of 5,000 pages. Beside it run the
two ways one would first take: pdfium renders each page at 150 dpi in grey and zxing-cpp reads it with the options that
it has by default; and Plom's own reader, where it is installed (``pip install plom``; its steps are to take the picture
out of the PDF with PyMuPDF and to call its ``QRextract_list``). Every way reads the same pages in turns; rates are
of processor time, so that a busy machine shows much the same ratios, and of the clock for two processes.

``watch`` drops whole files into a folder that “tuxa returns watch” looks at, and tells the seconds until each was taken
up and until it lay in ``done/``; target: taken up within 2 s.

    python -m benchmarks reading
    python -m benchmarks.bench_reading speed|two|memory|watch
"""

from __future__ import annotations

import io
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import zxingcpp
from PIL import Image

PAGES = 24
ROUNDS = 3
LARGE = 5_000


def bulk_scan(folder: Path, pages: int = PAGES, *, dpi: int = 300, colour: bool = True) -> Path:
    """A scanner's PDF: each page one JPEG, a little askew, with the grain of a lamp."""
    from tests.support.degraded import render
    from tests.support.returned_sheets import print_sheets

    sheets = print_sheets(folder, pages)
    out = folder / "bulk.pdf"
    pictures = []
    for number in range(pages):
        page = render(sheets.file, number, dpi=dpi, colour=colour)
        grain = np.random.default_rng(number).normal(0, 2.2, (page.height, page.width))
        values = np.asarray(page, dtype=np.float32) * 0.93
        values = values + (grain[..., None] if colour else grain)
        picture = Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
        paper: Any = (235, 235, 235) if colour else 235
        pictures.append(picture.rotate(random.Random(number).uniform(-1, 1), fillcolor=paper))
    pictures[0].save(
        out, "PDF", resolution=dpi, save_all=True, append_images=pictures[1:], quality=75 if colour else 60
    )
    return out


def ours(scan: Path, numbers: tuple[int, ...]) -> int:
    """Pages of ours that were read, the way the intake does it."""
    from delivery.postal.incoming.scanfile import read_pages

    return sum(bool(page.reading.codes) for page in read_pages(scan, numbers))


def rendering(scan: Path, numbers: tuple[int, ...]) -> int:
    """The plain way: render, then read with every format and option as they come."""
    read = 0
    with pypdfium2.PdfDocument(scan, autoclose=True) as document:
        for number in numbers:
            picture = document[number - 1].render(scale=150 / 72, grayscale=True).to_numpy()
            read += bool(zxingcpp.read_barcodes(picture.reshape(picture.shape[:2])))
    return read


def plom(scan: Path, numbers: tuple[int, ...]) -> int:
    """Plom's reader; raises ImportError where it is not installed."""
    import pymupdf
    from plom.scan.qr_extract import QRextract_list

    read = 0
    with pymupdf.open(scan) as document:
        for number in numbers:
            taken = document.extract_image(document[number - 1].get_images()[0][0])
            with Image.open(io.BytesIO(taken["image"])) as image:
                image.load()
                read += bool(QRextract_list(image))
    return read


def speed(folder: Path) -> None:
    scan = bulk_scan(folder)
    numbers = tuple(range(1, PAGES + 1))
    ways: dict[str, Callable[[Path, tuple[int, ...]], int]] = {
        "ours": ours,
        "pdfium render + zxing": rendering,
    }
    try:
        plom(scan, (1,))
        ways["Plom's reader"] = plom
    except ImportError as error:
        print(f"Plom's reader is not installed here ({error}): left out")
    rates: dict[str, list[float]] = {name: [] for name in ways}
    ours(scan, (1,))
    for _ in range(ROUNDS):
        for name, way in ways.items():
            started = time.process_time()
            read = way(scan, numbers)
            rates[name].append(PAGES / (time.process_time() - started))
            if read != PAGES:
                print(f"{name}: {read} of {PAGES} pages read")
    first = statistics.median(rates["ours"])
    size = scan.stat().st_size / PAGES / 1000
    print(
        f"{PAGES} pages of 300 dpi colour, {size:.0f} kB each; pages for a second of processor time, median:"
    )
    for name, each in rates.items():
        rate = statistics.median(each)
        ratio = "" if name == "ours" else f"   ours is {first / rate:.1f} x"
        print(f"  {name:<24} {rate:6.1f}{ratio}")
    print("  target >= 45 in one process")


def two(folder: Path) -> None:
    scan = bulk_scan(folder)
    chunks = [tuple(range(first, first + 4)) for first in range(1, PAGES + 1, 4)] * 3
    with ProcessPoolExecutor(1) as one, ProcessPoolExecutor(2) as both:
        for pool in (one, both):
            list(pool.map(ours, [scan] * 4, [(1,)] * 4))
        ratios = []
        for _ in range(ROUNDS):
            times = []
            for pool in (one, both):
                started = time.perf_counter()
                list(pool.map(ours, [scan] * len(chunks), chunks))
                times.append(time.perf_counter() - started)
            ratios.append(times[0] / times[1])
    told = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"two processes: {statistics.median(ratios):.2f} x one (in turns: {told})   target >= 1.7 x")


def memory(folder: Path) -> None:
    """A file of 5,000 pages, every page with its own bytes, read to its end in a process of its own."""
    few = bulk_scan(folder, 10, dpi=150, colour=False)
    large = folder / "large.pdf"
    _repeated(few, large, LARGE)
    code = (
        "import resource, sys, time\n"
        "from pathlib import Path\n"
        "from delivery.postal.incoming.scanfile import count_pages, read_pages\n"
        "path = Path(sys.argv[1]); count = count_pages(path); read = 0; started = time.perf_counter()\n"
        "for first in range(1, count + 1, 8):\n"
        "    pages = read_pages(path, tuple(range(first, min(first + 8, count + 1))))\n"
        "    read += sum(bool(page.reading.codes) for page in pages)\n"
        "print(count, read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,"
        " time.perf_counter() - started)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(large)], check=True, capture_output=True, text=True
    )
    count, read, peak, seconds = done.stdout.split()
    size = large.stat().st_size / 1e6
    print(
        f"{count} pages in one file of {size:.0f} MB: {read} read in {float(seconds):.0f} s, peak {peak} MB   "
        "target < 300 MB"
    )


def watch(folder: Path) -> None:
    """The command as a process of its own, and files that appear at odd moments."""
    from tests.postal.incoming.mail import printed

    home, scanner = printed(folder / "home"), folder / "scanner"
    scanner.mkdir()
    scan = bulk_scan(folder, 1, dpi=150, colour=False).read_bytes()
    command = [sys.executable, "-m", "delivery.cli.main", "--home", home, "returns", "watch", scanner]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TUXA_PUBLIC_URL": "https://hoctuxa.edu.vn", "TUXA_LANG": "en"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    process.stderr.readline()
    taken_up, done = [], []
    try:
        for number in range(8):
            time.sleep(0.37 * number % 1)
            # Own bytes for each: a file that is known would not be read.
            (scanner / f"{number}.pdf").write_bytes(scan + b"%%%d" % number)
            whole = time.perf_counter()
            # Progress names the file when it is taken up, and the summary comes when it was moved.
            while f"{number}.pdf" not in process.stderr.readline():
                pass
            taken_up.append(time.perf_counter() - whole)
            while f"{number}.pdf:" not in process.stdout.readline():
                pass
            done.append(time.perf_counter() - whole)
    finally:
        process.terminate()
        process.communicate(timeout=60)
    print(
        f"a file in the watched folder is taken up after {statistics.median(taken_up):.2f} s (at most "
        f"{max(taken_up):.2f}), and in done/ after {statistics.median(done):.2f} s (at most {max(done):.2f})   "
        "target < 2 s"
    )


def _repeated(few: Path, out: Path, count: int) -> None:
    import pypdf

    from delivery.postal.incoming.scanfile import read_pages

    numbers = tuple(range(1, len(pypdf.PdfReader(str(few)).pages) + 1))
    images = [page.image for page in read_pages(few, numbers)]
    width, height = Image.open(io.BytesIO(images[0])).size
    # By hand: what writes PDFs here would keep 5,000 pictures in memory or write each only once.
    with out.open("wb") as stream:
        offsets: list[int] = []

        def add(body: bytes) -> None:
            offsets.append(stream.tell())
            stream.write(b"%d 0 obj\n" % len(offsets) + body + b"\nendobj\n")

        stream.write(b"%PDF-1.4\n")
        add(b"<< /Type /Catalog /Pages 2 0 R >>")
        kids = b" ".join(b"%d 0 R" % (3 + 3 * n) for n in range(count))
        add(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (count, kids))
        draw = b"q 595 0 0 842 0 0 cm /I Do Q"
        for n in range(count):
            here = 3 + 3 * n
            add(
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                b"/Resources << /XObject << /I %d 0 R >> >> >>" % (here + 1, here + 2)
            )
            add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(draw), draw))
            data = images[n % len(images)]
            add(
                b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray "
                b"/BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n%s\nendstream"
                % (width, height, len(data), data)
            )
        start = stream.tell()
        stream.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        stream.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        stream.write(
            b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(offsets) + 1, start)
        )


def main(only: str = "") -> None:
    """Everything, or one part."""
    for name, part in (("speed", speed), ("two", two), ("memory", memory), ("watch", watch)):
        if only in ("", name):
            with tempfile.TemporaryDirectory(prefix="reading-bench-") as folder:
                part(Path(folder))
    if not only:
        print(f"peak of this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main(sys.argv[1] if sys.argv[1:] else "")
