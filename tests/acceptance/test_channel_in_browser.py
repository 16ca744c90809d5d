"""A real browser tunes in: hls.js plays through joins without an error, a gap or a seek."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page, sync_playwright

from delivery.broadcast.playout.hls import WINDOW_TICKS
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, make_air
from tests.support.tools import tool

__all__ = ["studio"]

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 180_000
"""A busy machine takes its time; nothing here is judged by it."""
PLACES = ("delivery/network/web/static/vendor/hls.min.js", "node_modules/hls.js/dist/hls.min.js")
PAGE = """<!doctype html><title>TV1</title><video id="v" muted width="320"></video><script src="/hls.min.js"></script>
<script>
const video = document.getElementById("v");
const told = {errors: [], seeks: 0, rungs: 0, sequences: [], levels: []};
// hls.js puts the first decoding time at 0; the first picture is shown two frames later, so 0 itself is never buffered.
// A busy machine takes its time to start a server again; a player that waits has no error.
const patient = {default: {maxTimeToFirstByteMs: 180000, maxLoadTimeMs: 180000, timeoutRetry: null, errorRetry: null}};
const hls = new Hls({startPosition: 0.32, abrEwmaDefaultEstimate: 1e7,
  manifestLoadPolicy: patient, playlistLoadPolicy: patient, fragLoadPolicy: patient});
// Told to change the rung, hls.js stops the load that is under way, and calls that an error too.
hls.on(Hls.Events.ERROR, (_, data) => {
  if (data.details !== Hls.ErrorDetails.INTERNAL_ABORTED) told.errors.push(`${data.details}: ${data.error}`); });
hls.on(Hls.Events.MANIFEST_PARSED, (_, data) => { told.rungs = data.levels.length; });
hls.on(Hls.Events.FRAG_BUFFERED, (_, data) => {
  if (data.frag.type === "main") { told.sequences.push(data.frag.sn); told.levels.push(data.frag.level); } });
video.addEventListener("playing", () => {
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


SERVER = """
import sys
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
import uvicorn
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse
from delivery.broadcast.playout.http import hls_router
from delivery.broadcast.playout.onair import OnAir, Surroundings
from delivery.store.database import Database
from delivery.store.schedule import ScheduleStore
from tests.acceptance.test_channel_in_browser import PAGE, RunningClock, script
from tests.broadcast.playout.air_assets import MemoryBlobs
number, folder, begin, since = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
around = Surroundings(
    facts=SimpleNamespace(), blobs=MemoryBlobs(), assets={}.__getitem__, ingested=lambda _m: None,
    catalogue=lambda: None, is_approved=lambda _m, _c: True, make_slates=lambda _k, _n: {},
    make_card=lambda _c, _code: "", learner_in=lambda _l, _c: None, key=b"", folder=folder,
)
clock = RunningClock(datetime.fromisoformat(begin), since)
station = OnAir(ScheduleStore(Database(f"sqlite:///{folder}/no-such.sqlite")), around, clock=clock)
app = FastAPI()
app.include_router(hls_router(station.playout))
app.get("/")(lambda: HTMLResponse(PAGE))
app.get("/hls.min.js")(lambda: FileResponse(script()))
uvicorn.run(app, fd=number, log_level="error", lifespan="off")
"""
"""A server that knows nothing but the air bundle: no database, no store, no lesson."""


@dataclass
class Playing:
    """TV1 on the loopback, by a process that can be killed and started again behind the same socket."""

    folder: Path
    listener: socket.socket
    begin: datetime
    since: float = field(default_factory=monotonic)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def start(self) -> None:
        number = self.listener.fileno()
        words = [str(number), str(self.folder), self.begin.isoformat(), str(self.since)]
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *words], pass_fds=[number], cwd=ROOT, stdin=subprocess.DEVNULL
        )

    def kill(self) -> None:
        """As the machine would: without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def playing(studio: Studio, tmp_path: Path) -> Iterator[Playing]:
    """TV1, 75 s after it began: its window holds a slate, a lesson, a card, a slate and a second lesson."""
    script()
    air = make_air(studio, tmp_path, folder=tmp_path / "air")
    air.schedule("M1", 25, after_s=20)
    air.schedule("M2", 40, after_s=37.3, seed=2)
    air.compile(minutes=10)
    air.station.prove(budget_s=60)
    air.database.close()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Playing(tmp_path / "air", listener, START + timedelta(seconds=75))
        running.start()
        yield running
        running.kill()


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


@pytest.mark.timeout(600)
@pytest.mark.needs("chromium")
def test_a_browser_plays_through_joins_a_killed_server_and_a_change_of_rung_without_an_error(
    playing: Playing, page: Page
) -> None:
    page.goto(playing.address, timeout=PATIENCE_MS)
    page.wait_for_function("video.currentTime > 4 && !video.paused", timeout=PATIENCE_MS)
    playing.kill()
    playing.start()
    # What asks now waits behind the socket until the new process takes it up.
    with urlopen(playing.address + "hls/TV1/master.m3u8", timeout=PATIENCE_MS / 1000) as answer:
        assert answer.status == 200
    # The other rung from the next segment on; what is buffered already is played.
    page.evaluate("hls.loadLevel = 1 - Math.max(hls.loadLevel, 0); video.playbackRate = 3")
    # The window begins with a slate; 30 s on, the second lesson is on the screen.
    page.wait_for_function(
        "video.currentTime > 30 && !video.paused && new Set(told.levels).size > 1", timeout=PATIENCE_MS
    )
    told = page.evaluate("told")
    played = page.evaluate("video.played.length")
    held = page.evaluate("video.buffered.length")
    assert told["errors"] == []
    assert (told["rungs"], told["seeks"], played, held) == (2, 0, 1, 1)
    sequences = told["sequences"]
    # At the change of rung a segment may be loaded on both.
    assert sequences == sorted(sequences)
    numbers = sorted(set(sequences))
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) * 18 > WINDOW_TICKS / 2
    assert set(told["levels"]) == {0, 1}
