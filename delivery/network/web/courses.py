"""A learner's courses: units, and what there is to do in each, in every mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import DeliveryMode
from delivery.catalogue.model import Activity, Course, Material
from delivery.clock import from_micros
from delivery.network.web.guide import AHEAD
from delivery.network.web.lessons import lesson_address
from delivery.network.web.place import address_of_activity
from delivery.network.web.services import PortalServices
from delivery.network.web.station import Aired
from delivery.network.web.visit import Visit, VisitOf
from delivery.record.kinds import FactKind


def course_routes(services: PortalServices, learner_of: VisitOf) -> APIRouter:
    """``/courses`` and ``/courses/{course}``."""
    router = APIRouter()

    @router.get("/courses")
    def courses(visit: Visit = Depends(learner_of)) -> Response:
        record = services.record_of(visit.learner)
        return visit.page("courses.html", courses=[_summary(course) for course in record["courses"]])

    @router.get("/courses/{course}")
    def course(course: str, visit: Visit = Depends(learner_of)) -> Response:
        known = services.catalogue().courses.get(course)
        if known is None or course not in services.courses_of(visit.learner):
            raise HTTPException(404)
        record = services.record_of(visit.learner)
        empty: dict[str, Any] = {"activities": []}
        told = next((item for item in record["courses"] if item["course"] == course), empty)
        return visit.page(
            "course.html",
            course=known,
            lecturer=_lecturer(known, services),
            units=_units(known, {a["activity"]: a for a in told["activities"]}, services),
            materials=_materials(known, visit.learner, services),
            told=told,
        )

    return router


def _summary(course: Any) -> dict[str, Any]:
    planned = sum(activity["planned_minutes"] for activity in course["activities"])
    done = sum(activity["minutes"] for activity in course["activities"])
    return {"course": course, "percent": 100 * done // planned if planned else 0}


def _lecturer(course: Course, services: PortalServices) -> str:
    person = services.catalogue().people.get(course.lecturer)
    return person.name if person else ""


def _units(course: Course, told: dict[str, Any], services: PortalServices) -> list[dict[str, Any]]:
    """Units in order, each with its activities and where they are carried out; 0 is the course as a whole."""
    catalogue = services.catalogue()
    titles = {unit.number: unit.title for unit in catalogue.units.values() if unit.course == course.code}
    activities = catalogue.activities_of.get(course.code, ())
    numbers = sorted({*titles, *(activity.unit for activity in activities)})
    return [
        {
            "number": number,
            "title": titles.get(number, ""),
            "activities": [
                {
                    "activity": activity,
                    "told": told.get(activity.code),
                    "address": _address(activity, services),
                }
                for activity in activities
                if activity.unit == number
            ],
        }
        for number in numbers
    ]


def _address(activity: Activity, services: PortalServices) -> str:
    if activity.material and services.lesson(activity.material):
        return lesson_address(activity)
    return address_of_activity(activity.code, services)


def _materials(course: Course, learner: str, services: PortalServices) -> Mapping[int, list[dict[str, Any]]]:
    """Unit -> its materials, each with where a learner finds it in every mode in which it is given out."""
    catalogue, now = services.catalogue(), services.clock.now()
    users: dict[str, list[Activity]] = {}
    for activity in catalogue.activities_of.get(course.code, ()):
        users.setdefault(activity.material, []).append(activity)
    airings = [a for a in services.station.airings(now, now + AHEAD, "") if a.course == course.code]
    posted = _posted(course.code, learner, services)
    out: dict[int, list[dict[str, Any]]] = {}
    for material in sorted(catalogue.materials.values(), key=lambda m: m.code):
        if material.course == course.code:
            used = users.get(material.code, [])
            addresses = [found for found in (_address(a, services) for a in used) if found]
            out.setdefault(material.unit, []).append(
                {
                    "material": material,
                    "address": addresses[0] if addresses else "",
                    "airing": _next(material, used, airings),
                    "posted": posted if DeliveryMode.POSTAL in material.modes else None,
                }
            )
    return out


def _next(material: Material, used: Sequence[Activity], airings: Sequence[Aired]) -> Aired | None:
    """When it is on the air next."""
    codes = {activity.code for activity in used}
    found = (item for item in airings if item.activity in codes)
    return next(found, None) if DeliveryMode.BROADCAST in material.modes else None


def _posted(course: str, learner: str, services: PortalServices) -> datetime | None:
    """When the learner's newest packet of the course was posted."""
    facts = services.facts.select(kind=FactKind.PACKET_POSTED, learner=learner)
    times = [fact.occurred_at for fact in facts if fact.course == course]
    return from_micros(max(times)) if times else None
