"""Photographs of sheets that learners sent to the portal: their bubbles are read like those of a scan, a bit later."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import structlog

from delivery.clock import to_micros
from delivery.errors import TuxaError
from delivery.postal.incoming.reading_filed import read_unread

if TYPE_CHECKING:
    from delivery.app.core import App

EVERY_S: Final = 5.0
AT_ONCE: Final = 20
"""Pages between two looks at whether to end."""
BACK: Final = timedelta(hours=1)
"""How far behind the last look what has come is looked at again: sites' clocks differ, and transactions end late."""
_log = structlog.get_logger(__name__)


@contextmanager
def photographs_read(app: App, executor: Executor, *, every: float = EVERY_S) -> Iterator[None]:
    """Read what comes while the context is open, looking `every` so many seconds, one page at a time: whoever uploads
    goes before."""
    stop = threading.Event()

    def look() -> None:
        since = 0
        while not stop.wait(every):
            now = to_micros(app.clock.now() - BACK)
            try:
                while read_unread(app, executor, since=since, limit=AT_ONCE, ahead=0):
                    if stop.is_set():
                        return
                since = now
            except (TuxaError, OSError) as error:
                _log.warning("photographs-wait", reason=str(error))
            except (BrokenExecutor, RuntimeError) as error:
                _log.warning("photographs-ended", reason=str(error))
                return

    thread = threading.Thread(target=look, name="photographs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
