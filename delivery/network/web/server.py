"""uvicorn as the portal needs it: no access log of its own, because addresses hold the tokens of sheets."""

from __future__ import annotations

import logging

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

GRACE_SECONDS = 3
"""How long open requests may take to finish once the server is told to stop."""
MOST_HEAD_BYTES = 64 * 1024
"""Of a request before its body: the address and the headers."""


GATHERED_BYTES = 48 * 1024
"""Of a body before its reader is woken: less than what uvicorn keeps before it stops reading (64 KiB)."""


class BoundedHttp(HttpToolsProtocol):
    """HTTP by httptools, which is three times as fast as Python's own and would take headers without an end.

    A thousand phones send a body in handfuls of packets. Its reader is woken for what is worth it, and for the end.
    """

    _told = 0
    """Bytes of the address and of whole headers."""
    _more = 0
    """Bytes that came after those with which the request began."""
    _has_head = True

    def on_message_begin(self) -> None:
        """A request begins."""
        self._told = self._more = 0
        self._has_head = False
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of its address."""
        self._told += len(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A whole header."""
        self._told += len(name) + len(value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        if len(self.cycle.body) + len(body) >= GATHERED_BYTES:
            super().on_body(body)
        elif not (self.cycle.response_complete or (self.parser.should_upgrade() and self._should_upgrade())):
            self.cycle.body += body

    def connection_lost(self, exc: Exception | None) -> None:
        """It broke. What was gathered is read first: whoever is on a poor line sends no byte twice."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.body and not cycle.response_complete:
            cycle.message_event.set()
            self.loop.call_soon(super().connection_lost, exc)
        else:
            super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More of it, or of the next one."""
        self._more += len(data)
        super().data_received(data)
        too_long = not self._has_head and max(self._told, self._more) > MOST_HEAD_BYTES
        if too_long and not self.transport.is_closing():
            self.send_400_response("The head of the request is too long.")


def make_server(
    app: FastAPI, *, host: str, port: int, proxies: str = "", certificate: str = "", key: str = ""
) -> uvicorn.Server:
    """A server that the caller runs (``server.run()``) and stops (``server.should_exit = True``).

    Headers by which a proxy tells who asked are believed from the addresses in `proxies` only; from nobody when it is
    empty. `certificate` and `key` are PEM files; with them it speaks https.
    """
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
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
