"""A laid-out page as a frozen record of what is drawn where, in millimetres from the top left corner. Pure.

It is drawn by :mod:`delivery.postal.outgoing.draw`; what a reader needs of it is :class:`SheetLayout`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from delivery.postal.sheetlayout import AnswerArea, Bubble, CodeSpot, Corner, MarkBox, SheetLayout

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
    dashed: bool = False


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
    stroke_mm: float = 0.2


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle's outline about (x, y)."""

    x: float
    y: float
    radius: float
    width_mm: float = 0.25
    ink: Ink = Ink.MUTED


Item = Text | Line | Box | Circle


@dataclass(frozen=True, slots=True)
class Inset:
    """A page of an existing PDF, set into the page as it is: turned upright, then scaled and moved.

    Of the source page, the part from (`left`, `top`) with `width` and `height` (its own millimetres, upright) comes to
    (`x`, `y`) of the printed page at `scale`.
    """

    page: int
    """Of the source, from 0."""
    left: float
    top: float
    width: float
    height: float
    x: float
    y: float
    scale: float


@dataclass(frozen=True, slots=True)
class PageLayout:
    """One side of one sheet of paper, without what differs per learner."""

    role: str
    width: float
    height: float
    items: tuple[Item, ...]
    codes: tuple[CodeSpot, ...]
    corners: tuple[Corner, ...]
    answers: tuple[AnswerArea, ...] = ()
    bubbles: tuple[Bubble, ...] = ()
    marks: tuple[MarkBox, ...] = ()
    insets: tuple[Inset, ...] = ()
    source: str = ""
    """Content address of the PDF that `insets` are pages of."""

    def record(self) -> SheetLayout:
        """What a reader needs."""
        return SheetLayout(
            self.role,
            self.width,
            self.height,
            self.corners,
            self.codes,
            self.answers,
            self.bubbles,
            self.marks,
        )
