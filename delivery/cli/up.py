"""``tuxa up``: the station of a site under one supervisor; with ``--demo``, the sample term and its whole cycle."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import timedelta
from threading import Event
from typing import Annotated, Any

import typer

from delivery import log
from delivery.app import App
from delivery.app.services import run_service, services_of
from delivery.app.supervisor import (
    Supervisor,
    only_one,
    require_certificate,
    require_free_port,
    wait_until_ready,
)
from delivery.cli.context import app_of, raw_app_of, say
from delivery.cli.progress import bar
from delivery.cli.record import print_record
from delivery.errors import N_

app = typer.Typer()
_ABANDONED = timedelta(hours=1)
"""No file takes this long to write: older partial files were left by killed writers."""


@app.command("up")
def up(
    context: typer.Context,
    demo: Annotated[
        bool, typer.Option("--demo", help="Load the sample term and carry out its cycle.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="With --demo: stop after the cycle.")] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the portal.")] = None,
) -> None:
    """Portal, channels and consoles' bus of this site. Ctrl-C stops everything."""
    tuxa = raw_app_of(context)
    if port is not None:
        tuxa.settings = replace(tuxa.settings, port=port)
    if demo:
        tuxa.init()
    else:
        tuxa.require_ready()
    log.configure(tuxa.settings.log_file)
    stop = Event()
    # Also when a script started this with Ctrl-C ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with only_one(tuxa.settings):
        require_certificate(tuxa.settings)
        require_free_port(tuxa.settings)
        tuxa.blobs.sweep(before=tuxa.clock.now() - _ABANDONED)
        supervisor = Supervisor(tuxa.settings, services_of(tuxa), clock=tuxa.clock)
        try:
            supervisor.start()
            wait_until_ready(tuxa.settings, clock=tuxa.clock)
            if demo:
                from delivery.demo.cycle import run_cycle
                from delivery.demo.stage import Stage

                run_cycle(Stage(tuxa, _Teller(tuxa), stop))
            # From here on Ctrl-C is the ordinary way to end.
            with suppress(KeyboardInterrupt):
                _say_addresses(tuxa)
                while not once and not stop.wait(1.0):
                    pass
        finally:
            # A second Ctrl-C must not leave daemons behind.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            supervisor.stop()
            signal.signal(signal.SIGINT, signal.default_int_handler)


class _Teller:
    """Speaks for the cycle: numbered steps, lines and bars in the person's language."""

    def __init__(self, tuxa: App) -> None:
        self._tuxa = tuxa
        self._number = 0

    def step(self, title: str, /) -> None:
        self._number += 1
        say()
        say(f"{self._number:>2}  {self._tuxa.translate(title)}")

    def line(self, text: str, /, **params: Any) -> None:
        say(f"    {self._tuxa.translate(text, **params)}")

    def bar(self, label: str, /) -> AbstractContextManager[Callable[[int, int], None]]:
        return bar(f"    {self._tuxa.translate(label)}")

    def record(self, learner: str, /) -> None:
        ref = self._tuxa.learners.require(learner)
        print_record(self._tuxa, self._tuxa.records.show(ref.id, self._tuxa.catalogue()))


def _say_addresses(tuxa: App) -> None:
    words = tuxa.translate
    base = tuxa.settings.address
    say()
    say(words(N_("Portal: {address}"), address=base + "/"))
    for channel in tuxa.on_air.store.channels():
        say(words(N_("Channel {name}: {address}"), name=channel.name, address=f"{base}/watch/{channel.code}"))
        say(f"  {base}/hls/{channel.code}/master.m3u8")
    say(words(N_("Console: tuxa --home {home} console technician"), home=str(tuxa.settings.home)))
    say(words(N_("Ctrl-C stops everything.")))


@app.command("serve", hidden=True)
def serve(context: typer.Context, name: str) -> None:
    """Be one daemon; started by the supervisor."""
    run_service(app_of(context), name)
