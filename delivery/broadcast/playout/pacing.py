"""The loop that wakes feeds up in time."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from delivery.broadcast.playout.pace import SlewedClock
from delivery.broadcast.playout.portions import moment_after
from delivery.broadcast.playout.sender import Sending

_TURN_S: Final = 0.001
"""How long another thread of this process may keep the sender waiting (Python's own choice is 5 ms)."""
_PRIORITY: Final = 10
_PAUSE_US: Final = 1_000_000
"""After which a feed that failed begins again."""


def run(
    feeds: Sequence[Sending],
    clock: SlewedClock,
    *,
    stopped: Callable[[], bool],
    until_us: int | None = None,
    sleep: Callable[[float], None] = time.sleep,
    stepped: Callable[[float], None] = lambda _seconds: None,
    failed: Callable[[Sending, Exception], None] | None = None,
) -> None:
    """Send until `stopped()`, or until the time is reached. `stepped` hears of jumps of UTC, in seconds.

    With `failed`, a feed in which something unforeseen goes wrong is told there, and begins again; the others go on.
    """
    with _short_turns():
        while not stopped():
            now = clock.now_us()
            if clock.stepped_s:
                stepped(clock.taken_step())
            if until_us is not None:
                now = min(now, until_us)
            for feed in feeds:
                if feed.due_us <= now:
                    try:
                        feed.step(now)
                    except Exception as error:
                        if failed is None:
                            raise
                        failed(feed, error)
                        feed.begin_again(now + _PAUSE_US)
            if now == until_us:
                return
            left = moment_after(now) - clock.now_us()
            if left > 0:
                sleep(left / 1e6)


def hurry() -> None:
    """Let the calling thread go before others of the machine, where the system allows it."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_PRIORITY))


@contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(min(before, _TURN_S))
    try:
        yield
    finally:
        sys.setswitchinterval(before)
