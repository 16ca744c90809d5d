"""Lines of waiting: what takes seconds (reading photographs, drawing pages) or a whole core (proving a PIN) never
stands before what takes milliseconds (the acknowledgement of an upload, a playlist).

A page that waits for workers holds a thread while it waits. Those threads are counted apart, so that a thousand
learners who hand in or sign in at once leave the threads of all other requests free.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CancelScope, CapacityLimiter, Event, current_time, to_thread

from delivery.store.credentials import HASHES_AT_ONCE

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

SLOW_AT_ONCE = 6
"""More would only wait for the workers of the machine, and hold their photographs in memory meanwhile."""
BEGINNINGS_AT_ONCE = 6
"""Uploads that begin, or ask where to go on: few, because whoever waits here has sent nothing yet."""
PIECES_AT_ONCE = 12
"""Pieces on their way. Each waits for the disk, and a disk syncs several files in nearly the time of one."""
PATIENCE_S = 10.0
"""How long anybody in one line is held back by another that never empties."""


class Line:
    """So many threads, and whoever else comes waits for one of them.

    Whose turn it is in this line begins when nobody waits in the line `after`, or :data:`PATIENCE_S` after coming.
    """

    def __init__(self, at_once: int, *, after: Line | None = None) -> None:
        self._turns = CapacityLimiter(at_once)
        self._threads = CapacityLimiter(at_once)
        self._after = after
        self._emptied: Event | None = None

    def __call__(self, page: Callable[Given, Answer]) -> Callable[Given, Awaitable[Answer]]:
        """`page` as a coroutine that waits its turn in this line, then runs in a thread."""

        @wraps(page)
        async def waits(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
            return await self.run(page, *args, **kwargs)

        return waits

    async def run(self, work: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """Wait for a turn, then run `work` in a thread."""
        patient_until = current_time() + PATIENCE_S
        try:
            async with self._turns:
                if self._after is not None:
                    with CancelScope(deadline=patient_until):
                        await self._after.empty()
                return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._threads)
        finally:
            if self._emptied is not None and not self._is_full:
                self._emptied.set()
                self._emptied = None

    async def empty(self) -> None:
        """Come back when nobody waits for a turn."""
        while self._is_full:
            self._emptied = self._emptied or Event()
            await self._emptied.wait()

    @property
    def _is_full(self) -> bool:
        return self._turns.statistics().tasks_waiting > 0


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a portal. What has been sent is acknowledged before others begin to send, and before work that was
    handed in is put together."""

    keeping: Line = field(default_factory=lambda: Line(PIECES_AT_ONCE))
    """Pieces of uploads on their way."""
    beginning: Line = field(init=False)
    """Uploads that begin, or ask where to go on."""
    slow: Line = field(init=False)
    """Requests that need the executor."""
    elsewhere: Line = field(default_factory=lambda: Line(SLOW_AT_ONCE))
    """Those that need another party's answer."""
    proving: Line = field(default_factory=lambda: Line(HASHES_AT_ONCE))
    """Those that prove or choose a PIN or password: each takes a core for some 30 ms."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "beginning", Line(BEGINNINGS_AT_ONCE, after=self.keeping))
        object.__setattr__(self, "slow", Line(SLOW_AT_ONCE, after=self.keeping))
