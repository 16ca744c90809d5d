"""A real browser tunes in: hls.js plays through joins without an error, a gap or a seek."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from playwright.sync_api import Page, sync_playwright

from delivery.broadcast.playout.hls import WINDOW_TICKS
from delivery.broadcast.playout.http import hls_router
from tests.broadcast.playout.air_fixtures import air, studio
from tests.broadcast.playout.air_station import START, Air
from tests.support.tools import tool

__all__ = ["air", "studio"]

ROOT = Path(__file__).parents[2]
PLACES = ("delivery/network/web/static/vendor/hls.min.js", "node_modules/hls.js/dist/hls.min.js")
PAGE = """<!doctype html><title>TV1</title><video id="v" muted width="320"></video><script src="/hls.min.js"></script>
<script>
const video = document.getElementById("v");
const told = {errors: [], seeks: 0, rungs: 0, sequences: []};
// hls.js puts the first decoding time at 0; the first picture is shown two frames later, so 0 itself is never buffered.
const hls = new Hls({startPosition: 0.32, abrEwmaDefaultEstimate: 1e7});
hls.on(Hls.Events.ERROR, (_, data) => told.errors.push(data.details));
hls.on(Hls.Events.MANIFEST_PARSED, (_, data) => { told.rungs = data.levels.length; });
hls.on(Hls.Events.FRAG_BUFFERED, (_, data) => { if (data.frag.type === "main") told.sequences.push(data.frag.sn); });
video.addEventListener("playing", () => {
  video.playbackRate = 3;
  video.addEventListener("seeking", () => { told.seeks += 1; });
}, {once: true});
hls.loadSource("/hls/TV1/master.m3u8");
hls.attachMedia(video);
video.play();
</script>"""


@dataclass
class RunningClock:
    """A clock that begins at a chosen moment and runs at the speed of the machine's."""

    begin: datetime
    since: float = field(default_factory=monotonic)

    def now(self) -> datetime:
        return self.begin + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return monotonic() - self.since


def script() -> Path:
    """hls.js as the portal ships it."""
    for place in PLACES:
        if (ROOT / place).exists():
            return ROOT / place
    pytest.skip("hls.js is not in this checkout (make vendor)")


@pytest.fixture
def address(air: Air) -> Iterator[str]:
    """TV1 on the loopback, 75 s after it began: its window holds a slate, a lesson, a card and a second lesson."""
    air.schedule("M1", 25, after_s=20)
    air.schedule("M2", 40, after_s=37.3, seed=2)
    air.compile(minutes=10)
    hls_js = script()
    station = air.another(clock=RunningClock(START + timedelta(seconds=75)))
    app = FastAPI()
    app.include_router(hls_router(station.playout))
    app.get("/")(lambda: HTMLResponse(PAGE))
    app.get("/hls.min.js")(lambda: FileResponse(hls_js))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    server.should_exit = True
    thread.join(timeout=20)
    listener.close()


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--autoplay-policy=no-user-gesture-required",
                "--disable-background-networking",
            ],
        )
        yield browser.new_page()
        browser.close()


@pytest.mark.needs("chromium")
def test_a_browser_plays_through_four_joins_without_an_error(address: str, page: Page) -> None:
    page.goto(address)
    # The window begins with a slate; 30 s on, the second lesson is on the screen.
    page.wait_for_function("video.currentTime > 30 && !video.paused", timeout=90_000)
    told = page.evaluate("told")
    played = page.evaluate("video.played.length")
    held = page.evaluate("video.buffered.length")
    assert told["errors"] == []
    assert (told["rungs"], told["seeks"], played, held) == (2, 0, 1, 1)
    sequences = told["sequences"]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    assert len(sequences) * 18 > WINDOW_TICKS / 2
