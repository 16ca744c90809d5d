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

from anyio import CapacityLimiter, to_thread

from delivery.store.credentials import HASHES_AT_ONCE

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

SLOW_AT_ONCE = 12
"""More would only wait for the workers of the machine, and hold their photographs in memory meanwhile."""
BEGINNINGS_AT_ONCE = 6
"""Uploads that begin, or ask where to go on: few, because whoever waits here has sent nothing yet."""
PIECES_AT_ONCE = 24
"""Pieces on their way. Each waits for the disk, and a disk syncs many files in nearly the time of one."""


class Line:
    """So many threads, and whoever else comes waits for one of them."""

    def __init__(self, at_once: int) -> None:
        self._limiter = CapacityLimiter(at_once)

    def __call__(self, page: Callable[Given, Answer]) -> Callable[Given, Awaitable[Answer]]:
        """`page` as a coroutine that waits its turn in this line, then runs in a thread."""

        @wraps(page)
        async def waits(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
            return await self.run(page, *args, **kwargs)

        return waits

    async def run(self, work: Callable[Given, Answer], *args: Given.args, **kwargs: Given.kwargs) -> Answer:
        """Wait for a turn, then run `work` in a thread."""
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._limiter)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a portal. Pieces on their way have one of their own: what has been sent never waits for others to
    begin, nor for work that is put together."""

    keeping: Line = field(default_factory=lambda: Line(PIECES_AT_ONCE))
    """Pieces of uploads on their way."""
    beginning: Line = field(default_factory=lambda: Line(BEGINNINGS_AT_ONCE))
    """Uploads that begin, or ask where to go on."""
    slow: Line = field(default_factory=lambda: Line(SLOW_AT_ONCE))
    """Requests that need the executor or another party's answer."""
    proving: Line = field(default_factory=lambda: Line(HASHES_AT_ONCE))
    """Those that prove or choose a PIN or password: each takes a core for some 30 ms."""
