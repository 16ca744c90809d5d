"""A real browser plays a lesson, an aired lesson and a channel on the pages of the portal, and the minutes count."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from delivery.app.core import App
from delivery.app.lessons import Lessons
from delivery.app.portal import channels_now
from delivery.app.portal_station import airings
from delivery.broadcast.asset import Captions
from delivery.broadcast.media.captions import Cue, caption_segments, whole_track
from delivery.broadcast.playout.http import hls_router
from delivery.catalogue.kinds import ActivityKind, DeliveryMode
from delivery.catalogue.model import Activity
from delivery.network.web.station import Station
from delivery.record.kinds import FactKind
from tests.acceptance.test_channel_in_browser import RunningClock, script
from tests.broadcast.playout.air_assets import Studio
from tests.broadcast.playout.air_fixtures import studio
from tests.broadcast.playout.air_station import START, make_air
from tests.network.portal_home import AN, CATALOGUE, Phone, PortalHome, portal_home, served
from tests.support.tools import tool

__all__ = ["studio"]

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]
PATIENCE_MS = 60_000
"""A busy machine takes its time; nothing here is judged by it."""
LESSON, MATERIAL, TICKS = "CNTT101-S2", "M1", 200
CUES = (Cue(200, 60_000, "Xin chào các bạn"),)
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--autoplay-policy=no-user-gesture-required",
]
ACTIVITY = Activity(
    "CNTT101",
    LESSON,
    1,
    ActivityKind.SESSION,
    DeliveryMode.NETWORK,
    "Bài giảng 2: Hệ đếm",
    1,
    material=MATERIAL,
)


@pytest.fixture
def home(studio: Studio, tmp_path: Path) -> Iterator[PortalHome]:
    """A learner's lesson of 64 s with captions, which was also aired on TV1; TV1 is on the air, 100 s later."""
    script()
    air = make_air(studio, tmp_path, folder=tmp_path / "air")
    plain = studio.lesson(1, TICKS)
    captions = Captions(
        "vi",
        tuple(studio.blobs.put(text.encode()) for text in caption_segments(CUES, TICKS)),
        studio.blobs.put(whole_track(CUES).encode()),
        len(CUES),
    )
    captioned = replace(plain, id="lesson", captions=(captions,))
    studio._made["lesson"] = captioned
    air.schedule(MATERIAL, TICKS, after_s=20)
    air.lessons[MATERIAL] = captioned
    air.schedule("M2", 90, after_s=100, seed=2)
    air.compile(minutes=10)
    clock = RunningClock(START + timedelta(seconds=110))
    station = air.another(clock=clock)
    catalogue = replace(CATALOGUE, activities={**CATALOGUE.activities, LESSON: ACTIVITY})
    # What the portal is wired to, as in `delivery.app.portal`; ingest and approval are told in their own tests.
    app = cast(
        App,
        SimpleNamespace(
            on_air=station,
            clock=clock,
            catalogue=lambda: catalogue,
            blobs=studio.blobs,
            materials=SimpleNamespace(approved=lambda *_args, **_named: True),
            library=SimpleNamespace(
                media=SimpleNamespace(lesson_of=air._ingested), find=lambda _asset: captioned
            ),
        ),
    )
    lessons = Lessons(app)
    with portal_home(
        tmp_path / "home",
        catalogue=lambda: catalogue,
        lesson=lambda material: lessons.lesson(material) if material == MATERIAL else None,
        lesson_file=lessons.file,
        on_air=lambda: channels_now(app),
        station=Station(airings=lambda since, until, channel: airings(app, since, until, channel)),
        routers=(hls_router(station.playout),),
    ) as made:
        made.clock.at = clock.now()
        with served(made):
            yield made
    air.database.close()


@pytest.fixture
def context() -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        made = browser.new_context(viewport={"width": 360, "height": 740})
        made.set_default_timeout(PATIENCE_MS)
        yield made
        browser.close()


class Asked:
    """Segments that a page has asked for, by their rendition."""

    def __init__(self, page: Page) -> None:
        self.renditions: list[str] = []
        page.on("request", lambda request: self._note(request.url))

    def _note(self, address: str) -> None:
        if found := re.search(r"/([a-z0-9]+)/\d+\.ts$", address):
            self.renditions.append(found[1])


def wait(page: Page, condition: str) -> None:
    """Until a condition on the page's player (``p``) holds."""
    page.wait_for_function(
        f"() => {{ const p = document.querySelector('.player'); return {condition}; }}", timeout=PATIENCE_MS
    )


def do(page: Page, act: str) -> Any:
    return page.evaluate(f"() => {{ const p = document.querySelector('.player'); return {act}; }}")


def minutes(home: PortalHome) -> int:
    told = home.facts.select(kind=FactKind.PARTICIPATION_RECORDED, learner=home.learner(AN))
    return sum(fact.data["minutes"] for fact in told)


def test_a_lesson_a_recording_and_a_channel_are_played_and_the_minutes_become_evidence(
    home: PortalHome, context: BrowserContext
) -> None:
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    with Phone(home) as phone:
        phone.enter(AN)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": home.base_url}
                for name, value in phone.http.cookies.items()
            ]
        )

    # The lesson: nothing is loaded before it is played; captions, data saver, speed, sound only.
    asked = Asked(page)
    page.goto(f"{home.base_url}/courses/CNTT101")
    page.get_by_role("link", name="Bài giảng 2: Hệ đếm").first.click()
    page.get_by_label("Tiết kiệm dữ liệu").check()
    assert asked.renditions == []
    do(page, "p.play()")
    wait(page, "p.currentTime > 0.3 && !p.paused")
    assert set(asked.renditions) == {"v240"}
    wait(page, "p.textTracks[0].mode === 'showing' && p.textTracks[0].activeCues?.length === 1")
    assert do(page, "p.textTracks[0].activeCues[0].text") == "Xin chào các bạn"
    page.get_by_label("Tốc độ").select_option("2")
    page.get_by_label("Chỉ nghe tiếng").check()
    before = do(page, "p.currentTime")
    wait(page, f"p.currentTime > {before} + 0.3 && !p.paused && p.playbackRate === 2")
    assert asked.renditions[-1] == "audio"
    do(page, "p.currentTime = 21")
    wait(page, "p.currentTime > 21.3")
    do(page, "p.pause()")

    # Again: it goes on where it stopped, and what was really played is counted.
    page.reload()
    do(page, "p.play()")
    wait(page, "p.currentTime > 21")
    assert do(page, "p.played.start(0)") > 20
    home.clock.advance(120)
    do(page, "(p.currentTime = 0, p.playbackRate = 16)")
    wait(page, "p.ended")
    expect(page.get_by_text("Đã tính đến nay: 1 phút.")).to_be_visible()
    assert minutes(home) == 1
    page.goto(f"{home.base_url}/me/activity/{LESSON}")
    expect(page.get_by_text("Bạn đã học trên cổng học tập")).to_be_visible()

    # The same lesson as it was aired, and the channel as it is on the air.
    page.goto(f"{home.base_url}/again/TV1")
    for address in (f"{home.base_url}/again/TV1", f"{home.base_url}/watch/TV1"):
        page.goto(address)
        if "again" in address:
            page.get_by_role("link", name="M1").first.click()
        asked = Asked(page)
        do(page, "p.play()")
        wait(page, "p.currentTime > 0.3 && !p.paused")
        page.get_by_label("Chỉ nghe tiếng").check()
        wait(page, "p.currentTime > 0.3 && !p.paused")
        assert asked.renditions[-1] == "audio"
    assert said == []
