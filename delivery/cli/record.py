"""``tuxa record``: the one record, and the proof that nothing in it was changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.cli.context import app_of, note, print_json, say
from delivery.errors import N_, Message, Refused
from delivery.i18n import Translator
from delivery.record.ledger import Problem
from delivery.store.audit import audit
from delivery.store.verification import Verification

app = typer.Typer(no_args_is_help=True, help="The learner record and its ledger.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]

STATUS_WORDS = {
    "not_recorded": N_("not recorded"),
    "delivered": N_("sent to the learner"),
    "recorded": N_("recorded"),
    "incomplete": N_("pages missing"),
    "submitted": N_("submitted"),
    "marked": N_("marked"),
    "review": N_("to be reviewed"),
    "held": N_("held"),
}
MODE_WORDS = {
    "broadcast": N_("Radio - Television"),
    "postal": N_("Post"),
    "network": N_("Computer network and telecommunications"),
    "face_to_face": N_("Face to face"),
}
PROBLEM_WORDS = {
    "altered": N_("a stored fact was altered"),
    "missing": N_("a fact is missing"),
    "reordered": N_("a fact stands in the wrong place"),
    "unreadable": N_("a stored fact cannot be read"),
    "head": N_("the signed head does not match"),
    "signature": N_("the signature of the head is wrong"),
    "unsigned": N_("facts stand outside the signed head"),
    "rollback": N_("an older state was put back, or facts were deleted"),
    "projection": N_("a table for fast reading differs from the facts"),
    "catalogue": N_("the catalogue differs from what was imported"),
    "private": N_("personal data are missing or were altered"),
    "image": N_("the image of a learner's work is missing or was altered"),
}


@app.command()
def show(context: typer.Context, learner: str, as_json: AsJson = False) -> None:
    """The record of one learner (student code or learner id), folded from the facts now."""
    tuxa = app_of(context)
    ref = tuxa.learners.require(learner)
    document = tuxa.records.show(ref.id, tuxa.catalogue())
    if as_json:
        print_json(document)
        return
    print_record(tuxa, document)


def print_record(tuxa: App, document: dict[str, Any]) -> None:
    """The record for a person to read."""
    tr = tuxa.translate
    profile = tuxa.vault.profile(document["learner"])
    title = f"{profile.full_name} · {profile.code}" if profile else tr(N_("(personal data erased)"))
    say(f"{title} · {document['learner']} · {document['cohort']} · {document['site']}")
    for course in document["courses"]:
        grade = course["grade"]
        words = f"{grade['score']} {grade['letter']}" if grade else tr(N_("no grade yet"))
        say()
        say(f"{course['course']}  {course['name']} ({course['credits']}) — {words}")
        for item in course["activities"]:
            aired = item["status"] == "delivered" and item["mode"] == "broadcast"
            status = tr(N_("aired") if aired else STATUS_WORDS[item["status"]])
            late = " · " + tr(N_("late")) if item["late"] else ""
            mark = f" · {item['mark']}" if item["mark"] else ""
            say(
                f"  {item['activity']:<14} {tr(MODE_WORDS[item['mode']]):<36} "
                f"{item['minutes']:>4}/{item['planned_minutes']:<4} {status}{late}{mark}"
                f" [{len(item['evidence'])}]"
            )
            if item["received"]:
                say(f"    {received_words(tr, item)}")
        for part in course["components"]:
            say(f"    {part['name']}: {part['weight']} % · {part['score'] or '—'}")
    say()
    for head in document["heads"]:
        say(f"{head['stream']} #{head['sequence']} {head['hash'][:16]}…")


def received_words(tr: Translator, item: dict[str, Any]) -> str:
    """When what arrived of a piece of work, as one sentence."""
    received = item["received"]
    parts = [tr(N_("arrived on {day}"), day=f"{date.fromisoformat(received['last']):%d/%m/%Y}")]
    if item["pages_missing"]:
        present = ", ".join(map(str, received["present"]))
        parts.append(tr(N_("pages {present} of {pages}"), present=present, pages=received["pages"]))
    elif received["pages"] > 1:
        parts.append(tr(N_("pages 1–{pages} of {pages}"), pages=received["pages"]))
    if received["extra"]:
        parts.append(tr(N_("{count} extra sheets"), count=received["extra"]))
    if received["postmark"]:
        day = f"{date.fromisoformat(received['postmark']):%d/%m/%Y}"
        parts.append(tr(N_("postmark of {date} counts"), date=day))
    return ", ".join(parts)


@app.command()
def verify(
    context: typer.Context,
    deep: Annotated[bool, typer.Option(help="Also open everything that is sealed.")] = False,
    transcript: Annotated[
        Path | None, typer.Option(help="Verify this transcript instead; needs no home when --key is given.")
    ] = None,
    key: Annotated[str, typer.Option(help="Public key (hex) of the institution that signed it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Verify every chain and signed head, and what is read beside them; exit 1 and name each place that was changed."""
    if transcript is not None:
        from delivery.cli.transcript import verify_file

        verify_file(context, transcript, key, as_json=as_json)
        return
    from delivery.app.sync import main_site

    tuxa = app_of(context)
    with tuxa.executor() as executor:
        chains = tuxa.facts.verify(lambda count: note(f"… {count}"), executor=executor)
    problems = (
        *chains.problems,
        *audit(tuxa.database, tuxa.vault, tuxa.blobs, deep=deep, main=main_site(tuxa)),
    )
    if as_json:
        print_json(
            {
                "ok": not problems,
                "facts": chains.facts,
                "streams": chains.streams,
                "problems": [
                    {
                        "stream": p.stream,
                        "sequence": p.sequence,
                        "problem": p.problem,
                        "fact": p.fact or None,
                        "detail": p.detail,
                    }
                    for p in problems
                ],
            }
        )
    else:
        _print_verification(tuxa.translate, chains, problems)
    if problems:
        raise typer.Exit(1)


