"""``tuxa returns``: work that comes back by post."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.cli import returns_marks, returns_queue
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import actor, resend_json
from delivery.cli.progress import bar
from delivery.cli.returns_words import chase_json, codes, moment, proposed, reason_of, together
from delivery.errors import N_, ExitCode, NotFound, TuxaError
from delivery.postal.incoming.chase import chase as to_chase
from delivery.postal.incoming.handscanner import Heard, receive_envelopes, waiting_envelopes
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.postmarks import checked_postmark, enter_postmark, read_postmark
from delivery.postal.incoming.scanfile import shown_name
from delivery.postal.incoming.watch import FAILED, FolderWatch
from delivery.postal.outgoing.mailing import require_item
from delivery.postal.outgoing.posting import WhyBack, resends, undelivered

app = typer.Typer(no_args_is_help=True, help="Returned sheets, from the envelope to the record.")
app.add_typer(returns_queue.app)
app.add_typer(returns_marks.app)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Postmark = Annotated[str, typer.Option(help="Day of the postmark, YYYY-MM-DD: lateness is judged by it.")]


@app.callback()
def returns() -> None:
    """Returned sheets, from the envelope to the record."""


@app.command()
def scan(
    context: typer.Context,
    files: list[Path],
    postmark: Postmark = "",
    envelope: Annotated[str, typer.Option(help="Postal item number of the envelope it all came in.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take in scanned files (PDF, TIFF, JPEG, PNG, HEIC) in any page order. The same file again changes nothing."""
    tuxa = app_of(context)
    day = checked_postmark(postmark, tuxa) if postmark else None
    done: list[Intake] = []
    failed: list[dict[str, Any]] = []
    for file in files:
        try:
            with bar(shown_name(file)) as progress:
                done.append(
                    take_in(
                        tuxa,
                        file,
                        actor=actor(),
                        progress=progress,
                        postmark=day,
                        envelope=f"item:{require_item(envelope)}" if envelope else "",
                    )
                )
        except TuxaError as error:
            # The other files of the mailbag go on.
            failed.append({"file": shown_name(file), "problem": tuxa.translate(error.what)})
            note(tuxa.translate.error(error))
    if as_json:
        print_json(together(done, failed))
    else:
        for intake in done:
            _say(tuxa, intake)
    if failed:
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def watch(
    context: typer.Context,
    folder: Path,
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing is left to take in.")] = False,
) -> None:
    """Take in every file that a scanner writes into a folder; they go to done/ or failed/. Ctrl-C stops."""
    tuxa = app_of(context)
    words = tuxa.translate
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    steps: dict[str, int] = {}

    def tell(name: str, done: int, total: int) -> None:
        step = 10 * done // max(total, 1)
        if steps.get(name) != step:
            steps[name] = step
            note(f"{name}: {done}/{total}")

    watched = FolderWatch(
        tuxa, folder, actor=actor(), wait=lambda seconds: not stop.wait(seconds), on_progress=tell
    )
    note(words(N_("Watching {folder}. Ctrl-C stops."), folder=str(folder)))
    for taken in watched.run():
        if taken.intake is not None:
            _say(tuxa, taken.intake)
        if taken.problem is not None:
            note(words.error(taken.problem))
            if taken.moved_to.parent.name == FAILED:
                moved = f"{FAILED}/{shown_name(taken.moved_to)}"
                note(words(N_("  moved to {file}"), file=moved))
        sys.stdout.flush()
        if once and not watched.pending:
            return
    note(words(N_("Stopped. What lies in the folder is taken in the next time.")))


