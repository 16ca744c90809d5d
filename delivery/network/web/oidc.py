"""Signing in through the institution's own OpenID Connect provider: authorisation code, PKCE, state and nonce.

Who somebody is here is told by one claim that holds the code of the student or the member of staff: never by a name or
a mail address, which people can choose. Whoever has no code here has no account here.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from fastapi import APIRouter, Depends
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from delivery.errors import N_, Message, Refused
from delivery.network.web.services import PortalServices
from delivery.network.web.signin import sign_in_page
from delivery.network.web.visit import Visit, VisitOf, local_path

BACK = "/sign-in/provider/back"
BEGIN = "/sign-in/provider"
PURPOSE = "provider"
WAIT_S = 10.0
"""How long the provider may take to answer one request."""
BEGUN_S = 600
"""How long a person may take at the provider."""
KEPT_S = 3600.0
"""How long what the provider says of itself is kept; keys are fetched again at once when one is unknown."""
LEEWAY_S = 60
"""By how much the clocks of provider and portal may differ."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key only: ``none`` and shared secrets are not believed."""
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WELL_KNOWN = "/.well-known/openid-configuration"
_log = structlog.get_logger(__name__)

_NOT_CONFIRMED = N_("The sign-in service did not confirm who you are.")
_NO_ANSWER = N_("The sign-in service does not answer at the moment. Sign in with your code and PIN.")
_NO_ACCOUNT = N_(
    "The sign-in service knows you, but this portal does not know your code. Ask your university."
)
_AGAIN = N_("Try again, or sign in with your code and PIN.")


class NotConfirmed(Refused):
    """The provider's answer proves nothing."""

    def __init__(self) -> None:
        super().__init__(_NOT_CONFIRMED, do=_AGAIN)


@dataclass(frozen=True, slots=True)
class Begun:
    """What the browser keeps while its owner is at the provider."""

    state: str
    nonce: str
    verifier: str
    then: str

    def text(self) -> str:
        return base64.urlsafe_b64encode(
            orjson.dumps([self.state, self.nonce, self.verifier, self.then])
        ).decode()

    @staticmethod
    def read(text: str) -> Begun | None:
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(text))
        except ValueError:
            return None
        if isinstance(parts, list) and len(parts) == 4 and all(isinstance(part, str) for part in parts):
            return Begun(*parts)
        return None


class Provider:
    """One provider, by its issuer's address."""

    def __init__(self, services: PortalServices) -> None:
        settings = services.settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._claim = settings.oidc_claim
        self._settings = settings
        self._clock = services.clock
        self._lock = Lock()
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    def address(self, begun: Begun) -> str:
        """Where the browser goes to sign in."""
        document, _ = self._metadata()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=begun.state,
                nonce=begun.nonce,
                code_verifier=begun.verifier,
            )
        return str(url)

    def code_of(self, grant: str, begun: Begun) -> str:
        """The code of whoever signed in. Raises NotConfirmed; httpx2.HTTPError when the provider does not answer."""
        document, keys = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    document["token_endpoint"], code=grant, code_verifier=begun.verifier
                )
            claims = self._claims(str(token["id_token"]), keys, begun.nonce)
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as error:
            _log.warning("portal.provider", error=type(error).__name__)
            raise NotConfirmed from error
        code = claims.get(self._claim)
        if not isinstance(code, str) or not code:
            raise NotConfirmed
        return code

    def is_issuer(self, said: str) -> bool:
        """Whether an answer that names its issuer (RFC 9207) comes from this one."""
        return not said or said.rstrip("/") == self._issuer

    def _claims(self, token: str, keys: KeySet, nonce: str) -> Mapping[str, Any]:
        try:
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys since.
            _, keys = self._metadata(fresh=True)
            decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
        options = {
            "iss": {"essential": True, "values": [self._issuer, f"{self._issuer}/"]},
            "aud": {"essential": True, "value": self._client_id},
            "exp": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
        }
        params = {"nonce": nonce, "client_id": self._client_id}
        claims = CodeIDToken(decoded.claims, decoded.header, options, params)
        claims.validate(now=int(self._clock.now().timestamp()), leeway=LEEWAY_S)
        return dict(decoded.claims)

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._secret or None,
            scope="openid profile",
            redirect_uri=self._settings.base_url + BACK,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            timeout=WAIT_S,
            trust_env=False,
        )

    def _metadata(self, *, fresh: bool = False) -> tuple[dict[str, Any], KeySet]:
        """What the provider says of itself, and its keys. Raises NotConfirmed when it names another issuer."""
        with self._lock:
            now = self._clock.monotonic()
            if self._known is not None and not fresh and now - self._known[0] < KEPT_S:
                return self._known[1], self._known[2]
            with httpx2.Client(timeout=WAIT_S, trust_env=False) as client:
                document = client.get(_safe(self._issuer + _WELL_KNOWN)).raise_for_status().json()
                if str(document.get("issuer", "")).rstrip("/") != self._issuer:
                    raise NotConfirmed
                for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                    _safe(str(document.get(name, "")))
                keys = KeySet.import_key_set(client.get(document["jwks_uri"]).raise_for_status().json())
            self._known = (now, document, keys)
            return document, keys


