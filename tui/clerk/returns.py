"""Section 3: envelopes, the scan folder, pages that wait for a person, and readings to confirm."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from delivery.errors import N_
from delivery.ids import SystemIds
from tui.clerk.decisions import Decisions
from tui.clerk.envelopes import Envelopes
from tui.clerk.pictures import Pictures
from tui.clerk.returns_lines import page_line, page_lines, reading_line, reading_lines, scan_lines
from tui.clerk.returns_state import Page, Reading, continued, read_page, read_reading
from tui.clerk.zoom import Zoom
from tui.shared.drawn import Text, Title
from tui.shared.listing import Listing
from tui.shared.outside import open_outside
from tui.shared.picture import Picture
from tui.shared.section import Section
from tui.shared.tab import Tab
from tui.shared.values import dicts_of, text_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_SHOW_S = 0.1
_NEAR_END = 50
_TAB_WIDTH = 200
_LOOK_S = 1.0
"""How long no key decides after somebody else's decision has moved the list: it was meant for the page before."""
_AHEAD = 2
"""Pictures of so many pages behind the chosen one are asked for as well: the next decision need not wait."""


class ReturnsSection(Section):
    """Pages or readings that wait at the left, the chosen one with its picture at the right."""

    DEFAULT_CSS = """
    ReturnsSection #scans { height: auto; padding: 0 1; background: $surface; }
    ReturnsSection #both { height: 1fr; layout: horizontal; }
    ReturnsSection #waiting { width: 2fr; }
    ReturnsSection #chosen { width: 3fr; margin-left: 1; padding: 0 1; background: $surface; }
    ReturnsSection.-wide #waiting { width: 1fr; }
    ReturnsSection.-wide #chosen { width: 1fr; }
    ReturnsSection #chosen Text { height: auto; }
    ReturnsSection #image { display: none; width: 1fr; margin-top: 1; }
    ReturnsSection #readings, ReturnsSection #readings-title { display: none; }
    ReturnsSection.-marks #readings, ReturnsSection.-marks #readings-title { display: block; }
    ReturnsSection.-marks #pages, ReturnsSection.-marks #pages-title { display: none; }
    ReturnsSection.-stale #both { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "accept", N_("Accept"), id="returns.accept"),
        Binding("p", "proposals", N_("Other"), show=False, id="returns.proposals"),
        Binding("f", "search", N_("Learner"), id="returns.search"),
        Binding("s", "sheet", N_("Number"), show=False, id="returns.sheet"),
        Binding("e", "extra", N_("Extra"), show=False, id="returns.extra"),
        Binding("v", "correct", N_("Value"), id="returns.correct"),
        Binding("x", "discard", N_("Refuse"), id="returns.discard"),
        Binding("u", "undo", N_("Undo"), id="returns.undo"),
        Binding("z", "zoom", N_("Zoom"), show=False, id="returns.zoom"),
        Binding("o", "tab", N_("In a browser"), show=False, id="returns.tab"),
        Binding("tab", "turn", N_("Other list"), id="returns.turn"),
        Binding("n", "envelopes", N_("Envelopes"), id="returns.envelopes"),
        Binding("w", "take_in", N_("Take in"), show=False, id="returns.take_in"),
        Binding("c", "stop", N_("Stop"), id="returns.stop"),
    ]
    AUTO_FOCUS = "#pages"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Returns")),
        ("90 %", N_("how certain a proposal is; nothing is filed without your key")),
        ("+", N_("proposed as an extra sheet")),
        ("?", N_("in doubt: say with V what stands there")),
        ("Y", N_("as proposed, once the picture is there; U takes it back")),
    )

    def __init__(self) -> None:
        super().__init__()
        self._can_stop = False
        self.pages: list[Page] = []
        self.marks: list[Reading] = []
        self.is_marks = False
        self._more = {"returns.queue": False, "returns.readings": False}
        self.decisions = Decisions(self)
        self._pictures = Pictures(self._arrived)
        self._large = Pictures(self._to_tab, is_large=True)
        self._shown = ""
        self.has_moved = False
        """Whether the list has just moved on because of somebody else."""
        self._looking: Timer | None = None

    def body(self) -> Iterable[Widget]:
        words = self.console_app
        lost = self.words(
            N_("The console shows nothing here any more: it has ended, or the line to it is lost.")
        )
        self._tab = Tab(SystemIds(), language=words.words.language, lost=lost)
        pages = Listing[Page](
            lambda page, width: page_line(page, width, words.words),
            key=lambda page: page.id, empty=lambda: self.words(N_("No page waits.")), id="pages",
        )  # fmt: skip
        marks = Listing[Reading](
            lambda reading, width: reading_line(reading, width, words.words),
            key=lambda reading: reading.id, empty=lambda: self.words(N_("No reading waits.")), id="readings",
        )  # fmt: skip
        yield Text(lambda width: scan_lines(self.clerk.state, width, words.words), id="scans")
        with Container(id="both"):
            with Vertical(id="waiting"):
                yield Title(N_("Pages that wait"), self._count, id="pages-title")
                yield Title(N_("Readings"), self._count, id="readings-title")
                yield pages
                yield marks
            with Vertical(id="chosen"):
                yield Text(self._chosen_lines, id="told")
                yield Picture(most_rows=60, id="image")

    @property
    def clerk(self) -> ClerkConsole:
        return cast("ClerkConsole", self.app)

    @property
    def listing(self) -> Listing[Any]:
        return self.query_one("#readings" if self.is_marks else "#pages", Listing)

    @property
    def chosen(self) -> Page | Reading | None:
        found = self.listing.chosen
        return found if isinstance(found, Page | Reading) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("proposals", "search", "sheet", "extra", "undo"):
            return not self.is_marks
        if action == "correct":
            return self.is_marks
        if action == "stop":
            return self.clerk.state.scanning is not None and self.clerk.state.scanning.is_running
        return True

    # --- what is shown ----------------------------------------------------------------------------

    def refresh_state(self) -> None:
        self._ask("returns.queue", 0)
        self._ask("returns.readings", 0)

    def _ask(self, method: str, offset: int) -> None:
        if self.clerk.requests.is_open(method):
            return

        def take(result: Any) -> None:
            more = isinstance(result, dict) and result.get("more") is True
            if method == "returns.queue":
                found = [page for one in dicts_of(result, "pages") if (page := read_page(one))]
                self.pages, tail = continued(self.pages, found, offset=offset, more=more)
            else:
                read = [reading for one in dicts_of(result, "readings") if (reading := read_reading(one))]
                self.marks, tail = continued(self.marks, read, offset=offset, more=more)
            if not tail:
                self._more[method] = more
            self.show()

        self.clerk.request(method, {"offset": offset}, done=take)

    def show(self) -> None:
        """Draw the list, without what is being decided."""
        if not self.is_mounted:
            return
        items: list[Any] = [*self.marks] if self.is_marks else [*self.pages]
        before, going = self.chosen, self.decisions.going
        self.listing.show([item for item in items if item.id not in going])
        if before is not None and before.id not in {*going, *(item.id for item in items)}:
            self.has_moved = True
            if self._looking is not None:
                self._looking.stop()
            self._looking = self.set_timer(_LOOK_S, self._has_looked)
        self._look()
        self._redraw_title()

    def _has_looked(self) -> None:
        self.has_moved = False

    def _redraw_title(self) -> None:
        self.query_one("#readings-title" if self.is_marks else "#pages-title", Title).redraw()

    def _count(self) -> str:
        state, words = self.clerk.state, self.console_app.words
        if self.is_marks:
            return words.plural(N_("{count} reading"), N_("{count} readings"), state.readings)
        return words.plural(
            N_("{count} page"), N_("{count} pages"), max(state.waiting, len(self.listing.items))
        )

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.clerk.is_live, "-stale")
        self.query_one("#scans", Text).redraw()
        self._redraw_title()
        task = self.clerk.state.scanning
        if self._can_stop != (task is not None and task.is_running):
            self._can_stop = not self._can_stop
            self.refresh_bindings()
        super().changed()

    def told(self, group: str, data: Any) -> None:
        ident = text_of(data, "id")
        if group == "page" and ident and text_of(data, "status") != "queued":
            self.pages = [page for page in self.pages if page.id != ident]
        elif group == "reading" and ident:
            self.marks = [reading for reading in self.marks if reading.id != ident]
        else:
            self.refresh_state()
        self.show()

    @on(Listing.Moved)
    def _moved(self) -> None:
        self._look()
        method = "returns.readings" if self.is_marks else "returns.queue"
        held = len(self.marks if self.is_marks else self.pages)
        if self._more[method] and self.listing.cursor > held - _NEAR_END:
            self._ask(method, held)

    def _look(self) -> None:
        chosen = self.chosen
        self.query_one("#told", Text).redraw()
        if chosen is None:
            self._shown = ""
            self.query_one("#image", Picture).show(b"")
            self._to_tab()
            return
        if self._shown == chosen.id:
            return
        self._shown = ""
        if self._pictures.get(chosen.id) is not None:
            self._draw(chosen.id)
        else:
            self.query_one("#image", Picture).show(b"")
            self.set_timer(_SHOW_S, self._want_pictures)
        self.set_timer(2 * _SHOW_S, self._want_pictures)

    def _want_pictures(self) -> None:
        """The picture of the chosen page, and of those that come after it."""
        at, items = self.listing.cursor, self.listing.items
        self._pictures.want(self.clerk, items[at : at + 1 + _AHEAD])
        self._to_tab()

    def _arrived(self, ident: str) -> None:
        if self.is_mounted and self.chosen is not None and self.chosen.id == ident:
            self._draw(ident)

    def is_seen(self, ident: str) -> bool:
        """Whether the person has the picture of that item before their eyes, or knows that there is none."""
        return self._shown == ident

    def _draw(self, ident: str) -> None:
        self._shown = ident
        picture = self.query_one("#image", Picture)
        panel = self.query_one("#chosen", Vertical)
        picture.most_rows = max(panel.size.height - self.query_one("#told", Text).size.height - 2, 4)
        picture.show(self._pictures.get(ident) or b"")
        self.query_one("#told", Text).redraw()

    # --- the tab of a browser -----------------------------------------------------------------------

    def action_tab(self) -> None:
        """Show the page in a browser too; the tab follows the cursor."""
        try:
            address = self._tab.address()
        except OSError as error:
            self.clerk.say(N_("No tab can be shown: {reason}"), reason=error.strerror or str(error))
            return
        if open_outside(address):
            self.clerk.say(N_("The tab in the browser follows the cursor."))
        else:
            self.clerk.notify(
                self.words(
                    N_(
                        "Open {address} in a browser, once. Over ssh, first: ssh -L {port}:127.0.0.1:{port} …"
                    ),
                    address=address,
                    port=self._tab.port,
                ),
                markup=False,
                timeout=60,
            )
        self._to_tab()

    def _to_tab(self, _ident: str = "") -> None:
        """What the tab shows, if there is one: the chosen item in full size."""
        if not self._tab.is_open or not self.is_mounted:
            return
        chosen = self.chosen
        if chosen is None:
            self._tab.show(self.words(N_("No page waits.")), b"")
            return
        data = self._large.get(chosen.id)
        if data is None:
            self._large.want(self.clerk, [chosen])
            return
        lines = self._chosen_lines(_TAB_WIDTH)
        self._tab.show(
            " · ".join(" ".join(one.plain.split()) for one in lines[:3] if one.plain.strip()), data
        )

    def on_unmount(self) -> None:
        self._tab.close()

    def _chosen_lines(self, width: int) -> list[Content]:
        chosen, words = self.chosen, self.console_app.words
        has_none = chosen is not None and self.is_seen(chosen.id) and not self._pictures.get(chosen.id)
        if isinstance(chosen, Reading):
            return reading_lines(chosen, width, words, has_no_picture=has_none)
        if isinstance(chosen, Page):
            return page_lines(chosen, width, words, has_no_picture=has_none, is_low=self.size.height < 34)
        return []

    # --- decisions ----------------------------------------------------------------------------------

    def action_accept(self) -> None:
        self.decisions.accept()

    def action_proposals(self) -> None:
        self.decisions.proposals()

    def action_sheet(self) -> None:
        self.decisions.sheet()

    def action_search(self) -> None:
        self.decisions.find(extra=False)

    def action_extra(self) -> None:
        self.decisions.find(extra=True)

    def action_discard(self) -> None:
        self.decisions.discard()

    def action_correct(self) -> None:
        self.decisions.correct()

    def action_undo(self) -> None:
        self.decisions.undo()

    def action_turn(self) -> None:
        self.is_marks = not self.is_marks
        self.set_class(self.is_marks, "-marks")
        self._shown = ""
        self.listing.focus()
        self.show()
        self.refresh_bindings()

    def action_zoom(self) -> None:
        if self._shown and (data := self._pictures.get(self._shown)):
            self.app.push_screen(Zoom(data))

    # --- what comes in ------------------------------------------------------------------------------

    def action_envelopes(self) -> None:
        self.app.push_screen(Envelopes())

    def action_take_in(self) -> None:
        self.clerk.order("returns.take_in", {}, done=self.clerk.take_scanning, label=N_("taking in"))

    def action_stop(self) -> None:
        self.clerk.order("returns.stop", {}, done=lambda _result: None, label=N_("stopping"))
