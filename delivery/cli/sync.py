"""``tuxa sync``: sites that hold one record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from delivery import log
from delivery.app import App
from delivery.cli.context import app_of, note, print_json, say
from delivery.clock import VIETNAM, from_micros, to_iso
from delivery.errors import N_, Message

app = typer.Typer(no_args_is_help=True, help="Sites in sync: invite, join, run, and by hand.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command()
def invite(
    context: typer.Context,
    site: str,
    address: Annotated[
        str, typer.Option(help="How that site reaches this one, for example tcp://dt.example.edu.vn:8643.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """A one-time invitation for the site with this code. Pass it on by a way that both of you trust."""
    from delivery.app.sync import invite as make

    tuxa = app_of(context)
    made = make(tuxa, site, address=address)
    if as_json:
        print_json(
            {
                "site": made.site,
                "address": made.address,
                "expires_at": to_iso(from_micros(made.expires_at)),
                "invitation": made.text(),
            }
        )
        return
    say(made.text())
    note(
        tuxa.translate(
            N_("For site {site}, once, until {date}. There: tuxa sync join INVITATION"),
            site=site,
            date=f"{from_micros(made.expires_at).astimezone(VIETNAM):%d/%m/%Y %H:%M}",
        )
    )


@app.command()
def join(
    context: typer.Context,
    invitation: Annotated[str, typer.Argument(help="The line, or - to read it from standard input.")],
) -> None:
    """Redeem an invitation: this home becomes that site, in sync with the main one."""
    from delivery.app.sync import become
    from delivery.app.sync import join as redeem
    from delivery.network.sync.invitation import read_invitation

    tuxa = app_of(context)
    log.configure(tuxa.settings.home / "log" / "sync.log")
    line = read_invitation(sys.stdin.read() if invitation == "-" else invitation)
    joined = become(tuxa, line)
    try:
        redeem(joined, line)
    finally:
        joined.close()
    say(
        tuxa.translate(
            N_("This is site {site} now, in sync with {main}. Start with “tuxa up” or “tuxa sync run”."),
            site=line.site,
            main=line.main,
        )
    )


@app.command()
def run(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Stop when there is nothing left to pass.")] = False,
    seconds: Annotated[
        float, typer.Option(min=1, help="With --once: give up after so many seconds.")
    ] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Be in sync until Ctrl-C. “tuxa up” does this by itself."""
    from delivery.app.services import Stop
    from delivery.app.sync import build_runner

    tuxa = app_of(context)
    log.configure(tuxa.settings.home / "log" / "sync.log")
    stop = Stop()
    stop.follow_signals()
    runner = build_runner(tuxa)
    note(tuxa.translate(N_("In sync; Ctrl-C stops. How it stands: tuxa sync status")))
    deadline = tuxa.clock.monotonic() + seconds
    settled = False
    try:
        while not stop.wait(0):
            runner.step()
            settled = runner.settled()
            if once and (settled or tuxa.clock.monotonic() > deadline):
                break
    finally:
        runner.close()
    if once:
        _report(tuxa, as_json=as_json)
        if not settled:
            raise typer.Exit(1)


@app.command()
def status(context: typer.Context, as_json: AsJson = False) -> None:
    """Per site: last contact, facts behind, rate, and what is wrong."""
    if _report(app_of(context), as_json=as_json):
        raise typer.Exit(1)


def _report(tuxa: App, *, as_json: bool) -> bool:
    """Say how it stands with every site; whether something is wrong."""
    document = status_document(tuxa)
    if as_json:
        print_json(document)
    else:
        _print_status(tuxa, document)
    return any(site["error"] for site in document["sites"])


def status_document(tuxa: App) -> dict[str, Any]:
    """The JSON document of ``tuxa sync status``."""
    from delivery.app.sync import build_parts
    from delivery.network.sync.status import SiteStatus, StatusFile

    parts = build_parts(tuxa)
    last = StatusFile(tuxa.settings.home / "run").read()
    sites = []
    for known in parts.keys.sites():
        blank = SiteStatus(site=known.site).as_json()
        sites.append(
            {
                **blank,
                **last.get(known.site, {}),
                "role": "main" if known.is_main else "partner",
                "revoked": known.revoked,
                "address": known.address or None,
            }
        )
    witnesses = parts.heads.witnesses()
    return {
        "site": parts.site,
        "main": parts.main,
        "listens": tuxa.settings.sync_listen or None,
        "sites": sites,
        "streams": [
            {
                "stream": place.stream,
                "sequence": place.seq,
                "witnesses": [{"site": s, "sequence": n} for s, n in witnesses.get(place.stream, [])],
            }
            for place in sorted(parts.sending.places().values())
        ],
    }


