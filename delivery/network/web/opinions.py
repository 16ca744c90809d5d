"""Opinions of learners and staff, and how satisfied they are (TT-10.3)."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Depends
from starlette.responses import Response

from delivery.catalogue.kinds import Role
from delivery.errors import N_, BadInput, Message
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf

SCALE = {
    5: N_("very satisfied"),
    4: N_("fairly satisfied"),
    3: N_("neither"),
    2: N_("dissatisfied"),
    1: N_("very dissatisfied"),
}


def opinion_routes(
    services: PortalServices,
    owner_of: VisitOf,
    owner_posted_of: PostedOf,
    overseer_of: VisitOf,
    overseer_posted_of: PostedOf,
) -> APIRouter:
    """``/opinion`` for everybody who has signed in, ``/satisfaction`` for managers."""
    router = APIRouter()

    @router.get("/opinion")
    def ask(visit: Visit = Depends(owner_of), given: str = "") -> Response:
        return _form_page(visit, services, given=given == "1")

    @router.post("/opinion")
    def give(posted: Posted = Depends(owner_posted_of)) -> Response:
        visit, course = posted.visit, posted.text("course")
        said = posted.text("score")
        try:
            score = int(said) if said.isascii() and said.isdigit() and len(said) == 1 else 0
            if course not in _courses(visit, services):
                course = ""
            if visit.staff:
                services.opinions.give_as_staff(visit.staff, course, score=score)
            else:
                services.opinions.give(visit.learner, course, score=score, text=posted.text("text"))
        except BadInput as error:
            return _form_page(visit, services, problem=error.what, text=posted.text("text"), status=422)
        return visit.redirect("/opinion?given=1")

    @router.get("/satisfaction")
    def satisfaction(visit: Visit = Depends(overseer_of)) -> Response:
        return _results_page(visit, services)

    @router.post("/satisfaction")
    def answer(posted: Posted = Depends(overseer_posted_of)) -> Response:
        visit = posted.visit
        try:
            services.opinions.answer(posted.text("opinion"), text=posted.text("text"), actor=visit.staff)
        except BadInput as error:
            return _results_page(visit, services, problem=error.what, status=422)
        return visit.redirect("/satisfaction")

    return router


def _courses(visit: Visit, services: PortalServices) -> Mapping[str, str]:
    """Courses that a person may speak about: one's own, of a manager all."""
    courses = services.catalogue().courses
    if visit.session is not None and visit.session.learner:
        mine = services.courses_of(visit.learner)
        return {code: courses[code].name for code in mine if code in courses}
    everything = Role.MANAGER in visit.roles
    return {code: c.name for code, c in courses.items() if everything or c.lecturer == visit.staff}


def _form_page(
    visit: Visit,
    services: PortalServices,
    *,
    given: bool = False,
    problem: Message | None = None,
    text: str = "",
    status: int = 200,
) -> Response:
    learner = not visit.staff
    return visit.page(
        "opinion.html",
        courses=_courses(visit, services),
        scale=SCALE,
        learner=learner,
        mine=services.opinions.given_by(visit.learner) if learner else [],
        names={code: course.name for code, course in services.catalogue().courses.items()},
        given=given,
        problem=problem,
        text=text,
        status=status,
    )


def _results_page(
    visit: Visit, services: PortalServices, *, problem: Message | None = None, status: int = 200
) -> Response:
    least = services.station.least_answers
    return visit.page(
        "satisfaction.html",
        measures=services.opinions.measures(least=least),
        words=services.opinions.with_words(),
        names={code: course.name for code, course in services.catalogue().courses.items()},
        least=least,
        problem=problem,
        status=status,
    )
