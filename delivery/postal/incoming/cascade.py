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
from PIL import Image, ImageFilter

from delivery.postal.incoming.pictures import Grey

Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x' = a x + b y + c, y' = d x + e y + f."""

CLAHE_TILES = 8
CLAHE_LIMIT = 3.0
"""No level of grey counts for more than this many times its fair share, so that paper grain is not blown up."""
REGION = (0.36, 0.28)
"""Share of width and height, from each corner, in which a code stands however the page lies: the main code ends 15 mm
from the edge of 210 mm and 38 mm of 297 mm below it; the rest is room for skew and a page laid off centre."""

TURNED = "turned"
"""How the names of the last versions begin: for codes that no other version has shown."""
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
    yield Version("quick", quick, scaled(size, stored))
    reduced, whole = Image.fromarray(quick), full()
    scale = scaled(whole.size, stored)
    if whole.size != size:
        yield Version("whole", np.asarray(whole), scale)
    # Damage that blurs or greys is as legible at the reduced size, at a quarter of the price.
    base, base_scale = (reduced, scaled(size, stored)) if min(size) >= 1000 else (whole, scale)
    flat = flattened(base)
    yield Version("background divided", flat, base_scale)
    yield Version("local threshold", local_threshold(flat), base_scale)
    sharp = base.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=2))
    yield Version("sharpened", np.asarray(sharp), base_scale)
    yield Version("levelled", clahe(median(np.asarray(base))), base_scale)
    yield from _regions(whole, stored)
    for degrees in (20, 45, 70):
        turned = reduced.rotate(degrees, expand=True, fillcolor=255)
        yield Version(
            f"{TURNED} {degrees}", np.asarray(turned), _unturned(size, turned.size, degrees, stored)
        )


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
    smooth = median(np.asarray(piece))
    # Where a module has six pixels, a speck has more than one.
    return np.asarray(_enlarged(Image.fromarray(smooth if factor > 1 else median(smooth)), factor))


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
    small = Image.fromarray(background(image, reach=2)).filter(ImageFilter.GaussianBlur(4))
    # Divided where it is small: a picture of factors is laid over the whole one.
    factors = 235.0 / np.maximum(np.asarray(small, dtype=np.float32), 24.0)
    spread = np.asarray(Image.fromarray(factors).resize(image.size, Image.Resampling.BILINEAR))
    values = np.asarray(image) * spread
    flat: Grey = np.minimum(values, 255.0, out=values).astype(np.uint8)
    return flat


def background(image: Image.Image, *, reach: int) -> Grey:
    """A channel at an eighth of its size, without what is darker than what lies around it within `reach` pixels."""
    small = np.asarray(image.reduce(8))
    for axis in (0, 1):
        views = _neighbours(small, axis, reach)
        small = views[0]
        for view in views[1:]:
            small = np.maximum(small, view)
    return median(median(small))


def median(picture: Grey) -> Grey:
    """The middle one of each pixel and its eight neighbours: each column of three sorted, then the middle of the
    greatest low, the middle middle and the least high ones. Some ten times as fast as a filter that sorts each pixel's
    neighbours."""
    above, here, below = _neighbours(picture, 0, 1)
    low, high = np.minimum(above, here), np.maximum(above, here)
    middle, high = np.minimum(high, below), np.maximum(high, below)
    low, middle = np.minimum(low, middle), np.maximum(low, middle)
    lows, middles, highs = (_neighbours(part, 1, 1) for part in (low, middle, high))
    greatest = np.maximum(np.maximum(lows[0], lows[1]), lows[2])
    least = np.minimum(np.minimum(highs[0], highs[1]), highs[2])
    return _middle(greatest, _middle(*middles), least)


def _middle(a: Grey, b: Grey, c: Grey) -> Grey:
    out: Grey = np.maximum(np.minimum(a, b), np.minimum(np.maximum(a, b), c))
    return out


def _neighbours(picture: Grey, axis: int, reach: int) -> list[Grey]:
    """The picture shifted along an axis by up to `reach` pixels either way; its edges go on beyond it."""
    wide = np.pad(picture, [(reach, reach) if axis == n else (0, 0) for n in (0, 1)], mode="edge")
    length = picture.shape[axis]
    return [wide[n : n + length] if axis == 0 else wide[:, n : n + length] for n in range(2 * reach + 1)]


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
    out = np.zeros(picture.shape, dtype=np.float32)
    for i in range(tiles):
        down, vertical = _share(rows, i)
        for j in range(tiles):
            tile = picture[rows[i] : rows[i + 1], columns[j] : columns[j + 1]]
            across, level = _share(columns, j)
            # A tile's levels reach to the middles of the tiles around it, less and less.
            part = _curve(tile, limit).take(picture[down, across])
            part *= vertical[:, None]
            part *= level
            out[down, across] += part
    return out.astype(np.uint8)


def _share(edges: Any, at: int) -> tuple[slice, Any]:
    """Which lines of pixels a tile has a share in, between the middles of the tiles before and after it, and how
    much."""
    middles = (edges[:-1] + edges[1:]) / 2
    first = 0 if at == 0 else int(np.ceil(middles[at - 1]))
    last = int(edges[-1]) if at == len(middles) - 1 else int(np.ceil(middles[at + 1]))
    share = np.interp(np.arange(first, last), middles, np.arange(len(middles)) == at)
    return slice(first, last), share.astype(np.float32)


def _curve(tile: Grey, limit: float) -> Any:
    counts = np.bincount(tile.ravel(), minlength=256)
    most = max(1.0, limit * tile.size / 256)
    over = float(np.maximum(counts - most, 0).sum())
    levels = np.cumsum(np.minimum(counts, most) + over / 256) * (255.0 / max(1.0, float(tile.size)))
    return levels.astype(np.float32)


def scaled(size: tuple[int, int], stored: tuple[int, int]) -> Affine:
    """From a picture of `size` that was reduced or enlarged back to the stored one."""
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