def _print_verification(tr: Translator, chains: Verification, problems: tuple[Problem, ...]) -> None:
    for problem in problems:
        words = f"✗ {problem.stream} #{problem.sequence} {tr(PROBLEM_WORDS[problem.problem])} {problem.fact}"
        say(f"{words.rstrip()}\n    {problem.detail}" if problem.detail else words)
    if not problems:
        words = tr(
            N_("✓ {facts} facts in {streams} streams verify."), facts=chains.facts, streams=chains.streams
        )
        say(words)
    elif {problem.problem for problem in problems} == {"projection"}:
        say("→ " + tr(N_("The facts themselves are whole. Run “tuxa record rebuild”.")))
    else:
        do = N_("Keep this database as evidence, and restore the last backup that verifies beside it.")
        say("→ " + tr(do))


@app.command()
def rebuild(context: typer.Context) -> None:
    """Fill every table for fast reading again from the facts."""
    tuxa = app_of(context)
    count = tuxa.records.rebuild()
    say(tuxa.translate(N_("Rebuilt from {count} facts."), count=count))


@app.command()
def export(
    context: typer.Context,
    learner: str,
    format_: Annotated[str, typer.Option("--format", help="json, or pdf: the transcript")] = "json",
    out: Annotated[Path | None, typer.Option(help="File; standard output when left out.")] = None,
) -> None:
    """Everything that is recorded of one learner: profile, record, and the facts themselves."""
    if format_ == "pdf":
        from delivery.cli.transcript import write_file

        write_file(context, learner, out)
        return
    if format_ != "json":
        raise Refused(
            N_("The format “{format}” is not available."), do=N_("Use --format json or pdf."), format=format_
        )
    tuxa = app_of(context)
    ref = tuxa.learners.require(learner)
    document = export_document(tuxa, ref.id)
    if out is None:
        print_json(document)
        return
    import json

    from delivery.store.files import write_whole

    write_whole(out, json.dumps(document, ensure_ascii=False, indent=2).encode(), mode=0o600)
    note(tuxa.translate(Message(N_("Written: {file}"), {"file": str(out)})))


def export_document(tuxa: App, learner: str) -> dict[str, Any]:
    """Profile, record and facts of a learner as one JSON document."""
    from delivery.store.vault import profile_to

    profile = tuxa.vault.profile(learner)
    return {
        "profile": profile_to(profile) if profile else None,
        "record": tuxa.records.show(learner, tuxa.catalogue()),
        "facts": [fact.as_json() for fact in tuxa.facts.select(learner=learner)],
    }
