"""The help screen: what the signs and keys mean."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from delivery.errors import N_
from tui.console import ConsoleApp

_SIGN = 10
_EXPLAINED = 54


class HelpScreen(ModalScreen[None]):
    """Lists (sign or key, message id) pairs over the screen it explains. Any of its keys closes it."""

    CSS = """
    HelpScreen { align: center middle; background: $background 70%; }
    HelpScreen > VerticalScroll {
        width: 72; max-width: 94%; height: auto; max-height: 90%;
        background: $panel; border: round $primary; border-title-color: $text; padding: 1 2;
    }
    HelpScreen Static { width: 1fr; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,question_mark,enter,q", "close", N_("Close")),
        Binding("ctrl+l", "app.language", N_("Tiếng Việt")),
    ]

    def __init__(self, entries: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = self._word(N_("Help"))
            box.border_subtitle = self._word(N_("Esc closes"))
            yield Static(self._text())

    def action_close(self) -> None:
        self.dismiss()

    def _word(self, msgid: str) -> str:
        return cast("ConsoleApp", self.app).words(msgid)

    def _text(self) -> Content:
        lines = []
        for sign, msgid in self._entries:
            text = self._word(msgid)
            if not sign:
                lines.append(Content.styled(text, "bold"))
                continue
            # The explanation stays in its own column.
            first, *rest = Content(text).wrap(_EXPLAINED)
            lines.append(Content.assemble((f"{sign:<{_SIGN}}", "bold $primary"), first))
            lines += [Content.assemble(" " * _SIGN, more) for more in rest]
        return Content("\n").join(lines)
