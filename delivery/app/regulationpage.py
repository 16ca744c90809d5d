"""What the manager's page of the portal shows: findings by article, plots, duties, changes; kept for a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final

from delivery.app.core import App
from delivery.app.regulation import history_of, snapshots_of
from delivery.app.reports import report_of, rows_behind, today_of
from delivery.errors import N_
from delivery.i18n import Translator
from delivery.regulation.clauses import clauses
from delivery.regulation.duties import duties
from delivery.regulation.evaluate import Evaluation, evaluate
from delivery.regulation.findings import Finding, Verdict
from delivery.reports.document import Cell, Report
from delivery.reports.plots import plots_of

KEPT_S: Final = 60.0
_MOST = 4
"""Findings of one clause that the page lists."""
_ORDER = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.NOT_APPLICABLE)
INSTRUMENTS = {
    "TX": N_("Circular 28/2023 (distance training)"),
    "TXC": N_("Circular 28/2023, its own articles"),
    "T8": N_("Circular 08/2021 (university training)"),
    "TT": N_("Circular on IT in online training"),
}


class RegulationPages:
    """Evaluates when asked, at most once a minute; every reader in between sees the same evaluation."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = Lock()
        self._kept: tuple[float, Evaluation] | None = None

    def evaluation(self) -> Evaluation:
        """The evaluation of now; after the first, only rules whose tables changed run again."""
        with self._lock:
            now = self._app.clock.monotonic()
            if self._kept is None or now - self._kept[0] > KEPT_S:
                snapshot = snapshots_of(self._app).build(today_of(self._app))
                self._kept = (now, evaluate(snapshot, self._kept[1] if self._kept else None))
            return self._kept[1]

    def overview(self, translate: Translator) -> Mapping[str, Any]:
        """Everything that the page needs. Raises Refused while there is no catalogue."""
        done = self.evaluation()
        s = done.snapshot
        counts = Counter(finding.verdict for finding in done.findings())
        return {
            "on": s.on,
            "institution": s.institution.name,
            "counts": [(verdict.value, counts.get(verdict, 0)) for verdict in _ORDER],
            "articles": list(_articles(done, translate)),
            "plots": plots_of(s, translate),
            "duties": [
                {
                    "clause": duty.clause,
                    "subject": duty.subject,
                    "what": translate(duty.what),
                    "due": duty.due,
                    "left": duty.left(s.on),
                    "confirmed": duty.confirmed,
                }
                for duty in duties(s)
                if not duty.done
            ][:12],
            "changes": history_of(self._app).changes()[:12],
            "years": list(range(2024, s.on.year + 1)),
            "partners": sorted({contract.partner for contract in s.contracts.values()}),
        }

    def report(self, kind: str, year: int, partner: str) -> Report:
        """A report, for its page of numbers. Raises BadInput or NotFound for one that is not there."""
        return report_of(self._app, kind, year, partner)

    def rows(self, kind: str, year: int, cell: str, partner: str) -> Cell:
        """The rows behind a number."""
        return rows_behind(self._app, kind, year, cell, partner)


def _articles(done: Evaluation, translate: Translator) -> list[dict[str, Any]]:
    by_article: dict[str, list[str]] = {}
    for clause in clauses().values():
        if clause.id in done.by_clause:
            by_article.setdefault(clause.article, []).append(clause.id)
    out = []
    for article, idents in by_article.items():
        counts = Counter(f.verdict for ident in idents for f in done.by_clause[ident])
        instrument, _, number = article.partition("-")
        out.append(
            {
                "article": article,
                "name": translate(
                    N_("{instrument}, article {number}"),
                    instrument=translate(INSTRUMENTS.get(instrument, instrument)),
                    number=number,
                ),
                "worst": next((v.value for v in _ORDER if counts.get(v)), Verdict.NOT_APPLICABLE.value),
                "counts": [(v.value, counts[v]) for v in _ORDER if counts.get(v)],
                "clauses": [
                    entry for ident in idents if (entry := _clause(ident, done.by_clause[ident], translate))
                ],
            }
        )
    return out


def _clause(ident: str, found: tuple[Finding, ...], translate: Translator) -> dict[str, Any] | None:
    """A clause with what is open in it; None when everything is satisfied."""
    open_ = sorted((f for f in found if f.verdict.rank > Verdict.PASS.rank), key=lambda f: -f.verdict.rank)
    if not open_:
        return None
    return {
        "id": ident,
        "text": clauses()[ident].text,
        "findings": [
            {
                "verdict": f.verdict.value,
                "subject": f.subject.code,
                "what": translate(f.what),
                "do": translate(f.do) if f.do else "",
                "since": f.since,
            }
            for f in open_[:_MOST]
        ],
        "more": max(len(open_) - _MOST, 0),
    }
