"""What workers tell the app. They post these and never touch a widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message as TextualMessage

from delivery.errors import TuxaError
from delivery.network.bus.client import Link


@dataclass
class LinkMoved(TextualMessage):
    """The link to the station has changed."""

    link: Link


@dataclass
class EventTold(TextualMessage):
    """The station told something."""

    topic: str
    data: Any


@dataclass
class StateUnclear(TextualMessage):
    """Something changed that was not said in full: ask again."""


@dataclass
class WorkDone(TextualMessage):
    """A request was answered."""

    number: int
    result: Any
    done: Callable[[Any], None]


@dataclass
class WorkFailed(TextualMessage):
    """The station refused, or did not answer. `quiet`: the state of the link tells it already."""

    number: int
    error: TuxaError
    quiet: bool = False
    failed: Callable[[TuxaError], None] | None = None
