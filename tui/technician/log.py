"""Section 4: alerts and who took them on, who did what, and what the station's logs say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_, Message
from tui.shared.dialogs import Reader
from tui.shared.drawn import Text
from tui.shared.entry import Entry
from tui.shared.filtered import FilteredSection
from tui.shared.lines import MUTED, columns, day_of, line, time_of_day, wrapped
from tui.shared.listing import Listing
from tui.shared.search import matches
from tui.shared.values import NOTHING, clean, dicts_of, int_of, message_of, read_alerts, say, text_of
from tui.shared.words import SEVERITY_SIGNS

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole

_VIEWS: Final = (
    ("alerts", N_("Alerts")),
    ("deeds", N_("Who did what")),
    ("lines", N_("Station logs")),
)
_METHODS: Final = {"alerts": "alerts.list", "deeds": "log.deeds", "lines": "log.lines"}
_LEVELS: Final = {"error": "error", "critical": "error", "warning": "warning"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of any of the three."""

    id: str
    when: str
    severity: str
    who: str
    where: str
    text: Message
    do: Message = NOTHING
    acknowledged: bool = False


class LogSection(FilteredSection):
    """One list at a time; the chosen line in full below it."""

    DEFAULT_CSS = """
    LogSection #views { height: 1; background: $surface; padding: 0 1; }
    LogSection #full { height: 4; background: $surface; padding: 0 1; }
    LogSection.-stale Listing { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "view(1)", N_("Next list"), id="log.view"),
        Binding("shift+tab", "view(-1)", show=False),
        Binding("k", "acknowledge", N_("Acknowledge"), id="log.acknowledge"),
        Binding("f", "severity", N_("Only serious"), id="log.severity"),
        Binding("slash", "filter", N_("Find"), key_display="/", id="log.filter"),
        Binding("escape", "escape", N_("Show all"), show=False),
    ]
    AUTO_FOCUS = "#entries"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("Log")),
        ("▲ ! ·", N_("an alarm, a warning, a note")),
        ("✓", N_("somebody has taken it on")),
    )

    def __init__(self) -> None:
        super().__init__()
        self.view = "alerts"
        self.only_serious = False
        self.entries: dict[str, tuple[LogLine, ...]] = {}

    def body(self) -> Iterable[Widget]:
        yield Text(self._views, id="views")
        yield Entry(placeholder=self.words(N_("part of a text, a channel, a person")), id="filter")
        yield Listing[LogLine](self._line, key=lambda entry: entry.id, empty=self._empty, id="entries")
        yield Text(self._full, id="full")

    @property
    def technician(self) -> TechnicianConsole:
        return cast("TechnicianConsole", self.app)

    @property
    def listing(self) -> Listing[LogLine]:
        return cast("Listing[LogLine]", self.query_one("#entries", Listing))

    def changed(self) -> None:
        if not self.is_mounted:
            return
        self.set_class(not self.technician.is_live, "-stale")
        super().changed()

    # --- asking -----------------------------------------------------------------------------------

    def refresh_state(self) -> None:
        view = self.view
        method = _METHODS[view]
        if not self.is_mounted or self.technician.requests.is_open(method):
            return
        self.technician.request(method, done=partial(self._take, view))

    def told(self, group: str, data: Any) -> None:
        if group == "acknowledged":
            self.refresh_state()

    def _take(self, view: str, result: Any) -> None:
        readers = {"alerts": _read_alerts, "deeds": _read_deeds, "lines": _read_lines}
        self.entries[view] = readers[view](result)
        self.narrow()

    def narrow(self) -> None:
        found = self.entries.get(self.view, ())
        if self.only_serious:
            found = tuple(one for one in found if one.severity in ("error", "warning"))
        if self.query_text:
            words = self.console_app.words
            found = tuple(
                one for one in found if matches(self.query_text, say(one.text, words), one.who, one.where)
            )
        if found != self.listing.items:
            self.listing.show(found)
        self.query_one("#views", Text).redraw()
        self.query_one("#full", Text).redraw()

    # --- drawing ----------------------------------------------------------------------------------

    def _views(self, width: int) -> list[Content]:
        parts: list[tuple[str, str]] = []
        for name, title in _VIEWS:
            style = "bold reverse" if name == self.view else MUTED
            parts += [(f" {self.words(title)} ", style), (" ", "")]
        right = f"{len(self.listing.items)}"
        if self.only_serious:
            right = f"{self.words(N_('only serious'))} · {right}"
        return [line(Content.assemble(*parts), Content.styled(right, MUTED), width)]

    def _line(self, entry: LogLine, width: int) -> Content:
        sign = SEVERITY_SIGNS.get(entry.severity)
        glyph = Content.styled(sign.glyph, f"bold {sign.colour}") if sign else Content.styled("·", MUTED)
        if entry.acknowledged:
            glyph = Content.styled("✓", "$success")
        text = say(entry.text, self.console_app.words)
        return columns(
            width - 1,
            (Content.assemble(" ", glyph), 2),
            (Content.styled(entry.when, MUTED), 14),
            (Content.styled(entry.where, "bold"), 9 if width < 100 else 12),
            (Content.styled(text, MUTED) if entry.acknowledged else Content(text), 0),
            (Content.styled(entry.who, "$accent"), 11),
        )

    def _full(self, width: int) -> list[Content]:
        entry = self.listing.chosen
        if entry is None:
            return []
        words = self.console_app.words
        lines = wrapped(Content.styled(say(entry.text, words), "bold"), width, 2)
        if entry.do.msgid:
            lines += wrapped(Content.assemble(("→ ", "$primary"), say(entry.do, words)), width, 1)
        if entry.who:
            told = N_("acknowledged by {who}") if entry.acknowledged else N_("by {who}")
            lines.append(Content.styled(words(told, who=entry.who), MUTED))
        return lines

    def _empty(self) -> str:
        if self.view not in self.entries:
            return ""
        return self.words(
            N_("Nothing fits.") if self.query_text or self.only_serious else N_("Nothing has happened yet.")
        )

    @on(Listing.Moved)
    def _moved(self) -> None:
        self.query_one("#full", Text).redraw()

    @on(Listing.Opened)
    def _opened(self) -> None:
        entry = self.listing.chosen
        if entry is not None:
            chosen = entry
            self.technician.push_screen(
                Reader(
                    lambda: f"{chosen.when} {chosen.where}",
                    lambda width: [
                        *wrapped(Content(say(chosen.text, self.console_app.words)), width, 20),
                        *wrapped(Content(say(chosen.do, self.console_app.words)), width, 5),
                    ],
                )
            )

    # --- what a person does -----------------------------------------------------------------------

    def action_view(self, by: int) -> None:
        names = [name for name, _ in _VIEWS]
        self.view = names[(names.index(self.view) + by) % len(names)]
        self.listing.show(())
        self.narrow()
        self.refresh_state()

    def action_severity(self) -> None:
        self.only_serious = not self.only_serious
        self.narrow()

    def action_acknowledge(self) -> None:
        entry = self.listing.chosen
        if entry is None or self.view != "alerts" or entry.acknowledged:
            self.technician.say(N_("There is nothing to acknowledge here."))
            return

        def done(_result: Any) -> None:
            self.refresh_state()
            self.technician.refresh_state()

        self.technician.order("alert.acknowledge", {"id": entry.id}, done=done)


def _when(micros: int) -> str:
    return f"{day_of(micros)} {time_of_day(micros, seconds=True)}"


def _read_alerts(result: Any) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(
            one.id,
            _when(one.at),
            one.severity,
            one.acknowledged_by,
            one.channel,
            one.text,
            one.do,
            bool(one.acknowledged_by),
        )
        for one in read_alerts(result)
    )


def _read_deeds(result: Any) -> tuple[LogLine, ...]:
    return tuple(
        LogLine(
            text_of(one, "id"),
            _when(int_of(one, "at")),
            "",
            text_of(one, "actor"),
            text_of(one, "course"),
            message_of(one.get("text")),
        )
        for one in dicts_of(result, "deeds")
    )


def _read_lines(result: Any) -> tuple[LogLine, ...]:
    found = []
    for number, one in enumerate(dicts_of(result, "lines")):
        at = text_of(one, "at")
        rest = f"{text_of(one, 'event')}  {text_of(one, 'rest')}".strip()
        found.append(
            LogLine(
                f"{at} {number}",
                f"{at[8:10]}/{at[5:7]} {at[11:19]}",
                _LEVELS.get(text_of(one, "level"), ""),
                "",
                text_of(one, "log"),
                Message(clean(rest)),
            )
        )
    return tuple(found)
