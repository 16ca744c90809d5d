"""Widgets of the consoles: they draw what they are given and hold no rules."""

from __future__ import annotations

from typing import ClassVar, cast

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.widget import Widget

from delivery.errors import N_
from delivery.i18n import Translator
from delivery.network.bus.client import Link
from tui.console import ConsoleApp
from tui.lines import bar, countdown, line, signed_seconds, time_of_day
from tui.views import SEVERITIES, Alert, Channel, Job, Playing, Upcoming, say
from tui.words import BANNERS, KINDS, LINKS, MUTED, ROWS, SEVERITY_SIGNS, STATES, VERDICTS, Sign

_EMPTY = Content("")
_NEXT = 3
_ROOM = 6
"""Lines of a channel with its next three items, and the gap below."""
_SHOWN_ALERTS = 3


class Drawn(Widget):
    """A widget that draws lines with the app's words and time."""

    @property
    def station(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    @property
    def words(self) -> Translator:
        return self.station.words

    def draw(self, width: int) -> list[Content]:
        """The lines, each at most `width` cells."""
        raise NotImplementedError

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self.draw(width))

    def render(self) -> Content:
        return Content("\n").join(self.draw(self.content_size.width))


class Header(Drawn):
    """Who and where, the link, the clock error, and the station's time."""

    link: reactive[Link] = reactive(Link.CONNECTING)

    def draw(self, width: int) -> list[Content]:
        words, station = self.words, self.station
        sign = LINKS[self.link]
        left = Content.assemble(("tuxa", "bold"), " · ", words(N_("Broadcast technician")))
        state = Content.styled(f"{sign.glyph} {words(sign.word)}", f"bold {sign.colour}")
        clock = Content.styled(time_of_day(station.now_us(), seconds=True), "bold")
        error = _EMPTY
        if self.link is Link.UP and station.ahead_us is not None:
            # The station's time is what counts; this tells how wrong the clock of this machine is.
            wrong = signed_seconds(-station.ahead_us, comma=words.language == "vi")
            text = words(N_("clock {seconds} s"), seconds=wrong)
            error = Content.styled(text + "   ", "$warning" if abs(station.ahead_us) >= 1_000_000 else MUTED)
        return [line(left, Content.assemble(state, "   ", error, clock), width)]


class Alarms(Drawn):
    """First things first: the lost link, then alarms, the most urgent on top."""

    link: reactive[Link] = reactive(Link.CONNECTING, layout=True)
    alerts: reactive[tuple[Alert, ...]] = reactive((), layout=True)

    def watch_link(self, link: Link) -> None:
        self.set_class(link in (Link.LOST, Link.REFUSED), "-lost")

    def draw(self, width: int) -> list[Content]:
        words = self.words
        lines = []
        if banner := BANNERS.get(self.link):
            glyph = LINKS[self.link].glyph
            told = Content.styled(f"{glyph} {words(banner)}", "bold")
            if self.link is Link.LOST:
                lines.append(line(told, self._as_of(), width))
            else:
                lines += told.wrap(max(width, 1))
        urgent = sorted(self.alerts, key=lambda alert: SEVERITIES.index(alert.severity))
        for alert in urgent[:_SHOWN_ALERTS]:
            sign = SEVERITY_SIGNS[alert.severity]
            head = (f"{sign.glyph} {words(sign.word)} ", f"bold {sign.colour}")
            where = (f"{alert.channel}  ", "bold") if alert.channel else ""
            lines += _at_most_two(Content.assemble(head, where, say(alert.text, words)), width)
        if len(urgent) > _SHOWN_ALERTS:
            more = words.plural(
                N_("… and {count} more"), N_("… and {count} more"), len(urgent) - _SHOWN_ALERTS
            )
            lines.append(Content.styled(more, MUTED))
        if not lines:
            lines.append(Content.styled("✓ " + words(N_("No alarms")), MUTED))
        return lines

    def _as_of(self) -> Content:
        told_at = self.station.told_at_us
        if told_at is None:
            return _EMPTY
        return Content(self.words(N_("as of {time}"), time=time_of_day(told_at, seconds=True)))


def _at_most_two(text: Content, width: int) -> list[Content]:
    """`text` on one or two lines; what does not fit ends in an ellipsis."""
    first, *rest = text.wrap(max(width, 1))
    if not rest:
        return [first]
    return [first, Content(" ").join(rest).truncate(max(width, 1), ellipsis=True)]


class Title(Drawn):
    """Name of a panel, with a figure at its right."""

    count: reactive[int | None] = reactive(None)

    def __init__(self, text: str, one: str, many: str) -> None:
        super().__init__()
        self._text, self._one, self._many = text, one, many

    def draw(self, width: int) -> list[Content]:
        right = _EMPTY
        if self.count is not None:
            right = Content.styled(self.words.plural(self._one, self._many, self.count), MUTED)
        return [line(Content.styled(self.words(self._text), "bold"), right, width)]


