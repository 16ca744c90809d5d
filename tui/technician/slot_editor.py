"""The recurrence editor: a slot in a few lines, changed with the arrows, with its next dates below as one writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, Final

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer

from delivery.errors import N_, TuxaError
from tui.shared.dialogs import Dialog
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, local, wrapped
from tui.shared.values import numbers_of, say
from tui.technician.recurrence import DAYS, ENDS, REPEATS, Draft
from tui.technician.span import DAY_US, MINUTE_US
from tui.technician.words import DAYS as DAY_NAMES

_ASK_S: Final = 0.25
_LABEL: Final = 16
_ROWS: Final = (
    ("date", N_("First day")),
    ("time", N_("Time")),
    ("repeat", N_("Repeats")),
    ("days", N_("Weekdays")),
    ("every", N_("Every")),
    ("end", N_("Ends")),
    ("minutes", N_("Slot length")),
    ("rerun", N_("Rerun")),
    ("holidays", N_("Holidays")),
)
_REPEATS: Final = {
    "": N_("once"),
    "DAILY": N_("daily"),
    "WEEKLY": N_("weekly"),
    "MONTHLY": N_("monthly"),
}


class SlotEditor(Dialog[Draft]):
    """Up and down choose a line, left and right change it, digits write a time or a number, space turns on and off."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "row(-1)", N_("Previous"), show=False),
        Binding("down,tab", "row(1)", N_("Next"), show=False),
        Binding("left", "change(-1)", show=False),
        Binding("right", "change(1)", show=False),
        Binding("shift+left", "change(-7)", show=False),
        Binding("shift+right", "change(7)", show=False),
        Binding("space", "turn", show=False),
        Binding("enter", "hand_over", N_("Go on")),
    ]

    def __init__(self, title: Callable[[], str], channel: str, draft: Draft) -> None:
        super().__init__()
        self._title, self._channel = title, channel
        self.draft = draft
        self._row = 1
        self._day = DAYS.index(draft.weekday())
        self._typed = ""
        self._starts: tuple[int, ...] = ()
        self._error: TuxaError | None = None
        self._due: Timer | None = None

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title()
            box.border_subtitle = f"↑↓ ←→ · Enter {self.words(N_('Go on'))} · Esc {self.words(N_('Cancel'))}"
            yield Text(self._lines)

    def on_mount(self) -> None:
        self._ask()

    # --- drawing ----------------------------------------------------------------------------------

    def _lines(self, width: int) -> list[Content]:
        lines = [self._line(number, name, label) for number, (name, label) in enumerate(_ROWS)]
        lines.append(Content.styled("─" * width, MUTED))
        if self._error is not None:
            told = say(self._error.what, self.words)
            lines += wrapped(Content.styled(f"✗ {told}", "bold $error"), width, 3)
        else:
            dates = "  ".join(
                f"{self.words(DAY_NAMES[local(at).weekday()])} {local(at):%d/%m %H:%M}" for at in self._starts
            )
            text = Content.assemble((self.words(N_("Next: ")), MUTED), dates or "–")
            lines += wrapped(text, width, 3)
        if rule := self.draft.rule():
            lines.append(Content.styled(f"RRULE:{rule}", MUTED).truncate(width, ellipsis=True))
        return lines

    def _line(self, number: int, name: str, label: str) -> Content:
        chosen = number == self._row
        mark = "▸ " if chosen else "  "
        head = Content.styled(f"{mark}{self.words(label):<{_LABEL}}", "bold $primary" if chosen else MUTED)
        return head + self._value(name, chosen=chosen)

    def _value(self, name: str, *, chosen: bool) -> Content:
        words, draft = self.words, self.draft
        style = "bold reverse" if chosen else "bold"
        start = local(draft.start)
        if name == "days":
            return self._days(chosen=chosen)
        match name:
            case "date":
                text = f"{words(DAY_NAMES[start.weekday()])} {start:%d/%m/%Y}"
            case "time":
                text = f"{self._typed:_<4}" if self._typed and chosen else f"{start:%H:%M:%S}"
            case "repeat":
                text = draft.raw or words(_REPEATS[draft.repeat])
            case "every":
                text = (
                    words(N_("{count} times the step"), count=draft.every)
                    if draft.every > 1
                    else words(N_("each"))
                )
            case "end":
                text = self._end()
            case "minutes":
                text = (
                    words(N_("{count} min"), count=draft.minutes)
                    if draft.minutes
                    else words(N_("as its programme"))
                )
            case "rerun":
                text = words(N_("yes, no attendance code")) if draft.rerun else words(N_("no"))
            case _:
                text = words(N_("not on days off")) if draft.skip_holidays else words(N_("on days off too"))
        return Content.styled(f" {text} ", style)

    def _end(self) -> str:
        words, draft = self.words, self.draft
        if draft.end == "until":
            return words(N_("on {day}"), day=f"{local(draft.until):%d/%m/%Y}")
        if draft.end == "count":
            return words(N_("after {count} times"), count=draft.count)
        return words(N_("without end"))

    def _days(self, *, chosen: bool) -> Content:
        if self.draft.repeat != "WEEKLY":
            return Content.styled(" – ", MUTED)
        parts: list[tuple[str, str]] = []
        for number, day in enumerate(DAYS):
            on = day in self.draft.days
            style = "bold $success" if on else MUTED
            if chosen and number == self._day:
                style = "bold reverse"
            parts.append((f" {'■' if on else '□'} {self.words(DAY_NAMES[number])}", style))
        return Content.assemble(*parts)

    # --- changing ---------------------------------------------------------------------------------

    def action_row(self, by: int) -> None:
        self._row = (self._row + by) % len(_ROWS)
        self._typed = ""
        self._show()

    def action_change(self, by: int) -> None:
        draft, name = self.draft, _ROWS[self._row][0]
        one = 1 if by > 0 else -1
        match name:
            case "date":
                draft = draft.moved(by * DAY_US)
            case "time":
                draft = draft.moved((by if abs(by) == 1 else one) * (5 if abs(by) == 1 else 1) * MINUTE_US)
            case "repeat":
                known = REPEATS.index(draft.repeat)
                draft = draft.with_repeat(REPEATS[(known + one) % len(REPEATS)])
            case "days":
                self._day = (self._day + one) % 7
            case "every":
                draft = replace(draft, every=max(draft.every + by, 1))
            case "end":
                draft = self._other_end(draft, by)
            case "minutes":
                draft = replace(draft, minutes=max(draft.minutes + by * (5 if abs(by) == 1 else 1), 0))
            case "rerun":
                draft = replace(draft, rerun=not draft.rerun)
            case _:
                draft = replace(draft, skip_holidays=not draft.skip_holidays)
        self._take(draft)

    @staticmethod
    def _other_end(draft: Draft, by: int) -> Draft:
        """One step goes from kind to kind; a week's step moves the day, or the number, of the kind that is set."""
        if abs(by) == 1:
            return replace(draft, end=ENDS[(ENDS.index(draft.end) + by) % len(ENDS)])
        if draft.end == "until":
            return replace(draft, until=max(draft.until + by * DAY_US, draft.start))
        return replace(draft, count=max(draft.count + (1 if by > 0 else -1), 1))

    def action_turn(self) -> None:
        name = _ROWS[self._row][0]
        if name == "days" and self.draft.repeat == "WEEKLY":
            self._take(self.draft.toggled(DAYS[self._day]))
        elif name in ("rerun", "holidays", "repeat"):
            self.action_change(1)

    def on_key(self, event: events.Key) -> None:
        if event.character is None or not event.character.isdigit() or not event.character.isascii():
            return
        event.stop()
        name = _ROWS[self._row][0]
        if name == "time":
            self._typed = (self._typed + event.character)[-4:]
            if len(self._typed) == 4:
                self._set_time(int(self._typed[:2]), int(self._typed[2:]))
            else:
                self._show()
        elif name == "minutes":
            self._take(replace(self.draft, minutes=(self.draft.minutes * 10 + int(event.character)) % 1000))
        elif name == "end" and self.draft.end == "count":
            self._take(
                replace(self.draft, count=max((self.draft.count * 10 + int(event.character)) % 1000, 1))
            )

    def _set_time(self, hour: int, minute: int) -> None:
        self._typed = ""
        if hour < 24 and minute < 60:
            start = local(self.draft.start)
            by = ((hour - start.hour) * 60 + minute - start.minute) * MINUTE_US - start.second * 1_000_000
            self._take(replace(self.draft, start=self.draft.start + by - start.microsecond))
        else:
            self._show()

    def _take(self, draft: Draft) -> None:
        self.draft = draft
        self._show()
        # Asked a moment later: who holds a key down asks once.
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(_ASK_S, self._ask)

    def _show(self) -> None:
        # An answer may come while the editor is being closed: then nothing is there to be drawn.
        for text in self.query(Text):
            text.refresh(layout=True)

    def _ask(self) -> None:
        def told(result: Any) -> None:
            self._starts = tuple(int(at) for at in numbers_of(result, "starts"))
            self._error = None
            if self.is_mounted:
                self._show()

        def failed(error: TuxaError) -> None:
            self._error = error
            if self.is_mounted:
                self._show()

        params = {"channel": self._channel, "slot": self.draft.document()}
        self.console_app.request("schedule.occurrences", params, done=told, failed=failed)

    def action_hand_over(self) -> None:
        if self._error is None:
            self.dismiss(self.draft)
