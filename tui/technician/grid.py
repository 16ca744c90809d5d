"""The grid: days across, time down. A programme is carried with keys or the mouse and set down elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.lines import MUTED, cell, local
from tui.shared.strips import strip_of
from tui.technician.grid_cells import carried_cell, empty_cell, ground_of, programme_cell
from tui.technician.span import DAY_US, MINUTE_US, TICK_US, Carried, Programme, Span
from tui.technician.words import DAYS

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

STEPS = (60, 30, 15, 10, 5)
"""Minutes of a row."""
_TIMES = 6
"""Cells of the column with times."""
_HEAD = 1


class Grid(Widget, can_focus=True):
    """Draws a span. The cursor is a place in time; what lies there is chosen."""

    DEFAULT_CSS = """
    Grid { height: 1fr; width: 1fr; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", N_("Earlier"), show=False),
        Binding("down", "step(1)", N_("Later"), show=False),
        Binding("left", "day(-1)", N_("The day before"), show=False),
        Binding("right", "day(1)", N_("The day after"), show=False),
        Binding("shift+up", "minute(-1)", N_("One minute earlier"), show=False, id="grid.minute_up"),
        Binding("shift+down", "minute(1)", N_("One minute later"), show=False, id="grid.minute_down"),
        Binding("comma", "tick(-1)", N_("One tick (0.32 s) earlier"), show=False, id="grid.tick_up"),
        Binding("full_stop", "tick(1)", N_("One tick (0.32 s) later"), show=False, id="grid.tick_down"),
        Binding("left_square_bracket", "length(-1)", N_("Slot shorter"), show=False, id="grid.shorter"),
        Binding("right_square_bracket", "length(1)", N_("Slot longer"), show=False, id="grid.longer"),
        Binding("tab", "next(1)", N_("Next programme"), show=False),
        Binding("shift+tab", "next(-1)", N_("Previous programme"), show=False),
        Binding("plus,equals_sign", "zoom(1)", N_("Closer"), show=False, id="grid.closer"),
        Binding("minus", "zoom(-1)", N_("Farther"), show=False, id="grid.farther"),
    ]

    class Chosen(Message):
        """The cursor has moved, or what is carried has."""

    class Dropped(Message):
        """What was carried is set down."""

        def __init__(self, carried: Carried) -> None:
            super().__init__()
            self.carried = carried

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.span: Span | None = None
        self.days = 7
        self.cursor = 0
        """µs since 1970 UTC."""
        self.carried: Carried | None = None
        self.step_minutes = 0
        """Minutes of a row; 0 until the height is known."""
        self._top = 6 * 60
        """First minute of the day that is shown."""
        self._turn = 0
        self._dragged: tuple[int, int, bool] | None = None
        self._own: list[list[Programme]] = []

    # --- what is shown ----------------------------------------------------------------------------

    def show(self, span: Span) -> None:
        """Show another span, or the same in another state."""
        if not self.cursor or not span.since <= self.cursor < span.before:
            now = cast("ConsoleApp", self.app).now_us()
            self.cursor = now if span.since <= now < span.before else span.since + 8 * 60 * MINUTE_US
        self.span = span
        self._own = [span.on_day(day) for day in range(self.days)]
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Chosen())

    @property
    def chosen(self) -> Programme | None:
        """What lies at the cursor."""
        held = self._at_cursor()
        return held[self._turn % len(held)] if held else None

    @property
    def minutes(self) -> int:
        """Minutes of a row."""
        if self.step_minutes:
            return self.step_minutes
        rows = max(self.size.height - _HEAD, 1)
        return next((step for step in reversed(STEPS) if step * rows >= 13 * 60), STEPS[0])

    def _at_cursor(self) -> list[Programme]:
        if self.span is None:
            return []
        first = self._row_start(self.cursor)
        stop = first + self.minutes * MINUTE_US
        day = self._day_of(self.cursor)
        own = self._own[day] if 0 <= day < len(self._own) else []
        return [one for one in own if one.start < stop and one.end > first]

    def _day_of(self, micros: int) -> int:
        return (micros - self.span.since) // DAY_US if self.span else 0

    def _row_start(self, micros: int) -> int:
        if self.span is None:
            return micros
        midnight = self.span.since + self._day_of(micros) * DAY_US
        step = self.minutes * MINUTE_US
        return midnight + (micros - midnight) // step * step

    def _keep_in_view(self) -> None:
        if self.span is None:
            return
        rows = max(self.size.height - _HEAD, 1)
        minute = (self.cursor - self.span.since) % DAY_US // MINUTE_US
        step = self.minutes
        self._top -= self._top % step
        if minute < self._top:
            self._top = minute // step * step
        elif minute >= self._top + rows * step:
            self._top = (minute // step - rows + 1) * step
        self._top = max(min(self._top, 24 * 60 - rows * step), 0)

    def on_resize(self) -> None:
        self._keep_in_view()

    # --- drawing ----------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self.span is None:
            return Strip.blank(width, self.rich_style)
        content = self._heading(width) if y < _HEAD else self._row(y - _HEAD, width)
        return strip_of(self, content.truncate(width), width, self.visual_style)

    def _column(self, width: int) -> int:
        return max((width - _TIMES) // max(self.days, 1), 3)

    def _heading(self, width: int) -> Content:
        assert self.span is not None
        app = cast("ConsoleApp", self.app)
        today = self._day_of(app.now_us())
        size = self._column(width)
        parts: list[Content] = [cell("", _TIMES)]
        for day in range(self.days):
            moment = local(self.span.since + day * DAY_US)
            text = f"{app.words(DAYS[moment.weekday()])} {moment:%d/%m}"
            style = "bold $primary" if day == today else "bold"
            if day == self._day_of(self.cursor):
                style += " underline"
            parts.append(cell(Content.assemble(" ", (text, style)), size))
        return Content("").join(parts)

    def _row(self, row: int, width: int) -> Content:
        assert self.span is not None
        minute = self._top + row * self.minutes
        if minute >= 24 * 60:
            return Content("")
        app = cast("ConsoleApp", self.app)
        size = self._column(width)
        label = f"{minute // 60:02}:{minute % 60:02} "
        now = app.now_us()
        is_now = self.minutes > (now - self.span.since) % DAY_US // MINUTE_US - minute >= 0
        parts: list[Content] = [Content.styled(label, "bold $primary" if is_now else MUTED)]
        for day in range(self.days):
            first = self.span.since + day * DAY_US + minute * MINUTE_US
            parts.append(self._cell(day, first, size, now))
        return Content("").join(parts)

    def _cell(self, day: int, first: int, size: int, now: int) -> Content:
        stop = first + self.minutes * MINUTE_US
        at_cursor = first <= self.cursor < stop
        if self.carried is not None and (ghost := carried_cell(self.carried, first, stop, size)) is not None:
            return ghost
        held = [one for one in self._own[day] if one.start < stop and one.end > first]
        if not held:
            return empty_cell(size, is_now=first <= now < stop, at_cursor=at_cursor and self.has_focus)
        chosen = self.chosen if at_cursor else None
        one = chosen or held[0]
        begins = first <= one.start < stop
        return self._block(one, size, begins=begins, chosen=chosen is not None, more=len(held) - 1)

    def _block(self, one: Programme, size: int, *, begins: bool, chosen: bool, more: int) -> Content:
        style = f"on {ground_of(one)}"
        if chosen:
            style = "bold reverse" if self.has_focus else "bold underline on $primary 40%"
        elif self.carried and one.name == self.carried.programme.name:
            style = "on $foreground 10%"
        return programme_cell(one, size, begins=begins, style=style, more=more, with_time=self.days == 1)

    # --- the cursor -------------------------------------------------------------------------------

    def _move(self, by: int) -> None:
        if self.span is None:
            return
        if self.carried is not None:
            self._carry(self.carried.start + by)
            return
        to = self.cursor + by
        if self.span.since <= to < self.span.before:
            self.cursor, self._turn = to, 0
            self._after_move()

    def _after_move(self) -> None:
        self._keep_in_view()
        self.refresh()
        self.post_message(self.Chosen())

    def action_step(self, by: int) -> None:
        if self.carried is None:
            self.cursor = self._row_start(self.cursor)
        self._move(by * self.minutes * MINUTE_US)

    def action_day(self, by: int) -> None:
        self._move(by * DAY_US)

    def action_minute(self, by: int) -> None:
        self._move(by * MINUTE_US)

    def action_tick(self, by: int) -> None:
        if self.carried is not None:
            self._move(by * TICK_US)

    def action_zoom(self, by: int) -> None:
        at = STEPS.index(self.minutes) if self.minutes in STEPS else 1
        self.step_minutes = STEPS[min(max(at + by, 0), len(STEPS) - 1)]
        self._after_move()

    def action_next(self, by: int) -> None:
        """The next programme, wherever it lies."""
        if self.span is None or self.carried is not None:
            return
        held = self._at_cursor()
        if by > 0 and self._turn + 1 < len(held):
            self._turn += 1
        else:
            names = list(self.span.programmes)
            here = self.chosen
            if here is not None:
                at = names.index(here) + by
            else:
                later = [n for n, one in enumerate(names) if one.start > self.cursor]
                at = later[0] if by > 0 and later else (later[0] - 1 if later else len(names) - 1)
            if not 0 <= at < len(names):
                return
            self.go_to(names[at])
        self._after_move()

    def go_to(self, programme: Programme) -> None:
        """Put the cursor on a programme."""
        self.cursor = programme.start
        held = self._at_cursor()
        self._turn = held.index(programme) if programme in held else 0
        self._after_move()

    # --- carrying ---------------------------------------------------------------------------------

    def pick_up(self) -> bool:
        """Carry what is chosen; whether there is something that may be carried."""
        one = self.chosen
        if one is None or not one.slot or one.slot == "by-hand":
            return False
        self.carried = Carried(one, one.planned)
        self._after_move()
        return True

    def put_back(self) -> None:
        """Leave it where it was."""
        self.carried = None
        self._after_move()

    def set_down(self) -> None:
        """Leave what is carried where it is now."""
        carried, self.carried = self.carried, None
        self._after_move()
        if carried is not None and carried.has_moved:
            self.post_message(self.Dropped(carried))

    def action_length(self, by: int) -> None:
        if self.carried is None and not self.pick_up():
            return
        assert self.carried is not None
        one = self.carried.programme
        usual = -(-(one.end - one.start) // MINUTE_US)
        minutes = max((self.carried.minutes or usual) + by, 1)
        self.carried = replace(self.carried, minutes=minutes)
        self._after_move()

    def _carry(self, to: int) -> None:
        assert self.carried is not None
        assert self.span is not None
        self.carried = replace(self.carried, start=to)
        self.cursor = min(max(to, self.span.since), self.span.before - 1)
        self._after_move()

    # --- the mouse --------------------------------------------------------------------------------

    def _place(self, x: int, y: int) -> int | None:
        """The moment under a cell."""
        if self.span is None or y < _HEAD or x < _TIMES:
            return None
        day = min((x - _TIMES) // self._column(self.size.width), self.days - 1)
        minute = self._top + (y - _HEAD) * self.minutes
        return self.span.since + day * DAY_US + min(minute, 24 * 60 - 1) * MINUTE_US

    def on_mouse_down(self, event: events.MouseDown) -> None:
        place = self._place(event.x, event.y)
        if place is None or self.carried is not None:
            return
        self.focus()
        self.cursor, self._turn = place, 0
        self._after_move()
        one = self.chosen
        if one is not None:
            step = self.minutes * MINUTE_US
            is_edge = one.end - one.start > step and place + step >= one.end
            self._dragged = (place, one.planned, is_edge)
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        place = self._place(event.x, event.y)
        if self._dragged is None or place is None:
            return
        origin, planned, is_edge = self._dragged
        if self.carried is None and (place == origin or not self.pick_up()):
            return  # a click that trembles carries nothing
        assert self.carried is not None
        by = place - origin
        if is_edge:
            one = self.carried.programme
            minutes = max(-(-(one.end - one.start + by) // MINUTE_US), 1)
            self.carried = replace(self.carried, minutes=minutes)
            self._after_move()
        else:
            self._carry(planned + by)

    def on_mouse_up(self) -> None:
        self.release_mouse()
        self._dragged = None
        if self.carried is not None:
            self.set_down()
