"""Playlists and segments over HTTP, for browsers and any cache in front."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import structlog
from fastapi import APIRouter, Request, Response

from delivery.errors import NotFound, TuxaError

PLAYLIST_TYPE = "application/vnd.apple.mpegurl"
SEGMENT_TYPE = "video/mp2t"
_LOOPBACK = re.compile(r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?")
_log = structlog.get_logger(__name__)


class HlsProvider(Protocol):
    """What the router serves; :class:`delivery.broadcast.playout.playout.Playout` is one."""

    def master(self, channel_code: str) -> str: ...

    def playlist(self, channel_code: str, rendition: str) -> str: ...

    def segment(self, channel_code: str, rendition: str, sequence: int) -> bytes: ...


def hls_router(provider: HlsProvider) -> APIRouter:
    """Routes under ``/hls/{channel}``. A playlist may be kept for a second, a segment for ever: it never changes."""
    router = APIRouter(prefix="/hls", include_in_schema=False)

    @router.api_route("/{channel}/master.m3u8", methods=["GET", "HEAD"])
    def master_playlist(request: Request, channel: str) -> Response:
        return _answer(request, lambda: provider.master(channel).encode(), PLAYLIST_TYPE, "public, max-age=5")

    @router.api_route("/{channel}/{rendition}.m3u8", methods=["GET", "HEAD"])
    def media_playlist(request: Request, channel: str, rendition: str) -> Response:
        return _answer(
            request,
            lambda: provider.playlist(channel, rendition).encode(),
            PLAYLIST_TYPE,
            "public, max-age=1",
        )

    @router.api_route("/{channel}/{rendition}/{sequence}.ts", methods=["GET", "HEAD"])
    def segment(request: Request, channel: str, rendition: str, sequence: str) -> Response:
        number = int(sequence) if sequence.isascii() and sequence.isdigit() and len(sequence) < 16 else -1
        return _answer(
            request,
            lambda: provider.segment(channel, rendition, number),
            SEGMENT_TYPE,
            "public, max-age=31536000, immutable",
        )

    return router


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
