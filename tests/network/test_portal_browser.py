"""The pages in a real browser: usable at 320 pixels, accessible in light and dark, quiet under their own policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.network.portal_home import AN, LECTURER, STUDY, WORK, PortalHome, draw_photo, portal_home, served
from tests.network.test_portal_staff_pages import station
from tests.support.tools import tool

pytestmark = pytest.mark.needs("chromium")

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalHome]:
    with portal_home(tmp_path_factory.mktemp("home")) as made:
        found = station(made)
        made.services = replace(made.services, station=found)
        with served(made):
            yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        yield launched
        launched.close()


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
        "/people",
    ),
    "VT01": ("/held",),
    "QL01": ("/activity", "/state", "/satisfaction", "/roles", "/sites", "/log", "/alerts", "/jobs"),
    "QT01": ("/people",),
}
"""The last page of a lecturer is one that lecturers may not open."""


def sign_in(page: Page, home: PortalHome, code: str = AN) -> None:
    page.goto(f"{home.base_url}/sign-in")
    page.locator("#code").fill(code)
    page.locator("#pin").fill(home.services.credentials.issue_pin(code))
    page.locator("main button").click()


def send(page: Page, home: PortalHome) -> None:
    page.goto(home.url(AN))
    page.locator("form[data-ready=yes]").wait_for(state="attached")
    file = {"name": "1.jpg", "mimeType": "image/jpeg", "buffer": home.photo(AN)}
    page.locator("#photos").set_input_files(file)  # type: ignore[arg-type]
    page.locator(".tile.good").wait_for()


def test_every_page_is_accessible_and_fits_a_narrow_screen(home: PortalHome, browser: Browser) -> None:
    context = browser.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme="light",
        bypass_csp=True,  # for the judge's own script
    )
    page = context.new_page()
    found: dict[str, list[str]] = {}

    def judge(name: str) -> None:
        problems = [violation["id"] for violation in Axe().run(page).response["violations"]]
        # The dark pages differ from the light ones in their colours only.
        page.emulate_media(color_scheme="dark")
        dark = Axe().run(page, options={"runOnly": ["color-contrast"]}).response["violations"]
        problems += [f"dark: {violation['id']}" for violation in dark]
        page.emulate_media(color_scheme="light")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("wider than the screen")
        found[name] = problems

    open_pages = ("/", "/sign-in", f"/q/{home.token(AN)}", "/watch/tv1", "/watch/radio1", "/nothing")
    for path in (*open_pages, "/again/tv1", "/again/tv1/air1"):
        page.goto(home.base_url + path)
        judge(path)
    sign_in(page, home)
    study, work = f"/study/{STUDY}", f"/work/{WORK}"
    for path in ("/me", "/attendance?code=ABC123", f"/q/{home.token(AN)}", study, f"/study/{WORK}", work):
        page.goto(home.base_url + path)
        judge(f"signed in: {path}")
    send(page, home)
    judge("a photo before it is sent")
    page.locator(".card > button").click()
    page.wait_for_url("**/receipt?**")
    judge("receipt")
    page.goto(home.base_url + study)
    page.locator(".card button").click()
    judge("studied")
    page.goto(home.base_url + work)
    file = {"name": "bai.jpg", "mimeType": "image/jpeg", "buffer": draw_photo([])}
    page.locator("form[data-ready=yes]").wait_for(state="attached")
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.locator(".card > button").click()
    page.wait_for_url("**/receipt?**")
    judge("receipt of a file")
    page.goto(home.base_url + work)
    judge("work received")
    question = f"{home.base_url}/courses/CNTT101/questions"
    page.goto(question)
    page.locator("#text").fill("Vì sao 13 là 1101?")
    page.locator(".card > button").click()
    judge("a question")
    mine = ("/courses", "/courses/CNTT101", "/courses/CNTT101/questions", "/account", "/me/seen")
    for path in (*mine, "/plan", "/opinion"):
        page.goto(home.base_url + path)
        judge(f"learner: {path}")
    page.goto(f"{home.base_url}/me/activity/{WORK}")
    judge("evidence of an activity")
    context.close()
    context = browser.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme="light",
        bypass_csp=True,
    )
    page = context.new_page()
    for code, paths in STAFF_PAGES.items():
        page.context.clear_cookies()
        sign_in(page, home, code)
        for path in paths:
            page.goto(home.base_url + path)
            judge(f"{code}: {path}")
            link = page.locator(
                "main a[href^='/desk/CNTT101-A2/'], main a[href^='/questions/CNTT101/']"
            ).first
            if path in (f"/desk/{WORK}", "/questions"):
                link.click()
                judge(f"{code}: below {path}")
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_no_page_breaks_its_own_content_security_policy(home: PortalHome, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    sign_in(page, home)
    for path in ("/", "/me", "/attendance", f"/q/{home.token(AN)}", f"/study/{STUDY}", f"/work/{WORK}"):
        page.goto(home.base_url + path)
    assert said == []
    page.goto(f"{home.base_url}/watch/tv1")
    page.wait_for_load_state("networkidle")
    assert not [text for text in said if "Content Security Policy" in text]
    context.close()
