"""Curves in characters: two by four dots for each cell (Unicode block Braille Patterns)."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui.shared.lines import MUTED

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_EMPTY = 0x2800


class Dots:
    """A canvas of `width` by `height` cells."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(width, 1), max(height, 1)
        self._cells = [[0] * self.width for _ in range(self.height)]

    @property
    def across(self) -> int:
        """Dots from left to right."""
        return self.width * 2

    @property
    def down(self) -> int:
        """Dots from top to bottom."""
        return self.height * 4

    def put(self, x: int, y: int) -> None:
        """Set one dot; outside of the canvas nothing happens."""
        if 0 <= x < self.across and 0 <= y < self.down:
            self._cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]

    def column(self, x: int, top: int, bottom: int) -> None:
        """Set all dots of a column from `top` to `bottom`."""
        for y in range(max(top, 0), min(bottom, self.down - 1) + 1):
            self.put(x, y)

    def rows(self) -> list[str]:
        """The lines, blank where no dot is set."""
        return ["".join(chr(_EMPTY + cell) if cell else " " for cell in row) for row in self._cells]


def stretched(values: Sequence[float], width: int) -> list[float]:
    """`values` over `width` places: the highest of those that fall on one place."""
    if not values:
        return []
    out = []
    for place in range(width):
        first = place * len(values) // width
        stop = max((place + 1) * len(values) // width, first + 1)
        out.append(max(values[first:stop]))
    return out


def waveform(peaks_dbfs: Sequence[float], width: int, height: int, colour: str) -> list[Content]:
    """Peaks mirrored at the middle; roots of amplitudes, so that soft passages are seen."""
    dots = Dots(width, height)
    middle = dots.down / 2
    for x, value in enumerate(stretched(peaks_dbfs, dots.across)):
        reach = 10 ** (value / 40) * (middle - 0.5)
        dots.column(x, round(middle - 0.5 - reach), round(middle - 0.5 + reach))
    return [Content.styled(row, colour) for row in dots.rows()]


def level(
    values: Sequence[float], width: int, height: int, *, low: float, high: float, target: float, colour: str
) -> list[Content]:
    """A curve between `low` and `high`, with the row of `target` marked at its right by ``◂``."""
    dots = Dots(max(width - 1, 1), height)

    def place(value: float) -> int:
        share = (high - min(max(value, low), high)) / (high - low)
        return round(share * (dots.down - 1))

    curve = stretched(values, dots.across)
    for x, value in enumerate(curve):
        if value > low:
            before = place(curve[x - 1]) if x and curve[x - 1] > low else place(value)
            dots.column(x, min(before, place(value)), max(before, place(value)))
    at = place(target) // 4
    rows = []
    for number, row in enumerate(dots.rows()):
        if number == at:
            # The target is seen between the dots of the curve.
            marked = [("┄", MUTED) if letter == " " else (letter, colour) for letter in row]
            rows.append(Content.assemble(*marked, ("◂", "bold $warning")))
        else:
            rows.append(Content.assemble((row, colour), " "))
    return rows


def meter(value: float, width: int, *, low: float, high: float, target: float, colour: str) -> Content:
    """A bar from `low` to `high` with a mark at `target`."""
    share = (min(max(value, low), high) - low) / (high - low)
    filled = round(share * width)
    mark = min(round((target - low) / (high - low) * width), width - 1)
    parts: list[tuple[str, str]] = []
    for x in range(width):
        if x == mark:
            parts.append(("┃", "bold $foreground"))
        elif x < filled:
            parts.append(("█", colour))
        else:
            parts.append(("░", "$foreground 30%"))
    return Content.assemble(*parts)
