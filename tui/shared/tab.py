"""A tab in a browser beside the terminal: it shows what the console shows, large and sharp, and follows its cursor.

The console itself serves it, on loopback only. The address that is told holds a key that works once and is exchanged
for a cookie; nothing is written to a disk, and nothing is left when the console ends. Over ssh the port is brought to
the person's own machine with ``ssh -L``.
"""

from __future__ import annotations

import hmac
import sys
from dataclasses import dataclass
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from threading import Condition, Lock, Thread
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import structlog

from delivery.ids import IdSource

_COOKIE: Final = "tuxa-tab"
_WAIT_S: Final = 20.0
"""A question about what is shown is answered after so long also when nothing has changed."""
_POLICY: Final = (
    "default-src 'none'; img-src 'self'; connect-src 'self'; script-src 'self'; style-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_log = structlog.get_logger(__name__)
_FILES: Final = {"/tab.js": ("tab.js", "text/javascript"), "/tab.css": ("tab.css", "text/css")}


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands in the tab."""

    number: int = 0
    title: str = ""
    jpeg: bytes = b""


class Tab:
    """Serves one picture at a time to one browser."""

    def __init__(self, ids: IdSource, *, language: str, lost: str) -> None:
        """`lost` is what the tab says once the console answers no more."""
        self._ids, self._language, self._lost = ids, language, lost
        self._changed = Condition(Lock())
        self._shown = Shown()
        self._is_closed = False
        self._cookie = ids.random_bytes(24).hex()
        self._key = ""
        self._server: _Server | None = None

    @property
    def is_open(self) -> bool:
        """Whether an address was asked for: from then on pictures are shown."""
        return self._server is not None

    def address(self) -> str:
        """A fresh address, good for one browser. Begins to serve. Raises OSError where no port can be had."""
        if self._server is None:
            self._server = _Server(("127.0.0.1", 0), _handler(self))
            Thread(target=self._server.serve_forever, name="tab", daemon=True).start()
        self._key = self._ids.random_bytes(16).hex()
        return f"http://127.0.0.1:{self.port}/{self._key}"

    @property
    def port(self) -> int:
        return self._server.server_address[1] if self._server else 0

    def show(self, title: str, jpeg: bytes) -> None:
        """Another picture; empty for none."""
        with self._changed:
            if (title, jpeg) != (self._shown.title, self._shown.jpeg):
                self._shown = Shown(self._shown.number + 1, title, jpeg)
                self._changed.notify_all()

    def close(self) -> None:
        """Serve nothing any more."""
        with self._changed:
            self._is_closed = True
            self._shown = Shown()
            self._changed.notify_all()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    # --- for the threads that serve -----------------------------------------------------------------

    def take_key(self, key: str) -> str | None:
        """The cookie for the key that was told last, once; None for any other."""
        with self._changed:
            if not self._key or not hmac.compare_digest(key.encode(), self._key.encode()):
                return None
            self._key = ""
            return self._cookie

    def knows(self, cookies: str) -> bool:
        """Whether the cookie is among `cookies` (the header's text)."""
        held = dict(part.strip().partition("=")[::2] for part in cookies.split(";"))
        return hmac.compare_digest(held.get(_COOKIE, "").encode(), self._cookie.encode())

    def later_than(self, number: int) -> Shown:
        """What is shown once it is not `number` any more, or what is shown after a while."""
        with self._changed:
            self._changed.wait_for(lambda: self._shown.number != number or self._is_closed, _WAIT_S)
            return self._shown

    def page(self) -> bytes:
        language = escape(self._language)
        return (
            f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>tuxa</title>'
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="/tab.css">'
            f'</head><body><header><h1 id="title">tuxa</h1><p role="status" data-lost="{escape(self._lost)}"></p>'
            '</header><img id="picture" alt="" hidden><script src="/tab.js"></script></body></html>'
        ).encode()


class _Server(ThreadingHTTPServer):
    """Writes nothing to the terminal, which is the console's: a browser that goes away in the middle is no news."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            _log.warning("tab-broke", reason=repr(error))


def _handler(tab: Tab) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers the browser of the person at the console, and nobody else."""

        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            # Another name for this address (DNS rebinding) is not ours.
            if self.headers.get("Host") not in (f"127.0.0.1:{tab.port}", f"localhost:{tab.port}"):
                self._answer(404)
            elif tab.knows(self.headers.get("Cookie", "")):
                self._known(path)
            elif (cookie := tab.take_key(path.removeprefix("/"))) is not None:
                more = {
                    "Set-Cookie": f"{_COOKIE}={cookie}; HttpOnly; SameSite=Strict; Path=/",
                    "Location": "/",
                }
                self._answer(303, more=more)
            else:
                self._answer(404)

        def _known(self, path: str) -> None:
            if path in _FILES:
                name, kind = _FILES[path]
                self._answer(200, resources.files("tui.shared").joinpath(name).read_bytes(), kind)
            elif path == "/state":
                self._state()
            elif path.startswith("/picture"):
                shown = tab.later_than(-1)
                self._answer(200 if shown.jpeg else 404, shown.jpeg, "image/jpeg")
            elif path == "/":
                self._answer(200, tab.page(), "text/html; charset=utf-8")
            else:
                # The address was opened again: the key in it is not needed any more.
                tab.take_key(path.removeprefix("/"))
                self._answer(303, more={"Location": "/"})

        def _state(self) -> None:
            asked = parse_qs(urlsplit(self.path).query).get("after", ["-1"])[0]
            shown = tab.later_than(int(asked) if asked.isascii() and asked.isdigit() else -1)
            text = f"{shown.number}\n{int(bool(shown.jpeg))}\n{shown.title}"
            self._answer(200, text.encode(), "text/plain; charset=utf-8")

        def _answer(
            self,
            status: int,
            body: bytes = b"",
            kind: str = "text/plain",
            *,
            more: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            headers = {
                "Content-Type": kind,
                "Content-Length": str(len(body)),
                "Cache-Control": "no-store",
                "Content-Security-Policy": _POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
            }
            for name, value in {**headers, **(more or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is written to the terminal of the console."""

    return Handler
