"""Orders to a channel: each shows its effect on the day before it is confirmed, and can be undone where possible.

The panic key alone waits for no preview: two presses put the channel on its slate.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from delivery.errors import N_, TuxaError
from delivery.i18n import Translator
from tui.shared.dialogs import Confirm, Dialog, Field, Form, Picker, push
from tui.shared.drawn import Text
from tui.shared.lines import MUTED, bar, time_of_day, wrapped
from tui.shared.values import dicts_of, float_of, int_of, text_of
from tui.technician.words import COMMANDS, GATES

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole
    from tui.technician.onair import OnAirSection

MINUTES: tuple[int, ...] = (5,)


class OrderDesk:
    """From the key to the confirmed command."""

    def __init__(self, section: OnAirSection) -> None:
        self._section = section

    @property
    def _app(self) -> TechnicianConsole:
        return self._section.technician

    def begin(self, command: str) -> None:
        """Start an order on the chosen channel."""
        channel = self._app.state.chosen
        if not channel:
            return
        if command in ("hold", "extend"):
            self._ask_minutes(command, channel)
        elif command == "insert":
            self._ask_material(channel)
        else:
            self.preview(command, channel, {})

    def undo(self) -> None:
        """Take back the last order of this console on the chosen channel."""
        state = self._app.state
        if not state.last_orders.get(state.chosen):
            self._app.say(N_("There is no order of this console to take back on that channel."))
            return
        self.preview("back", state.chosen, {}, title=N_("Undo {command}"))

    def panic(self) -> None:
        """The slate at once, on one channel or all."""
        channel = self._app.state.chosen
        if channel:
            push(self._section, Panic(channel), partial(self._panicked, channel))

    def _panicked(self, channel: str, answer: str) -> None:
        codes = [one.code for one in self._app.state.channels] if answer == "all" else [channel]
        for code in codes:
            self._give("slate", code, {})

    def _ask_minutes(self, command: str, channel: str) -> None:
        app = self._app
        fields = [Field("minutes", N_("Minutes"), "5", needed=True)]
        title = partial(_title, app, command, channel)

        def given(values: dict[str, str]) -> None:
            text = values["minutes"]
            # Whether it is a number of minutes, the station decides.
            self.preview(
                command, channel, {"minutes": int(text) if text.isascii() and text.isdigit() else text}
            )

        push(self._section, Form(title, fields, below=partial(_explained, app, command)), given)

    def _ask_material(self, channel: str) -> None:
        app = self._app

        def show(result: Any) -> None:
            items = [
                (
                    text_of(one, "material"),
                    f"{text_of(one, 'title')}  {text_of(one, 'course')} {int_of(one, 'unit')}",
                    app.words(GATES.get(text_of(one, "gate"), "")) or _length(int_of(one, "length")),
                )
                for one in dicts_of(result, "materials")
            ]
            picker = Picker(partial(_title, app, "insert", channel), items)
            push(self._section, picker, lambda name: self._ask_when(channel, name))

        app.request("schedule.materials", {"channel": channel}, done=show, label=N_("reading"), opens=True)

    def _ask_when(self, channel: str, material: str) -> None:
        app = self._app
        items = [
            ("later", app.words(N_("when the present programme has ended")), ""),
            ("now", app.words(N_("now, at the next segment")), ""),
        ]
        picker = Picker(partial(_title, app, "insert", channel), items)
        push(
            self._section,
            picker,
            lambda when: self.preview("insert", channel, {"material": material, "now": when == "now"}),
        )

    def preview(self, command: str, channel: str, options: dict[str, Any], *, title: str = "") -> None:
        """Ask what the order would do, show it, and give it when it is confirmed."""
        app = self._app
        params = {"channel": channel, "command": command, **options}

        def show(result: Any) -> None:
            lines = partial(_effect_lines, app, result)
            last = app.state.last_orders.get(channel, "")
            named = (
                (lambda: app.words(title, command=app.words(COMMANDS[last])) + f" · {channel}")
                if title
                else partial(_title, app, command, channel)
            )
            danger = bool(dicts_of(result, "lost")) or command == "slate"
            confirm = Confirm(named, lines, danger=danger)
            push(self._section, confirm, lambda _yes: self._give(command, channel, options))

        app.request("channel.preview", params, done=show, label=N_("working out the effect"), opens=True)

    def _give(self, command: str, channel: str, options: dict[str, Any]) -> None:
        app = self._app

        def done(result: Any) -> None:
            if command == "back":
                app.state.last_orders.pop(channel, None)
            else:
                app.state.last_orders[channel] = command
            at = time_of_day(int_of(result, "at_us"), seconds=True)
            app.say(
                N_("{channel}: {command} from {at} on."),
                channel=channel,
                command=app.words(COMMANDS[command]),
                at=at,
            )
            app.refresh_state()

        def failed(error: TuxaError) -> None:
            app.tell(error)
            app.refresh_state()

        app.request(
            f"channel.{command}",
            {"channel": channel, **options},
            done=done,
            failed=failed,
            command=True,
            within_s=15.0,
            label=COMMANDS[command],
        )


class Panic(Dialog[str]):
    """Two presses of the panic key: the slate now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f9,enter", "here", N_("Slate now"), id="air.panic_now"),
        Binding("a", "everywhere", N_("Slate on all channels"), id="air.panic_all"),
    ]

    def __init__(self, channel: str) -> None:
        super().__init__(classes="-danger")
        self._channel = channel

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = f"▲ {self.words(N_('Slate at once'))} · {self._channel}"
            box.border_subtitle = "Esc"
            yield Text(self._lines)

    def _lines(self, width: int) -> list[Content]:
        words = self.words
        return [
            Content(""),
            Content.assemble((" F9 / Enter  ", "bold $error"), words(N_("Slate now")), f": {self._channel}"),
            Content.assemble((" A           ", "bold $error"), words(N_("Slate on all channels"))),
            Content.assemble((" Esc         ", "bold"), words(N_("Cancel"))),
            Content(""),
        ]

    def action_here(self) -> None:
        self.dismiss("here")

    def action_everywhere(self) -> None:
        self.dismiss("all")


