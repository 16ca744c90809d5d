"""QR codes on a picture, as the decoder gives them, and where they stand.

No decoder is trusted with more than a text: whether it is a code of ours is decided by its MAC
(:mod:`delivery.postal.incoming.resolve`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import zxingcpp

from delivery.postal.incoming.cascade import Affine
from delivery.postal.incoming.pictures import Grey
from delivery.postal.page import A4_MM
from delivery.postal.symbol import MAIN_MM, SIDE_MM
from delivery.record.sheetcode import SIDE_CHARS

_OURS = re.compile(r"(?:.*/q/[A-Z2-7]{24}|[A-Z2-7]{24}|[A-Z2-7]{16})", re.DOTALL)
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2])

_ROOM = 1.4
"""Times A4 from which a picture has room for more than the sheet whose codes were read on it."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CodeFound:
    """Where a QR code stands: the corners of its dark square, in its own order top left, top right, bottom right,
    bottom left, in pixels of the picture as stored."""

    text: str
    corners: tuple[Point, Point, Point, Point]

    @property
    def is_side(self) -> bool:
        """Whether it is one of the two alike at the foot of a sheet."""
        return len(self.text) == SIDE_CHARS

    @property
    def pixels_per_mm(self) -> float:
        around = sum(math.dist(a, b) for a, b in pairwise([*self.corners, self.corners[0]]))
        return around / 4 / (SIDE_MM if self.is_side else MAIN_MM)


def decode(picture: Grey, *, reduced_too: bool = True) -> list[Any]:
    """The valid QR codes of one picture, as zxing-cpp gives them; with `reduced_too` also those that it finds at a
    third of the size."""
    codes = zxingcpp.read_barcodes(picture, formats=_FORMATS, try_invert=False, try_downscale=reduced_too)
    return [code for code in codes if code.valid and code.text]


def of_ours(codes: list[Any]) -> list[Any]:
    """Those whose text has the form of our codes."""
    return [code for code in codes if has_our_form(code.text)]


def has_our_form(text: str) -> bool:
    return _OURS.fullmatch(text) is not None


def placed(codes: list[Any], to_stored: Affine) -> list[CodeFound]:
    """Codes as decoded, in the pixels of the picture as stored."""
    out = []
    for code in codes:
        place = code.position
        four = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        first, second, third, fourth = (_mapped(to_stored, point.x, point.y) for point in four)
        out.append(CodeFound(code.text, (first, second, third, fourth)))
    return out


def _mapped(to_stored: Affine, x: float, y: float) -> Point:
    a, b, c, d, e, f = to_stored
    return a * x + b * y + c, d * x + e * y + f


def elsewhere(new: list[CodeFound], known: list[CodeFound]) -> list[CodeFound]:
    """The codes among `new` that are not simply known ones seen again."""
    return [
        code for code in new if not any(code.text == other.text and _overlap(code, other) for other in known)
    ]


def _overlap(one: CodeFound, other: CodeFound) -> bool:
    (x, y), (u, v) = _middle(one), _middle(other)
    side = abs(one.corners[0][0] - one.corners[2][0]) + abs(one.corners[0][1] - one.corners[2][1])
    return abs(x - u) + abs(y - v) < side / 2


def _middle(code: CodeFound) -> Point:
    return sum(x for x, _ in code.corners) / 4, sum(y for _, y in code.corners) / 4


def rotation(code: Any, to_stored: Affine) -> int:
    """Degrees, clockwise, by which the page with a code is turned: 0, 90, 180 or 270."""
    a, _, _, d, _, _ = to_stored
    turned = np.degrees(np.arctan2(d, a))
    return int(round(float(code.orientation + turned) / 90) * 90 % 360)


def is_one_whole_sheet(codes: Sequence[CodeFound], size: tuple[int, int]) -> bool:
    """Whether these are the three codes of one sheet that fills its picture of `size` pixels.

    Then there is neither a code left to look for nor room for another sheet. Anything else is worth a second look.
    """
    sides = [code for code in codes if code.is_side]
    if len(codes) != 3 or len(sides) != 2 or sides[0].text != sides[1].text:
        return False
    return sheets_in(codes, size) < _ROOM


def shows_both_ends(codes: Sequence[CodeFound]) -> bool:
    """Whether a main code and a side code are among them: one stands at the head of a sheet, the other at its foot."""
    return len({code.is_side for code in codes}) == 2


def is_mirrored(codes: Sequence[CodeFound]) -> bool:
    """Whether the codes of one sheet stand as in a mirror. A decoder reads mirrored codes like others, and gives their
    corners as if they lay on their other diagonal: only where several stand to each other tells.
    """
    sides = [code for code in codes if code.is_side]
    mains = [code for code in codes if not code.is_side]
    if len(mains) > 1 or len({code.text for code in sides}) != 1 or len(codes) < 2:
        return False
    first = mains[0] if mains else sides.pop(0)
    (x, y), (right_x, right_y), _, (down_x, down_y) = first.corners
    mx, my = _middle(first)
    votes = []
    for side in sides:
        u, v = _middle(side)
        across = (u - mx) * (right_x - x) + (v - my) * (right_y - y)
        along = (u - mx) * (down_x - x) + (v - my) * (down_y - y)
        # Side codes stand below the main one, and one beside the other.
        votes.append(across > abs(along) if mains else abs(along) > abs(across))
    return all(votes)


def sheets_in(codes: Sequence[CodeFound], size: tuple[int, int]) -> float:
    """How large a picture of `size` pixels is, in sheets of A4 by the size of the codes on it; 0 when they do not
    tell."""
    scales = sorted(scale for code in codes if (scale := code.pixels_per_mm) > 0)
    if not scales:
        return 0.0
    scale = scales[len(scales) // 2]
    return (size[0] / scale) * (size[1] / scale) / (A4_MM[0] * A4_MM[1])
