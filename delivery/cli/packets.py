"""``tuxa packets``: batches of packets, from standing order to post and back."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from delivery.app.gates import courses_of_batch, require_no_violation
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import (
    STATES,
    AsJson,
    actor,
    codes_of,
    due_json,
    learners_of,
    listed,
    order_json,
    plan_json,
    resend_json,
    say_packets,
    say_plan,
    status_json,
)
from delivery.cli.packets_keys import app as keys_app
from delivery.cli.packets_post import delivered_, list_, post, post_scan, undelivered_
from delivery.cli.progress import bar
from delivery.errors import N_, BadInput
from delivery.postal.outgoing.labels import write_labels
from delivery.postal.outgoing.order import plan_due, read_order, require_order, set_order, to_do
from delivery.postal.outgoing.packet import Options
from delivery.postal.outgoing.planning import plan_batch
from delivery.postal.outgoing.posting import (
    WhyVoid,
    resends,
    void,
)
from delivery.postal.outgoing.printing import print_batch
from delivery.postal.outgoing.reprint import reprint
from delivery.postal.outgoing.spool import spool_batch
from delivery.postal.outgoing.wish import Wish
from delivery.regulation.registry import Gate
from delivery.store.packets import Packets

app = typer.Typer(no_args_is_help=True, help="Packets of printed material and assignment sheets.")

Day = Annotated[str, typer.Option(help="Day, YYYY-MM-DD; today when left out.")]
Learner = Annotated[list[str] | None, typer.Option("--learner", help="Student code; may be repeated.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the files; default <home>/print.")]


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(
            N_("“{text}” is not a day."), do=N_("Write it as YYYY-MM-DD, for example 2026-11-22."), text=text
        ) from error


@app.command()
def plan(
    context: typer.Context,
    batch: str,
    course: Annotated[str, typer.Option(help="Course; may be left out for a known batch.")] = "",
    unit: Annotated[list[int] | None, typer.Option(help="Only these units.")] = None,
    mailing: Annotated[int, typer.Option(help="This mailing of the course's standing order.")] = 0,
    only: Annotated[list[str] | None, typer.Option(help="Only these students; may be repeated.")] = None,
    but: Annotated[list[str] | None, typer.Option("--except", help="Not these students.")] = None,
    send: Day = "",
    duplex: Annotated[bool, typer.Option("--duplex", help="Print on both sides.")] = False,
    n_up: Annotated[int, typer.Option(help="Pages of a PDF on one page: 1, 2 or 4.")] = 1,
    large: Annotated[bool, typer.Option("--large-print", help="Text half as large again.")] = False,
    envelope: Annotated[str, typer.Option(help="Envelope of the stock file.")] = "",
    not_needed: Annotated[
        list[str] | None, typer.Option(help="KIND=REASON: a printed kind that the syllabus does without.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show, keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Plan a packet for every learner of a course. Doing it again adds the learners who have come since."""
    tuxa = app_of(context)
    if n_up not in (1, 2, 4):
        raise BadInput(
            N_("{count} pages on one cannot be set."), do=N_("Give 1, 2 or 4 with --n-up."), count=n_up
        )
    named = learners_of(tuxa, only or [])
    if mailing:
        order = require_order(tuxa, course.upper())
        wish = next((order.wish(m) for m in order.mailings if m.number == mailing), None)
        if wish is None:
            raise BadInput(
                N_("The standing order of course {course} has no mailing {number}."),
                do=N_("Look at it with: tuxa packets order {course}"),
                course=order.course,
                number=mailing,
            )
    else:
        wish = Wish(
            course=course.upper(),
            units=frozenset(unit or ()),
            only=named,
            but=learners_of(tuxa, but or []),
            not_needed=dict(pair.partition("=")[::2] for pair in not_needed or ()),
            options=Options(duplex=duplex, n_up=n_up, large=large, envelope=envelope),
            send=_day(send),
        )
    planned = plan_batch(tuxa, batch, wish=wish, actor=actor(), dry_run=dry_run)
    if as_json:
        print_json(plan_json(tuxa, planned))
        return
    say_plan(tuxa, planned)


