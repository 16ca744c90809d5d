"""The work that came in for one activity, learner by learner, as a marker goes through it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.exceptions import HTTPException

from delivery.catalogue.model import Activity, Course
from delivery.clock import from_micros
from delivery.ids import digest_of
from delivery.network.web.receipt import is_late
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit
from delivery.record.evidence import newest_postmarks, piece_of, resolve
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from delivery.store.teaching import Rubric

PICTURES = ("image/jpeg", "image/png", "image/heic", "application/pdf")


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
    facts = services.course_facts.of_activity(
        activity.code,
        FactKind.WORK_RECEIVED,
        FactKind.EXTRA_RECEIVED,
        FactKind.POSTMARK_ENTERED,
        FactKind.MARK_RECORDED,
    )
    postmarks = newest_postmarks(facts)
    by_learner: dict[str, list[Fact]] = {}
    extras: dict[str, list[Fact]] = {}
    marks: dict[str, Fact] = {}
    for fact in facts:
        if fact.kind is FactKind.WORK_RECEIVED:
            by_learner.setdefault(fact.learner, []).append(fact)
        elif fact.kind is FactKind.EXTRA_RECEIVED:
            extras.setdefault(fact.learner, []).append(fact)
        elif fact.kind is FactKind.MARK_RECORDED:
            marks[fact.learner] = fact
    items = [
        _item(activity, learner, told, extras.get(learner, ()), marks.get(learner), postmarks)
        for learner, told in by_learner.items()
    ]
    items.sort(key=lambda item: (item.came_at, item.ident))
    return [_numbered(item, number) for number, item in enumerate(items, start=1)]


def _item(
    activity: Activity,
    learner: str,
    told: Sequence[Fact],
    extras: Sequence[Fact],
    mark: Fact | None,
    postmarks: Mapping[str, str],
) -> WorkItem:
    by_id = {fact.id: fact for fact in told}
    claim = resolve(piece_of(fact, postmarks.get(fact.id, "")) for fact in told)
    assert claim is not None
    came_at = from_micros(claim.last_needed_arrival or claim.first_arrival)
    return WorkItem(
        ident=digest_of(("work", activity.code, learner))[:16],
        number=0,
        learner=learner,
        chosen=_with_extras({page: by_id[fact] for page, fact in claim.chosen.items()}, extras),
        missing=claim.missing,
        review=claim.disagreement,
        late=is_late(activity.due, from_micros(claim.counted_at) if claim.counted_at else came_at),
        came_at=came_at,
        mark=mark,
    )


def _with_extras(pages: Mapping[int, Fact], extras: Sequence[Fact]) -> tuple[Fact, ...]:
    """Pages in order, each followed by the learner's own sheets that stand behind it; other sheets come last."""
    out: list[Fact] = []
    for number, page in sorted(pages.items()):
        out += [page, *(fact for fact in extras if fact.data.get("behind", 0) == number)]
    return (*out, *(fact for fact in extras if fact.data.get("behind", 0) not in pages))


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
