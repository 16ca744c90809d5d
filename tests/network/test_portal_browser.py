"""The pages in a real browser: usable at 320 pixels, accessible in light and dark, quiet under their own policy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.network.portal_home import AN, STUDY, WORK, PortalHome, draw_photo, portal_home, served
from tests.support.tools import tool

pytestmark = pytest.mark.needs("chromium")

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalHome]:
    with portal_home(tmp_path_factory.mktemp("home")) as made, served(made):
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        yield launched
        launched.close()


def sign_in(page: Page, home: PortalHome) -> None:
    page.goto(f"{home.base_url}/sign-in")
    page.locator("#code").fill(AN)
    page.locator("#pin").fill(home.services.credentials.issue_pin(AN))
    page.locator("main button").click()


def send(page: Page, home: PortalHome) -> None:
    """One readable photograph and one without a code: the receipt then shows every part it has."""
    files = [
        {"name": f"{number}.jpg", "mimeType": "image/jpeg", "buffer": data}
        for number, data in enumerate((home.photo(AN), draw_photo([])))
    ]
    page.goto(home.url(AN))
    page.locator("#photos").set_input_files(files)  # type: ignore[arg-type]
    page.locator(".card button").click()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_accessible_and_fits_a_narrow_screen(
    home: PortalHome, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 320, "height": 640},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,  # for the judge's own script
    )
    page = context.new_page()
    found: dict[str, list[str]] = {}

    def judge(name: str) -> None:
        problems = [violation["id"] for violation in Axe().run(page).response["violations"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            problems.append("wider than the screen")
        found[name] = problems

    for path in ("/", "/sign-in", f"/q/{home.token(AN)}", "/watch/tv1", "/watch/radio1", "/nothing"):
        page.goto(home.base_url + path)
        judge(path)
    sign_in(page, home)
    study, work = f"/study/{STUDY}", f"/work/{WORK}"
    for path in ("/me", "/attendance?code=ABC123", f"/q/{home.token(AN)}", study, f"/study/{WORK}", work):
        page.goto(home.base_url + path)
        judge(f"signed in: {path}")
    send(page, home)
    judge("receipt")
    page.goto(home.base_url + study)
    page.locator(".card button").click()
    judge("studied")
    page.goto(home.base_url + work)
    file = {"name": "bai.jpg", "mimeType": "image/jpeg", "buffer": draw_photo([])}
    page.locator("#file").set_input_files(file)  # type: ignore[arg-type]
    page.locator(".card button").click()
    judge("receipt of a file")
    page.goto(home.base_url + work)
    judge("work received")
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
