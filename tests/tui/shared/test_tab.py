"""The tab in a browser: served to one browser on this machine, by a key that works once, and following the console."""

from __future__ import annotations

import http.client
import io
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect, sync_playwright

from delivery.ids import SystemIds
from tests.support.tools import tool
from tui.shared.tab import Tab


@pytest.fixture
def tab() -> Iterator[Tab]:
    made = Tab(SystemIds(), language="vi", lost="mất liên lạc")
    yield made
    made.close()


def get(tab: Tab, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    line = http.client.HTTPConnection("127.0.0.1", tab.port, timeout=30)
    try:
        line.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = line.getresponse()
        return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
    finally:
        line.close()


def cookie_of(tab: Tab) -> str:
    status, _, headers = get(tab, urlsplit(tab.address()).path)
    assert status == 303
    assert "HttpOnly" in headers["set-cookie"]
    assert "SameSite=Strict" in headers["set-cookie"]
    return headers["set-cookie"].partition(";")[0]


def test_without_the_key_nothing_is_shown_and_the_key_works_once(tab: Tab) -> None:
    path = urlsplit(tab.address()).path
    tab.show("trang 3", b"\xff\xd8picture")
    for wrong in ("/", "/picture", "/state", "/tab.js", "/%C4%91", path + "0"):
        assert get(tab, wrong)[0] == 404
    assert get(tab, path)[0] == 303
    assert get(tab, path)[0] == 404
    assert tab.address().endswith(path) is False


def test_the_picture_of_the_moment_is_served_to_whom_has_the_cookie(tab: Tab) -> None:
    cookie = cookie_of(tab)
    status, page, headers = get(tab, "/", Cookie=cookie)
    assert status == 200
    assert b'lang="vi"' in page
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert get(tab, "/picture", Cookie=cookie)[0] == 404, "nothing is shown yet"
    tab.show("trang 3", b"\xff\xd8picture")
    assert get(tab, "/picture?1", Cookie=cookie)[1] == b"\xff\xd8picture"
    for file in ("/tab.js", "/tab.css"):
        assert get(tab, file, Cookie=cookie)[0] == 200


def test_a_page_of_another_name_for_this_address_is_turned_away(tab: Tab) -> None:
    cookie = cookie_of(tab)
    assert get(tab, "/", Cookie=cookie, Host="evil.example")[0] == 404


def test_the_tab_waits_until_something_else_is_shown(tab: Tab) -> None:
    cookie = cookie_of(tab)
    tab.show("một", b"1")
    number = get(tab, "/state?after=-1", Cookie=cookie)[1].split(b"\n")[0].decode()
    threading.Timer(0.2, tab.show, ("hai", b"2")).start()
    told = get(tab, f"/state?after={number}", Cookie=cookie)[1].decode().split("\n")
    assert told[1:] == ["1", "hai"]
    assert int(told[0]) == int(number) + 1


@pytest.mark.needs("chromium")
def test_in_a_browser_the_page_fills_the_width_follows_the_console_and_says_when_it_is_lost(tab: Tab) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=tool("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 800, "height": 600})
        tab.show("trang 3 của scan-0412.pdf · TX260001", sheet(700, 1000))
        page.goto(tab.address())
        picture, status = page.locator("#picture"), page.get_by_role("status")
        expect(picture).to_have_js_property("naturalWidth", 700)
        expect(page).to_have_title("trang 3 của scan-0412.pdf · TX260001")
        for width, height in ((800, 600), (1600, 1200)):
            page.set_viewport_size({"width": width, "height": height})
            box = picture.bounding_box()
            assert box is not None
            # As wide as the tab, but never wider than a scanned page is sharp; nothing is cut at the side.
            assert box["width"] == min(page.evaluate("document.documentElement.clientWidth"), 1414)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        picture.click()
        whole = picture.bounding_box()
        assert whole is not None
        assert whole["y"] + whole["height"] <= 1200
        tab.show("trang 4", sheet(400, 500))
        expect(picture).to_have_js_property("naturalWidth", 400)
        expect(page.get_by_role("heading")).to_have_text("trang 4")
        expect(status).to_have_text("")
        tab.close()
        expect(status).to_have_text("▲ mất liên lạc", timeout=30_000)
        browser.close()


def test_a_browser_that_goes_away_in_the_middle_writes_nothing_to_the_terminal(
    tab: Tab, capfd: pytest.CaptureFixture[str]
) -> None:
    cookie = cookie_of(tab)
    tab.show("một", b"1")
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", tab.port)) as line:
            # Reset instead of a polite end.
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            asked = f"GET /state?after=1 HTTP/1.1\r\nHost: 127.0.0.1:{tab.port}\r\nCookie: {cookie}\r\n\r\n"
            line.sendall(asked.encode())
    tab.show("hai", b"2" * 1_000_000)
    tab.close()
    for thread in threading.enumerate():
        if "process_request" in thread.name:
            thread.join(30)
    assert capfd.readouterr() == ("", "")


def sheet(width: int, height: int) -> bytes:
    """A page with a border, as a JPEG."""
    page = Image.new("L", (width, height), 250)
    ImageDraw.Draw(page).rectangle((5, 5, width - 6, height - 6), outline=20, width=3)
    out = io.BytesIO()
    page.save(out, "JPEG")
    return out.getvalue()
