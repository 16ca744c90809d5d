"""A counter for a hand scanner: line after line, in their order, without touching the mouse.

A hand scanner is a keyboard that types faster than a slow line answers. What it typed waits here, and each line is
sent when the one before was answered: a postal label never overtakes the packet that it belongs to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from textual import on
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from delivery.errors import N_
from tui.shared.entry import Entry
from tui.shared.lines import MUTED, line, time_of_day
from tui.shared.listing import Listing

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

_KEPT = 500
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
        yield Entry(placeholder=self._app.words(self._hint), id="scan")
        yield Listing[Said](self._row, key=lambda said: str(said.number), empty=lambda: "", id="heard")

    @property
    def _app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def entry(self) -> Entry:
        return self.query_one("#scan", Entry)

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
        text = event.value.strip()
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
