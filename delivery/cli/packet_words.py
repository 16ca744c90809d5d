"""Documents and sentences of ``tuxa packets``."""

from __future__ import annotations

import csv
import getpass
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.cli.context import note, print_json, say
from delivery.errors import N_, BadInput, Message
from delivery.postal.outgoing.mailing import require_item
from delivery.postal.outgoing.make import KIND_WORDS
from delivery.postal.outgoing.order import StandingOrder, ToDo
from delivery.postal.outgoing.planning import Planned
from delivery.postal.outgoing.posting import Resend, WhyBack
from delivery.record.words import CAME_BACK
from delivery.store.packets import Packets

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]

STATES = {
    "planned": N_("planned"),
    "printed": N_("printed"),
    "posted": N_("posted"),
    "delivered": N_("delivered"),
    "undelivered": N_("undelivered"),
    "returned": N_("returned"),
    "superseded": N_("superseded"),
    "voided": N_("voided"),
}


def plan_json(tuxa: App, planned: Planned) -> dict[str, Any]:
    """The outcome of planning."""
    spec = planned.spec
    unreachable = listed(tuxa, planned.unreachable)
    return {
        "batch": spec.batch,
        "course": spec.course,
        "packets": planned.packets,
        "added": planned.added,
        "pages": planned.pages,
        "pages_per_packet": spec.pages,
        "feedback_slips": planned.slips,
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
        "mail": [
            {
                "packets": count,
                "leaves": piece.leaves,
                "grams": piece.grams,
                "envelope": piece.envelope,
                "class": piece.postage,
                "postage": piece.price * count or None,
            }
            for piece, count in sorted(planned.mail.items(), key=lambda pair: pair[0].grams)
        ],
        "missing_kinds": list(spec.missing),
        "not_needed": dict(spec.not_needed),
        "without_address": [entry["learner"] for entry in unreachable],
        "unreachable": unreachable,
        "doubtful_addresses": listed(tuxa, planned.doubtful),
        "unset_titles": [{"title": title, "signs": signs} for title, signs in planned.unset],
    }


def say_plan(tuxa: App, planned: Planned) -> None:
    """The outcome of planning, for the clerk."""
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
    for piece, count in sorted(planned.mail.items(), key=lambda pair: pair[0].grams):
        say(
            words(
                N_("{count} packets of {grams} g, {leaves} leaves: envelope {envelope}, class {postage}"),
                count=count,
                grams=piece.grams,
                leaves=piece.leaves,
                envelope=piece.envelope,
                postage=piece.postage,
            )
        )
    if planned.slips:
        say(words(N_("{count} packets have a feedback slip."), count=planned.slips))
    if planned.missing:
        kinds = ", ".join(words(KIND_WORDS[kind]) for kind in planned.missing)
        note(words(N_("Warning (TX-4.3b): no approved print of these kinds: {kinds}."), kinds=kinds))
    for entry in listed(tuxa, planned.unreachable):
        note(
            words(N_("No packet for {learner}: {reason}. Put it right, then plan this batch again."), **entry)
        )
    for entry in listed(tuxa, planned.doubtful):
        note(words(N_("Look at the address of {learner}: {reason}."), **entry))
    for title, signs in planned.unset:
        note(
            words(
                N_(
                    "“{title}” is printed in the learner's week with □ for what no typeface here has: {signs}"
                ),
                title=title,
                signs=signs,
            )
        )


def order_json(order: StandingOrder) -> dict[str, Any]:
    """A standing order."""
    return {
        "course": order.course,
        "mailings": [
            {
                "number": mailing.number,
                "batch": order.batch(mailing),
                "send": mailing.send.isoformat(),
                "units": list(mailing.units),
            }
            for mailing in order.mailings
        ],
        "duplex": order.options.duplex,
        "n_up": order.options.n_up,
        "large": order.options.large,
        "envelope": order.options.envelope or None,
        "not_needed": dict(order.not_needed),
    }


def due_json(tuxa: App, found: ToDo) -> dict[str, Any]:
    """What is to be done by a day."""
    return {
        "mailings": [
            {
                "batch": due.batch,
                "course": due.order.course,
                "mailing": due.mailing.number,
                "send": due.mailing.send.isoformat(),
                "planned": due.planned,
                "behind": codes_of(tuxa, due.behind),
                "to_print": due.unprinted,
                "to_post": due.unposted,
            }
            for due in found.mailings
        ],
        "resend": resend_json(tuxa, found.resends),
    }


