"""Versions of a scanned page for the code reader, from cheap to costly: what a reader misses on one, it may find on
the next.

The order is by what a version costs against what it saves: the picture as it is, half size and whole; divided by its
background; black and white by a local threshold; sharpened; levelled (contrast-limited histogram equalisation, and a
median against grain); the four places where a sheet's codes may stand, enlarged; turned. Pillow and NumPy do all
of it: nothing here needs the sixty megabytes of a computer-vision library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

Grey = npt.NDArray[np.uint8]
Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = a x + b y + c, y' = d x + e y + f."""

CLAHE_TILES = 8
CLAHE_LIMIT = 3.0
"""No level of grey counts for more than this many times its fair share, so that paper grain is not blown up."""
REGION = (0.36, 0.28)
"""Share of width and height, from each corner, in which a code stands however the page lies: the main code ends 15 mm
from the edge of 210 mm and 38 mm of 297 mm below it; the rest is room for skew and a page laid off centre."""

_FINE_LONG_PX = 2600
"""Long side from which a module has six pixels or more, so that enlarging adds nothing."""


@dataclass(frozen=True, slots=True)
class Version:
    """One picture to try, and the way from its pixels to those of the picture as stored."""

    name: str
    picture: Grey
    to_stored: Affine


def versions(quick: Grey, full: Callable[[], Image.Image], *, stored: tuple[int, int]) -> Iterator[Version]:
    """All versions of a grey picture: `quick` is its reduced form, `full` gives it at the size worth looking at,
    `stored` is its size in pixels as it was stored."""
    size = (quick.shape[1], quick.shape[0])
    yield Version("quick", quick, _scaled(size, stored))
    reduced, whole = Image.fromarray(quick), full()
    scale = _scaled(whole.size, stored)
    if whole.size != size:
        yield Version("whole", np.asarray(whole), scale)
    # Damage that blurs or greys is as legible at the reduced size, at a quarter of the price.
    base, base_scale = (reduced, _scaled(size, stored)) if min(size) >= 1000 else (whole, scale)
    flat = flattened(base)
    yield Version("background divided", flat, base_scale)
    yield Version("local threshold", local_threshold(flat), base_scale)
    sharp = base.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=2))
    yield Version("sharpened", np.asarray(sharp), base_scale)
    yield Version("levelled", clahe(np.asarray(base.filter(ImageFilter.MedianFilter(3)))), base_scale)
    yield from _regions(whole, stored)
    for degrees in (20, 45, 70):
        turned = reduced.rotate(degrees, expand=True, fillcolor=255)
        yield Version(f"turned {degrees}", np.asarray(turned), _unturned(size, turned.size, degrees, stored))


def _regions(whole: Image.Image, stored: tuple[int, int]) -> Iterator[Version]:
    """The four corners, each flattened, then enlarged twofold, softened and thresholded."""
    width, height = whole.size
    # Whichever way the page lies, its long side is the picture's long side.
    wide, high = REGION if height >= width else REGION[::-1]
    w, h = round(width * wide), round(height * high)
    unit = stored[0] / width, stored[1] / height
    corners = [(width - w, 0), (0, height - h), (width - w, height - h), (0, 0)]
    pieces = [(x, y, Image.fromarray(flattened(whole.crop((x, y, x + w, y + h))))) for x, y in corners]
    factor = 2.0 if max(whole.size) <= _FINE_LONG_PX else 1.0
    for name, change in _CHANGES.items():
        for x, y, piece in pieces:
            large = change(piece, factor)
            across, down = unit[0] * w / large.shape[1], unit[1] * h / large.shape[0]
            yield Version(name, large, (across, 0.0, x * unit[0], 0.0, down, y * unit[1]))


def _enlarged(image: Image.Image, factor: float) -> Image.Image:
    size = round(image.width * factor), round(image.height * factor)
    return image.resize(size, Image.Resampling.BICUBIC) if factor != 1.0 else image


def _softened(piece: Image.Image, factor: float) -> Grey:
    return np.asarray(_enlarged(piece.filter(ImageFilter.GaussianBlur(3.0 / factor)), factor))


def _sharpened(piece: Image.Image, factor: float) -> Grey:
    sharp = ImageFilter.UnsharpMask(radius=6.0 / factor, percent=300, threshold=0)
    return np.asarray(_enlarged(piece.filter(sharp), factor))


