"""Section 4: one learner, the one record in three modes, and a new print in place of a lost packet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from delivery.errors import N_
from delivery.i18n import Translator
from tui.clerk.returns_lines import number
from tui.clerk.words import MODES, PACKETS, STATUS
from tui.shared.dialogs import Confirm, Picker, push
from tui.shared.drawn import Text, Title
from tui.shared.entry import Entry
from tui.shared.lines import MUTED, day_of, line, wrapped
from tui.shared.listing import Listing
from tui.shared.section import Section
from tui.shared.values import dicts_of, int_of, list_of, message_of, say, text_of, true_of
from tui.shared.words import Sign

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_SHOW_S = 0.15
_HINT = N_("code, name, or a part of a sheet's number; or scan a code")
_ASK_S = 0.3
"""Typing rests so long before the station is asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """A learner that was found."""

    learner: str
    code: str
    name: str


class LearnerSection(Section):
    """A line to find in, who was found, and the record of the chosen one."""

    DEFAULT_CSS = """
    LearnerSection #both { height: 1fr; layout: horizontal; }
    LearnerSection #found-box { width: 1fr; }
    LearnerSection #record { width: 2fr; margin-left: 1; padding: 0 1; background: $surface;
        scrollbar-size-vertical: 1; }
    LearnerSection #record Text { height: auto; }
    LearnerSection.-stale #both { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash,f", "find", N_("Find"), key_display="/", id="learner.find"),
        Binding("r", "reprint", N_("Print again"), id="learner.reprint"),
        Binding("escape", "list", N_("To the list"), show=False, id="learner.list"),
        Binding("space,right_square_bracket", "page(8)", N_("Page down"), show=False, id="learner.down"),
        Binding("backspace,left_square_bracket", "page(-8)", N_("Page up"), show=False, id="learner.up"),
    ]
    AUTO_FOCUS = "#query"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Learner")),
        ("○ ◔ ●", N_("planned, printed, posted")),
        ("R", N_("a new packet with new codes; print it in section 1")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.record: dict[str, Any] = {}
        self._query = ""

    def body(self) -> Iterable[Widget]:
        yield Entry(
            placeholder=self.words(_HINT),
            id="query",
        )
        with Container(id="both"):
            with Vertical(id="found-box"):
                yield Title(N_("Found"))
                yield Listing[Found](
                    lambda found, width: line(
                        Content.assemble((f" {found.code} ", "bold"), found.name), Content(""), width
                    ),
                    key=lambda found: found.learner, empty=self._empty, id="found",
                )  # fmt: skip
            with VerticalScroll(id="record", can_focus=False):
                yield Text(self._lines, id="told")

    @property
    def clerk(self) -> ClerkConsole:
        return cast("ClerkConsole", self.app)

    @property
    def listing(self) -> Listing[Found]:
        return cast("Listing[Found]", self.query_one("#found", Listing))

    def changed(self) -> None:
        if self.is_mounted:
            self.set_class(not self.clerk.is_live, "-stale")
            # The language may have changed.
            self.query_one("#query", Entry).placeholder = self.words(_HINT)
            super().changed()

    def _empty(self) -> str:
        return self.words(N_("Nobody fits.")) if self._query else ""

    # --- finding ------------------------------------------------------------------------------------

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        self.set_timer(_ASK_S, partial(self._ask, event.value.strip()))

    @on(Input.Submitted, "#query")
    def _entered(self, event: Input.Submitted) -> None:
        self._ask(event.value.strip(), then_go=True)

    def _ask(self, text: str, *, then_go: bool = False) -> None:
        if text != self.query_one("#query", Entry).value.strip() or (text == self._query and not then_go):
            return
        if len(text) < 2:
            return

        def take(result: Any) -> None:
            self._query = text
            found = [
                Found(text_of(one, "learner"), text_of(one, "code"), text_of(one, "name"))
                for one in dicts_of(result, "learners")
            ]
            self.listing.show(found)
            self._look()
            if then_go and found:
                self.listing.focus()

        self.clerk.request("learner.find", {"text": text}, done=take, label=N_("searching"))

    def action_find(self) -> None:
        entry = self.query_one("#query", Entry)
        entry.value = ""
        entry.focus()

    def action_list(self) -> None:
        self.listing.focus()
        self.clerk.action_leave()

    def action_page(self, by: int) -> None:
        self.query_one("#record", VerticalScroll).scroll_relative(y=by, animate=False)

    # --- the record ---------------------------------------------------------------------------------

    @on(Listing.Moved)
    def _look(self) -> None:
        chosen = self.listing.chosen
        if chosen is None or text_of(self.record, "learner") != chosen.learner:
            self.record = {}
        self.query_one("#told", Text).redraw()
        if chosen is not None:
            self.set_timer(_SHOW_S, partial(self._ask_record, chosen.learner))

    def _ask_record(self, learner: str) -> None:
        if self.listing.chosen is None or self.listing.chosen.learner != learner:
            return

        def take(result: Any) -> None:
            if self.listing.chosen is not None and self.listing.chosen.learner == learner:
                self.record = result if isinstance(result, dict) else {}
                self.query_one("#told", Text).redraw()

        self.clerk.request("learner.record", {"learner": learner}, done=take)

    def _lines(self, width: int) -> list[Content]:
        return record_lines(self.record, width, self.console_app.words) if self.record else []

    # --- a new print --------------------------------------------------------------------------------

    def action_reprint(self) -> None:
        words = self.console_app.words
        packets = [one for one in dicts_of(self.record, "packets") if text_of(one, "state") != "superseded"]
        if not packets:
            self.clerk.say(N_("This learner has no packet that could be printed again."))
            return
        items = [
            (
                text_of(one, "batch"),
                text_of(one, "batch"),
                words(sign_of(PACKETS, text_of(one, "state")).word),
            )
            for one in packets
        ]
        if len(items) == 1:
            self._confirm(items[0][0])
        else:
            push(self, Picker(partial(self.words, N_("Which packet?")), items), self._confirm)

    def _confirm(self, batch: str) -> None:
        code = text_of(self.record, "code")

        def lines(width: int) -> list[Content]:
            told = self.words(
                N_(
                    "{code} gets a new packet of {batch} with new codes. Sheets of the old one are still known."
                ),
                code=code,
                batch=batch,
            )
            return wrapped(Content(told), width, 4)

        dialog = Confirm(partial(self.words, N_("Print again")), lines, yes=N_("Plan it"))
        push(self, dialog, lambda _yes: self._reprint(batch))

    def _reprint(self, batch: str) -> None:
        learner = text_of(self.record, "learner")

        def done(result: Any) -> None:
            if reasons := list_of(result, "unreachable"):
                self.clerk.notify(say(message_of(reasons[0]), self.console_app.words), markup=False)
            elif int_of(result, "waiting"):
                self.clerk.say(N_("Its packet is planned and not printed yet: print {batch}."), batch=batch)
            else:
                self.clerk.say(
                    N_("Planned anew, {pages} pages. Print {batch}."),
                    pages=int_of(result, "pages"),
                    batch=batch,
                )
            self._ask_record(learner)

        params = {"batch": batch, "learner": learner}
        self.clerk.order("learner.reprint", params, done=done, label=N_("planning"))


def sign_of(known: dict[str, Sign], code: str) -> Sign:
    """The sign for a code; the code itself where a station of another release has one more."""
    return known.get(code, Sign("·", code, MUTED))


def record_lines(record: Any, width: int, words: Translator) -> list[Content]:
    """The one record: each course with its activities by mode, then the packets."""
    head = Content.assemble((text_of(record, "code"), "bold"), f"  {text_of(record, 'name')}")
    lines = [
        line(head, Content.styled(f"{text_of(record, 'cohort')} · {text_of(record, 'site')}", MUTED), width)
    ]
    for course in dicts_of(record, "courses"):
        name = Content.assemble((f"{text_of(course, 'course')} ", "bold $primary"), text_of(course, "name"))
        lines += [
            Content(""),
            line(name, Content.styled(number(text_of(course, "grade"), words), "bold"), width),
        ]
        activities = dicts_of(course, "activities")
        for mode, title in MODES.items():
            of_mode = [one for one in activities if text_of(one, "mode") == mode]
            if of_mode:
                lines.append(Content.styled(f" {words(title)}", MUTED))
            lines += [_activity_line(one, width, words) for one in of_mode]
    packets = dicts_of(record, "packets")
    lines += [Content(""), Content.styled(words(N_("Packets")), "bold $primary")]
    for one in packets:
        sign = sign_of(PACKETS, text_of(one, "state"))
        when = int_of(one, "posted") or int_of(one, "printed")
        left = Content.assemble(
            (f"{sign.glyph} ", sign.colour), f"{text_of(one, 'batch')}  ", (words(sign.word), MUTED)
        )
        right = f"{text_of(one, 'item')} {day_of(when) if when else ''}"
        lines.append(line(left, Content.styled(right.strip(), MUTED), width))
    if not packets:
        lines.append(Content.styled(words(N_("No packet yet.")), MUTED))
    return lines


def _activity_line(one: Any, width: int, words: Translator) -> Content:
    status = sign_of(STATUS, text_of(one, "status"))
    mark = text_of(one, "mark")
    left = Content.assemble(
        (f"  {status.glyph} ", status.colour), text_of(one, "title") or text_of(one, "activity")
    )
    told = [words(status.word)]
    if missing := list_of(one, "missing"):
        told.append(words(N_("pages {pages} missing"), pages=", ".join(str(page) for page in missing)))
    if true_of(one, "late"):
        told.append(words(N_("late")))
    right = Content.assemble((" · ".join(told), MUTED), (f"  {number(mark, words)}" if mark else "", "bold"))
    return line(left, right, width)