def resend_json(tuxa: App, found: Sequence[Resend]) -> list[dict[str, Any]]:
    """Packets to be sent again."""
    codes = codes_of(tuxa, tuple(resend.state.learner for resend in found))
    return [
        {
            "batch": resend.state.batch,
            "packet": resend.state.packet,
            "learner": code,
            "item": resend.state.item or None,
            "code": resend.state.reason,
            "reason": tuxa.translate(_why(resend.state.reason)),
            "address_changed": resend.address_changed,
        }
        for resend, code in zip(found, codes, strict=True)
    ]


def _why(reason: str) -> str:
    return CAME_BACK.get(reason, CAME_BACK[WhyBack.OTHER])


def status_json(packets: Packets, code: str, course: str) -> dict[str, Any]:
    """Packets and pages of a batch. ``states`` adds up to ``pages``, ``on_paper.states`` to ``on_paper.pages``."""
    states = packets.states(code)
    totals = packets.page_totals(code)
    printed = packets.page_totals(code, on_paper=True)
    return {
        "batch": code,
        "course": course,
        "packets": len(states),
        "valid": sum(state.valid for state in states),
        "printed": sum(state.printed_at > 0 for state in states),
        "posted": sum(state.posted_at > 0 for state in states),
        "delivered": sum(state.state == "delivered" for state in states),
        "undelivered": sum(state.state == "undelivered" for state in states),
        "voided": sum(state.voided_at > 0 for state in states),
        "superseded": sum(state.superseded for state in states),
        "pages": sum(totals.values()),
        "states": totals,
        "on_paper": {"pages": sum(s.pages for s in states if s.printed_at), "states": printed},
        "jobs": [
            {
                "job": job.job,
                "site": job.site,
                "packets": len(job.packets),
                "pages": job.pages,
                "whole": bool(job.sha256),
            }
            for job in packets.jobs(code)
        ],
    }


def items_of(tuxa: App, pairs: list[str], file: Path | None) -> dict[str, str]:
    """Learner id -> postal item number, from the command line and a CSV file. Raises BadInput naming every line."""
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
    if file is not None:
        out.update(_items_in(tuxa, file))
    return out


def _items_in(tuxa: App, file: Path) -> Mapping[str, str]:
    problems: list[Message] = []
    out: dict[str, str] = {}
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            rows = [[cell.strip() for cell in row] for row in csv.reader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(
            N_("The file {file} cannot be read: {reason}"),
            do=N_("Save it as CSV in UTF-8 with the columns student, item."),
            file=str(file),
            reason=str(error),
        ) from error
    for number, row in enumerate(rows, start=1):
        if not any(row) or row[0].lower() in ("student", "mã học viên", "mã sinh viên"):
            continue
        learner = tuxa.learners.find(row[0]) if len(row) > 1 else None
        if learner is None or learner in out:
            text = N_("line {line}: no student and number of their own")
            problems.append(Message(text, {"line": number}))
            continue
        try:
            item = require_item(row[1])
        except BadInput as wrong:
            reason = tuxa.translate(wrong.what)
            problems.append(Message(N_("line {line}: {reason}"), {"line": number, "reason": reason}))
            continue
        if item in out.values():
            text = N_("line {line}: postal item {item} stands on a line before")
            problems.append(Message(text, {"line": number, "item": item}))
        out[learner] = item
    if problems:
        raise BadInput(
            N_("The file {file} does not fit:"),
            do=N_("Each line has a student code and a postal item number; nothing was posted."),
            problems=tuple(problems),
            file=str(file),
        )
    return out


def learners_of(tuxa: App, codes: Iterable[str]) -> tuple[str, ...]:
    """Learner ids of student codes. Raises NotFound."""
    return tuple(tuxa.learners.require(code).id for code in codes)


def listed(tuxa: App, found: Sequence[tuple[str, Message]]) -> list[dict[str, str]]:
    """Student codes with what is wrong."""
    codes = codes_of(tuxa, tuple(learner for learner, _ in found))
    return [
        {"learner": code, "reason": tuxa.translate(reason)}
        for code, (_, reason) in zip(codes, found, strict=True)
    ]


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


def say_packets(tuxa: App, states: list[Any], text: str, *, as_json: bool) -> None:
    """Say how many packets something was told of; as JSON, which."""
    if as_json:
        print_json({"packets": [state.packet for state in states]})
    else:
        say(tuxa.translate(text, count=len(states)))
