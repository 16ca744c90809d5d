"""What already stands on the terminal is not sent again: over a slow line every byte is waited for.

Textual paints whole rows, and after a dialog has opened the whole screen, several times over. Between two paints of a
row mostly a few figures have changed: only those are sent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final

from rich.cells import cell_len
from textual.driver import Driver

_MOVE: Final = re.compile(r"\x1b\[(\d+);(\d+)H")
_TOKEN: Final = re.compile(r"\x1b\[[0-9;]*m[^\x1b]*\x1b\[0m|[^\x1b]+")
"""A run of text in one style, as Rich writes it, or without any."""
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_BEGINS_ANEW: Final = ("\x1b[?1049", "\x1b[2J", "\x1bc")
"""Another screen, or an empty one."""

_Row = dict[int, tuple[tuple[str, ...], int]]
"""Column -> what was written from there on, and the column behind it."""


class Painted:
    """Knows what was written to each row of a terminal."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}

    def forget(self) -> None:
        """The terminal may show something else by now."""
        self._rows.clear()

    def needed(self, data: str) -> str:
        """The part of `data` that changes what the terminal shows."""
        first = _MOVE.match(data)
        if first is None:
            if any(sign in data for sign in _BEGINS_ANEW):
                self.forget()
            return data
        _, *parts = _MOVE.split(data)
        out = []
        for y, x, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            written = text.rstrip("\n")
            if written:
                out.append(self._piece(int(y), int(x), written))
        if not parts[-1]:
            # Where the cursor is left: an input method opens its window there.
            out.append(f"\x1b[{parts[-3]};{parts[-2]}H")
        return "".join(out)

    def _piece(self, y: int, x: int, text: str) -> str:
        row = self._rows.setdefault(y, {})
        tokens = tuple(_TOKEN.findall(text))
        if "".join(tokens) != text:
            # Something that is more than coloured text: whatever stands in this row is not known any more.
            row.clear()
            return f"\x1b[{y};{x}H{text}"
        held = row.get(x)
        if held is not None and held[0] == tokens:
            return ""
        end = x + sum(map(_width, tokens))
        for other, (_, other_end) in list(row.items()):
            if other < end and other_end > x:
                del row[other]
        row[x] = (tokens, end)
        if held is None or held[1] != end or not all(map(_is_plain, (*held[0], *tokens))):
            return f"\x1b[{y};{x}H{text}"
        return _changed(y, x, held[0], tokens)


def _changed(y: int, x: int, before: tuple[str, ...], now: tuple[str, ...]) -> str:
    """The runs of `now` between those at both ends that are the same as `before`."""
    head, most = 0, min(len(before), len(now))
    while head < most and before[head] == now[head]:
        x += _width(now[head])
        head += 1
    tail = 0
    while tail < most - head and before[-1 - tail] == now[-1 - tail]:
        tail += 1
    return f"\x1b[{y};{x}H{''.join(now[head : len(now) - tail])}"


@lru_cache(maxsize=4096)
def _width(token: str) -> int:
    """Cells that it takes."""
    return cell_len(_COLOUR.sub("", token))


@lru_cache(maxsize=4096)
def _is_plain(token: str) -> bool:
    """Whether every terminal gives each of its letters one cell: behind others a column cannot be counted on."""
    text = _COLOUR.sub("", token)
    return text.isascii() or all(
        letter <= "\uffff"
        and unicodedata.east_asian_width(letter) not in "WF"
        and not unicodedata.combining(letter)
        for letter in text
    )


@lru_cache(maxsize=1)
def sparing(usual: type[Driver]) -> type[Driver]:
    """The driver that Textual would take, with less to send."""

    class SparingDriver(usual):  # type: ignore[misc, valid-type]  # mypy: a base class that is a variable
        """Sends what changes."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.painted = Painted()

        def write(self, data: str) -> None:
            if needed := self.painted.needed(data):
                super().write(needed)

    return SparingDriver
