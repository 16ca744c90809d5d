"""Section 1: packets that are due, what stops them, trial, print."""

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

from delivery.errors import N_
from delivery.i18n import Translator
from tui.clerk.preview import Preview
from tui.clerk.returns_lines import weight
from tui.shared.dialogs import Confirm, push
from tui.shared.drawn import Text, Title
from tui.shared.lines import MUTED, bar, columns, line, wrapped
from tui.shared.listing import Listing
from tui.shared.section import Section
from tui.shared.values import dicts_of, int_of, message_of, say, text_of, texts_of

if TYPE_CHECKING:
    from tui.clerk.app import ClerkConsole

_SHOW_S = 0.15
ORDERS = ("course", "week", "site")
_ORDER_WORDS = {"course": N_("by course"), "week": N_("by week"), "site": N_("by site")}


@dataclass(frozen=True, slots=True)
class Due:
    """A batch that somebody has to deal with."""

    batch: str
    course: str
    send: str
    behind: int
    unprinted: int
    unposted: int
    posted: int
    sites: tuple[tuple[str, int], ...]


def read_due(document: Any) -> Due | None:
    """One batch, or None when it says nothing."""
    if not (batch := text_of(document, "batch")):
        return None
    sites = document.get("sites")
    counted = [(str(name), int_of(sites, name)) for name in sites] if isinstance(sites, dict) else []
    return Due(batch, text_of(document, "course"), text_of(document, "send"), int_of(document, "behind"),
        int_of(document, "unprinted"), int_of(document, "unposted"), int_of(document, "posted"), tuple(counted),
    )  # fmt: skip


