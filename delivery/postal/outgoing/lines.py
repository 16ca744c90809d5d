"""Words -> lines of a given width, in the faces of their styles. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from delivery.postal.outgoing.markdown import Span, Style
from delivery.postal.page import Face

Measure = Callable[[str, Face, float], float]
"""(text, face, size in points) -> width in millimetres."""

MM_PER_PT = 25.4 / 72
LEADING = 1.5
"""Vietnamese stacks two marks on one letter (Ầ, Ỗ) and hangs a dot below (ậ)."""
LARGE_PRINT = 1.5
"""10.5 pt becomes 15.75 pt; 14 pt and more is what low-vision readers are given as large print."""


@dataclass(frozen=True, slots=True)
class Look:
    """Faces of a body: serif for reading, sans for forms."""

    regular: Face
    bold: Face
    italic: Face


SERIF = Look(Face.SERIF, Face.SERIF_BOLD, Face.SERIF_ITALIC)
SANS = Look(Face.SANS, Face.SANS_BOLD, Face.SANS_ITALIC)


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one face in one line; `x` from the left edge of the line."""

    x: float
    text: str
    face: Face


def leading_mm(size_pt: float, factor: float = LEADING) -> float:
    """Distance of baselines."""
    return size_pt * factor * MM_PER_PT


def break_lines(
    spans: Sequence[Span], width: float, size_pt: float, *, look: Look, measure: Measure
) -> list[tuple[Run, ...]]:
    """Greedy line breaking; a word wider than the line is cut. ``\\n`` in a span forces a break."""
    faces = {
        Style.REGULAR: look.regular,
        Style.BOLD: look.bold,
        Style.ITALIC: look.italic,
        Style.CODE: Face.SANS_MEDIUM,
    }
    lines: list[list[tuple[str, Face]]] = [[]]
    used = 0.0
    for piece, style, spaced in _pieces(spans):
        face = faces[style]
        if piece == "\n":
            lines.append([])
            used = 0.0
            continue
        for part in _fitting(piece, width, face, size_pt, measure):
            gap = " " if spaced and lines[-1] else ""
            needed = measure(gap + part, face, size_pt)
            if lines[-1] and used + needed > width:
                lines.append([])
                used, gap = 0.0, ""
                needed = measure(part, face, size_pt)
            lines[-1].append((gap + part, face))
            used += needed
    return [_runs(line, size_pt, measure) for line in lines]


def _runs(line: Sequence[tuple[str, Face]], size_pt: float, measure: Measure) -> tuple[Run, ...]:
    out = []
    x = 0.0
    for face, words in groupby(line, key=lambda word: word[1]):
        text = "".join(word for word, _ in words)
        out.append(Run(x, text, face))
        x += measure(text, face, size_pt)
    return tuple(out)


def _pieces(spans: Sequence[Span]) -> Iterator[tuple[str, Style, bool]]:
    """Words with their style, and whether a space stands before them."""
    spaced = False
    for span in spans:
        for number, chunk in enumerate(span.text.split("\n")):
            if number:
                yield "\n", span.style, False
                spaced = False
            words = chunk.split()
            if chunk[:1].isspace():
                spaced = True
            for word in words:
                yield word, span.style, spaced
                spaced = True
            if words and not chunk[-1:].isspace():
                spaced = False


def _fitting(word: str, width: float, face: Face, size_pt: float, measure: Measure) -> Iterator[str]:
    while len(word) > 1 and measure(word, face, size_pt) > width:
        cut = next((n for n in range(len(word) - 1, 1, -1) if measure(word[:n], face, size_pt) <= width), 1)
        yield word[:cut]
        word = word[cut:]
    yield word


def wrap(text: str, width: float, size_pt: float, *, face: Face, measure: Measure) -> list[str]:
    """Lines of one face."""
    look = Look(face, face, face)
    lines = break_lines((Span(text),), width, size_pt, look=look, measure=measure)
    return ["".join(run.text for run in line) for line in lines]