@app.command()
def envelopes(
    context: typer.Context,
    postmark: Postmark = "",
    pairs: Annotated[
        bool, typer.Option("--pairs", help="Each envelope gives two codes: its postal label, then ours.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="Only list envelopes not scanned yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mark envelopes as received by hand scanner, line by line; a typed day is the postmark of what follows."""
    tuxa = app_of(context)
    words = tuxa.translate
    if listed:
        waiting = waiting_envelopes(tuxa)
        named = codes(tuxa, {entry.learner for entry in waiting if entry.learner})
        if as_json:
            print_json({"envelopes": [asdict(entry) for entry in waiting]})
            return
        for entry in waiting:
            say(f"{moment(entry.received_at)}  {named.get(entry.learner, '–'):<12} {entry.item}")
        return
    day = checked_postmark(postmark, tuxa) if postmark else None
    told: list[dict[str, Any]] = []
    for line in receive_envelopes(tuxa, sys.stdin, actor=actor(), postmark=day, pairs=pairs):
        code = codes(tuxa, {line.learner}).get(line.learner, line.learner) if line.learner else ""
        told.append(
            {
                "heard": str(line.heard),
                "text": line.text,
                "learner": code or None,
                "envelope": line.envelope or None,
                "since": line.since or None,
                "problem": words(line.problem.what) if line.problem else None,
            }
        )
        if line.problem is not None:
            note("\a" + words.error(line.problem))
        elif line.heard is Heard.POSTMARK:
            note(f"{words(_HEARD[line.heard])}: {line.text or '–'}")
        elif line.heard is Heard.DUPLICATE:
            since = words(N_("known since {moment}"), moment=moment(line.since))
            note(f"\a{line.text}: {code} {since}")
        else:
            note(f"{line.text}: {words(_HEARD[line.heard])} {code}".rstrip())
    counts = {heard: sum(entry["heard"] == heard for entry in told) for heard in Heard}
    if as_json:
        print_json({"lines": told, "counts": {str(heard): count for heard, count in counts.items()}})
    else:
        say(
            words(
                N_("{received} envelopes received, {known} known before, {problems} lines not used."),
                received=counts[Heard.RECEIVED] + counts[Heard.NOTED],
                known=counts[Heard.DUPLICATE],
                problems=counts[Heard.UNUSED],
            )
        )
    if counts[Heard.UNUSED]:
        raise typer.Exit(ExitCode.REFUSED)


_HEARD = {
    Heard.RECEIVED: N_("received"),
    Heard.NOTED: N_("received, sender not known yet"),
    Heard.POSTMARK: N_("postmark of what follows"),
}


@app.command()
def postmark(
    context: typer.Context,
    learner: str,
    activity: str,
    day: Annotated[str, typer.Argument(help="Day of the postmark, YYYY-MM-DD.")],
    as_json: AsJson = False,
) -> None:
    """Enter the postmark of work that is in already; lateness is judged by it. Entering another day corrects it."""
    tuxa = app_of(context)
    ref = tuxa.learners.require(learner)
    on = read_postmark(day)
    entered = enter_postmark(tuxa, ref.id, activity.upper(), on, actor=actor())
    if as_json:
        print_json(
            {"learner": learner, "activity": activity.upper(), "day": on.isoformat(), "pages": entered}
        )
    else:
        say(tuxa.translate(N_("Postmark of {count} pages entered."), count=entered))


@app.command()
def chase(
    context: typer.Context,
    course: Annotated[str, typer.Option(help="Only this course.")] = "",
    as_json: AsJson = False,
) -> None:
    """What to ask after: missing pages, overdue work, packets that came back, unopened envelopes, and what to do."""
    tuxa = app_of(context)
    words = tuxa.translate
    code, known = course.upper(), tuxa.catalogue().courses
    if code and code not in known:
        # Of a course that does not exist there is never anything to ask after.
        raise NotFound(
            N_("There is no course {course}."),
            do=N_("Known courses: {known}."),
            course=course,
            known=", ".join(sorted(known)) or "–",
        )
    found = to_chase(tuxa, course=code)
    document = chase_json(tuxa, found)
    if as_json:
        print_json(document)
        return
    if found.empty:
        say(words(N_("There is nothing to ask after.")))
    for entry in document["incomplete"]:
        missing = ", ".join(map(str, entry["missing"]))
        say(
            words(
                N_("{activity}, {learner}: pages missing: {missing} of {pages}"),
                activity=entry["activity"],
                learner=entry["learner"],
                missing=missing,
                pages=entry["pages"],
            )
        )
        _say_resend(entry)
    for entry in document["overdue"]:
        say(
            words(
                N_("{activity}, {learner}: nothing has come, {days} days overdue"),
                activity=entry["activity"],
                learner=entry["learner"],
                days=entry["days"],
            )
        )
        _say_resend(entry)
    for entry in document["undelivered"]:
        say(words(N_("{batch}: came back from {learner}: {reason}"), **entry))
        _say_resend(entry)
    for entry in document["unopened"]:
        say(
            words(
                N_("An envelope of {learner} lies unopened since {moment}"),
                learner=entry["learner"] or entry["item"] or "–",
                moment=moment(entry["received_at"]),
            )
        )


def _say_resend(entry: dict[str, Any]) -> None:
    if entry["resend"]:
        say(f"    → {entry['resend']}")


@app.command("undelivered")
def undelivered_(
    context: typer.Context,
    name: Annotated[list[str] | None, typer.Argument(help="Postal item numbers or packet numbers.")] = None,
    reason: Annotated[WhyBack, typer.Option(help="What the post's form says.")] = WhyBack.UNKNOWN,
    as_json: AsJson = False,
) -> None:
    """Record that packets came back undelivered; without numbers, list those to be sent again."""
    tuxa = app_of(context)
    if name:
        undelivered(tuxa, name, reason=reason, actor=actor())
    documents = resend_json(tuxa, resends(tuxa))
    if as_json:
        print_json({"resend": documents})
        return
    for document in documents:
        say(tuxa.translate(N_("{batch}: came back from {learner}: {reason}"), **document))


def _say(tuxa: Any, intake: Intake) -> None:
    words = tuxa.translate
    say(
        words(
            N_(
                "{file}: {pages} pages: {filed} filed, {queued} in the queue, {duplicates} known already, "
                "{blank} blank, {foreign} not ours"
            ),
            file=intake.file,
            pages=intake.pages,
            filed=intake.filed,
            queued=len(intake.queued),
            duplicates=intake.duplicates,
            blank=intake.blank,
            foreign=intake.foreign,
        )
    )
    named = codes(
        tuxa,
        {work.learner for work in intake.submissions}
        | {entry.proposal.learner for entry in intake.queued if entry.proposal},
    )
    for entry in intake.queued:
        reason = reason_of(tuxa, entry.reason)
        note(
            words(N_("  page {page} ({ident}): {reason}"), page=entry.page, ident=entry.ident, reason=reason)
        )
        if entry.proposal:
            note(f"    {proposed(tuxa, entry.proposal, named)}")
    for page in intake.superseded:
        note(words(N_("  page {page}: of an older print, which a newer one replaced; filed"), page=page))
    for work in intake.submissions:
        if work.pages_missing:
            missing = ", ".join(map(str, work.pages_missing))
            note(
                words(
                    N_("  {learner}, {activity}: pages missing: {missing}"),
                    learner=named.get(work.learner, work.learner),
                    activity=work.activity,
                    missing=missing,
                )
            )
    if intake.readings:
        note(words(N_("{count} readings wait to be confirmed: tuxa returns marks"), count=intake.readings))
