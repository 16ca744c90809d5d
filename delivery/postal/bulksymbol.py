"""QR symbols in bulk: thousands per second, each one identical to what the ``qrcode`` library makes.

With version, level, mask and length fixed, every module of a QR symbol is an affine function of its data bits over
GF(2): data placement and masking are affine, Reed-Solomon is linear, and format information is constant. So a symbol is
the symbol of one base text, XORed with one column for each data bit that differs. Base and columns are made by the
library itself; alphanumeric mode packs two characters into 11 bits (ISO/IEC 18004, 7.4.4), so each pair of characters
has 11 columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from delivery.postal.symbol import Symbol, main_symbol, side_symbol
from delivery.record.sheetcode import SIDE_CHARS, TOKEN_CHARS, page_url

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_BITS = 11
# Not "00": the library cannot encode a Reed-Solomon block of zeros only.
_BASE = "AA"
WORTH_FROM = 150
"""Pages from which making the columns (some 220 symbols by the library) costs less than it saves."""


def _pair_value(pair: str) -> int:
    return 45 * _VALUE[pair[0]] + _VALUE[pair[1]]


def _pair_of(value: int) -> str:
    return _ALPHABET[value // 45] + _ALPHABET[value % 45]


@dataclass(frozen=True, slots=True)
class AffineSymbols:
    """Symbols of all texts of one length, under one fixed prefix."""

    side: int
    size: int
    """Bytes of :attr:`Symbol.rows`."""
    base: int
    columns: tuple[tuple[int, ...], ...]
    """For each pair of characters, what each of its 11 bits flips."""
    _known: tuple[dict[str, int], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", _known_flips(self.base, self.columns))

    def __reduce__(self) -> tuple[Any, ...]:
        # To another process go the columns; what a process has worked out of them serves all its print jobs.
        return AffineSymbols, (self.side, self.size, self.base, self.columns)

    def __call__(self, text: str) -> Symbol:
        """The symbol of `text` (alphanumeric, of the length that this was made for)."""
        bits = self.base
        for number, known in enumerate(self._known):
            pair = text[2 * number : 2 * number + 2]
            flips = known.get(pair)
            if flips is None:
                flips = known[pair] = self._flips(number, pair)
            bits ^= flips
        return Symbol(self.side, bits.to_bytes(self.size, "big"))

    def _flips(self, number: int, pair: str) -> int:
        differing = _pair_value(pair) ^ _pair_value(_BASE)
        flips = 0
        for bit, column in enumerate(self.columns[number]):
            if differing >> bit & 1:
                flips ^= column
        return flips


@lru_cache(maxsize=8)
def _known_flips(_base: int, columns: tuple[tuple[int, ...], ...]) -> tuple[dict[str, int], ...]:
    """What pairs at each place flip, filled as they come: 1,024 pairs of base32 letters at the most."""
    return tuple({} for _ in columns)


def affine_symbols(make: Callable[[str], Symbol], chars: int) -> AffineSymbols:
    """Learn base and columns from `make`, which is asked for ``1 + 11 * chars / 2`` symbols."""
    base = _BASE * (chars // 2)
    symbol = make(base)
    start = int.from_bytes(symbol.rows, "big")
    columns = []
    for number in range(chars // 2):
        column = []
        for bit in range(_BITS):
            pair = _pair_of(_pair_value(_BASE) ^ 1 << bit)
            text = base[: 2 * number] + pair + base[2 * number + 2 :]
            column.append(int.from_bytes(make(text).rows, "big") ^ start)
        columns.append(tuple(column))
    return AffineSymbols(symbol.side, len(symbol.rows), start, tuple(columns))


@dataclass(frozen=True, slots=True)
class SymbolMaker:
    """Makes the symbols of pages under one address: by the shortcut when there are many."""

    base_url: str
    main: AffineSymbols | None = None
    side: AffineSymbols | None = None

    def main_of(self, token: str) -> Symbol:
        """Symbol of a page's address."""
        return self.main(token) if self.main else main_symbol(page_url(self.base_url, token))

    def side_of(self, token: str) -> Symbol:
        """Symbol of a page's side codes."""
        return self.side(token) if self.side else side_symbol(token)


def symbol_maker(base_url: str, *, pages: int) -> SymbolMaker:
    """The quicker way to make the symbols of so many pages."""
    if pages < WORTH_FROM:
        return SymbolMaker(base_url)
    return SymbolMaker(
        base_url,
        affine_symbols(lambda token: main_symbol(page_url(base_url, token)), TOKEN_CHARS),
        affine_symbols(side_symbol, SIDE_CHARS),
    )
