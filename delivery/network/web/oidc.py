"""Signing in through the institution's own OpenID Connect provider (authorisation code, PKCE, state and nonce), and
being signed out by it (back-channel logout).

Whoever has no code here has no account here.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass

import httpx2
import orjson
import structlog
from fastapi import APIRouter, Depends, Form
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from delivery.errors import N_, Message
from delivery.network.web.provider import BACK, Asked, NotConfirmed, Provider
from delivery.network.web.services import PortalServices
from delivery.network.web.signin import sign_in_page
from delivery.network.web.visit import Visit, VisitOf, local_path
from delivery.store.portal_sessions import SignedInAt

BEGIN = "/sign-in/provider"
OUT = "/sign-in/provider/out"
PURPOSE = "provider"
BEGUN_S = 600
"""How long a person may take at the provider."""
_log = structlog.get_logger(__name__)

_NOT_CONFIRMED = N_("The sign-in service did not confirm who you are.")
_NO_ANSWER = N_("The sign-in service does not answer at the moment. Sign in with your code and PIN.")
_NO_ACCOUNT = N_(
    "The sign-in service knows you, but this portal does not know your code. Ask your university."
)


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps while its owner is at the provider."""

    asked: Asked
    then: str

    def text(self) -> str:
        parts = [self.asked.state, self.asked.nonce, self.asked.verifier, self.then]
        return base64.urlsafe_b64encode(orjson.dumps(parts)).decode()

    @staticmethod
    def read(text: str) -> Begun | None:
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(text))
        except ValueError:
            return None
        if isinstance(parts, list) and len(parts) == 4 and all(isinstance(part, str) for part in parts):
            return Begun(Asked(*parts[:3]), parts[3])
        return None


def oidc_routes(services: PortalServices, visit_of: VisitOf) -> APIRouter:
    """``/sign-in/provider``, where the provider sends people back to, and where it says that somebody signed out."""
    router = APIRouter()
    provider = Provider(services.settings, services.clock)

    def only_with_provider() -> None:
        if not services.settings.oidc_issuer:
            raise HTTPException(404)

    def cookie(visit: Visit) -> str:
        return visit.cookie_name(PURPOSE)

    @router.get(BEGIN, dependencies=[Depends(only_with_provider)])
    @services.lines.elsewhere
    def begin(visit: Visit = Depends(visit_of), then: str = "/me") -> Response:
        begun = Begun(Asked(*(services.ids.random_bytes(32).hex() for _ in range(3))), local_path(then))
        try:
            address = provider.address(begun.asked)
        except (httpx2.HTTPError, ValueError, NotConfirmed) as error:
            _log.error("portal.provider", error=type(error).__name__)
            return sign_in_page(visit, then=begun.then, problem=Message(_NO_ANSWER), status=503)
        visit.cookies[cookie(visit)] = (begun.text(), BEGUN_S)
        return visit.finish(RedirectResponse(address, 303))

    @router.get(BACK, dependencies=[Depends(only_with_provider)])
    @services.lines.elsewhere
    def back(
        visit: Visit = Depends(visit_of), code: str = "", state: str = "", iss: str = "", error: str = ""
    ) -> Response:
        name = cookie(visit)
        begun = Begun.read(visit.request.cookies.get(name, ""))
        visit.cookies[name] = ("", -1)  # whatever comes of it, it is used once
        if begun is None or not hmac.compare_digest(begun.asked.state.encode(), state.encode()):
            return _refused(visit, Message(_NOT_CONFIRMED))
        if error or not code or not provider.is_issuer(iss):
            return _refused(visit, Message(_NOT_CONFIRMED), then=begun.then)
        try:
            person = provider.confirm(code, begun.asked)
        except NotConfirmed as refused:
            return _refused(visit, refused.what, then=begun.then)
        except (httpx2.HTTPError, ValueError):
            return sign_in_page(visit, then=begun.then, problem=Message(_NO_ANSWER), status=503)
        account = services.credentials.account_named(person.code)
        if account is None:
            return _refused(visit, Message(_NO_ACCOUNT), then=begun.then)
        opened = services.credentials.sessions.start(account, at=SignedInAt(person.subject, person.session))
        visit.sign_in(opened)
        return visit.redirect("/staff" if opened.staff and begun.then == "/me" else begun.then)

    @router.post(OUT, dependencies=[Depends(only_with_provider)])
    @services.lines.elsewhere
    def out(visit: Visit = Depends(visit_of), logout_token: str = Form(default="")) -> Response:
        """The provider itself asks, not a browser: what it says is signed, and needs no form's token."""
        try:
            told = provider.signed_out(logout_token)
        except NotConfirmed:
            visit.charge()
            return JSONResponse({"error": "invalid_request"}, 400)
        except (httpx2.HTTPError, ValueError) as error:
            _log.error("portal.provider", error=type(error).__name__)
            return JSONResponse({"error": "temporarily_unavailable"}, 503)
        services.credentials.sessions.end_signed_in_at(SignedInAt(told.subject, told.session))
        return JSONResponse({})

    return router


def _refused(visit: Visit, problem: Message, *, then: str = "/me") -> Response:
    visit.charge()
    return sign_in_page(visit, then=then, problem=problem, status=401)
