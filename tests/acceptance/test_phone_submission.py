"""A learner with a phone: scan the code on the sheet, sign in, send photographs, keep the receipt; a lecturer marks.

Without JavaScript, and with it on a slow connection that is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from delivery.record.kinds import FactKind
from delivery.store.submissions import image_digest, receipt_code
from tests.acceptance.phones import PHONE, browser, home, phone, pictures, sign_in
from tests.network.portal_home import AN, LECTURER, PortalHome

__all__ = ["browser", "home", "phone"]

pytestmark = pytest.mark.needs("chromium")

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
"""400 kbit/s each way, 400 ms: “Slow 3G” of the browsers' own tools."""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False, **PHONE)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def slow_network(page: Page) -> Callable[[bool], None]:
    """Make the page's network slow; what is returned cuts it (True) and joins it again (False)."""
    session = page.context.new_cdp_session(page)

    def cut(offline: bool) -> None:
        session.send("Network.emulateNetworkConditions", {**SLOW_3G, "offline": offline})

    cut(False)
    return cut


def test_a_learner_sends_two_sheets_from_the_code_to_the_receipt(
    home: PortalHome, page: Page, tmp_path: Path
) -> None:
    photos = [tmp_path / "IMG_0001.jpg", tmp_path / "IMG_0002.jpg"]
    for number, photo in zip((2, 1), photos, strict=True):
        photo.write_bytes(home.photo(AN, number))
    page.goto(home.url(AN))
    sign_in(page, home, AN.lower())

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


def test_four_photos_over_a_slow_connection_that_is_cut_twice_are_received_and_marked(
    home: PortalHome, phone: BrowserContext, browser: Browser
) -> None:
    page = phone.new_page()
    loaded: list[int] = []
    page.on("response", lambda answer: loaded.append(int(answer.headers.get("content-length", 0))))
    page.goto(home.url(AN))
    sign_in(page, home, AN)
    expect(page.locator("form[data-ready=yes]")).to_be_attached()
    assert sum(loaded) <= 100_000  # sign-in and submission page together, with their styles and script
    cut = slow_network(page)
    # Two sheets, each photographed twice: one claim, four pieces of evidence.
    page.locator("#photos").set_input_files(
        pictures(*(home.photo(AN, number, seed=seed) for number in (2, 1) for seed in (1, 9)))  # type: ignore[arg-type]
    )
    expect(page.locator(".tile")).to_have_count(4)
    cut(True)
    expect(page.get_by_text("Mất kết nối")).to_be_visible()
    cut(False)
    expect(page.locator(".tile.good").first).to_be_visible()
    page.get_by_role("button", name="Gửi", exact=True).click()
    cut(True)
    expect(page.get_by_text("Mất kết nối")).to_be_visible()
    cut(False)
    page.wait_for_url("**/receipt?**")
    facts = list(home.facts.select(kind=FactKind.WORK_RECEIVED, learner=home.learner(AN)))
    assert sorted(fact.data["page"] for fact in facts) == [1, 1, 2, 2]
    for fact in facts:
        expect(page.get_by_text(receipt_code(fact.id))).to_be_visible()

    desk = browser.new_context().new_page()
    desk.goto(f"{home.base_url}/sign-in")
    sign_in(desk, home, LECTURER)
    desk.get_by_role("link", name="Chấm bài").first.click()
    desk.get_by_role("link", name="Bài tập 1: Hệ đếm nhị phân").click()
    desk.get_by_role("link", name="Nguyễn Văn An").click()
    expect(desk.locator(".leaf img")).to_have_count(2)
    desk.locator(".leaf img").first.click(position={"x": 60, "y": 80})
    desk.keyboard.type("Ghi rõ các bước.")
    desk.get_by_role("button", name="Ghim nhận xét").first.click()
    expect(desk.locator(".pin")).to_have_text("1")
    desk.keyboard.press("m")
    desk.keyboard.type("8.5")
    desk.keyboard.press("Control+Enter")
    expect(desk.get_by_text("Đã lưu.")).to_be_visible()

    page.goto(f"{home.base_url}/me/activity/CNTT101-A1")
    expect(page.get_by_text("Điểm: 8,5")).to_be_visible()
    expect(page.get_by_text("Ghi rõ các bước.")).to_be_visible()
