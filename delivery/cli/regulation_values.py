"""``tuxa regulation profile`` and ``evidence``: the values in force, and the documents on file."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from delivery.app.regulation import profiles_of
from delivery.cli.context import app_of, print_json, say
from delivery.cli.regulation_words import AsJson
from delivery.errors import N_, Message, NotFound
from delivery.regulation.labels import EVIDENCE_LABELS
from delivery.store.evidence import RegisterStore

app = typer.Typer()


@app.command("profile")
def profile_(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Profile; the setting's unless told.")] = "",
    as_json: AsJson = False,
) -> None:
    """The values of a profile: clause, instrument, and whether the institution made them stricter."""
    tuxa = app_of(context)
    known = profiles_of(tuxa)
    profile = known.get(name or tuxa.settings.profile)
    if profile is None:
        raise NotFound(
            N_("There is no regulation profile “{name}”."),
            do=N_("Known regulation profiles: {known}."),
            name=name,
            known=", ".join(sorted(known)),
        )
    values = list(profile.values.all())
    if as_json:
        print_json(
            {
                "id": profile.id,
                "title": profile.title,
                "verified": profile.verified,
                "unverified": list(profile.unverified),
                "values": [
                    {
                        "name": value.name,
                        "value": str(value.value),
                        "unit": value.unit,
                        "clause": value.clause,
                        "instrument": value.instrument,
                        "stricter": value.stricter.value,
                        "verified": value.verified,
                        "regulation": value.regulation or None,
                        "effective_from": value.effective_from.isoformat() if value.effective_from else None,
                        "effective_to": value.effective_to.isoformat() if value.effective_to else None,
                    }
                    for value in values
                ],
            }
        )
        return
    say(f"{profile.id}  {profile.title}")
    for value in values:
        marks = ("" if value.verified else " ?") + (f" ← {value.regulation}" if value.regulation else "")
        say(f"  {value.clause:<12} {value.name} = {value.value} {value.unit}{marks}")


@app.command("evidence")
def evidence_(
    context: typer.Context,
    subject: Annotated[str, typer.Option(help="Only about this code.")] = "",
    kind: Annotated[str, typer.Option(help="Only of this kind.")] = "",
    as_json: AsJson = False,
) -> None:
    """The evidence on file. It comes in with: tuxa catalogue import (table evidence)."""
    tuxa = app_of(context)
    rows = [
        row
        for row in RegisterStore(tuxa.database).load().evidence.values()
        if (not subject or row.subject == subject) and (not kind or row.kind.value == kind)
    ]
    rows.sort(key=lambda row: (row.day or date.min, row.code))
    if as_json:
        print_json(
            {
                "evidence": [
                    {
                        "code": row.code,
                        "kind": row.kind.value,
                        "subject": row.subject or None,
                        "topic": row.topic or None,
                        "number": row.number or None,
                        "signed": row.signed.isoformat() if row.signed else None,
                        "at": _moment(row.at),
                        "signer": row.signer or None,
                        "title": row.title or None,
                        "until": row.until.isoformat() if row.until else None,
                        "url": row.url or None,
                        "file": row.file or None,
                        "sha256": row.digest or None,
                    }
                    for row in rows
                ]
            }
        )
        return
    for row in rows:
        when = f"{row.day:%d/%m/%Y}" if row.day else "          "
        say(
            f"{when}  {row.code}  {tuxa.translate(Message(EVIDENCE_LABELS[row.kind]))} {row.subject} {row.number}"
        )


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
