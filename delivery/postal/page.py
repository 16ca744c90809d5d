"""A laid-out page as a frozen record: where everything stands, in millimetres from the top left corner. Pure.

The same record is drawn (:mod:`delivery.postal.draw`) and kept for the reader, who finds corner marks, codes and answer
areas by it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

A4_MM = (210.0, 297.0)


class Face(StrEnum):
    """Typefaces, by what they are for; :mod:`delivery.postal.fonts` knows the files."""

    SANS = "sans"
    SANS_MEDIUM = "sans-medium"
    SANS_BOLD = "sans-bold"
    SANS_ITALIC = "sans-italic"
    SERIF = "serif"
    SERIF_BOLD = "serif-bold"
    SERIF_ITALIC = "serif-italic"


class Ink(StrEnum):
    """Colours. Everything must also read on a black-and-white printer."""

    TEXT = "text"
    MUTED = "muted"
    ACCENT = "accent"
    RULE = "rule"
    TINT = "tint"


@dataclass(frozen=True, slots=True)
class Text:
    """One run of one face; `y` is its baseline."""

    x: float
    y: float
    text: str
    face: Face
    size_pt: float
    ink: Ink = Ink.TEXT


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    width_mm: float = 0.2
    ink: Ink = Ink.RULE


@dataclass(frozen=True, slots=True)
class Box:
    """Filled with `fill` or framed with `stroke`, corners rounded by `radius`."""

    x: float
    y: float
    width: float
    height: float
    radius: float = 0.0
    fill: Ink | None = None
    stroke: Ink | None = None


Item = Text | Line | Box


@dataclass(frozen=True, slots=True)
class CodeSpot:
    """Where a code's dark square stands (top left corner); the quiet zone lies around it."""

    kind: str
    """``main`` or ``side``."""
    x: float
    y: float
    size: float
    quiet: float


@dataclass(frozen=True, slots=True)
class AnswerArea:
    """Ruled room for the answer to one question, or a part of it when it goes over a page."""

    question: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner mark: the point where its two legs meet."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class PageLayout:
    """One side of one sheet of paper."""

    width: float
    height: float
    items: tuple[Item, ...]
    codes: tuple[CodeSpot, ...]
    corners: tuple[Corner, ...]
    answers: tuple[AnswerArea, ...] = ()
    inset: int = -1
    """Page of the material's PDF (from 0) that is set into :data:`delivery.postal.layout.INSET`, or -1."""

    def record(self) -> dict[str, Any]:
        """What a reader needs, as JSON: size, corners, codes and answer areas in millimetres."""
        return {
            "size_mm": [self.width, self.height],
            "corners": [[c.x, c.y] for c in self.corners],
            "codes": [asdict(code) for code in self.codes],
            "answers": [asdict(area) for area in self.answers],
        }
