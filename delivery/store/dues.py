"""Due days that lecturers set. They count while the catalogue still holds the day that they replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy import select

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity, Catalogue
from delivery.clock import VIETNAM, Clock, to_micros
from delivery.errors import N_, Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft, FactRow, read_row
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.tables.core import FactTable
from delivery.store.tables.network import CourseFactTable

_fact = FactTable.__table__  # type: ignore[attr-defined]
_told = CourseFactTable.__table__  # type: ignore[attr-defined]


class Dues:
    """Sets due days, and shows a catalogue as they change it."""

    def __init__(self, database: Database, facts: FactLog, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._clock = clock
        self._kept: tuple[Catalogue, Mapping[str, tuple[str, str]], Catalogue] | None = None

    def set(self, activity: Activity, due: date, *, before: Catalogue, actor: str) -> None:
        """Give an assignment another due day. `before` is the catalogue as it was imported.

        Raises Refused for a day that has passed, and for an activity that is no assignment.
        """
        now = self._clock.now()
        if activity.kind is not ActivityKind.ASSIGNMENT:
            raise Refused(N_("Only assignments have a due day."))
        if due < now.astimezone(VIETNAM).date():
            raise Refused(N_("That day has passed."), do=N_("Choose today or a later day."))
        if activity.due == due:
            return
        imported = before.activities[activity.code].due
        self._facts.append(
            [
                Draft(
                    id=fact_id(FactKind.DUE_DAY_SET, activity.code, due.isoformat(), to_micros(now)),
                    kind=FactKind.DUE_DAY_SET,
                    occurred_at=to_micros(now),
                    actor=actor,
                    course=activity.course,
                    activity=activity.code,
                    data={"due": due.isoformat(), "was": imported.isoformat() if imported else ""},
                )
            ]
        )

    def shown(self, catalogue: Catalogue) -> Catalogue:
        """`catalogue` with the due days that lecturers set; the same object again while nothing changes."""
        told = self._told()
        if not told:
            return catalogue
        kept = self._kept
        if kept is not None and kept[0] is catalogue and kept[1] == told:
            return kept[2]
        activities = dict(catalogue.activities)
        for code, (due, was) in told.items():
            planned = activities.get(code)
            if planned is not None and (planned.due.isoformat() if planned.due else "") == was:
                activities[code] = replace(planned, due=date.fromisoformat(due))
        changed = replace(catalogue, activities=activities)
        self._kept = (catalogue, told, changed)
        return changed

    def _told(self) -> dict[str, tuple[str, str]]:
        """Activity -> (due, was) as told last."""
        query = (
            select(*(_fact.c[name] for name in FactRow._fields))
            .join(_told, _told.c.fact == _fact.c.id)
            .where(_told.c.kind == str(FactKind.DUE_DAY_SET))
        )
        with self._database.read() as connection:
            facts = sorted((read_row(row) for row in connection.execute(query)), key=lambda fact: fact.order)
        return {fact.activity: (fact.data["due"], fact.data["was"]) for fact in facts}
