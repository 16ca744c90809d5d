"""``tuxa packets keys``: the keys that sign printed codes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from delivery.app.codekeys import export_keys, import_keys, require_main, ring_of
from delivery.app.sync import sync_keys
from delivery.cli.context import app_of, print_json, say
from delivery.cli.packet_words import AsJson
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, GateClosed
from delivery.postal.roles import ASSIGNMENT
from delivery.store.codekeys import CodeKey
from delivery.store.packets import Packets

app = typer.Typer(invoke_without_command=True, help="The keys that sign printed codes.")


@app.callback()
def keys(context: typer.Context, as_json: AsJson = False) -> None:
    """The keys that sign printed codes, and until when each of them signed."""
    if context.invoked_subcommand:
        return
    tuxa = app_of(context)
    found = ring_of(tuxa).all()
    if as_json:
        print_json({"keys": [_document(key) for key in found]})
        return
    for key in found:
        text = (
            N_("{number}: signs now, since {since}")
            if key.current
            else N_("{number}: retired on {retired}")
            if key.retired_at
            else N_("{number}: still read, signed from {since}")
        )
        first = tuxa.translate(N_("the beginning"))
        say(
            tuxa.translate(
                text, number=key.number, since=_day(key.since) or first, retired=_day(key.retired_at)
            )
        )


@app.command()
def rotate(context: typer.Context, as_json: AsJson = False) -> None:
    """Sign with a new key from now on. Sheets that are out are still read."""
    tuxa = app_of(context)
    require_main(tuxa)
    _tell(tuxa, ring_of(tuxa).rotate(), N_("Code key {number} signs from now on."), as_json=as_json)


@app.command()
def retire(
    context: typer.Context,
    number: int,
    anyway: Annotated[bool, typer.Option("--anyway", help="Although sheets signed with it are out.")] = False,
    as_json: AsJson = False,
) -> None:
    """Accept nothing any more that this key signed: such sheets wait in the queue for a person."""
    tuxa = app_of(context)
    require_main(tuxa)
    ring = ring_of(tuxa)
    outstanding = _outstanding(tuxa, ring.all(), number)
    if outstanding and not anyway:
        raise GateClosed(
            N_("{count} packets printed while key {number} signed have not come back."),
            do=N_("Wait for them, or add --anyway when the key was lost: their sheets will go to the queue."),
            count=outstanding,
            number=number,
        )
    _tell(tuxa, ring.retire(number), N_("Code key {number} is retired."), as_json=as_json)


@app.command()
def forget(context: typer.Context, number: int) -> None:
    """Free the number of a retired key: its sheets will look forged."""
    tuxa = app_of(context)
    require_main(tuxa)
    ring_of(tuxa).forget(number)
    say(tuxa.translate(N_("Code key {number} is forgotten."), number=number))


@app.command("export")
def export_(
    context: typer.Context,
    file: Path,
    site: Annotated[str, typer.Option("--for", help="Code of the partner site.")],
) -> None:
    """Write the keys into a file that only that partner site can open."""
    tuxa = app_of(context)
    export_keys(tuxa, file, site=site)
    say(tuxa.translate(N_("Code keys for {site}: {file}"), site=site, file=str(file)))


@app.command("import")
def import_(context: typer.Context, file: Path) -> None:
    """Take over the keys that the main site wrote for this site."""
    tuxa = app_of(context)
    import_keys(tuxa, file)
    say(tuxa.translate(N_("The code keys of the main site are in use.")))


def _outstanding(tuxa: Any, found: list[CodeKey], number: int) -> int:
    """Packets that were printed while the key signed, and of which not every sheet is back."""
    times = sorted((key.since, key.number) for key in found)
    at = next((place for place, (_, known) in enumerate(times) if known == number), None)
    if at is None:
        return 0
    until = times[at + 1][0] if at + 1 < len(times) else None
    return Packets(tuxa.database, tuxa.facts).outstanding(times[at][0], until, role=ASSIGNMENT)


def _tell(tuxa: Any, key: CodeKey, text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(key))
    else:
        say(tuxa.translate(text, number=key.number))
        if sync_keys(tuxa).sites():
            say(tuxa.translate(N_("Partner sites need it too: tuxa packets keys export FILE --for SITE.")))


def _document(key: CodeKey) -> dict[str, Any]:
    return {
        "number": key.number,
        "current": key.current,
        "since": from_micros(key.since).isoformat() if key.since else None,
        "retired": from_micros(key.retired_at).isoformat() if key.retired_at else None,
    }


def _day(at: int) -> str:
    return from_micros(at).astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M") if at else ""
