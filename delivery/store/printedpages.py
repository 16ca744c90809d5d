"""Pages of printed files that must no longer show anybody: emptied in place, so that the other pages keep theirs."""

from __future__ import annotations

import io
from pathlib import Path

from delivery.store.files import write_whole


def blank_pages(file: Path, first: int, count: int) -> None:
    """Empty `count` pages of a PDF from page `first` (counted from 1). A file that cannot be read is removed whole."""
    from pypdf import PdfReader, PdfWriter
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(file.read_bytes()))
        writer = PdfWriter()
        for at, page in enumerate(reader.pages, start=1):
            if first <= at < first + count:
                writer.add_blank_page(page.mediabox.width, page.mediabox.height)
            else:
                writer.add_page(page)
        out = io.BytesIO()
        writer.write(out)
    # pypdf raises many kinds for damaged input; what cannot be emptied must not stay.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        file.unlink(missing_ok=True)
        return
    write_whole(file, out.getvalue(), mode=0o600)
