"""Envelopes at the counter: received by hand scanner before they are opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_, TuxaError
from delivery.record.typed import is_like_a_day, is_like_an_item
from tui.clerk.counter import SCAN_HINT, Answer, Counter, Said, no_code, problem
from tui.clerk.words import ENVELOPES
from tui.shared.dialogs import Dialog
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, day_of, line, time_of_day, wrapped
from tui.shared.values import int_of, text_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole


class Envelopes(Dialog[None]):
    """Scan the return label of each envelope; a typed day is the postmark of what follows."""

    DEFAULT_CSS = """
    Envelopes > #box { height: 80%; }
    Envelopes Counter Listing { background: $panel; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f8", "pairs", N_("Two codes each"), id="envelopes.pairs")
    ]

    def __init__(self) -> None:
        super().__init__()
        self.postmark = ""
        """The day typed last. A wrong one too: the station marks no envelope with it, and says so."""
        self.is_day_wrong = False
        self.is_pairs = False
        """Whether each envelope gives two codes: its postal label, then ours."""
        self.item_text = ""
        """The postal label whose envelope gives its second code next."""
        self.received = self.known = self.problems = 0
        self.trouble = ""
        """Why the newest line was not used, in full; empty once one was."""

    def compose(self) -> Iterable[Widget]:
        with Vertical(id="box") as box:
            box.border_title = self.words(N_("Envelopes"))
            box.border_subtitle = self._keys()
            yield Text(self._lines, id="sums")
            yield Counter(self._hear, hint=SCAN_HINT, id="counter")

    def on_mount(self) -> None:
        self.query_one(Counter).entry.focus()

    def _keys(self) -> str:
        other = N_("One code each") if self.is_pairs else N_("Two codes each")
        return f"F8 {self.words(other)} · {self.words(N_('Esc closes'))}"

    def action_pairs(self) -> None:
        """From now on each envelope gives two codes, or one again."""
        self.is_pairs, self.item_text = not self.is_pairs, ""
        self.query_one("#box").border_subtitle = self._keys()
        self.query_one("#sums", Text).redraw()

    def _lines(self, width: int) -> list[Content]:
        sums = self.words(
            N_("{received} received, {known} known before, {problems} not used"),
            received=self.received,
            known=self.known,
            problems=self.problems,
        )
        day = self.words(N_("postmark {day}"), day=self.postmark) if self.postmark else ""
        told = Content.styled(f"✗ {day}", "bold $error") if self.is_day_wrong else Content(day)
        hint = self.words(
            N_("The return label of each envelope; a typed day (YYYY-MM-DD) is the postmark of what follows.")
        )
        if self.is_pairs:
            hint = self.words(N_("Each envelope gives two codes: its postal label, then ours."))
        head = wrapped(Content.styled(hint, MUTED), width, 2)
        if self.item_text:
            now = self.words(N_("{item}: now the return label of the same envelope."), item=self.item_text)
            head = wrapped(Content.styled(f"▸ {now}", "bold $accent"), width, 2)
        if self.trouble:
            head = wrapped(Content.styled(f"✗ {self.trouble}", "bold $error"), width, 3)
        return [*head, line(Content.styled(sums, "bold"), told, width)]

    def _hear(self, text: str, answer: Answer) -> None:
        clerk = cast("ClerkConsole", self.app)

        def done(result: Any) -> None:
            heard = text_of(result, "heard")
            sign = ENVELOPES.get(heard, ENVELOPES["received"])
            self.postmark, self.is_day_wrong = text_of(result, "postmark"), False
            self.trouble = ""
            if heard != "postmark":
                # A label whose sender is not known yet waits for the code within.
                self.item_text = text if self.is_pairs and not text_of(result, "code") else ""
            self.received += heard in ("received", "noted")
            self.known += heard == "duplicate"
            told = clerk.words(sign.word)
            if since := int_of(result, "since"):
                told = f"{told} · {day_of(since)} {time_of_day(since)}"
            answer(Said(sign.glyph, text_of(result, "code"), sign.colour, told))
            self.query_one("#sums", Text).redraw()

        def failed(error: TuxaError) -> None:
            self.problems += 1
            if is_like_a_day(text):
                self.postmark, self.is_day_wrong = text, True
            elif is_like_an_item(text):
                # The next envelope is begun: its code must not go with the postal label before.
                self.item_text = ""
            self.trouble = " ".join(clerk.words.error(error).split())
            answer(problem(text[:24], clerk.words(error.what)))
            self.query_one("#sums", Text).redraw()

        if (error := no_code(text)) is not None:
            failed(error)
            return
        params = {"text": text, "postmark": self.postmark}
        if self.item_text:
            params["item_text"] = self.item_text
        clerk.order("returns.envelope", params, done=done, failed=failed)
