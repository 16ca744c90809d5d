"""What every command shares: the wired application of the chosen home, and how to print."""

from __future__ import annotations

import json
import sys
from typing import Any

import typer

from delivery.app import App


def app_of(context: typer.Context) -> App:
    """The application of this invocation, ready for use. Raises Refused when the home was never prepared."""
    app = raw_app_of(context)
    app.require_ready()
    return app


def raw_app_of(context: typer.Context) -> App:
    """As :func:`app_of`, without asking whether the home is prepared (for ``init``, ``doctor`` and ``up``)."""
    found = context.find_root().obj
    if not isinstance(found, App):
        raise TypeError("the root command did not wire the application")
    return found


def print_json(document: Any) -> None:
    """One JSON document on standard output, and nothing else there."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")


def say(text: str = "") -> None:
    """A line for the person, on standard output."""
    sys.stdout.write(text + "\n")


def note(text: str) -> None:
    """A line of progress or warning, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
