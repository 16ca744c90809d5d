"""``tuxa channel``: what is on, what a player is told, and the exact feed of a span."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from delivery.app.orders import give_order
from delivery.broadcast.schedule.findings import local_time
from delivery.cli.context import app_of, note, print_json, raw_app_of, say
from delivery.cli.schedule import moment
from delivery.errors import N_, BadInput, ExitCode
from delivery.i18n import Translator
from delivery.store.air import TICK_US, Airing

if TYPE_CHECKING:
    from delivery.broadcast.check.report import Report

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
    filler: Annotated[list[str] | None, typer.Option(help="Material that fills gaps.")] = None,
    ident: Annotated[str, typer.Option(help="Material of the station ident, at the start of gaps.")] = "",
    profile: Annotated[
        str, typer.Option(help="Media profile, for example radio-mp3; default is that of the kind.")
    ] = "",
    gap_minutes: Annotated[
        int, typer.Option(min=0, help="Note longer gaps in the programme; 0 for none.")
    ] = 0,
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
    opened = tuxa.on_air.open_channel(channel, name, kind=kind, profile=profile)
    if filler or ident or gap_minutes:
        opened = replace(opened, fillers=tuple(filler or ()), ident=ident, gap_minutes=gap_minutes)
        tuxa.on_air.store.put_channel(opened)
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


@app.command()
def check(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="MPEG transport stream.")],
    as_json: _Json = False,
) -> None:
    """Judge a transport stream by ETSI TR 101 290, priorities 1 and 2. Exit code 1 when a fault is found."""
    from delivery.broadcast.check.checker import check_file

    translate = raw_app_of(context).translate
    report = check_file(file)
    if as_json:
        print_json({"file": str(file), **report.as_json()})
    else:
        for line in _report_lines(report, translate):
            say(line)
    if report.faults:
        raise typer.Exit(int(ExitCode.REFUSED))


@app.command()
def feed(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="Code of the channel.")],
    to: Annotated[
        list[str],
        typer.Option(
            help="udp://host:port, srt://host:port, icecast://user:password@host:port/mount, or a file."
        ),
    ],
    seconds: Annotated[float, typer.Option(min=0, help="How long; 0 is until interrupted.")] = 0,
    as_json: _Json = False,
) -> None:
    """Send the channel to a transmitter, relay or Icecast server, in time, until interrupted."""
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    from delivery.app.air import institution_name
    from delivery.broadcast.media.ffmpeg import find_ffmpeg
    from delivery.broadcast.playout.alerts import ToLog, clock_stepped
    from delivery.broadcast.playout.feeds import Feeds
    from delivery.broadcast.playout.outputs import output_of
    from delivery.broadcast.playout.pace import SlewedClock
    from delivery.broadcast.playout.pacing import hurry, run

    tuxa = app_of(context)
    on_air = tuxa.on_air
    on_air.alerts.add(ToLog())
    name = on_air.book.channel(channel).name
    outputs = [
        output_of(url, ffmpeg=lambda: str(find_ffmpeg(tuxa.settings.ffmpeg).path), stream_name=name)
        for url in to
    ]
    feeds = Feeds(on_air, monotonic=tuxa.clock.monotonic, provider=institution_name(tuxa))
    reader = ThreadPoolExecutor(2, thread_name_prefix="feed-reader", initializer=hurry)
    writer = ThreadPoolExecutor(1, thread_name_prefix="feed-journal")
    sending = feeds.sending(channel, outputs, reader=reader, writer=writer)
    clock = SlewedClock(tuxa.clock)
    hurry()
    note(tuxa.translate(N_("{channel} → {peers}"), channel=channel, peers=", ".join(o.name for o in outputs)))

    def stepped(seconds: float) -> None:
        on_air.alerts.tell(clock_stepped(seconds))

    try:
        until = clock.now_us() + round(seconds * 1e6) if seconds else None
        run([sending], clock, stopped=Event().is_set, until_us=until, stepped=stepped)
    finally:
        sending.close()
        reader.shutdown(wait=False, cancel_futures=True)
        writer.shutdown()
    told = {"channel": channel, "late": sending.lateness.late, "replaced": sending.replaced}
    if as_json:
        print_json({**told, "lateness": sending.lateness.as_json(), "worst_us": sending.lateness.worst_us})


_Minutes = Annotated[int, typer.Option(min=1, max=1440, help="How many minutes.")]
_Dry = Annotated[bool, typer.Option("--dry-run", help="Show the effect, change nothing.")]


@app.command()
def hold(
    context: typer.Context, channel: str, minutes: _Minutes = 5, dry_run: _Dry = False, as_json: _Json = False
) -> None:
    """When the present programme ends: the slate for some minutes, and everything later by as much."""
    _order(context, channel, "hold", {"minutes": minutes}, dry_run=dry_run, as_json=as_json)


@app.command()
def extend(
    context: typer.Context, channel: str, minutes: _Minutes = 5, dry_run: _Dry = False, as_json: _Json = False
) -> None:
    """Some minutes of slate before the next programme, which moves only as far as it must."""
    _order(context, channel, "extend", {"minutes": minutes}, dry_run=dry_run, as_json=as_json)


@app.command()
def skip(context: typer.Context, channel: str, dry_run: _Dry = False, as_json: _Json = False) -> None:
    """End the present programme at its next segment; the slate until the next one."""
    _order(context, channel, "skip", {}, dry_run=dry_run, as_json=as_json)


@app.command()
def insert(
    context: typer.Context,
    channel: str,
    material: str,
    now: Annotated[bool, typer.Option("--now", help="At once, not when the present programme ends.")] = False,
    dry_run: _Dry = False,
    as_json: _Json = False,
) -> None:
    """Air a material now, or after the present programme; what follows moves as far as it must."""
    _order(context, channel, "insert", {"material": material, "now": now}, dry_run=dry_run, as_json=as_json)


@app.command()
def slate(context: typer.Context, channel: str, dry_run: _Dry = False, as_json: _Json = False) -> None:
    """Put the channel on its slate until it is given back."""
    _order(context, channel, "slate", {}, dry_run=dry_run, as_json=as_json)


@app.command()
def back(context: typer.Context, channel: str, dry_run: _Dry = False, as_json: _Json = False) -> None:
    """Give the channel back to its schedule; what should be on is joined in progress."""
    _order(context, channel, "back", {}, dry_run=dry_run, as_json=as_json)


def _order(
    context: typer.Context,
    channel: str,
    command: str,
    options: dict[str, Any],
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Through the station's bus where it runs, under this machine's console key; directly where it does not."""
    tuxa = app_of(context)
    told = give_order(tuxa, channel, command, options, dry_run=dry_run)
    if as_json:
        print_json(told)
        return
    for line in _order_lines(told, tuxa.translate):
        say(line)


