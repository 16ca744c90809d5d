"""What monitors ask: whether the process lives, whether it can work, and what it has done."""

from __future__ import annotations

import hmac
from ipaddress import ip_address

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from delivery.network.web.measure import CONTENT_TYPE, Measures
from delivery.network.web.services import PortalServices


def health_routes(services: PortalServices, measures: Measures) -> APIRouter:
    """``/healthz``, ``/readyz`` and ``/metrics``. No answer names a person."""
    router = APIRouter()

    @router.get("/healthz")
    def healthz() -> Response:
        return JSONResponse({"ok": True})

    @router.get("/readyz")
    def readyz() -> Response:
        ready = services.is_ready()
        return JSONResponse({"ok": ready}, 200 if ready else 503)

    @router.get("/metrics")
    def metrics(request: Request) -> Response:
        if not _may_measure(request, services.settings.metrics_token):
            raise HTTPException(404)
        gauges = {
            "tuxa_ready": ("Whether the home can be read and written.", float(services.is_ready())),
            "tuxa_locked_codes": (
                "Codes that are locked because somebody guessed.",
                float(services.credentials.locked_codes()),
            ),
        }
        return Response(measures.text(gauges), media_type=CONTENT_TYPE)

    return router


def _may_measure(request: Request, token: str) -> bool:
    """Whether a program may read the counts: with the token of the settings; without one, from this machine only. What
    came through a proxy did not come from this machine, wherever the proxy runs."""
    if token:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        return kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
