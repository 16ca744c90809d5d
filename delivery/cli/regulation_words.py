"""What the commands of ``tuxa regulation`` share: options, days, findings as JSON."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.catalogue.cells import BadCell, day
from delivery.clock import VIETNAM
from delivery.errors import N_, BadInput, NotFound
from delivery.i18n import Translator
from delivery.regulation.clauses import clauses
from delivery.regulation.findings import Finding
from delivery.regulation.snapshot import Snapshot

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
OnDay = Annotated[str, typer.Option("--on", help="Day, for example 2026-09-07; today unless told.")]
Programme = Annotated[str, typer.Option("--programme", help="Code of a programme; all unless told.")]
Actor = Annotated[str, typer.Option(help="Code of the person who acts.")]

_YEARS = (2000, 2100)


def day_of(tuxa: App, text: str) -> date:
    if not text:
        return tuxa.clock.now().astimezone(VIETNAM).date()
    try:
        found = day(text)
    except BadCell as bad:
        raise BadInput(
            N_("The day cannot be read: {reason}"),
            do=N_("Write it as 2026-09-07 or 07/09/2026."),
            reason=bad.reason,
        ) from bad
    if not _YEARS[0] <= found.year <= _YEARS[1]:
        raise BadInput(
            N_("There is nothing to check in the year {year}."),
            do=N_("Name a day from {first} to {last}."),
            year=found.year,
            first=_YEARS[0],
            last=_YEARS[1],
        )
    return found


def require_programme(snapshot: Snapshot, programme: str) -> None:
    if programme not in snapshot.programmes:
        raise NotFound(
            N_("The catalogue has no programme “{programme}”."),
            do=N_("Known programmes: {known}."),
            programme=programme,
            known=", ".join(sorted(snapshot.programmes)),
        )


def finding_json(translate: Translator, finding: Finding, since: date | None) -> dict[str, Any]:
    return {
        "clause": finding.clause,
        "article": clauses()[finding.clause].article,
        "verdict": finding.verdict.value,
        "value": finding.value or None,
        "threshold": finding.threshold or None,
        "unit": finding.unit or None,
        "subject": str(finding.subject),
        "programme": finding.subject.programme or None,
        "since": since.isoformat() if since else None,
        "what": translate(finding.what),
        "do": translate(finding.do) if finding.do else None,
        "rests_on": [code for code in finding.rests_on if code],
    }
