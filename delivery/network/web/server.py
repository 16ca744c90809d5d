"""uvicorn as the portal needs it: no access log of its own, because addresses hold the tokens of sheets."""

from __future__ import annotations

import logging

import uvicorn
from fastapi import FastAPI

GRACE_SECONDS = 3
"""How long open requests may take to finish once the server is told to stop."""


def make_server(
    app: FastAPI, *, host: str, port: int, proxies: str = "", certificate: str = "", key: str = ""
) -> uvicorn.Server:
    """A server that the caller runs (``server.run()``) and stops (``server.should_exit = True``).

    Headers by which a proxy tells who asked are believed from the addresses in `proxies` only; from nobody when it is
    empty. `certificate` and `key` are PEM files; with them it speaks https.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        lifespan="off",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
    )
    # `access_log=False` only takes its handlers away; whoever adds one later would log addresses.
    logging.getLogger("uvicorn.access").disabled = True
    return uvicorn.Server(config)
