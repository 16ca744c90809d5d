"""One's own account: password, sessions on other devices, tokens for programs."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from delivery.errors import N_, Message, TuxaError
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Posted, PostedOf, Visit, VisitOf
from delivery.store.api_tokens import Scope
from delivery.store.credentials import PASSWORD_MIN
from delivery.store.portal_sessions import ident_of

_SCOPES = {
    Scope.READ: N_("Read what I may read"),
    Scope.SUBMIT: N_("Send in work"),
    Scope.TEACH: N_("Mark and answer"),
}


def account_routes(services: PortalServices, owner_of: VisitOf, posted_of: PostedOf) -> APIRouter:
    """``/account``."""
    router = APIRouter()

    @router.get("/account")
    def account(visit: Visit = Depends(owner_of), attempts: int = 0, done: str = "") -> Response:
        return _page(visit, services, attempts=min(max(0, attempts), 9999), done=done)

    @router.post("/account/password")
    @services.lines.proving
    def password(posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        assert visit.session is not None
        new = posted.text("new")
        if new != posted.text("again"):
            problem = Message(N_("The two new passwords are not the same."))
            return _page(visit, services, problem=problem, status=422)
        try:
            services.credentials.set_password(
                visit.account, posted.text("old"), new, keep=visit.session.token
            )
        except TuxaError as error:
            visit.charge()
            return _page(visit, services, problem=error.what, do=error.do, status=422)
        return visit.redirect("/account?done=password")

    @router.post("/account/sessions")
    def end_session(posted: Posted = Depends(posted_of)) -> Response:
        services.credentials.sessions.end(posted.visit.account, posted.text("ident"))
        return posted.visit.redirect("/account")

    @router.post("/account/tokens")
    def make_token(posted: Posted = Depends(posted_of)) -> Response:
        visit = posted.visit
        scopes = frozenset(
            Scope(text) for text in posted.texts("scope") if text in Scope.__members__.values()
        )
        label = posted.text("label")
        if not scopes or not label:
            problem = Message(N_("Give the token a name and at least one right."))
            return _page(visit, services, problem=problem, status=422)
        token = services.tokens.make(visit.account, label=label, scopes=scopes)
        return _page(visit, services, token=token)

    @router.post("/account/tokens/revoke")
    def revoke_token(posted: Posted = Depends(posted_of)) -> Response:
        services.tokens.revoke(posted.visit.account, posted.text("ident"))
        return posted.visit.redirect("/account")

    return router


def _page(
    visit: Visit,
    services: PortalServices,
    *,
    problem: Message | None = None,
    do: Message | None = None,
    token: str = "",
    attempts: int = 0,
    done: str = "",
    status: int = 200,
) -> Response:
    assert visit.session is not None
    return visit.page(
        "account.html",
        sessions=services.credentials.sessions.of(visit.account),
        this=ident_of(visit.session.token),
        tokens=services.tokens.of(visit.account),
        token=token,
        scopes=_SCOPES,
        shortest=PASSWORD_MIN,
        attempts=attempts,
        changed=done == "password",
        problem=problem,
        do=do,
        status=status,
    )