@app.command()
def order(
    context: typer.Context,
    course: str,
    file: Annotated[Path | None, typer.Argument(help="TOML file with the new order.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or set the standing order of a course: what its learners are sent and when."""
    tuxa = app_of(context)
    if file is not None:
        changed = set_order(tuxa, read_order(file, course.upper()), actor=actor())
        note(tuxa.translate(N_("The order is set.") if changed else N_("The order is as it was.")))
    found = require_order(tuxa, course.upper())
    if as_json:
        print_json(order_json(found))
        return
    for mailing in found.mailings:
        units = ", ".join(map(str, mailing.units)) or "–"
        say(
            tuxa.translate(
                N_("{batch}: goes out on {day}, units {units}"),
                batch=found.batch(mailing),
                day=f"{mailing.send:%d/%m/%Y}",
                units=units,
            )
        )


@app.command()
def due(
    context: typer.Context,
    on: Day = "",
    plan_them: Annotated[bool, typer.Option("--plan", help="Plan what is due, catch-ups included.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is to be done by a day: mailings, learners who must catch up, packets to be sent again."""
    tuxa = app_of(context)
    if plan_them:
        for planned in plan_due(tuxa, _day(on), actor=actor()):
            note(
                tuxa.translate(
                    N_("{batch}: {added} packets planned"), batch=planned.spec.batch, added=planned.added
                )
            )
    found = to_do(tuxa, _day(on))
    if as_json:
        print_json(due_json(tuxa, found))
        return
    words = tuxa.translate
    if not found.mailings and not found.resends:
        say(words(N_("Nothing is to be done.")))
    for mailing in found.mailings:
        say(
            words(
                N_("{batch}, {day}: {behind} without a packet, {unprinted} to print, {unposted} to post"),
                batch=mailing.batch,
                day=f"{mailing.mailing.send:%d/%m/%Y}",
                behind=len(mailing.behind),
                unprinted=mailing.unprinted,
                unposted=mailing.unposted,
            )
        )
    for document in resend_json(tuxa, found.resends):
        say(
            words(
                N_("{batch}: send again to {learner} ({reason})"),
                batch=document["batch"],
                learner=document["learner"],
                reason=document["reason"],
            )
        )


@app.command("print")
def print_(
    context: typer.Context,
    batch: str,
    out: Out = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Also draw files that are gone (same codes: only if never printed)."),
    ] = False,
    printer: Annotated[str, typer.Option(help="Send the files to this printer (lp).")] = "",
    as_json: AsJson = False,
) -> None:
    """Draw the packets into files to print. Doing it again, or after a kill, draws only what is not there."""
    tuxa = app_of(context)
    require_no_violation(tuxa, Gate.PRINT, about=courses_of_batch(tuxa, batch))
    began = tuxa.clock.monotonic()
    with bar(tuxa.translate(N_("Printing"))) as progress:
        printed = print_batch(tuxa, batch, out=out, actor=actor(), progress=progress, again=again)
    seconds = round(tuxa.clock.monotonic() - began, 3)
    sent = spool_batch(tuxa, batch, printed.files, printer=printer) if printer else ()
    unreachable = listed(tuxa, printed.unreachable)
    if as_json:
        print_json(
            {
                "batch": batch,
                "packets": printed.packets,
                "pages": printed.pages,
                "drawn": printed.drawn,
                "files": [str(file) for file in printed.files],
                "gone": [str(file) for file in printed.gone],
                "sent_to_printer": list(sent),
                "without_address": [entry["learner"] for entry in unreachable],
                "unreachable": unreachable,
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
    for file in printed.gone:
        note(
            tuxa.translate(
                N_("{file} was drawn before and is gone. If it was never printed: --again; else reprint it."),
                file=str(file),
            )
        )
    for entry in unreachable:
        note(tuxa.translate(N_("Not printed: {learner}, {reason}"), **entry))


@app.command()
def labels(
    context: typer.Context,
    batch: str,
    out: Annotated[Path, typer.Option(help="File to write, a PDF.")],
    stock: Annotated[str, typer.Option(help="Label sheet of the stock file.")] = "",
    skip: Annotated[int, typer.Option(help="Labels that are gone from the first sheet.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Address labels of the packets that are printed and not posted, in the order of the print jobs."""
    tuxa = app_of(context)
    made = write_labels(tuxa, batch, out, stock=stock, skip=skip)
    if as_json:
        print_json({"batch": batch, "labels": made.labels, "sheets": made.sheets, "file": str(made.file)})
        return
    say(
        tuxa.translate(
            N_("{labels} labels on {sheets} sheets: {file}"),
            labels=made.labels,
            sheets=made.sheets,
            file=str(made.file),
        )
    )


app.add_typer(keys_app, name="keys")
app.command()(post)
app.command("post-scan")(post_scan)
app.command("list")(list_)
app.command("delivered")(delivered_)
app.command("undelivered")(undelivered_)


@app.command("reprint")
def reprint_(
    context: typer.Context,
    batch: str,
    learner: Learner = None,
    came_back: Annotated[
        bool, typer.Option("--undelivered", help="Everything that came back undelivered.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Plan new packets with new codes in place of old ones; print them with “packets print”."""
    tuxa = app_of(context)
    chosen = list(learners_of(tuxa, learner or []))
    if came_back:
        chosen += [resend.state.learner for resend in resends(tuxa, batch)]
    made = reprint(tuxa, batch, chosen, actor=actor())
    unreachable = listed(tuxa, made.unreachable)
    if as_json:
        print_json(
            {
                "batch": batch,
                "reprinted": len(made.replaced),
                "pages": made.pages,
                "superseded": [state.packet for state in made.replaced],
                "not_printed_yet": codes_of(tuxa, made.waiting),
                "unreachable": unreachable,
            }
        )
        return
    say(
        tuxa.translate(
            N_("{count} packets planned anew, {pages} pages."), count=len(made.replaced), pages=made.pages
        )
    )
    for entry in unreachable:
        note(tuxa.translate(N_("Not planned: {learner}, {reason}"), **entry))


@app.command("void")
def void_(
    context: typer.Context,
    batch: str,
    learner: Learner = None,
    reason: Annotated[WhyVoid, typer.Option(help="Why.")] = WhyVoid.MISPRINT,
    as_json: AsJson = False,
) -> None:
    """Void packets: their sheets no longer count, and work on them is held."""
    tuxa = app_of(context)
    if not learner:
        raise BadInput(N_("No learner is named."), do=N_("Give --learner, once for each packet to void."))
    chosen = void(tuxa, batch, list(learners_of(tuxa, learner)), reason=reason, actor=actor())
    say_packets(tuxa, chosen, N_("{count} packets voided."), as_json=as_json)


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
    documents = [status_json(packets, found.code, found.course) for found in batches]
    if as_json:
        print_json({"batches": documents})
        return
    if not documents:
        say(tuxa.translate(N_("No batch is planned yet.")))
    for document in documents:
        states = ", ".join(
            f"{tuxa.translate(STATES[name])} {count}" for name, count in document["states"].items()
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