def oidc_routes(services: PortalServices, visit_of: VisitOf) -> APIRouter:
    """``/sign-in/provider`` and where the provider sends people back to."""
    router = APIRouter()
    provider = Provider(services)

    def cookie(visit: Visit) -> str:
        return visit.cookie_name(PURPOSE)

    @router.get(BEGIN)
    @services.slow
    def begin(visit: Visit = Depends(visit_of), then: str = "/me") -> Response:
        if not services.settings.oidc_issuer:
            raise HTTPException(404)
        state, nonce, verifier = (services.ids.random_bytes(32).hex() for _ in range(3))
        begun = Begun(state, nonce, verifier, local_path(then))
        try:
            address = provider.address(begun)
        except (httpx2.HTTPError, ValueError, NotConfirmed) as error:
            _log.error("portal.provider", error=type(error).__name__)
            return sign_in_page(visit, then=begun.then, problem=Message(_NO_ANSWER), status=503)
        visit.cookies[cookie(visit)] = (begun.text(), BEGUN_S)
        return visit.finish(RedirectResponse(address, 303))

    @router.get(BACK)
    @services.slow
    def back(
        visit: Visit = Depends(visit_of), code: str = "", state: str = "", iss: str = "", error: str = ""
    ) -> Response:
        if not services.settings.oidc_issuer:
            raise HTTPException(404)
        name = cookie(visit)
        begun = Begun.read(visit.request.cookies.get(name, ""))
        visit.cookies[name] = ("", -1)  # whatever comes of it, it is used once
        if begun is None or not hmac.compare_digest(begun.state.encode(), state.encode()):
            return _refused(visit, Message(_NOT_CONFIRMED))
        if error or not code or not provider.is_issuer(iss):
            return _refused(visit, Message(_NOT_CONFIRMED), then=begun.then)
        try:
            person = provider.code_of(code, begun)
        except NotConfirmed as refused:
            return _refused(visit, refused.what, then=begun.then)
        except (httpx2.HTTPError, ValueError):
            return sign_in_page(visit, then=begun.then, problem=Message(_NO_ANSWER), status=503)
        account = services.credentials.account_named(person)
        if account is None:
            return _refused(visit, Message(_NO_ACCOUNT), then=begun.then)
        opened = services.credentials.open_for(account)
        visit.sign_in(opened)
        return visit.redirect("/staff" if opened.staff and begun.then == "/me" else begun.then)

    return router


def _refused(visit: Visit, problem: Message, *, then: str = "/me") -> Response:
    visit.charge()
    return sign_in_page(visit, then=then, problem=problem, status=401)


def _safe(address: str) -> str:
    """An address that secrets may travel to: https, or this machine. Raises ValueError."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("the provider's addresses must begin with https://")
    return address
