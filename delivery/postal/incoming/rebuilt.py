"""For a page whose codes no decoder sees as they are: its corner marks tell where the codes stand, each module is
looked at in its place, what every code of ours has in common (finders, timing, format) is drawn anew, and the rebuilt
symbol goes to the decoder.

A pen's line across two finders hides a code from any decoder, though its data would be well within what the error
correction mends. As everywhere, a text that comes of it counts only when its MAC verifies.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import zxingcpp
from PIL import Image
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode

from delivery.postal.incoming.anysheet import FOOT_MM, INSET_MM, MAIN_VERSIONS, SIDE_MODULES, TOP_MM, main_mm
from delivery.postal.incoming.cascade import flattened
from delivery.postal.incoming.cornermarks import Matrix, patch, project
from delivery.postal.incoming.finding import possible_frames
from delivery.postal.incoming.pictures import Grey
from delivery.postal.page import A4_MM
from delivery.postal.symbol import MASK, QUIET_MODULES, SIDE_MM

Bits = npt.NDArray[np.bool_]

_PER_MODULE = 6
_SLACK_MM = 1.5
"""How far a code may lie off its place: curl between the marks."""
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])
_DARK_SHARES = (0.53, 0.47, 0.5, 0.44, 0.56)
"""Shares of dark modules that are tried, the likeliest first. The mask makes any code about half dark (ISO/IEC 18004,
7.8), so that this tells dark from light where black and white of a fax has let the ink run."""
_PLAIN = 0.22
"""Least contrast, as a share of white, between what must be light and what must be dark."""


def rebuilt_codes(picture: Grey) -> list[tuple[str, Matrix]]:
    """Texts of the codes at the places where codes of ours must stand, with the corners (4, 2) of each in pixels."""
    upright = picture.shape[0] >= picture.shape[1]
    flat: Image.Image | None = None
    for frame in possible_frames(picture):
        flat = flat or Image.fromarray(flattened(Image.fromarray(picture)))
        for matrix in _ways_round(frame, upright=upright):
            found = list(_codes_in(flat, matrix))
            if found:
                return found
    return []


def _codes_in(flat: Image.Image, matrix: Matrix) -> Iterator[tuple[str, Matrix]]:
    """The codes of a page that lies so, with their corners in pixels."""
    for n, x, y, mm in _places():
        text, shift = _read(flat, matrix, n, (x, y), mm)
        if text:
            square = np.array([(x, y), (x + mm, y), (x + mm, y + mm), (x, y + mm)]) + shift
            yield text, project(matrix, square)


def _ways_round(frame: Matrix, *, upright: bool) -> Iterator[Matrix]:
    """From millimetres of the page to pixels, for the two ways round that a frame of this shape leaves open."""
    width, height = A4_MM
    if upright:
        yield frame
        yield frame @ np.array([[-1.0, 0, width], [0, -1, height], [0, 0, 1]])
    else:
        yield frame @ np.array([[0, -1.0, height], [1, 0, 0], [0, 0, 1]])
        yield frame @ np.array([[0, 1.0, 0], [-1, 0, width], [0, 0, 1]])


def _places() -> Iterator[tuple[int, float, float, float]]:
    """Modules, left, top and size of each code that a page may have."""
    width, height = A4_MM
    for x in (INSET_MM, width - INSET_MM - SIDE_MM):
        yield SIDE_MODULES, x, height - FOOT_MM - SIDE_MM, SIDE_MM
    for version in MAIN_VERSIONS:
        n = 17 + 4 * version
        mm = main_mm(n)
        yield n, width - INSET_MM - mm, TOP_MM, mm


def _read(
    picture: Image.Image, matrix: Matrix, n: int, place: tuple[float, float], mm: float
) -> tuple[str, Any]:
    known, common = common_modules(n)
    per_mm = _PER_MODULE * n / mm
    slack = round(_SLACK_MM * per_mm)
    size = mm + 2 * slack / per_mm
    corner = (place[0] - slack / per_mm, place[1] - slack / per_mm)
    near = patch(picture, matrix, corner, (size, size), per_mm=per_mm).astype(np.float32)
    near = _mean(near)
    best, at, values = -1.0, (0, 0), near
    for dy in range(0, 2 * slack + 1, 2):
        for dx in range(0, 2 * slack + 1, 2):
            modules = near[dy + _PER_MODULE // 2 :: _PER_MODULE, dx + _PER_MODULE // 2 :: _PER_MODULE][:n, :n]
            if modules.shape != (n, n):
                continue
            contrast = float(modules[common & ~known].mean() - modules[common & known].mean())
            if contrast > best:
                best, at, values = contrast, (dx, dy), modules
    if best < _PLAIN * 255:
        return "", None
    shift = np.array([(at[0] - slack) / per_mm, (at[1] - slack) / per_mm])
    for level in _levels(values, known, common):
        text = _decoded(np.where(common, known, values < level))
        if text:
            return text, shift
    return "", None


def _levels(values: Any, known: Bits, common: Bits) -> Iterator[float]:
    """Levels of grey below which a module may count as dark, the likeliest first."""
    yield float(values[common & ~known].mean() + values[common & known].mean()) / 2
    data = np.sort(values[~common])
    for share in _DARK_SHARES:
        yield float(data[round(share * (len(data) - 1))])


def _mean(values: Any) -> Any:
    """Each sample with its eight neighbours, so that a module is judged by its middle half."""
    padded = np.pad(values, 1, mode="edge")
    h, w = values.shape
    return sum(padded[dy : dy + h, dx : dx + w] for dy in range(3) for dx in range(3)) / 9.0


def _decoded(dark: Bits) -> str:
    quiet = np.pad(dark, QUIET_MODULES)
    picture = np.where(np.kron(quiet, np.ones((4, 4), dtype=bool)), np.uint8(0), np.uint8(255))
    found = zxingcpp.read_barcodes(np.ascontiguousarray(picture), formats=_FORMATS, is_pure=True)
    return found[0].text if len(found) == 1 and found[0].valid else ""


@cache
def common_modules(n: int) -> tuple[Bits, Bits]:
    """Of a code of ours of n by n modules: which are dark, and which of them are the same in every code of this
    size."""
    version = (n - 17) // 4
    code: Any = QRCode(version=version, error_correction=ERROR_CORRECT_Q, mask_pattern=MASK, border=0)
    code.add_data("A")
    code.make(fit=False)
    known = np.array(code.modules, dtype=bool)
    common = np.zeros((n, n), dtype=bool)
    # Finders with their light border and the format beside them; timing; from version 2 on one alignment pattern.
    common[:9, :9] = common[:9, n - 8 :] = common[n - 8 :, :9] = True
    common[6, :] = common[:, 6] = True
    if version > 1:
        common[n - 9 : n - 4, n - 9 : n - 4] = True
    return known, common
