"""The daily evaluation as a service: every clause once a day, changes told as facts, alerts sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import orjson
import structlog

from delivery.app.air import alert_ways
from delivery.app.core import App
from delivery.app.regulation import history_of, snapshots_of
from delivery.broadcast.playout.alerts import Alert, Alerts
from delivery.clock import VIETNAM
from delivery.errors import N_, Message, Refused
from delivery.regulation.duties import Duty, duties
from delivery.regulation.evaluate import Evaluation, evaluate
from delivery.regulation.findings import Verdict
from delivery.store.files import write_whole
from delivery.store.findings import Change

SUMMARY: Final = "regulation.json"
"""In ``<home>/run``: the last evaluation, for consoles and monitoring."""
ACTOR: Final = "daily"
LOOK_S: Final = 60.0
"""How often the service looks whether a new day has begun."""
_WORSE = frozenset({Verdict.FAIL.value, Verdict.UNKNOWN.value})
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Daily:
    """What one evaluation found."""

    evaluation: Evaluation
    changes: Sequence[Change]
    reminders: Sequence[Duty]

    @property
    def worse(self) -> list[Change]:
        """What is violated or no longer shown since the evaluation before."""
        return [change for change in self.changes if change.verdict in _WORSE]


def evaluate_today(app: App, on: date | None = None, *, actor: str = ACTOR) -> Daily:
    """Evaluate every clause and record what changed. Doing it again on the same day records nothing twice."""
    day = on or app.clock.now().astimezone(VIETNAM).date()
    evaluation = evaluate(snapshots_of(app).build(day))
    changes = history_of(app).record(evaluation.findings(), day, actor=actor, profile=app.settings.profile)
    due = [duty for duty in duties(evaluation.snapshot) if duty.reminds(day)]
    done = Daily(evaluation, changes, due)
    _write_summary(app, done)
    return done


def _write_summary(app: App, done: Daily) -> None:
    counts = Counter(finding.verdict.value for finding in done.evaluation.findings())
    document: dict[str, Any] = {
        "on": done.evaluation.snapshot.on.isoformat(),
        "counts": {verdict.value: counts.get(verdict.value, 0) for verdict in Verdict},
        "worse": [{"clause": c.clause, "subject": c.subject, "verdict": c.verdict} for c in done.worse],
        "reminders": [
            {"clause": d.clause, "subject": d.subject, "due": d.due.isoformat()} for d in done.reminders
        ],
    }
    write_whole(app.settings.home / "run" / SUMMARY, orjson.dumps(document, option=orjson.OPT_INDENT_2))


def alert_of(done: Daily) -> Alert | None:
    """One alert a day: what got worse, and what is due."""
    if not (done.worse or done.reminders):
        return None
    named = [f"{c.clause} {c.subject}" for c in done.worse[:5]] + [
        f"{d.clause} {d.subject} {d.due:%d/%m/%Y}" for d in done.reminders[:5]
    ]
    what = Message(
        N_("Regulation: {worse} clauses got worse, {due} duties are due: {named}"),
        {"worse": len(done.worse), "due": len(done.reminders), "named": "; ".join(named)},
    )
    do = Message(
        N_("See: tuxa regulation check, tuxa regulation duties, or the page Regulation of the portal."), {}
    )
    return Alert("regulation", "", what, do, "warning", done.evaluation.snapshot.on.isoformat())


def run_daily(app: App, stop: Any) -> None:
    """Evaluate at the start and whenever a new day begins in Viet Nam, until told to stop."""
    alerts = Alerts(app.clock, alert_ways(app))
    last: date | None = None
    while True:
        today = app.clock.now().astimezone(VIETNAM).date()
        if today != last:
            last = today if _evaluated(app, alerts) else None
        if stop.wait(LOOK_S):
            return


def _evaluated(app: App, alerts: Alerts) -> bool:
    """One day's work. False while there is no catalogue yet: the service looks again a minute later."""
    try:
        done = evaluate_today(app)
    except Refused as error:
        _log.info("regulation-waits", reason=str(error))
        return False
    _log.info("regulation-evaluated", changes=len(done.changes), reminders=len(done.reminders))
    alert = alert_of(done)
    if alert is not None:
        alerts.tell(alert)
    return True
