"""The lecturer's course: plan, materials with their state, assignments with due days, and works that are alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from threading import Lock
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity, Course
from delivery.clock import VIETNAM
from delivery.errors import N_, Refused, TuxaError
from delivery.network.web.deskwork import WorkItem, marked_activity, taught_course, taught_courses, works_of
from delivery.network.web.services import PortalServices
from delivery.network.web.similarity import Compared, compare
from delivery.network.web.station import InPackets
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.kinds import FactKind

COMPARE_SECONDS = 120
_KEPT = 50


class Comparisons:
    """What was compared lately: the same works are not compared again."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, ...], Compared] = OrderedDict()
        self._lock = Lock()

    def get(self, facts: tuple[str, ...]) -> Compared | None:
        with self._lock:
            return self._known.get(facts)

    def keep(self, facts: tuple[str, ...], found: Compared) -> None:
        with self._lock:
            self._known[facts] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def teach_routes(services: PortalServices, teacher_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/teach`` and below."""
    router = APIRouter()
    comparisons = Comparisons()

    @router.get("/teach")
    def courses(visit: Visit = Depends(teacher_of)) -> Response:
        rows = [_summary(course, services) for course in taught_courses(visit, services)]
        return visit.page("teach.html", courses=rows)

    @router.get("/teach/{course}")
    def plan(course: str, visit: Visit = Depends(teacher_of), saved: str = "") -> Response:
        return _plan_page(visit, services, taught_course(course, visit, services), saved=saved)

    @router.post("/teach/{course}/due")
    def set_due(course: str, posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        known = taught_course(course, visit, services)
        planned = services.catalogue().activities.get(posted.text("activity"))
        if planned is None or planned.course != known.code:
            raise HTTPException(404)
        try:
            services.station.set_due(planned, _day(posted.text("due")), visit.staff)
        except TuxaError as error:
            return _plan_page(visit, services, known, problem=error, status=422)
        return visit.redirect(f"/teach/{known.code}?saved={planned.code}")

    @router.get("/teach/{activity}/similar")
    @services.lines.slow
    def similar(activity: str, visit: Visit = Depends(teacher_of)) -> Response:
        planned, rubric = marked_activity(activity, visit, services)
        items = works_of(planned, services)
        found = _compared(planned, items, services, comparisons)
        names = {} if rubric.blind else services.profiles([item.learner for item in items])
        if found.pairs:
            services.seen.note([item.learner for item in items], what="work", actor=visit.staff)
        return visit.page(
            "similar.html",
            activity=planned,
            works=len(items),
            compared=found.texts,
            pairs=[(pair, items[pair.first], items[pair.second]) for pair in found.pairs],
            names=names,
        )

    return router


def _summary(course: Course, services: PortalServices) -> dict[str, Any]:
    catalogue = services.catalogue()
    today = services.clock.now().astimezone(VIETNAM).date()
    dues = [a.due for a in catalogue.activities_of.get(course.code, ()) if a.due and a.due >= today]
    threads = services.threads.of_course(course.code)
    return {
        "course": course,
        "learners": len(services.learners_of(course.code)),
        "next_due": min(dues, default=None),
        "works": len(services.course_facts.of_course(course.code, FactKind.WORK_RECEIVED)),
        "waiting": sum(thread.waiting_since is not None for thread in threads),
    }


def _plan_page(
    visit: Visit,
    services: PortalServices,
    course: Course,
    *,
    saved: str = "",
    problem: TuxaError | None = None,
    status: int = 200,
) -> Response:
    catalogue = services.catalogue()
    packets = services.station.packets(course.code)
    titles = {unit.number: unit.title for unit in catalogue.units.values() if unit.course == course.code}
    activities = catalogue.activities_of.get(course.code, ())
    materials = [m for m in catalogue.materials.values() if m.course == course.code]
    numbers = sorted({*titles, *(a.unit for a in activities), *(m.unit for m in materials)})
    named = catalogue.activities.get(saved)
    return visit.page(
        "teach_course.html",
        course=course,
        learners=len(services.learners_of(course.code)),
        units=[
            {
                "number": number,
                "title": titles.get(number, ""),
                "activities": [
                    _row(activity, packets.get(activity.code, InPackets()))
                    for activity in activities
                    if activity.unit == number
                ],
                "materials": [
                    {"material": m, "state": services.station.material(m.code)}
                    for m in sorted(materials, key=lambda m: m.code)
                    if m.unit == number
                ],
            }
            for number in numbers
        ],
        today=services.clock.now().astimezone(VIETNAM).date().isoformat(),
        saved=named if named and named.course == course.code else None,
        problem=problem,
        status=status,
    )


def _row(activity: Activity, packets: InPackets) -> dict[str, Any]:
    return {
        "activity": activity,
        "is_assignment": activity.kind is ActivityKind.ASSIGNMENT,
        "packets": packets,
    }


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused(N_("“{day}” is not a day."), do=N_("Choose a day."), day=text[:20]) from None


def _compared(
    activity: Activity, items: Sequence[WorkItem], services: PortalServices, known: Comparisons
) -> Compared:
    """What is alike among the works of an activity, out of what was compared before where nothing came since."""
    key = tuple(fact.id for item in items for fact in item.chosen)
    found = known.get(key)
    if found is None:
        works = [
            [(services.scans.get(f.learner, f.data["blob"]), str(f.data["media_type"])) for f in item.chosen]
            for item in items
        ]
        job = services.executor.submit(compare, works, _task(activity, services))
        try:
            found = job.result(COMPARE_SECONDS)
        except TimeoutError as error:
            raise Refused(N_("Comparing took too long."), do=N_("Try again in a few minutes.")) from error
        known.keep(key, found)
    return found


def _task(activity: Activity, services: PortalServices) -> str:
    """The words of the task: what everybody copies from it makes nobody alike."""
    material = services.catalogue().materials.get(activity.material)
    if material is None or not material.content or not material.file.endswith((".txt", ".md")):
        return ""
    try:
        return services.read_blob(material.content).decode("utf-8", "replace")
    except TuxaError:
        return ""
