"""Section 2: the schedule of a channel by day or week, with what is wrong shown in its place."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.dialogs import Confirm, Picker, push
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, line, local
from tui.shared.section import Section
from tui.technician.day import aired_reader, sheet_reader
from tui.technician.grid import Grid
from tui.technician.slot_desk import SlotDesk
from tui.technician.slot_lines import chosen_lines, compiled_lines
from tui.technician.span import DAY_US, read_span
from tui.technician.words import DAYS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole


class ScheduleSection(Section):
    """The grid, and below it what lies under its cursor."""

    DEFAULT_CSS = """
    ScheduleSection #where { height: 1; background: $surface; padding: 0 1; }
    ScheduleSection #under { height: 5; background: $surface; padding: 0 1; }
    ScheduleSection.-wide #under { height: 8; }
    ScheduleSection.-stale Grid { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", N_("New"), id="schedule.new"),
        Binding("m", "carry", N_("Move"), id="schedule.move"),
        Binding("r", "edit", N_("Edit"), id="schedule.edit"),
        Binding("x", "skip", N_("Take out"), id="schedule.skip"),
        Binding("c", "compile", N_("Compile"), id="schedule.compile"),
        Binding("a", "aired", N_("As-run"), id="schedule.aired"),
        Binding("g", "makegoods", N_("Make-goods"), id="schedule.makegoods"),
        Binding("d", "sheet", N_("Sheet"), id="schedule.sheet"),
        Binding("w", "span", N_("Day/week"), id="schedule.span"),
        Binding("k", "channel", N_("Channel"), id="schedule.channel"),
        Binding("u", "undo", N_("Undo"), id="schedule.undo"),
        Binding("pageup", "turn(-1)", N_("Earlier week"), show=False, id="schedule.earlier"),
        Binding("pagedown", "turn(1)", N_("Later week"), show=False, id="schedule.later"),
        Binding("t", "today", N_("Today"), show=False, id="schedule.today"),
        Binding("enter", "enter", N_("Set down"), show=False, id="schedule.enter"),
        Binding("escape", "escape", N_("Put back"), show=False),
    ]
    AUTO_FOCUS = "#grid"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Schedule")),
        ("✗ !", N_("it does not air as planned, or somebody should look; the reason stands below")),
        ("✓ ◐ ✗", N_("it aired whole, in part, or not at all")),
        ("↻", N_("a rerun")),
        ("⇕", N_("what is being moved: arrows, Shift+arrows a minute, , and . a tick, [ and ] the length")),
        ("┄", N_("the present moment")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.days = 7
        self.monday = 0
        """First midnight that is shown, µs; 0 for the one of now."""
        self.desk = SlotDesk(self)
        self._shown_of = ""

    def body(self) -> Iterable[Widget]:
        yield Text(self._where, id="where")
        yield Grid(id="grid")
        yield Text(self._under, id="under")

    @property
    def technician(self) -> TechnicianConsole:
        return cast("TechnicianConsole", self.app)

    @property
    def grid(self) -> Grid:
        return self.query_one(Grid)

    def on_mount(self) -> None:
        self.grid.focus()

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.technician.is_live, "-stale")
        if self._shown_of != self.technician.state.chosen:
            self.refresh_state()
        super().changed()

    def each_second(self) -> None:
        super().each_second()
        if self.technician.now_us() // 1_000_000 % 60 == 0:
            self.grid.refresh()

    # --- asking -----------------------------------------------------------------------------------

    def _first(self) -> int:
        """The midnight with which the span begins."""
        if self.monday:
            return self.monday
        now = self.technician.now_us()
        moment = local(now)
        midnight = (
            now - ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000 - moment.microsecond
        )
        return midnight - (moment.weekday() * DAY_US if self.days == 7 else 0)

    def asked(self) -> dict[str, Any]:
        """What span the station is asked for."""
        return {"channel": self.technician.state.chosen, "since": self._first(), "days": self.days}

    def refresh_state(self) -> None:
        channel = self.technician.state.chosen
        if not channel or not self.is_mounted or self.technician.requests.is_open("schedule.span"):
            return
        asked = self.asked()

        def show(result: Any) -> None:
            self._shown_of = channel
            if self.grid.carried is None and asked == self.asked():
                self.grid.days = self.days
                self.grid.show(read_span(result))
                self._redraw()

        self.technician.request("schedule.span", asked, done=show, within_s=20.0)

    def told(self, group: str, data: Any) -> None:
        if group in ("schedule", "asrun"):
            self.refresh_state()

    def _redraw(self) -> None:
        self.query_one("#where", Text).redraw()
        self.query_one("#under", Text).redraw()

    @on(Grid.Chosen)
    def _chosen(self) -> None:
        self._redraw()

    # --- drawing ----------------------------------------------------------------------------------

    def _where(self, width: int) -> list[Content]:
        app, span = self.technician, self.grid.span
        channel = app.state.channel()
        first = local(self._first())
        left = Content.assemble(
            (channel.code if channel else "–", "bold"),
            f"  {channel.name}" if channel and width > 70 else "",
            (f"  {app.words(DAYS[first.weekday()])} {first:%d/%m/%Y}", "bold $primary"),
        )
        if span is None:
            return [line(left, Content.styled(app.words(N_("reading")), MUTED), width)]
        errors = sum(one.severity == "error" for one in span.findings)
        warnings = sum(one.severity == "warning" for one in span.findings)
        right = Content.assemble(
            (f"✗ {errors}  ", "bold $error" if errors else MUTED),
            (f"! {warnings}  ", "bold $warning" if warnings else MUTED),
            (app.words(N_("{minutes} min a row"), minutes=self.grid.minutes), MUTED),
        )
        return [line(left, right, width)]

    def _under(self, width: int) -> list[Content]:
        return chosen_lines(self.technician, self.grid, width)

    # --- moving -----------------------------------------------------------------------------------

    def action_carry(self) -> None:
        if self.grid.carried is not None:
            self.grid.set_down()
        elif not self.grid.pick_up():
            self.technician.say(N_("Nothing here can be moved."))

    def action_enter(self) -> None:
        if self.grid.carried is not None:
            self.grid.set_down()
        elif self.grid.chosen is not None:
            self.action_edit()
        else:
            self.action_new()

    def action_escape(self) -> None:
        if self.grid.carried is not None:
            self.grid.put_back()
        else:
            self.technician.action_leave()

    @on(Grid.Dropped)
    def _dropped(self, message: Grid.Dropped) -> None:
        self.desk.move(message.carried)

    # --- changing ---------------------------------------------------------------------------------

    def action_new(self) -> None:
        self.desk.new()

    def action_edit(self) -> None:
        self.desk.edit()

    def action_skip(self) -> None:
        self.desk.take_out()

    def action_undo(self) -> None:
        self.desk.undo()

    def action_makegoods(self) -> None:
        self.desk.make_goods()

    # --- compile, sheets, as-run ------------------------------------------------------------------

    def action_compile(self) -> None:
        app = self.technician
        channel = app.state.chosen

        def show(result: Any) -> None:
            push(
                self,
                Confirm(
                    lambda: app.words(N_("Compiled")), partial(compiled_lines, app, result), yes=N_("Good")
                ),
                lambda _yes: None,
            )
            self.refresh_state()

        app.order(
            "schedule.compile",
            {"channel": channel},
            done=show,
            within_s=120.0,
            label=N_("compiling"),
            opens=True,
        )

    def action_sheet(self) -> None:
        span = self.grid.span
        if span is not None:
            day = (self.grid.cursor - span.since) // DAY_US
            push(self, sheet_reader(self.technician, span, day), lambda _none: None)

    def action_aired(self) -> None:
        span = self.grid.span
        if span is not None:
            self.technician.push_screen(aired_reader(self.technician, span))

    # --- where ------------------------------------------------------------------------------------

    def action_span(self) -> None:
        cursor = self.grid.cursor
        self.days = 1 if self.days == 7 else 7
        moment = local(cursor)
        midnight = cursor - ((moment.hour * 60 + moment.minute) * 60 + moment.second) * 1_000_000
        midnight -= moment.microsecond
        self.monday = midnight if self.days == 1 else midnight - moment.weekday() * DAY_US
        self.grid.step_minutes = 0
        self._again()

    def action_turn(self, by: int) -> None:
        self.monday = self._first() + by * self.days * DAY_US
        self.grid.cursor += by * self.days * DAY_US
        self._again()

    def action_today(self) -> None:
        self.monday, self.grid.cursor = 0, self.technician.now_us()
        self._again()

    def action_channel(self) -> None:
        channels = self.technician.state.channels
        items = [(one.code, f"{one.code}  {one.name}", one.kind) for one in channels]

        def chosen(code: str) -> None:
            self.technician.state.chosen = code
            self._again()

        push(self, Picker(partial(self.technician.words, N_("Channel")), items), chosen)

    def _again(self) -> None:
        self.grid.put_back()
        self.refresh_state()
        self._redraw()
