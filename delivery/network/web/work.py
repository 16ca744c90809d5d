"""Assignments of the network mode: what was received, and the form to send a file."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity
from delivery.errors import N_, Message, TuxaError
from delivery.network.web.intake import take_in_file
from delivery.network.web.place import is_published, material_of, own_activity, study_address, work_address
from delivery.network.web.receipt import Receipt, is_late, receipt_of, work_of
from delivery.network.web.services import PortalServices
from delivery.network.web.uploads import MAX_FILE_BYTES, Problem
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.kinds import FactKind

FILE_FIELD = "file"


def work_routes(services: PortalServices, learner_of: VisitOf, learner_posted_of: PostedOf) -> APIRouter:
    """``/work/{activity}``."""
    router = APIRouter()

    @router.get("/work/{activity}")
    def look(activity: str, visit: Visit = Depends(learner_of)) -> Response:
        return _work_page(visit, services, _assignment(activity, visit, services))

    @router.post("/work/{activity}")
    def send(activity: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit = posted.visit
        planned = _assignment(activity, visit, services)
        files = posted.files(FILE_FIELD)
        if len(files) != 1:
            text = N_("Choose a file.") if not files else N_("Send one file; several pages go into one PDF.")
            return _work_page(visit, services, planned, problem=Message(text), status=422)
        try:
            taken = take_in_file(files[0], learner=visit.learner, activity=planned, services=services)
        except TuxaError as error:
            return _work_page(visit, services, planned, problem=error.what, status=503)
        if isinstance(taken, Problem):
            return _work_page(visit, services, planned, problem=taken.message, status=422)
        return visit.redirect(f"/receipt?f={taken}")

    return router


def _assignment(code: str, visit: Visit, services: PortalServices) -> Activity:
    activity = own_activity(code, visit, services)
    if activity.kind is not ActivityKind.ASSIGNMENT:
        raise HTTPException(404)
    return activity


def _work_page(
    visit: Visit,
    services: PortalServices,
    activity: Activity,
    *,
    problem: Message | None = None,
    status: int = 200,
) -> Response:
    task = material_of(activity, services)
    return visit.page(
        "work.html",
        work=work_of(activity.code, activity.course, services),
        late=is_late(activity.due, services.clock.now()),
        task=study_address(activity) if task and is_published(task, services) else "",
        received=_received(visit, services, activity),
        address=work_address(activity),
        problem=problem,
        megabytes=MAX_FILE_BYTES // 1_000_000,
        status=status,
    )


def _received(visit: Visit, services: PortalServices, activity: Activity) -> list[Receipt]:
    """What came before, oldest first."""
    facts = services.facts.select(kind=FactKind.WORK_RECEIVED, learner=visit.learner)
    mine = sorted((fact for fact in facts if fact.activity == activity.code), key=lambda fact: fact.order)
    return [receipt_of(fact, services) for fact in mine]
