"""``tuxa regulation``: checks by clause here; gates, daily evaluation, values and evidence in the modules beside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.app.regulation import history_of, snapshots_of
from delivery.cli import regulation_daily, regulation_gates, regulation_values
from delivery.cli.context import app_of, note, print_json, say
from delivery.cli.regulation_coverage import show_coverage
from delivery.cli.regulation_words import AsJson, OnDay, Programme, day_of, finding_json, require_programme
from delivery.errors import N_, ExitCode
from delivery.i18n import Translator
from delivery.regulation.clauses import clauses
from delivery.regulation.evaluate import Evaluation, evaluate
from delivery.regulation.findings import Finding, Verdict
from delivery.regulation.snapshot import Snapshot

app = typer.Typer(no_args_is_help=True, help="Checks of the regulation, gates and duties.")
for part in (regulation_daily, regulation_gates, regulation_values):
    app.add_typer(part.app)

VERDICTS = {
    Verdict.FAIL: N_("violated"),
    Verdict.UNKNOWN: N_("not shown"),
    Verdict.WARN: N_("worth a look"),
    Verdict.PASS: N_("satisfied"),
    Verdict.NOT_APPLICABLE: N_("does not apply"),
}
_LINES = 5
"""Findings of one clause that are listed for people; --json lists all."""


@app.command("check")
def check_(
    context: typer.Context,
    programme: Programme = "",
    on: OnDay = "",
    clause: Annotated[str, typer.Option(help="One clause or article, for example TX-5.7b or TX-4.")] = "",
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Which rows are checked, and why not.")
    ] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Verify the ledger first.")] = False,
    as_json: AsJson = False,
) -> None:
    """Hold the institution against every clause. Changes nothing; exit code 1 when a clause is violated."""
    if coverage:
        show_coverage(app_of(context), as_json=as_json)
        return
    tuxa = app_of(context)
    evaluation, since = _evaluated(tuxa, day_of(tuxa, on), verify=verify)
    if programme:
        require_programme(evaluation.snapshot, programme)
    found = [f for f in evaluation.findings(programme) if not clause or _under(f.clause, clause)]
    dated = [(finding, _since(finding, since, evaluation.snapshot.on)) for finding in found]
    if as_json:
        print_json(_document(tuxa, evaluation.snapshot, dated, programme))
    else:
        for line in _lines(tuxa.translate, dated):
            say(line)
    for name in evaluation.snapshot.profiles[tuxa.settings.profile].unverified[:1]:
        note(tuxa.translate(_UNVERIFIED, profile=tuxa.settings.profile, name=name))
    if any(finding.verdict is Verdict.FAIL for finding in found):
        raise typer.Exit(ExitCode.REFUSED)


_UNVERIFIED = N_("The profile {profile} holds values that were not read in a primary text, such as {name}.")


def _under(clause: str, wanted: str) -> bool:
    return clause == wanted or clause.startswith((wanted + ".", wanted + "-"))


def _evaluated(tuxa: App, on: date, *, verify: bool) -> tuple[Evaluation, dict[Any, Any]]:
    ledger_ok = tuxa.facts.verify().ok if verify else None
    snapshot = snapshots_of(tuxa).build(on, ledger_ok=ledger_ok)
    return evaluate(snapshot), history_of(tuxa).since(on)


def _since(finding: Finding, since: dict[Any, Any], on: date) -> date | None:
    """When it began: by the data where the rule knows, else when an evaluation first noticed it."""
    if finding.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return None
    if finding.since is not None:
        return finding.since
    known = since.get((finding.clause, str(finding.subject)))
    return known[1] if known and known[0] == finding.verdict.value else on


def _document(
    tuxa: App, snapshot: Snapshot, dated: Sequence[tuple[Finding, date | None]], programme: str
) -> dict[str, Any]:
    counts = Counter(finding.verdict.value for finding, _ in dated)
    profile = snapshot.profiles[snapshot.default_profile]
    return {
        "on": snapshot.on.isoformat(),
        "institution": snapshot.institution.code,
        "programme": programme or None,
        "profile": profile.id,
        "unverified": list(profile.unverified),
        "counts": {verdict.value: counts.get(verdict.value, 0) for verdict in Verdict},
        "findings": [finding_json(tuxa.translate, finding, since) for finding, since in dated],
    }


def _lines(translate: Translator, dated: Sequence[tuple[Finding, date | None]]) -> Iterator[str]:
    by_clause: dict[str, list[tuple[Finding, date | None]]] = {}
    for finding, since in dated:
        by_clause.setdefault(finding.clause, []).append((finding, since))
    article = ""
    for ident, rows in by_clause.items():
        shown = [row for row in rows if row[0].verdict.rank > Verdict.PASS.rank]
        if not shown:
            continue
        clause = clauses()[ident]
        if clause.article != article:
            article = clause.article
            yield ""
            yield _heading(
                translate, article, [f for c, r in by_clause.items() if _under(c, article) for f, _ in r]
            )
        yield f"  {ident}  {_shortened(clause.text)}"
        shown.sort(key=lambda row: -row[0].verdict.rank)
        for finding, since in shown[:_LINES]:
            day_text = f" ({since:%d/%m/%Y})" if since else ""
            yield (
                f"    {_MARKS[finding.verdict]} {translate(VERDICTS[finding.verdict])}{day_text}: "
                f"{finding.subject.code}: {translate(finding.what)}"
            )
            if finding.do:
                yield f"        → {translate(finding.do)}"
        if len(shown) > _LINES:
            yield "      " + translate(
                N_("… and {count} more (--json lists all)."), count=len(shown) - _LINES
            )
    counts = Counter(finding.verdict for finding, _ in dated)
    yield ""
    yield "  ".join(f"{translate(word)}: {counts.get(verdict, 0)}" for verdict, word in VERDICTS.items())


_MARKS = {
    Verdict.FAIL: "✗",
    Verdict.UNKNOWN: "?",
    Verdict.WARN: "!",
    Verdict.PASS: "✓",
    Verdict.NOT_APPLICABLE: "-",
}


def _heading(translate: Translator, article: str, found: Iterable[Finding]) -> str:
    counts = Counter(finding.verdict for finding in found)
    parts = [f"{_MARKS[verdict]} {counts[verdict]}" for verdict in VERDICTS if counts.get(verdict)]
    instrument, _, number = article.partition("-")
    name = translate(_INSTRUMENTS.get(instrument, instrument))
    return (
        translate(N_("{instrument}, article {number}"), instrument=name, number=number)
        + "  "
        + "  ".join(parts)
    )


_INSTRUMENTS = {
    "TX": N_("Circular 28/2023 (distance training)"),
    "TXC": N_("Circular 28/2023, its own articles"),
    "T8": N_("Circular 08/2021 (university training)"),
    "TT": N_("Circular on IT in online training"),
}


def _shortened(text: str, most: int = 90) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
