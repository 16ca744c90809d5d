"""Codes that are certainly there, though no decoder reads them: how each of their modules looks, and whether that can
be the sheet whose other codes were read.

Where codes were read at one end of a sheet only, another sheet may lie over its other end or under it, with codes too
damaged to be read; what is written on the one would be filed with the other. But the sheet that was read says how its
own code must look there, module by module. A symbol that is there, and agrees with it nowhere, is another sheet's.
Where nothing of the kind is to be seen (torn off, covered, blotted), nothing is said.
"""

from __future__ import annotations

import base64
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from delivery.postal.incoming.anysheet import MAIN_VERSIONS, SIDE_MODULES, any_sheet
from delivery.postal.incoming.cascade import flattened
from delivery.postal.incoming.codes import CodeFound, Point, shows_both_ends
from delivery.postal.incoming.cornermarks import Floats, Matrix, correlation, patch
from delivery.postal.incoming.finding import find_page
from delivery.postal.incoming.pictures import Grey
from delivery.postal.incoming.rebuilt import Bits, common_modules
from delivery.postal.sheetlayout import CodeSpot
from delivery.postal.symbol import main_symbol, side_symbol
from delivery.record.sheetcode import (
    SIDE_CHARS,
    TOKEN_CHARS,
    CodeKeys,
    page_token,
    page_url,
    side_token,
)

_THERE = 0.35
"""Correlation with what is the same in every code of ours, from which one is there: where there was none, 400 damaged
pages came to 0.26 at most; where there was another sheet's, to 0.48 at least."""
_ALIKE = 0.25
"""The same with what differs from sheet to sheet, as a share of the former, from which it may be the sheet's own: the
sheet's own came to 0.43 at least, another sheet's to 0.13 at most."""
_ADDRESS = 0.4
"""The same with what an address brings into every main code, from which it is that address: an own one came to 0.8 at
least under a pen's strokes, another of equal length to 0.35 at most, unless few of its letters differ."""
_REACH_MM = 26.0
"""How far from its place in the sheet that was read a code of another one is looked for."""
_TURNS = tuple(math.radians(turn) for turn in np.arange(-7.5, 7.6, 1.5))
"""How far it may be turned against that sheet."""
_SEEK, _LOOK = 2, 6
"""Samples for a module, when it is looked for and when it is looked at."""
_QUIET = 2
"""Modules of the light border that belong to its shape."""
_STEPS = (1.0, 0.5, 0.25)
_OTHERS = 24

_Lie = tuple[float, float, float, float]
"""How a code lies against its place: moved right and down, in millimetres; turned, in radians; the logarithm of its
size."""


@dataclass(frozen=True, slots=True)
class UnreadCode:
    """A code as it looks: its modules row by row, 0 (light) to 255 (dark)."""

    modules: bytes
    there: float
    """Correlation with what is the same in every code of this size."""

    @property
    def side(self) -> int:
        return math.isqrt(len(self.modules))


# What is there


def unread_codes(picture: Grey, codes: Sequence[CodeFound], *, stored: Point) -> tuple[UnreadCode, ...]:
    """Codes at the end of the sheet at which none was read. `picture` is reduced from the picture as stored, which has
    `stored` pixels and in whose pixels `codes` are given."""
    if not codes or shows_both_ends(codes):
        return ()
    found = find_page(picture, any_sheet(), codes, stored=stored)
    if found is None:
        return ()
    to_picture = np.diag([picture.shape[1] / stored[0], picture.shape[0] / stored[1], 1.0])
    flat = Image.fromarray(flattened(Image.fromarray(picture)))
    out = []
    for spots in _spots(wanted="main" if codes[0].is_side else "side"):
        code = _look(flat, to_picture @ found.homography, spots)
        if code.there >= _THERE:
            out.append(code)
    return tuple(out)


def _spots(wanted: str) -> Iterator[list[tuple[CodeSpot, int]]]:
    """Places of codes, each with the modules that one there may have."""
    if wanted == "side":
        yield from ([(spot, SIDE_MODULES)] for spot in any_sheet().codes if spot.kind == "side")
    else:
        sizes = [17 + 4 * version for version in MAIN_VERSIONS]
        yield [(spot, n) for n in sizes for spot in any_sheet(n).codes if spot.kind == "main"]


def _look(picture: Image.Image, matrix: Matrix, spots: Sequence[tuple[CodeSpot, int]]) -> UnreadCode:
    """The likeliest code at one place."""
    seen = [(*_roughly(picture, matrix, spot, n), spot, n) for spot, n in spots]
    _, lie, spot, n = max(seen, key=lambda one: one[0])
    known, common = common_modules(n)
    values = _modules(picture, matrix, spot, n, lie)
    there = _alike(values[common], known[common])
    for step in _STEPS:
        better = True
        while better:
            better = False
            for change in _changes(step, spot.size / n):
                tried = (lie[0] + change[0], lie[1] + change[1], lie[2] + change[2], lie[3] + change[3])
                other = _modules(picture, matrix, spot, n, tried)
                score = _alike(other[common], known[common])
                if score > there + 1e-4:
                    lie, there, values, better = tried, score, other, True
    return UnreadCode(np.rint(values).astype(np.uint8).tobytes(), round(there, 3))


