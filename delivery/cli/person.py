"""``tuxa person``: what persons may ask for of their data, and the log of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.cli.context import app_of, note, print_json, say
from delivery.errors import N_, BadInput
from delivery.i18n import Translator
from delivery.record.kinds import FactKind
from delivery.regulation.retention import RULES, Keep
from delivery.store.people import Asked, ErasurePlan

app = typer.Typer(
    no_args_is_help=True, help="What persons ask for of their own data: copies, correction, erasure."
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
Actor = Annotated[str, typer.Option(help="Code of the person who answers the request.")]
Day = Annotated[str, typer.Option("--asked", help="Day on which the person asked, YYYY-MM-DD.")]
Reason = Annotated[str, typer.Option(help="Why, without names: it stays in the log.")]

WORDS = {
    FactKind.PERSON_EXPORTED: N_("copy of all data handed out"),
    FactKind.PERSON_CORRECTED: N_("data corrected"),
    FactKind.PERSON_RESTRICTED: N_("data restricted, or released again"),
    FactKind.PERSON_ERASED: N_("data erased"),
    FactKind.PERSON_REFUSED: N_("request refused"),
}
KEEP_WORDS = {
    Keep.FOR_GOOD: N_("for good"),
    Keep.WITH_RESULTS: N_("for good once there are results"),
    Keep.ON_WISH: N_("until the person asks for erasure"),
}


def _asked(day: str, actor: str, reason: str = "") -> Asked:
    if day:
        try:
            date.fromisoformat(day)
        except ValueError as error:
            raise BadInput(
                N_("“{day}” is not a day."), do=N_("Write it as YYYY-MM-DD, for example 2026-11-22."), day=day
            ) from error
    return Asked(actor, reason, day)


@app.command()
def export(
    context: typer.Context,
    learner: str,
    out: Annotated[Path, typer.Option(help="ZIP file to write: JSON, a page to read, and the files.")],
    actor: Actor = "cli",
    asked: Day = "",
    as_json: AsJson = False,
) -> None:
    """A copy of everything that is held of a person, for that person."""
    from delivery.app.people import export_person

    tuxa = app_of(context)
    done = export_person(tuxa, tuxa.learners.require(learner), out, _asked(asked, actor))
    if as_json:
        print_json({"file": str(done.file), "sha256": done.sha256, "facts": done.facts, "files": done.files})
        return
    words = N_(
        "{file}: {facts} facts, {files} files. It holds personal data in plain text: hand it over, and delete it."
    )
    say(tuxa.translate(words, file=str(done.file), facts=done.facts, files=done.files))


@app.command()
def correct(
    context: typer.Context,
    learner: str,
    values: Annotated[
        list[str], typer.Option("--set", help="field=value, for example phone=0912345678; several times.")
    ],
    reason: Reason,
    actor: Actor = "cli",
    asked: Day = "",
    as_json: AsJson = False,
) -> None:
    """Put data of a person right. The fact that was wrong stays in the ledger; what is read is the new one."""
    tuxa = app_of(context)
    changes = dict(_pair(value) for value in values)
    fields = tuxa.people.correct(tuxa.learners.require(learner), changes, _asked(asked, actor, reason))
    if as_json:
        print_json({"learner": learner, "corrected": list(fields)})
        return
    if not fields:
        say(tuxa.translate(N_("Nothing changed: these values are already stored.")))
        return
    say(tuxa.translate(N_("Corrected: {fields}."), fields=", ".join(fields)))
    note(tuxa.translate(N_("Correct the roster too: the next import would bring the old value back.")))


def _pair(value: str) -> tuple[str, str]:
    name, equals, text = value.partition("=")
    if not equals:
        raise BadInput(
            N_("“{value}” is no correction."),
            do=N_("Write field=value, for example phone=0912345678."),
            value=value,
        )
    return name.strip(), text


@app.command()
def restrict(
    context: typer.Context,
    learner: str,
    reason: Reason,
    lift: Annotated[bool, typer.Option("--lift", help="Use the data again.")] = False,
    actor: Actor = "cli",
    asked: Day = "",
    as_json: AsJson = False,
) -> None:
    """Keep a person's data without using them: no name is shown, nothing is printed or posted, until it is lifted."""
    tuxa = app_of(context)
    changed = tuxa.people.restrict(tuxa.learners.require(learner), _asked(asked, actor, reason), lift=lift)
    if as_json:
        print_json({"learner": learner, "restricted": not lift, "changed": changed})
        return
    words = (
        N_("The data of {learner} are used again.") if lift else N_("The data of {learner} are restricted.")
    )
    say(tuxa.translate(words, learner=learner))


