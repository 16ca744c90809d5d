"""Widgets that draw lines: they draw what the app knows, and hold no rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Self, cast

from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from delivery.errors import N_
from delivery.i18n import Translator
from delivery.network.bus.client import Link
from tui.shared.lines import MUTED, is_same, line, signed_seconds, time_of_day, wrapped
from tui.shared.strips import strip_of
from tui.shared.values import SEVERITIES, say
from tui.shared.words import BANNERS, LINKS, SEVERITY_SIGNS

if TYPE_CHECKING:
    from tui.shared.app import ConsoleApp

EMPTY = Content("")
_SHOWN_ALERTS = 3
_WIDE = 100


class Drawn(Widget):
    """A widget that draws lines with the app's words and time."""

    @property
    def console_app(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def words(self) -> Translator:
        return self.console_app.words

    def draw(self, width: int) -> list[Content]:
        """The lines, each at most `width` cells."""
        raise NotImplementedError

    _height = -1
    """Lines at the last layout."""
    _width = -1
    """Cells of the lines that are held; -1 while none are."""
    _lines: Sequence[Content] = ()
    _strips: Sequence[Strip | None] = ()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        self._height = len(self.draw(width))
        return self._height

    def redraw(self) -> None:
        """Draw again, and paint the lines that have changed. The screen is laid out anew only where the height
        changes: that costs most of a paint."""
        width = self.content_size.width
        if not width or self._width != width:
            self.refresh(layout=True)
            return
        lines = self.draw(width)
        is_high = self.styles.height is None or self.styles.height.is_auto
        if len(lines) != (self._height if is_high else len(self._lines)):
            self.refresh(layout=is_high)
            return
        changed = [y for y, line in enumerate(lines) if not is_same(line, self._lines[y])]
        self._lines = lines
        self._strips = [None if y in changed else strip for y, strip in enumerate(self._strips)]
        if changed:
            super().refresh(*(Region(0, y, width, 1) for y in changed))

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        if not regions:
            self._width = -1
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def notify_style_update(self) -> None:
        self._width = -1
        super().notify_style_update()

    def render(self) -> Content:
        return Content("\n").join(self.draw(self.content_size.width))

    def render_line(self, y: int) -> Strip:
        width = self.content_size.width
        self._dirty_regions.clear()
        if self._width != width:
            self._lines, self._width = self.draw(width), width
            self._strips = [None] * len(self._lines)
        if y >= len(self._lines):
            return Strip.blank(width, self.visual_style.rich_style)
        held = self._strips[y]
        if held is None:
            held = strip_of(self, self._lines[y], width, self.visual_style)
            self._strips = [*self._strips[:y], held, *self._strips[y + 1 :]]
        return held


class Text(Drawn):
    """Lines that a function makes whenever they are drawn."""

    def __init__(
        self, make: Callable[[int], list[Content]], *, id: str | None = None, classes: str = ""
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._make = make

    def draw(self, width: int) -> list[Content]:
        return [made.truncate(max(width, 1), ellipsis=True) for made in self._make(width)]


class Header(Drawn):
    """Where one is among the sections, what is under way, the link, the clock error, and the station's time."""

    DEFAULT_CSS = "Header { dock: top; height: 1; padding: 0 1; background: $panel; }"

    def draw(self, width: int) -> list[Content]:
        app, words = self.console_app, self.words
        right = [
            *self._busy(),
            self._state(width),
            Content.styled(time_of_day(app.now_us(), seconds=True), "bold"),
        ]
        shown = Content("  ").join(right)
        names = [("tuxa ", "bold $primary")]
        for number, (name, title) in enumerate(app.SECTIONS, 1):
            chosen = name == app.current_mode
            label = f" {number} {words(title)} "
            names.append((label, "bold reverse" if chosen else MUTED))
        left = Content.assemble(*names)
        if left.cell_length + shown.cell_length + 1 > width:
            here = next(
                (f" {n} {words(t)} " for n, (m, t) in enumerate(app.SECTIONS, 1) if m == app.current_mode), ""
            )
            others = "".join(f" {n}" for n, (m, _) in enumerate(app.SECTIONS, 1) if m != app.current_mode)
            left = Content.assemble(("tuxa ", "bold $primary"), (here, "bold reverse"), (others, MUTED))
        return [line(left, shown, width)]

    def _busy(self) -> list[Content]:
        label = self.console_app.busy_with()
        return [Content.styled(f"⋯ {label}", "bold $warning")] if label else []

    def _state(self, width: int) -> Content:
        app, words = self.console_app, self.words
        sign = LINKS[app.link]
        state = Content.styled(f"{sign.glyph} {words(sign.word)}", f"bold {sign.colour}")
        if app.link is not Link.UP or app.ahead_us is None:
            return state
        # The station's time is what counts; this tells how wrong the clock of this machine is.
        wrong = signed_seconds(-app.ahead_us, comma=words.language == "vi")
        colour = "$warning" if abs(app.ahead_us) >= 1_000_000 else MUTED
        told = words(N_("clock {seconds} s"), seconds=wrong)
        if width < _WIDE:
            # The link is up: its sign says enough where there is little room.
            return Content.assemble((sign.glyph, f"bold {sign.colour}"), " ", (told, colour))
        return Content.assemble(state, "  ", (told, colour))


class Alarms(Drawn):
    """First things first: the lost link, then alarms that nobody has taken on, the most urgent on top."""

    DEFAULT_CSS = """
    Alarms { height: auto; padding: 0 1; background: $background; }
    Alarms.-lost { background: $error 25%; }
    """

    def changed(self) -> None:
        """Draw again, in another height if need be."""
        self.set_class(self.console_app.link in (Link.LOST, Link.REFUSED), "-lost")
        self.redraw()

    def draw(self, width: int) -> list[Content]:
        words, app = self.words, self.console_app
        lines = []
        if banner := BANNERS.get(app.link):
            told = Content.styled(f"{LINKS[app.link].glyph} {words(banner)}", "bold")
            if app.link is Link.LOST:
                lines.append(line(told, self._as_of(), width))
            else:
                lines += wrapped(told, width, 2)
        open_ones = [alert for alert in app.alerts() if not alert.acknowledged_by]
        urgent = sorted(open_ones, key=lambda alert: (SEVERITIES.index(alert.severity), -alert.at))
        shown = _SHOWN_ALERTS if self.app.size.height > 30 else 1 if len(urgent) > 1 else 2
        for alert in urgent[:shown]:
            sign = SEVERITY_SIGNS[alert.severity]
            head = (f"{sign.glyph} {words(sign.word)} ", f"bold {sign.colour}")
            text = say(alert.text, words)
            named = not alert.channel or text.startswith(alert.channel)
            where = "" if named else (f"{alert.channel}  ", "bold")
            lines += wrapped(Content.assemble(head, where, text), width, 2)
        if len(urgent) > shown:
            left = len(urgent) - shown
            more = words.plural(N_("… and {count} more alarm"), N_("… and {count} more alarms"), left)
            lines.append(Content.styled(more, MUTED))
        if not lines:
            lines.append(Content.styled("✓ " + words(N_("No alarms")), MUTED))
        return lines

    def _as_of(self) -> Content:
        told_at = self.console_app.told_at_us
        if told_at is None:
            return EMPTY
        return Content(self.words(N_("as of {time}"), time=time_of_day(told_at, seconds=True)))


class Title(Drawn):
    """Name of a panel, with a figure at its right."""

    DEFAULT_CSS = "Title { height: 1; padding: 0 1; background: $surface; color: $primary; }"

    def __init__(self, text: str, right: Callable[[], str] = lambda: "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text, self._right = text, right

    def draw(self, width: int) -> list[Content]:
        right = Content.styled(self._right(), MUTED)
        return [line(Content.styled(self.words(self._text), "bold"), right, width)]
