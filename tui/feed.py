"""From bus to screen: what runs in the console's worker threads. Knows no widget, only where to post."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message as TextualMessage

from delivery.clock import Clock, to_micros
from delivery.errors import TuxaError
from delivery.network.bus.client import BusClient, Item, KeyRefused, LinkChanged, LinkLost
from delivery.network.bus.protocol import Event
from tui.messages import (
    AlertRaised,
    AskFailed,
    ChannelChanged,
    JobChanged,
    JobsArrived,
    LinkMoved,
    OnAirArrived,
    StateUnclear,
)
from tui.views import read_alert, read_channel, read_job, read_jobs, read_on_air

Post = Callable[[TextualMessage], object]


def listen(client: BusClient, post: Post) -> None:
    """Post what the station tells, until the client is closed."""
    with client.events() as items:
        for item in items:
            if message := told(item):
                post(message)


def told(item: Item) -> TextualMessage | None:
    """The message for one thing that came over the bus; None when the screen need not know."""
    if isinstance(item, LinkChanged):
        return LinkMoved(item.link)
    if not isinstance(item, Event):
        return StateUnclear()
    group = item.topic.partition(".")[0]
    if group == "channel":
        channel = read_channel(item.data)
        return ChannelChanged(channel) if channel else StateUnclear()
    if group == "ingest":
        job = read_job(item.data)
        return JobChanged(job) if job else StateUnclear()
    if group == "alert":
        alert = read_alert(item.data)
        return AlertRaised(alert) if alert else StateUnclear()
    return None


def ask_state(client: BusClient, post: Post, clock: Clock) -> None:
    """Ask for channels and ingest jobs, and post the answers."""
    try:
        before = to_micros(clock.now())
        on_air = read_on_air(client.ask("channels.status"))
        after = to_micros(clock.now())
        # The station read its clock about half-way between question and answer.
        post(OnAirArrived(on_air, on_air.now - (before + after) // 2))
        post(JobsArrived(read_jobs(client.ask("ingest.status"))))
    except (LinkLost, KeyRefused):
        # The state of the link is on the screen already.
        return
    except TuxaError as error:
        post(AskFailed(error))
