"""``tuxa regulation``: checks by clause, gates, what changed since when, duties, values, evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

import typer

from delivery.app import App
from delivery.app.regulation import history_of, profiles_of, snapshots_of
from delivery.catalogue.cells import BadCell, day
from delivery.cli.context import app_of, note, print_json, say
from delivery.clock import VIETNAM
from delivery.errors import N_, BadInput, ExitCode, Message, NotFound
from delivery.i18n import Translator
from delivery.regulation.clauses import Clause, clauses
from delivery.regulation.coverage import missing
from delivery.regulation.duties import Duty, duties
from delivery.regulation.evaluate import Evaluation, evaluate
from delivery.regulation.findings import Finding, Verdict
from delivery.regulation.gates import GateResult, check_gate, with_assignment
from delivery.regulation.labels import EVIDENCE_LABELS
from delivery.regulation.registry import Gate, rules
from delivery.regulation.snapshot import Override, Snapshot
from delivery.store.evidence import RegisterStore

app = typer.Typer(no_args_is_help=True, help="Checks of the regulation, gates and duties.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document.")]
OnDay = Annotated[str, typer.Option("--on", help="Day, for example 2026-09-07; today unless told.")]
Programme = Annotated[str, typer.Option("--programme", help="Code of a programme; all unless told.")]
Actor = Annotated[str, typer.Option(help="Code of the person who acts.")]

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
        _coverage(app_of(context), as_json=as_json)
        return
    tuxa = app_of(context)
    evaluation, since = _evaluated(tuxa, _day(tuxa, on), verify=verify)
    if programme:
        _require_programme(evaluation.snapshot, programme)
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


def _require_programme(snapshot: Snapshot, programme: str) -> None:
    if programme not in snapshot.programmes:
        raise NotFound(
            N_("The catalogue has no programme “{programme}”."),
            do=N_("Known programmes: {known}."),
            programme=programme,
            known=", ".join(sorted(snapshot.programmes)),
        )


def _evaluated(tuxa: App, on: date, *, verify: bool) -> tuple[Evaluation, dict[Any, Any]]:
    ledger_ok = tuxa.facts.verify().ok if verify else None
    snapshot = snapshots_of(tuxa).build(on, ledger_ok=ledger_ok)
    return evaluate(snapshot), history_of(tuxa).since(on)


def _day(tuxa: App, text: str) -> date:
    if not text:
        return tuxa.clock.now().astimezone(VIETNAM).date()
    try:
        return day(text)
    except BadCell as bad:
        raise BadInput(
            N_("The day cannot be read: {reason}"),
            do=N_("Write it as 2026-09-07 or 07/09/2026."),
            reason=bad.reason,
        ) from bad


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
        "findings": [_finding_json(tuxa.translate, finding, since) for finding, since in dated],
    }


def _finding_json(translate: Translator, finding: Finding, since: date | None) -> dict[str, Any]:
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


def _coverage(tuxa: App, *, as_json: bool) -> None:
    known, lacking = rules(), missing()
    required = [clause for clause in clauses().values() if clause.checked]
    document = {
        "rules": len(clauses()),
        "implemented": len(known),
        "required": len(required),
        "required_implemented": sum(clause.id in known for clause in required),
        "missing": [
            {
                "clause": ident,
                "kinds": sorted(clauses()[ident].kinds),
                "reason": tuxa.translate(reason),
            }
            for ident, reason in lacking
        ],
    }
    if as_json:
        print_json({**document, "by_article": _by_article(known.keys(), clauses().values())})
        return
    say(
        tuxa.translate(
            N_(
                "{implemented} of {rules} rows are checked; of the {required} rules and gates all but {open}."
            ),
            implemented=document["implemented"],
            rules=document["rules"],
            required=document["required"],
            open=len(required) - sum(clause.id in known for clause in required),
        )
    )
    for ident, reason in lacking:
        say(f"  {ident}: {tuxa.translate(reason)}")


def _by_article(known: Iterable[str], rows: Iterable[Clause]) -> dict[str, dict[str, int]]:
    have = set(known)
    out: dict[str, dict[str, int]] = {}
    for clause in rows:
        counts = out.setdefault(clause.article, {"rules": 0, "implemented": 0})
        counts["rules"] += 1
        counts["implemented"] += clause.id in have
    return out


@app.command("evaluate")
def evaluate_(
    context: typer.Context, on: OnDay = "", actor: Actor = "daily", as_json: AsJson = False
) -> None:
    """The daily evaluation: check everything and record what changed since the last time."""
    tuxa = app_of(context)
    evaluation, _ = _evaluated(tuxa, _day(tuxa, on), verify=False)
    changes = history_of(tuxa).record(
        evaluation.findings(), evaluation.snapshot.on, actor=actor, profile=tuxa.settings.profile
    )
    reminders = [duty for duty in duties(evaluation.snapshot) if duty.reminds(evaluation.snapshot.on)]
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
    changes = history_of(tuxa).changes(after=_day(tuxa, after) if after else None)
    if as_json:
        print_json({"changes": [_change_json(change) for change in changes]})
        return
    for change in changes:
        say(f"{change.on:%d/%m/%Y}  {change.clause}  {change.subject}: {change.before} → {change.verdict}")


@app.command("duties")
def duties_(context: typer.Context, on: OnDay = "", as_json: AsJson = False) -> None:
    """What is due, soonest first."""
    tuxa = app_of(context)
    snapshot = snapshots_of(tuxa).build(_day(tuxa, on))
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


@app.command("gate")
def gate_(
    context: typer.Context,
    gate: Annotated[Gate, typer.Argument(help="The action.")],
    programme: Annotated[str, typer.Argument(help="Code of the programme; leave out for all.")] = "",
    about: Annotated[
        list[str] | None, typer.Option(help="Codes of courses, material, people it is about.")
    ] = None,
    course: Annotated[str, typer.Option(help="assign_lecturer: course.")] = "",
    person: Annotated[str, typer.Option(help="assign_lecturer: person.")] = "",
    credits: Annotated[str, typer.Option(help="assign_lecturer: credits.")] = "",
    on: OnDay = "",
    as_json: AsJson = False,
) -> None:
    """Ask whether an action may go on; exit code 1 and the clauses that refuse it when not."""
    tuxa = app_of(context)
    snapshot = snapshots_of(tuxa).build(_day(tuxa, on))
    if programme:
        _require_programme(snapshot, programme)
    if course and person and credits:
        if course not in snapshot.courses or person not in snapshot.people:
            raise NotFound(
                N_("The catalogue has no course “{course}” or no person “{person}”."),
                do=N_("Check the codes: tuxa catalogue show."),
                course=course,
                person=person,
            )
        snapshot = with_assignment(
            snapshot, course=course, person=person, credits=Decimal(credits.replace(",", "."))
        )
    result = check_gate(gate, snapshot, programme=programme, about=about or ())
    if as_json:
        print_json(_gate_json(tuxa.translate, result))
    else:
        for line in _gate_lines(tuxa.translate, result):
            say(line)
    if not result.open:
        raise typer.Exit(ExitCode.REFUSED)


def _gate_json(translate: Translator, result: GateResult) -> dict[str, Any]:
    return {
        "gate": result.gate.value,
        "programme": result.programme or None,
        "open": result.open,
        "refusals": [
            {
                **_finding_json(translate, refusal.finding, refusal.finding.since),
                "override": {
                    "actor": refusal.override.actor,
                    "role": refusal.override.role,
                    "reason": refusal.override.reason,
                    "second": refusal.override.second or None,
                    "on": refusal.override.on.isoformat(),
                }
                if refusal.override
                else None,
            }
            for refusal in result.refusals
        ],
    }


def _gate_lines(translate: Translator, result: GateResult) -> Iterator[str]:
    yield translate(N_("The gate is open.") if result.open else N_("The gate is closed."))
    for refusal in result.refusals:
        finding = refusal.finding
        yield f"  {finding.clause}  {finding.subject.code}: {translate(finding.what)}"
        if refusal.override:
            yield "      " + translate(
                N_("passed by {actor} ({role}) on {day}: {reason}"),
                actor=refusal.override.actor,
                role=refusal.override.role,
                day=f"{refusal.override.on:%d/%m/%Y}",
                reason=refusal.override.reason,
            )
        elif finding.do:
            yield f"      → {translate(finding.do)}"


@app.command("override")
def override_(
    context: typer.Context,
    gate: Annotated[Gate, typer.Argument(help="The action.")],
    clause: Annotated[str, typer.Argument(help="Clause that refuses it, for example TX-5.8dd-1.")],
    subject: Annotated[str, typer.Argument(help="Subject of the finding, for example programme:QTVP-TX.")],
    role: Annotated[str, typer.Option(help="Role of the person who decides, for example rector.")],
    reason: Annotated[str, typer.Option(help="Why; kept for good, so without personal data.")],
    actor: Annotated[str, typer.Option(help="Code of the person who decides.")],
    second: Annotated[str, typer.Option(help="Code of the second person.")] = "",
    as_json: AsJson = False,
) -> None:
    """Pass a closed gate, where the rule allows it. It stays visible, and is a risk until the clause is satisfied."""
    tuxa = app_of(context)
    if clause not in rules():
        raise NotFound(
            N_("There is no rule “{clause}”."),
            do=N_("See the clauses with: tuxa regulation check."),
            clause=clause,
        )
    made = Override(gate.value, clause, subject, actor, role, reason.strip(), second, _day(tuxa, ""))
    ident = history_of(tuxa).override(made)
    if as_json:
        print_json({"fact": ident})
        return
    say(tuxa.translate(N_("Recorded: {clause} is overridden for {subject}."), clause=clause, subject=subject))


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
            do=N_("Known profiles: {known}."),
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
