"""``tuxa packets``: batches of packets, from plan to post."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.progress import bar
from delivery.errors import N_, BadInput
from delivery.postal.job import KIND_WORDS
from delivery.postal.planning import Planned, plan_batch
from delivery.postal.posting import post_batch
from delivery.postal.printing import print_batch
from delivery.store.packets import Packets

app = typer.Typer(no_args_is_help=True, help="Packets of printed material and assignment sheets.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def plan(
    context: typer.Context,
    batch: str,
    course: Annotated[str, typer.Option(help="Course; may be left out for a known batch.")] = "",
    unit: Annotated[list[int] | None, typer.Option(help="Only these units.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Plan a packet for every learner of a course. Doing it again adds the learners who have come since."""
    tuxa = app_of(context)
    planned = plan_batch(
        tuxa, batch, course=course.upper(), units=frozenset(unit or ()), actor=actor(), dry_run=dry_run
    )
    codes = codes_of(tuxa, planned.without_address)
    if as_json:
        print_json(_plan_json(planned, codes))
        return
    _say_plan(tuxa, planned, codes)


def _plan_json(planned: Planned, without_address: list[str]) -> dict[str, Any]:
    spec = planned.spec
    return {
        "batch": spec.batch,
        "course": spec.course,
        "packets": planned.packets,
        "added": planned.added,
        "pages": planned.pages,
        "pages_per_packet": spec.pages,
        "contents": [
            {
                "role": part.role,
                "material": part.material,
                "kind": part.kind,
                "title": part.title,
                "edition": part.edition,
                "approval": part.approval,
                "activity": part.activity or None,
                "due": part.due or None,
                "pages": part.pages,
            }
            for part in spec.parts
        ],
        "missing_kinds": list(spec.missing),
        "without_address": without_address,
    }


def _say_plan(tuxa: App, planned: Planned, without_address: list[str]) -> None:
    words = tuxa.translate
    say(
        words(
            N_("Batch {batch}: {packets} packets of {each} pages, {pages} pages in all; {added} new."),
            batch=planned.spec.batch,
            packets=planned.packets,
            each=planned.spec.pages,
            pages=planned.pages,
            added=planned.added,
        )
    )
    for part in planned.spec.parts:
        say(f"  {part.pages:>4}  {part.title}")
    if planned.missing:
        kinds = ", ".join(words(KIND_WORDS[kind]) for kind in planned.missing)
        note(words(N_("Warning (TX-4.3b): no approved print of these kinds: {kinds}."), kinds=kinds))
    if without_address:
        note(
            words(
                N_(
                    "No address, so no packet yet: {learners}. Add the addresses, then plan this batch again."
                ),
                learners=", ".join(without_address),
            )
        )


@app.command("print")
def print_(
    context: typer.Context,
    batch: str,
    out: Annotated[Path | None, typer.Option(help="Folder for the files; default <home>/print.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw one PDF per packet. Doing it again, or after a kill, draws only what is not there."""
    tuxa = app_of(context)
    began = tuxa.clock.monotonic()
    with bar(tuxa.translate(N_("Printing"))) as progress:
        printed = print_batch(tuxa, batch, out=out, actor=actor(), progress=progress)
    seconds = round(tuxa.clock.monotonic() - began, 3)
    skipped = codes_of(tuxa, printed.skipped)
    if as_json:
        print_json(
            {
                "batch": batch,
                "packets": printed.packets,
                "pages": printed.pages,
                "drawn": printed.drawn,
                "files": [str(file) for file in printed.files],
                "without_address": skipped,
                "seconds": seconds,
            }
        )
        return
    say(
        tuxa.translate(
            N_("{packets} packets, {pages} pages; {drawn} drawn now. Files in {folder}"),
            packets=printed.packets,
            pages=printed.pages,
            drawn=printed.drawn,
            folder=str(printed.files[0].parent) if printed.files else "–",
        )
    )
    if skipped:
        note(
            tuxa.translate(
                N_("Not printed, because the address is gone: {learners}"), learners=", ".join(skipped)
            )
        )


@app.command()
def post(
    context: typer.Context,
    batch: str,
    item: Annotated[
        list[str] | None,
        typer.Option(help="STUDENT=NUMBER: only these packets, with their postal item number."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Record that the printed packets of a batch went to the post."""
    tuxa = app_of(context)
    posted = post_batch(tuxa, batch, items=_items(tuxa, item or []), actor=actor())
    waiting = codes_of(tuxa, posted.not_printed)
    if as_json:
        print_json(
            {
                "batch": batch,
                "posted": posted.posted,
                "already_posted": posted.already,
                "not_printed": waiting,
            }
        )
        return
    say(
        tuxa.translate(
            N_("{posted} packets posted now, {already} before."), posted=posted.posted, already=posted.already
        )
    )
    if waiting:
        note(tuxa.translate(N_("Not printed yet, so not posted: {learners}"), learners=", ".join(waiting)))


@app.command()
def status(
    context: typer.Context,
    batch: Annotated[str, typer.Argument(help="Only this batch.")] = "",
    as_json: AsJson = False,
) -> None:
    """Packets and pages by state. Every page is in exactly one state, so the totals add up."""
    tuxa = app_of(context)
    packets = Packets(tuxa.database, tuxa.facts)
    batches = [packets.require(batch)] if batch else packets.all()
    documents = [_status(packets, found.code, found.course) for found in batches]
    if as_json:
        print_json({"batches": documents})
        return
    if not documents:
        say(tuxa.translate(N_("No batch is planned yet.")))
    for document in documents:
        states = ", ".join(
            f"{tuxa.translate(_STATES[name])} {count}" for name, count in document["states"].items()
        )
        say(
            tuxa.translate(
                N_("{batch} ({course}): {packets} packets, {pages} pages: {states}"),
                batch=document["batch"],
                course=document["course"],
                packets=document["packets"],
                pages=document["pages"],
                states=states,
            )
        )


_STATES = {
    "planned": N_("planned"),
    "printed": N_("printed"),
    "posted": N_("posted"),
    "delivered": N_("delivered"),
    "undelivered": N_("undelivered"),
    "returned": N_("returned"),
    "superseded": N_("superseded"),
    "voided": N_("voided"),
}


def _status(packets: Packets, code: str, course: str) -> dict[str, Any]:
    states = packets.states(code)
    totals = packets.page_totals(code)
    return {
        "batch": code,
        "course": course,
        "packets": len(states),
        "printed": sum(state.printed is not None for state in states),
        "posted": sum(state.posted is not None for state in states),
        "pages": sum(totals.values()),
        "states": totals,
    }


def _items(tuxa: App, pairs: list[str]) -> dict[str, str]:
    out: dict[str, str] = {}
    for pair in pairs:
        code, equals, number = pair.partition("=")
        if not equals:
            raise BadInput(
                N_("“{text}” does not name a student and a postal item."),
                do=N_("Write it as STUDENT=NUMBER, for example TX260001=RR473124829VN."),
                text=pair,
            )
        out[tuxa.learners.require(code).id] = number
    return out


def codes_of(tuxa: App, learners: tuple[str, ...]) -> list[str]:
    """Student codes, by which the clerk knows the learners."""
    profiles = tuxa.vault.profiles(learners)
    return [profiles[learner].code if learner in profiles else learner for learner in learners]


def actor() -> str:
    """Who gives this command: the account of the machine."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):
        return "cli"
