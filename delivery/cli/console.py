"""``tuxa console``: the terminal consoles."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from delivery.cli.context import app_of, note, raw_app_of, say
from delivery.errors import N_, BadInput, Refused, TuxaError

if TYPE_CHECKING:
    from delivery.app import App
    from delivery.network.bus.station import Station
    from tui.shared.app import ConsoleApp

app = typer.Typer(no_args_is_help=True, help="The terminal consoles.")
_Alone = Annotated[
    bool,
    typer.Option("--alone", help="Work on the store itself, in this process, without a running station."),
]
_Kit = Annotated[
    Path | None,
    typer.Option("--station", help="File of “tuxa console invite”: the station of another machine."),
]
_LOOK_S = 1.5


@app.callback()
def console() -> None:
    """The terminal consoles. They talk to a running station (`tuxa up`) and find it again by themselves."""


@app.command("technician")
def technician(context: typer.Context, alone: _Alone = False, station: _Kit = None) -> None:
    """Channels on air, schedule, ingest, log. Where no station runs, it works on the store itself."""
    from tui.technician.app import TechnicianConsole

    tuxa = app_of(context) if station is None else raw_app_of(context)
    run(tuxa, "technician", TechnicianConsole, alone=alone, kit=station)


@app.command("clerk")
def clerk(context: typer.Context, alone: _Alone = False, station: _Kit = None) -> None:
    """Packets that are due, the post's counter, returned sheets, one learner. Works on the store itself, too."""
    from tui.clerk.app import ClerkConsole

    tuxa = app_of(context) if station is None else raw_app_of(context)
    run(tuxa, "clerk", ClerkConsole, alone=alone, kit=station)


@app.command("invite")
def invite(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the new console: small letters, digits, - and _.")],
    out: Annotated[Path, typer.Option(help="File to write; bring it to the other machine by a safe way.")],
    role: Annotated[str, typer.Option(help="technician or clerk")] = "technician",
    address: Annotated[
        str,
        typer.Option(
            help="How the other machine reaches this station, as tcp://HOST:PORT; default bus_listen."
        ),
    ] = "",
) -> None:
    """Let in a console of another machine: a file with which “tuxa console technician --station FILE” finds us."""
    from delivery.network.bus.keys import CONSOLES
    from delivery.network.bus.kit import make_kit, write_kit

    tuxa = app_of(context)
    if role not in CONSOLES:
        raise BadInput(
            N_("There is no console “{name}”."),
            do=N_("There are: {known}."),
            name=role,
            known=", ".join(CONSOLES),
        )
    listen = tuxa.settings.bus_listen
    where = address or ("" if "//0.0.0.0:" in listen else listen)
    if not listen or not where:
        raise Refused(
            N_("Consoles of other machines could not reach this station."),
            do=N_(
                'Set in tuxa.toml: bus_listen = "tcp://0.0.0.0:8645", restart the station, and give --address.'
            ),
        )
    kit = make_kit(
        tuxa.settings.keys_dir, tuxa.ids, name=name, console=role, roles=CONSOLES[role], address=where
    )
    write_kit(kit, out)
    say(tuxa.translate(N_("Written: {file}"), file=str(out)))


@app.command("revoke")
def revoke_(context: typer.Context, name: str) -> None:
    """Shut a console out: within a second it can neither ask nor command anything."""
    from delivery.network.bus.kit import revoke

    tuxa = app_of(context)
    revoke(tuxa.settings.keys_dir, name)
    say(tuxa.translate(N_("Console {name} is let in no more."), name=name))


@app.command("keys")
def keys(context: typer.Context) -> None:
    """Print a keys file with every command of the consoles and its key, to be changed and put into the home."""
    from tui.clerk.app import ClerkConsole
    from tui.shared.keys import FILE, bindings_of, template
    from tui.technician.app import TechnicianConsole

    tuxa = app_of(context)
    note(
        tuxa.translate(N_("Put the lines that you change into {file}."), file=str(tuxa.settings.home / FILE))
    )
    say(template(bindings_of((*TechnicianConsole.PARTS, *ClerkConsole.PARTS)), tuxa.translate).rstrip())


def run(
    tuxa: App, name: str, console_class: type[ConsoleApp], *, alone: bool, kit: Path | None = None
) -> None:
    """Open the console called `name` until the person leaves it. Whatever it dies of is raised once the terminal is
    as it was, so that the log file is written and named."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refused(
            N_("The consoles need a terminal."), do=N_("Run it in a terminal window, or over ssh with -t.")
        )
    if os.environ.get("TERM", "dumb") in ("dumb", ""):
        raise Refused(
            N_("This terminal can only write line after line."),
            do=N_(
                "Use another terminal window, or say what yours can do: TERM=xterm-256color tuxa console …"
            ),
        )
    from delivery import log
    from tui.shared.keys import bindings_of, read_choices

    # One keys file serves both consoles.
    choices = read_choices(tuxa.settings.home, bindings_of(_all_parts(console_class)))
    # Nothing but the console may write to the terminal while it is open.
    log.configure(tuxa.settings.home / "log" / "tuxa.log")
    if kit is not None:
        station, name = _elsewhere(tuxa, kit)
    else:
        station = _alone(tuxa, name) if alone else _station(tuxa, name)
    made = console_class(station, clock=tuxa.clock, words=tuxa.translate, actor=name, choices=choices)
    made.run()
    if made.crash is not None:
        raise made.crash


def _all_parts(console_class: type[ConsoleApp]) -> tuple[type[object], ...]:
    from tui.clerk.app import ClerkConsole
    from tui.technician.app import TechnicianConsole

    return (*console_class.PARTS, *TechnicianConsole.PARTS, *ClerkConsole.PARTS)


def _station(tuxa: App, name: str) -> Station:
    """The daemon of this home where one runs, else this process."""
    # Late, so that other commands do not pay for ZeroMQ.
    from delivery.network.bus.address import find_address
    from delivery.network.bus.client import BusClient, Link
    from delivery.network.bus.keys import read_daemon_key, read_key_pair

    settings = tuxa.settings
    run_dir = settings.home / "run"
    try:
        find_address(run_dir)
    except TuxaError:
        return _alone(tuxa, name)

    def client() -> BusClient:
        return BusClient(
            read_key_pair(settings.keys_dir, name),
            daemon_key=read_daemon_key(settings.keys_dir),
            find=partial(find_address, run_dir),
            clock=tuxa.clock,
            ids=tuxa.ids,
        )

    with client() as asking:
        # An address may be left over from a station that was killed.
        if asking.wait_for(Link.UP, within_s=_LOOK_S) or asking.link is Link.REFUSED:
            return client()
    return _alone(tuxa, name)


def _elsewhere(tuxa: App, file: Path) -> tuple[Station, str]:
    """The station of another machine, and the name under which this console is known there."""
    from delivery.network.bus.client import BusClient
    from delivery.network.bus.kit import read_kit

    kit = read_kit(file)
    client = BusClient(
        kit.keys, daemon_key=kit.daemon, find=lambda: kit.address, clock=tuxa.clock, ids=tuxa.ids
    )
    return client, kit.actor


def _alone(tuxa: App, name: str) -> Station:
    from delivery.app.consoles import build_alone

    return build_alone(tuxa, name)
