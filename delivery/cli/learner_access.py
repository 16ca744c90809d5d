"""``tuxa access``: who may sign in to the portal."""

from __future__ import annotations

from typing import Annotated

import typer

from delivery.cli.context import app_of, print_json, say
from delivery.errors import N_

app = typer.Typer(no_args_is_help=True, help="Access of learners to the portal.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def pin(context: typer.Context, learner: str, as_json: AsJson = False) -> None:
    """Give a learner (student code) a fresh PIN, shown this once; the old one and its sessions end."""
    tuxa = app_of(context)
    fresh = tuxa.credentials.issue_pin(learner)
    if as_json:
        print_json({"learner": learner, "pin": fresh})
        return
    say(f"{fresh[:4]} {fresh[4:]}")
    say(tuxa.translate(N_("Hand this PIN to the learner now: it is kept nowhere and cannot be shown again.")))


@app.command()
def revoke(context: typer.Context, learner: str, as_json: AsJson = False) -> None:
    """Take a learner's PIN away and end every session of it."""
    tuxa = app_of(context)
    ended = tuxa.credentials.revoke(learner)
    if as_json:
        print_json({"learner": learner, "sessions_ended": ended})
        return
    say(tuxa.translate(N_("Access ended. Open sessions that were closed: {count}."), count=ended))
