"""``tuxa returns``: work that comes back by post."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.packet_words import actor
from delivery.cli.progress import bar
from delivery.errors import N_, ExitCode, TuxaError
from delivery.postal.incoming.intake import Intake, take_in
from delivery.postal.incoming.resolve import Doubt

app = typer.Typer(no_args_is_help=True, help="Returned sheets, from the envelope to the record.")

_REASONS = {
    Doubt.UNREADABLE: N_("no code could be read"),
    Doubt.FORGED: N_("a code that looks like ours does not verify"),
    Doubt.TWO_SHEETS: N_("codes of two sheets on one picture"),
    Doubt.UNKNOWN: N_("a sheet that this site does not know"),
    Doubt.HELD: N_("the sheet was voided, or the work is held"),
    Doubt.DAMAGED: N_("the picture is damaged"),
}


@app.callback()
def returns() -> None:
    """Returned sheets, from the envelope to the record."""


@app.command()
def scan(
    context: typer.Context,
    files: list[Path],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Take in scanned files (PDF, TIFF, JPEG, PNG) in any page order. The same file again changes nothing."""
    tuxa = app_of(context)
    done: list[Intake] = []
    failed: list[dict[str, Any]] = []
    for file in files:
        try:
            with bar(file.name) as progress:
                done.append(take_in(tuxa, file, actor=actor(), progress=progress))
        except TuxaError as error:
            # The other files of the mailbag go on.
            failed.append({"file": file.name, "problem": tuxa.translate(error.what)})
            note(tuxa.translate.error(error))
    if as_json:
        print_json(_together(done, failed))
    else:
        for intake in done:
            _say(tuxa.translate, intake)
    if failed:
        raise typer.Exit(ExitCode.REFUSED)


def _together(done: list[Intake], failed: list[dict[str, Any]]) -> dict[str, Any]:
    documents = [intake.to_json() for intake in done]
    counted = ("pages", "filed", "duplicates", "blank", "foreign")
    submissions: dict[tuple[str, str], dict[str, Any]] = {}
    for document in documents:
        # What is present is read from the record, so the last file knows the most.
        submissions.update({(s["learner"], s["activity"]): s for s in document["submissions"]})
    return {
        **{name: sum(document[name] for document in documents) for name in counted},
        "queued": [{"file": d["file"], **entry} for d in documents for entry in d["queued"]],
        "submissions": list(submissions.values()),
        "files": documents,
        "failed": failed,
    }


def _say(words: Any, intake: Intake) -> None:
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
    for entry in intake.queued:
        reason = words(_REASONS[Doubt(entry.reason)])
        note(words(N_("  page {page}: {reason}"), page=entry.page, reason=reason))
    for work in intake.submissions:
        if work.pages_missing:
            missing = ", ".join(map(str, work.pages_missing))
            note(
                words(
                    N_("  {learner}, {activity}: pages missing: {missing}"),
                    learner=work.learner,
                    activity=work.activity,
                    missing=missing,
                )
            )
