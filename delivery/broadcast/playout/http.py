"""Playlists and segments over HTTP, for browsers and any cache in front."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog
from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from delivery.errors import NotFound, TuxaError

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/mp2t"
CAPTIONS_TYPE = "text/vtt; charset=utf-8"
_CAPTIONS = "captions-"
_FOR_A_SECOND = "public, max-age=1"
_FOR_EVER = "public, max-age=31536000, immutable"
_FOR_A_MINUTE = "public, max-age=60"
_PLAYLIST_HEADERS = (
    (b"content-type", PLAYLIST_TYPE.encode()),
    (b"cache-control", _FOR_A_SECOND.encode()),
    (b"vary", b"Origin"),
)
_LOOPBACK = re.compile(r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
_log = structlog.get_logger(__name__)


class HlsProvider(Protocol):
    """What the router serves; :class:`delivery.broadcast.playout.playout.Playout` is one."""

    def master(self, channel_code: str) -> str: ...

    def playlist(self, channel_code: str, rendition: str) -> str: ...

    def held_playlist(self, channel_code: str, rendition: str) -> bytes | None: ...

    def segment(self, channel_code: str, rendition: str, sequence: int) -> bytes: ...

    def captions(self, channel_code: str, language: str) -> str: ...

    def caption_segment(self, channel_code: str, language: str, sequence: int) -> bytes: ...

    def later_master(self, channel_code: str, airing_id: str) -> str: ...

    def later_playlist(self, channel_code: str, airing_id: str, name: str) -> str: ...

    def later_segment(self, channel_code: str, airing_id: str, name: str, number: int) -> bytes: ...


class HeldPlaylists:
    """ASGI middleware: media playlists that are held for this moment are answered before anything else is looked at.

    Every viewer asks for one every few seconds. All that it costs is here: no routes, no thread, no object for the
    request or its answer. The rest is left to :func:`hls_router`.
    """

    def __init__(self, app: ASGIApp, *, provider: HlsProvider) -> None:
        self._app = app
        self._provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = self._held(scope) if scope["type"] == "http" else None
        if held is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = _MEDIA_PLAYLIST
        headers = [*_PLAYLIST_HEADERS, (b"content-length", b"%d" % len(held))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": held})

    def _held(self, scope: Scope) -> bytes | None:
        path: str = scope["path"]
        if not (path.startswith("/hls/") and path.endswith(".m3u8")) or scope["method"] != "GET":
            return None
        if any(name == b"origin" for name, _ in scope["headers"]):
            return None
        channel, _, name = path[5:-5].partition("/")
        return self._provider.held_playlist(channel, name)


@dataclass(frozen=True, slots=True)
class _Route:
    """As whoever counts requests by their routes wants it."""

    path: str


_MEDIA_PLAYLIST = _Route("/hls/{channel}/{rendition}.m3u8")


def hls_router(provider: HlsProvider) -> APIRouter:
    """Routes under ``/hls/{channel}``. A playlist may be kept for a second, a segment for ever: it never changes."""
    router = APIRouter(prefix="/hls", include_in_schema=False)

    @router.api_route("/{channel}/master.m3u8", methods=["GET", "HEAD"])
    def master_playlist(request: Request, channel: str) -> Response:
        return _answer(request, lambda: provider.master(channel).encode(), PLAYLIST_TYPE, "public, max-age=5")

    @router.api_route("/{channel}/{rendition}.m3u8", methods=["GET", "HEAD"])
    def media_playlist(request: Request, channel: str, rendition: str) -> Response:
        language = rendition.removeprefix(_CAPTIONS)

        def made() -> bytes:
            if language == rendition:
                return provider.playlist(channel, rendition).encode()
            return provider.captions(channel, language).encode()

        return _answer(request, made, PLAYLIST_TYPE, _FOR_A_SECOND)

    @router.api_route("/{channel}/{rendition}/{sequence}.ts", methods=["GET", "HEAD"])
    def segment(request: Request, channel: str, rendition: str, sequence: str) -> Response:
        number = _number(sequence)
        return _answer(request, lambda: provider.segment(channel, rendition, number), SEGMENT_TYPE, _FOR_EVER)

    @router.api_route("/{channel}/captions-{language}/{sequence}.vtt", methods=["GET", "HEAD"])
    def caption_segment(request: Request, channel: str, language: str, sequence: str) -> Response:
        number = _number(sequence)
        return _answer(
            request, lambda: provider.caption_segment(channel, language, number), CAPTIONS_TYPE, _FOR_EVER
        )

    later = "/{channel}/later/{airing}"

    @router.api_route(later + "/master.m3u8", methods=["GET", "HEAD"])
    def later_master(request: Request, channel: str, airing: str) -> Response:
        return _answer(
            request, lambda: provider.later_master(channel, airing).encode(), PLAYLIST_TYPE, _FOR_A_MINUTE
        )

    @router.api_route(later + "/{name}.m3u8", methods=["GET", "HEAD"])
    def later_playlist(request: Request, channel: str, airing: str, name: str) -> Response:
        return _answer(
            request,
            lambda: provider.later_playlist(channel, airing, name).encode(),
            PLAYLIST_TYPE,
            _FOR_A_MINUTE,
        )

    @router.api_route(later + "/{name}/{sequence}.{kind}", methods=["GET", "HEAD"])
    def later_segment(
        request: Request, channel: str, airing: str, name: str, sequence: str, kind: str
    ) -> Response:
        number = _number(sequence)
        media_type = CAPTIONS_TYPE if kind == "vtt" else SEGMENT_TYPE
        # Approval may be withdrawn: nobody keeps it for longer than an hour.
        return _answer(
            request,
            lambda: provider.later_segment(channel, airing, name, number),
            media_type,
            "public, max-age=3600",
        )

    return router


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1


def _answer(request: Request, content: Callable[[], bytes], media_type: str, caching: str) -> Response:
    headers = _cross_origin(request)
    try:
        body = content()
    except NotFound:
        return Response(status_code=404, headers={**headers, "Cache-Control": "no-store"})
    except TuxaError as error:
        _log.error("not-served", path=request.url.path, reason=str(error))
        return Response(status_code=503, headers={**headers, "Cache-Control": "no-store", "Retry-After": "2"})
    return Response(body, media_type=media_type, headers={**headers, "Cache-Control": caching})


def _cross_origin(request: Request) -> dict[str, str]:
    """Pages of this machine may read across ports; no other site may."""
    origin = request.headers.get("origin", "")
    headers = {"Vary": "Origin"}
    if _LOOPBACK.fullmatch(origin):
        headers["Access-Control-Allow-Origin"] = origin
    return headers
