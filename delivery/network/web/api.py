"""The portal for programs: ``/api``, with tokens (RFC 6750) and an OpenAPI document.

A token may do what its scopes name, and never more than its owner may. Nothing here is done by cookie, so that no page
of another site can do it for somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, File, Path, Request, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.catalogue.model import Activity
from delivery.clock import to_iso
from delivery.errors import TuxaError, Unavailable
from delivery.i18n import Translator
from delivery.network.web.access import Capability, may
from delivery.network.web.deskwork import marked_activity, taught_course, works_of
from delivery.network.web.guard import FAILED_GUESS_COST, RateLimit, address_of
from delivery.network.web.intake import take_in, take_in_file
from delivery.network.web.receipt import receipt_of
from delivery.network.web.render import chosen_language
from delivery.network.web.services import PortalServices
from delivery.network.web.uploads import MAX_FILE_BYTES, MAX_FILES
from delivery.network.web.visit import Visit
from delivery.store.api_tokens import Scope
from delivery.store.portal_sessions import Session
from delivery.store.teaching import LONGEST_TEXT
from delivery.store.threads import Thread

_BEARER = HTTPBearer(auto_error=False)
CODE = r"^[A-Za-z0-9._:\-]{1,64}$"
Code = Annotated[str, Path(pattern=CODE, description="A code of the catalogue.")]
Ident = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


class Problem(BaseModel):
    """Why something was refused, and what to do."""

    what: str
    do: str = ""


class Page(BaseModel):
    """One receipt."""

    fact: str
    code: str
    received_at: str
    sha256: str
    page: int
    pages: int
    late: bool
    held: str


class Sent(BaseModel):
    """What came of files that were sent."""

    receipts: list[Page]
    again: list[str]


class Text(BaseModel):
    """Words of a person. `once` makes sending it again harmless."""

    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    once: str = Field(pattern=r"^[A-Za-z0-9]{1,32}$")
    unit: int = Field(default=0, ge=0, le=999)
    minutes: int = Field(default=0, ge=0, le=240)


class Given(BaseModel):
    """A mark. `replaces` is the id of the mark that stands now, or empty."""

    model_config = ConfigDict(extra="forbid")
    score: str = Field(pattern=r"^(10(\.0{1,2})?|[0-9](\.[0-9]{1,2})?)$")
    comment: str = Field(default="", max_length=LONGEST_TEXT)
    replaces: str = Field(default="", max_length=64)


class Post(BaseModel):
    """One post of a thread."""

    by: str
    at: str
    text: str


class Question(BaseModel):
    """A thread of questions and answers."""

    thread: str
    unit: int
    waiting_since: str | None
    posts: list[Post]


class Work(BaseModel):
    """A piece of work that came in; whose it is stays with the portal."""

    work: str
    came_at: str
    pages: int
    missing: list[int]
    late: bool
    mark: str | None
    mark_fact: str


VisitFor = Callable[..., Visit]
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem} for status in (400, 401, 403, 404, 413, 422, 429, 503)
}


def create_api(services: PortalServices, limits: RateLimit) -> FastAPI:
    """The interface as an application of its own, to be mounted at ``/api``."""
    api = FastAPI(
        title="tuxa",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=_REFUSALS,
        redirect_slashes=False,
    )
    _explain(api, services)

    def visit_for(capability: Capability, scope: Scope) -> VisitFor:
        def visit(request: Request, _shown: Any = Depends(_BEARER)) -> Visit:
            made = _visit(request, services, limits)
            if made.token is None or scope not in made.token.scopes or not may(made, capability):
                raise HTTPException(403)
            return made

        visit.capability = capability  # type: ignore[attr-defined]
        return visit

    learner = visit_for(Capability.LEARN, Scope.READ)
    sender = visit_for(Capability.LEARN, Scope.SUBMIT)
    teacher = visit_for(Capability.TEACH, Scope.TEACH)
    api.include_router(_learning(services, learner, sender))
    api.include_router(_teaching(services, teacher))
    return api


def _learning(services: PortalServices, learner: VisitFor, sender: VisitFor) -> APIRouter:
    router = APIRouter(tags=["learning"])

    def own_course(code: str, visit: Visit) -> str:
        if code not in services.courses_of(visit.learner):
            raise HTTPException(404)
        return code

    @router.get("/record")
    def record(visit: Visit = Depends(learner)) -> dict[str, Any]:
        """The learner's own record, as ``tuxa record show --json`` gives it."""
        return dict(services.record_of(visit.learner))

    @router.get("/on-air")
    def on_air(visit: Visit = Depends(learner)) -> list[dict[str, Any]]:
        """What each channel sends now."""
        return [
            {"channel": item.channel, "name": item.name, "kind": item.kind, "playlist": item.playlist}
            for item in services.on_air()
        ]

    @router.post("/sheets")
    @services.lines.slow
    def sheets(
        files: Annotated[list[UploadFile], File(description="Photographs or scans of printed sheets.")],
        visit: Visit = Depends(sender),
    ) -> Sent:
        """Send printed sheets: the code on each picture tells which sheet it is."""
        taken = take_in(_bytes(files), learner=visit.learner, services=services)
        t = Translator(visit.language)
        return Sent(
            receipts=[_receipt(fact, services) for fact in taken.facts],
            again=[f"{item.number}: {t(item.problem.message)}" for item in taken.again],
        )

    @router.post("/assignments/{activity}")
    @services.lines.slow
    def assignment(
        activity: Code,
        files: Annotated[
            list[UploadFile], File(description="Photographs in order, one PDF or one Word file.")
        ],
        visit: Visit = Depends(sender),
    ) -> Sent:
        """Send work for an assignment without a printed sheet."""
        planned = _assignment(activity, visit, services)
        taken = take_in_file(_bytes(files), learner=visit.learner, activity=planned, services=services)
        if isinstance(taken, str):
            return Sent(receipts=[_receipt(taken, services)], again=[])
        t = Translator(visit.language)
        return Sent(receipts=[], again=[f"{item.number}: {t(item.problem.message)}" for item in taken])

    @router.get("/courses/{course}/questions")
    def questions(course: Code, visit: Visit = Depends(learner)) -> list[Question]:
        """Questions and answers of one's course; no names."""
        return [_question(thread) for thread in services.threads.of_course(own_course(course, visit))]

    @router.post("/courses/{course}/questions", status_code=201)
    def ask(course: Code, said: Text, visit: Visit = Depends(sender)) -> dict[str, str]:
        """Ask a question."""
        thread = services.threads.ask(
            visit.learner,
            own_course(course, visit),
            said.unit if (course, said.unit) in services.catalogue().units else 0,
            text=said.text,
            once=said.once,
            catalogue=services.catalogue(),
        )
        return {"thread": thread}

    @router.post("/courses/{course}/questions/{thread}", status_code=201)
    def follow_up(course: Code, thread: Ident, said: Text, visit: Visit = Depends(sender)) -> dict[str, str]:
        """Add to one's question, or answer another learner."""
        found = _thread(own_course(course, visit), thread, services)
        services.threads.follow_up(
            found, visit.learner, text=said.text, once=said.once, catalogue=services.catalogue()
        )
        return {"thread": thread}

    return router


