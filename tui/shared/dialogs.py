"""Dialogs: confirm an effect, fill in a few lines, choose one of many, read a text. Escape leaves all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label

from delivery.errors import N_
from delivery.i18n import Translator
from tui.shared.drawn import Text
from tui.shared.entry import Entry
from tui.shared.lines import MUTED, line, wrapped
from tui.shared.listing import Listing
from tui.shared.search import matches
from tui.shared.section import translated_bindings

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

R = TypeVar("R")
Draw = Callable[[int], list[Content]]


class Dialog(ModalScreen[R]):
    """A box in the middle, over a dimmed section."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > #box {
        width: 92%; max-width: 100; height: auto; max-height: 94%;
        background: $panel; border: round $primary; border-title-color: $text; border-title-style: bold;
        border-subtitle-color: $foreground; padding: 0 1;
    }
    Dialog.-danger > #box { border: heavy $error; }
    Dialog Text { height: auto; width: 1fr; }
    Dialog VerticalScroll { height: auto; max-height: 100%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", N_("Cancel"), show=False),
        Binding("ctrl+l", "app.language", N_("Tiếng Việt"), show=False),
    ]

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def words(self) -> Translator:
        return self.console_app.words

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        return translated_bindings(super().active_bindings, getattr(self.app, "words", None))

    def action_leave(self) -> None:
        self.dismiss(None)


class Confirm(Dialog[bool]):
    """What will happen, and whether it shall. Enter says yes, everything else leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "yes", N_("Do it")),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(
        self, title: Callable[[], str], lines: Draw, *, yes: str = N_("Do it"), danger: bool = False
    ) -> None:
        """`title` and `lines` are asked for whenever they are drawn, so that the language may change meanwhile."""
        super().__init__(classes="-danger" if danger else "")
        self._title, self._lines, self._yes = title, lines, yes

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title()
            box.border_subtitle = f"Enter {self.words(self._yes)} · Esc {self.words(N_('Cancel'))}"
            with VerticalScroll(can_focus=False):
                yield Text(self._lines)

    def action_yes(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


class Reader(Dialog[None]):
    """A text to read: a day sheet, a report, a log line in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "leave", N_("Close"), show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown,space", "scroll(10)", show=False),
    ]

    def __init__(self, title: Callable[[], str], lines: Draw) -> None:
        super().__init__()
        self._title, self._lines = title, lines

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title()
            box.border_subtitle = self.words(N_("Esc closes"))
            with VerticalScroll(can_focus=False):
                yield Text(self._lines)

    def action_scroll(self, by: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a form."""

    name: str
    label: str
    """Message id."""
    value: str = ""
    hint: str = ""
    """Message id of an example, shown while nothing is typed."""
    needed: bool = False


class Form(Dialog[dict[str, str]]):
    """A few lines to fill in. Enter goes to the next line, and from the last one hands everything over."""

    DEFAULT_CSS = """
    Form .field { height: 1; layout: horizontal; }
    Form .field Label { width: 24; color: $foreground 80%; }
    Form #below { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
        Binding("ctrl+s", "hand_over", N_("Save"), show=False),
    ]

    def __init__(
        self, title: Callable[[], str], fields: Sequence[Field], *, below: Draw = lambda _width: []
    ) -> None:
        super().__init__()
        self._title, self._fields, self._below = title, fields, below

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title()
            box.border_subtitle = f"Enter {self.words(N_('Next'))} · Ctrl+S {self.words(N_('Save'))} · Esc"
            for field in self._fields:
                with Vertical(classes="field"):
                    mark = " *" if field.needed else ""
                    yield Label(self.words(field.label) + mark, markup=False)
                    yield Entry(
                        field.value,
                        placeholder=self.words(field.hint) if field.hint else "",
                        id=f"field-{field.name}",
                    )
            yield Text(self._below, id="below")

    def values(self) -> dict[str, str]:
        """What stands in the lines now."""
        return {f.name: self.query_one(f"#field-{f.name}", Entry).value.strip() for f in self._fields}

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        last = f"field-{self._fields[-1].name}"
        if event.input.id == last:
            self.action_hand_over()
        else:
            self.focus_next()

    @on(Input.Changed)
    def _typed(self) -> None:
        self.query_one("#below", Text).refresh(layout=True)

    def action_hand_over(self) -> None:
        values = self.values()
        for field in self._fields:
            if field.needed and not values[field.name]:
                self.query_one(f"#field-{field.name}", Entry).focus()
                self.console_app.say(N_("“{field}” is still empty."), field=self.words(field.label))
                return
        self.dismiss(values)


class Picker(Dialog[Any]):
    """One of many: type a part of its name (with or without marks), choose, Enter."""

    DEFAULT_CSS = """
    Picker > #box { height: 80%; }
    Picker Listing { height: 1fr; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False, priority=True),
        Binding("down", "move(1)", show=False, priority=True),
    ]

    def __init__(
        self,
        title: Callable[[], str],
        items: Sequence[tuple[str, str, str]],
        *,
        hint: str = N_("type to find"),
    ) -> None:
        """`items` are (name, text, said at the right)."""
        super().__init__()
        self._title, self._items, self._hint = title, items, hint

    def compose(self) -> ComposeResult:
        with Vertical(id="box") as box:
            box.border_title = self._title()
            box.border_subtitle = f"Enter {self.words(N_('Choose'))} · Esc {self.words(N_('Cancel'))}"
            yield Entry(placeholder=self.words(self._hint))
            yield Listing[tuple[str, str, str]](
                self._row, key=lambda item: item[0], empty=lambda: self.words(N_("Nothing fits."))
            )

    def on_mount(self) -> None:
        self._found("")

    @staticmethod
    def _row(item: tuple[str, str, str], width: int) -> Content:
        return line(Content(f" {item[1]}"), Content.styled(item[2], MUTED), width)

    def _found(self, query: str) -> None:
        listing = cast("Listing[tuple[str, str, str]]", self.query_one(Listing))
        listing.show([item for item in self._items if matches(query, *item)])

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._found(event.value)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._choose()

    @on(Listing.Opened)
    def _opened(self) -> None:
        self._choose()

    def _choose(self) -> None:
        chosen = cast("Listing[tuple[str, str, str]]", self.query_one(Listing)).chosen
        if chosen is not None:
            self.dismiss(chosen[0])

    def action_move(self, by: int) -> None:
        self.query_one(Listing).action_move(by)


def told(rows: Sequence[tuple[str, str]], width: int, *, label: int = 16) -> list[Content]:
    """Lines of (label, text), the texts wrapped in their own column."""
    lines: list[Content] = []
    for name, text in rows:
        first, *rest = wrapped(Content(text), max(width - label, 10), 6)
        lines.append(Content.assemble((f"{name:<{label - 1}} "[:label], MUTED), first))
        lines += [Content.assemble(" " * label, more) for more in rest]
    return lines


def values_of(answer: Mapping[str, str] | None) -> dict[str, str]:
    """What a form handed over; empty when it was left."""
    return dict(answer or {})


def push(widget: Widget, dialog: Dialog[R], then: Callable[[R], None]) -> None:
    """Show `dialog`, and call `then` with its answer unless it was left."""

    def answered(answer: R | None) -> None:
        if answer is not None and answer is not False:
            then(answer)

    widget.app.push_screen(dialog, answered)
