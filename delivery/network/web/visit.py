"""One request of one browser: its session, its language, and the forms that it may send."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from delivery.catalogue.kinds import Role
from delivery.errors import TuxaError
from delivery.i18n import Language
from delivery.ids import digest_of
from delivery.network.web.guard import FAILED_GUESS_COST, RateLimit, address_of
from delivery.network.web.navigation import links_for
from delivery.network.web.render import LANGUAGE_COOKIE, chosen_language, hour, render
from delivery.network.web.services import PortalServices
from delivery.network.web.uploads import MAX_FILE_BYTES, MAX_FILES
from delivery.store.api_tokens import ApiToken
from delivery.store.portal_sessions import Session

CSRF_FIELD = "csrf"
_MAX_FIELD_BYTES = 100_000
_LANGUAGE_SECONDS = 365 * 86_400


class SignInNeeded(Exception):
    """The page is for people who are signed in."""

    def __init__(self, then: str) -> None:
        super().__init__("sign in")
        self.then = then


@dataclass(slots=True)
class Visit:
    """What a page needs to know of its request."""

    request: Request
    services: PortalServices
    limits: RateLimit
    session: Session | None
    language: Language
    form_secret: str
    """Secret of this browser from which its forms' tokens are made: the session token, or a cookie before that."""
    new_form_secret: bool = False
    cookies: dict[str, tuple[str, int]] = field(default_factory=dict)
    """To be set with the answer: name -> (value, seconds; 0: until the browser closes, below: remove)."""
    token: ApiToken | None = None
    """The token of a program that acts for the person, instead of a browser's session."""

    @property
    def learner(self) -> str:
        """Learner id of the session. Only for pages behind a capability of learners."""
        assert self.session is not None
        return self.session.learner

    @property
    def staff(self) -> str:
        """Code of the signed-in person of the catalogue; empty for a learner."""
        return self.session.staff if self.session else ""

    @property
    def account(self) -> str:
        """Learner or member of staff. Only for pages that need signing in."""
        assert self.session is not None
        return self.session.account

    @property
    def roles(self) -> frozenset[Role]:
        """Roles by the catalogue as it is now: a role that was taken away ends at once."""
        if self.session is None:
            return frozenset()
        if self.session.learner:
            return frozenset({Role.LEARNER})
        person = self.services.catalogue().people.get(self.session.staff)
        return frozenset(person.roles) if person else frozenset()

    @property
    def csrf(self) -> str:
        return digest_of(("csrf", self.form_secret))

    def page(self, template: str, /, *, status: int = 200, **context: Any) -> Response:
        """Render `template` for this visit."""
        if self.new_form_secret:
            self.cookies[_cookie(self.services, self.request, "form")] = (self.form_secret, 0)
        common = {
            "csrf": self.csrf,
            "signed_in": self.session is not None,
            "is_staff": bool(self.staff),
            "owner": digest_of(("owner", self.session.account))[:16] if self.session else "",
            "nav": links_for(self.roles),
            "institution": _institution(self.services),
            "languages": {code: self._in_language(code) for code in ("vi", "en")},
            "path": self.request.url.path,
        }
        return self.finish(render(template, self.language, {**common, **context}, status=status))

    def hour(self, moment: datetime) -> str:
        """``09:15`` on the clock of Viet Nam."""
        return hour(moment, self.language)

    @property
    def wants_json(self) -> bool:
        """Whether a script of ours asked, and not a form."""
        return self.request.headers.get("accept", "").startswith("application/json")

    def json(self, document: Any, *, status: int = 200) -> Response:
        """A JSON answer for a script of ours."""
        return self.finish(JSONResponse(document, status))

    def redirect(self, path: str) -> Response:
        """See other: the browser asks for `path` next, so that reloading sends nothing twice."""
        return self.finish(RedirectResponse(path, 303))

    def finish(self, response: Response) -> Response:
        for name, (value, seconds) in self.cookies.items():
            response.set_cookie(
                name,
                value,
                max_age=None if seconds == 0 else max(seconds, 0),
                path="/",
                httponly=True,
                samesite="lax",
                secure=is_secure(self.services, self.request),
            )
        return response

    def sign_in(self, session: Session) -> None:
        """Give the browser its session; the one that it had before ends."""
        if self.session is not None:
            self.services.credentials.sessions.sign_out(self.session.token)
        name = _cookie(self.services, self.request, "session")
        left = session.expires_at - self.services.clock.now()
        self.cookies[name] = (session.token, int(left.total_seconds()))

    def cookie_name(self, purpose: str) -> str:
        """Name of a cookie of this portal for one purpose."""
        return _cookie(self.services, self.request, purpose)

    def charge(self) -> None:
        """A wrong guess: take more from the address's bucket."""
        self.limits.take(address_of(self.request.scope), FAILED_GUESS_COST)

    def _in_language(self, code: str) -> str:
        url = self.request.url.include_query_params(lang=code)
        return f"{quote(url.path)}?{url.query}"


