"""Looking at a picture in millimetres of the page, and finding in it the corner marks by their shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from delivery.postal.incoming.codes import Point
from delivery.postal.sheetlayout import Corner

Matrix = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]

LEG_MM = 5.0
STROKE_MM = 0.8
"""Length and breadth of a corner mark's legs, as drawn."""
_PER_MM = 6
"""Samples for a millimetre when marks are looked for: a stroke has five."""
_SEEN = 0.55
"""Least correlation (-1 to 1) of a place with the shape of a corner mark."""


def project(matrix: Any, points: Any) -> Matrix:
    """Points (n, 2) through a homography."""
    pts = np.asarray(points, dtype=float)
    w = matrix[2, 0] * pts[..., 0] + matrix[2, 1] * pts[..., 1] + matrix[2, 2]
    x = matrix[0, 0] * pts[..., 0] + matrix[0, 1] * pts[..., 1] + matrix[0, 2]
    y = matrix[1, 0] * pts[..., 0] + matrix[1, 1] * pts[..., 1] + matrix[1, 2]
    out: Matrix = np.stack([x / w, y / w], axis=-1)
    return out


def patch(
    picture: Image.Image, matrix: Matrix, place: Point, size: Point, *, per_mm: float
) -> npt.NDArray[np.uint8]:
    """A rectangle of the page, straightened: `place` is its top left and `size` its width and height in millimetres,
    `per_mm` its samples for a millimetre, in rows and columns. White where the picture ends."""
    rows, columns = max(1, round(size[1] * per_mm)), max(1, round(size[0] * per_mm))
    back = matrix @ np.array([[1 / per_mm, 0, place[0]], [0, 1 / per_mm, place[1]], [0, 0, 1.0]])
    back = back / back[2, 2]
    fill = 255 if picture.mode == "L" else (255, 255, 255)
    out: npt.NDArray[np.uint8] = np.asarray(
        picture.transform(
            (columns, rows),
            Image.Transform.PERSPECTIVE,
            tuple(back.ravel()[:8]),
            Image.Resampling.BILINEAR,
            fillcolor=fill,
        )
    )
    return out


def find_mark(
    picture: Image.Image, matrix: Matrix, corner: Corner, inward: tuple[int, int], reach: float
) -> Matrix | None:
    """The pixel of a corner mark near its guessed place, or None: the best normalised correlation with its shape."""
    side = 2 * reach + 2 * LEG_MM
    near = patch(picture, matrix, (corner.x - side / 2, corner.y - side / 2), (side, side), per_mm=_PER_MM)
    shape, (ox, oy) = _shape(*inward)
    scores = correlation(near, shape)
    at = np.unravel_index(int(np.argmax(scores)), scores.shape)
    if scores[at] < _SEEN:
        return None
    row, column = peak(scores, int(at[0]), int(at[1]))
    # From the shape's corner to the place that the mark stands for.
    x = corner.x - side / 2 + (column + ox) / _PER_MM
    y = corner.y - side / 2 + (row + oy) / _PER_MM
    place: Matrix = project(matrix, np.array([x, y]))
    return place


def _shape(dx: int, dy: int) -> tuple[Floats, tuple[float, float]]:
    """A corner mark on paper, sampled, and where its point lies from the sample's top left. 1 is ink.

    Paper outside the mark belongs to the shape, or any long line would look like one of its legs.
    """
    clear = 1.4
    span = LEG_MM + 2 * clear
    n = round(span * _PER_MM)
    at = (np.arange(n) + 0.5) / _PER_MM
    # With the corner at (clear, clear) and legs to the right and downwards.
    x, y = np.meshgrid(at - clear, at - clear)
    half = STROKE_MM / 2
    across = (np.abs(y) <= half) & (x >= -half) & (x <= LEG_MM)
    down = (np.abs(x) <= half) & (y >= -half) & (y <= LEG_MM)
    shape = (across | down).astype(np.float32)
    origin = clear * _PER_MM
    if dx < 0:
        shape = shape[:, ::-1]
    if dy < 0:
        shape = shape[::-1]
    return shape, (origin if dx > 0 else n - origin, origin if dy > 0 else n - origin)


def correlation(near: Any, shape: Floats) -> Floats:
    """Normalised cross-correlation of dark with ink at each place where the shape lies wholly in the picture."""
    dark = 255.0 - np.asarray(near, dtype=np.float64)
    template = shape - shape.mean()
    rows, columns = near.shape[0] - shape.shape[0] + 1, near.shape[1] - shape.shape[1] + 1
    size = near.shape
    spectrum = np.fft.rfft2(dark) * np.conj(np.fft.rfft2(template, size))
    product = np.fft.irfft2(spectrum, size)[:rows, :columns]
    area = shape.size
    total, squares = _boxes(dark, shape.shape), _boxes(dark**2, shape.shape)
    variance = np.maximum(squares - total**2 / area, 0.0)
    # Less than the faintest print has: nothing there but grain.
    floor = area * 6.0**2
    norm = np.sqrt(np.maximum(variance, floor) * float((template**2).sum()))
    scores: Floats = (product / norm).astype(np.float32)
    return scores


def _boxes(values: Any, size: tuple[int, ...]) -> Any:
    """Sum over each box of `size`."""
    sums = np.pad(values.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    h, w = size
    return sums[h:, w:] - sums[:-h, w:] - sums[h:, :-w] + sums[:-h, :-w]


def peak(scores: Floats, row: int, column: int) -> tuple[float, float]:
    """The top of the parabola through a maximum and its neighbours, in each direction."""

    def offset(before: float, here: float, after: float) -> float:
        bend = before - 2 * here + after
        return 0.0 if bend >= 0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))

    dr = dc = 0.0
    if 0 < row < scores.shape[0] - 1:
        dr = offset(*(float(scores[row + d, column]) for d in (-1, 0, 1)))
    if 0 < column < scores.shape[1] - 1:
        dc = offset(*(float(scores[row, column + d]) for d in (-1, 0, 1)))
    return row + dr, column + dc
