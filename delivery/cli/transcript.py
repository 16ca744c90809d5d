"""The transcript from the shell: ``record export LEARNER --format pdf`` and ``record verify --transcript FILE``."""

from __future__ import annotations

from pathlib import Path

import typer

from delivery.app import App
from delivery.cli.context import app_of, note, print_json, raw_app_of, say
from delivery.errors import N_, BadInput, ExitCode, Message
from delivery.reports.transcript import Verified, transcript_pdf, verify_transcript
from delivery.store.files import write_whole
from delivery.store.keys import keys_exist


def write_file(context: typer.Context, learner: str, out: Path | None) -> None:
    """Write the signed transcript of a learner."""
    from delivery.app.transcripts import make_transcript

    tuxa = app_of(context)
    if out is None:
        raise BadInput(
            N_("A report as {format} goes into a file."),
            do=N_("Name it: --out {kind}-{year}.{format}"),
            format="pdf",
            kind="transcript",
            year=learner,
        )
    made = make_transcript(tuxa, tuxa.learners.require(learner).id)
    write_whole(out, transcript_pdf(made), mode=0o600)
    note(tuxa.translate(Message(N_("Written: {file}"), {"file": str(out)})))


def verify_file(context: typer.Context, file: Path, key: str, *, as_json: bool) -> None:
    """Judge a transcript by itself, and by this home's ledger where there is one; exit code 1 when it fails."""
    tuxa = raw_app_of(context)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise BadInput(
            N_("The file {file} cannot be read: {reason}"),
            do=N_("Name a transcript made by: tuxa record export LEARNER --format pdf."),
            file=str(file),
            reason=error.strerror or str(error),
        ) from error
    has_home = keys_exist(tuxa.settings.keys_dir)
    trusted = {key.strip().lower()} if key else ({tuxa.keys.public.hex()} if has_home else set())
    found = verify_transcript(data, trusted)
    if (
        has_home
        and found.transcript is not None
        and found.transcript.statement["key"] == tuxa.keys.public.hex()
    ):
        from delivery.app.transcripts import against_ledger

        app_of(context)
        found = Verified(found.transcript, (*found.problems, *against_ledger(tuxa, found.transcript)))
    _tell(tuxa, found, as_json=as_json)
    if not found.ok:
        raise typer.Exit(ExitCode.REFUSED)


def _tell(tuxa: App, found: Verified, *, as_json: bool) -> None:
    problems = [tuxa.translate(problem) for problem in found.problems]
    said = found.transcript.statement if found.transcript else None
    if as_json:
        print_json({"ok": found.ok, "problems": problems, "statement": said})
        return
    if said is not None:
        say(f"{said['institution']} · {said['site']} · {said['key'][:16]}…")
        say(f"{said['name']} · {said['code']} · {said['programme']} · {said['issued']}")
        for course in said["courses"]:
            say(
                f"  {course['course']}  {course['name']} ({course['credits']}): {course['score']} {course['letter']}"
            )
    for problem in problems:
        say("✗ " + problem)
    if found.ok:
        say("✓ " + tuxa.translate(N_("The transcript is genuine and unaltered.")))
