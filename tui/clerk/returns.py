"""Section 3: envelopes, the scan folder, pages that wait for a person, and readings to confirm."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_, TuxaError
from tui.clerk.returns_lines import (
    page_line,
    page_lines,
    proposal_text,
    reading_line,
    reading_lines,
    scan_lines,
    work_items,
)
from tui.clerk.returns_state import Page, Reading, read_page, read_reading
from tui.clerk.words import DISCARDS
from tui.clerk.zoom import Zoom
from tui.shared.dialogs import Field, Form, Picker, push
from tui.shared.drawn import Text, Title
from tui.shared.listing import Listing
from tui.shared.picture import Picture
from tui.shared.section import Section
from tui.shared.values import dicts_of, text_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_SHOW_S = 0.1
_NEAR_END = 50
_KEPT_PICTURES = 12
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
    ReturnsSection #readings { display: none; }
    ReturnsSection.-marks #readings { display: block; }
    ReturnsSection.-marks #pages { display: none; }
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
        self._pictures: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self._shown = ""
        self._going: set[str] = set()
        self._done: list[str] = []

    def body(self) -> Iterable[Widget]:
        words = self.console_app
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
            self._more[method] = isinstance(result, dict) and result.get("more") is True
            if method == "returns.queue":
                found = [page for one in dicts_of(result, "pages") if (page := read_page(one))]
                self.pages = [*self.pages[:offset], *found]
            else:
                read = [reading for one in dicts_of(result, "readings") if (reading := read_reading(one))]
                self.marks = [*self.marks[:offset], *read]
            self._show()

        self.clerk.request(method, {"offset": offset}, done=take)

    def _show(self) -> None:
        if not self.is_mounted:
            return
        items: list[Any] = [*self.marks] if self.is_marks else [*self.pages]
        self.listing.show([item for item in items if item.id not in self._going])
        self._look()
        self.query_one("#pages-title", Title).refresh()

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
        self.query_one("#pages-title", Title).refresh()
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
        self._show()

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
            return
        if self._shown == chosen.id:
            return
        self._shown = ""
        if chosen.id in self._pictures:
            self._draw(chosen.id)
        else:
            self.query_one("#image", Picture).show(b"")
            self.set_timer(_SHOW_S, self._ask_pictures)
        self.set_timer(2 * _SHOW_S, self._ask_pictures)

    def _ask_pictures(self) -> None:
        """The picture of the chosen page, and of those that come after it."""
        at, items = self.listing.cursor, self.listing.items
        for item in items[at : at + 1 + _AHEAD]:
            if item.id not in self._pictures and item.id not in self._asked:
                self._asked.add(item.id)
                method = "returns.crop" if isinstance(item, Reading) else "returns.image"
                self.clerk.request(
                    method, {"id": item.id},
                    done=partial(self._take_picture, item.id), failed=partial(self._no_picture, item.id),
                )  # fmt: skip

    def _take_picture(self, ident: str, result: Any) -> None:
        try:
            data = base64.b64decode(text_of(result, "jpeg"), validate=True)
        except (binascii.Error, ValueError):
            data = b""
        self._keep(ident, data)

    def _no_picture(self, ident: str, _error: TuxaError) -> None:
        # There is none, or it cannot be opened: what is known stays, and the page can still be decided about.
        self._keep(ident, b"")

    def _keep(self, ident: str, data: bytes) -> None:
        self._asked.discard(ident)
        self._pictures[ident] = data
        while len(self._pictures) > _KEPT_PICTURES:
            del self._pictures[next(iter(self._pictures))]
        if self.chosen is not None and self.chosen.id == ident:
            self._draw(ident)

    def _draw(self, ident: str) -> None:
        self._shown = ident
        picture = self.query_one("#image", Picture)
        panel = self.query_one("#chosen", Vertical)
        picture.most_rows = max(panel.size.height - self.query_one("#told", Text).size.height - 2, 4)
        picture.show(self._pictures[ident])
        self.query_one("#told", Text).redraw()

    def _chosen_lines(self, width: int) -> list[Content]:
        chosen, words = self.chosen, self.console_app.words
        if isinstance(chosen, Reading):
            return reading_lines(chosen, width, words)
        if isinstance(chosen, Page):
            has_none = self._shown == chosen.id and not self._pictures.get(chosen.id)
            return page_lines(chosen, width, words, has_no_picture=has_none, is_low=self.size.height < 34)
        return []

    # --- decisions ----------------------------------------------------------------------------------

    def _decide(self, method: str, params: dict[str, Any], said: str) -> None:
        """Send a decision about the chosen item; it leaves the list at once, and comes back if it is refused."""
        chosen = self.chosen
        if chosen is None:
            return
        if self._shown != chosen.id:
            self.clerk.say(N_("Its picture is not here yet."))
            return
        ident = chosen.id

        def done(_result: Any) -> None:
            if not self.is_marks:
                self._done.append(ident)
            self.told(
                "reading" if isinstance(chosen, Reading) else "page", {"id": ident, "status": "decided"}
            )
            self._going.discard(ident)
            if said:
                self.clerk.say(said)

        def failed(error: TuxaError) -> None:
            self._going.discard(ident)
            self.clerk.tell(error)
            self._show()
            self.listing.choose(ident)

        self._going.add(ident)
        self._show()
        self.clerk.order(method, {"id": ident, **params}, done=done, failed=failed, label=N_("filing"))

    def action_accept(self) -> None:
        chosen = self.chosen
        if isinstance(chosen, Reading):
            if chosen.is_doubtful:
                self.clerk.say(N_("This reading is in doubt: say with V what stands there."))
                return
            self._decide("returns.confirm", {"read": chosen.read}, "")
        elif isinstance(chosen, Page):
            if not chosen.proposals:
                self.clerk.say(N_("Nothing is proposed. F finds the learner, S takes the sheet's number."))
                return
            self._decide("returns.accept", {"which": 1}, "")

    def action_proposals(self) -> None:
        chosen, words = self.chosen, self.console_app.words
        if isinstance(chosen, Page) and chosen.proposals:
            items = [
                (str(number), proposal_text(one, words), f"{one.certainty} %")
                for number, one in enumerate(chosen.proposals, 1)
            ]
            dialog = Picker(partial(self.words, N_("What is this page?")), items)
            push(self, dialog, lambda which: self._decide("returns.accept", {"which": int(which)}, ""))

    def action_sheet(self) -> None:
        field = Field(
            "sheet", N_("Number or code"), hint=N_("at the foot of the sheet: 1a2b-3c4d-5e6f"), needed=True
        )
        push(
            self,
            Form(partial(self.words, N_("Which sheet is it?")), [field]),
            lambda values: self._decide("returns.choose", {"text": (values or {})["sheet"]}, ""),
        )

    def action_search(self) -> None:
        self._find(self._choose_work, extra=False)

    def action_extra(self) -> None:
        self._find(self._choose_work, extra=True)

    def _find(self, then: Any, *, extra: bool) -> None:
        field = Field(
            "text", N_("Code or name"), hint=N_("a part of it, with or without accents"), needed=True
        )

        def ask(values: dict[str, str] | None) -> None:
            self.clerk.request(
                "returns.search", {"text": (values or {})["text"]},
                done=partial(then, extra), label=N_("searching"), opens=True,
            )  # fmt: skip

        push(self, Form(partial(self.words, N_("Whose page is it?")), [field]), ask)

    def _choose_work(self, extra: bool, result: Any) -> None:
        items = work_items(result, self.console_app.words, extra=extra)

        def chosen(name: str) -> None:
            learner, activity, page = name.split("|")
            params: dict[str, Any] = {"learner": learner, "activity": activity}
            if extra:
                self._decide("returns.extra", params, "")
            else:
                self._decide("returns.choose", {**params, "page": int(page)}, "")

        title = N_("An extra sheet of which work?") if extra else N_("Which page is it?")
        push(self, Picker(partial(self.words, title), items), chosen)

    def action_discard(self) -> None:
        if self.is_marks:
            self._decide("returns.refuse", {}, "")
            return
        if self.chosen is not None:
            items = [(code, self.words(text), "") for code, text in DISCARDS.items()]
            dialog = Picker(partial(self.words, N_("Why is it filed nowhere?")), items)
            push(self, dialog, lambda reason: self._decide("returns.discard", {"reason": reason}, ""))

    def action_correct(self) -> None:
        chosen = self.chosen
        if not isinstance(chosen, Reading):
            return
        hint = N_("0 to 10") if chosen.use == "mark" else N_("letters; - for none")
        field = Field("value", N_("What stands there"), hint=hint, needed=True)

        def say(values: dict[str, str] | None) -> None:
            value = (values or {})["value"]
            self._decide("returns.correct", {"value": "" if value == "-" else value}, "")

        push(self, Form(partial(self.words, N_("What stands there?")), [field]), say)

    def action_undo(self) -> None:
        if not self._done:
            self.clerk.say(N_("This console has decided nothing that could be taken back."))
            return
        ident = self._done[-1]

        def done(_result: Any) -> None:
            self._done.remove(ident)
            self.clerk.say(N_("Page {ident} waits again."), ident=ident)
            self.refresh_state()

        self.clerk.order("returns.undo", {"id": ident}, done=done, label=N_("taking back"))

    def action_turn(self) -> None:
        self.is_marks = not self.is_marks
        self.set_class(self.is_marks, "-marks")
        self._shown = ""
        self.listing.focus()
        self._show()
        self.refresh_bindings()

    def action_zoom(self) -> None:
        if self._shown and (data := self._pictures.get(self._shown)):
            self.app.push_screen(Zoom(data))

    # --- what comes in ------------------------------------------------------------------------------

    def action_envelopes(self) -> None:
        from tui.clerk.envelopes import Envelopes

        self.app.push_screen(Envelopes())

    def action_take_in(self) -> None:
        self.clerk.order("returns.take_in", {}, done=self.clerk.take_scanning, label=N_("taking in"))

    def action_stop(self) -> None:
        self.clerk.order("returns.stop", {}, done=lambda _result: None, label=N_("stopping"))
