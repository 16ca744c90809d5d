"""``tuxa console``: the terminal consoles."""

from __future__ import annotations

import sys
from functools import partial

import typer

from delivery.cli.context import app_of
from delivery.errors import N_, Refused

app = typer.Typer(no_args_is_help=True, help="The terminal consoles.")


@app.callback()
def console() -> None:
    """The terminal consoles. They talk to a running station (`tuxa up`) and find it again by themselves."""


@app.command("technician")
def technician(context: typer.Context) -> None:
    """Channels on air, what follows, and files being ingested."""
    tuxa = app_of(context)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            N_("The consoles need a terminal."), do=N_("Run it in a terminal window, or over ssh with -t.")
        )
    # Late, so that other commands do not pay for Textual and ZeroMQ.
    from delivery.network.bus.address import find_address
    from delivery.network.bus.client import BusClient
    from delivery.network.bus.keys import read_daemon_key, read_key_pair
    from tui.technician import TechnicianConsole

    settings = tuxa.settings
    client = BusClient(
        read_key_pair(settings.keys_dir, "technician"),
        daemon_key=read_daemon_key(settings.keys_dir),
        find=partial(find_address, settings.home / "run"),
        clock=tuxa.clock,
        ids=tuxa.ids,
    )
    TechnicianConsole(client, clock=tuxa.clock, words=tuxa.translate).run()
