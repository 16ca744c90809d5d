"""Finds a printed page in a picture: codes and corner marks -> where each millimetre of the page lies.

The codes that were read say which way the page lies and roughly where; they are known to a pixel but stand close to
the edge. Then each corner mark is looked for where it should be, by its shape. All points together give a homography
(a flat page seen from anywhere); how well they agree gives the confidence. What a homography cannot tell, the curl of a
page between its corners, is left to readers that look for their own boxes (:mod:`delivery.postal.incoming.omr`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from delivery.postal.incoming.codes import CodeFound, Point
from delivery.postal.incoming.cornermarks import Matrix, find_mark, project
from delivery.postal.incoming.pictures import Grey
from delivery.postal.sheetlayout import CodeSpot, Corner, SheetLayout

SURE = 0.6
"""Confidence from which a page may be read by its layout."""
_NEAR_MM, _WIDE_MM = 4.0, 11.0
"""How far around its place a mark is looked for: with codes from all over the page, and with one or none."""
_WELL_MM = 0.35
"""Mean error of the points at which confidence begins to fall: a third of a bubble's clear inside."""
_BADLY_MM = 1.6
_INWARD = ((1, 1), (-1, 1), (-1, -1), (1, -1))
_A4 = (210.0, 297.0)
_FRAME_INSET = 6.0
_FRAME_REACH_MM, _FAR_REACH_MM = 13.0, 22.0
"""How far from its place in an upright page a mark may lie: at first, and where it was not found (some 8 degrees of
slant)."""
_SOFT_PX = 1.5


@dataclass(frozen=True, slots=True)
class Found:
    """Where a page lies in a picture."""

    matrix: tuple[float, ...]
    """Homography, row by row: millimetres of the page -> pixels of the picture as stored."""
    confidence: float
    """0 to 1; from :data:`SURE` a page may be read by its layout."""
    corners: int
    """Corner marks found, of four."""
    codes: int
    """Codes used, of three."""
    error_mm: float
    """Mean distance of the points from where the homography puts them."""

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE

    @property
    def homography(self) -> Matrix:
        return np.array(self.matrix).reshape(3, 3)

    def pixels(self, points: Any) -> Matrix:
        """Pixels of an (n, 2) array of millimetres."""
        return project(self.homography, points)


def find_page(
    picture: Grey, layout: SheetLayout, codes: Sequence[CodeFound], *, stored: Point
) -> Found | None:
    """Where the page of `layout` lies in a grey picture, or None when there is no code to begin with.

    `picture` may be reduced from the picture as stored, which has `stored` (width, height) pixels and in whose pixels
    `codes` are given.
    """
    unit = np.array([picture.shape[1] / stored[0], picture.shape[0] / stored[1]])
    image, best = Image.fromarray(picture), None
    for assignment in _assignments(codes, layout.codes):
        found = _from_codes(image, layout, assignment, unit)
        if found is not None and (best is None or found.confidence > best.confidence):
            best = found
        if best is not None and best.confidence > 0.9:
            break
    return None if best is None else _in_stored_pixels(best, unit)


def has_frame(picture: Grey) -> bool:
    """Whether a picture shows the corner marks of a sheet of ours, which fills it more or less, any way round."""
    return find_frame(picture) is not None


def find_frame(picture: Grey) -> Matrix | None:
    """Where the frame of corner marks lies in a picture that a sheet of ours fills more or less, or None.

    Millimetres of A4, upright in an upright picture and lying in a broad one, to pixels. The marks do not tell which
    end is up.
    """
    return next((frame for marks in _marks_seen(picture) if (frame := _frame_of(marks)) is not None), None)


def possible_frames(picture: Grey) -> Iterator[Matrix]:
    """Where the frame may lie: as :func:`find_frame` tells, else by every two marks along one edge of the page that
    are as far apart as they must be; the other edge may be covered or torn off."""
    looked = []
    for marks in _marks_seen(picture):
        frame = _frame_of(marks)
        if frame is not None:
            yield frame
            return
        looked.append(marks)
    for marks in looked:
        for first in range(4):
            pair = (first, (first + 1) % 4)
            if all(marks.places[number] is not None for number in pair):
                matrix = similar(marks.mm[list(pair)], np.array([marks.places[number] for number in pair]))
                if matrix is not None and _like_a_page(matrix, marks.upright):
                    yield matrix


@dataclass(frozen=True, slots=True)
class _Marks:
    """The corner marks of a page that fills its picture more or less, clockwise from top left."""

    mm: Matrix
    places: tuple[Matrix | None, ...]
    upright: Matrix
    """Millimetres to pixels for a page that fills the picture exactly."""


def _marks_seen(picture: Grey) -> Iterator[_Marks]:
    image = Image.fromarray(picture)
    yield _marks_of(image, _FRAME_REACH_MM)
    # What lies far askew, or has lost its strokes to grain, is looked for once more: wider, and softened.
    yield _marks_of(image.filter(ImageFilter.GaussianBlur(_SOFT_PX)), _FAR_REACH_MM)


