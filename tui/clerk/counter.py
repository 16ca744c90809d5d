"""A counter for a hand scanner: line after line, in their order, without touching the mouse.

A hand scanner is a keyboard that types faster than a slow line answers. What it typed waits here, and each line is
sent when the one before was answered: a postal label never overtakes the packet that it belongs to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, cast

from textual import events, on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from delivery.errors import N_, BadInput
from tui.clerk.wedge import as_meant, is_code
from tui.shared.entry import LONGEST, Entry
from tui.shared.lines import MUTED, line, time_of_day
from tui.shared.listing import Listing

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

_KEPT: Final = 500
_MOST_PASTED: Final = 500
"""Lines of one paste that are taken as scanned."""
PROBLEM = "✗"


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one line."""

    glyph: str
    text: str
    colour: str
    told: str
    at: int = 0
    number: int = 0


Answer = Callable[[Said], None]


class ScanEntry(Entry):
    """A line that a hand scanner types into, whatever it puts behind a code: CR, LF, both, or Tab.

    What it types is not composed: with the Vietnamese layout, marks are digits.
    """

    COMPOSES = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j", "submit", show=False),
        Binding("tab", "tab", show=False),
    ]

    async def action_tab(self) -> None:
        if self.value.strip():
            await self.action_submit()
        else:
            self.screen.focus_next()

    def _on_paste(self, event: events.Paste) -> None:
        """Each line that is pasted counts as scanned; what has no end yet stays in the line."""
        event.stop()
        event.prevent_default()
        *whole, rest = event.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for typed in whole[:_MOST_PASTED]:
            text, self.value = self.value + typed, ""
            self.post_message(self.Submitted(self, text, None))
        self.insert_text_at_cursor("".join(letter for letter in rest if letter.isprintable())[:LONGEST])


class Counter(Vertical):
    """A line to scan into, and what became of the lines before, the newest on top."""

    DEFAULT_CSS = """
    Counter { height: 1fr; }
    Counter Listing { height: 1fr; }
    """

    def __init__(self, hear: Callable[[str, Answer], None], *, hint: str, id: str | None = None) -> None:
        """`hear(line, answer)` deals with one line and calls `answer` once. `hint` is a message id."""
        super().__init__(id=id)
        self._hear, self._hint = hear, hint
        self._waiting: deque[str] = deque()
        self._is_busy = False
        self._said: list[Said] = []

    def compose(self) -> Iterable[Widget]:
        yield ScanEntry(placeholder=self._app.words(self._hint), id="scan")
        yield Listing[Said](self._row, key=lambda said: str(said.number), empty=lambda: "", id="heard")

    @property
    def _app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def entry(self) -> ScanEntry:
        return self.query_one("#scan", ScanEntry)

    @property
    def pending(self) -> int:
        """Lines that wait for their turn, the one under way included."""
        return len(self._waiting) + self._is_busy

    def relabel(self, hint: str) -> None:
        """Another hint in the line."""
        self._hint = hint
        self.entry.placeholder = self._app.words(hint)

    @on(Input.Submitted, "#scan")
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        text = as_meant(event.value)
        self.entry.value = ""
        if text:
            self._waiting.append(text)
            self._next()

    def _next(self) -> None:
        if not self._is_busy and self._waiting:
            self._is_busy = True
            text = self._waiting.popleft()
            self._hear(text, lambda said: self._answered(text, said))

    def _answered(self, text: str, said: Said) -> None:
        number = self._said[0].number + 1 if self._said else 1
        kept = Said(said.glyph, said.text or text, said.colour, said.told, self._app.now_us(), number)
        self._said = [kept, *self._said[: _KEPT - 1]]
        listing = cast("Listing[Said]", self.query_one("#heard", Listing))
        listing.show(self._said)
        listing.action_go(0)
        if said.glyph == PROBLEM:
            # Whoever scans looks at the envelopes and not at the screen.
            self.app.bell()
        self._is_busy = False
        self._next()

    @staticmethod
    def _row(said: Said, width: int) -> Content:
        left = Content.assemble(
            (f" {said.glyph} ", f"bold {said.colour}"), (f"{said.text[:24]:<14} ", "bold"), said.told
        )
        return line(left, Content.styled(f"{time_of_day(said.at, seconds=True)} ", MUTED), width)


def problem(text: str, told: str) -> Said:
    """A line that could not be used."""
    return Said(PROBLEM, text, "$error", told)


SCAN_HINT = N_("scan, or type a number and Enter")


def no_code(text: str) -> BadInput | None:
    """Why a line is not even sent: it is no code, and might be a name that somebody typed by mistake."""
    if is_code(text):
        return None
    return BadInput(
        N_("This is no code."), do=N_("Switch the keyboard's input method to English, and scan it again.")
    )
