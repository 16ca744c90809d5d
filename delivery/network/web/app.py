"""The portal: material to study, work sent in, channels to watch, and the learner's own record."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from delivery.catalogue.model import Catalogue
from delivery.clock import Clock
from delivery.errors import N_, Refused, TuxaError, Unavailable
from delivery.network.web.access import Capability, NotAllowed, needs
from delivery.network.web.account import account_routes
from delivery.network.web.api import create_api
from delivery.network.web.courses import course_routes
from delivery.network.web.desk import desk_routes
from delivery.network.web.gradesheet import grade_routes
from delivery.network.web.guard import Guard, RateLimit
from delivery.network.web.guide import guide_routes
from delivery.network.web.health import health_routes
from delivery.network.web.lessons import lesson_routes
from delivery.network.web.manage import manage_routes
from delivery.network.web.measure import Measures
from delivery.network.web.oidc import oidc_routes
from delivery.network.web.opinions import opinion_routes
from delivery.network.web.ownrecord import record_routes
from delivery.network.web.pages import page_routes
from delivery.network.web.questions import question_routes
from delivery.network.web.receipt import receipt_routes
from delivery.network.web.regulation import regulation_routes
from delivery.network.web.render import LANGUAGE_COOKIE, chosen_language, render
from delivery.network.web.services import PortalServices
from delivery.network.web.sheet import sheet_routes
from delivery.network.web.signin import sign_in_routes
from delivery.network.web.staff import oversight_routes, people_routes, staff_routes
from delivery.network.web.study import study_routes
from delivery.network.web.teach import teach_routes
from delivery.network.web.tus import tus_routes
from delivery.network.web.vendor import hls_script
from delivery.network.web.visit import SignInNeeded, VisitOf, local_path, posts, visits
from delivery.network.web.work import work_routes

_log = structlog.get_logger(__name__)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_STATIC = Path(__file__).parent / "static"
_HLS_ADDRESS = "/static/vendor/hls.min.js"

_ERRORS = {
    400: (N_("The request could not be understood."), N_("Go back and try again.")),
    403: (N_("This form is no longer valid."), N_("Open the page again, then send it once more.")),
    404: (
        N_("There is nothing at this address."),
        N_("Check the address, or scan the code on the sheet again."),
    ),
    405: (
        N_("There is nothing at this address."),
        N_("Check the address, or scan the code on the sheet again."),
    ),
    413: (N_("That is too much to send at once."), N_("Send fewer photos at a time, or smaller ones.")),
    429: (N_("Too many requests."), N_("Wait half a minute, then try again.")),
    503: (
        N_("The portal cannot store or find anything at the moment."),
        N_("Nothing was received. Please try again in a few minutes."),
    ),
    500: (N_("Something went wrong here."), N_("Nothing was received. Please try again in a few minutes.")),
}


def create_portal(services: PortalServices) -> FastAPI:
    """The portal as an ASGI application. It owns nothing: database and executor belong to the caller."""
    services = replace(services, catalogue=kept_briefly(services.catalogue, services.clock))
    # Its own redirects would name the host that the request named.
    app = FastAPI(title="tuxa", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    limits = RateLimit(services.clock)
    measures = Measures()
    visit_of = visits(services, limits)
    learner_of = needs(visit_of, Capability.LEARN)
    owner_of = needs(visit_of, Capability.OWN)
    posted_of = posts(learner_of)
    # First: routes are tried in order, and these are asked most.
    app.router.routes += tus_routes(services, learner_of)
    app.include_router(page_routes(services, visit_of, learner_of, posted_of))
    app.include_router(sign_in_routes(services, visit_of, posts(visit_of)))
    app.include_router(oidc_routes(services, visit_of))
    app.include_router(account_routes(services, owner_of, posts(owner_of)))
    app.include_router(sheet_routes(services, visit_of, posted_of))
    app.include_router(receipt_routes(services, learner_of))
    app.include_router(study_routes(services, learner_of, posted_of))
    app.include_router(work_routes(services, learner_of, posted_of))
    app.include_router(course_routes(services, learner_of))
    app.include_router(lesson_routes(services, learner_of, posted_of))
    app.include_router(record_routes(services, learner_of))
    app.include_router(guide_routes(services, visit_of, learner_of))
    overseer_of = needs(visit_of, Capability.OVERSEE)
    app.include_router(opinion_routes(services, owner_of, posts(owner_of), overseer_of, posts(overseer_of)))
    _staff_pages(app, services, visit_of, learner_of)
    app.include_router(health_routes(services, measures))
    app.mount("/api", create_api(services, limits))
    for router in services.routers:
        app.include_router(router)
    _serve_static(app, services.hls_js or hls_script())
    _explain_errors(app, services)
    app.add_middleware(
        Guard,
        limits=limits,
        clock=services.clock,
        resumable_bytes=services.uploads.max_bytes,
        measures=measures,
        https=services.settings.base_url.startswith("https:"),
        render_error=lambda scope, status: _error_page(scope, status, services),
    )
    return app


_NOT_ALLOWED = Refused(
    N_("Your account may not open this page."),
    do=N_("Sign in with another account, or ask an administrator for the right."),
)
CATALOGUE_SECONDS = 2.0
"""How long a loaded catalogue is shown: every page needs it several times, and it rarely changes."""


def _staff_pages(app: FastAPI, services: PortalServices, visit_of: VisitOf, learner_of: VisitOf) -> None:
    """Pages of lecturers, clerks, technicians, managers and administrators."""
    teacher_of = needs(visit_of, Capability.TEACH)
    admin_of = needs(visit_of, Capability.ADMINISTER)
    operator_of = needs(visit_of, Capability.OPERATE)
    staff_of, filer_of = needs(visit_of, Capability.STAFF), needs(visit_of, Capability.FILE)
    app.include_router(
        question_routes(services, learner_of, posts(learner_of), teacher_of, posts(teacher_of))
    )
    app.include_router(teach_routes(services, teacher_of, posts(teacher_of)))
    app.include_router(manage_routes(services, needs(visit_of, Capability.OVERSEE), operator_of))
    app.include_router(desk_routes(services, teacher_of, posts(teacher_of)))
    app.include_router(grade_routes(services, needs(visit_of, Capability.READ_GRADES)))
    app.include_router(staff_routes(services, staff_of, filer_of))
    app.include_router(people_routes(services, admin_of, posts(admin_of)))
    app.include_router(oversight_routes(services, needs(visit_of, Capability.OVERSEE), operator_of))
    app.include_router(regulation_routes(services, needs(visit_of, Capability.OVERSEE)))


def kept_briefly(load: Callable[[], Catalogue], clock: Clock) -> Callable[[], Catalogue]:
    """`load`, asked at most once in :data:`CATALOGUE_SECONDS`. Two threads may both ask; either answer is good."""
    kept: list[tuple[float, Catalogue]] = []

    def catalogue() -> Catalogue:
        now = clock.monotonic()
        if not kept or now - kept[0][0] > CATALOGUE_SECONDS:
            kept[:] = [(now, load())]
        return kept[0][1]

    return catalogue


def _serve_static(app: FastAPI, hls_js: Path | None) -> None:
    """The portal's own files, and hls.js from wherever it is; where it was not fetched, a script that does nothing."""

    @app.get(_HLS_ADDRESS)
    def hls() -> Response:
        if hls_js is None:
            return Response(media_type="text/javascript")
        return FileResponse(hls_js, media_type="text/javascript", headers=_FOR_AN_HOUR)

    app.mount("/static", _Static(directory=_STATIC), name="static")


