"""What consoles may ask of the air: every channel with now and next, readiness, health of its outputs, loudness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from delivery.app.consoles.alerts import AlertBook
from delivery.app.consoles.loudness import LoudnessNow
from delivery.app.consoles.readiness import Readiness
from delivery.broadcast.schedule.timeline import Timeline
from delivery.catalogue.model import Catalogue
from delivery.clock import to_micros
from delivery.errors import N_, Refused
from delivery.network.bus.authorise import Method, question
from delivery.store.air import TICK_US, Airing, Channel, Row, RowKind
from delivery.units import SEGMENT_TICKS

if TYPE_CHECKING:
    from delivery.app.core import App

_NEXT: Final = 3
_ENDED: Final = N_("The channel is off the air: its timeline has ended.")
_STATES: Final = {
    RowKind.LESSON: "on_air",
    RowKind.CARD: "on_air",
    RowKind.FILLER: "filler",
    RowKind.SLATE: "slate",
}


def on_air_methods(app: App, book: AlertBook, *, is_playout: bool) -> Mapping[str, Method]:
    """``channels.status``: asked by every technician's console every few seconds."""
    desk = AirDesk(app, book, is_playout=is_playout)
    return {"channels.status": question(lambda _params, _actor: desk.status())}


@dataclass
class AirDesk:
    """Describes the air. Keeps what costs time to find: readiness for some seconds, loudness of each segment."""

    app: App
    book: AlertBook
    is_playout: bool
    loudness: LoudnessNow = field(init=False)
    readiness: Readiness = field(init=False)

    def __post_init__(self) -> None:
        self.loudness = LoudnessNow(self.app)
        self.readiness = Readiness(self.app)

    def status(self) -> dict[str, Any]:
        """All channels at this moment."""
        app = self.app
        now_us = to_micros(app.clock.now())
        tick = now_us // TICK_US
        catalogue = self._catalogue()
        channels = [self._channel(one, tick, now_us, catalogue) for one in app.on_air.store.channels()]
        return {
            "now": now_us,
            "playout": self.is_playout,
            "channels": channels,
            "alerts": [one.as_json() for one in self.book.recent() if not one.channel],
        }

    def _catalogue(self) -> Catalogue | None:
        try:
            return self.app.catalogue()
        except Refused:
            return None

    def _channel(
        self, channel: Channel, tick: int, now_us: int, catalogue: Catalogue | None
    ) -> dict[str, Any]:
        store = self.app.on_air.store
        coming = store.airings(channel.code, since_tick=tick)
        current = next((item for item in coming if item.start_tick <= tick < item.end_tick), None)
        following = [item for item in coming if item.start_tick > tick][:_NEXT]
        rows = store.rows(channel.code, since_tick=tick, before_tick=tick + SEGMENT_TICKS)
        row = rows[0] if rows else None
        return {
            "channel": channel.code,
            "name": channel.name,
            "kind": channel.kind,
            "state": _STATES[row.kind] if row else "stopped",
            "by_hand": self._by_hand(channel.code, tick),
            "now": _item(current, catalogue) if current and row else _filling(row, coming),
            "next": [{**_item(item, catalogue), **self.readiness.of(item)} for item in following],
            "health": self._health(channel, row, tick, now_us),
            "loudness": self.loudness.at(channel, rows, now_us),
            "alerts": [
                *([] if row else [{"severity": "error", "text": _ENDED, "channel": channel.code}]),
                *(one.as_json() for one in self.book.recent() if one.channel == channel.code),
            ],
        }

    def _by_hand(self, code: str, tick: int) -> str:
        """The command that holds the channel away from its schedule now, or empty."""
        day = 24 * 3600 * 1_000_000 // TICK_US
        held = ""
        for control in self.app.on_air.store.controls(code, since_tick=tick - day):
            effect = control.effect
            if effect.freed_from and effect.freed_from <= tick + SEGMENT_TICKS:
                held = ""
            if any(first <= tick + SEGMENT_TICKS and tick < stop for first, stop in effect.blocked):
                held = control.command
        return held

    def _health(self, channel: Channel, row: Row | None, tick: int, now_us: int) -> dict[str, Any]:
        """What goes out: bit rate of the segment of the moment, how far ahead files are proved, and every peer."""
        on_air = self.app.on_air
        bundler = on_air.bundler
        proved = bundler.proved_until(channel.code) if bundler else 0
        wires = [sending for code, sending in self.app.wires if code == channel.code]
        return {
            "bit_rate": self._bit_rate(channel, row, tick),
            "ready_s": max((proved * TICK_US - now_us) / 1e6, 0.0) if proved else None,
            "late": sum(wire.lateness.late for wire in wires),
            "worst_ms": max((wire.lateness.worst_us / 1000 for wire in wires), default=0.0),
            "replaced": sum(wire.replaced for wire in wires),
            "peers": [
                {"name": line.output.name, "up": line.is_up, "dropped": line.dropped}
                for wire in wires
                for line in wire.lines
            ],
        }

    def _bit_rate(self, channel: Channel, row: Row | None, tick: int) -> int | None:
        """Bits per second of the segment that is on now, in the rendition of the transmitter."""
        if row is None:
            return None
        on_air = self.app.on_air
        try:
            asset = on_air.assets(row.asset)
            if asset.transmitter:
                return asset.transmitter.bit_rate
            held = asset.rendition(on_air.playout.transmitter(channel.code)).segments
            piece = next(Timeline(channel.code, (row,)).slices(tick, tick + 1))
            segment = held[(row.first_segment + piece.index) % len(held)]
        except (Refused, KeyError, StopIteration):
            return None
        return round(segment.bytes * 8 * 1e6 / (segment.ticks * TICK_US))


def _item(airing: Airing, catalogue: Catalogue | None) -> dict[str, Any]:
    material = catalogue.materials.get(airing.material) if catalogue else None
    return {
        "airing": airing.id,
        "title": material.title if material and material.title else airing.material,
        "material": airing.material,
        "course": airing.course,
        "unit": airing.unit,
        "start": airing.start_tick * TICK_US,
        "end": airing.end_tick * TICK_US,
        "kind": "lesson",
    }


def _filling(row: Row | None, coming: list[Airing]) -> dict[str, Any] | None:
    """Slate, filler or card; it ends at the latest when the next programme begins."""
    if row is None:
        return None
    until = next((a.start_tick for a in coming if a.start_tick > row.start_tick), row.end_tick)
    return {
        "title": "",
        "start": row.start_tick * TICK_US,
        "end": max(until, row.end_tick) * TICK_US,
        "kind": str(row.kind),
    }
