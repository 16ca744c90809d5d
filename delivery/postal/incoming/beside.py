"""Whether a picture shows another sheet beside the one whose codes were read: two on one glass, or drawn through the
scanner together. The other one's codes may be beyond reading, but what is written on it must not be lost in the first
one's picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from delivery.postal.incoming.anysheet import any_sheet
from delivery.postal.incoming.codes import sheets_in
from delivery.postal.incoming.cornermarks import project
from delivery.postal.incoming.finding import find_page
from delivery.postal.incoming.pictures import grey_array
from delivery.postal.incoming.scan import PageReading
from delivery.postal.page import A4_MM

_ROOM = 1.5
"""Times A4 from which it is looked for. A telephone's picture of one sheet is seldom as large."""
_LONG_PX = 1500
_CELL_MM = 10.0
_AROUND_MM = 6.0
"""What lies nearer to the sheet is its own edge and shadow."""
_WRITTEN = 70.0
"""Levels of grey between light and dark in a cell with print or writing; the grain of a lid or a table has fewer."""
_CELLS = 30
"""Cells with writing from which there is another sheet: a twentieth of A4."""


def shows_another(image: bytes, reading: PageReading) -> bool:
    """Whether something is written beside the sheet of `reading`. Raises BadInput for what is no picture."""
    if sheets_in(reading.codes, (reading.width, reading.height)) < _ROOM:
        return False
    picture, stored = grey_array(image, _LONG_PX)
    found = find_page(picture, any_sheet(), reading.codes, stored=stored)
    if found is None or not found.sure:
        return False
    height, width = picture.shape
    unit = np.array([width / stored[0], height / stored[1]])
    (x0, y0), (x1, y1) = (found.pixels(np.array([0.0, y])) * unit for y in (0.0, A4_MM[1]))
    cell = max(4, round(float(np.hypot(x1 - x0, y1 - y0)) / A4_MM[1] * _CELL_MM))
    rows, columns = height // cell, width // cell
    cells = picture[: rows * cell, : columns * cell].reshape(rows, cell, columns, cell).swapaxes(1, 2)
    dark, light = np.quantile(cells.reshape(rows, columns, -1)[:, :, ::3], (0.02, 0.98), axis=-1)
    middle = np.stack(np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5), axis=-1) * cell / unit
    mm = project(np.linalg.inv(found.homography), middle)
    near = _AROUND_MM + _CELL_MM / 2
    beside: Any = (np.abs(mm - np.array(A4_MM) / 2) > np.array(A4_MM) / 2 + near).any(axis=-1)
    # Shadows lie along the edges of a picture.
    beside[[0, -1], :] = beside[:, [0, -1]] = False
    return int((beside & (light - dark > _WRITTEN)).sum()) >= _CELLS
