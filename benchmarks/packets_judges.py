"""Every file of batches of all kinds before judges that are not ours, every page drawn by poppler and by pdfium.

    python -m benchmarks.packets_judges [FOLDER]

Kinds: plain, on both sides, large print, a PDF one and two to a page and within large print, a PDF with layers of
which some are hidden, the longest PDF that a packet takes; with a table, bubbles, mathematics, decomposed and rare
letters. A PDF of 2,000 pages is refused by its name. For each file: ``qpdf --check``; ``pdffonts``, all embedded and
none Helvetica; ``pdftotext`` in composed form, with every word of the source and every learner's name; and each page
as both draw it. FOLDER keeps the pages as pictures, to be looked at.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image

TEXTBOOK = """# Giáo trình

## Bài 1. Số trung bình

Cho dãy số liệu; **trung bình** là x = ∑xᵢ/n, và σ² = ∑(x − μ)²/n ≥ 0 khi n → ∞.

| Ngày | Số sản phẩm |
|---|---|
| Thứ hai | 12 |
| Thứ ba | 15 |

> Trung vị là giá trị đứng giữa.

1. Bước một
2. Bước hai
"""
WORK = """# Bài tập

## Câu 1 (3 điểm)

Tính số trung bình.

[trả lời: 12 dòng]

## Câu 2 (2 điểm)

- ( ) Một
- ( ) Hai
- ( ) Ba
- ( ) Bốn

## Câu 3 (2 điểm)

- [ ] Thứ nhất
- [ ] Thứ hai

## Câu 4 (3 điểm)

Vẽ đồ thị.

[trả lời: 8 dòng ô ly]

## Câu 5

Đáp số:

[trả lời: khung]
"""
NAMES = (
    "Nguyễn Thị Ánh Tuyết",
    "Tra\u0302\u0300n Va\u0306n Đu\u031bo\u031b\u0323c",
    "Y Kbuôr Mlô Dŭ",
    "Lê " + "Hoàng " * 13,
)
KINDS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("PLAIN", {}, "text"),
    ("DUPLEX", {"duplex": True}, "text"),
    ("LARGE", {"large": True, "duplex": True}, "text"),
    ("PDF", {}, "packet"),
    ("NUP", {"n_up": 2, "duplex": True}, "packet"),
    ("LARGE-PDF", {"large": True}, "packet"),
    ("LAYERS", {}, "layers"),
    ("LONG", {"n_up": 2, "duplex": True}, "long"),
)
"""(batch, options, what the textbook is)"""
_LONG, _TOO_LONG = 400, 2000
_DPI = 100
_SIZE = (200, 283)
_DIFFERENCE = 3.0
"""Mean difference of grey (0 to 255) at that size that two ways to smooth edges may have."""


def main(keep: Path | None = None) -> None:
    """Print, and ask the judges."""
    from delivery.errors import BadInput
    from delivery.postal.outgoing.packet import Options
    from delivery.postal.outgoing.planning import plan_batch
    from delivery.postal.outgoing.printing import print_batch
    from delivery.postal.outgoing.wish import Wish
    from tests.support.postal_home import COURSE, approve, enrol, make_home

    with tempfile.TemporaryDirectory(prefix="packets-judges-") as name:
        app = make_home(Path(name) / "home", learners=0)
        for number, learner in enumerate(NAMES):
            enrol(app, number, name=learner, address=f"{number + 1} đường Nguyễn Trãi")

        def hold(material: str, data: bytes) -> None:
            content = app.blobs.put(data)
            app.catalogue_store.set_content(material, content=content, file="x")
            approve(app, material, content)

        hold("NLTK-BT1", WORK.encode())
        first: Path | None = None
        for batch, options, kind in KINDS:
            hold("NLTK-GT", _textbook(kind, first))
            plan_batch(app, batch, wish=Wish(COURSE, options=Options(**options)), actor="judges")
            (file,) = print_batch(app, batch, actor="judges").files
            first = first or file
            words = words_of(TEXTBOOK, WORK) if kind == "text" else words_of(WORK)
            pages, worst = judged(file, words, keep)
            print(
                f"{batch:<7} {pages:3} pages: sound, embedded, composed; two drawings differ by {worst:.2f} of 255"
            )
        hold("NLTK-GT", _book(_TOO_LONG))
        started = time.perf_counter()
        try:
            plan_batch(app, "BOOK", wish=Wish(COURSE), actor="judges")
        except BadInput as error:
            told = error.what
            print(f"BOOK    refused after {time.perf_counter() - started:.1f} s: {told}")
        else:
            raise RuntimeError(f"a PDF of {_TOO_LONG} pages was taken")
        app.close()


def _textbook(kind: str, packet: Path | None) -> bytes:
    if kind == "packet" and packet is not None:
        return packet.read_bytes()
    from tests.support.layered_pdf import layered_page

    return {"layers": layered_page, "long": lambda: _book(_LONG)}.get(kind, TEXTBOOK.encode)()


def _book(pages: int) -> bytes:
    """Pages with lines of text, as a publisher's book has them."""
    from reportlab.pdfgen.canvas import Canvas

    from delivery.postal.fonts import font_name
    from delivery.postal.page import Face

    out = io.BytesIO()
    canvas = Canvas(out, initialFontName=font_name(Face.SERIF), pageCompression=1)
    for page in range(1, pages + 1):
        canvas.setFont(font_name(Face.SERIF), 11)
        for line in range(14):
            canvas.drawString(
                60, 780 - 48 * line, f"Trang {page}, dòng {line + 1}: trung vị là giá trị đứng giữa."
            )
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def words_of(*sources: str) -> set[str]:
    """Words of Markdown sources, without what is markup."""
    marks = str.maketrans(dict.fromkeys("#*|>-()[]", " "))
    return {
        word
        for source in sources
        for line in source.splitlines()
        if not line.startswith(("[", "# ", "|--"))
        for word in unicodedata.normalize("NFC", line).translate(marks).split()
        if word not in ("1.", "2.")
    }


