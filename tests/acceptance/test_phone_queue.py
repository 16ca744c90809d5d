"""What a phone does with photos that wait on it: closed pages, wrong sheets, old pages, more than fit."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from delivery.record.kinds import FactKind
from tests.acceptance.phones import browser, form_ready, home, phone, pictures, sheet_opened, sign_in
from tests.network.portal_home import AN, WORK, PortalHome, draw_photo

__all__ = ["browser", "home", "phone"]

pytestmark = pytest.mark.needs("chromium")


def test_photos_wait_on_the_phone_while_the_page_is_closed_and_go_on_when_it_is_opened_again(
    home: PortalHome, phone: BrowserContext
) -> None:
    page = sheet_opened(phone, home, AN)
    phone.set_offline(True)
    page.locator("#photos").set_input_files(pictures(home.photo(AN, 1), home.photo(AN, 2)))  # type: ignore[arg-type]
    expect(page.get_by_text("Mất kết nối")).to_be_visible()
    page.get_by_role("button", name="Gửi", exact=True).click()
    page.close()
    phone.set_offline(False)
    again = phone.new_page()
    again.goto(home.url(AN))
    again.wait_for_url("**/receipt?**")
    assert len(list(home.facts.select(kind=FactKind.WORK_RECEIVED))) == 2


_TELL_STATES = """() => {
  window.states = [];
  const look = () => document.querySelectorAll(".tile .state").forEach((line) => window.states.push(line.textContent));
  const all = {subtree: true, childList: true, characterData: true};
  new MutationObserver(look).observe(document.querySelector(".tray"), all);
}"""


def test_a_slow_line_shows_how_far_a_photo_is_and_a_line_that_fell_silent_is_given_up(
    home: PortalHome, phone: BrowserContext
) -> None:
    page = sheet_opened(phone, home, AN)
    page.goto(f"{home.base_url}/work/{WORK}")
    form_ready(page)
    line = phone.new_cdp_session(page)
    line.send("Network.enable")
    kept = {"latency": 50, "downloadThroughput": 100_000, "offline": False}
    line.send("Network.emulateNetworkConditions", {**kept, "uploadThroughput": 60_000})
    page.evaluate(_TELL_STATES)
    out = io.BytesIO()
    Image.effect_noise((700, 900), 60).convert("RGB").save(out, "JPEG", quality=60)
    assert 150_000 < len(out.getvalue()) < 512 * 1024, "one piece"
    page.locator("#file").set_input_files(pictures(out.getvalue()))  # type: ignore[arg-type]
    expect(page.locator(".tile.good")).to_have_count(1)
    percents = {int(found[1]) for said in page.evaluate("states") if (found := re.search(r"(\d+)%", said))}
    assert len(percents - {0, 100}) >= 3, percents

    page.clock.install()
    line.send("Network.emulateNetworkConditions", {**kept, "uploadThroughput": 1})
    page.locator("#file").set_input_files(pictures(out.getvalue()[:-2] + b"\xff\xd9"))  # type: ignore[arg-type]
    expect(page.get_by_text("Đang tải lên: 0%")).to_be_visible()
    page.clock.fast_forward(31_000)
    expect(page.get_by_text("Mất kết nối")).to_be_visible()
    line.send("Network.emulateNetworkConditions", {**kept, "uploadThroughput": 10_000_000})
    page.clock.fast_forward(60_000)
    expect(page.locator(".tile.good")).to_have_count(2)


def test_a_photo_that_is_removed_or_turned_on_its_way_does_not_come_back(
    home: PortalHome, phone: BrowserContext
) -> None:
    page = sheet_opened(phone, home, AN)
    address = f"{home.base_url}/work/{WORK}"
    page.goto(address)
    form_ready(page)
    line = phone.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"latency": 50, "downloadThroughput": 100_000, "uploadThroughput": 40_000, "offline": False}
    line.send("Network.emulateNetworkConditions", slow)
    photos = [draw_photo([], seed=seed, size=(1240, 1754)) for seed in (1, 2)]
    page.locator("#file").set_input_files(pictures(*photos))  # type: ignore[arg-type]
    expect(page.locator(".tile .state").first).to_contain_text("Đang tải lên: ")
    page.get_by_role("button", name="Gỡ bỏ – Ảnh 1").click()
    expect(page.locator(".tile .state").first).to_contain_text("Đang tải lên: ")
    page.get_by_role("button", name="Xoay – Ảnh 1").click()
    line.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": 10_000_000})
    expect(page.locator(".tile.good")).to_have_count(1)
    again = phone.new_page()
    again.goto(address)
    form_ready(again)
    expect(again.locator(".tile")).to_have_count(1)
    page.close()
    again.get_by_role("button", name="Gửi", exact=True).click()
    again.wait_for_url("**/receipt?**")
    (fact,) = home.facts.select(kind=FactKind.WORK_RECEIVED)
    with Image.open(io.BytesIO(home.services.scans.get(fact.learner, fact.data["blob"]))) as kept:
        assert kept.size == (1754, 1240), "turned"


def test_a_wrong_sheet_is_noticed_at_once_and_pages_are_turned_ordered_and_taken_away(
    home: PortalHome, phone: BrowserContext
) -> None:
    page = sheet_opened(phone, home, AN)
    page.locator("#photos").set_input_files(pictures(draw_photo([]), home.photo(AN, 2)))  # type: ignore[arg-type]
    expect(page.locator(".tile.bad")).to_contain_text("Không đọc được mã")
    expect(page.locator(".tile.good")).to_contain_text("trang 2/2")
    page.get_by_role("button", name="Gửi", exact=True).click()
    expect(page.get_by_text("Hãy chụp lại hoặc gỡ các ảnh được đánh dấu")).to_be_visible()
    page.get_by_role("button", name="Gỡ bỏ – Ảnh 1").click()
    page.get_by_role("button", name="Xoay – Ảnh 1").click()
    expect(page.locator(".tile.good")).to_contain_text("trang 2/2")
    page.get_by_role("button", name="Gửi", exact=True).click()
    page.wait_for_url("**/receipt?**")

    page.goto(f"{home.base_url}/work/{WORK}")
    page.locator("#file").set_input_files(
        pictures(draw_photo([], size=(300, 400)), draw_photo([], size=(300, 500)))  # type: ignore[arg-type]
    )
    expect(page.locator(".tile.good")).to_have_count(2)
    page.get_by_role("button", name="Xuống sau – Ảnh 1").click()
    page.get_by_role("button", name="Cắt – Ảnh 1").click()
    page.get_by_label("Dưới", exact=True).fill("20")
    page.get_by_role("button", name="Giữ phần này").click()
    expect(page.locator(".tile.good")).to_have_count(2)
    page.get_by_role("button", name="Gửi", exact=True).click()
    page.wait_for_url("**/receipt?**")
    (fact,) = [f for f in home.facts.select(kind=FactKind.WORK_RECEIVED) if f.activity == WORK]
    assert fact.data["leaves"] == 2


def test_a_page_from_before_signing_in_anew_still_sends_and_what_does_not_fit_is_said(
    home: PortalHome, phone: BrowserContext
) -> None:
    page = sheet_opened(phone, home, AN)
    page.locator("#photos").set_input_files(pictures(home.photo(AN, 1), b""))  # type: ignore[arg-type]
    expect(page.locator(".tile.bad")).to_contain_text("Tệp này rỗng")
    page.get_by_role("button", name="Gỡ bỏ – Ảnh 2").click()
    expect(page.locator(".tile.good")).to_have_count(1)

    # In another tab the learner signs out and in again: this page's form has an old token now.
    other = phone.new_page()
    other.goto(f"{home.base_url}/me")
    other.get_by_role("button", name="Đăng xuất").click()
    other.goto(f"{home.base_url}/sign-in")
    sign_in(other, home, AN)
    page.get_by_role("button", name="Gửi", exact=True).click()
    page.wait_for_url("**/receipt?**")
    assert len(list(home.facts.select(kind=FactKind.WORK_RECEIVED))) == 1

    page.goto(f"{home.base_url}/work/{WORK}")
    form_ready(page)
    tiny = draw_photo([], size=(40, 60))
    page.locator("#file").set_input_files(pictures(*[tiny] * 22))  # type: ignore[arg-type]
    expect(page.locator(".tile")).to_have_count(20)
    expect(page.get_by_text("Không chọn thêm ảnh được nữa")).to_be_visible()
