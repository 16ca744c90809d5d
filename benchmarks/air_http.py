"""Playlists over HTTP: one server process, a thousand connections held open. Part of ``python -m benchmarks air``.

The server is uvicorn with the channel's routes, as the portal runs it; the clients are one more process that does
nothing but ask again as soon as it was answered. Both share the machine.
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
import sys, tempfile
from datetime import timedelta
from pathlib import Path
import uvicorn
from fastapi import FastAPI
from delivery.broadcast.playout.http import hls_router
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, make_air
from tests.acceptance.test_channel_in_browser import RunningClock
with tempfile.TemporaryDirectory() as name:
    air = make_air(Studio(), Path(name), folder=Path(name) / "air")
    air.schedule("M1", 60, after_s=20)
    air.compile(minutes=120)
    station = air.another(clock=RunningClock(START + timedelta(seconds=75)))
    app = FastAPI()
    app.include_router(hls_router(station.playout))
    uvicorn.run(app, fd=int(sys.argv[1]), log_level="error", lifespan="off", backlog=2048)
"""
_REQUEST = b"GET /hls/TV1/v360.m3u8 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def ask(port: int, seconds: float) -> tuple[int, int, float]:
    """(answers, errors, slowest in seconds) of a thousand connections."""
    selector = selectors.DefaultSelector()
    asked: dict[socket.socket, float] = {}
    for _ in range(CONNECTIONS):
        one = socket.create_connection(("127.0.0.1", port))
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ)
        asked[one] = time.monotonic()
        one.send(_REQUEST)
    answers = errors = 0
    slowest = 0.0
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        for key, _ in selector.select(0.1):
            one = key.fileobj
            assert isinstance(one, socket.socket)
            # An answer is small and comes in one piece or two; the second ends with the last line of the playlist.
            data = one.recv(65_536)
            if not data.endswith(b".ts\n"):
                errors += not data
                continue
            answers += 1
            slowest = max(slowest, now - asked[one])
            asked[one] = now
            one.send(_REQUEST)
    for one in asked:
        one.close()
    return answers, errors, slowest


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
        with socket.create_connection(("127.0.0.1", port)) as first:
            first.settimeout(60)
            first.send(_REQUEST)
            assert first.recv(65_536).startswith(b"HTTP/1.1 200")
        begin = time.monotonic()
        answers, errors, slowest = ask(port, SECONDS)
        rate = answers / (time.monotonic() - begin)
        print(
            f"playlists over HTTP: {rate:,.0f}/s with {CONNECTIONS} connections (target >= 2,000), {errors} errors, "
            f"slowest {slowest * 1000:.0f} ms; load {os.getloadavg()[0]:.1f}"
        )
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
