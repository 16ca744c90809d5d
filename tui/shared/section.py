"""A section of a console: one screen under one number, with header, alarms, its body and its keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.screen import Screen
from textual.widget import Widget

from delivery.i18n import Translator
from tui.shared.drawn import Alarms, Header
from tui.shared.keybar import KeyBar

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

_LAST = ("quit", "command_palette", "help")


class Section(Screen[None]):
    """Keys are described in the language of the moment; what is drawn comes from the app's state."""

    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What help explains beside the keys: (sign, message id); an empty sign makes a heading."""
    # ClassVar in spirit; Textual declares it without.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        yield Header()
        yield Alarms()
        yield from self.body()
        yield KeyBar()

    def body(self) -> Iterable[Widget]:
        """The widgets of this section."""
        return ()

    def changed(self) -> None:
        """The state has changed: draw it. Subclasses call this last."""
        if not self.is_mounted:
            return
        self.query_one(Alarms).changed()
        self.query_one(Header).redraw()

    def refresh_state(self) -> None:
        """Ask the station for what only this section shows. Called when it is opened, and every few seconds."""

    def told(self, group: str, data: Any) -> None:
        """The station told something that only this section shows."""

    def each_second(self) -> None:
        """The station's second has changed: draw what shows time."""
        for header in self.query(Header):
            header.redraw()

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    def words(self, msgid: str, **params: Any) -> str:
        return self.console_app.words(msgid, **params)

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        return translated_bindings(super().active_bindings, getattr(self.app, "words", None))

    def on_screen_resume(self) -> None:
        self.refresh_state()
        self.call_after_refresh(self.changed)


def translated_bindings(found: dict[str, ActiveBinding], words: Any) -> dict[str, ActiveBinding]:
    """The bindings with their descriptions translated; what is not pressed all day comes last."""
    if not isinstance(words, Translator):
        return found

    def rank(item: tuple[str, ActiveBinding]) -> int:
        action = item[1].binding.action
        return len(_LAST) - _LAST.index(action) if action in _LAST else 0

    return {
        key: active._replace(binding=replace(active.binding, description=words(active.binding.description)))
        for key, active in sorted(found.items(), key=rank)
    }