def _title(app: TechnicianConsole, command: str, channel: str) -> str:
    return f"{app.words(COMMANDS[command])} · {channel}"


_EXPLAINED = {
    "hold": N_("When the present programme ends: the slate, and everything that follows later by as much."),
    "extend": N_("The slate before the next programme, which moves only as far as it must."),
}


def _explained(app: TechnicianConsole, command: str, width: int) -> list[Content]:
    return wrapped(Content.styled(app.words(_EXPLAINED[command]), MUTED), width, 3)


def _length(micros: int) -> str:
    minutes, seconds = divmod(micros // 1_000_000, 60)
    return f"{minutes}:{seconds:02}"


def _effect_lines(app: TechnicianConsole, result: Any, width: int) -> list[Content]:
    """The effect on the day: when, what ends, what moves and by how much, what is lost."""
    words = app.words
    at = int_of(result, "at_us")
    seconds = max((at - app.now_us()) / 1e6, 0.0)
    lines = [
        Content.assemble(
            words(N_("From {at} on"), at=time_of_day(at, seconds=True)),
            (f"  ({words(N_('in {seconds} s'), seconds=f'{seconds:.0f}')})", MUTED),
        )
    ]
    if cut := text_of(result, "cut"):
        lines.append(
            Content.assemble(("✂ ", "bold $warning"), words(N_("{material} ends early."), material=cut))
        )
    for one in dicts_of(result, "joined"):
        told = words(N_("{material} is joined in progress."), material=text_of(one, "material"))
        lines.append(Content.assemble(("↳ ", "$accent"), told))
    for one in dicts_of(result, "slate"):
        told = words(
            N_("Slate from {since} to {until}."),
            since=text_of(one, "from")[11:],
            until=text_of(one, "to")[11:],
        )
        lines.append(Content.assemble(("◌ ", "$warning"), told))
    lines += _moved_lines(words, dicts_of(result, "moved"), width)
    for one in dicts_of(result, "lost"):
        told = words(
            N_("{material} does not air whole: plan a make-good."), material=text_of(one, "material")
        )
        lines.append(Content.assemble(("✗ ", "bold $error"), (told, "bold")))
    if len(lines) == 1:
        lines.append(Content.styled(words(N_("Nothing else changes today.")), MUTED))
    return lines


def _moved_lines(words: Translator, moved: list[dict[str, Any]], width: int) -> list[Content]:
    if not moved:
        return []
    latest = max(abs(float_of(one, "late_s") or 0.0) for one in moved) or 1.0
    lines = []
    for one in moved[:30]:
        late = float_of(one, "late_s") or 0.0
        sign = "+" if late >= 0 else "-"
        minutes, rest = divmod(round(abs(late)), 60)
        lines.append(
            Content.assemble(
                ("→ ", "$primary"),
                (f"{text_of(one, 'from')[11:19]} ", MUTED),
                (f"{text_of(one, 'to')[11:19]} ", "bold"),
                bar(abs(late) / latest, 6, "$primary"),
                (f" {sign}{minutes}:{rest:02} ", "bold $warning"),
                text_of(one, "material"),
            ).truncate(width, ellipsis=True)
        )
    if len(moved) > 30:
        rest_count = len(moved) - 30
        lines.append(
            Content.styled(
                words.plural(
                    N_("… and {count} more programme"), N_("… and {count} more programmes"), rest_count
                ),
                MUTED,
            )
        )
    return lines


Do = Callable[[], None]
