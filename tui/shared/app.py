"""What every console is: sections under numbers, the station, two languages, themes, keys, work that never blocks."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.driver import Driver
from textual.screen import Screen

from delivery.clock import Clock, to_micros
from delivery.errors import N_, TuxaError
from delivery.i18n import Translator
from delivery.network.bus.client import Link
from delivery.network.bus.station import Station
from tui.shared.drawn import Header
from tui.shared.feed import listen
from tui.shared.keys import Choices, bindings_of
from tui.shared.listing import Listing
from tui.shared.messages import EventTold, LinkMoved, StateUnclear, WorkDone, WorkFailed
from tui.shared.painted import sparing
from tui.shared.requests import Done, Failed, Requests
from tui.shared.section import Section
from tui.shared.themes import DARK, LIGHT, THEMES
from tui.shared.typedahead import TypedAhead
from tui.shared.values import Alert

REFRESH_S = 5.0
"""Everything is asked for again this often, beside what events tell."""
_TICK_S = 0.2
_SHOW_BUSY_S = 0.3


class ConsoleApp(App[None]):
    """Base of the technician's and the clerk's console."""

    SECTIONS: ClassVar[tuple[tuple[str, str], ...]] = ()
    """(name of the mode, title) of each section, in the order of their numbers. MODES names their classes."""
    PARTS: ClassVar[tuple[type[Any], ...]] = ()
    """Screens and widgets whose keys may be chosen in the keys file."""

    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", N_("Help"), key_display="F1", id="app.help"),
        Binding("ctrl+r", "ask", N_("Refresh"), show=False, id="app.refresh"),
        # Named in the language one changes to.
        Binding("ctrl+l", "language", N_("Tiếng Việt"), show=False, id="app.language"),
        Binding("ctrl+t", "theme", N_("Colours"), show=False, id="app.theme"),
        Binding("escape", "leave", N_("Stop waiting"), show=False, id="app.leave"),
        Binding("ctrl+p", "command_palette", N_("Commands"), show=False, priority=True, id="app.commands"),
        Binding("ctrl+q", "quit", N_("Quit"), show=False, priority=True, id="app.quit"),
    ]

    def __init__(
        self,
        station: Station,
        *,
        clock: Clock,
        words: Translator,
        actor: str,
        choices: Choices | None = None,
        now_us: Callable[[], int] | None = None,
    ) -> None:
        """`actor` is whom the console's key stands for. `now_us` replaces the station's time where pictures must repeat
        themselves."""
        super().__init__()
        chosen = choices or Choices()
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = chosen.theme or DARK.name
        self.set_keymap(chosen.keys)
        self.station = station
        self.words = Translator("en" if chosen.language == "en" else "vi") if chosen.language else words
        self.link = Link.CONNECTING
        self.ahead_us: int | None = None
        """How far the station's clock is ahead of this machine's; None until it was asked."""
        self.told_at_us: int | None = None
        """Station's time of the newest state on the screen; None before the first."""
        self.crash: Exception | None = None
        """What this console died of."""
        self._clock = clock
        self._fixed_now = now_us
        self._second = 0
        self._is_stale = False
        self._complaints: dict[str, str] = {}
        self._typed = TypedAhead(self, super().on_event)
        self.requests = Requests(
            station, actor=actor, clock=clock, post=self.post_message, start=self._start_thread
        )

    # --- what a console adds ----------------------------------------------------------------------

    def refresh_state(self) -> None:
        """Ask the station for what the screens show. Called when the link comes up, and every few seconds."""

    def take(self, topic: str, data: Any) -> bool:
        """Take what the station told into the state; False where it must be asked for again."""
        return True

    def alerts(self) -> tuple[Alert, ...]:
        """Alarms that every section shows on top."""
        return ()

    # --- time -------------------------------------------------------------------------------------

    def now_us(self) -> int:
        """The station's time, as well as it is known here."""
        if self._fixed_now:
            return self._fixed_now()
        return to_micros(self._clock.now()) + (self.ahead_us or 0)

    def note_time(self, station_us: int, asked_us: int, answered_us: int) -> None:
        """The station read its clock about half-way between question and answer (µs of this machine's clock)."""
        self.told_at_us = station_us
        self.ahead_us = 0 if self._fixed_now else station_us - (asked_us + answered_us) // 2

    def local_us(self) -> int:
        """This machine's own time."""
        return to_micros(self._clock.now())

    # --- life -------------------------------------------------------------------------------------

    def get_driver_class(self) -> type[Driver]:
        usual = super().get_driver_class()
        # On Windows what is painted goes out in parts that do not end with a row.
        return usual if sys.platform == "win32" else sparing(usual)

    def _paint_anew(self) -> None:
        """Send everything at the next paint: the terminal may show something else by now."""
        painted = getattr(self._driver, "painted", None)
        if painted is not None:
            painted.forget()

    def on_ready(self) -> None:
        # Not on mount: what the bus tells must find every widget in its place.
        self.station.open()
        self.run_worker(partial(listen, self.station, self.post_message), thread=True, group="events")
        self.set_interval(REFRESH_S, self._ask_again)
        self.set_interval(_TICK_S, self._tick)
        self._follow_signals()

    def on_unmount(self) -> None:
        self.station.close()

    def _follow_signals(self) -> None:
        """A terminal that is closed, and a polite kill, end the console in good order."""
        import asyncio

        for name in ("SIGTERM", "SIGHUP"):
            # Not in tests, which run beside other threads, and not on systems without it.
            with suppress(NotImplementedError, AttributeError, RuntimeError, ValueError):
                asyncio.get_running_loop().add_signal_handler(getattr(signal, name), self.exit)

    def _handle_exception(self, error: Exception) -> None:
        # The terminal is given back first; the command line writes the log file, names it, and ends with code 3.
        self.crash = self.crash or error
        self._return_code = 3
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def _tick(self) -> None:
        second = self.now_us() // 1_000_000
        section = self.section
        if section is None:
            return
        if self._is_stale:
            self._is_stale = False
            section.changed()
        if second != self._second:
            self._second = second
            section.each_second()

    @property
    def section(self) -> Section | None:
        """The section of the moment, below any dialog; none once the console ends and its screens are taken down."""
        if not self.is_running:
            return None
        bottom = self.screen_stack[0] if self.screen_stack else None
        return bottom if isinstance(bottom, Section) else None

    def state_changed(self) -> None:
        """Draw what has changed, soon; many changes are drawn at once."""
        self._is_stale = True

    def state_changed_now(self) -> None:
        """Draw what has changed: somebody waits for it."""
        self._is_stale = False
        if self.section is not None:
            self.section.changed()

    # --- the station ------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        done: Done,
        failed: Failed | None = None,
        command: bool = False,
        within_s: float = 10.0,
        label: str = "",
        opens: bool = False,
    ) -> None:
        """Ask the station, or give it a command. With `label` (a message id) the person sees that it lasts, and may
        stop waiting with Escape. `opens`: a dialog comes with the answer, and what is typed meanwhile is meant for it.
        """
        said = self.words(label) if label else ""
        if opens:
            self._typed.expect_dialog()
            done, failed = self._then_type_on(done), self._else_type_on(failed)
        self.requests.send(
            method, params, done, failed=failed, command=command, within_s=within_s, label=said
        )
        if label:
            self.set_timer(_SHOW_BUSY_S + 0.05, self.refresh_header)

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.Resize):
            self._paint_anew()
        # A key that nobody took comes back here as forwarded.
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._typed.typed(event)
        else:
            await super().on_event(event)

    def _then_type_on(self, done: Done) -> Done:
        def and_on(result: Any) -> None:
            done(result)
            self._typed.dialog_came()

        return and_on

    def _else_type_on(self, failed: Failed | None) -> Failed:
        def and_on(error: TuxaError) -> None:
            # What was meant for a dialog must not reach the section below.
            self._typed.forget()
            (failed or self.tell)(error)

        return and_on

    def _start_thread(self, work: Callable[[], None], group: str) -> None:
        self.run_worker(work, thread=True, group=group, exit_on_error=True)

    def busy_with(self) -> str:
        """What the person waits for and how long already; empty for nothing."""
        shown = self.requests.shown()
        if shown is None:
            return ""
        waited = self._clock.monotonic() - shown.since
        if waited < _SHOW_BUSY_S:
            return ""
        return f"{shown.label} {waited:.0f} s · Esc"

    def on_work_done(self, message: WorkDone) -> None:
        asked = self.requests.finish(message.number)
        if asked is not None:
            self._complaints.pop(asked.method, None)
            message.done(message.result)
            self.refresh_header()

    def on_work_failed(self, message: WorkFailed) -> None:
        asked = self.requests.finish(message.number)
        if asked is None:
            return
        self.refresh_header()
        if message.failed:
            message.failed(message.error)
        elif asked.label or (
            not message.quiet and self._complaints.get(asked.method) != message.error.what.msgid
        ):
            # What is asked for every few seconds is not refused every few seconds.
            self._complaints[asked.method] = message.error.what.msgid
            self.tell(message.error)

    def on_link_moved(self, message: LinkMoved) -> None:
        self.link = message.link
        if message.link in (Link.UP, Link.ALONE):
            self.refresh_state()
        self.state_changed_now()

    def on_event_told(self, message: EventTold) -> None:
        if not self.take(message.topic, message.data):
            self.refresh_state()
        self.state_changed()

    def on_state_unclear(self, _message: StateUnclear) -> None:
        self.refresh_state()

    def _ask_again(self) -> None:
        if self.link in (Link.UP, Link.ALONE):
            self.refresh_state()

    # --- what a person asks for -------------------------------------------------------------------

    def action_ask(self) -> None:
        """Ask the station for everything again, and paint it all: another program may have written to the terminal."""
        self.refresh_state()
        self._paint_anew()
        self.screen.refresh(layout=True)

    def action_leave(self) -> None:
        """Stop waiting for an answer."""
        self._typed.forget()
        if self.requests.leave():
            self.notify(self.words(N_("No longer waited for; the station may still carry it out.")))

    async def action_section(self, name: str) -> None:
        """Go to a section."""
        if name != self.current_mode and len(self.screen_stack) == 1:
            await self.switch_mode(name)
            self.state_changed_now()

    def action_language(self) -> None:
        """Change between Vietnamese and English."""
        self.words = Translator("en" if self.words.language == "vi" else "vi")
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children()):
                widget.refresh(layout=True)
                if isinstance(widget, Listing):
                    widget.redraw()
            screen.refresh_bindings()
        self.state_changed_now()

    def action_theme(self) -> None:
        """The next set of colours."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)] if self.theme in names else LIGHT.name
        self.state_changed_now()

    def action_help(self) -> None:
        from tui.shared.help import HelpScreen

        section = self.section
        if section is not None and not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(section.GUIDE, section))

    def action_help_quit(self) -> None:
        """Ctrl+C ends nothing: whoever presses it is told how a console is left."""
        for active in self.active_bindings.values():
            if active.binding.action == "quit":
                key = self.get_key_display(active.binding)
                self.say(N_("{key} leaves this console; the station goes on."), key=key)
                return

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.words(N_("Search for a command…"))))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        words = self.words
        for name, title in self.SECTIONS:
            yield SystemCommand(words(title), words(N_("Go there")), partial(self.action_section, name))
        if isinstance(screen, Section):
            for binding in bindings_of([type(screen)]).values():
                if binding.show or binding.id:
                    told = words(binding.description)
                    yield SystemCommand(told, binding.key, partial(screen.run_action, binding.action))
        yield SystemCommand(
            words(N_("Refresh")), words(N_("Ask the station for everything again")), self.action_ask
        )
        yield SystemCommand(
            words(N_("Tiếng Việt")), words(N_("Change to the other language")), self.action_language
        )
        yield SystemCommand(words(N_("Colours")), words(N_("Dark, light, high contrast")), self.action_theme)
        yield SystemCommand(words(N_("Help")), words(N_("What the signs and keys mean")), self.action_help)
        yield SystemCommand(
            words(N_("Quit")), words(N_("Close this console; the station goes on")), self.exit
        )

    def tell(self, error: TuxaError) -> None:
        """Show a refusal for a while: what happened and what to do."""
        self.notify(self.words.error(error), severity="warning", markup=False, timeout=8)

    def say(self, msgid: str, **params: Any) -> None:
        """Show for a while that something was done."""
        self.notify(self.words(msgid, **params), markup=False)

    def refresh_header(self) -> None:
        if self.section is not None:
            self.section.query_one(Header).redraw()
