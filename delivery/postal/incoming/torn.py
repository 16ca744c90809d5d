"""Whether a picture shows a half of a sheet, though it is as large as a whole one: a torn sheet on the scanner's glass.

Every sheet bears print at both its ends: the main code and the header at its head, side codes, page number and corner
marks at its foot. Where codes were read at one end only, and at the other there is nothing at all, that end is missing.
What is merely damaged or covered shows something there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from delivery.postal.incoming.anysheet import FOOT_MM, INSET_MM, TOP_MM
from delivery.postal.incoming.codes import CodeFound, Point
from delivery.postal.incoming.cornermarks import patch, project
from delivery.postal.incoming.finding import similar
from delivery.postal.incoming.pictures import Grey, looks_blank
from delivery.postal.page import A4_MM
from delivery.postal.symbol import MAIN_MM, SIDE_MM

_BAND_MM = 32.0
"""From the edge of the page: what is printed at an end lies within."""
_EDGE_MM = 4.0
_PER_MM = 3
_INSIDE = 0.7
"""Share of the band that must lie in the picture for anything to be said of it."""
_EVEN = 25.0
"""Levels of grey within which a surface is bare: the grain of a lid."""


def is_half_missing(picture: Grey, codes: Sequence[CodeFound], *, stored: Point) -> bool:
    """Whether one end of the sheet is not there. `picture` is reduced from the picture as stored, which has `stored`
    pixels and in whose pixels `codes` are given."""
    head = [code for code in codes if not code.is_side]
    foot = [code for code in codes if code.is_side]
    if bool(head) == bool(foot):
        return False
    unit = np.array([picture.shape[1] / stored[0], picture.shape[0] / stored[1]])
    code = (head or foot)[0]
    size = MAIN_MM if head else SIDE_MM
    width, height = A4_MM
    y = TOP_MM if head else height - FOOT_MM - size
    band_y = height - _BAND_MM if head else _EDGE_MM
    # Side codes are alike: the one that was read may stand on the left or on the right.
    places = [width - INSET_MM - size] if head else [INSET_MM, width - INSET_MM - size]
    image = Image.fromarray(picture)
    seen = []
    for x in places:
        square = np.array([(x, y), (x + size, y), (x + size, y + size), (x, y + size)])
        matrix = similar(square, np.array(code.corners) * unit)
        if matrix is None:
            return False
        corner, extent = (_EDGE_MM, band_y), (width - 2 * _EDGE_MM, _BAND_MM - _EDGE_MM)
        inside = _share_inside(picture, matrix, corner, extent)
        if inside >= _INSIDE:
            band = patch(image, matrix, corner, extent, per_mm=_PER_MM)
            seen.append((inside, _is_bare(band)))
    return bool(seen) and max(seen)[1]


def _share_inside(picture: Grey, matrix: np.ndarray, corner: Point, extent: Point) -> float:
    x, y = np.meshgrid(np.linspace(0, extent[0], 20) + corner[0], np.linspace(0, extent[1], 6) + corner[1])
    at = project(matrix, np.stack([x.ravel(), y.ravel()], axis=-1))
    height, width = picture.shape
    inside = (at[:, 0] >= 0) & (at[:, 0] < width) & (at[:, 1] >= 0) & (at[:, 1] < height)
    return float(inside.mean())


def _is_bare(band: Grey) -> bool:
    """Nothing but paper, or nothing but the lid."""
    low, high = (float(np.quantile(band, share)) for share in (0.003, 0.9))
    return high - low < _EVEN or looks_blank(Image.fromarray(band))
