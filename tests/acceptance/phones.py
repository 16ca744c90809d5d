"""A phone in a real browser, and the portal that it talks to: fixtures of the acceptance tests of phones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.network.portal_home import PortalHome, portal_home, served
from tests.support.tools import tool

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

expect.set_options(timeout=30_000)  # Other tests may want both processors at the same time.


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path / "home") as made, served(made):
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        yield launched
        launched.close()


@pytest.fixture
def phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(**PHONE)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    yield context
    context.close()


def sign_in(page: Page, home: PortalHome, code: str) -> None:
    page.get_by_label("Mã của bạn").fill(code)
    page.get_by_label("Mã PIN hoặc mật khẩu").fill(home.services.credentials.issue_pin(code))
    page.get_by_role("button", name="Đăng nhập").click()


def form_ready(page: Page) -> Page:
    """The script has taken the form over."""
    expect(page.locator("form[data-ready=yes]")).to_be_attached()
    return page


def sheet_opened(phone: BrowserContext, home: PortalHome, code: str) -> Page:
    """The code on the learner's sheet is followed, and the learner signs in."""
    page = phone.new_page()
    page.goto(home.url(code))
    sign_in(page, home, code)
    return form_ready(page)


def pictures(*photos: bytes) -> list[dict[str, object]]:
    return [{"name": f"{n}.jpg", "mimeType": "image/jpeg", "buffer": data} for n, data in enumerate(photos)]
