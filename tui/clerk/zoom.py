"""A page as large as the terminal, to read what stands on it."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.picture import half_blocks, read_image

_STEP = 8


class Zoom(ModalScreen[None]):
    """Fills the screen: as wide as the terminal at first, larger with +; arrows go about."""

    DEFAULT_CSS = "Zoom { background: $background; } Zoom > _Sheet { width: 1fr; height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,z,q,enter", "leave", N_("Close"), show=False),
        Binding("plus,equals_sign", "larger(1)", show=False),
        Binding("minus", "larger(-1)", show=False),
        Binding("up", "go(0,-1)", show=False),
        Binding("down", "go(0,1)", show=False),
        Binding("left", "go(-1,0)", show=False),
        Binding("right", "go(1,0)", show=False),
        Binding("pagedown,space", "go(0,3)", show=False),
        Binding("pageup", "go(0,-3)", show=False),
    ]

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._sheet = _Sheet(data)

    def compose(self) -> list[Widget]:
        return [self._sheet]

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_larger(self, by: int) -> None:
        self._sheet.larger(by)

    def action_go(self, across: int, down: int) -> None:
        self._sheet.go(across * _STEP, down * _STEP)


class _Sheet(Widget):
    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._image = read_image(data)
        self._power = 0
        self._x = self._y = 0
        self._held: tuple[int, int, list[Strip]] | None = None

    def larger(self, by: int) -> None:
        """Half as large again, or less; never smaller than the terminal is wide."""
        self._power = min(max(self._power + by, 0), 4)
        self.go(0, 0)

    def go(self, across: int, down: int) -> None:
        """Show another part."""
        strips = self._strips()
        width = strips[0].cell_length if strips else 0
        self._x = min(max(self._x + across, 0), max(width - self.size.width, 0))
        self._y = min(max(self._y + down, 0), max(len(strips) - self.size.height, 0))
        self.refresh()

    def _strips(self) -> list[Strip]:
        if self._image is None:
            return []
        wide = round(self.size.width * 1.5**self._power)
        if self._held is None or self._held[:2] != (wide, self._power):
            self._held = (wide, self._power, half_blocks(self._image, wide, 10_000))
        return self._held[2]

    def render_line(self, y: int) -> Strip:
        strips = self._strips()
        at = y + self._y
        strip = strips[at].crop(self._x, self._x + self.size.width) if at < len(strips) else Strip.blank(0)
        return strip.adjust_cell_length(self.size.width, Style())
