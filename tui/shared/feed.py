"""From station to app: what runs in the console's worker threads. Knows no widget, only where to post."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message as TextualMessage

from delivery.network.bus.client import Item, LinkChanged
from delivery.network.bus.protocol import Event
from delivery.network.bus.station import Station
from tui.shared.messages import EventTold, LinkMoved, StateUnclear

Post = Callable[[TextualMessage], object]
BEAT = "heartbeat"


def listen(station: Station, post: Post) -> None:
    """Post what the station tells, until it is closed."""
    with station.events() as items:
        for item in items:
            if message := told(item):
                post(message)


def told(item: Item) -> TextualMessage | None:
    """The message for one thing that came over the bus; None when nobody need know."""
    if isinstance(item, LinkChanged):
        return LinkMoved(item.link)
    if not isinstance(item, Event):
        return StateUnclear()
    if item.topic == BEAT:
        return None
    return EventTold(item.topic, item.data)
