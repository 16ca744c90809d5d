"""Playlists over HTTP: one server process, a thousand connections held open. Part of ``python -m benchmarks air``.

The server is the whole portal, guard and counts included, as the station runs it; the clients are one more process
that does nothing but ask again as soon as it was answered. Both share the machine.
"""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import time
from pathlib import Path

CONNECTIONS = 1_000
SECONDS = 6.0
_SERVER = """
import socket, sys, tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from starlette.middleware import Middleware
from delivery.broadcast.playout.http import HeldPlaylists, hls_router
from delivery.network.web.app import create_portal
from delivery.network.web.server import make_server
from tests.acceptance.test_channel_in_browser import RunningClock
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, make_air
from tests.network.portal_home import portal_home
with tempfile.TemporaryDirectory() as name, portal_home(Path(name)) as home:
    air = make_air(Studio(), Path(name), folder=Path(name) / "air")
    air.schedule("M1", 60, after_s=20)
    air.compile(minutes=120)
    station = air.another(clock=RunningClock(START + timedelta(seconds=75)))
    portal = create_portal(replace(home.services, routers=(hls_router(station.playout),)))
    portal.user_middleware.append(Middleware(HeldPlaylists, provider=station.playout))
    server = make_server(portal, host="127.0.0.1", port=0)
    server.run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
"""
_REQUEST = b"GET /hls/TV1/v360.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Viewers:
    """A thousand connections, each of which asks again as soon as it was answered."""

    def __init__(self, port: int) -> None:
        self._selector = selectors.DefaultSelector()
        self._asked: dict[socket.socket, float] = {}
        self._new: set[socket.socket] = set()
        self.answers = self.errors = 0
        self.slowest = 0.0
        for _ in range(CONNECTIONS):
            one = socket.create_connection(("127.0.0.1", port))
            one.setblocking(False)
            self._selector.register(one, selectors.EVENT_READ)
            self._new.add(one)
            self._ask(one)

    def _ask(self, one: socket.socket) -> None:
        self._asked[one] = time.monotonic()
        one.send(_REQUEST)

    def watch(self, seconds: float) -> None:
        """For so long, and until everybody has been answered once."""
        self.answers, self.slowest = 0, 0.0
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end or self._new:
            for key, _ in self._selector.select(0.1):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                # An answer comes in one piece or two; the last ends with the last line of the playlist.
                data = one.recv(65_536)
                if not data:
                    raise ConnectionResetError("the server hung up")
                if data.endswith(b".ts\n"):
                    self.answers += 1
                    self._new.discard(one)
                    self.slowest = max(self.slowest, now - self._asked[one])
                    self._ask(one)

    def close(self) -> None:
        for one in self._asked:
            one.close()


def cpu_s(process: int) -> float:
    """CPU seconds of a process so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=2_048) as listener:
        os.set_inheritable(listener.fileno(), True)
        port = listener.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            cwd=Path(__file__).parents[1],
        )
    try:
        viewers = Viewers(port)
        # Everybody has been answered once before it counts.
        viewers.watch(0)
        begin, spent = time.monotonic(), cpu_s(server.pid)
        viewers.watch(SECONDS)
        rate = viewers.answers / (time.monotonic() - begin)
        each = (cpu_s(server.pid) - spent) / max(viewers.answers, 1)
        print(
            f"playlists over HTTP: {rate:,.0f}/s with {CONNECTIONS} connections (target >= 2,000), slowest "
            f"{viewers.slowest * 1000:.0f} ms; {1 / each:,.0f} for each CPU second of the server; "
            f"load {os.getloadavg()[0]:.1f}"
        )
        viewers.close()
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
