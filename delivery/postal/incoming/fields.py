"""What is filled in on one page, where its layout record says to look. Runs in a worker: plain data in and out."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce

import numpy as np
from PIL import ImageChops

from delivery.errors import BadInput
from delivery.postal.incoming.finding import find_page
from delivery.postal.incoming.omr import LecturerMark, lecturer_mark, read_bubbles
from delivery.postal.incoming.pictures import grey, open_image, plain
from delivery.postal.incoming.plainmarks import Doubt
from delivery.postal.incoming.scan import WHOLE_LONG_PX, read_page_image
from delivery.postal.sheetlayout import BubbleUse, SheetLayout
from delivery.store.readings import CHOICE, MARK

NOT_FINAL = "not_final"
"""A mark without the square “final” beside it."""
UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Field:
    """One question's answer, or the lecturer's mark."""

    use: str
    question: int
    """0 for the mark of the whole work."""
    read: str
    """Letters in the order of the sheet, or a mark as decimal text; empty in doubt, and for a strip that is plainly
    empty."""
    confidence: int
    """Per mille."""
    doubt: str
    crop: bytes = field(repr=False)


def read_fields(image: bytes, media_type: str, layout: SheetLayout) -> list[Field]:
    """Every answer on a page, and what stands in the lecturer's strip, also that nothing does."""
    try:
        reading = read_page_image(image, media_type, places=True)
        picture = plain(open_image(image, media_type))
        small = np.asarray(grey(picture, WHOLE_LONG_PX))
        # The darkest channel: a red or blue pen is as dark as a black one, and one channel is read in half the time.
        pixels = np.asarray(reduce(ImageChops.darker, picture.split()))
    except (BadInput, OSError, ValueError, SyntaxError):
        return [Field(CHOICE, question, "", 0, UNREADABLE, b"") for question in _questions(layout)]
    found = find_page(small, layout, reading.codes, stored=picture.size)
    answers = read_bubbles(pixels, layout, found)
    fields = [
        Field(
            CHOICE,
            answer.question,
            "".join(answer.values),
            round(answer.confidence * 1000),
            str(answer.doubt or ""),
            answer.crop,
        )
        for answer in answers
        if answer.use is BubbleUse.CHOICE
    ]
    mark = lecturer_mark(answers)
    if mark is not None:
        fields.append(_mark(mark))
    return fields


def _mark(mark: LecturerMark) -> Field:
    if mark.empty:
        return Field(MARK, 0, "", 0, "", b"")
    doubt = str(mark.doubt or "")
    if not mark.final and mark.doubt in (None, Doubt.NONE):
        doubt = NOT_FINAL
    read = "" if mark.mark is None else str(mark.mark)
    return Field(MARK, 0, read, round(mark.confidence * 1000), doubt, mark.crop)


def _questions(layout: SheetLayout) -> list[int]:
    return sorted({bubble.question for bubble in layout.bubbles if bubble.use is BubbleUse.CHOICE})
