"""Signing in with student code and PIN, and out."""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Depends
from starlette.responses import Response

from delivery.errors import N_, Message
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf, local_path
from delivery.store.credentials import FREE_ATTEMPTS, SignInRefused

_WRONG = N_("The code, or the PIN or password, is not right.")
_LOCKED = N_("Too many wrong attempts. Try again after {time}.")


def sign_in_routes(services: PortalServices, visit_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/sign-in`` and ``/sign-out``."""
    router = APIRouter()

    @router.get("/sign-in")
    def ask(visit: Visit = Depends(visit_of), then: str = "/me") -> Response:
        then = local_path(then)
        return visit.redirect(then) if visit.session else sign_in_page(visit, then=then)

    @router.post("/sign-in")
    @services.lines.proving
    def sign_in(posted: Posted = Depends(posted_of)) -> Response:
        visit, then = posted.visit, local_path(posted.text("then"))
        remember = posted.text("remember") == "1"
        opened = services.credentials.sign_in(posted.text("code"), posted.text("pin"), remember=remember)
        if isinstance(opened, SignInRefused):
            visit.charge()
            return _refused(visit, opened, then=then, code=posted.text("code"))
        visit.sign_in(opened)
        if opened.failures >= FREE_ATTEMPTS:
            return visit.redirect(f"/account?attempts={opened.failures}")
        return visit.redirect("/staff" if opened.staff and then == "/me" else then)

    @router.post("/sign-out")
    def sign_out(posted: Posted = Depends(posted_of)) -> Response:
        if posted.visit.session:
            services.credentials.sessions.sign_out(posted.visit.session.token)
        return posted.visit.redirect("/")

    return router


def sign_in_page(
    visit: Visit,
    *,
    then: str,
    sheet: bool = False,
    problem: Message | None = None,
    code: str = "",
    status: int = 200,
) -> Response:
    """The form. With `sheet`, it says that a printed sheet brought the person here, but not whose."""
    settings = visit.services.settings
    provider = settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or ""
    return visit.page(
        "sign_in.html",
        then=then,
        sheet=sheet,
        problem=problem,
        code=code,
        provider=provider if settings.oidc_issuer else "",
        status=status,
    )


def _refused(visit: Visit, refused: SignInRefused, *, then: str, code: str) -> Response:
    problem, status = Message(_WRONG), 401
    if refused.locked_until is not None:
        problem, status = Message(_LOCKED, {"time": visit.hour(refused.locked_until)}), 429
    sheet = then.startswith("/q/")
    return sign_in_page(visit, then=then, sheet=sheet, problem=problem, code=code, status=status)