class DueSection(Section):
    """Batches at the left, the chosen one at the right."""

    DEFAULT_CSS = """
    DueSection #due { height: 1fr; layout: vertical; }
    DueSection.-wide #due { layout: horizontal; }
    DueSection #batches-box { height: 1fr; }
    DueSection #batch { height: 1fr; background: $surface; padding: 0 1; scrollbar-size-vertical: 1; }
    DueSection.-wide #batches-box { width: 1fr; }
    DueSection.-wide #batch { width: 1fr; margin-left: 1; }
    DueSection #batch Text { height: auto; }
    DueSection.-stale #due { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "trial", N_("Trial"), id="due.trial"),
        Binding("v", "preview", N_("View pages"), id="due.preview"),
        Binding("p", "print", N_("Print"), id="due.print"),
        Binding("c", "stop", N_("Stop"), id="due.stop"),
        Binding("o", "order", N_("Order"), id="due.order"),
    ]
    AUTO_FOCUS = "#batches"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("To send")),
        ("○ ◔ ●", N_("without a packet, to print, to post")),
        ("✗", N_("a gate stops it; the text says what to do")),
        ("T", N_("shows everything and keeps nothing")),
        ("V", N_("the pages themselves: a specimen before printing, the files after it")),
    )

    def __init__(self) -> None:
        super().__init__()
        self._can_stop = False
        self.batches: list[Due] = []
        self.order = ORDERS[0]
        self.folder = ""
        self.gates: dict[str, list[Any]] = {}
        self._was_asked = False

    def body(self) -> Iterable[Widget]:
        with Container(id="due"):
            with Vertical(id="batches-box"):
                yield Title(N_("Batches"), lambda: self.words(_ORDER_WORDS[self.order]))
                yield Listing[Due](
                    self._row, key=lambda due: due.batch, empty=self._empty, id="batches"
                )  # fmt: skip
            with VerticalScroll(id="batch", can_focus=False):
                yield Text(self._lines, id="told")

    @property
    def clerk(self) -> ClerkConsole:
        return cast("ClerkConsole", self.app)

    @property
    def listing(self) -> Listing[Due]:
        return cast("Listing[Due]", self.query_one("#batches", Listing))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            task = self.clerk.state.printing
            return task is not None and task.is_running
        return True

    # --- what is shown ----------------------------------------------------------------------------

    def refresh_state(self) -> None:
        if not self.clerk.requests.is_open("due.list"):
            self.clerk.request("due.list", done=self._take)

    def _take(self, result: Any) -> None:
        self._was_asked = True
        self.batches = [due for one in dicts_of(result, "batches") if (due := read_due(one))]
        self.folder = text_of(result, "folder")
        self.gates = {}
        if isinstance(result, dict):
            self.clerk.take_printing(result.get("task"))
        self._show()
        self._look()

    def told(self, group: str, data: Any) -> None:
        self.refresh_state()

    def _show(self) -> None:
        if not self.is_mounted:
            return
        keys = {
            "course": lambda due: (due.course, due.send, due.batch),
            "week": lambda due: (due.send or "9", due.course, due.batch),
            "site": lambda due: (due.sites[0][0] if due.sites else "", due.course, due.send),
        }
        self.listing.show(sorted(self.batches, key=keys[self.order]))
        self.query_one("#told", Text).redraw()

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.clerk.is_live, "-stale")
        self.query_one("#told", Text).redraw()
        task = self.clerk.state.printing
        if self._can_stop != (task is not None and task.is_running):
            self._can_stop = not self._can_stop
            self.refresh_bindings()
        super().changed()

    def _empty(self) -> str:
        return self.words(N_("Nothing is to be done.")) if self._was_asked else ""

    def _row(self, due: Due, width: int) -> Content:
        signs = Content.assemble(
            (f"○ {due.behind:<4}", "$warning" if due.behind else MUTED),
            (f"◔ {due.unprinted:<4}", "$warning" if due.unprinted else MUTED),
            (f"● {due.unposted:<4}", "$accent" if due.unposted else MUTED),
        )
        told = (
            ", ".join(name for name, _ in due.sites)
            if self.order == "site"
            else week_of(due.send, self.console_app.words)
        )
        name = Content.assemble((f" {due.batch}", "bold"))
        return columns(width, (name, 0), (Content.styled(told, MUTED), 14), (signs, 18))

    @on(Listing.Moved)
    def _look(self) -> None:
        self.query_one("#told", Text).redraw()
        self.set_timer(_SHOW_S, self._ask_gates)

    def _ask_gates(self) -> None:
        chosen = self.listing.chosen if self.is_mounted else None
        if chosen is None or chosen.batch in self.gates or self.clerk.requests.is_open("due.gates"):
            return
        batch = chosen.batch

        def take(result: Any) -> None:
            self.gates[batch] = dicts_of(result, "gates")
            self.query_one("#told", Text).redraw()
            self._ask_gates()

        self.clerk.request("due.gates", {"batch": batch}, done=take)

    def _lines(self, width: int) -> list[Content]:
        due, words = self.listing.chosen, self.console_app.words
        lines = self._printing(width, words)
        if due is None:
            return lines
        lines.append(line(Content.styled(due.batch, "bold"), Content.styled(due.course, MUTED), width))
        for sign, count, text in (
            ("○", due.behind, N_("without a packet")),
            ("◔", due.unprinted, N_("to print")),
            ("●", due.unposted, N_("to post")),
            ("✓", due.posted, N_("posted")),
        ):
            lines.append(Content.styled(f"{sign} {count:>5}  {words(text)}", "" if count else MUTED))
        if due.sites:
            sites = " · ".join(f"{name or '–'} {count}" for name, count in due.sites)
            lines += wrapped(Content.styled(f"{words(N_('sites'))}: {sites}", MUTED), width, 3)
        gates = self.gates.get(due.batch)
        if gates is None:
            lines.append(Content.styled(words(N_("asking what stops it…")), MUTED))
        elif not gates:
            lines.append(Content.styled("✓ " + words(N_("No gate stops it.")), "$success"))
        for gate in gates or ():
            lines += wrapped(
                Content.styled(f"✗ {say(message_of(gate.get('what')), words)}", "bold $error"), width, 4
            )
            lines += wrapped(Content(f"  → {say(message_of(gate.get('do')), words)}"), width, 3)
        return lines

    def _printing(self, width: int, words: Translator) -> list[Content]:
        task = self.clerk.state.printing
        if task is None:
            return []
        if task.is_running:
            share = task.done / task.total if task.total else 0.0
            told = Content.assemble(("▸ ", "bold $accent"), f"{words(N_('Printing'))} {task.name}")
            right = Content.assemble(bar(share, 16, "$accent"), f" {task.done}/{task.total}")
            return [line(told, right, width), Content("")]
        if task.state == "failed":
            lines = wrapped(
                Content.styled(f"✗ {say(message_of(task.problem), words)}", "bold $error"), width, 4
            )
            return [
                *lines,
                *wrapped(Content(f"  → {say(message_of(task.do), words)}"), width, 3),
                Content(""),
            ]
        if task.state == "stopped":
            stopped = words(N_("{batch}: stopped; P goes on where it was."), batch=task.name)
            return [Content.styled(f"■ {stopped}", "$warning"), Content("")]
        return [*printed_lines(task.name, task.result, width, words), Content("")]

    # --- what is done -------------------------------------------------------------------------------

    def action_order(self) -> None:
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.query_one(Title).redraw()
        self._show()
        self.listing.redraw()

    def action_preview(self) -> None:
        """The pages as they are, or will be, printed."""
        due = self.listing.chosen
        if due is None:
            return
        batch = due.batch

        def show(result: Any) -> None:
            self.app.push_screen(Preview(batch, result))

        self.clerk.request(
            "due.preview", {"batch": batch}, done=show, label=N_("drawing"), opens=True, within_s=60.0
        )

    def action_trial(self) -> None:
        self._try(yes=N_("Plan it"), then=self._plan)

    def action_print(self) -> None:
        self._try(yes=N_("Print"), then=self._print)

    def _try(self, *, yes: str, then: Any) -> None:
        due = self.listing.chosen
        if due is None:
            return

        def show(result: Any) -> None:
            title = partial(self.words, N_("{batch}: a trial, nothing is kept yet"), batch=due.batch)
            draw = partial(trial_lines, result, words=self.console_app.words)
            push(self, Confirm(title, draw, yes=yes), lambda _yes: then(due.batch))

        self.clerk.request(
            "due.trial", {"batch": due.batch}, done=show, label=N_("trying"), opens=True, within_s=60.0
        )

    def _plan(self, batch: str) -> None:
        def done(result: Any) -> None:
            self.clerk.say(N_("{batch}: {added} packets planned"), batch=batch, added=int_of(result, "added"))
            self.refresh_state()

        self.clerk.order("due.plan", {"batch": batch}, done=done, label=N_("planning"), within_s=120.0)

    def _print(self, batch: str) -> None:
        self.clerk.order("due.print", {"batch": batch}, done=self.clerk.take_printing, label=N_("printing"))

    def action_stop(self) -> None:
        self.clerk.order("due.stop", {}, done=lambda _result: None, label=N_("stopping"))


def week_of(day: str, words: Translator) -> str:
    """The day on which it goes out, as people write it."""
    year, month, number = day.split("-") if day.count("-") == 2 else ("", "", "")
    return f"{number}/{month}/{year}" if year else words(N_("by hand"))


def printed_lines(batch: str, result: Any, width: int, words: Translator) -> list[Content]:
    """What was printed, and where the files are."""
    told = words(
        N_("{batch}: {packets} packets, {pages} pages"),
        batch=batch,
        packets=int_of(result, "packets"),
        pages=int_of(result, "pages"),
    )
    lines = [Content.styled(f"✓ {told}", "bold $success")]
    for file in texts_of(result, "files"):
        lines += wrapped(Content(f"  {file}"), width, 3)
    for file in texts_of(result, "gone"):
        gone = words(N_("{file} was drawn before and is gone."), file=file)
        lines += wrapped(Content.styled(f"! {gone}", "$warning"), width, 3)
    for one in dicts_of(result, "unreachable"):
        lines += wrapped(Content.styled(f"! {_named(one, words)}", "$warning"), width, 2)
    return lines


def _named(one: Any, words: Translator) -> str:
    return f"{text_of(one, 'code')}: {say(message_of(one.get('text')), words)}"


def trial_lines(result: Any, width: int, *, words: Translator) -> list[Content]:
    """Everything that a batch would be."""
    told = words(
        N_("{packets} packets, {pages} pages in all; {added} new"),
        packets=int_of(result, "packets"),
        pages=int_of(result, "pages"),
        added=int_of(result, "added"),
    )
    lines = [Content.styled(told, "bold")]
    for part in dicts_of(result, "parts"):
        lines.append(line(Content(f"  {text_of(part, 'title')}"), Content(f"{int_of(part, 'pages')}"), width))
    for piece in dicts_of(result, "mail"):
        mail = words(
            N_("{count} of {weight}, envelope {envelope}"),
            count=int_of(piece, "count"),
            weight=weight(int_of(piece, "grams"), words),
            envelope=text_of(piece, "envelope"),
        )
        lines.append(Content.styled(f"  {mail}", MUTED))
    told_of = (
        (N_("No packet for"), "unreachable"),
        (N_("Addresses to look at"), "doubtful"),
        (N_("Titles with signs that no typeface here has"), "unset"),
    )
    for title, name in told_of:
        found = dicts_of(result, name)
        if found:
            lines.append(Content.styled(f"! {words(title)} ({len(found)})", "bold $warning"))
        for one in found[:20]:
            lines += wrapped(Content(f"  {_named(one, words)}"), width, 2)
    return lines
