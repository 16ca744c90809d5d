"""The layout record: where everything that a reader looks for stands on a printed page. Frozen, pure, serialisable.

All positions are millimetres from the top left corner of the page as printed, x to the right, y downwards. A page is
found by its codes, straightened by its four corner marks, and then read at the places that this record names.

The record of a whole packet, one :class:`SheetLayout` for each page in order, is kept as a blob under the SHA-256 of
its JSON; the packet's PacketPlanned fact names that address, so that neither can be changed without notice. Packets of
the same make share one record. ``docs/packets.md`` shows the JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

FORMAT = 1
"""Rises when a reader of the record must change."""


@dataclass(frozen=True, slots=True)
class Corner:
    """A corner mark: the point where the outer edges of its two legs' centre lines meet."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class CodeSpot:
    """Where a code's dark square stands (top left corner); the quiet zone lies around it."""

    kind: str
    """``main`` or ``side``."""
    x: float
    y: float
    size: float
    quiet: float


class Ruling(StrEnum):
    """What an answer area is ruled with."""

    LINED = "lined"
    SQUARED = "squared"
    BOX = "box"


@dataclass(frozen=True, slots=True)
class AnswerArea:
    """Room for the answer to one question, or a part of it when it goes over a page."""

    question: int
    x: float
    y: float
    width: float
    height: float
    ruling: Ruling = Ruling.LINED


class BubbleUse(StrEnum):
    """Who fills a bubble in, and what it says."""

    CHOICE = "choice"
    """The learner's choice; `value` is its letter."""
    MARK_WHOLE = "mark-whole"
    """The lecturer's mark, whole part; `value` is 0 to 10."""
    MARK_QUARTER = "mark-quarter"
    """The lecturer's mark, quarters; `value` is 00, 25, 50 or 75."""
    CONFIRM = "confirm"
    """The lecturer's square “this mark is final”; `value` is ``yes``."""


@dataclass(frozen=True, slots=True)
class Bubble:
    """A place to fill in: a circle of `radius` about (x, y), or for CONFIRM a square with sides of twice the radius."""

    use: BubbleUse
    question: int
    """Number of the question in its assignment, from 1; 0 for the mark of the whole work."""
    value: str
    x: float
    y: float
    radius: float
    many: bool = False
    """Whether several choices of this question may be filled in."""


@dataclass(frozen=True, slots=True)
class MarkBox:
    """Where the lecturer writes a mark in digits: of one question, or of the whole work (`question` 0)."""

    question: int
    x: float
    y: float
    width: float
    height: float
    points: str = ""
    """What the question is worth, as the source says it."""


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """One printed page for a reader."""

    role: str
    width: float
    height: float
    corners: tuple[Corner, ...]
    """Clockwise from top left."""
    codes: tuple[CodeSpot, ...]
    answers: tuple[AnswerArea, ...] = ()
    bubbles: tuple[Bubble, ...] = ()
    marks: tuple[MarkBox, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As JSON values, rounded to a micrometre."""
        document: dict[str, Any] = _rounded(asdict(self))
        return document

    @staticmethod
    def from_document(document: Mapping[str, Any]) -> SheetLayout:
        """The page that :meth:`to_document` wrote. Raises KeyError, TypeError or ValueError for anything else."""
        return SheetLayout(
            role=document["role"],
            width=document["width"],
            height=document["height"],
            corners=tuple(Corner(**corner) for corner in document["corners"]),
            codes=tuple(CodeSpot(**code) for code in document["codes"]),
            answers=tuple(
                AnswerArea(**{**area, "ruling": Ruling(area["ruling"])}) for area in document["answers"]
            ),
            bubbles=tuple(
                Bubble(**{**bubble, "use": BubbleUse(bubble["use"])}) for bubble in document["bubbles"]
            ),
            marks=tuple(MarkBox(**box) for box in document["marks"]),
        )


@dataclass(frozen=True, slots=True)
class PacketLayout:
    """The pages of a packet, in the order in which they are printed."""

    pages: tuple[SheetLayout, ...]

    def to_json(self) -> bytes:
        """Canonical bytes: equal records have equal bytes, and so one address."""
        # Pages repeat (every page of plain material looks alike to a reader), so each kind is written once.
        kinds: dict[str, int] = {}
        order = [kinds.setdefault(_dumps(page.to_document()), len(kinds)) for page in self.pages]
        pages = [json.loads(text) for text in kinds]
        return _dumps({"format": FORMAT, "layouts": pages, "pages": order}).encode()

    @staticmethod
    def from_json(data: bytes) -> PacketLayout:
        """Raises ValueError for what is no record, or one of a newer program."""
        try:
            document = json.loads(data)
            if document["format"] != FORMAT:
                raise ValueError(f"layout record of format {document['format']}, not {FORMAT}")
            layouts = [SheetLayout.from_document(page) for page in document["layouts"]]
            return PacketLayout(tuple(layouts[index] for index in document["pages"]))
        except (KeyError, TypeError, IndexError) as error:
            raise ValueError(f"not a layout record: {error}") from error


def _dumps(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
