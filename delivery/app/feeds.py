"""The feeds that the settings name, sent by one thread of the playout daemon."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import structlog

from delivery.errors import N_, ConfigError, TuxaError

if TYPE_CHECKING:
    from delivery.app.core import App
    from delivery.app.services import Stop
    from delivery.broadcast.playout.sender import Sending

_log = structlog.get_logger(__name__)


def named_feeds(text: str) -> list[tuple[str, str]]:
    """(channel, address) of each feed in the setting. Raises ConfigError."""
    found = []
    for word in text.split():
        channel, separator, url = word.partition("=")
        if not (channel and separator and url):
            raise ConfigError(
                N_("“{word}” in the setting “feeds” is not CHANNEL=ADDRESS."),
                do=N_("Write for example TV1=udp://239.1.1.1:5000, and separate feeds by spaces."),
                word=channel,
            )
        found.append((channel, url))
    return found


@contextmanager
def feeds_of(app: App, stop: Stop) -> Iterator[None]:
    """Send every feed of the settings until the block ends. One that cannot begin is logged and left out."""
    wanted = named_feeds(app.settings.feeds)
    if not wanted:
        yield
        return
    from delivery.app.air import institution_name
    from delivery.broadcast.media.ffmpeg import find_ffmpeg
    from delivery.broadcast.playout.feeds import Feeds
    from delivery.broadcast.playout.outputs import output_of
    from delivery.broadcast.playout.pacing import hurry

    feeds = Feeds(app.on_air, monotonic=app.clock.monotonic, provider=institution_name(app))
    ended = Event()
    # What is held by now stays: searching it for garbage again and again would make the sender wait.
    gc.freeze()
    reader = ThreadPoolExecutor(2, thread_name_prefix="feed-reader", initializer=hurry)
    writer = ThreadPoolExecutor(1, thread_name_prefix="feed-journal")
    together: list[Sending] = []
    for channel, url in wanted:
        try:
            name = app.on_air.book.channel(channel).name
            output = output_of(
                url, ffmpeg=lambda: str(find_ffmpeg(app.settings.ffmpeg).path), stream_name=name
            )
            sending = feeds.sending(channel, [output], reader=reader, writer=writer)
        except TuxaError as error:
            _log.error("feed-not-begun", channel=channel, reason=str(error))
            continue
        app.wires.append((channel, sending))
        together.append(sending)
    thread = _start(together, app, ended)
    try:
        yield
    finally:
        ended.set()
        thread.join(2.0)
        reader.shutdown(wait=False, cancel_futures=True)
        writer.shutdown()


def _start(feeds: list[Sending], app: App, ended: Event) -> Thread:
    from delivery.broadcast.playout.pace import SlewedClock
    from delivery.broadcast.playout.pacing import hurry, run

    def failed(feed: Sending, error: Exception) -> None:
        _log.error("feed-failed", peers=[line.output.name for line in feed.lines], exc_info=error)

    def send() -> None:
        hurry()
        try:
            run(feeds, SlewedClock(app.clock), stopped=ended.is_set, failed=failed)
        except Exception:  # a thread's edge: the daemon goes on, and the log tells
            _log.exception("feed-died")
        finally:
            for feed in feeds:
                feed.close()

    thread = Thread(target=send, name="feeds", daemon=True)
    thread.start()
    return thread
