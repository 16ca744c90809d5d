"""The daemons of a site, each in a process of its own: the portal, and playout with the bus.

A daemon ends when told to (SIGTERM, SIGINT) and when its standard input ends: the supervisor holds the other end, so
that no daemon outlives it, however it went.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

import structlog

from delivery.app.core import App
from delivery.errors import N_, NotFound, Refused, TuxaError

BEAT_S: Final = 1.0
"""How often playout looks at what has gone out."""
AHEAD: Final = timedelta(hours=49)
"""How far the daemon keeps the timeline compiled: an air bundle reaches 48 hours."""
AFTER_OTHERS_S: Final = 5.0
"""How long the daily evaluation waits at the start."""
REFRESH_S: Final = 600.0
"""How often it is extended."""
SWITCH_S: Final = 0.001
"""How long a thread of the portal may keep the interpreter while another wants it. Python's own 5 ms, with a dozen
pages being made, are what the loop that reads the network would wait each time it comes back from reading."""

_log = structlog.get_logger(__name__)


class Stop:
    """Set once the daemon is to end."""

    def __init__(self) -> None:
        self._flag = threading.Event()

    def set(self, *_: object) -> None:
        self._flag.set()

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds`; whether the daemon is to end."""
        return self._flag.wait(seconds)

    def follow_signals(self) -> None:
        """End on SIGTERM and SIGINT."""
        signal.signal(signal.SIGTERM, self.set)
        signal.signal(signal.SIGINT, self.set)

    def follow_stdin(self) -> None:
        """End when standard input ends."""

        def watch() -> None:
            while os.read(sys.stdin.fileno(), 4096):
                pass
            self.set()

        threading.Thread(target=watch, name="follow-stdin", daemon=True).start()


def run_portal(app: App, stop: Stop) -> None:
    """Serve pages, playlists and segments until told to stop."""
    from delivery.app.photographs import photographs_read
    from delivery.app.portal import build_portal
    from delivery.network.web.server import make_server

    with app.executor() as executor, photographs_read(app, executor):
        server = make_server(
            build_portal(app, executor),
            host=app.settings.host,
            port=app.settings.port,
            proxies=app.settings.proxies,
            certificate=app.settings.tls_certificate,
            key=app.settings.tls_key,
        )

        def end_with_stop() -> None:
            stop.wait(float(threading.TIMEOUT_MAX))
            server.should_exit = True

        threading.Thread(target=end_with_stop, name="end-with-stop", daemon=True).start()
        # What is loaded now stays until the end: the collector need not look through it while people wait.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(SWITCH_S)
        server.run()
        stop.set()


def run_playout(app: App, stop: Stop) -> None:
    """Beat, tell what aired, keep the timelines ahead, and answer the consoles, until told to stop."""
    from delivery.app.air import alert_ways
    from delivery.app.consoles import build_bus
    from delivery.app.feeds import feeds_of
    from delivery.broadcast.playout.alerts import ToConsoles
    from delivery.network.bus.address import publish_address, withdraw_address

    run_dir = app.settings.home / "run"
    for way in alert_ways(app):
        app.on_air.alerts.add(way)
    with build_bus(app) as bus, feeds_of(app, stop):
        app.on_air.alerts.add(ToConsoles(bus.publish, app.translate))
        publish_address(run_dir, bus.address)
        try:
            extend_at = app.clock.monotonic()
            while not stop.wait(BEAT_S):
                if app.clock.monotonic() >= extend_at:
                    keep_ahead(app)
                    extend_at = app.clock.monotonic() + REFRESH_S
                told = step(app)
                for fact in told:
                    bus.publish("asrun", {"fact": fact})
        finally:
            withdraw_address(run_dir)


def step(app: App) -> list[str]:
    """One beat. A failure of one beat is logged and does not take the channels off the air."""
    now = app.clock.now()
    try:
        app.on_air.playout.beat(now)
        for channel in app.on_air.store.channels():
            app.on_air.publish(channel.code)
        app.on_air.prove()
        return app.on_air.asrunner.step(now)
    except TuxaError as error:
        _log.error("beat-failed", reason=str(error))
        return []


def keep_ahead(app: App) -> None:
    """Extend every channel's timeline; what finds no place is logged, and is shown by ``tuxa schedule compile``."""
    until = app.clock.now() + AHEAD
    for channel in app.on_air.store.channels():
        try:
            done = app.on_air.scheduler.compile(channel.code, until=until, actor="playout")
        except Refused as error:
            _log.error("compile-failed", channel=channel.code, reason=str(error))
            continue
        app.on_air.warn(done.findings)
        if done.findings:
            _log.warning("compile-findings", channel=channel.code, count=len(done.findings))


def run_sync(app: App, stop: Stop) -> None:
    """Be in sync with other sites until told to stop; the lines heal by themselves."""
    from delivery.app.sync import build_runner

    runner = build_runner(app)
    try:
        while not stop.wait(0):
            runner.step()
    finally:
        runner.close()


def run_ingest(app: App, stop: Stop) -> None:
    """Convert the recordings that consoles have asked for, one after the other; ends when none is left."""
    from delivery.app.consoles.queue import work_through

    work_through(app, stop)


def run_regulation(app: App, stop: Stop) -> None:
    """Evaluate every clause of the regulation once a day; the portal and the channels come up first."""
    if stop.wait(AFTER_OTHERS_S):
        return
    from delivery.app.daily import run_daily

    run_daily(app, stop)


SERVICES: Mapping[str, Callable[[App, Stop], None]] = {
    "portal": run_portal,
    "playout": run_playout,
    "sync": run_sync,
    "ingest": run_ingest,
    "regulation": run_regulation,
}
_ON_DEMAND = ("ingest",)
"""Begun by another daemon when there is something to do."""


def services_of(app: App) -> tuple[str, ...]:
    """The daemons that this home always needs: the sync only where there is another site, the regulation at the main
    site only, because a partner's home holds its own learners and no others."""
    from delivery.app.sync import in_sync_with_somebody, main_site

    left_out = set(_ON_DEMAND)
    if not in_sync_with_somebody(app):
        left_out.add("sync")
    if main_site(app) != app.settings.site:
        left_out.add("regulation")
    return tuple(name for name in SERVICES if name not in left_out)


def run_service(app: App, name: str) -> None:
    """Be the daemon called `name`. Raises NotFound for an unknown name."""
    service = SERVICES.get(name)
    if service is None:
        raise NotFound(
            N_("There is no service “{name}”."),
            do=N_("Services: {known}."),
            name=name,
            known=", ".join(SERVICES),
        )
    from delivery import log

    log.configure(app.settings.home / "log" / f"{name}.log")
    logging.captureWarnings(capture=True)
    stop = Stop()
    stop.follow_signals()
    stop.follow_stdin()
    _log.info("started", service=name)
    try:
        service(app, stop)
    except Exception:
        _log.exception("service-failed", service=name)
        raise
    _log.info("stopped", service=name)
