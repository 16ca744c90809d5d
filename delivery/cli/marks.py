"""``tuxa marks``: marking from the shell."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from delivery.cli.context import app_of, print_json, say
from delivery.errors import N_

app = typer.Typer(no_args_is_help=True, help="Marks, recorded as facts.")


@app.command("set")
def set_(
    context: typer.Context,
    learner: str,
    activity: str,
    score: str,
    marker: Annotated[str, typer.Option(help="Code of the lecturer who marks.")],
    correct: Annotated[bool, typer.Option("--correct", help="Replace the mark that stands.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Record a mark (0 to 10). The same mark again changes nothing."""
    tuxa = app_of(context)
    mark = tuxa.marks.set(
        learner, activity, score=score, marker=marker, catalogue=tuxa.catalogue(), correct=correct
    )
    if as_json:
        print_json(asdict(mark))
    else:
        say(
            tuxa.translate(
                N_("Mark {score} recorded for {activity}."), score=mark.score, activity=mark.activity
            )
        )


@app.command("list")
def list_(
    context: typer.Context,
    course: Annotated[str, typer.Option(help="Only this course.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Every mark that stands."""
    tuxa = app_of(context)
    marks = [mark for mark in tuxa.marks.all() if not course or mark.course == course]
    if as_json:
        print_json({"marks": [asdict(mark) for mark in marks]})
        return
    for mark in marks:
        say(f"{mark.learner}  {mark.activity:<14} {mark.score:>5}  {mark.marker}")
    if not marks:
        say(tuxa.translate(N_("No marks yet.")))
