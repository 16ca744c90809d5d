"""Reads bubbles: the learner's choices, the lecturer's mark from 0 to 10 by quarters, and the square “final”.

A bubble's own print (its ring and its letter) is known and left out of the count, so that what remains is what was
written. Each bubble is first looked for by its ring, because paper curls between its corners. What is written counts as
a mark only where it is plain; whatever lies between plain and nothing (faint, rubbed out, beside the bubble) makes the
answer doubtful, and a doubtful answer has no value: a person reads its crop.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from delivery.postal.fonts import MM_PER_PT, font_file
from delivery.postal.incoming.bubbleplaces import find_bubbles
from delivery.postal.incoming.cornermarks import Matrix, patch
from delivery.postal.incoming.finding import Found
from delivery.postal.incoming.plainmarks import (
    MARKED,
    BubbleReading,
    Doubt,
    confidence_of,
    doubt_of,
    less,
    usual_of,
)
from delivery.postal.incoming.strokes import INK, ROOM_MM, TRACE, shape_of
from delivery.postal.page import Face
from delivery.postal.sheetlayout import Bubble, BubbleUse, SheetLayout

LETTER_PT = 6.5
LETTER_DROP = 0.36
"""Size of the letter in a bubble, and how far its baseline lies below the middle, in parts of its size, as printed."""
PER_MM = 12
"""Samples for a millimetre in a bubble: a pen's line has six."""
CROP_PER_MM = 8
"""Pixels for a millimetre in a crop: 200 dpi."""

_RING_MM = 0.45
"""Half the breadth left out about the ring, for print and for what finding it is off by."""
_BESIDE_MM = 1.1
"""Breadth of the zone beyond the ring in which a mark lies beside its bubble; half of what is between two bubbles."""
_LETTER_MM = 0.22
"""Breadth left out about the letter's lines."""
_WORDS_MM = 20.0
"""How much of a choice's text is seen beside its bubble."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question's bubbles, or one part of the lecturer's mark."""

    use: BubbleUse
    question: int
    values: tuple[str, ...]
    """What is marked, in the order of the sheet; empty when `doubt` says why nobody may say so by machine."""
    confidence: float
    """0 to 1. Zero when in doubt."""
    doubt: Doubt | None
    crop: bytes
    """JPEG of the bubbles and what is around them, straightened, 200 dpi; empty when the page could not be laid out."""
    bubbles: tuple[BubbleReading, ...] = ()

    @property
    def value(self) -> str:
        return self.values[0] if len(self.values) == 1 else ""


@dataclass(frozen=True, slots=True)
class LecturerMark:
    """The mark on a strip, joined of its three parts: never a final mark before a person has confirmed it."""

    mark: Decimal | None
    """0 to 10 by 0.25, or None in doubt."""
    final: bool
    """Whether the square “final” is plainly marked."""
    doubt: Doubt | None
    """Of whichever part is in doubt; NONE where a part bears nothing."""
    confidence: float
    crop: bytes
    empty: bool = False
    """Every part is plainly empty: the sheet is not marked yet."""


def read_bubbles(picture: Any, layout: SheetLayout, found: Found | None) -> tuple[Answer, ...]:
    """Read all bubbles of a page, question by question, the lecturer's mark last.

    `picture` is the page as stored, an array of grey or of red, green and blue. With a page that was not found surely,
    every answer is in doubt.
    """
    if not layout.bubbles:
        return ()
    groups = _groups(layout.bubbles)
    if found is None or not found.sure:
        return tuple(
            _in_doubt(
                use,
                question,
                b"" if found is None else _crop(Image.fromarray(picture), found, seen_with, np.zeros(2)),
            )
            for (use, question), seen_with in _with_strip(groups).items()
        )
    # The darkest channel: a red or blue pen is as dark as a black one.
    image = Image.fromarray(picture)
    dark = image if picture.ndim == 2 else Image.fromarray(picture.min(axis=-1))
    places = find_bubbles(dark, found, layout.bubbles)
    black = _black(dark, found, layout)
    seen = {bubble: _reading(dark, found, bubble, place, black) for bubble, place in places.items()}
    usual = usual_of(list(seen.values()))
    two_tone = np.unique(picture[::5, ::5]).size <= 2
    shown = _with_strip(groups)
    out = []
    for (use, question), bubbles in groups.items():
        middle = np.mean([places[bubble] for bubble in bubbles if bubble in places] or [np.zeros(2)], axis=0)
        crop = _crop(image, found, shown[use, question], middle)
        if any(bubble not in places for bubble in bubbles):
            out.append(_in_doubt(use, question, crop))
        else:
            readings = tuple(less(seen[bubble], usual) for bubble in bubbles)
            doubt = doubt_of(readings, many=bubbles[0].many, two_tone=two_tone)
            out.append(_answer(found, use, question, readings, doubt=doubt, crop=crop))
    return tuple(out)


