"""The keys of the moment, on the last line. What does not fit is told by ``…``, and by help, which always fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen

from tui.shared.drawn import Drawn

_MORE = "…"


@dataclass(frozen=True, slots=True)
class Key:
    """One entry: its key as people write it, what it does, and the key to press for it."""

    shown: str
    does: str
    key: str
    action: str

    @property
    def text(self) -> str:
        return f"{self.shown} {self.does}".rstrip()


def fitting(keys: list[Key], width: int) -> tuple[list[Key], bool]:
    """As many of `keys` as fit into `width` cells with two spaces between, and whether that is all."""
    found: list[Key] = []
    used = 0
    for number, key in enumerate(keys):
        size = Content(key.text).cell_length + (2 if found else 0)
        more = 0 if number == len(keys) - 1 else 2 + len(_MORE)
        if used + size + more > width:
            return found, False
        found.append(key)
        used += size
    return found, True


class KeyBar(Drawn):
    """Bindings that are shown; a click presses the key."""

    DEFAULT_CSS = "KeyBar { dock: bottom; height: 1; padding: 0 1; background: $panel; }"
    _LAST = "help"

    def on_mount(self) -> None:
        self._keys: list[Key] | None = None
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _screen: Screen[Any]) -> None:
        self._keys = None
        self.call_after_refresh(self.redraw)

    def keys(self) -> list[Key]:
        """The entries in their order, help last."""
        if self._keys is None:
            by_action: dict[str, Binding] = {}
            for active in self.screen.active_bindings.values():
                if active.binding.show and active.enabled:
                    by_action.setdefault(active.binding.action, active.binding)
            self._keys = [
                Key(key_name(self.app.get_key_display(one)), one.description, one.key, one.action)
                for one in by_action.values()
            ]
        return self._keys

    def _places(self, width: int) -> tuple[list[tuple[int, Key]], bool]:
        """(column, key) of each entry that is shown, and whether that is all of them."""
        keys = [key for key in self.keys() if key.action != self._LAST]
        last = [key for key in self.keys() if key.action == self._LAST]
        size = sum(Content(key.text).cell_length + 2 for key in last)
        shown, is_all = fitting(keys, max(width - size, 0))
        if not is_all:
            # The key says enough where there is little room.
            last = [replace(key, does="") for key in last]
            size = sum(Content(key.text).cell_length + 2 for key in last)
            shown, is_all = fitting(keys, max(width - size, 0))
        places, at = [], 0
        for key in shown:
            places.append((at, key))
            at += Content(key.text).cell_length + 2
        return [*places, *((width - size + 2, key) for key in last)], is_all

    def draw(self, width: int) -> list[Content]:
        places, is_all = self._places(width)
        parts: list[Content | tuple[str, str] | str] = []
        at = 0
        for number, (column, key) in enumerate(places):
            gap = max(column - at, 0)
            is_last = number == len(places) - 1
            parts.append(f"{_MORE:<{gap}}" if is_last and not is_all and gap else " " * gap)
            parts += [(key.shown, "bold $primary"), key.text.removeprefix(key.shown)]
            at = column + Content(key.text).cell_length
        return [Content.assemble(*parts).truncate(max(width, 0), ellipsis=True)]

    def on_click(self, event: events.Click) -> None:
        x = event.get_content_offset_capture(self).x
        for column, key in self._places(self.content_size.width)[0]:
            if column <= x < column + Content(key.text).cell_length:
                self.app.simulate_key(key.key)


def key_name(shown: str) -> str:
    """A key as people write it: a letter as on its key cap."""
    return (
        shown.upper() if len(shown) == 1 or (shown[:1] == "f" and shown[1:].isdigit()) else shown.capitalize()
    )
