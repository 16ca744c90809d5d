"""The institution's own OpenID Connect provider, as this portal sees it: where to sign in, who somebody is, and who was
signed out there.

Who somebody is here is told by one claim that holds the code of the student or the member of staff: never by a name or
a mail address, which people can choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from delivery.clock import Clock
from delivery.errors import N_, Refused
from delivery.settings import Settings

BACK = "/sign-in/provider/back"
WAIT_S = 10.0
"""How long the provider may take to answer one request."""
KEPT_S = 3600.0
"""How long what the provider says of itself is kept."""
AGAIN_S = 10.0
"""How soon it is asked again when a signature fits none of its keys: it may have changed them, or somebody guesses."""
LEEWAY_S = 60
"""By how much the clocks of provider and portal may differ."""
LOGOUT_S = 600
"""How old a notice may be that somebody signed out: a provider that gets no answer sends it again for some minutes."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
"""Signatures with a public key only: ``none`` and shared secrets are not believed."""
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_WELL_KNOWN = "/.well-known/openid-configuration"
_log = structlog.get_logger(__name__)


class NotConfirmed(Refused):
    """The provider's answer proves nothing."""

    def __init__(self) -> None:
        super().__init__(
            N_("The sign-in service did not confirm who you are."),
            do=N_("Try again, or sign in with your code and PIN."),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """Secrets of one sign-in, which its answer has to prove that it knows."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Who signed in at the provider. `subject` and `session` name them in its later notices."""

    code: str
    subject: str
    session: str


@dataclass(frozen=True, slots=True)
class SignedOut:
    """Whose sessions end: those of one sign-in at the provider or, without `session`, all of `subject`."""

    subject: str
    session: str


class Provider:
    """One provider, by its issuer's address."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._claim = settings.oidc_claim
        self._settings = settings
        self._clock = clock
        self._lock = Lock()
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    def address(self, asked: Asked) -> str:
        """Where the browser goes to sign in."""
        document, _ = self._metadata()
        with self._client() as client:
            url, _ = client.create_authorization_url(
                document["authorization_endpoint"],
                state=asked.state,
                nonce=asked.nonce,
                code_verifier=asked.verifier,
            )
        return str(url)

    def confirm(self, grant: str, asked: Asked) -> Confirmed:
        """Who signed in. Raises NotConfirmed; httpx2.HTTPError when the provider does not answer."""
        document, _ = self._metadata()
        try:
            with self._client() as client:
                token = client.fetch_token(
                    document["token_endpoint"], code=grant, code_verifier=asked.verifier
                )
            claims = self._identity(str(token["id_token"]), asked.nonce)
        except (AuthlibBaseError, JoseError, KeyError, TypeError, ValueError) as error:
            _log.warning("portal.provider", error=type(error).__name__)
            raise NotConfirmed from error
        code = claims.get(self._claim)
        if not isinstance(code, str) or not code:
            raise NotConfirmed
        return Confirmed(code, _text(claims, "sub"), _text(claims, "sid"))

    def signed_out(self, token: str) -> SignedOut:
        """Whom a notice names (OpenID Connect Back-Channel Logout 1.0, section 2.6).

        Raises NotConfirmed for anything but a fresh notice of this provider for this portal; httpx2.HTTPError when the
        provider's keys are needed and it does not answer.
        """
        now = int(self._clock.now().timestamp())
        try:
            claims = self._decoded(token).claims
            jwt.JWTClaimsRegistry(
                now=now,
                leeway=LEEWAY_S,
                iss={"essential": True, "values": self._issuers},
                aud={"essential": True, "value": self._client_id},
                iat={"essential": True},
                jti={"essential": True},
                exp={"essential": False},
            ).validate(claims)
        except (JoseError, TypeError, ValueError) as error:
            raise NotConfirmed from error
        told = SignedOut(_text(claims, "sub"), _text(claims, "sid"))
        events = claims.get("events")
        is_notice = isinstance(events, Mapping) and isinstance(events.get(_LOGOUT_EVENT), Mapping)
        # A nonce would make it an identity token, which is shown to browsers and must not sign anybody out.
        if (
            not is_notice
            or "nonce" in claims
            or now - int(claims["iat"]) > LOGOUT_S
            or not any((told.subject, told.session))
        ):
            raise NotConfirmed
        return told

    def is_issuer(self, said: str) -> bool:
        """Whether an answer that names its issuer (RFC 9207) comes from this one."""
        return not said or said.rstrip("/") == self._issuer

    @property
    def _issuers(self) -> list[str]:
        return [self._issuer, f"{self._issuer}/"]

    def _decoded(self, token: str) -> Token:
        """A token whose signature is the provider's; nothing else in it is judged yet."""
        _, keys = self._metadata()
        try:
            return jwt.decode(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            # The provider may have changed its keys since.
            _, keys = self._metadata(fresh=True)
            return jwt.decode(token, keys, algorithms=ALGORITHMS)

    def _identity(self, token: str, nonce: str) -> Mapping[str, Any]:
        decoded = self._decoded(token)
        options = {
            "iss": {"essential": True, "values": self._issuers},
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
            if self._known is not None and now - self._known[0] < (AGAIN_S if fresh else KEPT_S):
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


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _safe(address: str) -> str:
    """An address that secrets may travel to: https, or this machine. Raises ValueError."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError("the provider's addresses must begin with https://")
    return address