def _teaching(services: PortalServices, teacher: VisitFor) -> APIRouter:
    router = APIRouter(tags=["teaching"])

    @router.get("/desk/{activity}")
    def works(activity: Code, visit: Visit = Depends(teacher)) -> list[Work]:
        """What came in for an activity that one marks."""
        planned, _ = marked_activity(activity, visit, services)
        return [
            Work(
                work=item.ident,
                came_at=to_iso(item.came_at),
                pages=len(item.leaves),
                missing=list(item.missing),
                late=item.late,
                mark=item.mark.data["score"] if item.mark else None,
                mark_fact=item.mark.id if item.mark else "",
            )
            for item in works_of(planned, services)
        ]

    @router.put("/desk/{activity}/{work}/mark")
    def mark(activity: Code, work: Ident, given: Given, visit: Visit = Depends(teacher)) -> dict[str, str]:
        """Give a mark. Refused with 422 when another mark stands than `replaces` names."""
        planned, rubric = marked_activity(activity, visit, services)
        item = next((each for each in works_of(planned, services) if each.ident == work), None)
        if item is None or rubric.second:
            raise HTTPException(404)
        if (item.mark.id if item.mark else "") != given.replaces:
            raise HTTPException(409)
        done = services.marks.set(
            item.learner,
            planned.code,
            score=given.score,
            marker=visit.staff,
            catalogue=services.catalogue(),
            method="api",
            correct=item.mark is not None,
            comment=given.comment.strip(),
        )
        return {"fact": done.fact}

    @router.post("/questions/{course}/{thread}", status_code=201)
    def answer(course: Code, thread: Ident, said: Text, visit: Visit = Depends(teacher)) -> dict[str, str]:
        """Answer a learner."""
        known = taught_course(course, visit, services)
        services.threads.answer(
            _thread(known.code, thread, services),
            lecturer=visit.staff,
            text=said.text,
            minutes=said.minutes,
            once=said.once,
            catalogue=services.catalogue(),
        )
        return {"thread": thread}

    return router


