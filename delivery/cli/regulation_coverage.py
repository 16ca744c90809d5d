"""``tuxa regulation check --coverage``: which rows of the matrix are checked, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable

from delivery.app import App
from delivery.cli.context import print_json, say
from delivery.errors import N_
from delivery.regulation.clauses import Clause, clauses
from delivery.regulation.coverage import missing
from delivery.regulation.registry import rules


def show_coverage(tuxa: App, *, as_json: bool) -> None:
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