def _marks_of(image: Image.Image, reach: float) -> _Marks:
    width, height = image.size
    page = _A4 if height >= width else _A4[::-1]
    matrix = np.diag([width / page[0], height / page[1], 1.0])
    near = _FRAME_INSET
    right, foot = page[0] - near, page[1] - near
    corners = (Corner(near, near), Corner(right, near), Corner(right, foot), Corner(near, foot))
    seen = [find_mark(image, matrix, mark, way, reach) for mark, way in zip(corners, _INWARD, strict=True)]
    return _Marks(np.array([(mark.x, mark.y) for mark in corners]), tuple(seen), matrix)


def _frame_of(marks: _Marks) -> Matrix | None:
    at = [number for number, place in enumerate(marks.places) if place is not None]
    if len(at) < 3:
        return None
    mm, px = marks.mm[at], np.array([marks.places[number] for number in at])
    flat = _affine(mm, px, np.ones(len(mm)))
    # Three points always fit: then the frame must at least be square to itself and as large as the page.
    if not _like_a_page(flat, marks.upright):
        return None
    return fit(mm, px) if len(at) == 4 else flat


def _like_a_page(flat: Matrix, upright: Matrix) -> bool:
    """Whether a page laid so is square to itself, about as large as the picture, and turned little."""
    across, down = flat[:2, 0] / upright[0, 0], flat[:2, 1] / upright[1, 1]
    square = abs(float(across @ down)) < 0.06
    size = 0.8 < float(np.hypot(*across)) < 1.1 and 0.8 < float(np.hypot(*down)) < 1.1
    return square and size and float(across[0]) > 0.75


# From codes to a first guess


def _assignments(
    codes: Sequence[CodeFound], spots: Sequence[CodeSpot]
) -> list[list[tuple[CodeFound, CodeSpot]]]:
    """Which code may stand on which spot. The side codes are alike, so there are two ways about them."""
    main = [spot for spot in spots if spot.kind == "main"]
    sides = [spot for spot in spots if spot.kind == "side"]
    mains = [code for code in codes if not code.is_side][: len(main)]
    found = [code for code in codes if code.is_side][: len(sides)]
    base = list(zip(mains, main, strict=False))
    if not found or not sides:
        return [base] if base else []
    return [base + list(zip(found, order, strict=False)) for order in (sides, sides[::-1])]


def _square(spot: CodeSpot) -> list[Point]:
    x, y, end, foot = spot.x, spot.y, spot.x + spot.size, spot.y + spot.size
    return [(x, y), (end, y), (end, foot), (x, foot)]


def _from_codes(
    picture: Image.Image, layout: SheetLayout, pairs: list[tuple[CodeFound, CodeSpot]], unit: Matrix
) -> Found | None:
    mm = np.array([point for _, spot in pairs for point in _square(spot)])
    px = np.array([point for code, _ in pairs for point in code.corners]) * unit
    spread = len(pairs) > 1
    guess = fit(mm, px) if spread else similar(mm, px)
    if guess is None or not _sensible(guess, layout):
        return None
    marks: dict[int, Matrix] = {}
    # The nearest first: each mark that is found makes the next ones easier to find.
    order = sorted(
        range(len(layout.corners)),
        key=lambda n: min(math.hypot(layout.corners[n].x - s.x, layout.corners[n].y - s.y) for _, s in pairs),
    )
    for rounds in range(2):
        for number in order:
            if number in marks:
                continue
            known = spread or len(marks) >= 2
            place = find_mark(
                picture,
                guess,
                layout.corners[number],
                _INWARD[number],
                (_NEAR_MM if known else _WIDE_MM) + 3.0 * rounds,
            )
            if place is not None:
                marks[number] = place
                better = _fitted(layout, marks, mm, px, spread=spread)
                guess = better if better is not None and _sensible(better, layout) else guess
    return _judged(layout, guess, marks, mm, px, pairs)


def _fitted(layout: SheetLayout, marks: dict[int, Matrix], mm: Matrix, px: Matrix, *, spread: bool) -> Any:
    """A homography through all points. With one code and one mark there is not enough for one: then an affine."""
    corners = np.array([(layout.corners[n].x, layout.corners[n].y) for n in marks])
    all_mm = np.vstack([mm, corners])
    all_px = np.vstack([px, np.array(list(marks.values()))])
    # A mark is one point for a whole corner of the page; a code's four stand close together.
    weight = np.concatenate([np.full(len(mm), 0.5), np.full(len(marks), 2.0)])
    if spread or len(marks) >= 3:
        return fit(all_mm, all_px, weight)
    return _affine(all_mm, all_px, weight)


