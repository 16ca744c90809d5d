"""Leaving a course: an enrolment ends by a fact of its own, and nothing that was recorded is removed (design D1)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from sqlalchemy import select

from delivery.clock import Clock, to_micros
from delivery.errors import N_, BadInput, NotFound
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.database import Database
from delivery.store.factlog import FactLog
from delivery.store.learners import Learners
from delivery.store.roster_facts import numbered
from delivery.store.tables.core import EnrolmentTable

_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]
_MAX_REASON = 200
"""Characters: a reason is a phrase, not a file."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A learner is out of a course."""

    learner: str
    course: str
    new: bool
    """False when that was so before."""


class Enrolments:
    """Ends enrolments. They begin with a roster (:mod:`delivery.store.roster`)."""

    def __init__(self, database: Database, facts: FactLog, learners: Learners, clock: Clock) -> None:
        self._database = database
        self._facts = facts
        self._learners = learners
        self._clock = clock

    def leave(self, learner_code: str, course: str, *, reason: str, actor: str) -> Leaving:
        """Record that a learner left `course`; a no-op when the learner is out of it already.

        Raises NotFound for an unknown learner or one who was never enrolled in it, BadInput for an unusable reason.
        """
        ref = self._learners.require(learner_code)
        why = _reason(reason)
        with self._database.write() as connection:
            row = connection.execute(
                select(_enrolment.c.enrolled_n, _enrolment.c.left_n).where(
                    _enrolment.c.learner == ref.id, _enrolment.c.course == course
                )
            ).first()
            if row is None:
                raise NotFound(
                    N_("{learner} is not enrolled in a course “{course}”."),
                    do=N_("Check the code of the course: “tuxa catalogue show” lists the courses."),
                    learner=learner_code,
                    course=course,
                )
            if row.enrolled_n <= row.left_n:
                return Leaving(ref.id, course, new=False)
            draft = Draft(
                id=fact_id(FactKind.COURSE_LEFT, ref.id, course, *numbered(row.enrolled_n).values()),
                kind=FactKind.COURSE_LEFT,
                occurred_at=to_micros(self._clock.now()),
                actor=actor,
                data={"reason": why, **numbered(row.enrolled_n)},
                audience=ref.site,
                learner=ref.id,
                course=course,
            )
            self._facts.append_in(connection, [draft])
        return Leaving(ref.id, course, new=True)


def _reason(raw: str) -> str:
    reason = unicodedata.normalize("NFC", raw).strip()
    if not 0 < len(reason) <= _MAX_REASON or not reason.isprintable():
        raise BadInput(
            N_("The reason is empty, too long or not plain text."),
            do=N_("Give one line of 1 to {limit} characters, without personal data: it is kept for good."),
            limit=_MAX_REASON,
        )
    return reason
