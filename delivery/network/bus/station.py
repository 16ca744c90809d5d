"""What a console needs of a station, whether it is a daemon on the bus or this very process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from delivery.network.bus.client import Item, Link


class Station(Protocol):
    """:class:`~delivery.network.bus.client.BusClient` is one, :class:`~delivery.network.bus.inprocess.Alone` another.

    Methods may be called from any thread."""

    @property
    def link(self) -> Link: ...

    def open(self) -> None:
        """Begin; returns at once."""
        ...

    def close(self) -> None:
        """End; iterators over events end too."""
        ...

    def ask(self, method: str, params: Mapping[str, Any] | None = None, *, within_s: float = 3.0) -> Any:
        """Ask, and wait for the result. Raises what the station refuses with."""
        ...

    def command(
        self, method: str, params: Mapping[str, Any] | None = None, *, actor: str, within_s: float = 10.0
    ) -> Any:
        """Give a command as `actor`, and wait until it is carried out. Raises what the station refuses with."""
        ...

    def events(self) -> AbstractContextManager[Iterator[Item]]:
        """Everything that comes from now on, beginning with the state of the link."""
        ...