def _changes(step: float, module_mm: float) -> Iterator[_Lie]:
    for sign in (-step, step):
        yield (sign * module_mm, 0.0, 0.0, 0.0)
        yield (0.0, sign * module_mm, 0.0, 0.0)
        yield (0.0, 0.0, sign * 0.02, 0.0)
        yield (0.0, 0.0, 0.0, sign * 0.02)


def _roughly(picture: Image.Image, matrix: Matrix, spot: CodeSpot, n: int) -> tuple[float, _Lie]:
    """Where a code of n modules most likely lies, and how likely."""
    module = spot.size / n
    room = _REACH_MM + _QUIET * module
    corner, extent = (spot.x - room, spot.y - room), (spot.size + 2 * room, spot.size + 2 * room)
    best, lie = -1.0, (0.0, 0.0, 0.0, 0.0)
    for turn in _TURNS:
        turned = _placed(matrix, spot, (0.0, 0.0, turn, 0.0))
        near = patch(picture, turned, corner, extent, per_mm=_SEEK / module)
        scores = correlation(near, _shape(n))
        row, column = (int(v) for v in np.unravel_index(int(np.argmax(scores)), scores.shape))
        if scores[row, column] > best:
            best = float(scores[row, column])
            x, y = column * module / _SEEK - _REACH_MM, row * module / _SEEK - _REACH_MM
            c, s = math.cos(turn), math.sin(turn)
            lie = (c * x - s * y, s * x + c * y, turn, 0.0)
    return best, lie


@cache
def _shape(n: int) -> Floats:
    """What is the same in every code of n modules, sampled: 1 dark, -1 light, 0 what differs."""
    known, common = common_modules(n)
    signs = np.pad(np.where(common, np.where(known, 1.0, -1.0), 0.0), _QUIET, constant_values=-1.0)
    return np.kron(signs, np.ones((_SEEK, _SEEK))).astype(np.float32)


def _placed(matrix: Matrix, spot: CodeSpot, lie: _Lie) -> Matrix:
    """The page's homography for a code that lies so."""
    dx, dy, turn, size = lie
    x, y = spot.x + spot.size / 2, spot.y + spot.size / 2
    c, s = math.cos(turn) * math.exp(size), math.sin(turn) * math.exp(size)
    moved = [[c, -s, x + dx - c * x + s * y], [s, c, y + dy - s * x - c * y], [0.0, 0.0, 1.0]]
    out: Matrix = matrix @ np.array(moved)
    return out


def _modules(picture: Image.Image, matrix: Matrix, spot: CodeSpot, n: int, lie: _Lie) -> Any:
    """Darkness of each module's middle, (n, n), 0 to 255."""
    placed = _placed(matrix, spot, lie)
    near = patch(picture, placed, (spot.x, spot.y), (spot.size, spot.size), per_mm=_LOOK * n / spot.size)
    cells = near.reshape(n, _LOOK, n, _LOOK)[:, 1:-1, :, 1:-1]
    return 255.0 - cells.mean(axis=(1, 3))


def _alike(values: npt.NDArray[Any], dark: Bits) -> float:
    """Correlation, -1 to 1."""
    a, b = values - values.mean(), dark - dark.mean()
    norm = math.sqrt(float((a**2).sum()) * float((b**2).sum()))
    return float((a * b).sum()) / norm if norm > 0 else 0.0


# Whose it is


def is_another_sheets(code: UnreadCode, *, page_id: str, side_id: str, keys: CodeKeys, address: str) -> bool:
    """Whether an unread code is none of the sheet `page_id` with `side_id`, signed with any of `keys` that verify;
    `address` is what the main code begins with before its path. False where that cannot be told: of a main code that
    bears another address, for the sheet itself may have been printed under one that was given up since."""
    n = code.side
    tokens = [CodeKeys(keys.keys, number) for number in keys.keys]
    texts = (
        [side_token(side_id, key) for key in tokens]
        if n == SIDE_MODULES
        else [page_url(address, page_token(page_id, key)) for key in tokens]
    )
    symbols = [_bits(text) for text in texts]
    if any(len(symbol) != n for symbol in symbols):
        return False
    varying = _varying(texts[0][:-TOKEN_CHARS])
    values = np.frombuffer(code.modules, np.uint8).reshape(n, n).astype(np.float64)
    if n != SIDE_MODULES:
        constant = ~varying & ~common_modules(n)[1]
        if _alike(values[constant], symbols[0][constant]) < _ADDRESS * code.there:
            return False
    return max(_alike(values[varying], symbol[varying]) for symbol in symbols) < _ALIKE * code.there


@cache
def _varying(address: str) -> Bits:
    """Which modules differ from sheet to sheet: of main codes under this address, or of side codes, which have none."""
    rng = random.Random(1)
    tokens = [base64.b32encode(rng.randbytes(15 if address else 10)).decode() for _ in range(_OTHERS)]
    codes = [_bits(address + token) for token in tokens]
    out: Bits = np.any([code != codes[0] for code in codes], axis=0)
    return out


def _bits(text: str) -> Bits:
    symbol = side_symbol(text) if len(text) == SIDE_CHARS else main_symbol(text)
    rows = np.frombuffer(symbol.rows, np.uint8).reshape(symbol.side, -1)
    return np.unpackbits(rows, axis=1)[:, : symbol.side].astype(bool)
