"""Changes of slots: each shows what it would find before it is made, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from delivery.errors import N_
from tui.shared.dialogs import Confirm, Picker, push
from tui.shared.lines import local, time_of_day
from tui.shared.values import dicts_of, int_of, text_of
from tui.technician.recurrence import Draft, draft_of
from tui.technician.slot_editor import SlotEditor
from tui.technician.slot_lines import preview_lines
from tui.technician.span import MINUTE_US, Carried, SlotInfo, read_slot
from tui.technician.words import GATES

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole
    from tui.technician.schedule import ScheduleSection

_COURSE = "course:"
_ROUND_US = 5 * MINUTE_US
"""A new slot begins at a full five minutes, until somebody says otherwise."""


class SlotDesk:
    """From the key to the confirmed command."""

    def __init__(self, section: ScheduleSection) -> None:
        self._section = section
        self._undone: list[dict[str, Any]] = []
        """Changes of this console, newest last, as what would take them back."""

    @property
    def _app(self) -> TechnicianConsole:
        return self._section.technician

    # --- from a programme to its slot -------------------------------------------------------------

    def move(self, carried: Carried) -> None:
        """What was carried is set down: ask of which occurrences that is meant."""

        def ask(slot: SlotInfo) -> None:
            change = {
                "slot": slot.slot,
                "from": carried.programme.planned,
                "to": carried.start,
                "minutes": slot.minutes if carried.minutes is None else carried.minutes,
            }

            def then(*, whole: bool) -> None:
                self._preview({"move": {**change, "whole": whole}}, N_("Move"))

            if slot.rule and carried.minutes is not None:
                then(whole=True)
            else:
                self._which(slot, N_("Move"), then)

        self._with_slot(carried.programme.slot, ask)

    def take_out(self) -> None:
        """Take the chosen programme's slot out of the schedule, or one occurrence of it."""
        chosen = self._section.grid.chosen
        if chosen is None or not chosen.slot:
            return
        planned = chosen.planned

        def ask(slot: SlotInfo) -> None:
            def then(*, whole: bool) -> None:
                change = {"remove": [slot.slot]} if whole else {"skip": {"slot": slot.slot, "from": planned}}
                self._preview(change, N_("Take out"))

            self._which(slot, N_("Take out"), then, alone=True)

        self._with_slot(chosen.slot, ask)

    def edit(self) -> None:
        """Write the chosen programme's slot anew."""
        chosen = self._section.grid.chosen
        if chosen is not None and chosen.slot:
            self._with_slot(chosen.slot, self._edit)

    def _edit(self, slot: SlotInfo) -> None:
        app, names = self._app, ", ".join(slot.materials) or slot.course
        editor = SlotEditor(lambda: f"{app.words(N_('Edit'))} · {names}", app.state.chosen, draft_of(slot))

        def done(draft: Draft) -> None:
            self._preview({"remove": [slot.slot], "add": [draft.document()]}, N_("Edit"))

        push(self._section, editor, done)

    def _which(self, slot: SlotInfo, title: str, then: Callable[..., None], *, alone: bool = False) -> None:
        """Of a slot that recurs, ask whether one occurrence is meant or the whole; `alone` is what is meant of one that
        does not."""
        words = self._app.words
        if not slot.rule:
            then(whole=alone)
            return
        items = [
            ("one", words(N_("only this occurrence")), ""),
            ("whole", words(N_("the whole slot")), slot.rule),
        ]
        push(self._section, Picker(partial(words, title), items), lambda which: then(whole=which == "whole"))

    def _with_slot(self, ident: str, then: Callable[[SlotInfo], None]) -> None:
        app = self._app

        def show(result: Any) -> None:
            slots = [read_slot(one) for one in dicts_of(result, "slots")]
            found = next((slot for slot in slots if slot.slot == ident), None)
            if found is None:
                app.say(N_("That slot is not in the schedule any more."))
                self._section.refresh_state()
            else:
                then(found)

        params = {"channel": app.state.chosen}
        app.request("schedule.slots", params, done=show, label=N_("reading"), opens=True)

    # --- what comes anew --------------------------------------------------------------------------

    def new(self) -> None:
        """A new slot at the cursor: what, then when."""
        app = self._app
        channel, at = app.state.chosen, self._section.grid.cursor

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
            push(self._section, Picker(title, items), lambda name: self._when(channel, name, at))

        app.request("schedule.materials", {"channel": channel}, done=show, label=N_("reading"), opens=True)

    def _when(self, channel: str, name: str, at: int) -> None:
        app, span = self._app, self._section.grid.span
        rest: dict[str, Any] = {"materials": [name]}
        if name.startswith(_COURSE):
            rest = {"materials": [], "course": name.removeprefix(_COURSE), "whole_course": True}
        # What is settled already cannot be changed any more: a slot that is to begin at once begins behind it.
        frozen = span.frozen if span else 0
        first = max(at, frozen) if at > app.now_us() - 60 * MINUTE_US else at
        start = -(-first // _ROUND_US) * _ROUND_US
        draft = replace(Draft(start, rest=rest).with_repeat("WEEKLY"), end="never")
        title = name.removeprefix(_COURSE)
        editor = SlotEditor(lambda: f"{app.words(N_('New slot'))} · {title}", channel, draft)
        push(self._section, editor, lambda made: self._preview({"add": [made.document()]}, N_("New slot")))

    def make_goods(self) -> None:
        """What did not air whole, each with a free time."""
        app = self._app

        def show(result: Any) -> None:
            found = {
                text_of(one, "airing"): one
                for one in dicts_of(result, "makegoods")
                if text_of(one, "channel") == app.state.chosen
            }
            if not found:
                app.say(N_("Everything that was planned has aired."))
                return
            items = []
            for airing, one in found.items():
                start, planned = int_of(one, "start_us"), int_of(one, "planned_us")
                when = f"→ {local(start):%d/%m %H:%M}" if start else app.words(N_("no free time"))
                text = f"{local(planned):%d/%m} {time_of_day(planned)} {text_of(one, 'material')}"
                items.append((airing, text, when))
            picker = Picker(partial(app.words, N_("Make-goods")), items)
            push(self._section, picker, lambda airing: self._make_good(found[airing]))

        app.request("schedule.makegoods", done=show, within_s=30.0, label=N_("reading"), opens=True)

    def _make_good(self, document: dict[str, Any]) -> None:
        start = int_of(document, "start_us")
        if not start:
            self._app.say(N_("No free time was found; compile further ahead."))
            return
        slot = {
            "start": start,
            "materials": [text_of(document, "material")],
            "makes_good": text_of(document, "airing"),
        }
        self._preview({"add": [slot]}, N_("Make-good"))

    # --- making it --------------------------------------------------------------------------------

    def _preview(self, change: dict[str, Any], title: str) -> None:
        """Ask what a change would find, show it, and make it when it is confirmed."""
        app = self._app

        def show(result: Any) -> None:
            danger = any(text_of(one, "severity") == "error" for one in dicts_of(result, "new"))
            confirm = Confirm(
                lambda: f"{app.words(title)} · {app.state.chosen}",
                partial(preview_lines, app, result),
                danger=danger,
            )
            push(self._section, confirm, lambda _yes: self._change(change))

        app.request(
            "schedule.preview",
            {**self._section.asked(), **change},
            done=show,
            within_s=30.0,
            label=N_("working out the effect"),
            opens=True,
        )

    def _change(self, change: dict[str, Any], *, remember: bool = True) -> None:
        app = self._app
        channel = app.state.chosen

        def done(result: Any) -> None:
            back = {
                "channel": channel,
                "remove": [text_of(one, "slot") for one in dicts_of(result, "added")],
                "add": dicts_of(result, "removed"),
            }
            if remember:
                self._undone.append(back)
            app.say(N_("Changed. Compile (C) to put it on the air; U takes it back."))
            self._section.refresh_state()

        app.order("schedule.change", {"channel": channel, **change}, done=done, label=N_("changing"))

    def undo(self) -> None:
        """Take back this console's last change of the channel."""
        channel = self._app.state.chosen
        back = next((one for one in reversed(self._undone) if one["channel"] == channel), None)
        if back is None:
            self._app.say(N_("There is no change of this console to take back."))
            return
        self._undone.remove(back)
        self._change({"remove": back["remove"], "add": back["add"]}, remember=False)
