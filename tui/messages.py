"""What the bus worker tells the screen. Workers post these and never touch a widget."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message as TextualMessage

from delivery.errors import TuxaError
from delivery.network.bus.client import Link
from tui.views import Alert, Channel, Job, OnAir


@dataclass
class LinkMoved(TextualMessage):
    """The link to the station has changed."""

    link: Link


@dataclass
class OnAirArrived(TextualMessage):
    """The state of all channels."""

    on_air: OnAir
    ahead_us: int
    """How far the station's clock is ahead of this machine's, in µs."""


@dataclass
class JobsArrived(TextualMessage):
    """The state of all ingest jobs."""

    jobs: tuple[Job, ...]


@dataclass
class ChannelChanged(TextualMessage):
    channel: Channel


@dataclass
class JobChanged(TextualMessage):
    job: Job


@dataclass
class AlertRaised(TextualMessage):
    alert: Alert


@dataclass
class StateUnclear(TextualMessage):
    """Something changed that was not said in full: ask again."""


@dataclass
class AskFailed(TextualMessage):
    """The station refused or did not answer."""

    error: TuxaError
