"""A learner with a phone: scan the code on the sheet, sign in, send photographs, keep the receipt. No JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from delivery.record.kinds import FactKind
from delivery.store.submissions import image_digest, receipt_code
from tests.network.portal_home import AN, PortalHome, portal_home, served
from tests.support.tools import tool

pytestmark = pytest.mark.needs("chromium")

ARGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path / "home") as made, served(made):
        yield made


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=ARGS)
        context = browser.new_context(
            viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True, java_script_enabled=False
        )
        yield context.new_page()
        browser.close()


def test_a_learner_sends_two_sheets_from_the_code_to_the_receipt(
    home: PortalHome, page: Page, tmp_path: Path
) -> None:
    photos = [tmp_path / "IMG_0001.jpg", tmp_path / "IMG_0002.jpg"]
    for number, photo in zip((2, 1), photos, strict=True):
        photo.write_bytes(home.photo(AN, number))
    pin = home.services.credentials.issue_pin(AN)

    page.goto(home.url(AN))
    page.get_by_label("Mã người học").fill(AN.lower())
    page.get_by_label("Mã PIN").fill(pin)
    page.get_by_role("button", name="Đăng nhập").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Bài tập 1: Hệ đếm nhị phân"
    assert page.get_by_role("listitem").filter(has_text="chưa nhận").count() == 2
    page.get_by_label("Ảnh chụp các tờ bài làm").set_input_files(photos)
    page.get_by_role("button", name="Gửi").click()

    assert page.get_by_role("heading", level=1).inner_text() == "Biên nhận"
    assert "/receipt?" in page.url
    facts = list(home.facts.select(kind=FactKind.WORK_RECEIVED, learner=home.learner(AN)))
    assert {(fact.data["page"], fact.data["blob"]) for fact in facts} == {
        (number, image_digest(photo.read_bytes())) for number, photo in zip((2, 1), photos, strict=True)
    }
    for fact in facts:
        receipt = page.get_by_role("article").filter(has_text=receipt_code(fact.id)).inner_text()
        assert fact.data["blob"][:16] in receipt
        assert f"Trang {fact.data['page']}/2" in receipt

    page.reload()
    page.go_back()
    page.reload()
    assert page.get_by_role("listitem").filter(has_text="đã nhận").count() == 2
    assert len(list(home.facts.select(kind=FactKind.WORK_RECEIVED))) == 2