VisitOf = Callable[[Request], Visit]


def visits(services: PortalServices, limits: RateLimit) -> VisitOf:
    """The dependency that makes a :class:`Visit`. It runs in a thread: it looks the session up."""

    def visit(request: Request) -> Visit:
        token = request.cookies.get(_cookie(services, request, "session"), "")
        session = services.credentials.sessions.find(token) if token else None
        if session is not None:
            limits.welcome(token)
        before = request.cookies.get(_cookie(services, request, "form"), "")
        secret = session.token if session else before or _fresh_secret(services)
        wish = request.query_params.get("lang")
        made = Visit(
            request,
            services,
            limits,
            session,
            chosen_language(wish, request.cookies.get(LANGUAGE_COOKIE), services.settings.lang),
            secret,
            new_form_secret=session is None and not before,
        )
        if wish == made.language:
            made.cookies[LANGUAGE_COOKIE] = (made.language, _LANGUAGE_SECONDS)
        return made

    return visit


@dataclass(frozen=True, slots=True)
class Posted:
    """A form whose token was right."""

    visit: Visit
    form: FormData

    def text(self, name: str) -> str:
        return _plain(self.form.get(name))

    def texts(self, name: str) -> Sequence[str]:
        """Every value of a field that may come several times."""
        return [_plain(value) for value in self.form.getlist(name) if isinstance(value, str)]

    def files(self, name: str) -> list[bytes]:
        """Bytes of the chosen files, each read to one byte beyond the limit; a field in which nothing was chosen comes
        as a file without name and content."""
        chosen = [item for item in self.form.getlist(name) if isinstance(item, UploadFile)]
        return [file.file.read(MAX_FILE_BYTES + 1) for file in chosen if file.filename or file.size]


def _plain(value: object) -> str:
    """A field's text. No keyboard writes NUL, and PostgreSQL keeps none."""
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


PostedOf = Callable[..., AsyncIterator[Posted]]


def posts(visit_of: VisitOf) -> PostedOf:
    """The dependency that reads a form, after the visit was judged and before the page's own work.

    Raises 403 when the form does not carry this browser's token, or the browser says that another site sent it.
    """

    async def posted(request: Request, visit: Visit = Depends(visit_of)) -> AsyncIterator[Posted]:
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise HTTPException(403)
        limits = {"max_files": MAX_FILES + 2, "max_fields": 120, "max_part_size": _MAX_FIELD_BYTES}
        async with _form(request, limits) as form:
            token = form.get(CSRF_FIELD)
            if visit.new_form_secret or not isinstance(token, str) or not _same(token, visit.csrf):
                raise HTTPException(403)
            yield Posted(visit, form)

    return posted


@asynccontextmanager
async def _form(request: Request, limits: Mapping[str, int]) -> AsyncIterator[FormData]:
    """The form of a request. Raises 413 for more files or fields than may be, 400 for what is no form."""
    try:
        async with request.form(**limits) as form:
            yield form
    except HTTPException as error:
        if error.status_code == 400 and str(error.detail).startswith("Too many"):
            raise HTTPException(413) from error
        raise


def local_path(wish: str) -> str:
    """`wish` if it is a plain path on this host, else the learner's own page: no redirect leads elsewhere."""
    plain = wish.startswith("/") and not wish.startswith("//") and wish.isascii() and wish.isprintable()
    return wish if plain and "\\" not in wish else "/me"


def is_secure(services: PortalServices, request: Request) -> bool:
    return services.settings.base_url.startswith("https:") or request.url.scheme == "https"


def _fresh_secret(services: PortalServices) -> str:
    """A fresh secret for a browser's forms."""
    return services.ids.random_bytes(16).hex()


def _cookie(services: PortalServices, request: Request, purpose: str) -> str:
    """Cookie name; over https with the prefix by which browsers keep other hosts from setting it."""
    return f"__Host-tuxa_{purpose}" if is_secure(services, request) else f"tuxa_{purpose}"


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _institution(services: PortalServices) -> str:
    try:
        return services.catalogue().institution.name
    except TuxaError:
        return ""  # a home without a catalogue still shows its pages
