"""Pages per second of Plom's page builder, for the table of ``bench_packets``; a script of its own for its own Python.

    python packets_plom.py SOURCE.pdf PAPERS

Its steps for each paper are Plom's: copy the source's pages, make four codes for each page, and set label, corner and
codes on it (``plom.create.mergeAndCodePages``). Prints pages per second of processor time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path


def main(source: str, papers: int) -> float:
    """Build so many papers of all the source's pages."""
    import pymupdf  # type: ignore[import-not-found, unused-ignore]
    from plom.create.mergeAndCodePages import (  # type: ignore[import-not-found, unused-ignore]
        create_QR_codes,
        pdf_page_add_labels_QRs,
    )

    with tempfile.TemporaryDirectory() as name:
        folder, pages = Path(name), 0
        began = time.process_time()
        for paper in range(1, papers + 1):
            with pymupdf.open(source) as original, pymupdf.open() as made:
                made.insert_pdf(original)
                for number in range(len(made)):
                    codes = create_QR_codes(paper, number + 1, 1, "93849", folder)
                    label = f"Test {paper:04} p. {number + 1}"
                    pdf_page_add_labels_QRs(made[number], "bench", label, codes, odd=number % 2 == 0)
                    pages += 1
                made.save(folder / f"{paper}.pdf", garbage=4, deflate=True)
        return pages / (time.process_time() - began)


if __name__ == "__main__":
    print(main(sys.argv[1], int(sys.argv[2])))
