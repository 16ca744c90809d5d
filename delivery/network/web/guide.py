"""What a learner plans by: due days and lessons on the air, and lessons of the last days to watch again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.clock import VIETNAM
from delivery.network.web.lessons import lesson_address
from delivery.network.web.services import PortalServices
from delivery.network.web.station import Aired
from delivery.network.web.today import due_of
from delivery.network.web.visit import Visit, VisitOf

BACK = timedelta(days=7)
"""How far back a channel can be watched again."""
AHEAD = timedelta(days=14)
"""How far ahead the plan shows what is on the air."""
FAR = timedelta(days=200)
"""Due days of a whole term."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One line of the plan."""

    day: date
    at: datetime | None
    """None for what is due on a day."""
    title: str
    course: str
    address: str
    channel: str = ""
    late: bool = False
    rerun: bool = False


def guide_routes(services: PortalServices, visit_of: VisitOf, learner_of: VisitOf) -> APIRouter:
    """``/plan``, ``/again/{channel}`` and ``/again/{channel}/{airing}``."""
    router = APIRouter()

    @router.get("/plan")
    def plan(visit: Visit = Depends(learner_of)) -> Response:
        items = _plan(visit, services)
        return visit.page(
            "plan.html",
            late=[item for item in items if item.late],
            days=[
                (day, list(found))
                for day, found in groupby(
                    (item for item in items if not item.late), key=lambda item: item.day
                )
            ],
            today=_today(services),
        )

    @router.get("/again/{channel}")
    def again(channel: str, visit: Visit = Depends(visit_of)) -> Response:
        known = next((item for item in services.on_air() if item.channel == channel), None)
        if known is None:
            raise HTTPException(404)
        aired = [item for item in _aired(channel, services) if item.playable]
        aired.reverse()
        days = groupby(aired, key=lambda item: item.starts_at.astimezone(VIETNAM).date())
        return visit.page(
            "again.html",
            channel=known,
            days=[(day, [(item, _address(item, visit, services)) for item in found]) for day, found in days],
            names={code: course.name for code, course in services.catalogue().courses.items()},
        )

    @router.get("/again/{channel}/{airing}")
    def watch(channel: str, airing: str, visit: Visit = Depends(visit_of)) -> Response:
        for item in _aired(channel, services):
            if item.ident == airing and item.playable:
                course = services.catalogue().courses.get(item.course)
                counted = _address(item, visit, services)
                return visit.page(
                    "watch_again.html",
                    airing=item,
                    course=course.name if course else "",
                    playlist=f"/hls/{channel}/later/{airing}/master.m3u8",
                    counted=counted if counted.startswith("/lesson/") else "",
                )
        raise HTTPException(404)

    return router


def _aired(channel: str, services: PortalServices) -> Sequence[Aired]:
    now = services.clock.now()
    return services.station.airings(now - BACK, now, channel)


def _address(item: Aired, visit: Visit, services: PortalServices) -> str:
    """Where it is watched again: for a learner of the course as the lesson, so that the minutes are counted."""
    activity = services.catalogue().activities.get(item.activity)
    learner = visit.session.learner if visit.session else ""
    mine = learner and item.course in services.courses_of(learner)
    if mine and activity and activity.material and services.lesson(activity.material):
        return lesson_address(activity)
    return f"/again/{item.channel}/{item.ident}"


def _today(services: PortalServices) -> date:
    return services.clock.now().astimezone(VIETNAM).date()


def _plan(visit: Visit, services: PortalServices) -> list[Planned]:
    """Due days of one's courses and their lessons on the air, in order of time."""
    now, today = services.clock.now(), _today(services)
    courses = services.catalogue().courses
    mine = set(services.courses_of(visit.learner))
    out = [
        Planned(item.due, None, item.title, item.course, item.address, late=item.late)
        for item in due_of(visit.learner, services, ahead=FAR)
    ]
    for airing in services.station.airings(now, now + AHEAD, ""):
        if airing.course in mine and airing.ends_at > now:
            day = max(airing.starts_at.astimezone(VIETNAM).date(), today)
            out.append(
                Planned(
                    day,
                    airing.starts_at,
                    airing.title,
                    courses[airing.course].name if airing.course in courses else airing.course,
                    f"/watch/{airing.channel}",
                    channel=airing.channel_name,
                    rerun=airing.rerun,
                )
            )
    return sorted(out, key=lambda item: (item.day, item.at is None, item.at or now, item.title))
