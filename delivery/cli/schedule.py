"""``tuxa schedule``: slots in, timeline out."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from delivery.app.air import institution_name
from delivery.broadcast.schedule.daysheet import day_sheet
from delivery.broadcast.schedule.findings import Finding, local_time
from delivery.broadcast.schedule.icalendar import to_ical
from delivery.broadcast.schedule.schedule import in_viet_nam, make_slot
from delivery.broadcast.schedule.scheduler import Compilation
from delivery.broadcast.schedule.tablesin import slots_of_file
from delivery.broadcast.schedule.xmltv import to_xmltv
from delivery.cli.context import app_of, note, print_json, say
from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, BadInput, ExitCode
from delivery.i18n import Translator
from delivery.store.air import Slot
from delivery.store.files import write_whole

app = typer.Typer(
    no_args_is_help=True, help="Slots of the radio and television channels, and their timeline."
)
_Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def add(
    context: typer.Context,
    channel: Annotated[str, typer.Argument(help="Code of the channel.")],
    start: Annotated[str, typer.Argument(help="First start in Viet Nam, for example 2026-11-24T19:30.")],
    material: Annotated[
        list[str] | None, typer.Argument(help="Material; of several, each occurrence airs the next one.")
    ] = None,
    rule: Annotated[str, typer.Option(help="RFC 5545 RRULE, for example FREQ=WEEKLY;BYDAY=TU,TH.")] = "",
    rerun: Annotated[bool, typer.Option("--rerun", help="Aired before: no attendance code follows.")] = False,
    course: Annotated[str, typer.Option(help="Course, when the catalogue does not tell it.")] = "",
    activity: Annotated[str, typer.Option(help="Activity, when the catalogue does not tell it.")] = "",
    unit: Annotated[int, typer.Option(min=0, help="Unit, when the catalogue does not tell it.")] = 0,
    lessons: Annotated[
        bool, typer.Option("--lessons", help="The broadcast lessons of --course, in order of their units.")
    ] = False,
    except_: Annotated[
        list[str] | None, typer.Option("--except", help="Day on which it does not air, such as 2026-12-24.")
    ] = None,
    also: Annotated[list[str] | None, typer.Option(help="A further start beside those of the rule.")] = None,
    skip_holidays: Annotated[
        bool, typer.Option("--skip-holidays", help="Not on public holidays and days off of the station.")
    ] = False,
    minutes: Annotated[
        int, typer.Option(min=0, help="Length of the slot; longer programmes overrun it.")
    ] = 0,
    makes_good: Annotated[str, typer.Option(help="Airing that was missed and is made good here.")] = "",
    actor: Annotated[str, typer.Option(help="Code of the person who schedules.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Schedule a slot. The same slot again changes nothing."""
    tuxa = app_of(context)
    slot = make_slot(
        channel,
        moment(start),
        materials=tuple(material or ()),
        rule=rule,
        rerun=rerun,
        course=course,
        activity=activity,
        unit=unit,
        except_days=except_ or (),
        also=[moment(text) for text in also or ()],
        skip_holidays=skip_holidays,
        minutes=minutes,
        whole_course=lessons,
        makes_good=makes_good,
    )
    tuxa.on_air.scheduler.add(slot, actor=actor)
    if as_json:
        print_json(_slot_json(slot))
    else:
        say(tuxa.translate(N_("Slot {slot} on {channel}: {start}."), **_words(slot)))


@app.command("list")
def list_(
    context: typer.Context,
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    as_json: _Json = False,
) -> None:
    """All slots in order of their first start."""
    tuxa = app_of(context)
    slots = tuxa.on_air.store.slots(channel or None)
    if as_json:
        print_json({"slots": [_slot_json(slot) for slot in slots]})
        return
    for slot in slots:
        words = _words(slot)
        again = tuxa.translate(N_("rerun")) if slot.rerun else ""
        what = ",".join(slot.materials) or slot.course
        say(f"{words['slot']}  {slot.channel:<6} {words['start']}  {what}  {slot.rule} {again}".rstrip())
    if not slots:
        say(tuxa.translate(N_("Nothing is scheduled yet.")))


