"""``tuxa regulation evaluate``, ``history`` and ``duties``: what changed since when, and what is due."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from delivery.app.daily import evaluate_today
from delivery.app.regulation import history_of, snapshots_of
from delivery.cli.context import app_of, print_json, say
from delivery.cli.regulation_words import Actor, AsJson, OnDay, day_of
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.regulation.duties import Duty, duties

app = typer.Typer()


@app.command("evaluate")
def evaluate_(
    context: typer.Context, on: OnDay = "", actor: Actor = "daily", as_json: AsJson = False
) -> None:
    """The daily evaluation: check everything and record what changed since the last time."""
    tuxa = app_of(context)
    done = evaluate_today(tuxa, day_of(tuxa, on), actor=actor)
    evaluation, changes, reminders = done.evaluation, done.changes, done.reminders
    if as_json:
        print_json(
            {
                "on": evaluation.snapshot.on.isoformat(),
                "changes": [_change_json(change) for change in changes],
                "reminders": [_duty_json(tuxa.translate, duty, evaluation.snapshot.on) for duty in reminders],
            }
        )
        return
    say(tuxa.translate(N_("{count} verdicts changed."), count=len(changes)))
    for change in changes[:40]:
        say(f"  {change.clause}  {change.subject}: {change.before} → {change.verdict}")
    for duty in reminders:
        say(_duty_line(tuxa.translate, duty, evaluation.snapshot.on))


def _change_json(change: Any) -> dict[str, Any]:
    return {
        "clause": change.clause,
        "subject": change.subject,
        "before": change.before,
        "verdict": change.verdict,
        "value": change.value or None,
        "threshold": change.threshold or None,
        "on": change.on.isoformat(),
    }


@app.command("history")
def history(
    context: typer.Context,
    after: Annotated[str, typer.Option(help="Changes noticed after this day.")] = "",
    as_json: AsJson = False,
) -> None:
    """What the daily evaluations noticed, newest first."""
    tuxa = app_of(context)
    changes = history_of(tuxa).changes(after=day_of(tuxa, after) if after else None)
    if as_json:
        print_json({"changes": [_change_json(change) for change in changes]})
        return
    for change in changes:
        say(f"{change.on:%d/%m/%Y}  {change.clause}  {change.subject}: {change.before} → {change.verdict}")


@app.command("duties")
def duties_(context: typer.Context, on: OnDay = "", as_json: AsJson = False) -> None:
    """What is due, soonest first."""
    tuxa = app_of(context)
    snapshot = snapshots_of(tuxa).build(day_of(tuxa, on))
    found = duties(snapshot)
    if as_json:
        print_json(
            {
                "on": snapshot.on.isoformat(),
                "duties": [_duty_json(tuxa.translate, duty, snapshot.on) for duty in found],
            }
        )
        return
    for duty in found:
        if not duty.done:
            say(_duty_line(tuxa.translate, duty, snapshot.on))


def _duty_json(translate: Translator, duty: Duty, on: date) -> dict[str, Any]:
    return {
        "clause": duty.clause,
        "subject": duty.subject,
        "due": duty.due.isoformat(),
        "days_left": duty.left(on),
        "what": translate(duty.what),
        "done": duty.done,
        "calendar_confirmed": duty.confirmed,
    }


def _duty_line(translate: Translator, duty: Duty, on: date) -> str:
    left = duty.left(on)
    text = N_("{due}  in {days} days") if left >= 0 else N_("{due}  overdue by {days} days")
    doubt = "" if duty.confirmed else " " + translate(N_("(holidays not confirmed)"))
    when = translate(text, due=f"{duty.due:%d/%m/%Y}", days=abs(left))
    return f"{when}  {duty.clause}  {duty.subject}: {translate(duty.what)}{doubt}"