def _print_status(tuxa: App, document: dict[str, Any]) -> None:
    from delivery.network.sync.status import message_in

    tr = tuxa.translate
    say(tr(N_("Site {site}; main site {main}."), site=document["site"], main=document["main"]))
    if not document["sites"]:
        say(tr(N_("In sync with nobody yet.")))
    for site in document["sites"]:
        if site["revoked"]:
            state = tr(N_("revoked"))
        elif site["connected"]:
            state = tr(N_("connected"))
        else:
            state = tr(N_("out of reach"))
        contact = site["last_contact"] or tr(N_("never"))
        behind = "?" if site["facts_behind"] is None else site["facts_behind"]
        say(
            tr(
                N_("{site}  {state}  last contact {contact}  facts behind {behind}  files to come {blobs}"),
                site=site["site"],
                state=state,
                contact=contact,
                behind=behind,
                blobs=site["blobs_wanted"],
            )
        )
        for error in site["errors"]:
            say(f"  ✗ {tr(message_in(error))}")


@app.command()
def rotate(context: typer.Context) -> None:
    """New transport and sealing keys for this site; taken into use as soon as the main site knows them."""
    from delivery.app.sync import sync_keys
    from delivery.errors import Refused

    tuxa = app_of(context)
    keys = sync_keys(tuxa)
    if keys.main() is None:
        raise Refused(
            N_("The main site's transport key is what partners know it by; it is not rotated."),
            do=N_("If it was lost, make new keys and invite the partners again."),
        )
    keys.begin_rotation()
    say(tuxa.translate(N_("New keys are made; the running sync passes them on and then uses them.")))


@app.command()
def revoke(
    context: typer.Context,
    site: str,
    reason: Annotated[str, typer.Option(help="Why; kept for good, so no personal data.")],
) -> None:
    """Let a site in no more, and take nothing more from it. What it told until now stays."""
    from delivery.app.sync import build_admission

    tuxa = app_of(context)
    build_admission(tuxa).revoke(site, reason=reason)
    say(tuxa.translate(N_("Site {site} is revoked."), site=site))


@app.command("export")
def export(
    context: typer.Context,
    file: Path,
    site: Annotated[str, typer.Option("--for", help="The site that shall read it.")] = "",
    whole: Annotated[
        bool, typer.Option("--whole", help="Everything, not only what that site is not known to have.")
    ] = False,
    blobs: Annotated[bool, typer.Option("--blobs/--no-blobs", help="Files as well.")] = True,
) -> None:
    """What another site lacks, in a file that only it can open: for a USB stick."""
    from delivery.app.carry import export_file

    tuxa = app_of(context)
    done = export_file(tuxa, file, site=site, whole=whole, blobs=blobs)
    say(
        tuxa.translate(
            Message(
                N_("{facts} facts and {blobs} files for site {site}: {file}"),
                {"facts": done.facts, "blobs": done.blobs, "site": done.site, "file": str(file)},
            )
        )
    )


@app.command("import")
def import_(context: typer.Context, file: Path, as_json: AsJson = False) -> None:
    """Take in what another site exported for this one. Taking it in twice changes nothing."""
    from delivery.app.carry import import_file

    tuxa = app_of(context)
    log.configure(tuxa.settings.home / "log" / "sync.log")
    done = import_file(tuxa, file)
    if as_json:
        print_json(
            {
                "site": done.site,
                "facts": done.facts,
                "known": done.known,
                "blobs": done.blobs,
                "refused": list(done.refused),
            }
        )
    else:
        say(
            tuxa.translate(
                N_("From site {site}: {facts} new facts, {known} known ones, {blobs} files."),
                site=done.site,
                facts=done.facts,
                known=done.known,
                blobs=done.blobs,
            )
        )
        for why in done.refused:
            note(f"  ✗ {tuxa.translate(why)}")
    if done.refused:
        raise typer.Exit(1)