@app.command("compile")
def compile_(
    context: typer.Context,
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    hours: Annotated[float, typer.Option(min=0.1, max=24 * 7 * 26, help="How far ahead.")] = 48,
    actor: Annotated[str, typer.Option(help="Code of the person who compiles.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Extend the timeline of every channel and explain what finds no place. Exit code 1 when there are findings."""
    tuxa = app_of(context)
    done = tuxa.on_air.compile(hours, actor=actor, channel=channel)
    if as_json:
        print_json({"channels": [_compilation_json(one, tuxa.translate) for one in done]})
    else:
        for one in done:
            _say_compilation(one, tuxa.translate)
        if not done:
            say(tuxa.translate(N_("There are no channels yet.")))
    if any(finding.severity != "note" for one in done for finding in one.findings):
        raise typer.Exit(int(ExitCode.REFUSED))


@app.command("remove")
def remove(
    context: typer.Context,
    slot: Annotated[str, typer.Argument(help="Slot, as “schedule list” shows it.")],
    actor: Annotated[str, typer.Option(help="Code of the person who schedules.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Take a slot out of the schedule. What is frozen or has aired stays."""
    tuxa = app_of(context)
    removed = tuxa.on_air.scheduler.withdraw(slot, actor=actor)
    if as_json:
        print_json(_slot_json(removed))
    else:
        say(tuxa.translate(N_("Slot {slot} is removed; compile to see what changes."), slot=slot))


@app.command("import")
def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV, XLSX or iCalendar (.ics).")],
    actor: Annotated[str, typer.Option(help="Code of the person who schedules.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Schedule every row of a file, or none: each bad row is named."""
    tuxa = app_of(context)
    slots = slots_of_file(file)
    tuxa.on_air.scheduler.add_all(slots, actor=actor)
    if as_json:
        print_json({"slots": [_slot_json(slot) for slot in slots]})
    else:
        say(tuxa.translate(N_("{count} slots from {file}."), count=len(slots), file=file.name))


@app.command()
def export(
    context: typer.Context,
    format_: Annotated[str, typer.Option("--format", help="xmltv, ical, daysheet or json.")],
    out: Annotated[Path | None, typer.Option(help="File to write; default is standard output.")] = None,
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    course: Annotated[str, typer.Option(help="Only this course.")] = "",
    since: Annotated[str, typer.Option("--from", help="Start; default is today.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days; a day sheet is one.")] = 7,
) -> None:
    """The compiled programme as a guide (XMLTV), a calendar, a printed day sheet (PDF) or data."""
    tuxa = app_of(context)
    on_air = tuxa.on_air
    start = moment(since) if since else tuxa.clock.now().astimezone(VIETNAM)
    start = start.astimezone(VIETNAM).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + timedelta(days=1 if format_ == "daysheet" else days)
    shown = [
        one
        for one in on_air.programmes(channel, since=start, before=end)
        if one.start_us >= to_micros(start) and (not course or one.course == course)
    ]
    institution = institution_name(tuxa)
    channels = [on_air.store.channel(channel)] if channel else on_air.store.channels()
    if format_ == "xmltv":
        data = to_xmltv(channels, shown, institution=institution).encode()
    elif format_ == "ical":
        name = course or (channels[0].name if channel else institution)
        data = to_ical(shown, name=name, stamp_us=to_micros(tuxa.clock.now())).encode()
    elif format_ == "json":
        data = orjson.dumps({"programmes": [asdict(one) for one in shown]}, option=orjson.OPT_INDENT_2)
    elif format_ == "daysheet" and len(channels) == 1:
        done = on_air.review(channels[0].code, since=start, before=end)
        data = day_sheet(
            channels[0], start.date(), shown, done, institution=institution, words=tuxa.translate
        )
    else:
        raise BadInput(
            N_("There is no export “{format}”, or it needs one channel."),
            do=N_("Use --format xmltv, ical or json, or --format daysheet --channel CODE."),
            format=format_,
        )
    if out is None:
        sys.stdout.buffer.write(data)
        return
    write_whole(out, data)
    note(tuxa.translate(N_("{file}: {count} programmes."), file=str(out), count=len(shown)))


@app.command("makegoods")
def makegoods(context: typer.Context, as_json: _Json = False) -> None:
    """What did not air whole, and when it could air again. Exit code 1 when there is something."""
    tuxa = app_of(context)
    proposals = tuxa.on_air.make_goods()
    if as_json:
        print_json({"makegoods": [one.as_json() for one in proposals]})
    for one in proposals if not as_json else ():
        told = one.as_json()
        text = N_("{material} on {channel}, planned for {planned}: {minutes} minutes aired.")
        say(
            tuxa.translate(
                text, minutes=told["aired_minutes"], **_only(told, "material", "channel", "planned")
            )
        )
        if one.start_us:
            start = told["proposed"].replace(" ", "T")[:16]
            line = f"tuxa schedule add {one.missed.channel} {start} {one.missed.material}"
            say(f"    → {line} --makes-good {one.missed.airing}")
        else:
            say("    → " + tuxa.translate(N_("No free time was found; compile further ahead.")))
    if proposals:
        raise typer.Exit(int(ExitCode.REFUSED))
    if not as_json:
        say(tuxa.translate(N_("Everything that was planned has aired.")))


def _only(document: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: document[name] for name in names}


def moment(text: str) -> datetime:
    """ISO 8601 text -> aware datetime; without an offset it is Vietnamese time. Raises BadInput."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            N_("“{text}” is not a time."),
            do=N_("Write it as in 2026-11-24T19:30, in Vietnamese time."),
            text=text,
        ) from error
    return in_viet_nam(parsed)


def _say_compilation(one: Compilation, translate: Translator) -> None:
    say(
        translate(
            N_("{channel}: {placed} programmes placed, timeline until {end}."),
            channel=one.channel,
            placed=len(one.placed),
            end=local_time(one.end_us),
        )
    )
    for finding in one.findings:
        clause = f", {finding.clause}" if finding.clause else ""
        say(f"  [{finding.code}{clause}] {translate(finding.what)}")
        say(f"      → {translate(finding.proposal)}")


def _compilation_json(one: Compilation, translate: Translator) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "digest": one.digest,
        "rows": one.rows,
        "new_rows": one.new_rows,
        "start": local_time(one.start_us),
        "end": local_time(one.end_us),
        "placed": [
            {"airing": a.id, "material": a.material, "start": local_time(a.planned_us), "ticks": a.ticks}
            for a in one.placed
        ],
        "findings": [_finding_json(finding, translate) for finding in one.findings],
    }


def _finding_json(finding: Finding, translate: Translator) -> dict[str, Any]:
    return {**finding.as_json(), "what": translate(finding.what), "proposal": translate(finding.proposal)}


def _slot_json(slot: Slot) -> dict[str, Any]:
    return {
        "slot": slot.id,
        "channel": slot.channel,
        "start": slot.start.isoformat(),
        "rule": slot.rule,
        "materials": list(slot.materials),
        "rerun": slot.rerun,
        "course": slot.course or None,
        "activity": slot.activity or None,
        "unit": slot.unit or None,
        **slot.details(),
    }


def _words(slot: Slot) -> dict[str, str]:
    return {"slot": slot.id, "channel": slot.channel, "start": slot.start.strftime("%Y-%m-%d %H:%M")}