def _in_doubt(use: BubbleUse, question: int, crop: bytes) -> Answer:
    return Answer(use, question, (), 0.0, Doubt.NOT_STRAIGHT, crop)


def lecturer_mark(answers: Sequence[Answer], question: int = 0) -> LecturerMark | None:
    """The mark that the strip's parts make together; None when the page has no strip."""
    parts = {answer.use: answer for answer in answers if answer.question == question}
    whole, quarter = parts.get(BubbleUse.MARK_WHOLE), parts.get(BubbleUse.MARK_QUARTER)
    if whole is None or quarter is None:
        return None
    confirm = parts.get(BubbleUse.CONFIRM)
    crop = whole.crop
    final = confirm is not None and confirm.doubt is None and bool(confirm.values)
    doubts = [part.doubt for part in (whole, quarter) if part.doubt is not None]
    if confirm is not None and confirm.doubt not in (None, Doubt.NONE):
        doubts.append(confirm.doubt)
    # With one part marked and the other not, the sheet is not unmarked: what is missing is the doubt.
    doubt = next((d for d in doubts if d is not Doubt.NONE), doubts[0] if doubts else None)
    if doubt is not None:
        empty = all(part.doubt is Doubt.NONE for part in (whole, quarter, confirm) if part is not None)
        return LecturerMark(None, final, doubt, 0.0, crop, empty)
    mark = Decimal(whole.value) + Decimal(quarter.value) / 100
    if mark > 10:
        return LecturerMark(None, final, Doubt.IMPOSSIBLE, 0.0, crop)
    parts_sure = [whole.confidence, quarter.confidence] + ([confirm.confidence] if final and confirm else [])
    return LecturerMark(mark, final, None, min(parts_sure), crop)


def _groups(bubbles: Sequence[Bubble]) -> dict[tuple[BubbleUse, int], list[Bubble]]:
    groups: dict[tuple[BubbleUse, int], list[Bubble]] = {}
    for bubble in sorted(bubbles, key=lambda b: b.use is not BubbleUse.CHOICE):
        groups.setdefault((bubble.use, bubble.question), []).append(bubble)
    return groups


def _with_strip(
    groups: dict[tuple[BubbleUse, int], list[Bubble]],
) -> dict[tuple[BubbleUse, int], list[Bubble]]:
    """What is seen on the crop of each group: itself, and with the whole part of a mark its whole strip."""
    strip = (BubbleUse.MARK_WHOLE, BubbleUse.MARK_QUARTER, BubbleUse.CONFIRM)
    return {
        (use, question): [b for part in strip for b in groups.get((part, question), [])]
        if use is BubbleUse.MARK_WHOLE
        else bubbles
        for (use, question), bubbles in groups.items()
    }


def _answer(
    found: Found,
    use: BubbleUse,
    question: int,
    readings: tuple[BubbleReading, ...],
    *,
    doubt: Doubt | None,
    crop: bytes,
) -> Answer:
    if doubt is not None:
        return Answer(use, question, (), 0.0, doubt, crop, readings)
    values = tuple(reading.value for reading in readings if reading.ink >= MARKED)
    return Answer(
        use, question, values, round(min(found.confidence, confidence_of(readings)), 3), None, crop, readings
    )


# What is in it


def _black(dark: Image.Image, found: Found, layout: SheetLayout) -> float:
    """How dark black print is on this scan, as a share of its paper: from the codes, and no less than nothing."""
    shares = []
    for spot in layout.codes:
        values = patch(dark, found.homography, (spot.x, spot.y), (spot.size, spot.size), per_mm=3)
        low, high = float(np.quantile(values, 0.1)), float(np.quantile(values, 0.9))
        if high > 0:
            shares.append(low / high)
    return float(np.clip(np.median(shares), 0.0, 0.75)) if shares else 0.25


