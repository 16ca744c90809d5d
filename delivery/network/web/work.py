"""Assignments of the network mode: what was received, and the form to send a file."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.responses import Response

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Activity
from delivery.errors import N_, BadInput, Message, TuxaError
from delivery.network.web.handin import collect, settle
from delivery.network.web.intake import Again, take_in_file
from delivery.network.web.paper import Receipt
from delivery.network.web.place import is_published, material_of, own_activity, study_address, work_address
from delivery.network.web.receipt import is_late, receipt_of, work_of
from delivery.network.web.sending import SENDING, refusal
from delivery.network.web.services import PortalServices
from delivery.network.web.uploads import MAX_FILE_BYTES, MAX_FILES
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.record.kinds import FactKind
from delivery.store.teaching import checked
from delivery.store.uploads import NotHere

FILE_FIELD = "file"
TEXT_FIELD = "text"


def work_routes(services: PortalServices, learner_of: VisitOf, learner_posted_of: PostedOf) -> APIRouter:
    """``/work/{activity}``."""
    router = APIRouter()

    @router.get("/work/{activity}")
    def look(activity: str, visit: Visit = Depends(learner_of)) -> Response:
        return _work_page(visit, services, _assignment(activity, visit, services))

    @router.post("/work/{activity}")
    @services.lines.slow
    def send(activity: str, posted: Posted = Depends(learner_posted_of)) -> Response:
        visit = posted.visit
        planned = _assignment(activity, visit, services)
        text = posted.text(TEXT_FIELD)
        try:
            handed = collect(posted, FILE_FIELD, services)
            if handed.known and not handed.files:
                return _to_receipt(visit, handed.known[0])
            if not handed.files and not text:
                problem = Message(N_("Choose a file, or type your answer."))
                return _work_page(visit, services, planned, problem=problem, text=text, status=422)
            if len(handed.files) > MAX_FILES:
                problem = Message(N_("Send at most {count} photos at a time."), {"count": MAX_FILES})
                return _work_page(visit, services, planned, problem=problem, text=text, status=422)
            taken = take_in_file(
                handed.files,
                text=checked(text) if text else "",
                learner=visit.learner,
                activity=planned,
                services=services,
            )
        except BadInput as error:
            return _work_page(visit, services, planned, problem=error.what, text=text, status=422)
        except NotHere as error:
            return _work_page(visit, services, planned, problem=error.what, text=text, status=409)
        except TuxaError as error:
            return _work_page(visit, services, planned, problem=error.what, text=text, status=503)
        if not isinstance(taken, str):
            return _work_page(visit, services, planned, again=taken, text=text, status=422)
        settle(handed, (taken,), (), services)
        return _to_receipt(visit, taken)

    return router


def _to_receipt(visit: Visit, fact: str) -> Response:
    address = f"/receipt?f={fact}"
    return visit.json({"receipt": address}) if visit.wants_json else visit.redirect(address)


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
    again: Sequence[Again] = (),
    text: str = "",
    status: int = 200,
) -> Response:
    if visit.wants_json:
        return visit.json(refusal(visit, problem, again), status=status)
    task = material_of(activity, services)
    return visit.page(
        "work.html",
        work=work_of(activity.code, activity.course, services),
        late=is_late(activity.due, services.clock.now()),
        task=study_address(activity) if task and is_published(task, services) else "",
        received=_received(visit, services, activity),
        address=work_address(activity),
        problem=problem,
        again=again,
        text=text,
        max_files=MAX_FILES,
        max_bytes=services.uploads.max_bytes,
        texts=SENDING,
        megabytes=MAX_FILE_BYTES // 1_000_000,
        status=status,
    )


def _received(visit: Visit, services: PortalServices, activity: Activity) -> list[Receipt]:
    """What came before, oldest first."""
    facts = services.facts.select(kind=FactKind.WORK_RECEIVED, learner=visit.learner)
    mine = sorted((fact for fact in facts if fact.activity == activity.code), key=lambda fact: fact.order)
    return [receipt_of(fact, services) for fact in mine]
