"""uvicorn as the portal needs it: no access log of its own, because addresses hold the tokens of sheets."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

GRACE_SECONDS = 3
"""How long open requests may take to finish once the server is told to stop."""


def make_server(app: FastAPI, *, host: str, port: int) -> uvicorn.Server:
    """A server that the caller runs (``server.run()``) and stops (``server.should_exit = True``)."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
    )
    return uvicorn.Server(config)
