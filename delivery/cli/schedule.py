"""``tuxa schedule``: slots in, timeline out."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from delivery.broadcast.schedule.findings import Finding, local_time
from delivery.broadcast.schedule.schedule import make_slot
from delivery.broadcast.schedule.scheduler import Compilation
from delivery.cli.context import app_of, print_json, say
from delivery.clock import VIETNAM
from delivery.errors import N_, BadInput, ExitCode
from delivery.i18n import Translator
from delivery.store.air import Slot

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
        list[str], typer.Argument(help="Material; of several, each occurrence airs the next one.")
    ],
    rule: Annotated[str, typer.Option(help="RFC 5545 RRULE, for example FREQ=WEEKLY;BYDAY=TU,TH.")] = "",
    rerun: Annotated[bool, typer.Option("--rerun", help="Aired before: no attendance code follows.")] = False,
    course: Annotated[str, typer.Option(help="Course, when the catalogue does not tell it.")] = "",
    activity: Annotated[str, typer.Option(help="Activity, when the catalogue does not tell it.")] = "",
    unit: Annotated[int, typer.Option(help="Unit, when the catalogue does not tell it.")] = 0,
    actor: Annotated[str, typer.Option(help="Code of the person who schedules.")] = "technician",
    as_json: _Json = False,
) -> None:
    """Schedule a slot. The same slot again changes nothing."""
    tuxa = app_of(context)
    slot = make_slot(
        channel,
        moment(start),
        materials=tuple(material),
        rule=rule,
        rerun=rerun,
        course=course,
        activity=activity,
        unit=unit,
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
        what = ",".join(slot.materials)
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
    if any(one.findings for one in done):
        raise typer.Exit(int(ExitCode.REFUSED))


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
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=VIETNAM)


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
        say(f"  [{finding.code}] {translate(finding.what)}")
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
    }


def _words(slot: Slot) -> dict[str, str]:
    return {"slot": slot.id, "channel": slot.channel, "start": slot.start.strftime("%Y-%m-%d %H:%M")}
