"""``tuxa backup`` and ``tuxa restore``: safe copies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from delivery.cli.context import app_of, note, print_json, raw_app_of, say
from delivery.errors import N_

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("backup")
def backup(
    context: typer.Context,
    file: Path,
    full: Annotated[
        bool, typer.Option("--full", help="Everything, even if an earlier copy lies beside it.")
    ] = False,
    blobs: Annotated[bool, typer.Option("--blobs/--no-blobs", help="Stored files as well.")] = True,
    as_json: AsJson = False,
) -> None:
    """A safe copy of this home, made while it works: encrypted, and small where an earlier copy lies beside it."""
    from delivery.app.safecopies import back_up

    tuxa = app_of(context)
    done = back_up(tuxa, file, full=full, with_blobs=blobs)
    if as_json:
        print_json(
            {
                "file": str(file),
                "id": done.header.id,
                "continues": done.header.base or None,
                "bytes": done.size,
                "recovery_key": done.recovery_key or None,
            }
        )
        return
    words = (
        N_("{file}: {bytes} bytes, continues {earlier}.")
        if done.header.base
        else N_("{file}: {bytes} bytes, a full copy.")
    )
    say(tuxa.translate(words, file=str(file), bytes=done.size, earlier=done.header.base_file))
    if done.recovery_key:
        say()
        say(
            tuxa.translate(
                N_("Recovery key, shown this once. Write it down, and keep it apart from the copies:")
            )
        )
        say(f"  {done.recovery_key}")


@app.command("restore")
def restore_(
    context: typer.Context,
    file: Path,
    key_file: Annotated[
        Path | None,
        typer.Option(help="File with the recovery key. Also TUXA_RECOVERY_KEY; otherwise it is asked for."),
    ] = None,
    only_drill: Annotated[
        bool, typer.Option("--drill", help="Restore into a folder that is thrown away, and verify it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Put a safe copy, and those it continues, into a new home; or with --drill show that it could be done."""
    from delivery.app.safecopies import chain_of, drill, restore

    tuxa = raw_app_of(context)
    chain = chain_of(file)
    secret = _secret(key_file)
    done = drill(tuxa, file, secret=secret) if only_drill else restore(tuxa, file, secret=secret)
    if as_json:
        print_json(
            {
                "copies": [str(path) for path in chain],
                "site": done.manifest.site,
                "made_at": done.manifest.made_at,
                "facts": done.facts,
                "files": done.manifest.blobs,
                "problems": done.problems,
                "drill": only_drill,
            }
        )
    else:
        say(
            tuxa.translate(
                N_("Site {site} as of {date}: {facts} facts, {files} files, {problems} problems."),
                site=done.manifest.site,
                date=done.manifest.made_at,
                facts=done.facts,
                files=done.manifest.blobs,
                problems=done.problems,
            )
        )
        if only_drill:
            note(tuxa.translate(N_("The drill is over; nothing was kept.")))
        else:
            note(tuxa.translate(N_("What other sites hold since then comes back with “tuxa sync run”.")))
    if done.problems:
        raise typer.Exit(1)


def _secret(key_file: Path | None) -> bytes:
    from delivery.app.safecopies import read_recovery

    if key_file is not None:
        try:
            return read_recovery(key_file.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            return read_recovery("")
    return read_recovery(
        os.environ.get("TUXA_RECOVERY_KEY") or typer.prompt("TUXA-R1", hide_input=True, err=True)
    )
