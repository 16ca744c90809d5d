"""What every console shares: the bus, two languages, the station's time, keys and help in the person's words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import ActiveBinding, Binding, BindingType
from textual.command import CommandPalette
from textual.screen import Screen
from textual.theme import Theme

from delivery.clock import Clock, to_micros
from delivery.errors import N_, TuxaError
from delivery.i18n import Translator
from delivery.network.bus.client import BusClient
from tui.feed import ask_state, listen
from tui.messages import AskFailed, StateUnclear

REFRESH_S = 5.0
"""Everything is asked for again this often, beside what events tell."""
_TICK_S = 0.2

# Blue and orange instead of green and red, after Okabe and Ito: told apart with any common colour blindness.
THEME = Theme(
    name="tuxa",
    primary="#56B4E9",
    secondary="#0072B2",
    accent="#CC99C9",
    success="#4DC9A0",
    warning="#F0B429",
    error="#FF7A4D",
    foreground="#E4E8EE",
    background="#10151C",
    surface="#171E28",
    panel="#212B38",
    dark=True,
)


class ConsoleScreen(Screen[None]):
    """A screen whose keys are described in the language of the moment."""

    # ClassVar in spirit; Textual declares it without.
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        found = super().active_bindings
        words = getattr(self.app, "words", None)
        if not isinstance(words, Translator):
            return found
        # Leaving comes last, away from what is pressed all day.
        ordered = sorted(found.items(), key=lambda item: item[1].binding.action == "quit")
        return {
            key: active._replace(
                binding=replace(active.binding, description=words(active.binding.description))
            )
            for key, active in ordered
        }


class ConsoleApp(App[None]):
    """Base of the technician's and the clerk's console."""

    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = ()
    """What the help screen explains: (sign or key, message id)."""

    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "ask", N_("Refresh")),
        # Named in the language one changes to.
        Binding("ctrl+l", "language", N_("Tiếng Việt")),
        Binding("f1,question_mark", "help", N_("Help"), key_display="F1"),
        Binding("ctrl+q", "quit", N_("Quit"), priority=True),
        Binding("ctrl+p", "command_palette", N_("Commands"), priority=True),
    ]

    def __init__(self, client: BusClient, *, clock: Clock, words: Translator) -> None:
        super().__init__()
        self.register_theme(THEME)
        self.theme = THEME.name
        self.client = client
        self.words = words
        self.ahead_us: int | None = None
        """How far the station's clock is ahead of this machine's; None until it was asked."""
        self.told_at_us: int | None = None
        """Station's time of the newest state on the screen; None before the first."""
        self._clock = clock
        self._second = 0

    def now_us(self) -> int:
        """The station's time, as well as it is known here."""
        return to_micros(self._clock.now()) + (self.ahead_us or 0)

    def get_default_screen(self) -> Screen[Any]:
        return ConsoleScreen(id="_default")

    def on_ready(self) -> None:
        # Not on mount: what the bus tells must find every widget in its place.
        self.client.open()
        self.run_worker(partial(listen, self.client, self.post_message), thread=True, group="events")
        self.set_interval(REFRESH_S, self.action_ask)
        self.set_interval(_TICK_S, self._tick)

    def on_unmount(self) -> None:
        self.client.close()

    def _tick(self) -> None:
        second = self.now_us() // 1_000_000
        if second != self._second:
            self._second = second
            self.each_second()

    def each_second(self) -> None:
        """Draw again what shows time. Called when the station's second changes."""

    def action_ask(self) -> None:
        """Ask the station for everything again."""
        self.run_worker(
            partial(ask_state, self.client, self.post_message, self._clock),
            thread=True,
            group="ask",
            exclusive=True,
        )

    def action_language(self) -> None:
        """Change between Vietnamese and English."""
        self.words = Translator("en" if self.words.language == "vi" else "vi")
        for screen in self.screen_stack:
            for widget in (screen, *screen.walk_children()):
                widget.refresh(layout=True)
            screen.refresh_bindings()

    def action_help(self) -> None:
        from tui.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.GUIDE))

    def action_command_palette(self) -> None:
        if not isinstance(self.screen, CommandPalette):
            self.push_screen(CommandPalette(placeholder=self.words(N_("Search for a command…"))))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        words = self.words
        yield SystemCommand(
            words(N_("Refresh")), words(N_("Ask the station for everything again")), self.action_ask
        )
        yield SystemCommand(
            words(N_("Tiếng Việt")), words(N_("Change to the other language")), self.action_language
        )
        yield SystemCommand(words(N_("Help")), words(N_("What the signs and keys mean")), self.action_help)
        yield SystemCommand(
            words(N_("Quit")), words(N_("Close this console; the station goes on")), self.exit
        )

    def on_state_unclear(self, _message: StateUnclear) -> None:
        self.action_ask()

    def on_ask_failed(self, message: AskFailed) -> None:
        self.tell(message.error)

    def tell(self, error: TuxaError) -> None:
        """Show a refusal for a while: what happened and what to do."""
        self.notify(self.words.error(error), severity="warning", markup=False)
