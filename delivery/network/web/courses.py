"""A learner's courses: units, and what there is to do in each, in every mode."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.model import Activity, Course
from delivery.network.web.lessons import lesson_address
from delivery.network.web.place import address_of_activity
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit, VisitOf


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
