"""What all our sheets have in common, whatever is printed on them: where corner marks and codes stand."""

from __future__ import annotations

from functools import cache

from delivery.postal.page import A4_MM
from delivery.postal.sheetlayout import CodeSpot, Corner, SheetLayout
from delivery.postal.symbol import MAIN_MM, MIN_MODULE_MM, SIDE_MM

TOP_MM, INSET_MM, FOOT_MM = 14.0, 15.0, 14.0
"""Where codes stand on every page: distance of the main one from the top, of all from the sides, of side ones from the
foot."""
MAIN_VERSIONS = (4, 3, 5, 6)
"""Versions of the main code that addresses of usual length come to, the likeliest first."""
SIDE_MODULES = 21
_FRAME_MM = 6.0


def main_mm(modules: int) -> float:
    """Width of a main code of so many modules, as printed."""
    return max(MAIN_MM, MIN_MODULE_MM * modules)


@cache
def any_sheet(modules: int = 33) -> SheetLayout:
    """A sheet without content, whose main code has so many modules on a side."""
    width, height = A4_MM
    y, mm = height - FOOT_MM - SIDE_MM, main_mm(modules)
    right, foot = width - _FRAME_MM, height - _FRAME_MM
    return SheetLayout(
        "",
        width,
        height,
        (
            Corner(_FRAME_MM, _FRAME_MM),
            Corner(right, _FRAME_MM),
            Corner(right, foot),
            Corner(_FRAME_MM, foot),
        ),
        (
            CodeSpot("main", width - INSET_MM - mm, TOP_MM, mm, 0.0),
            CodeSpot("side", INSET_MM, y, SIDE_MM, 0.0),
            CodeSpot("side", width - INSET_MM - SIDE_MM, y, SIDE_MM, 0.0),
        ),
    )
