"""A roster and the fact log: what is known already, and the facts that tell of a change."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sqlalchemy import Connection, select

from delivery.catalogue.changes import Mentioned
from delivery.catalogue.rosterplan import KnownLearner, LearnerPlan, ProfileStep
from delivery.ids import fact_id
from delivery.record.facts import Draft, Fact
from delivery.record.kinds import FactKind
from delivery.store.tables.core import EnrolmentTable, LearnerTable
from delivery.store.vault import profile_to
from delivery.units import Micros

_learner = LearnerTable.__table__  # type: ignore[attr-defined]
_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]


def facts_of(plan: LearnerPlan, learner: str, *, at: Micros, actor: str) -> Iterator[Draft]:
    """The facts that tell one learner's plan."""
    entry = plan.entry
    data: dict[str, object] = {"cohort": entry.cohort, "site": entry.site}
    if plan.step in (ProfileStep.REGISTER, ProfileStep.CHANGE):
        kind, ident = FactKind.LEARNER_REGISTERED, fact_id(FactKind.LEARNER_REGISTERED, learner)
        if plan.step is ProfileStep.CHANGE:
            kind = FactKind.LEARNER_PROFILE_CHANGED
            ident = fact_id(kind, learner, plan.revision)
            data["revision"] = plan.revision
        yield Draft(
            id=ident,
            kind=kind,
            occurred_at=at,
            actor=actor,
            data=data,
            audience=entry.site,
            learner=learner,
            private=profile_to(entry.profile),
        )
    for course, n in plan.enrol:
        yield Draft(
            id=fact_id(FactKind.COURSE_ENROLLED, learner, course, entry.cohort, *numbered(n).values()),
            kind=FactKind.COURSE_ENROLLED,
            occurred_at=at,
            actor=actor,
            data={"cohort": entry.cohort, **numbered(n)},
            audience=entry.site,
            learner=learner,
            course=course,
        )


def numbered(n: int) -> dict[str, int]:
    """The field that tells which enrolment is meant; the first one goes without."""
    return {"n": n} if n else {}


def known_learners(connection: Connection) -> dict[str, KnownLearner]:
    """Every learner of the record, without personal data."""
    courses: dict[str, set[str]] = {}
    left: dict[str, dict[str, int]] = {}
    query = select(_enrolment.c.learner, _enrolment.c.course, _enrolment.c.enrolled_n, _enrolment.c.left_n)
    for learner, course, enrolled_n, left_n in connection.execute(query):
        if enrolled_n > left_n:
            courses.setdefault(learner, set()).add(sys.intern(course))
        else:
            left.setdefault(learner, {})[course] = left_n + 1
    rows = connection.execute(
        select(_learner.c.learner, _learner.c.site, _learner.c.cohort, _learner.c.revision)
    )
    none: frozenset[str] = frozenset()
    nothing: dict[str, int] = {}
    return {
        learner: KnownLearner(
            sys.intern(site),
            sys.intern(cohort),
            revision,
            courses.get(learner, none),
            left.get(learner, nothing),
        )
        for learner, site, cohort, revision in rows
    }


def mentioned_in(facts: Iterator[Fact]) -> Mentioned:
    """Every code that `facts` speak of."""
    codes: dict[str, set[str]] = {
        name: set() for name in ("sites", "cohorts", "courses", "activities", "materials", "people")
    }
    for fact in facts:
        codes["courses"].add(fact.course)
        codes["activities"].add(fact.activity)
        codes["people"].add(fact.actor)
        for table, name in (("sites", "site"), ("cohorts", "cohort"), ("materials", "material")):
            codes[table].add(fact.data.get(name, ""))
        for _page, _side, _role, activity, *_ in fact.data.get("sheets", ()):
            codes["activities"].add(activity)
    return Mentioned(codes)
