"""The pages of staff beside teaching: first page, held work, people and access, activity, state of the station."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from delivery.catalogue.kinds import Role
from delivery.clock import from_micros
from delivery.errors import N_, Message, NotFound, TuxaError
from delivery.network.web.access import MATRIX
from delivery.network.web.navigation import links_for
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.kinds import FactKind
from delivery.store.portal_sessions import STAFF

ROLES = {
    Role.LEARNER: N_("Learner"),
    Role.LECTURER: N_("Lecturer"),
    Role.CLERK: N_("Postal clerk"),
    Role.TECHNICIAN: N_("Technician"),
    Role.MANAGER: N_("Manager"),
    Role.ADMIN: N_("Administrator"),
}
REASONS = {
    "other_learner": N_("The sheet was printed for another learner."),
    "voided": N_("The sheet was withdrawn."),
}
_MOST = 200


def staff_routes(services: PortalServices, staff_of: VisitOf, filer_of: VisitOf) -> APIRouter:
    """``/staff`` and ``/held``."""
    router = APIRouter()

    @router.get("/staff")
    def first(visit: Visit = Depends(staff_of)) -> Response:
        person = services.catalogue().people[visit.staff]
        return visit.page("staff.html", person=person, roles=ROLES, links=links_for(visit.roles)[1:])

    @router.get("/held")
    def held(visit: Visit = Depends(filer_of)) -> Response:
        facts = services.course_facts.of_kind(FactKind.WORK_HELD)[-_MOST:]
        names = services.profiles(sorted({fact.learner for fact in facts}))
        services.seen.note(names, what="held", actor=visit.staff)
        rows = [
            {
                "at": from_micros(fact.occurred_at),
                "reason": REASONS.get(fact.data["reason"], fact.data["reason"]),
                "name": names[fact.learner].full_name if fact.learner in names else "",
                "code": names[fact.learner].code if fact.learner in names else fact.learner,
                "channel": fact.data["channel"],
            }
            for fact in reversed(facts)
        ]
        return visit.page("held.html", rows=rows)

    return router


def people_routes(services: PortalServices, admin_of: VisitOf, admin_posted_of: PostedOf) -> APIRouter:
    """``/people``: who has which role, and their access."""
    router = APIRouter()

    @router.get("/people")
    def people(visit: Visit = Depends(admin_of)) -> Response:
        return _people_page(visit, services)

    @router.post("/people/pin")
    def pin(posted: Posted = Depends(admin_posted_of)) -> Response:
        visit, code = posted.visit, posted.text("code")
        try:
            fresh = services.credentials.issue_pin(code)
        except NotFound as error:
            return _people_page(visit, services, problem=error, status=422)
        return _people_page(visit, services, pin=f"{fresh[:4]} {fresh[4:]}", code=code)

    @router.post("/people/revoke")
    def revoke(posted: Posted = Depends(admin_posted_of)) -> Response:
        visit, code = posted.visit, posted.text("code")
        try:
            ended = services.credentials.revoke(code)
        except NotFound as error:
            return _people_page(visit, services, problem=error, status=422)
        return _people_page(visit, services, ended=ended, code=code)

    return router


def _people_page(
    visit: Visit,
    services: PortalServices,
    *,
    problem: TuxaError | None = None,
    pin: str = "",
    ended: int | None = None,
    code: str = "",
    status: int = 200,
) -> Response:
    people = sorted(services.catalogue().people.values(), key=lambda person: person.code)
    rows = [
        {"person": person, "sessions": len(services.credentials.sessions.of(STAFF + person.code))}
        for person in people
    ]
    return visit.page(
        "people.html",
        rows=rows,
        roles=ROLES,
        matrix={role: sorted(found) for role, found in MATRIX.items()},
        problem=problem,
        pin=pin,
        ended=ended,
        code=code[:64],
        status=status,
    )


def oversight_routes(services: PortalServices, overseer_of: VisitOf, operator_of: VisitOf) -> APIRouter:
    """``/activity``, ``/overview`` and ``/state``."""
    router = APIRouter()

    @router.get("/activity")
    def activity(visit: Visit = Depends(overseer_of)) -> Response:
        courses = []
        for course in services.catalogue().courses.values():
            threads = services.threads.of_course(course.code)
            courses.append(
                {
                    "course": course,
                    "learners": len(services.learners_of(course.code)),
                    "works": len(services.course_facts.of_course(course.code, FactKind.WORK_RECEIVED)),
                    "marks": len(services.course_facts.of_course(course.code, FactKind.MARK_RECORDED)),
                    "questions": len(threads),
                    "waiting": sum(thread.waiting_since is not None for thread in threads),
                }
            )
        return visit.page("activity_log.html", courses=courses)

    @router.get("/state")
    def state(visit: Visit = Depends(operator_of)) -> Response:
        checks: list[tuple[Message, bool]] = [
            (Message(N_("The database answers and the home can be written")), services.is_ready()),
            (Message(N_("No code is locked by guessing")), services.credentials.locked_codes() == 0),
        ]
        return visit.page("state.html", checks=checks, channels=_channels(services))

    return router


def _channels(services: PortalServices) -> list[dict[str, Any]]:
    return [{"name": item.name, "now": item.now, "next": item.next} for item in services.on_air()]