def _reading(dark: Image.Image, found: Found, bubble: Bubble, place: Matrix, black: float) -> BubbleReading:
    inked = _inked(dark, found, bubble, place, black, room=_BESIDE_MM + 0.3)
    inside, beyond, _ = _zones(bubble, inked.shape[0])
    within = np.sort(inked[inside])
    share = round(float((within > INK).mean()), 4)
    shape = None
    if share >= MARKED:
        wide = _inked(dark, found, bubble, place, black, room=ROOM_MM)
        _, _, letter = _zones(bubble, wide.shape[0])
        square = bubble.use is BubbleUse.CONFIRM
        shape = shape_of(wide, bubble.radius, per_mm=PER_MM, square=square, letter=letter)
    return BubbleReading(
        bubble.value,
        share,
        round(float((within > TRACE).mean()), 4),
        round(float((inked[beyond] > INK).mean()), 4),
        round(float(within[-max(1, within.size // 20) :].mean()), 4),
        shape,
    )


def _inked(
    dark: Image.Image, found: Found, bubble: Bubble, place: Matrix, black: float, *, room: float
) -> Any:
    """Darkness of a bubble and `room` millimetres about it: 0 as the paper beside it, 1 as black print."""
    half = bubble.radius + room
    x, y = bubble.x + place[0], bubble.y + place[1]
    corner, size = (float(x - half), float(y - half)), (2 * half, 2 * half)
    values = patch(dark, found.homography, corner, size, per_mm=PER_MM).astype(np.float32)
    _, beyond, _ = _zones(bubble, values.shape[0])
    # Where a ring was drawn about the bubble, what is beside it is not paper.
    paper = float(max(np.quantile(values[beyond], 0.8), np.quantile(values, 0.8)))
    return np.clip((paper - values) / max(paper * (1.0 - black), 12.0), 0.0, 1.0)


def _zones(bubble: Bubble, n: int) -> tuple[Any, Any, Any | None]:
    square = bubble.use is BubbleUse.CONFIRM
    quarter = bubble.use is BubbleUse.MARK_QUARTER
    letter = "" if square else f",{bubble.value}" if quarter else bubble.value
    return _zones_of(letter, bubble.radius, n, square=square)


@lru_cache(maxsize=256)
def _zones_of(letter: str, radius: float, n: int, *, square: bool) -> tuple[Any, Any, Any | None]:
    """Of n by n samples about a bubble's middle: its clear inside without the letter, the zone beyond its ring, and the
    letter, if it has one."""
    at = (np.arange(n) + 0.5) / PER_MM - n / PER_MM / 2
    x, y = np.meshgrid(at, at)
    away = np.maximum(np.abs(x), np.abs(y)) if square else np.hypot(x, y)
    inside = away < radius - _RING_MM
    beyond = (away > radius + _RING_MM) & (away < radius + _BESIDE_MM)
    printed = _letter_mask(letter, n) if letter else None
    if printed is not None:
        inside &= ~printed
    return inside, beyond, printed


def _letter_mask(letter: str, n: int) -> Any:
    """Where the letter is printed, made broader on all sides by :data:`_LETTER_MM`."""
    canvas = Image.new("L", (n, n), 0)
    size = LETTER_PT * MM_PER_PT * PER_MM
    font = ImageFont.truetype(str(font_file(Face.SANS)), size)
    middle = n / 2
    ImageDraw.Draw(canvas).text(
        (middle - font.getlength(letter) / 2, middle + size * LETTER_DROP),
        letter,
        fill=255,
        font=font,
        anchor="ls",
    )
    reach = 2 * round(_LETTER_MM * PER_MM) + 1
    return np.asarray(canvas.filter(ImageFilter.MaxFilter(reach))) > 60


# What a person sees of it


def _crop(picture: Image.Image, found: Found, bubbles: Sequence[Bubble], shift: Matrix) -> bytes:
    margin = 3.5
    left = min(b.x - b.radius for b in bubbles) - margin + float(shift[0])
    top = min(b.y - b.radius for b in bubbles) - margin + float(shift[1])
    # Of the last choice too, the first words belong to what a person looks at.
    words = _WORDS_MM if bubbles[0].use is BubbleUse.CHOICE else 0.0
    right = max(b.x + b.radius for b in bubbles) + margin + words + float(shift[0])
    foot = max(b.y + b.radius for b in bubbles) + margin + float(shift[1])
    size = (right - left, foot - top)
    values = patch(picture, found.homography, (left, top), size, per_mm=CROP_PER_MM)
    out = io.BytesIO()
    Image.fromarray(values).save(out, "JPEG", quality=75)
    return out.getvalue()
