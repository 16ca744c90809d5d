"""``tuxa regulation gate``, ``override``, ``decide``: may this be done, who lets it pass, the decision itself."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

import typer

from delivery.app.gates import decide, override
from delivery.app.regulation import snapshots_of
from delivery.cli.context import app_of, print_json, say
from delivery.cli.regulation_words import Actor, AsJson, OnDay, day_of, finding_json, require_programme
from delivery.errors import N_, ExitCode, NotFound
from delivery.i18n import Translator
from delivery.regulation.gates import GateResult, check_gate, with_assignment
from delivery.regulation.registry import Gate, rules
from delivery.regulation.snapshot import Override

app = typer.Typer()


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
    snapshot = snapshots_of(tuxa).build(day_of(tuxa, on))
    if programme:
        require_programme(snapshot, programme)
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
                **finding_json(translate, refusal.finding, refusal.finding.since),
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
    made = Override(gate.value, clause, subject, actor, role, reason.strip(), second, day_of(tuxa, ""))
    ident = override(tuxa, made)
    if as_json:
        print_json({"fact": ident})
        return
    say(tuxa.translate(N_("Recorded: {clause} is overridden for {subject}."), clause=clause, subject=subject))


@app.command("decide")
def decide_(
    context: typer.Context,
    gate: Annotated[Gate, typer.Argument(help="The action.")],
    subject: Annotated[str, typer.Argument(help="Code of the programme, cohort, course, site or session.")],
    document: Annotated[str, typer.Option(help="Number of the decision.")],
    actor: Actor,
    as_json: AsJson = False,
) -> None:
    """Decide, if the gate is open: the decision is kept with every finding it rests on (TX-5.1, TX-5.10-3)."""
    tuxa = app_of(context)
    ident, result = decide(tuxa, gate, subject, document=document, actor=actor)
    if as_json:
        print_json({"fact": ident, **_gate_json(tuxa.translate, result)})
        return
    say(
        tuxa.translate(
            N_("Decided: {gate} for {subject}, on {document}."),
            gate=gate.value,
            subject=subject,
            document=document,
        )
    )
