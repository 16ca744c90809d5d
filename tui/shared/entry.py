"""A line to type into. Vietnamese arrives composed or decomposed, as the input method likes; it is kept composed."""

from __future__ import annotations

from textual.widgets import Input

from tui.shared.search import composed


class Entry(Input):
    """An input of one line without a frame, whose value is NFC at any moment."""

    DEFAULT_CSS = """
    Entry { border: none; height: 1; padding: 0 1; background: $surface; width: 1fr; }
    Entry:focus { background: $primary 20%; border: none; }
    """

    def __init__(self, value: str = "", *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(composed(value), placeholder=placeholder, id=id, compact=True)

    def on_input_changed(self, event: Input.Changed) -> None:
        kept = composed(self.value)
        if kept != self.value:
            # A mark that came by itself joins its letter; the cursor stays behind the same letter.
            before = len(composed(self.value[: self.cursor_position]))
            event.stop()
            self.value = kept
            self.cursor_position = before
