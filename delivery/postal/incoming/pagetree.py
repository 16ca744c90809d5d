"""The page tree of a PDF, counted leaf by leaf: what a file says of its number of pages may be less than it holds.

The library that shows pages believes the file, and leaves out the others without a word.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any


def pages_in_tree(path: Path, *, most: int) -> int | None:
    """Pages that hang in the tree, counted up to `most`; None where it does not follow the standard to the letter, and
    nothing can be said (ISO 32000-1, 7.7.3). 0.2 ms of processor for a page."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    # Its remarks about foreign files are nobody's business here.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        # Given the path it would read the whole file at once; where not to the letter, to find its objects by hand.
        with path.open("rb") as stream, PdfReader(stream, strict=True) as reader:
            return _leaves(reader.root_object.raw_get("/Pages"), most)
    # What it raises for damaged input is of many kinds; all say that the file cannot be followed.
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError):
        return None


def _leaves(root: Any, most: int) -> int:
    from pypdf.generic import DictionaryObject, IndirectObject

    count, seen, todo = 0, set(), [root]
    while todo and count < most:
        node = todo.pop()
        if isinstance(node, IndirectObject):
            if (name := (node.idnum, node.generation)) in seen:
                continue
            seen.add(name)
            node = node.get_object()
        if not isinstance(node, DictionaryObject):
            continue
        kids = node.get("/Kids")
        if kids is None:
            count += node.get("/Type") == "/Page"
        else:
            todo.extend(kids)
    return count
