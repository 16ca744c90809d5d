"""The help screen: what the signs mean and what the keys do, those of the moment and not those of a manual."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Input

from delivery.errors import N_
from tui.shared.drawn import Text
from tui.shared.keybar import key_name
from tui.shared.keys import bindings_of

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp
    from tui.shared.section import Section

_SIGN = 13
_KNOWN_ANYWAY = {
    binding.action
    for owner in (App, Screen, Input)
    for binding in Binding.make_bindings(vars(owner)["BINDINGS"])
    if binding.action != "quit"
}
"""Keys with which one edits a line, copies, and changes the focus in any program."""


class HelpScreen(ModalScreen[None]):
    """Lists (sign, message id) pairs and the keys of a section over it. Any of its keys closes it."""

    CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen > VerticalScroll {
        width: 76; max-width: 96%; height: auto; max-height: 92%;
        background: $panel; border: round $primary; border-title-color: $text; padding: 0 2;
    }
    HelpScreen Text { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,enter,q", "close", N_("Close")),
        Binding("ctrl+l", "app.language", N_("Tiếng Việt")),
    ]

    def __init__(self, entries: tuple[tuple[str, str], ...], section: Section) -> None:
        super().__init__()
        self._entries = entries
        # Asked before this screen lies over the section: afterwards its keys are not the active ones.
        found = [
            (active.binding, self._display(section, active.binding))
            for active in section.active_bindings.values()
            if active.binding.description and active.binding.action not in _KNOWN_ANYWAY
        ]
        # What this section does, before how one goes about in it.
        own = bindings_of([type(section)])
        self._keys = sorted(found, key=lambda entry: entry[0].id not in own)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = self._word(N_("Help"))
            box.border_subtitle = self._word(N_("Esc closes"))
            yield Text(self._lines)

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def action_close(self) -> None:
        self.dismiss()

    @staticmethod
    def _display(section: Widget | Section, binding: Binding) -> str:
        return key_name(section.app.get_key_display(binding))

    def _word(self, msgid: str) -> str:
        return cast("ConsoleApp", self.app).words(msgid)

    def _lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        for sign, msgid in self._entries:
            lines += self._entry(sign, self._word(msgid), width)
        lines += self._entry("", self._word(N_("Keys")), width)
        seen: dict[tuple[str, str], list[str]] = {}
        for binding, shown in self._keys:
            seen.setdefault((binding.action, binding.description), []).append(shown)
        for (_, description), shown_keys in seen.items():
            lines += self._entry(" ".join(dict.fromkeys(shown_keys)), description, width)
        return lines

    def _entry(self, sign: str, text: str, width: int) -> list[Content]:
        if not sign:
            return [Content.styled(text, "bold underline")]
        # The explanation stays in its own column.
        first, *rest = Content(text).wrap(max(width - _SIGN, 20))
        head = Content.assemble((f"{sign:<{_SIGN - 1}} ", "bold $primary"), first)
        return [head, *(Content.assemble(" " * _SIGN, more) for more in rest)]
