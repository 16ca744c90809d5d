"""QR symbols of the printed codes (design D5): which modules are dark, and how large they are on paper.

The symbol itself comes from the ``qrcode`` library. Level Q and one fixed mask are policy: level Q survives a crease or
a pen stroke, and a fixed mask spares the eightfold search without harm to zxing, zbar or phone cameras.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from qrcode.constants import ERROR_CORRECT_Q
from qrcode.exceptions import DataOverflowError
from qrcode.main import QRCode
from qrcode.util import QRData

from delivery.errors import N_, ConfigError
from delivery.record.sheetcode import SIDE_CHARS, TOKEN_CHARS, URL_PATH

MASK = 4
_ALPHANUMERIC: Literal[2] = 2
_BYTES: Literal[4] = 4
"""Mode indicators (ISO/IEC 18004, table 2)."""
QUIET_MODULES = 4
"""Light border on each side (ISO/IEC 18004)."""
MAIN_MM = 24.0
SIDE_MM = 18.0
MIN_MODULE_MM = 0.59
"""Smallest module that a bulk scanner at 200 dpi and a cheap phone both resolve (about 4.6 dots)."""
MAX_VERSION = 10
"""57 modules: at :data:`MIN_MODULE_MM` the code is 34 mm wide, the most that the page's header leaves."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A square of `side` x `side` modules without quiet zone; rows of bits, most significant first, 1 is dark."""

    side: int
    rows: bytes
    """`side` rows of ``(side + 7) // 8`` bytes, top row first."""


@dataclass(frozen=True, slots=True)
class SymbolSize:
    """What a code of one text length takes on paper."""

    version: int
    modules: int
    module_mm: float

    @property
    def mm(self) -> float:
        """Width and height of the dark square, without quiet zone."""
        return self.modules * self.module_mm

    @property
    def quiet_mm(self) -> float:
        return QUIET_MODULES * self.module_mm


def main_symbol(url: str) -> Symbol:
    """Symbol of a page's address: byte mode up to the token, alphanumeric mode for the token itself."""
    head, token = url[:-TOKEN_CHARS], url[-TOKEN_CHARS:]
    return _encode(
        (
            QRData(head.encode("ascii"), mode=_BYTES),
            QRData(token.encode("ascii"), mode=_ALPHANUMERIC),
        ),
        _main_version(len(head)),
    )


@lru_cache(maxsize=4096)
def side_symbol(token: str) -> Symbol:
    """Symbol of a 16-character side code. Both side codes of a page are the same, so it is kept for the second."""
    return _encode((QRData(token.encode("ascii"), mode=_ALPHANUMERIC),), _side_version())


def main_size(base_url: str) -> SymbolSize:
    """Size of the main code under `base_url`: 24 mm, or larger where a long address would make modules too small.

    Raises ConfigError when the address is not plain ASCII or too long for the page.
    """
    head = f"{base_url.rstrip('/')}{URL_PATH}"
    if not head.isascii():
        raise ConfigError(
            N_("The address for printed codes contains letters that a code cannot carry: {url}"),
            do=N_("Set public_url to its ASCII form (for a name with diacritics: the xn-- form)."),
            url=base_url,
        )
    try:
        version = _main_version(len(head))
    except DataOverflowError:
        version = MAX_VERSION + 1
    if version > MAX_VERSION:
        raise ConfigError(
            N_("The address for printed codes is too long: {url}"),
            do=N_("Set public_url to an address of at most 80 characters."),
            url=base_url,
        )
    modules = 17 + 4 * version
    return SymbolSize(version, modules, max(MAIN_MM / modules, MIN_MODULE_MM))


def side_size() -> SymbolSize:
    """Size of a side code: always 18 mm."""
    modules = 17 + 4 * _side_version()
    return SymbolSize(_side_version(), modules, SIDE_MM / modules)


@lru_cache(maxsize=64)
def _main_version(head_chars: int) -> int:
    code = _code(None)
    code.add_data(QRData(b"h" * head_chars, mode=_BYTES))
    code.add_data(QRData(b"A" * TOKEN_CHARS, mode=_ALPHANUMERIC))
    return code.best_fit()


@lru_cache(maxsize=1)
def _side_version() -> int:
    code = _code(None)
    code.add_data(QRData(b"A" * SIDE_CHARS, mode=_ALPHANUMERIC))
    return code.best_fit()


def _code(version: int | None) -> QRCode[Any]:
    return QRCode(version=version, error_correction=ERROR_CORRECT_Q, mask_pattern=MASK, border=0)


def _encode(segments: tuple[QRData, ...], version: int) -> Symbol:
    code = _code(version)
    for segment in segments:
        code.add_data(segment)
    code.make(fit=False)
    side = code.modules_count
    width = (side + 7) // 8
    pad = width * 8 - side
    rows = bytearray()
    for row in code.modules:
        bits = 0
        for dark in row:
            bits = bits << 1 | bool(dark)
        rows += (bits << pad).to_bytes(width, "big")
    return Symbol(side, bytes(rows))
