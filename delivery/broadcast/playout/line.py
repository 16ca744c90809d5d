"""Lines to peers: opened again after each loss, with pauses that grow, and never in the way of one another."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from typing import Final, Protocol

from delivery.errors import TuxaError

BACKOFF_S: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Pauses between attempts to reach a peer that was lost."""
STEADY_S: Final = 5.0
"""A peer that was lost is found again once it has taken everything for so long: connecting alone proves little."""
_HELD: Final = 150
"""Portions of a feed that wait for a slow peer: 4 s."""
_CLOSING_S: Final = 1.0
"""How long a peer may take for what waits, once the feed has ended."""


class Output(Protocol):
    """One peer."""

    @property
    def name(self) -> str:
        """Its address, without passwords."""
        ...

    @property
    def may_wait(self) -> bool:
        """Whether reaching it, or sending to it, can take a while."""
        ...

    def send(self, data: bytes) -> None:
        """Hand `data` over. Raises OSError when the peer is lost, or does not read."""
        ...

    def open(self) -> None:
        """Connect, anew after a loss. Raises OSError or TuxaError."""
        ...

    def close(self) -> None: ...


def line_to(
    output: Output,
    monotonic: Callable[[], float],
    lost: Callable[[str, str], None] = lambda _name, _reason: None,
    found: Callable[[str], None] = lambda _name: None,
) -> Line | LineApart:
    """A line whose ``send`` never waits. `lost` is called with name and reason when the peer is lost, cannot be
    reached, or does not read; `found` when one that was lost is there again."""
    line = Line(output, monotonic, lost, found)
    return LineApart(line) if output.may_wait else line


@dataclass
class Line:
    """An output that is opened again after each loss. Sends where it is called."""

    output: Output
    monotonic: Callable[[], float]
    lost: Callable[[str, str], None] = lambda _name, _reason: None
    found: Callable[[str], None] = lambda _name: None
    _open: bool = False
    _failures: int = 0
    """Since the peer last held."""
    _retry_at: float = 0.0
    _since: float = 0.0
    dropped: int = 0
    """Bytes that were not taken."""

    @property
    def is_up(self) -> bool:
        return self._open and not self._failures

    def send(self, data: bytes) -> bool:
        """Hand over, or drop while the peer is away; whether a peer that holds has taken it."""
        if self._open or self._connect():
            try:
                self.output.send(data)
            except OSError as error:
                self._fail(str(error) or type(error).__name__)
            else:
                return not self._failures or self._holds()
        self.dropped += len(data)
        return False

    def _connect(self) -> bool:
        if self.monotonic() < self._retry_at:
            return False
        try:
            self.output.open()
        except (OSError, TuxaError) as error:
            self._fail(str(error) or type(error).__name__)
            return False
        self._open, self._since = True, self.monotonic()
        return True

    def _holds(self) -> bool:
        """Whether the peer that was lost has now been there for a while."""
        if self.monotonic() - self._since < STEADY_S:
            return False
        self._failures = 0
        self.found(self.output.name)
        return True

    def _fail(self, reason: str) -> None:
        self.output.close()
        self._open = False
        self._retry_at = self.monotonic() + BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        self._failures += 1
        self.lost(self.output.name, reason)

    def close(self) -> None:
        self.output.close()
        self._open = False


class LineApart:
    """A line with a thread of its own: a peer that is slow to answer, or a disk that hangs, delays no other feed."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_HELD)
        self._overrun = 0
        self._stuck = self._failed = False
        self._thread: Thread | None = None

    @property
    def output(self) -> Output:
        return self._line.output

    @property
    def is_up(self) -> bool:
        return self._line.is_up and not self._stuck

    @property
    def dropped(self) -> int:
        """Bytes that were not taken."""
        return self._line.dropped + self._overrun

    def send(self, data: bytes) -> bool:
        """Hand over, or drop where too much waits already; whether this, and what was sent last, was taken."""
        if self._thread is None:
            self._thread = Thread(target=self._send_on, name=f"line {self.output.name}", daemon=True)
            self._thread.start()
        # Once too much has waited, what waits goes out first: one break, and not one after another.
        self._stuck = self._stuck and not self._waiting.empty()
        if not self._stuck:
            try:
                self._waiting.put_nowait(data)
            except queue.Full:
                self._stuck = True
                self._line.lost(self.output.name, "the peer does not read")
        if self._stuck:
            self._overrun += len(data)
        return not (self._stuck or self._failed)

    def _send_on(self) -> None:
        while (data := self._waiting.get()) is not None:
            self._failed = not self._line.send(data)
        self._line.close()

    def close(self) -> None:
        """Send what waits, for a while; then hang up."""
        if self._thread is None:
            self._line.close()
            return
        try:
            self._waiting.put(None, timeout=_CLOSING_S)
        except queue.Full:
            return
        self._thread.join(_CLOSING_S)
