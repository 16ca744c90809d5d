"""A section whose list is narrowed by what one types, until Escape shows all of it again."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widgets import Input

from tui.shared.entry import Entry
from tui.shared.listing import Listing
from tui.shared.section import Section


class FilteredSection(Section):
    """Has a line ``#filter``, which is seen only while something is looked for."""

    DEFAULT_CSS = """
    FilteredSection #filter { display: none; }
    FilteredSection.-filtering #filter { display: block; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.query_text = ""
        """What the list is narrowed to; empty for all of it."""

    @property
    def listing(self) -> Listing[Any]:
        """The list that is narrowed."""
        raise NotImplementedError

    def narrow(self) -> None:
        """Show what fits :attr:`query_text`."""
        raise NotImplementedError

    def on_mount(self) -> None:
        # What is not seen takes no keys.
        self._entry.disabled = True
        self.listing.focus()

    @property
    def _entry(self) -> Entry:
        return self.query_one("#filter", Entry)

    def action_filter(self) -> None:
        self.set_class(True, "-filtering")
        self._entry.disabled = False
        self._entry.focus()

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        self.query_text = event.value
        self.narrow()

    @on(Input.Submitted, "#filter")
    def _entered(self) -> None:
        self.listing.focus()

    def action_escape(self) -> None:
        if not self.has_class("-filtering"):
            self.console_app.action_leave()
            return
        self.set_class(False, "-filtering")
        self._entry.value = ""
        self._entry.disabled = True
        self.query_text = ""
        self.narrow()
        self.listing.focus()
