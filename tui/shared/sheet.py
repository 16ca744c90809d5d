"""A sheet of paper in the terminal: whole at first, larger step by step, and moved about."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from tui.shared.picture import half_blocks, read_image

_STEP = 8
"""Columns, and rows, that an arrow moves."""
_LARGER = 1.5
_MOST = 5

SHEET_KEYS: list[BindingType] = [
    Binding("plus,equals_sign", "larger(1)", show=False),
    Binding("minus", "larger(-1)", show=False),
    Binding("up", "go(0,-1)", show=False),
    Binding("down", "go(0,1)", show=False),
    Binding("left", "go(-1,0)", show=False),
    Binding("right", "go(1,0)", show=False),
]
"""For screens with a :class:`Sheet`, which pass these actions on to it."""


class Sheet(Widget):
    """Shows a picture as wide as the terminal, or as a part of it."""

    DEFAULT_CSS: ClassVar[str] = "Sheet { width: 1fr; height: 1fr; }"

    def __init__(self, data: bytes = b"", *, is_whole: bool = False) -> None:
        """`is_whole`: at first the whole sheet is seen, else it is as wide as the terminal."""
        super().__init__()
        self._image = read_image(data)
        self._is_whole = is_whole
        self._power = 0
        self._x = self._y = 0
        self._held: tuple[int, list[Strip]] | None = None

    def show(self, data: bytes) -> None:
        """Another sheet, as large as the one before."""
        self._image = read_image(data)
        self._held = None
        self._y = 0
        self.go(0, 0)

    def larger(self, by: int) -> None:
        """Half as large again, or less; never smaller than at first."""
        before, wide = self._power, self._wide()
        self._power = min(max(self._power + by, 0), _MOST)
        if self._power != before:
            # What stood in the middle stays there.
            share = self._wide() / wide
            self._x = round((self._x + self.size.width / 2) * share - self.size.width / 2)
            self._y = round((self._y + self.size.height / 2) * share - self.size.height / 2)
        self.go(0, 0)

    def go(self, across: int, down: int) -> None:
        """Show another part, so many steps away."""
        strips = self._strips()
        width = strips[0].cell_length if strips else 0
        self._x = min(max(self._x + across * _STEP, 0), max(width - self.size.width, 0))
        self._y = min(max(self._y + down * _STEP, 0), max(len(strips) - self.size.height, 0))
        self.refresh()

    def on_resize(self) -> None:
        self.go(0, 0)

    def _wide(self) -> int:
        """Cells across."""
        wide = float(self.size.width)
        if self._is_whole and self._image is not None:
            wide = min(wide, self.size.height * 2 * self._image.width / self._image.height)
        return max(round(wide * _LARGER**self._power), 1)

    def _strips(self) -> list[Strip]:
        if self._image is None or not self.size.width:
            return []
        wide = self._wide()
        if self._held is None or self._held[0] != wide:
            self._held = (wide, half_blocks(self._image, wide, 10_000))
        return self._held[1]

    def render_line(self, y: int) -> Strip:
        strips, width = self._strips(), self.size.width
        at = y + self._y
        strip = strips[at].crop(self._x, self._x + width) if at < len(strips) else Strip.blank(0)
        # A narrow sheet lies in the middle.
        margin = max((width - strip.cell_length) // 2, 0)
        return Strip.join([Strip.blank(margin), strip]).adjust_cell_length(width, Style())