def _closed(piece: Image.Image, factor: float) -> Grey:
    return np.asarray(_enlarged(piece.filter(ImageFilter.MedianFilter(3 if factor > 1 else 5)), factor))


def _binary(piece: Image.Image, factor: float) -> Grey:
    large = _enlarged(piece, factor)
    return local_threshold(np.asarray(large), window=max(31, large.width // 24))


_CHANGES: dict[str, Callable[[Image.Image, float], Grey]] = {
    "place enlarged": lambda piece, factor: np.asarray(_enlarged(piece, factor)),
    "place softened": _softened,
    "place sharpened": _sharpened,
    "place closed": _closed,
    "place thresholded": _binary,
}


def flattened(image: Image.Image) -> Grey:
    """The picture divided by its background: shadows and folds go, ink stays. Paper comes to 235."""
    small = image.reduce(8).filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MedianFilter(5))
    background = small.filter(ImageFilter.GaussianBlur(4)).resize(image.size, Image.Resampling.BILINEAR)
    below = np.maximum(np.asarray(background, dtype=np.float32), 24.0)
    values = np.asarray(image, dtype=np.float32) * (235.0 / below)
    clipped: Grey = np.minimum(values, 255.0).astype(np.uint8)
    return clipped


def local_threshold(picture: Grey, *, window: int = 51, offset: float = 12.0) -> Grey:
    """Black where a pixel is darker than the mean of its neighbourhood by `offset`, white elsewhere."""
    mean = Image.fromarray(picture).filter(ImageFilter.BoxBlur(window // 2))
    dark = picture.astype(np.int16) < np.asarray(mean, dtype=np.int16) - int(offset)
    return np.where(dark, np.uint8(0), np.uint8(255))


def clahe(picture: Grey, *, tiles: int = CLAHE_TILES, limit: float = CLAHE_LIMIT) -> Grey:
    """Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994): each tile its own
    levels, blended between tiles."""
    height, width = picture.shape
    rows = np.linspace(0, height, tiles + 1).astype(int)
    columns = np.linspace(0, width, tiles + 1).astype(int)
    curves = np.empty((tiles, tiles, 256), dtype=np.float32)
    for i in range(tiles):
        for j in range(tiles):
            tile = picture[rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
            curves[i, j] = _curve(tile, limit)
    up, down, lower = _between(height, tiles)
    left, right, later = _between(width, tiles)
    upper = _blend(curves, picture, up, (left, right, later))
    under = _blend(curves, picture, down, (left, right, later))
    blended: Grey = (upper + (under - upper) * lower[:, None]).astype(np.uint8)
    return blended


def _blend(curves: Any, picture: Grey, rows: Any, across: tuple[Any, Any, Any]) -> Any:
    left, right, later = across
    first = curves[rows[:, None], left[None, :], picture]
    return first + (curves[rows[:, None], right[None, :], picture] - first) * later[None, :]


def _curve(tile: Grey, limit: float) -> Any:
    counts = np.bincount(tile.ravel(), minlength=256)
    most = max(1.0, limit * tile.size / 256)
    over = float(np.maximum(counts - most, 0).sum())
    return np.cumsum(np.minimum(counts, most) + over / 256) * (255.0 / max(1.0, float(tile.size)))


def _between(length: int, tiles: int) -> tuple[Any, Any, Any]:
    """For each line of pixels: the tiles before and after it, and how far it lies between their middles."""
    at = (np.arange(length) + 0.5) * tiles / length - 0.5
    before = np.floor(at).astype(int)
    share = (at - before).astype(np.float32)
    return np.clip(before, 0, tiles - 1), np.clip(before + 1, 0, tiles - 1), share


def _scaled(size: tuple[int, int], stored: tuple[int, int]) -> Affine:
    return (stored[0] / size[0], 0.0, 0.0, 0.0, stored[1] / size[1], 0.0)


def _unturned(
    size: tuple[int, int], turned: tuple[int, int], degrees: float, stored: tuple[int, int]
) -> Affine:
    """From a picture that was turned to the left about its middle back to the stored one."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    across, down = stored[0] / size[0], stored[1] / size[1]
    mx, my = turned[0] / 2, turned[1] / 2
    return (
        across * cosine,
        -across * sine,
        across * (size[0] / 2 - cosine * mx + sine * my),
        down * sine,
        down * cosine,
        down * (size[1] / 2 - sine * mx - cosine * my),
    )
