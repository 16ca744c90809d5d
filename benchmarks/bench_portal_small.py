"""Small posts made durable together, and five hundred viewers on one channel's playlists.

Posts: 64 threads tell one small fact each and wait until it is durable, as requests of the portal do; beside it one
thread alone, whose posts each wait for a sync of their own. Viewers: each asks for its playlist once in a target
duration, through the whole portal (limits, headers, log); CPU is the server's own, in a process of its own.

    python -m benchmarks.bench_portal_small [POSTS]
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from delivery.app import App
from delivery.clock import to_micros
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.settings import load_settings
from delivery.units import SEGMENT_TICKS, TICK_MS

THREADS = 64
VIEWERS = 500
ASKED = 1_500
_SERVER = """
import sys, tempfile, uvicorn
from datetime import timedelta
from pathlib import Path
from delivery.broadcast.playout.http import hls_router
from delivery.network.web.app import create_portal
from delivery import log
from tests.acceptance.test_channel_in_browser import RunningClock
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_station import START, make_air
from tests.network.portal_home import portal_home
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    log.configure(folder / "portal.log")
    air = make_air(Studio(), folder, folder=folder / "air")
    air.schedule("M1", 60, after_s=20)
    air.compile(minutes=120)
    station = air.another(clock=RunningClock(START + timedelta(seconds=75)))
    with portal_home(folder / "home", routers=(hls_router(station.playout),)) as home:
        uvicorn.run(create_portal(home.services), fd=int(sys.argv[1]), log_level="error", access_log=False,
                    lifespan="off")
"""
_REQUEST = "/hls/TV1/v360.m3u8"


def _participation(app: App, learners: list[str], number: int) -> Draft:
    learner = learners[number % len(learners)]
    return Draft(
        fact_id(FactKind.PARTICIPATION_RECORDED, str(number)),
        FactKind.PARTICIPATION_RECORDED,
        to_micros(app.clock.now()),
        learner,
        {"source": "system", "method": "portal", "minutes": 1},
        audience="MAIN",
        learner=learner,
        course="C",
        activity="A",
        mode="network",
    )


def _timed(act: Callable[[], object], count: int) -> tuple[float, float]:
    """(per second, CPU µs each)"""
    wall, cpu = time.monotonic(), time.process_time()
    act()
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    return count / wall, cpu / count * 1e6


def bench_posts(posts: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tuxa-posts-") as name:
        app = App(load_settings(Path(name), environ={}))
        app.init()
        learners = [app.keys.learner_id(f"T{number}") for number in range(100)]

        def tell(number: int) -> None:
            assert app.facts.append([_participation(app, learners, number)]).added

        alone = max(50, posts // 40)
        one = _timed(lambda: [tell(number) for number in range(alone)], alone)
        with ThreadPoolExecutor(THREADS) as pool:
            many = _timed(lambda: list(pool.map(tell, range(alone, alone + posts))), posts)
        assert app.facts.verify().ok
        app.close()
    print(
        f"durable posts: {many[0]:,.0f}/s from {THREADS} threads, {many[1]:.0f} µs of CPU each "
        f"= {1e6 / many[1]:,.0f}/s of one core (target >= 2,000/s)"
    )
    print(f"  one at a time: {one[0]:,.0f}/s, {one[1]:.0f} µs each (ratio {many[0] / one[0]:.1f})")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_viewers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.set_inheritable(listener.fileno(), True)
        port = listener.getsockname()[1]
        server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            cwd=Path(__file__).parents[1],
        )
    try:
        viewers = [http.client.HTTPConnection("127.0.0.1", port, timeout=60) for _ in range(20)]

        def ask(viewer: http.client.HTTPConnection) -> None:
            viewer.request("GET", _REQUEST)
            answer = viewer.getresponse()
            assert answer.status == 200
            assert answer.read().startswith(b"#EXTM3U")

        for viewer in viewers:
            ask(viewer)
        before = _cpu_s(server.pid)
        for number in range(ASKED):
            ask(viewers[number % len(viewers)])
        each = (_cpu_s(server.pid) - before) / ASKED
    finally:
        server.terminate()
        server.wait(20)
    interval = SEGMENT_TICKS * TICK_MS / 1000
    share = VIEWERS / interval * each
    print(
        f"viewers: {each * 1e6:.0f} µs of CPU for a playlist; {VIEWERS} viewers, one every {interval:.1f} s each, "
        f"take {share:.1%} of a core (target < 30 %)"
    )


def main(posts: int = 4_000) -> None:
    bench_posts(posts)
    bench_viewers()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