class ChannelRow(Drawn, can_focus=True):
    """One channel: state, what is sent now with time left, what follows. The next three are shown when there is room
    for all channels to do so, or the row is focused."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel

    def show(self, channel: Channel) -> None:
        """Draw another state of the same channel."""
        if channel != self.channel:
            self.channel = channel
            self.refresh(layout=True)

    def on_focus(self) -> None:
        self.refresh(layout=True)

    def on_blur(self) -> None:
        self.refresh(layout=True)

    def draw(self, width: int) -> list[Content]:
        return [self._head(width), self._now(width), *self._next(width)]

    def _head(self, width: int) -> Content:
        channel, words = self.channel, self.words
        sign = STATES.get(channel.state, Sign("?", channel.state, MUTED))
        kind = words(KINDS.get(channel.kind, channel.kind))
        name = f"  {channel.name}" if channel.name and channel.name != channel.code else ""
        left = Content.assemble((channel.code, "bold"), name, (f"  {kind}", MUTED))
        return line(left, Content.styled(f"{sign.glyph} {words(sign.word)}", f"bold {sign.colour}"), width)

    def _now(self, width: int) -> Content:
        playing = self.channel.now
        if playing is None:
            return line(Content.styled(self.words(N_("nothing on air")), MUTED), _EMPTY, width)
        return line(Content.styled(self._title(playing), "bold"), self._left_over(playing, width), width)

    def _title(self, playing: Playing) -> str:
        return playing.title or self.words(ROWS.get(playing.kind, playing.kind))

    def _left_over(self, playing: Playing, width: int) -> Content:
        now = self.station.now_us()
        left = f"-{countdown(playing.end - now)}"
        return Content.assemble(
            bar(playing.fraction(now), 12 if width < 90 else 24, "$primary"),
            (f" {left:>8}", "bold"),
            (f"  → {time_of_day(playing.end)}", MUTED),
        )

    def _next(self, width: int) -> list[Content]:
        following = self.channel.next[: _NEXT if self.has_focus or self._is_roomy() else 1]
        if not following:
            return [line(Content.styled(self.words(N_("nothing follows")), "$warning"), _EMPTY, width)]
        return [self._upcoming(item, width) for item in following]

    def _is_roomy(self) -> bool:
        box = self.parent
        return isinstance(box, Rows) and box.size.height >= _ROOM * len(box.query(ChannelRow))

    def _upcoming(self, item: Upcoming, width: int) -> Content:
        words = self.words
        left = Content.assemble((f"{time_of_day(item.start)}  ", MUTED), item.title)
        if item.ready:
            return line(left, Content.styled("✓ " + words(N_("ready")), "$success"), width)
        reason = say(item.reason, words) or words(N_("not ready"))
        # The reason matters more than the full title: it may take up to half of the line.
        right = Content.styled(f"✗ {reason}", "bold $warning").truncate(max(width // 2, 12), ellipsis=True)
        return line(left, right, width)


class JobRow(Drawn):
    """One file that is being ingested, with every problem in full below it."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.job = job

    def show(self, job: Job) -> None:
        if job != self.job:
            self.job = job
            self.refresh(layout=True)

    def draw(self, width: int) -> list[Content]:
        job, words = self.job, self.words
        if job.verdict:
            sign = VERDICTS.get(job.verdict, Sign("·", job.verdict, MUTED))
            right = Content.styled(f"{sign.glyph} {words(sign.word)}", f"bold {sign.colour}")
        else:
            stage = Content(say(job.stage, words)).truncate(max(width // 3, 8), ellipsis=True)
            done = bar(job.fraction, 12, "$primary")
            right = Content.assemble(stage.stylize(MUTED), "  ", done, (f"{job.fraction:>5.0%}", "bold"))
        left = Content.assemble(job.file, (f"  {words(KINDS.get(job.kind, job.kind))}", MUTED))
        if left.cell_length + right.cell_length >= width:
            # The file's name is worth more than its kind.
            left = Content(job.file)
        lines = [line(left, right, width)]
        for problem in job.problems:
            text = Content.styled(f"  ✗ {say(problem, words)}", "$error")
            lines += text.wrap(max(width, 1))
        return lines


class Rows(VerticalScroll, can_focus=False):
    """The rows of a panel. Up and down go from row to row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "app.focus_previous", N_("Previous"), show=False),
        Binding("down", "app.focus_next", N_("Next"), show=False),
    ]


class Nothing(Drawn):
    """What a panel says while it is empty."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        # Not before the station has said so.
        self.display = False

    def draw(self, width: int) -> list[Content]:
        return Content.styled(self.words(self._text), MUTED).wrap(max(width, 1))
