"""``tuxa packets post|post-scan|list|delivered|undelivered``: what the post is given, and what it brings back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import AsJson, actor, codes_of, items_of, resend_json, say_packets
from delivery.errors import N_
from delivery.postal.outgoing.posting import (
    WhyBack,
    delivered,
    post_batch,
    post_scanned,
    resends,
    undelivered,
)
from delivery.postal.outgoing.postinglist import write_posting_list


def post(
    context: typer.Context,
    batch: str,
    item: Annotated[
        list[str] | None,
        typer.Option(help="STUDENT=NUMBER: only these packets, with their postal item number."),
    ] = None,
    items: Annotated[Path | None, typer.Option(help="CSV file with the columns student, item.")] = None,
    as_json: AsJson = False,
) -> None:
    """Record that the printed packets of a batch went to the post."""
    tuxa = app_of(context)
    posted = post_batch(tuxa, batch, items=items_of(tuxa, item or [], items), actor=actor())
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


def post_scan(context: typer.Context, as_json: AsJson = False) -> None:
    """Post packets by hand scanner: a code of the letter, then the barcode of its postal label, line by line."""
    tuxa = app_of(context)
    words = tuxa.translate
    posted, problems = [], []
    for scanned in post_scanned(tuxa, sys.stdin, actor=actor()):
        if scanned.problem is not None:
            problems.append(words.error(scanned.problem))
            note(words.error(scanned.problem))
        elif scanned.packet is not None:
            posted.append({"packet": scanned.packet.packet, "item": scanned.item})
            note(
                words(N_("{item}: posted, packet {packet}"), item=scanned.item, packet=scanned.packet.packet)
            )
    if as_json:
        print_json({"posted": posted, "problems": problems})
    else:
        say(
            words(
                N_("{posted} packets posted now, {problems} lines not used."),
                posted=len(posted),
                problems=len(problems),
            )
        )
    if problems:
        raise typer.Exit(1)


def list_(
    context: typer.Context,
    batch: str,
    out: Annotated[Path, typer.Option(help="Folder for the posting list.")],
    as_json: AsJson = False,
) -> None:
    """The posting list for the counter, as PDF and CSV: every posted packet with address, item number and weight."""
    tuxa = app_of(context)
    made = write_posting_list(tuxa, batch, out)
    if as_json:
        print_json(
            {
                "batch": batch,
                "packets": made.packets,
                "grams": made.grams,
                "files": [str(f) for f in made.files],
            }
        )
        return
    say(
        tuxa.translate(
            N_("{packets} packets, {kilograms} kg: {files}"),
            packets=made.packets,
            kilograms=f"{made.grams / 1000:.2f}".replace(".", ","),
            files=", ".join(str(file) for file in made.files),
        )
    )


def delivered_(
    context: typer.Context,
    name: Annotated[list[str], typer.Argument(help="Postal item numbers or packet numbers.")],
    as_json: AsJson = False,
) -> None:
    """Record that the post delivered packets."""
    tuxa = app_of(context)
    say_packets(tuxa, delivered(tuxa, name, actor=actor()), N_("{count} packets delivered."), as_json=as_json)


def undelivered_(
    context: typer.Context,
    name: Annotated[list[str] | None, typer.Argument(help="Postal item numbers or packet numbers.")] = None,
    reason: Annotated[WhyBack, typer.Option(help="What the post's form says.")] = WhyBack.UNKNOWN,
    as_json: AsJson = False,
) -> None:
    """Record that packets came back undelivered; without numbers, list those to be sent again."""
    tuxa = app_of(context)
    if name:
        found = undelivered(tuxa, name, reason=reason, actor=actor())
        say_packets(tuxa, found, N_("{count} packets came back undelivered."), as_json=as_json)
        return
    documents = resend_json(tuxa, resends(tuxa))
    if as_json:
        print_json({"resend": documents})
        return
    for document in documents:
        text = (
            N_("{batch}: {learner}, {reason}; the address has changed since: reprint it")
            if document["address_changed"]
            else N_("{batch}: {learner}, {reason}; the address is still the same: ask the learner first")
        )
        say(
            tuxa.translate(
                text, batch=document["batch"], learner=document["learner"], reason=document["reason"]
            )
        )
    if not documents:
        say(tuxa.translate(N_("Nothing is to be sent again.")))
