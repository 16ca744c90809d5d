"""``tuxa returns marks``, ``confirm``, ``mark``, ``refuse``: what machines read in bubbles, and who confirms it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import actor
from delivery.cli.returns_words import codes, reading_json, unclear_of
from delivery.errors import N_, BadInput, ExitCode
from delivery.postal.incoming.contactsheet import contact_page, shown_on
from delivery.postal.incoming.marks import Decided, Marking
from delivery.postal.incoming.reading_filed import read_unread
from delivery.record.words import UNCLEAR
from delivery.store.files import write_whole
from delivery.store.readings import CHOICE, SCORE

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Marker = Annotated[str, typer.Option(help="Lecturer who marked on paper; the course's own when left out.")]
Replace = Annotated[bool, typer.Option("--correct", help="Replace the mark that stands.")]


@app.command()
def marks(
    context: typer.Context,
    course: Annotated[str, typer.Option(help="Only this course.")] = "",
    activity: Annotated[str, typer.Option(help="Only this activity.")] = "",
    state: Annotated[str, typer.Option(help="proposed, doubtful, confirmed, corrected or refused.")] = "",
    page: Annotated[
        Path | None, typer.Option(help="Write a page (HTML) with the pictures of all of them.")
    ] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 200,
    as_json: AsJson = False,
) -> None:
    """What was read in bubbles and waits for a person: answers, and the lecturers' marks. Nothing of it counts yet."""
    tuxa = app_of(context)
    words = tuxa.translate
    with tuxa.executor() as executor:
        # Photographs that learners sent to the portal, where no station runs that reads them as they come.
        read_unread(tuxa, executor)
    marking = Marking(tuxa)
    rows = marking.readings.listed(state=state, course=course.upper(), activity=activity.upper(), limit=limit)
    named = codes(tuxa, {row.learner for row in rows})
    if page is not None:
        doubts = {code: words(text) for code, text in UNCLEAR.items()}
        data = contact_page(marking, rows, words=words, names=named, doubts=doubts, file=str(page))
        write_whole(page, data, mode=0o600)
    if as_json:
        documents = [reading_json(tuxa, row) for row in rows]
        print_json({"counts": marking.counts(), "readings": documents, "page": str(page) if page else None})
        return
    for row in rows:
        what = (
            words(N_("question {number}"), number=row.question)
            if row.use == CHOICE
            else words(N_("mark by the key") if row.use == SCORE else N_("mark"))
        )
        read = f"{row.read}? {unclear_of(tuxa, row.doubt)}" if row.doubt else row.read
        say(
            f"{row.reading}  {row.activity:<14} {named.get(row.learner, row.learner):<12} {what:<10} "
            f"{read}  {row.confidence / 10:.0f} %"
        )
    if not rows:
        say(words(N_("No reading waits.")))
    if page is not None:
        note(words(N_("Written: {file}"), file=str(page)))


@app.command()
def confirm(
    context: typer.Context,
    readings: Annotated[list[str] | None, typer.Argument(help="Numbers of readings.")] = None,
    page: Annotated[Path | None, typer.Option(help="Everything on this page that was looked at.")] = None,
    but: Annotated[list[str] | None, typer.Option("--but", help="Not this one; may be repeated.")] = None,
    marker: Marker = "",
    correct: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Confirm readings: from now on they count. Only what was sure can be confirmed; the rest is told with “mark”."""
    tuxa = app_of(context)
    words = tuxa.translate
    marking = Marking(tuxa)
    names = list(readings or ())
    changed: list[str] = []
    if page is not None:
        left_out = set(but or ())
        # What no lecturer had in hand yet, as far as can be told, is confirmed only with the name of one.
        offered = [entry for entry in shown_on(_read(page)) if marker or not entry.unseen]
        shown = [entry for entry in offered if entry.reading not in left_out]
        now = {row.reading: row for row in marking.readings.require([entry.reading for entry in shown])}
        # Exactly what was looked at is confirmed, and nothing else.
        names += [entry.reading for entry in shown if now[entry.reading].read == entry.read]
        changed = [entry.reading for entry in shown if now[entry.reading].read != entry.read]
    done = marking.confirm(names, actor=actor(), marker=marker, replace=correct)
    problems = [decided for decided in done if decided.problem]
    confirmed = len(done) - len(problems)
    if as_json:
        print_json(
            {
                "confirmed": confirmed,
                "changed": changed,
                "problems": [
                    {"id": decided.reading.reading, "problem": words(decided.problem.what)}
                    for decided in problems
                    if decided.problem
                ],
            }
        )
    else:
        say(words(N_("{count} readings confirmed."), count=confirmed))
        for decided in problems:
            if decided.problem:
                note(f"{decided.reading.reading}: {words.error(decided.problem)}")
        for ident in changed:
            note(
                words(N_("{ident}: reads otherwise now than on this page. Make the page anew."), ident=ident)
            )
    if problems or changed:
        raise typer.Exit(ExitCode.REFUSED)


def _read(page: Path) -> bytes:
    try:
        return page.read_bytes()
    except OSError as error:
        raise BadInput(
            N_("The file {file} cannot be opened: {reason}"),
            do=N_("Check its name and the right to read it."),
            file=str(page),
            reason=error.strerror or str(error),
        ) from error


@app.command()
def mark(
    context: typer.Context,
    reading: str,
    value: Annotated[str, typer.Argument(help="Letters of a choice (“-” for none), or a mark from 0 to 10.")],
    marker: Marker = "",
    correct: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Say what really stands in one place: for a reading in doubt, or one that was confirmed wrongly."""
    tuxa = app_of(context)
    given = "" if value == "-" else value
    decided = Marking(tuxa).correct(reading, given, actor=actor(), marker=marker, replace=correct)
    _told(context, decided, as_json=as_json)


@app.command()
def refuse(context: typer.Context, reading: str, as_json: AsJson = False) -> None:
    """Say that nothing counts in one place; a mark that came from it is taken back."""
    tuxa = app_of(context)
    _told(context, Marking(tuxa).refuse(reading, actor=actor()), as_json=as_json)


def _told(context: typer.Context, decided: Decided, *, as_json: bool) -> None:
    tuxa = app_of(context)
    (now,) = Marking(tuxa).readings.require([decided.reading.reading])
    if as_json:
        print_json(reading_json(tuxa, now))
    else:
        say(tuxa.translate(N_("{ident}: {value} counts now."), ident=now.reading, value=now.value or "–"))