def _visit(request: Request, services: PortalServices, limits: RateLimit) -> Visit:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = services.tokens.find(token.strip()) if kind.lower() == "bearer" and token else None
    if found is None:
        limits.take(address_of(request.scope), FAILED_GUESS_COST)
        raise HTTPException(401)
    limits.welcome(token.strip())
    language = chosen_language(request.query_params.get("lang"), None, services.settings.lang)
    session = Session("", found.account, found.expires_at)
    return Visit(request, services, limits, session, language, "", token=found)


def _bytes(files: list[UploadFile]) -> list[bytes]:
    if len(files) > MAX_FILES:
        raise HTTPException(413)
    return [file.file.read(MAX_FILE_BYTES + 1) for file in files]


def _assignment(code: str, visit: Visit, services: PortalServices) -> Activity:
    planned = services.catalogue().activities.get(code)
    if (
        planned is None
        or planned.kind is not ActivityKind.ASSIGNMENT
        or planned.mode is not DeliveryMode.NETWORK
    ):
        raise HTTPException(404)
    if planned.course not in services.courses_of(visit.learner):
        raise HTTPException(404)
    return planned


def _receipt(ident: str, services: PortalServices) -> Page:
    fact = services.facts.get(ident)
    assert fact is not None
    receipt = receipt_of(fact, services)
    return Page(
        fact=ident,
        code=receipt.code,
        received_at=to_iso(receipt.received_at),
        sha256=receipt.hash,
        page=receipt.page,
        pages=receipt.pages,
        late=receipt.late,
        held=receipt.held,
    )


def _thread(course: str, ident: str, services: PortalServices) -> Thread:
    found = services.threads.find(course, ident)
    if found is None:
        raise HTTPException(404)
    return found


def _question(thread: Thread) -> Question:
    since = thread.waiting_since
    return Question(
        thread=thread.ident,
        unit=thread.unit,
        waiting_since=to_iso(since) if since else None,
        posts=[Post(by=post.by, at=to_iso(post.at), text=post.text) for post in thread.posts],
    )


def _explain(api: FastAPI, services: PortalServices) -> None:
    """Refusals as JSON, in the language that was asked for."""

    def answer(status: int, what: str, do: str = "") -> Response:
        headers = {"www-authenticate": "Bearer"} if status == 401 else None
        return JSONResponse({"what": what, "do": do}, status, headers=headers)

    @api.exception_handler(HTTPException)
    def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(error.status_code, str(error.detail))

    @api.exception_handler(RequestValidationError)
    def not_understood(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        places = sorted({".".join(str(part) for part in found["loc"]) for found in error.errors()})
        return answer(422, "; ".join(places))

    @api.exception_handler(TuxaError)
    def refused_with_reason(request: Request, error: Exception) -> Response:
        assert isinstance(error, TuxaError)
        t = Translator(chosen_language(request.query_params.get("lang"), None, services.settings.lang))
        status = 503 if isinstance(error, Unavailable) else 422
        return answer(status, t(error.what), t(error.do) if error.do else "")