def _order_lines(told: dict[str, Any], translate: Translator) -> list[str]:
    head = N_("{command}: done, from {at} on.") if told["done"] else N_("{command}: would act from {at} on.")
    lines = [translate(head, command=told["command"], at=told["at"])]
    if told["cut"]:
        lines.append("  " + translate(N_("{material} ends early."), material=told["cut"]))
    for one in told["joined"]:
        lines.append("  " + translate(N_("{material} is joined in progress at {at}."), **one))
    for one in told["slate"]:
        lines.append(
            "  " + translate(N_("Slate from {since} to {until}."), since=one["from"], until=one["to"])
        )
    for one in told["moved"]:
        text = N_("{material} moves from {since} to {until} ({seconds:+g} s).")
        words = {"since": one["from"], "until": one["to"], "seconds": one["late_s"]}
        lines.append("  " + translate(text, material=one["material"], **words))
    for one in told["lost"]:
        lines.append(
            "  " + translate(N_("{material} does not air whole: plan a make-good."), material=one["material"])
        )
    return lines


def _report_lines(report: Report, translate: Translator) -> list[str]:
    rate = N_("{packets} packets, {seconds:.3f} s, {rate:,} bit/s ({kind})")
    kind = translate(N_("constant") if report.constant_bit_rate else N_("variable"))
    lines = [translate(rate, packets=report.packets, seconds=report.seconds, rate=report.bit_rate, kind=kind)]
    for one in report.checks:
        place = ""
        if one.first:
            seconds = f", {one.first.seconds:.3f} s" if one.first.seconds is not None else ""
            place = "  " + translate(N_("first at byte {byte}"), byte=one.first.byte) + seconds
        count = str(one.count) if one.measured else "–"
        lines.append(f"  {one.id:<10} {one.name:<34} {count:>8}{place}")
    return lines


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
