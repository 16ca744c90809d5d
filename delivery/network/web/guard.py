"""The fence around every page: limits on requests, headers on answers, and a log that names nobody."""

from __future__ import annotations

import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from delivery.clock import Clock
from delivery.network.web.measure import Measures
from delivery.network.web.uploads import MAX_BODY_BYTES

_log = structlog.get_logger(__name__)

SESSION_COOKIE = "tuxa_session"
"""End of the name of the cookie that holds a session's token."""
SMALL_BODY_BYTES = 64_000
DISCARD_BYTES = 60_000_000
"""How much of a body beyond the limit is read and thrown away, so that the browser sees the answer and not a reset."""

# hls.js feeds the player through blob: addresses and runs its demultiplexer in a worker made from one.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    # Addresses hold the tokens of sheets.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "microphone=(), geolocation=()",
}

_ONLY_HTTPS = {"strict-transport-security": "max-age=31536000"}
"""For a year browsers ask this host by https only (RFC 6797)."""

RenderError = Callable[[Scope, int], Response]


@dataclass(slots=True)
class _Bucket:
    level: float
    at: float


@dataclass(slots=True)
class RateLimit:
    """A token bucket per address, and one for each person who has signed in. Whole villages share one address on mobile
    networks: an ordinary request costs little and a failed guess costs much, and nobody who has signed in pays for what
    others do at their address."""

    clock: Clock
    capacity: float = 600.0
    per_second: float = 20.0
    addresses: int = 10_000
    people: int = 20_000
    _people: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _buckets: OrderedDict[str, _Bucket] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, address: str, cost: float = 1.0) -> bool:
        """Take `cost` from the address's bucket; False when it is empty."""
        now = self.clock.monotonic()
        with self._lock:
            bucket = self._buckets.pop(address, None) or _Bucket(self.capacity, now)
            bucket.level = min(self.capacity, bucket.level + (now - bucket.at) * self.per_second)
            bucket.at = now
            self._buckets[address] = bucket
            while len(self._buckets) > self.addresses:
                self._buckets.popitem(last=False)
            if bucket.level < 1:
                return False
            bucket.level = max(0.0, bucket.level - cost)
            return True

    def welcome(self, secret: str) -> None:
        """`secret`, the token of a session or program, was found to be somebody's: it has a bucket of its own now."""
        with self._lock:
            self._people[secret] = None
            self._people.move_to_end(secret)
            while len(self._people) > self.people:
                self._people.popitem(last=False)

    def payer(self, scope: Scope) -> str:
        """Whose bucket a request is taken from: that of the person whose token it carries, else its address's."""
        return next((secret for secret in _secrets(scope) if secret in self._people), "") or address_of(scope)


FAILED_GUESS_COST = 20.0
_UNLIMITED = ("/static/", "/hls/", "/healthz", "/readyz", "/metrics")
_UPLOADS = ("/q/", "/work/", "/api/")
_RESUMABLE = "/uploads"


def address_of(scope: Scope) -> str:
    """The peer's address, for limits only: it is not logged."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def _secrets(scope: Scope) -> Iterator[str]:
    """Tokens that a request carries, whether or not they are anybody's."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            yield value.decode("latin-1").partition(" ")[2].strip()
        elif name == b"cookie":
            for pair in value.decode("latin-1").split(";"):
                cookie, _, content = pair.strip().partition("=")
                if cookie.endswith(SESSION_COOKIE):
                    yield content


class Guard:
    """ASGI middleware: rate and body limits before, security headers and the access log after, and no traceback
    beyond this point."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: RateLimit,
        clock: Clock,
        render_error: RenderError,
        resumable_bytes: int,
        measures: Measures,
        https: bool,
    ) -> None:
        self.app = app
        self._headers = {**_HEADERS, **(_ONLY_HTTPS if https else {})}
        self._resumable_bytes = resumable_bytes
        self._measures = measures
        self._limits = limits
        self._clock = clock
        self._render_error = render_error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, self._headers)
        body = _Body(receive, self._most_bytes(scope["path"]))
        started = self._clock.monotonic()
        try:
            if self._is_limited(scope) and not self._limits.take(self._limits.payer(scope)):
                await self._fail(429, scope, body, answer)
            elif "\x00" in scope["path"] or b"%00" in scope["query_string"]:
                await self._fail(
                    400, scope, body, answer
                )  # nothing has such a name, and PostgreSQL takes none
            else:
                await self.app(scope, body.receive, _after_body(body, scope, answer.send))
        except (
            Exception
        ) as error:  # the edge: whatever it was, the person gets a page and the log gets the place
            _log.error("portal.bug", error=type(error).__name__, where=_places(error))
            if answer.started:
                raise
            await self._fail(500, scope, body, answer)
        finally:
            self._log_access(scope, answer, started)

    def _most_bytes(self, path: str) -> int:
        if path.startswith(_RESUMABLE):
            return self._resumable_bytes
        return MAX_BODY_BYTES if path.startswith(_UPLOADS) else SMALL_BODY_BYTES

    @staticmethod
    def _is_limited(scope: Scope) -> bool:
        """Everything but what a player or a monitor asks for again and again; the first page stays open to all."""
        path: str = scope["path"]
        return path != "/" and not path.startswith(_UNLIMITED)

    async def _fail(self, status: int, scope: Scope, body: _Body, answer: _Answer) -> None:
        response = self._render_error(scope, status)
        if status == 429:
            response.headers["retry-after"] = "30"
        await response(scope, body.receive, _after_body(body, scope, answer.send))

    def _log_access(self, scope: Scope, answer: _Answer, started: float) -> None:
        # The route's pattern, never the path: the path may hold a sheet's token.
        route = getattr(scope.get("route"), "path", "-")
        seconds = self._clock.monotonic() - started
        milliseconds = round(seconds * 1000)
        self._measures.request(scope["method"], route, answer.status, seconds)
        if answer.status < 400 and scope["path"].startswith(_UNLIMITED):
            return  # players and monitors ask thousands of times an hour; the counts tell of them
        _log.info(
            "portal.request",
            method=scope["method"],
            route=route,
            status=answer.status,
            milliseconds=milliseconds,
        )


class _Answer:
    """Adds the headers that every answer carries, unless the page chose its own."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = headers
        self.status = 0
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await self._send(message)


class _Body:
    """Counts a request's body. Beyond the limit it is read on for a while, thrown away, and refused with 413."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._read = 0
        self._whole = False

    async def receive(self) -> Message:
        message = await self._next()
        if self._read > self._limit:
            await self.discard()
            raise HTTPException(413)
        return message

    async def discard(self) -> None:
        """Read and forget what is still to come."""
        while not self._whole and self._read < self._limit + DISCARD_BYTES:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            self._whole = self._whole or not message.get("more_body", False)
        else:
            self._whole = True
        return message


def _after_body(body: _Body, scope: Scope, send: Send) -> Send:
    """A `send` that first lets a request with a body finish, so that a refusal reaches whoever is still sending."""

    async def wait_then_send(message: Message) -> None:
        if message["type"] == "http.response.start" and scope["method"] not in ("GET", "HEAD"):
            await body.discard()
        await send(message)

    return wait_then_send


def _places(error: BaseException) -> list[str]:
    """Where it happened, innermost last. No message and no values: they may name a person."""
    return [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
