"""How alike pieces of work are, as a hint for the lecturer: never a verdict, and never told to learners.

Typed texts, Word files and PDFs that hold text are compared as words (normalised Indel similarity, rapidfuzz); pictures
are compared by their bytes only. Runs in a worker: comparing every pair of a large course takes seconds.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import pypdfium2 as pdfium
from rapidfuzz import fuzz

from delivery.network.web.leaves import leaf_words

MOST_WORKS = 400
"""Pairs grow with the square: 400 works are 80,000 pairs."""
LONGEST = 6_000
"""Characters of each work that are compared."""
SHORTEST = 120
"""Below this, everybody's right answer is the same."""
HINT_PERCENT = 60
"""From here a pair is shown."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two works that are alike; `first` and `second` are places in what was compared."""

    first: int
    second: int
    percent: int
    same_bytes: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of a comparison."""

    pairs: tuple[Pair, ...]
    texts: int
    """Works with enough words to compare."""


def words_of(files: Sequence[tuple[bytes, str]]) -> str:
    """All words of a piece of work: lower case, without marks of punctuation."""
    parts = []
    for data, media_type in files:
        parts.append(_pdf_words(data) if media_type == "application/pdf" else leaf_words(data, media_type))
    return " ".join(_WORD.findall(unicodedata.normalize("NFC", " ".join(parts)).lower()))


def compare(works: Sequence[Sequence[tuple[bytes, str]]], task: str = "") -> Compared:
    """Pairs of works that are alike, the most alike first. Each work is a list of (file, media type); words of `task`
    that stand in a work as whole sentences count for nobody."""
    shared = [
        " ".join(_WORD.findall(line.lower())) for line in unicodedata.normalize("NFC", task).splitlines()
    ]
    texts = [_without(words_of(files), shared)[:LONGEST] for files in works[:MOST_WORKS]]
    digests = [{hashlib.sha256(data).digest() for data, _ in files} for files in works[:MOST_WORKS]]
    pairs = []
    for (a, left), (b, right) in combinations(enumerate(texts), 2):
        if digests[a] & digests[b]:
            pairs.append(Pair(a, b, 100, same_bytes=True))
        elif min(len(left), len(right)) >= SHORTEST:
            found = fuzz.ratio(left, right, score_cutoff=HINT_PERCENT)
            if found:
                pairs.append(Pair(a, b, int(found)))
    pairs.sort(key=lambda pair: (-pair.percent, pair.first, pair.second))
    return Compared(tuple(pairs), sum(len(text) >= SHORTEST for text in texts))


def _without(text: str, lines: Sequence[str]) -> str:
    for line in lines:
        if len(line) > 20:
            text = text.replace(line, " ")
    return " ".join(text.split())


def _pdf_words(data: bytes) -> str:
    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError:
        return ""
    try:
        out: list[str] = []
        for number in range(min(len(document), 40)):
            page = document[number]
            text = page.get_textpage()
            out.append(text.get_text_bounded())
            text.close()
            page.close()
            if sum(map(len, out)) > 4 * LONGEST:
                break
        return " ".join(out)
    except pdfium.PdfiumError:
        return ""
    finally:
        document.close()