def judged(file: Path, words: set[str], keep: Path | None) -> tuple[int, float]:
    """(pages, greatest difference of two drawings). Raises RuntimeError for what a judge finds."""
    run("qpdf", "--check", file)
    for line in run("pdffonts", file).splitlines()[2:]:
        if "Helvetica" in line or line.split()[-5] != "yes":
            raise RuntimeError(f"{file.name}: {line}")
    text = run("pdftotext", "-layout", file, "-")
    if not unicodedata.is_normalized("NFC", text):
        raise RuntimeError(f"{file.name}: text is not composed")
    flat = " ".join(text.split())
    missing = [word for word in words if word not in flat]
    missing += [
        n for n in (" ".join(unicodedata.normalize("NFC", n).split()) for n in NAMES[:3]) if n not in flat
    ]
    if missing:
        raise RuntimeError(f"{file.name}: not in the text: {missing[:5]}")
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, pypdfium2.PdfDocument(file, autoclose=True) as document:
        run("pdftoppm", "-r", _DPI, "-gray", file, f"{folder}/p")
        pictures = sorted(Path(folder).iterdir())
        for page, picture in zip(document, pictures, strict=True):
            with Image.open(io.BytesIO(picture.read_bytes())) as poppler:
                pdfium: Image.Image = page.render(scale=_DPI / 72, grayscale=True).to_pil()
                a, b = (np.asarray(p.convert("L").resize(_SIZE), dtype=float) for p in (poppler, pdfium))
            worst = max(worst, float(np.abs(a - b).mean()))
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            run("pdftoppm", "-r", 50, "-png", file, keep / file.stem)
    if worst > _DIFFERENCE:
        raise RuntimeError(f"{file.name}: poppler and pdfium draw a page differently ({worst:.1f})")
    return len(pictures), worst


def run(*command: object) -> str:
    """What a judge says. Raises RuntimeError when it is not content."""
    if shutil.which(str(command[0])) is None:
        raise RuntimeError(f"{command[0]} is not installed")
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else None)
