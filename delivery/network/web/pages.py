"""Today's channels, the player, attendance, and the learner's own record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import DeliveryMode
from delivery.errors import TuxaError
from delivery.network.web.ownfact import own_fact
from delivery.network.web.place import address_of_activity
from delivery.network.web.services import PortalServices
from delivery.network.web.today import arrived_for, due_of
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind

_ATTENDED = (FactKind.ATTENDANCE_RECORDED,)
_LONGEST_CODE = 32


def page_routes(
    services: PortalServices, visit_of: VisitOf, learner_of: VisitOf, learner_posted_of: PostedOf
) -> APIRouter:
    """``/``, ``/watch/{channel}``, ``/attendance`` and ``/me``."""
    router = APIRouter()

    @router.get("/")
    def home(visit: Visit = Depends(visit_of)) -> Response:
        learner = visit.session.learner if visit.session else ""
        return visit.page(
            "home.html",
            channels=services.on_air(),
            now=services.clock.now(),
            due=due_of(learner, services) if learner else [],
            arrived=arrived_for(learner, services) if learner else [],
        )

    @router.get("/watch/{channel}")
    def watch(channel: str, visit: Visit = Depends(visit_of)) -> Response:
        for on_air in services.on_air():
            if on_air.channel == channel:
                return visit.page("watch.html", channel=on_air)
        raise HTTPException(404)

    @router.get("/attendance")
    def ask_attendance(visit: Visit = Depends(learner_of), recorded: str = "", code: str = "") -> Response:
        # The code comes with the address when a link on the screen was followed; only the form confirms it.
        fact = own_fact(recorded, learner=visit.learner, kinds=_ATTENDED, services=services)
        return _attendance_page(visit, services, recorded=fact, code=code)

    @router.post("/attendance")
    def claim_attendance(posted: Posted = Depends(learner_posted_of)) -> Response:
        visit, code = posted.visit, posted.text("code")
        try:
            fact = services.claim_attendance(visit.learner, code)
        except TuxaError as error:
            visit.charge()
            return _attendance_page(visit, services, problem=error, code=code, status=422)
        return visit.redirect(f"/attendance?recorded={fact}")

    @router.get("/me")
    def me(visit: Visit = Depends(learner_of)) -> Response:
        record = services.record_of(visit.learner)
        return visit.page(
            "me.html",
            courses=record["courses"],
            by_mode=_by_mode,
            address_of=lambda activity: address_of_activity(activity, services),
        )

    return router


def _attendance_page(
    visit: Visit,
    services: PortalServices,
    *,
    recorded: Fact | None = None,
    problem: TuxaError | None = None,
    code: str = "",
    status: int = 200,
) -> Response:
    title = ""
    if recorded:
        activity = services.catalogue().activities.get(recorded.activity)
        title = activity.title if activity else recorded.activity
    return visit.page(
        "attendance.html",
        recorded=recorded,
        title=title,
        problem=problem,
        code=code[:_LONGEST_CODE],
        status=status,
    )


def _by_mode(course: Mapping[str, Any]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    """(mode, its activities), for the modes that the course uses."""
    found = [(str(mode), [a for a in course["activities"] if a["mode"] == mode]) for mode in DeliveryMode]
    return [(mode, activities) for mode, activities in found if activities]
