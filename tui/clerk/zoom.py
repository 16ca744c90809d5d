"""A page as large as the terminal, to read what stands on it."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.sheet import SHEET_KEYS, Sheet


class Zoom(ModalScreen[None]):
    """Fills the screen: as wide as the terminal at first, larger with +; arrows go about."""

    DEFAULT_CSS = "Zoom { background: $background; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,z,q,enter", "leave", N_("Close"), show=False),
        *SHEET_KEYS,
        Binding("pagedown,space", "go(0,3)", show=False),
        Binding("pageup", "go(0,-3)", show=False),
    ]

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._sheet = Sheet(data)

    def compose(self) -> list[Widget]:
        return [self._sheet]

    def action_leave(self) -> None:
        self.dismiss(None)

    def action_larger(self, by: int) -> None:
        self._sheet.larger(by)

    def action_go(self, across: int, down: int) -> None:
        self._sheet.go(across, down)