@app.command()
def erase(
    context: typer.Context,
    learner: str,
    reason: Reason,
    keep_retained: Annotated[
        bool, typer.Option("--keep-retained", help="Leave what the law retains, and erase everything else.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be erased.")] = False,
    actor: Actor = "cli",
    asked: Day = "",
    as_json: AsJson = False,
) -> None:
    """Destroy the key of a person's data, here and at every site. It cannot be undone; every proof still holds."""
    tuxa = app_of(context)
    ref = tuxa.learners.require(learner)
    told = _asked(asked, actor, reason)
    tuxa.erasing.finish()
    if dry_run:
        plan = tuxa.people.plan_erasure(ref.id)
    else:
        plan = tuxa.people.erase(ref, told, keep_retained=keep_retained)
    pending = tuxa.erasing.pending
    if as_json:
        print_json({"learner": ref.id, "done": not dry_run, "pending": pending, **_plan_json(plan)})
        return
    _tell_plan(tuxa, plan, done=not dry_run)
    if not dry_run:
        _tell_rest(tuxa, pending)


def _plan_json(plan: ErasurePlan) -> dict[str, Any]:
    return {
        "sealed": plan.sealed,
        "retains": [{"holding": str(rule.holding), "clause": rule.clause} for rule in plan.retains],
    }


def _tell_plan(tuxa: App, plan: ErasurePlan, *, done: bool) -> None:
    tr = tuxa.translate
    words = (
        N_("Erased: personal data beside {count} facts.")
        if done
        else N_("To be erased: personal data beside {count} facts.")
    )
    say(tr(words, count=plan.sealed))
    for rule in plan.retains:
        say("  " + tr(N_("kept by {clause}: {name}"), clause=rule.clause, name=tr(rule.name)))


def _tell_rest(tuxa: App, pending: int) -> None:
    tr = tuxa.translate
    if pending:
        note(tr(N_("Some files are still in use; they are erased when this command or the sync runs again.")))
    for text in (
        N_(
            "Copies made before today still hold the key: delete them. The next “tuxa backup” begins a new series."
        ),
        N_(
            "Delete what was printed or exported to other places: packets with --out, labels, lists, transcripts."
        ),
    ):
        note("→ " + tr(text))


@app.command()
def log(context: typer.Context, learner: str, as_json: AsJson = False) -> None:
    """What a person asked for, what was done, and whether in time."""
    from delivery.app.people import log_of

    tuxa = app_of(context)
    rows = log_of(tuxa, tuxa.learners.require(learner).id)
    if as_json:
        print_json(rows)
        return
    _print_log(tuxa.translate, rows)


def _print_log(tr: Translator, rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        say(tr(N_("Nothing was asked for.")))
    for row in rows:
        words = f"{row['at'][:10]}  {tr(WORDS[FactKind(row['kind'])])} · {row['actor']}"
        if row["asked"]:
            state = N_("in time") if row["in_time"] else N_("after the term")
            due = tr(N_("asked {asked}, due {due}"), asked=row["asked"], due=row["due"])
            words += f" · {due}: {tr(state)}"
        why = ", ".join(row["clauses"]) or row["reason"]
        say(words + (f" · {why}" if why else ""))


@app.command()
def holdings(context: typer.Context, as_json: AsJson = False) -> None:
    """What is held of learners: for which purpose, on what it rests, and how long."""
    tuxa = app_of(context)
    tr = tuxa.translate
    if as_json:
        print_json(
            [
                {
                    "holding": str(rule.holding),
                    "name": tr(rule.name),
                    "purpose": tr(rule.purpose),
                    "clause": rule.clause,
                    "keep": str(rule.keep),
                    "fields": list(rule.fields),
                }
                for rule in RULES.values()
            ]
        )
        return
    for rule in RULES.values():
        say(f"{rule.clause:<10} {tr(rule.name)}")
        say(f"{'':<10} {tr(rule.purpose)}; {tr(KEEP_WORDS[rule.keep])}")
