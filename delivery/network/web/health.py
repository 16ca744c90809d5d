"""What monitors ask: whether the process lives, whether it can work, and what it has done."""

from __future__ import annotations

from fastapi import APIRouter
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
    def metrics() -> Response:
        gauges = {
            "tuxa_ready": ("Whether the home can be read and written.", float(services.is_ready())),
            "tuxa_locked_codes": (
                "Codes that are locked because somebody guessed.",
                float(services.credentials.locked_codes()),
            ),
        }
        return Response(measures.text(gauges), media_type=CONTENT_TYPE)

    return router
