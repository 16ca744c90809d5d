"""Asking the station without waiting for it: each request runs in a worker, is shown meanwhile, and can be left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

from textual.message import Message as TextualMessage

from delivery.clock import Clock
from delivery.errors import TuxaError
from delivery.network.bus.client import KeyRefused, LinkLost
from delivery.network.bus.station import Station
from tui.shared.messages import WorkDone, WorkFailed

Done = Callable[[Any], None]
Failed = Callable[[TuxaError], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that is under way."""

    method: str
    label: str
    since: float


class Requests:
    """The requests of a console. `start` runs a function in a thread; answers come as messages to `post`."""

    def __init__(
        self,
        station: Station,
        *,
        actor: str,
        clock: Clock,
        post: Callable[[TextualMessage], object],
        start: Callable[[Callable[[], None], str], object],
    ) -> None:
        self._station, self._actor, self._clock = station, actor, clock
        self._post, self._start = post, start
        self._numbers = count(1)
        self._open: dict[int, Asked] = {}

    def send(
        self,
        method: str,
        params: Mapping[str, Any] | None,
        done: Done,
        *,
        failed: Failed | None = None,
        command: bool = False,
        within_s: float = 10.0,
        label: str = "",
    ) -> None:
        """Ask or command; `done(result)` is called in the app's own thread, unless the request was left meanwhile."""
        number = next(self._numbers)
        self._open[number] = Asked(method, label, self._clock.monotonic())
        work = partial(self._carry_out, number, method, params, done, failed, command, within_s)
        self._start(work, method)

    def _carry_out(
        self,
        number: int,
        method: str,
        params: Mapping[str, Any] | None,
        done: Done,
        failed: Failed | None,
        command: bool,
        within_s: float,
    ) -> None:
        try:
            if command:
                result = self._station.command(method, params, actor=self._actor, within_s=within_s)
            else:
                result = self._station.ask(method, params, within_s=within_s)
        except (LinkLost, KeyRefused) as error:
            self._post(WorkFailed(number, error, not command, failed))
        except TuxaError as error:
            self._post(WorkFailed(number, error, False, failed))
        else:
            self._post(WorkDone(number, result, done))

    def finish(self, number: int) -> Asked | None:
        """An answer has come; what was asked, or None when nobody waits for it any more."""
        return self._open.pop(number, None)

    def is_open(self, method: str) -> bool:
        """Whether a request of that name is under way."""
        return any(asked.method == method for asked in self._open.values())

    def shown(self) -> Asked | None:
        """The oldest request that the person waits for."""
        return next((asked for asked in self._open.values() if asked.label), None)

    def leave(self) -> bool:
        """Wait no longer for what the person waits for; whether there was something."""
        left = [number for number, asked in self._open.items() if asked.label]
        for number in left:
            del self._open[number]
        return bool(left)