_FOR_AN_HOUR = {"cache-control": "public, max-age=3600"}


class _Static(StaticFiles):
    """Files that a browser may keep for an hour."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response: Response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers.update(_FOR_AN_HOUR)
        return response


def _explain_errors(app: FastAPI, services: PortalServices) -> None:
    """Every refusal is a page that says what to do, in the reader's language."""

    @app.exception_handler(SignInNeeded)
    def to_sign_in(request: Request, error: Exception) -> Response:
        assert isinstance(error, SignInNeeded)
        then = error.then if request.method in ("GET", "HEAD") else _page_of(error.then, app)
        # A sheet's own address asks for signing in by itself.
        return RedirectResponse(then if then.startswith("/q/") else f"/sign-in?then={quote(then)}", 303)

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, NotAllowed):
            return _error_page(request.scope, 403, services, _NOT_ALLOWED)
        plain = request.url.path.rstrip("/")
        if error.status_code == 404 and request.method == "GET" and plain not in ("", request.url.path):
            return RedirectResponse(quote(local_path(plain)), 303)
        return _error_page(request.scope, error.status_code, services)

    @app.exception_handler(RequestValidationError)
    def not_understood(request: Request, _error: Exception) -> Response:
        return _error_page(request.scope, 400, services)

    @app.exception_handler(TuxaError)
    def refused_with_reason(request: Request, error: Exception) -> Response:
        assert isinstance(error, TuxaError)
        return _error_page(request.scope, 422, services, error)

    @app.exception_handler(Unavailable)
    def later(request: Request, error: Exception) -> Response:
        _log.error("portal.unavailable", reason=str(error))
        return _error_page(request.scope, 503, services)

    @app.exception_handler(OSError)
    def no_room(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        if error.errno not in _NO_ROOM:
            raise error
        _log.error("portal.unavailable", reason=error.strerror)
        return _error_page(request.scope, 503, services)


def _page_of(path: str, app: FastAPI) -> str:
    """Where the form stands that was sent to `path`: the nearest address above it that can be looked at."""
    while path:
        if any("GET" in (route.methods or ()) and route.path_regex.match(path) for route in routes_of(app)):
            return path
        path = path.rpartition("/")[0]
    return "/me"


def routes_of(app: FastAPI) -> list[RouteContext]:
    """Every route of an application, those of its routers too; what is mounted has its own."""
    return [route for route in iter_route_contexts(app.routes) if isinstance(route.original_route, Route)]


def _error_page(
    scope: Scope, status: int, services: PortalServices, error: TuxaError | None = None
) -> Response:
    request = Request(scope)
    wish = request.query_params.get("lang")
    language = chosen_language(wish, request.cookies.get(LANGUAGE_COOKIE), services.settings.lang)
    what, do = _ERRORS.get(status, _ERRORS[400])
    context = {"what": error.what if error else what, "do": error.do if error else do}
    return render("error.html", language, context, status=status)
