"""The work that came in for one activity, learner by learner, as a marker goes through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException

from delivery.catalogue.model import Activity, Course
from delivery.clock import from_micros
from delivery.ids import digest_of
from delivery.network.web.receipt import is_late
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit
from delivery.record.evidence import Piece, resolve
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.teaching import Rubric

PICTURES = ("image/jpeg", "image/png", "application/pdf")


@dataclass(frozen=True, slots=True)
class Leaf:
    """One page to look at."""

    fact: str
    leaf: int
    """Page of the file, counted from 1."""
    number: int
    """Page of the work, counted from 1."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """The work of one learner for one activity."""

    ident: str
    """Names it in addresses: it tells nobody whose it is."""
    number: int
    """Its place in the queue, counted from 1."""
    learner: str
    chosen: tuple[Fact, ...]
    """The facts that stand for its pages, in order of page."""
    missing: tuple[int, ...]
    review: bool
    """Two whole sets came, and a person has to look."""
    late: bool
    came_at: datetime
    mark: Fact | None

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        out: list[Leaf] = []
        for fact in self.chosen:
            if fact.data["media_type"] in PICTURES:
                for leaf in range(1, int(fact.data.get("leaves", 1)) + 1):
                    out.append(Leaf(fact.id, leaf, len(out) + 1))
        return tuple(out)


def works_of(activity: Activity, services: PortalServices) -> list[WorkItem]:
    """What came for an activity, first come first; marks beside it."""
    facts = services.course_facts.of_activity(activity.code, FactKind.WORK_RECEIVED, FactKind.MARK_RECORDED)
    by_learner: dict[str, list[Fact]] = {}
    marks: dict[str, Fact] = {}
    for fact in facts:
        if fact.kind is FactKind.WORK_RECEIVED:
            by_learner.setdefault(fact.learner, []).append(fact)
        else:
            marks[fact.learner] = fact
    items = [_item(activity, learner, told, marks.get(learner)) for learner, told in by_learner.items()]
    items.sort(key=lambda item: (item.came_at, item.ident))
    return [_numbered(item, number) for number, item in enumerate(items, start=1)]


def _item(activity: Activity, learner: str, told: Sequence[Fact], mark: Fact | None) -> WorkItem:
    by_id = {fact.id: fact for fact in told}
    claim = resolve(_piece(fact) for fact in told)
    assert claim is not None
    came_at = from_micros(claim.last_needed_arrival or claim.first_arrival)
    return WorkItem(
        ident=digest_of(("work", activity.code, learner))[:16],
        number=0,
        learner=learner,
        chosen=tuple(by_id[fact] for _, fact in sorted(claim.chosen.items())),
        missing=claim.missing,
        review=claim.disagreement,
        late=is_late(activity.due, came_at),
        came_at=came_at,
        mark=mark,
    )


def _piece(fact: Fact) -> Piece:
    data = fact.data
    return Piece(
        fact.id,
        data.get("packet", ""),
        data["page"],
        data["pages"],
        data["channel"],
        fact.occurred_at,
        data.get("superseded", False),
    )


def _numbered(item: WorkItem, number: int) -> WorkItem:
    return WorkItem(
        item.ident,
        number,
        item.learner,
        item.chosen,
        item.missing,
        item.review,
        item.late,
        item.came_at,
        item.mark,
    )


def taught_courses(visit: Visit, services: PortalServices) -> list[Course]:
    """Courses that the signed-in person teaches."""
    return [course for course in services.catalogue().courses.values() if course.lecturer == visit.staff]


def taught_course(code: str, visit: Visit, services: PortalServices) -> Course:
    """One of them. Raises 404 alike for an unknown course and somebody else's."""
    for course in taught_courses(visit, services):
        if course.code == code:
            return course
    raise HTTPException(404)


def marked_activity(code: str, visit: Visit, services: PortalServices) -> tuple[Activity, Rubric]:
    """An activity that the signed-in person marks, first or second. Raises 404 for any other."""
    activity = services.catalogue().activities.get(code)
    if activity is None or not activity.component:
        raise HTTPException(404)
    rubric = services.teaching.rubric(code)
    lead = services.catalogue().courses[activity.course].lecturer
    if visit.staff not in (lead, rubric.second):
        raise HTTPException(404)
    return activity, rubric
