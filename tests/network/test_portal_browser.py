"""The pages in a real browser: usable at 320 pixels, accessible in light and dark, quiet under their own policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from delivery.app.regulationpage import RegulationPages
from delivery.clock import ManualClock
from delivery.demo.sample import sample_institution
from delivery.network.web.app import create_portal, routes_of
from delivery.network.web.services import Lesson, RegulationSource
from tests.network.portal_home import (
    AN,
    LECTURER,
    STUDY,
    WORK,
    Phone,
    PortalHome,
    draw_photo,
    portal_home,
    served,
)
from tests.network.test_portal_staff_pages import station
from tests.support.home import make_app
from tests.support.tools import tool

pytestmark = [pytest.mark.slow, pytest.mark.needs("chromium")]

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
AXE = (resources.files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
NARROW: ViewportSize = {"width": 320, "height": 640}
KINDS = """() => {
  const kind = (element) => element ? `${element.tagName}.${element.getAttribute("class") || ""}` : "";
  return [...document.querySelectorAll("body *")].map((each) => `${kind(each.parentElement)} ${kind(each)}`);
}"""
JUDGE = """async (rules) => {
  const options = {resultTypes: ["violations"], ...(rules ? {runOnly: rules} : {})};
  return (await axe.run(document, options)).violations.map((found) => found.id);
}"""


@pytest.fixture(scope="module")
def regulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegulationSource]:
    """What is checked of the sample institution."""
    app = make_app(tmp_path_factory.mktemp("institution"))
    assert isinstance(app.clock, ManualClock)
    app.clock.at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    with sample_institution() as folder:
        app.importer.run(folder, actor="QL01")
    yield RegulationPages(app)
    app.close()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, regulation: RegulationSource) -> Iterator[PortalHome]:
    lesson = {"HL1": Lesson("tv", "master.m3u8", "audio.m3u8", 90, ("vi",))}
    with portal_home(tmp_path_factory.mktemp("home"), lesson=lesson.get, regulation=regulation) as made:
        found = station(made)
        made.services = replace(made.services, station=found)
        with served(made, alone=True):
            yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        yield launched
        launched.close()


class Judge:
    """Looks at pages as one reader after another, and notes what is wrong with each."""

    def __init__(self, home: PortalHome, browser: Browser) -> None:
        self.home = home
        self.context: BrowserContext = browser.new_context(viewport=NARROW, color_scheme="light")
        self.context.add_init_script(AXE)  # the browser keeps it: handing it over for each page takes longer
        self.page: Page = self.context.new_page()
        self.found: dict[str, list[str]] = {}
        self.dark: set[str] = set()
        """Kinds of elements whose dark colours were judged."""

    def become(self, code: str) -> None:
        """Be signed in as somebody."""
        self.context.clear_cookies()
        with Phone(self.home) as phone:
            phone.enter(code)
            for name, value in phone.http.cookies.items():
                self.context.add_cookies([{"name": name, "value": value, "url": self.home.base_url}])

    def open(self, path: str, *, status: int = 200) -> None:
        answer = self.page.goto(self.home.base_url + path)
        assert answer is not None
        assert answer.status == status, path
        self.look()

    def look(self, name: str = "") -> None:
        """Judge the page as it is."""
        page = self.page
        problems = page.evaluate(JUDGE, None)
        # The dark pages differ from the light ones in their colours only, and those come from what an element is.
        kinds = set(page.evaluate(KINDS))
        if not kinds <= self.dark:
            self.dark |= kinds
            page.emulate_media(color_scheme="dark")
            problems += [f"dark: {rule}" for rule in page.evaluate(JUDGE, ["color-contrast"])]
            page.emulate_media(color_scheme="light")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("wider than the screen")
        path = page.url.removeprefix(self.home.base_url)
        self.found[f"{path} {name}"] = problems

    def wrong(self) -> dict[str, list[str]]:
        return {name: problems for name, problems in self.found.items() if problems}

    def paths(self) -> set[str]:
        return {name.split(" ")[0].partition("?")[0] for name in self.found}


@pytest.fixture(scope="module")
def judge(home: PortalHome, browser: Browser) -> Iterator[Judge]:
    made = Judge(home, browser)
    yield made
    made.context.close()


def choose(page: Page, field: str, data: bytes, *, good: bool = True) -> None:
    """Choose a photo, and wait until it was uploaded."""
    page.locator("form[data-ready=yes]").wait_for(state="attached")
    file = {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": data}
    page.locator(field).set_input_files(file)  # type: ignore[arg-type]
    page.locator(".tile.good" if good else ".tile.bad").wait_for()


def test_the_pages_for_everybody_are_accessible_and_fit_a_narrow_screen(
    home: PortalHome, judge: Judge
) -> None:
    judge.context.clear_cookies()
    for path in ("/", "/sign-in", f"/q/{home.token(AN)}", "/watch/tv1", "/watch/radio1", "/again/tv1"):
        judge.open(path)
    judge.open("/again/tv1/air1")
    judge.open("/nothing", status=404)
    page = judge.page
    page.goto(f"{home.base_url}/sign-in")
    page.locator("#code").fill(AN)
    page.locator("#pin").fill("1")
    page.locator("main button").click()
    judge.look("a wrong PIN")
    assert judge.wrong() == {}


def test_the_pages_of_learners_are_accessible_and_fit_a_narrow_screen(home: PortalHome, judge: Judge) -> None:
    page = judge.page
    judge.become(AN)
    for path in (
        "/", "/me", "/attendance?code=ABC123", "/courses", "/courses/CNTT101", "/courses/CNTT101/questions",
        f"/lesson/{STUDY}", f"/study/{STUDY}", "/account", "/me/seen", "/plan", "/opinion",
    ):  # fmt: skip
        judge.open(path)
    page.goto(home.url(AN))
    choose(page, "#photos", draw_photo([]), good=False)
    judge.look("a photo without a code")
    choose(page, "#photos", home.photo(AN))
    page.get_by_role("button", name="Gỡ bỏ – Ảnh 1").click()
    page.locator(".card > button").click()
    page.wait_for_url("**/receipt?**")
    judge.look()
    page.goto(f"{home.base_url}/study/{STUDY}")
    page.locator(".card button").click()
    judge.look("studied")
    page.goto(f"{home.base_url}/work/{WORK}")
    choose(page, "#file", draw_photo([], size=(300, 400)))
    page.locator(".card > button").click()
    page.wait_for_url("**/receipt?**")
    judge.open(f"/work/{WORK}")
    page.goto(f"{home.base_url}/courses/CNTT101/questions")
    page.locator("#text").fill("Vì sao 13 là 1101?")
    page.locator(".card > button").click()
    judge.look()
    judge.open(f"/me/activity/{WORK}")
    page.goto(f"{home.base_url}/account")
    page.locator("#label").fill("Sổ điểm")
    page.locator("[name=scope]").first.check()
    page.get_by_role("button", name="Tạo mã truy cập").click()
    judge.look("a token")
    assert judge.wrong() == {}


STAFF_PAGES = {
    LECTURER: (
        "/staff",
        "/teach",
        "/teach/CNTT101",
        f"/teach/{WORK}/similar",
        "/opinion",
        "/desk",
        f"/desk/{WORK}",
        f"/desk/{WORK}/rubric",
        "/questions",
        "/grades/CNTT101",
        "/progress/CNTT101",
    ),
    "VT01": ("/held",),
    "QL01": (
        "/activity",
        "/state",
        "/satisfaction",
        "/roles",
        "/sites",
        "/log",
        "/alerts",
        "/jobs",
        "/regulation",
        "/regulation/report?kind=annex1&year=2026",
    ),
    "QT01": ("/people",),
}
BELOW = (
    "main a[href^='/desk/CNTT101-A2/'], main a[href^='/questions/CNTT101/'], main a[href^='/regulation/rows']"
)


def test_the_pages_of_staff_are_accessible_and_fit_a_narrow_screen(home: PortalHome, judge: Judge) -> None:
    for code, paths in STAFF_PAGES.items():
        judge.become(code)
        for path in paths:
            judge.open(path)
            if path in (f"/desk/{WORK}", "/questions") or path.startswith("/regulation/report"):
                judge.page.locator(BELOW).first.click()
                judge.look()
    judge.open("/regulation", status=403)
    assert judge.wrong() == {}


NO_PAGES = {
    "/sign-in/provider",
    "/sign-in/provider/back",
    "/receipt.pdf",
    "/me/export",
    "/grades/{course}/sheet.xlsx",
    "/uploads/{ident}/reading",
    "/lesson/{activity}/{file:path}",
    "/desk/{activity}/{work}/page/{fact}/{leaf}",
    "/desk/{activity}/{work}/file/{fact}",
    "/static/vendor/hls.min.js",
    "/healthz",
    "/readyz",
    "/metrics",
}


def test_no_page_was_forgotten(home: PortalHome, judge: Judge) -> None:
    routes = [route for route in routes_of(create_portal(home.services)) if "GET" in (route.methods or ())]
    pages = {route.path: route for route in routes if route.path not in NO_PAGES}
    assert len(pages) > 30
    seen = judge.paths()
    assert {
        path for path, route in pages.items() if not any(route.path_regex.match(s) for s in seen)
    } == set()


def test_no_page_breaks_its_own_content_security_policy(
    home: PortalHome, browser: Browser, judge: Judge
) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    judge.become(AN)
    context.add_cookies(judge.context.cookies())  # type: ignore[arg-type]
    for path in ("/", "/me", f"/q/{home.token(AN)}", f"/study/{STUDY}", f"/work/{WORK}"):
        page.goto(home.base_url + path)
    judge.become("QL01")
    context.add_cookies(judge.context.cookies())  # type: ignore[arg-type]
    page.goto(f"{home.base_url}/regulation")
    assert said == []
    page.goto(f"{home.base_url}/watch/tv1")
    page.wait_for_load_state("networkidle")
    assert not [text for text in said if "Content Security Policy" in text]
    context.close()


def test_without_the_player_of_npm_everything_but_that_player_works(
    tmp_path: Path, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("delivery.network.web.vendor._PLACES", ())
    with portal_home(tmp_path) as home, served(home, alone=True), Phone(home) as phone:
        phone.enter(AN)
        cookies = [{"name": n, "value": v, "url": home.base_url} for n, v in phone.http.cookies.items()]
        context = browser.new_context(viewport=NARROW)
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        said: list[str] = []
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("console", lambda message: said.append(message.text))
        # A browser that knows HLS plays by itself; its own choice of the picture is not offered as the portal's.
        page.goto(f"{home.base_url}/watch/tv1")
        assert page.evaluate("typeof Hls") == "undefined"
        assert page.locator("video").evaluate("(video) => video.src").endswith("/hls/tv1/master.m3u8")
        assert not page.locator("#saver").is_visible()
        page.goto(home.url(AN))
        choose(page, "#photos", home.photo(AN))
        page.locator(".card > button").click()
        page.wait_for_url("**/receipt?**")
        assert said == []
        # One that does not is told so at once.
        page.add_init_script("HTMLMediaElement.prototype.canPlayType = () => ''")
        page.goto(f"{home.base_url}/watch/tv1")
        assert "không tự phát được" in page.locator("#player-problem").inner_text()
        context.close()
