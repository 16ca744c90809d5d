"""``tuxa channel``: what is on, what a player is told, and the exact feed of a span."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.broadcast.schedule.findings import local_time
from delivery.cli.context import app_of, print_json, say
from delivery.cli.schedule import moment
from delivery.errors import N_, BadInput
from delivery.store.air import TICK_US, Airing

app = typer.Typer(no_args_is_help=True, help="Radio and television channels on the air.")
_Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
_Rendition = Annotated[str, typer.Option(help="Rendition; default is the transmitter's.")]


@app.command("list")
def list_(context: typer.Context, as_json: _Json = False) -> None:
    """Channels, with what is on now and what comes next."""
    tuxa = app_of(context)
    on_air = tuxa.on_air
    found = [(channel, *on_air.playout.on_air(channel.code)) for channel in on_air.store.channels()]
    if as_json:
        print_json(
            {
                "channels": [
                    {
                        "channel": channel.code,
                        "name": channel.name,
                        "kind": channel.kind,
                        "renditions": on_air.playout.rendition_names(channel.code),
                        "now": _airing_json(current),
                        "next": _airing_json(coming),
                    }
                    for channel, current, coming in found
                ]
            }
        )
        return
    for channel, current, coming in found:
        say(f"{channel.code}  {channel.name}")
        say("  " + tuxa.translate(N_("now: {programme}"), programme=_programme(current)))
        say("  " + tuxa.translate(N_("next: {programme}"), programme=_programme(coming)))
    if not found:
        say(tuxa.translate(N_("There are no channels yet.")))


@app.command("open")
def open_(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="Code of the channel, for example TV1.")],
    name: Annotated[str, typer.Argument(help="Its name, as viewers see it.")],
    kind: Annotated[str, typer.Option(help="tv or radio.")],
    as_json: _Json = False,
) -> None:
    """Open a channel with its station pictures; doing it again changes its name at most."""
    if kind not in ("tv", "radio"):
        raise BadInput(
            N_("A channel is of kind tv or radio, not “{kind}”."),
            do=N_("Use --kind tv or --kind radio."),
            kind=kind,
        )
    tuxa = app_of(context)
    opened = tuxa.on_air.open_channel(channel, name, kind=kind)
    if as_json:
        print_json({"channel": opened.code, "name": opened.name, "kind": opened.kind})
    else:
        say(tuxa.translate(N_("Channel {channel} ({name}) is open."), channel=opened.code, name=opened.name))


@app.command()
def playlist(
    context: typer.Context,
    channel: str,
    at: Annotated[str, typer.Option(help="Moment, for example 2026-11-24T19:31:05; default is now.")] = "",
    rendition: _Rendition = "",
) -> None:
    """The media playlist that a player is given at a moment."""
    tuxa = app_of(context)
    playout = tuxa.on_air.playout
    name = rendition or playout.transmitter(channel)
    sys.stdout.write(playout.playlist(channel, name, moment(at) if at else None))


@app.command()
def render(
    context: typer.Context,
    channel: str,
    since: Annotated[
        str, typer.Option("--from", help="Start, in Vietnamese time unless it names an offset.")
    ],
    until: Annotated[str, typer.Option("--to", help="End.")],
    out: Annotated[Path, typer.Option(help="MPEG-TS file to write.")],
    rendition: _Rendition = "",
    as_json: _Json = False,
) -> None:
    """Write the exact feed of a span. Segments at both ends are written whole."""
    tuxa = app_of(context)
    done = tuxa.on_air.playout.render(channel, moment(since), moment(until), out=out, rendition=rendition)
    start, end = local_time(done.start_tick * TICK_US), local_time(done.end_tick * TICK_US)
    if as_json:
        print_json(
            {
                "channel": channel,
                "rendition": done.rendition,
                "file": str(out),
                "from": start,
                "to": end,
                "segments": done.segments,
                "replaced": done.replaced,
                "bytes": done.bytes,
            }
        )
        return
    say(
        tuxa.translate(
            N_("{file}: {segments} segments from {start} to {end}, {replaced} of them replaced by a slate."),
            file=str(out),
            segments=done.segments,
            start=start,
            end=end,
            replaced=done.replaced,
        )
    )


def _airing_json(airing: Airing | None) -> dict[str, Any] | None:
    if airing is None:
        return None
    return {
        "airing": airing.id,
        "material": airing.material,
        "course": airing.course or None,
        "activity": airing.activity or None,
        "unit": airing.unit or None,
        "start": local_time(airing.planned_us),
        "end": local_time(airing.end_tick * TICK_US),
        "rerun": airing.rerun,
    }


def _programme(airing: Airing | None) -> str:
    return f"{local_time(airing.planned_us)}  {airing.material}" if airing else "–"
