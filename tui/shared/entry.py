"""A line to type into. Vietnamese arrives composed or decomposed, as the input method likes; it is kept composed."""

from __future__ import annotations

from typing import ClassVar, Final

from textual import events
from textual.widgets import Input

from tui.shared.search import composed

LONGEST: Final = 500
"""Characters: more than any line of a form needs; what is pasted by mistake is cut there."""


class Entry(Input):
    """An input of one line without a frame, whose value is NFC at any moment."""

    DEFAULT_CSS = """
    Entry { border: none; height: 1; background: $surface; width: 1fr; }
    Entry.-textual-compact { padding: 0 1; }
    Entry:focus { background: $primary 20%; border: none; }
    """
    COMPOSES: ClassVar[bool] = True

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(composed(value), placeholder=placeholder, id=id, compact=True, max_length=LONGEST)

    def on_input_changed(self, event: Input.Changed) -> None:
        kept = composed(self.value) if self.COMPOSES else self.value
        if kept != self.value:
            # A mark that came by itself joins its letter; the cursor stays behind the same letter.
            before = len(composed(self.value[: self.cursor_position]))
            event.stop()
            self.value = kept
            self.cursor_position = before

    def _on_paste(self, event: events.Paste) -> None:
        """The first line that says something, as far as there is room."""
        event.stop()
        event.prevent_default()
        line = next((line.strip() for line in event.text.splitlines() if line.strip()), "")
        line = "".join(letter for letter in composed(line) if letter.isprintable())
        start, end = sorted(self.selection)
        room = LONGEST - (len(self.value) - (end - start))
        self.replace(line[: max(room, 0)], start, end)