def _judged(
    layout: SheetLayout,
    matrix: Matrix,
    marks: dict[int, Matrix],
    mm: Matrix,
    px: Matrix,
    pairs: list[tuple[CodeFound, CodeSpot]],
) -> Found:
    # Errors in millimetres: back from the picture to the page.
    back = np.linalg.inv(matrix)
    errors = list(np.hypot(*(project(back, px) - mm).T))
    for number, place in marks.items():
        corner = layout.corners[number]
        errors.append(float(np.hypot(*(project(back, place) - (corner.x, corner.y)))))
    error = float(np.mean(errors))
    fits = min(1.0, max(0.0, (_BADLY_MM - error) / (_BADLY_MM - _WELL_MM)))
    # Points all over the page: corners far apart, or codes of which one stands at the other end.
    held = min(1.0, 0.25 * len(marks) + 0.2 * (len(pairs) - 1))
    return Found(
        tuple(float(value) for value in (matrix / matrix[2, 2]).ravel()),
        round(fits * held, 3),
        len(marks),
        len(pairs),
        round(error, 3),
    )


def _in_stored_pixels(found: Found, unit: Matrix) -> Found:
    """The same place in the pixels of the picture as stored, of which `unit` made the ones that were looked at."""
    scale = np.diag([1 / unit[0], 1 / unit[1], 1.0]) @ found.homography
    return Found(
        tuple(float(v) for v in (scale / scale[2, 2]).ravel()),
        found.confidence,
        found.corners,
        found.codes,
        found.error_mm,
    )


def _sensible(matrix: Matrix, layout: SheetLayout) -> bool:
    """Whether a homography is a page that could lie before a lens: not folded over, mirrored or seen edge-on."""
    page = [(0, 0), (layout.width, 0), (layout.width, layout.height), (0, layout.height)]
    four = project(matrix, page)
    weights = [matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] for x, y in page]
    if min(weights) * max(weights) <= 0:
        return False
    sides = np.roll(four, -1, axis=0) - four
    turns = sides[:, 0] * np.roll(sides, -1, axis=0)[:, 1] - sides[:, 1] * np.roll(sides, -1, axis=0)[:, 0]
    if not bool(np.all(turns > 0)):
        return False
    lengths = np.hypot(*sides.T)
    shape = (lengths[1] + lengths[3]) / (lengths[0] + lengths[2]) * layout.width / layout.height
    return bool(lengths.min() > 0.5 * lengths.max() * layout.width / layout.height and 0.6 < shape < 1.6)


def fit(mm: Matrix, px: Matrix, weight: Any = None) -> Matrix | None:
    """Homography of at least four point pairs, by the normalised direct linear transform (Hartley and Zisserman,
    Multiple View Geometry, algorithm 4.2); None when they do not determine one."""
    if len(mm) < 4:
        return None
    to_mm, to_px = _normal(mm), _normal(px)
    a, b = project(to_mm, mm), project(to_px, px)
    w = np.ones(len(mm)) if weight is None else np.asarray(weight)
    zero, one = np.zeros(len(a)), np.ones(len(a))
    x, y, u, v = a[:, 0], a[:, 1], b[:, 0], b[:, 1]
    rows = np.vstack(
        [
            np.column_stack([x, y, one, zero, zero, zero, -u * x, -u * y, -u]) * w[:, None],
            np.column_stack([zero, zero, zero, x, y, one, -v * x, -v * y, -v]) * w[:, None],
        ]
    )
    _, sizes, basis = np.linalg.svd(rows)
    if sizes[7] < 1e-9 * sizes[0]:
        return None
    matrix: Matrix = np.linalg.inv(to_px) @ basis[-1].reshape(3, 3) @ to_mm
    return None if abs(matrix[2, 2]) < 1e-12 else matrix / matrix[2, 2]


def _normal(points: Matrix) -> Matrix:
    middle = points.mean(axis=0)
    size = float(np.hypot(*(points - middle).T).mean()) or 1.0
    scale = math.sqrt(2) / size
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1.0]])


def _affine(mm: Matrix, px: Matrix, weight: Any) -> Matrix:
    w = np.asarray(weight)[:, None]
    solved, *_ = np.linalg.lstsq(np.column_stack([mm, np.ones(len(mm))]) * w, px * w, rcond=None)
    out: Matrix = np.vstack([solved.T, [0.0, 0.0, 1.0]])
    return out


def similar(mm: Matrix, px: Matrix) -> Matrix | None:
    """Turn, size and place from one code: all that its four close corners can tell about the whole page."""
    a, b = mm - mm.mean(axis=0), px - px.mean(axis=0)
    size = float((a**2).sum())
    cosine = float((a * b).sum()) / size
    sine = float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    turn = np.array([[cosine, -sine], [sine, cosine]])
    shift = px.mean(axis=0) - turn @ mm.mean(axis=0)
    if math.hypot(cosine, sine) < 1e-6:
        return None
    return np.array([[*turn[0], shift[0]], [*turn[1], shift[1]], [0.0, 0.0, 1.0]])
