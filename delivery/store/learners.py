"""Who is enrolled, and where: a reading side of the learner projection. Holds ids only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from delivery.errors import N_, NotFound
from delivery.store.database import Database
from delivery.store.keys import SiteKeys
from delivery.store.tables.core import EnrolmentTable, LearnerTable

_learner = LearnerTable.__table__  # type: ignore[attr-defined]
_enrolment = EnrolmentTable.__table__  # type: ignore[attr-defined]
_ENROLLED = _enrolment.c.enrolled_n > _enrolment.c.left_n


@dataclass(frozen=True, slots=True)
class LearnerRef:
    """A learner without personal data."""

    id: str
    site: str
    cohort: str


class Learners:
    """Finds learners by student code or id, and lists them by course."""

    def __init__(self, database: Database, keys: SiteKeys) -> None:
        self._database = database
        self._keys = keys

    def get(self, learner: str) -> LearnerRef | None:
        """The learner with this id."""
        with self._database.read() as connection:
            row = connection.execute(
                select(_learner.c.learner, _learner.c.site, _learner.c.cohort).where(
                    _learner.c.learner == learner
                )
            ).first()
        return LearnerRef(*row) if row else None

    def find(self, code: str) -> str | None:
        """Learner id for a student code or a learner id; None when unknown."""
        code = code.strip()
        for candidate in (code, self._keys.learner_id(code), self._keys.learner_id(code.upper())):
            if self.get(candidate):
                return candidate
        return None

    def require(self, code: str) -> LearnerRef:
        """As :meth:`find`, raising NotFound with what to do."""
        found = self.find(code)
        ref = self.get(found) if found else None
        if ref is None:
            raise NotFound(
                N_("No learner has the code “{code}”."),
                do=N_("Check the student code, or import the roster that contains it."),
                code=code,
            )
        return ref

    def all(self) -> list[LearnerRef]:
        """Every learner, in order of id."""
        with self._database.read() as connection:
            rows = connection.execute(
                select(_learner.c.learner, _learner.c.site, _learner.c.cohort).order_by(_learner.c.learner)
            ).all()
        return [LearnerRef(*row) for row in rows]

    def of_course(self, course: str) -> list[LearnerRef]:
        """Learners enrolled in `course`, in order of id."""
        query = (
            select(_learner.c.learner, _learner.c.site, _learner.c.cohort)
            .join(_enrolment, _enrolment.c.learner == _learner.c.learner)
            .where(_enrolment.c.course == course, _ENROLLED)
            .order_by(_learner.c.learner)
        )
        with self._database.read() as connection:
            return [LearnerRef(*row) for row in connection.execute(query)]

    def courses_of(self, learner: str) -> list[str]:
        """Codes of the courses a learner is enrolled in."""
        query = (
            select(_enrolment.c.course)
            .where(_enrolment.c.learner == learner, _ENROLLED)
            .order_by(_enrolment.c.course)
        )
        with self._database.read() as connection:
            return [row.course for row in connection.execute(query)]

    def courses_of_all(self, learners: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """As :meth:`courses_of`, for many learners; those without any course are left out."""
        out: dict[str, list[str]] = {}
        with self._database.read() as connection:
            for start in range(0, len(learners), 500):
                query = (
                    select(_enrolment.c.learner, _enrolment.c.course)
                    .where(_enrolment.c.learner.in_(learners[start : start + 500]), _ENROLLED)
                    .order_by(_enrolment.c.course)
                )
                for learner, course in connection.execute(query):
                    out.setdefault(learner, []).append(course)
        return {learner: tuple(courses) for learner, courses in out.items()}
