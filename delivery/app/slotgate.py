"""The gate of scheduling: no slot brings a course above the teaching hours of a day or a week (T8-6.4, A17).

What airs is judged by the approval of its material whenever it is planned and aired (design D7); the hours of a course
are judged when a person schedules, so that a slot that may not be is never stored. An override of T8-6.4 for the course
lets it pass, and the schedule goes on to say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from delivery.app.air import load_limits
from delivery.app.core import App
from delivery.app.gates import raise_if_closed, today_of
from delivery.broadcast.schedule.checks import load_findings
from delivery.broadcast.schedule.findings import Finding as LoadFinding
from delivery.broadcast.schedule.schedule import expand
from delivery.clock import VIETNAM, from_micros
from delivery.errors import Refused
from delivery.regulation.findings import Finding, Subject, Verdict
from delivery.regulation.gates import GateResult, Refusal, override_problem
from delivery.regulation.registry import Gate, rules
from delivery.regulation.snapshot import Override
from delivery.store.air import Slot
from delivery.store.snapshot import overrides_until

CLAUSE: Final = "T8-6.4"
AHEAD: Final = timedelta(weeks=26)
"""How far the hours are counted: as far as a timeline can be compiled."""
_WEEK: Final = timedelta(days=7)
_Over = tuple[str, str, date]
"""(course, code of the finding, day or Monday)."""


def require_hours(app: App, slots: Sequence[Slot]) -> None:
    """Raise GateClosed when `slots` bring a course above the hours, and nobody has let that pass."""
    over: dict[_Over, LoadFinding] = {}
    for channel in sorted({slot.channel for slot in slots if _counts(slot)}):
        held = app.on_air.store.slots(channel)
        known = {slot.id for slot in held}
        fresh = [slot for slot in slots if slot.channel == channel and slot.id not in known]
        if fresh:
            before = _over(app, channel, held)
            over |= {
                key: found for key, found in _over(app, channel, [*held, *fresh]).items() if key not in before
            }
    if not over:
        return
    with app.database.read() as connection:
        overrides = overrides_until(connection, today_of(app))
    refusals = tuple(_refusals(app, over, overrides))
    raise_if_closed(GateResult(Gate.SCHEDULE, "", refusals))


def _counts(slot: Slot) -> bool:
    """Neither reruns nor what stands in for an airing that was missed."""
    return not slot.rerun and not slot.makes_good


def _over(app: App, channel: str, slots: Iterable[Slot]) -> dict[_Over, LoadFinding]:
    """What is above the hours from this week on."""
    now = app.clock.now()
    today = now.astimezone(VIETNAM)
    monday = datetime(today.year, today.month, today.day, tzinfo=VIETNAM) - timedelta(days=today.weekday())
    wanted = app.on_air.scheduler.wanted(channel)
    airings = expand(filter(_counts, slots), wanted, since=monday, before=now + AHEAD).airings
    out: dict[_Over, LoadFinding] = {}
    for found in load_findings(airings, load_limits(app)):
        day = from_micros(found.at_us).astimezone(VIETNAM).date()
        if found.code == "load-week":
            day -= timedelta(days=day.weekday())
        out.setdefault((str(found.what.params["course"]), found.code, day), found)
    return out


def _refusals(app: App, over: dict[_Over, LoadFinding], overrides: Sequence[Override]) -> Iterator[Refusal]:
    rule = rules()[CLAUSE]
    try:
        courses = app.catalogue().courses
    except Refused:  # no catalogue yet
        courses = {}
    for (course, _, day), found in over.items():
        known = courses.get(course)
        subject = Subject("course", course, known.programme if known else "")
        passed = next(
            (
                made
                for made in overrides
                if (made.gate, made.clause, made.subject) == (Gate.SCHEDULE.value, CLAUSE, str(subject))
                and override_problem(rule, made) is None
            ),
            None,
        )
        yield Refusal(
            Finding(
                subject,
                Verdict.FAIL,
                found.what,
                found.proposal,
                str(found.what.params["minutes"]),
                str(found.what.params["limit"]),
                "minutes",
                since=day,
                clause=CLAUSE,
            ),
            passed,
        )
