"""Section 1: every channel with now and next, and the orders to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widget import Widget

from delivery.errors import N_
from tui.shared.drawn import Text, Title
from tui.shared.lines import MUTED
from tui.shared.listing import Listing
from tui.shared.section import Section
from tui.technician.channel_lines import channel_line, channel_lines
from tui.technician.orders import OrderDesk
from tui.technician.state import Channel

if TYPE_CHECKING:
    from tui.technician.app import TechnicianConsole


class OnAirSection(Section):
    """Channels, and everything about the chosen one."""

    DEFAULT_CSS = """
    OnAirSection #air { height: 1fr; layout: vertical; }
    OnAirSection.-wide #air { layout: horizontal; }
    OnAirSection #list { height: 1fr; min-height: 4; }
    OnAirSection.-wide #list { width: 3fr; height: 1fr; }
    OnAirSection #chosen { height: auto; max-height: 13; background: $surface; padding: 0 1; }
    OnAirSection.-wide #chosen { width: 2fr; height: 1fr; max-height: 100%; margin-left: 1; padding: 0 2; }
    OnAirSection.-stale #air { opacity: 55%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h", "order('hold')", N_("Hold"), id="air.hold"),
        Binding("s", "order('skip')", N_("Skip"), id="air.skip"),
        Binding("e", "order('extend')", N_("Extend"), id="air.extend"),
        Binding("i", "order('insert')", N_("Insert"), id="air.insert"),
        Binding("l", "order('slate')", N_("Slate"), id="air.slate"),
        Binding("b", "order('back')", N_("Back"), id="air.back"),
        Binding("u", "undo", N_("Undo"), id="air.undo"),
        Binding("f9", "panic", N_("PANIC"), id="air.panic"),
    ]
    AUTO_FOCUS = "#channels"
    GUIDE: ClassVar[tuple[tuple[str, str], ...]] = (
        ("", N_("On air")),
        ("● ◐ ◌", N_("a programme, filler, or the station picture is on air")),
        ("▲ ■", N_("the channel has a fault, or is stopped")),
        ("‖", N_("somebody holds the channel away from its schedule")),
        ("-12:34", N_("time left of what is on air, by the station's clock")),
        ("✓ ✗", N_("what follows is ready, or is not and why")),
        ("█┃░", N_("momentary loudness of what is sent; the mark is the target")),
        ("±0.0 s", N_("how far this machine's clock is off; times shown are the station's")),
        ("", N_("Orders")),
        ("", N_("Every order shows its effect on the day; Enter confirms, Esc leaves.")),
    )

    def body(self) -> Iterable[Widget]:
        self.orders = OrderDesk(self)
        listing = Listing[Channel](
            self._line,
            key=lambda channel: channel.code,
            empty=self._empty,
            on_choice=self._choose,
            id="channels",
        )
        with Container(id="air") as air:
            with Vertical(id="list"):
                yield Title(N_("Channels"), self._count)
                yield listing
            yield Text(self._chosen_lines, id="chosen")
        del air

    @property
    def technician(self) -> TechnicianConsole:
        return cast("TechnicianConsole", self.app)

    @property
    def listing(self) -> Listing[Channel]:
        return cast("Listing[Channel]", self.query_one("#channels", Listing))

    def on_mount(self) -> None:
        self.listing.focus()

    def changed(self) -> None:
        if not self.is_mounted:
            return
        state = self.technician.state
        self.set_class(not self.technician.is_live, "-stale")
        self.listing.show(state.channels)
        if (chosen := self.listing.chosen) is None or chosen.code != state.chosen:
            self.listing.choose(state.chosen)
        self.query_one(Title).redraw()
        self.query_one("#chosen", Text).redraw()
        super().changed()

    def each_second(self) -> None:
        super().each_second()
        self.listing.redraw()
        self.query_one("#chosen", Text).redraw()

    def _choose(self, channel: Channel) -> None:
        # At once: an order typed right behind is for this channel, and what the station tells meanwhile must not put
        # the cursor back.
        self.technician.state.chosen = channel.code

    @on(Listing.Moved)
    def _moved(self) -> None:
        self.query_one("#chosen", Text).redraw()

    def action_order(self, command: str) -> None:
        self.orders.begin(command)

    def action_undo(self) -> None:
        self.orders.undo()

    def action_panic(self) -> None:
        self.orders.panic()

    def _count(self) -> str:
        channels = self.technician.state.channels
        return self.console_app.words.plural(N_("{count} channel"), N_("{count} channels"), len(channels))

    def _empty(self) -> str:
        if self.technician.state.on_air is None:
            return ""
        return self.words(N_("No channels yet. Open one with “tuxa channel open”."))

    def _line(self, channel: Channel, width: int) -> Content:
        return channel_line(channel, width, self.technician.now_us(), self.console_app.words)

    def _chosen_lines(self, width: int) -> list[Content]:
        channel = self.technician.state.channel()
        if channel is None:
            return [Content.styled("", MUTED)]
        now, is_roomy = self.technician.now_us(), self.has_class("-wide")
        return channel_lines(channel, width, now, self.console_app.words, is_roomy=is_roomy)
