"""Pages of a batch as they are, or will be, printed; and the file itself in the desktop's reader of PDF."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

from delivery.errors import N_, TuxaError
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, line
from tui.shared.outside import open_outside
from tui.shared.sheet import SHEET_KEYS, Sheet
from tui.shared.values import int_of, text_of, texts_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_SPECIMEN = "specimen"


class Preview(ModalScreen[None]):
    """One page at a time, as large as the terminal allows."""

    DEFAULT_CSS = """
    Preview { background: $background; }
    Preview Text { height: 1; background: $panel; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v,q,enter", "leave", N_("Close"), show=False),
        *SHEET_KEYS,
        Binding("pagedown,space,n", "turn(1)", N_("Next page"), show=False),
        Binding("pageup,backspace,b", "turn(-1)", N_("Previous page"), show=False),
        Binding("home", "first", N_("First page"), show=False),
        Binding("end", "last", N_("Last page"), show=False),
        Binding("tab", "file(1)", N_("Next file"), show=False),
        Binding("shift+tab", "file(-1)", N_("Previous file"), show=False),
        Binding("o", "open", N_("Open PDF"), show=False, id="preview.open"),
        Binding("ctrl+l", "app.language", show=False),
    ]

    def __init__(self, batch: str, first: Any) -> None:
        """`first` is the station's answer about the page to begin with."""
        super().__init__()
        self._batch = batch
        self._sheet = Sheet(is_whole=True)
        self._told: Any = first
        self._wanted: tuple[str, int] | None = None
        """File and page that are wanted next, while another answer is on its way."""

    @property
    def clerk(self) -> ClerkConsole:
        return cast("ClerkConsole", self.app)

    def compose(self) -> Iterable[Widget]:
        yield Text(self._head)
        yield self._sheet

    def on_mount(self) -> None:
        self._take(self._told)

    def _head(self, width: int) -> list[Content]:
        words = self.clerk.words
        name = text_of(self._told, "file")
        shown = words(N_("specimen, nothing of it is kept")) if name == _SPECIMEN else f"{name}.pdf"
        left = Content.assemble(
            (f"{self._batch}  ", "bold"), (shown, "$warning" if name == _SPECIMEN else "")
        )
        page, pages = int_of(self._told, "page"), int_of(self._told, "pages")
        keys = words(N_("PgUp PgDn · + − arrows · Tab file · O opens the PDF · Esc"))
        right = Content.assemble(
            (f"{page}/{pages}", "bold"), (f"  {keys}" if width >= 100 else "  F1", MUTED)
        )
        if width < 100:
            right = Content.assemble((f"{page}/{pages}", "bold"), ("  PgUp PgDn + − Tab O Esc", MUTED))
        return [line(left, right, width)]

    # --- asking -------------------------------------------------------------------------------------

    def _ask(self, file: str, page: int) -> None:
        """Who turns pages quickly gets the last one that was asked for, and not every one between."""
        is_asking = self._wanted is not None
        self._wanted = (file, page)
        if not is_asking:
            self._send(file, page)

    def _send(self, file: str, page: int) -> None:
        def arrived(result: Any) -> None:
            self._take(result)
            self._go_on((file, page))

        def failed(error: TuxaError) -> None:
            self.clerk.tell(error)
            self._go_on((file, page))

        params = {"batch": self._batch, "file": file, "page": page}
        self.clerk.request("due.preview", params, done=arrived, failed=failed, within_s=30.0)

    def _go_on(self, answered: tuple[str, int]) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and wanted != answered:
            self._ask(*wanted)

    def _take(self, result: Any) -> None:
        self._told = result
        try:
            data = b64decode(text_of(result, "jpeg"), validate=True)
        except ValueError:
            data = b""
        self._sheet.show(data)
        for head in self.query(Text):
            head.redraw()

    # --- keys ---------------------------------------------------------------------------------------

    @property
    def _at(self) -> tuple[str, int]:
        """File and page that the person has asked for last."""
        return self._wanted or (text_of(self._told, "file"), int_of(self._told, "page"))

    def action_turn(self, by: int) -> None:
        file, page = self._at
        to = page + by
        if 1 <= to <= int_of(self._told, "pages"):
            self._ask(file, to)

    def action_first(self) -> None:
        self._ask(self._at[0], 1)

    def action_last(self) -> None:
        self._ask(self._at[0], int_of(self._told, "pages"))

    def action_file(self, by: int) -> None:
        files = texts_of(self._told, "files")
        file = self._at[0]
        if len(files) > 1:
            at = files.index(file) if file in files else 0
            self._ask(files[(at + by) % len(files)], 1)

    def action_open(self) -> None:
        path = text_of(self._told, "path")
        if not path:
            self.clerk.say(N_("A specimen has no file: print the batch first."))
        elif not Path(path).is_file():
            self.clerk.say(N_("The file lies on the station's machine: {file}"), file=path)
        elif open_outside(path):
            self.clerk.say(N_("Opened: {file}"), file=path)
        else:
            self.clerk.say(N_("There is no desktop here to open it: {file}"), file=path)

    def action_larger(self, by: int) -> None:
        self._sheet.larger(by)

    def action_go(self, across: int, down: int) -> None:
        self._sheet.go(across, down)

    def action_leave(self) -> None:
        self.dismiss(None)
