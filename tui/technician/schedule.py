"""Section 2: the schedule of a channel by day or week, with what is wrong shown in its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.dialogs import Confirm, Picker, push
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, line, local, time_of_day
from tui.shared.section import Section
from tui.shared.values import dicts_of, int_of, text_of
from tui.technician.day import aired_reader, sheet_reader
from tui.technician.grid import Carried, Grid
from tui.technician.recurrence import Draft, draft_of
from tui.technician.slot_editor import SlotEditor
from tui.technician.slot_lines import chosen_lines, compiled_lines, preview_lines
from tui.technician.span import DAY_US, MINUTE_US, SlotInfo, read_slot, read_span
from tui.technician.words import DAYS, GATES

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole

_COURSE = "course:"


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
        self.undone: list[dict[str, Any]] = []
        """Changes of this console, newest last, as what would take them back."""
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
        carried = message.carried
        self._with_slot(carried.programme.slot, lambda slot: self._move(carried, slot))

    def _move(self, carried: Carried, slot: SlotInfo) -> None:
        move: dict[str, Any] = {
            "slot": slot.slot,
            "from": carried.programme.planned,
            "to": carried.start,
            "minutes": slot.minutes if carried.minutes is None else carried.minutes,
        }
        if not slot.rule:
            self._preview({"move": move}, N_("Move"))
            return
        if carried.minutes is not None:
            self._preview({"move": {**move, "whole": True}}, N_("Move"))
            return
        words = self.technician.words
        items = [
            ("one", words(N_("only this occurrence")), ""),
            ("whole", words(N_("the whole slot")), slot.rule),
        ]
        picker = Picker(lambda: words(N_("Move")), items)
        push(
            self,
            picker,
            lambda which: self._preview({"move": {**move, "whole": which == "whole"}}, N_("Move")),
        )

    def _with_slot(self, ident: str, then: Any) -> None:
        def show(result: Any) -> None:
            slots = [read_slot(one) for one in dicts_of(result, "slots")]
            found = next((slot for slot in slots if slot.slot == ident), None)
            if found is None:
                self.technician.say(N_("That slot is not in the schedule any more."))
                self.refresh_state()
            else:
                then(found)

        params = {"channel": self.technician.state.chosen}
        self.technician.request("schedule.slots", params, done=show, label=N_("reading"), opens=True)

    # --- changing ---------------------------------------------------------------------------------

    def _preview(self, change: dict[str, Any], title: str) -> None:
        """Ask what a change would find, show it, and make it when it is confirmed."""
        app = self.technician
        params = {**self.asked(), **change}

        def show(result: Any) -> None:
            danger = any(text_of(one, "severity") == "error" for one in dicts_of(result, "new"))
            confirm = Confirm(
                lambda: f"{app.words(title)} · {app.state.chosen}",
                partial(preview_lines, app, result),
                danger=danger,
            )
            push(self, confirm, lambda _yes: self._change(change))

        app.request(
            "schedule.preview",
            params,
            done=show,
            within_s=30.0,
            label=N_("working out the effect"),
            opens=True,
        )

    def _change(self, change: dict[str, Any], *, remember: bool = True) -> None:
        app = self.technician
        channel = app.state.chosen

        def done(result: Any) -> None:
            back = {
                "channel": channel,
                "remove": [text_of(one, "slot") for one in dicts_of(result, "added")],
                "add": dicts_of(result, "removed"),
            }
            if remember:
                self.undone.append(back)
            app.say(N_("Changed. Compile (C) to put it on the air; U takes it back."))
            self.refresh_state()

        app.order("schedule.change", {"channel": channel, **change}, done=done, label=N_("changing"))

    def action_undo(self) -> None:
        channel = self.technician.state.chosen
        back = next((one for one in reversed(self.undone) if one["channel"] == channel), None)
        if back is None:
            self.technician.say(N_("There is no change of this console to take back."))
            return
        self.undone.remove(back)
        self._change({"remove": back["remove"], "add": back["add"]}, remember=False)

    def action_skip(self) -> None:
        one = self.grid.chosen
        if one is None or not one.slot:
            return

        def ask(slot: SlotInfo) -> None:
            words = self.technician.words
            if not slot.rule:
                self._preview({"remove": [slot.slot]}, N_("Take out"))
                return
            items = [
                ("one", words(N_("only this occurrence")), ""),
                ("whole", words(N_("the whole slot")), slot.rule),
            ]
            chosen = one

            def then(which: str) -> None:
                if which == "whole":
                    self._preview({"remove": [slot.slot]}, N_("Take out"))
                else:
                    self._preview({"skip": {"slot": slot.slot, "from": chosen.planned}}, N_("Take out"))

            push(self, Picker(lambda: words(N_("Take out")), items), then)

        self._with_slot(one.slot, ask)

    def action_edit(self) -> None:
        one = self.grid.chosen
        if one is not None and one.slot:
            self._with_slot(one.slot, self._edit)

    def _edit(self, slot: SlotInfo) -> None:
        names = ", ".join(slot.materials) or slot.course
        editor = SlotEditor(
            lambda: f"{self.words(N_('Edit'))} · {names}", self.technician.state.chosen, draft_of(slot)
        )

        def done(draft: Draft) -> None:
            self._preview({"remove": [slot.slot], "add": [draft.document()]}, N_("Edit"))

        push(self, editor, done)

    def action_new(self) -> None:
        """A new slot at the cursor: what, then when."""
        app = self.technician
        channel, at = app.state.chosen, self.grid.cursor

        def show(result: Any) -> None:
            materials = dicts_of(result, "materials")
            courses = dict.fromkeys(text_of(one, "course") for one in materials if text_of(one, "course"))
            items = [
                (_COURSE + course, app.words(N_("All lessons of {course}, in order"), course=course), "▤")
                for course in courses
            ]
            items += [
                (
                    text_of(one, "material"),
                    f"{text_of(one, 'title')}  {text_of(one, 'course')} {int_of(one, 'unit')}",
                    app.words(GATES.get(text_of(one, "gate"), "")) or text_of(one, "material"),
                )
                for one in materials
            ]
            title = partial(app.words, N_("New slot"))
            push(self, Picker(title, items), lambda name: self._when(channel, name, at))

        app.request("schedule.materials", {"channel": channel}, done=show, label=N_("reading"), opens=True)

    def _when(self, channel: str, name: str, at: int) -> None:
        rest: dict[str, Any] = {"materials": [name]}
        if name.startswith(_COURSE):
            rest = {"materials": [], "course": name.removeprefix(_COURSE), "whole_course": True}
        # What is settled already cannot be changed any more: a slot that is to begin at once begins behind it.
        frozen = self.grid.span.frozen if self.grid.span else 0
        first = max(at, frozen) if at > self.technician.now_us() - 60 * MINUTE_US else at
        start = -(-first // (5 * MINUTE_US)) * 5 * MINUTE_US
        draft = replace(Draft(start, rest=rest).with_repeat("WEEKLY"), end="never")
        title = name.removeprefix(_COURSE)
        editor = SlotEditor(lambda: f"{self.words(N_('New slot'))} · {title}", channel, draft)
        push(self, editor, lambda made: self._preview({"add": [made.document()]}, N_("New slot")))

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

    def action_makegoods(self) -> None:
        app = self.technician

        def show(result: Any) -> None:
            found = [
                one for one in dicts_of(result, "makegoods") if text_of(one, "channel") == app.state.chosen
            ]
            if not found:
                app.say(N_("Everything that was planned has aired."))
                return
            items = []
            for one in found:
                start = int_of(one, "start_us")
                when = f"→ {local(start):%d/%m %H:%M}" if start else app.words(N_("no free time"))
                planned = int_of(one, "planned_us")
                text = f"{local(planned):%d/%m} {time_of_day(planned)} {text_of(one, 'material')}"
                items.append((text_of(one, "airing"), text, when))
            by_id = {text_of(one, "airing"): one for one in found}
            push(
                self,
                Picker(partial(app.words, N_("Make-goods")), items),
                lambda ident: self._make_good(by_id[ident]),
            )

        app.request("schedule.makegoods", done=show, within_s=30.0, label=N_("reading"), opens=True)

    def _make_good(self, document: dict[str, Any]) -> None:
        start = int_of(document, "start_us")
        if not start:
            self.technician.say(N_("No free time was found; compile further ahead."))
            return
        slot = {
            "start": start,
            "materials": [text_of(document, "material")],
            "makes_good": text_of(document, "airing"),
        }
        self._preview({"add": [slot]}, N_("Make-good"))

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
