"""Resumable uploads: the tus protocol, version 1.0.0, with creation, creation-with-upload, termination, expiration and
checksum. What was uploaded is handed in with the form of the sheet or assignment, or removed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from email.utils import format_datetime
from functools import partial
from typing import Any, Protocol

import structlog
from anyio import fail_after
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from delivery.errors import Refused
from delivery.network.web.access import AskingRoute
from delivery.network.web.intake import read_upload
from delivery.network.web.lines import Line
from delivery.network.web.services import PortalServices
from delivery.network.web.visit import Visit, VisitOf
from delivery.store.uploads import Appender, Busy, Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,termination,expiration,checksum"
CHECKSUMS = ("sha1", "sha256")
OFFSET_TYPE = "application/offset+octet-stream"
SILENCE_S = 90.0
"""How long a sender may send nothing that is worth waking for: 48 kB over the poorest line. A phone that went to
another network tells nobody that its old line is dead, and would find its upload taken for hours."""
_PURPOSES = ("work",)
_log = structlog.get_logger(__name__)


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


def tus_routes(services: PortalServices, sender_of: VisitOf) -> list[Route]:
    """``/uploads`` and ``/uploads/{ident}``.

    Plain routes of Starlette: they are asked a dozen times for each piece of work, and what FastAPI adds to a
    page would cost more than what they do.
    """

    def known(request: Request) -> Upload | Response:
        """The upload that a request is about, or why it is none of ours."""
        visit = sender_of(request)
        return _refusal(request) or _known(request.path_params["ident"], visit, services)

    def abilities(_request: Request) -> Response:
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
            "Tus-Max-Size": str(services.uploads.max_bytes),
        }
        return _answer(204, headers)

    async def create(request: Request) -> Response:
        upload = await services.lines.beginning.run(_begun, request, sender_of, services)
        if isinstance(upload, Response):
            return upload
        headers = {"Location": f"/uploads/{upload.ident}", **_expires(upload)}
        if request.headers.get("content-type") != OFFSET_TYPE:
            return _answer(201, headers)
        appended = await _append(request, lambda: upload, services)
        return _answer(
            201 if appended.status_code == 204 else appended.status_code, {**_offset(appended), **headers}
        )

    def progress(request: Request) -> Response:
        upload = known(request)
        if isinstance(upload, Response):
            return upload
        headers = {
            "Upload-Offset": str(services.uploads.offset(upload)),
            "Upload-Length": str(upload.length),
            "Cache-Control": "no-store",
            **_expires(upload),
        }
        return _answer(200, headers)

    async def append(request: Request) -> Response:
        return await _append(request, lambda: _to_append(request, sender_of, services), services)

    async def overridden(request: Request) -> Response:
        """For networks that only let GET and POST through."""
        method = request.headers.get("x-http-method-override", "").upper()
        if method == "PATCH":
            return await append(request)
        if method == "DELETE":
            return await services.lines.beginning.run(remove, request)
        await services.lines.beginning.run(sender_of, request)
        return _answer(405)

    def remove(request: Request) -> Response:
        upload = known(request)
        if isinstance(upload, Response):
            return upload
        services.uploads.remove(upload)
        return _answer(204)

    def reading(request: Request) -> Response:
        """What the codes on an uploaded picture say, so that a wrong sheet is noticed at once."""
        visit = sender_of(request)
        upload = _known(request.path_params["ident"], visit, services)
        # Handed in before: its bytes are not here any more, and its receipt says what it was.
        return visit.json({"pages": []} if upload.result else read_upload(upload, visit, services))

    one = "/uploads/{ident}"
    asked = partial(AskingRoute, sender_of)
    return [
        AskingRoute(None, "/uploads", abilities, "OPTIONS"),
        AskingRoute(None, one, abilities, "OPTIONS"),
        asked("/uploads", create, "POST"),
        asked(one, services.lines.beginning(progress), "HEAD"),
        asked(one, append, "PATCH"),
        asked(one, overridden, "POST"),
        asked(one, services.lines.beginning(remove), "DELETE"),
        asked("/uploads/{ident}/reading", services.lines.slow(reading), "GET"),
    ]


def _begun(request: Request, sender_of: VisitOf, services: PortalServices) -> Upload | Response:
    """A new upload, or why there is none."""
    visit = sender_of(request)
    if refusal := _refusal(request):
        return refusal
    length = _number(request.headers.get("upload-length"))
    if length is None or length < 1:
        return _answer(400)
    if length > services.uploads.max_bytes:
        return _answer(413)
    purpose = _metadata(request).get("purpose", _PURPOSES[0])
    try:
        return services.uploads.create(
            visit.account, length=length, purpose=purpose if purpose in _PURPOSES else _PURPOSES[0]
        )
    except Refused:
        return _answer(429)


def _to_append(request: Request, sender_of: VisitOf, services: PortalServices) -> Upload | Response:
    """The upload that a request wants to go on with, or why it may not."""
    visit = sender_of(request)
    if refusal := _refusal(request):
        return refusal
    if request.headers.get("content-type") != OFFSET_TYPE:
        return _answer(415)
    upload = _known(request.path_params["ident"], visit, services)
    return _answer(410) if upload.result else upload


async def _append(
    request: Request, find: Callable[[], Upload | Response], services: PortalServices
) -> Response:
    """Take the request's body from where the sender says it goes on.

    Files are touched in threads only, and as seldom as can be: once before the first byte, once after the last.
    """
    turn = await services.lines.keeping.run(_turn, request, find, services)
    if isinstance(turn, Response):
        return turn
    with closing(turn.appender):
        return await _receive(request, turn, services.lines.keeping)


@dataclass(frozen=True, slots=True)
class _Turn:
    """A request whose turn it is to append."""

    upload: Upload
    appender: Appender
    checksum: tuple[_Digest, bytes] | None


def _turn(
    request: Request, find: Callable[[], Upload | Response], services: PortalServices
) -> _Turn | Response:
    upload = find()
    if isinstance(upload, Response):
        return upload
    checksum = _checksum(request)
    if isinstance(checksum, Response):
        return checksum
    try:
        appender = services.uploads.appending(upload)
    except Busy:
        return _answer(423)
    except FileNotFoundError:
        return _answer(404)
    if _number(request.headers.get("upload-offset", "0")) != appender.offset:
        appender.close()
        return _answer(409)
    return _Turn(upload, appender, checksum)


async def _receive(request: Request, turn: _Turn, line: Line) -> Response:
    appender, checksum = turn.appender, turn.checksum
    stream = request.stream()
    try:
        while True:
            with fail_after(SILENCE_S):
                chunk = await anext(stream, None)
            if chunk is None:
                break
            if checksum:
                checksum[0].update(chunk)
            if appender.only_gathers(len(chunk)):
                appender.write(chunk)
            else:
                await line.run(appender.write, chunk)
    except (ClientDisconnect, TimeoutError):
        # What came is kept: the sender asks for the offset and goes on there, perhaps over another line already.
        await line.run(appender.undo if checksum else appender.finish)
        return _answer(400)
    except ValueError:
        await line.run(appender.undo)
        return _answer(413)
    if checksum and not hmac.compare_digest(checksum[0].digest(), checksum[1]):
        await line.run(appender.undo)
        return _answer(460)
    offset = await line.run(appender.finish)
    return _answer(204, {"Upload-Offset": str(offset), **_expires(turn.upload)})


def _checksum(request: Request) -> tuple[_Digest, bytes] | Response | None:
    given = request.headers.get("upload-checksum")
    if given is None:
        return None
    name, _, value = given.partition(" ")
    try:
        if name in CHECKSUMS:
            return hashlib.new(name), base64.b64decode(value, validate=True)
    except binascii.Error:
        pass
    return _answer(400)


def _known(ident: str, visit: Visit, services: PortalServices) -> Upload:
    upload = services.uploads.get(visit.account, ident)
    if upload is None:
        raise HTTPException(404)
    return upload


def _refusal(request: Request) -> Response | None:
    """Why this is no request of ours. The header of the protocol cannot be sent by a form of another site; where a
    browser says which site asks, that is believed too."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return _answer(403)
    if request.headers.get("tus-resumable") != VERSION:
        return _answer(412, {"Tus-Version": VERSION})
    return None


def _answer(status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **(headers or {})})


def _expires(upload: Upload) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _offset(answer: Response) -> dict[str, str]:
    offset = answer.headers.get("upload-offset")
    return {"Upload-Offset": offset} if offset else {}


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 15 else None


def _metadata(request: Request) -> dict[str, str]:
    """Names of the metadata with their decoded texts; what cannot be decoded is left out."""
    out: dict[str, Any] = {}
    for pair in request.headers.get("upload-metadata", "").split(","):
        name, _, value = pair.strip().partition(" ")
        try:
            out[name] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
    return out
