"""Signing in, sessions, forms, limits and headers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from delivery.errors import N_, Unavailable
from delivery.store.api_tokens import Scope
from delivery.store.credentials import FREE_ATTEMPTS, HASHES_AT_ONCE
from tests.network.portal_home import AIR_CODE, AN, BINH, Phone, PortalHome, portal_home, served


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        yield made


def test_signing_in_leads_back_to_the_sheet(home: PortalHome, phone: Phone) -> None:
    pin = home.services.credentials.issue_pin(AN)
    path = f"/q/{home.token(AN)}"
    answer = phone.sign_in(AN, f"{pin[:4]} {pin[4:]}", then=path)
    assert answer.headers["location"] == path
    assert "Bài tập 1: Hệ đếm nhị phân" in phone.get(path).text


def test_a_crowd_that_signs_in_at_once_keeps_nobody_who_is_signed_in_waiting(
    home: PortalHome, phone: Phone
) -> None:
    pin = home.services.credentials.issue_pin(AN)
    form = {"csrf": phone.csrf("/sign-in"), "code": AN, "pin": pin}
    cookies = dict(phone.http.cookies)
    slots = home.services.credentials._hashing
    with Phone(home) as other, ThreadPoolExecutor(45) as crowd:
        other.enter(BINH)
        for _ in range(HASHES_AT_ONCE):
            slots.acquire()
        try:
            asked = [
                crowd.submit(
                    httpx.post,
                    f"{home.base_url}/sign-in",
                    data=form,
                    cookies=cookies,
                    timeout=60,
                    verify=False,
                    trust_env=False,
                )
                for _ in range(45)
            ]
            # More than there are threads for ordinary pages have been asked, and none of them can be answered.
            for _ in range(10):
                assert other.get("/me").status_code == 200
            assert not any(each.done() for each in asked)
        finally:
            for _ in range(HASHES_AT_ONCE):
                slots.release()
        assert {each.result().status_code for each in asked} == {303}


@pytest.mark.parametrize(
    "then", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1", ""]
)
def test_signing_in_never_leads_to_another_host(home: PortalHome, phone: Phone, then: str) -> None:
    pin = home.services.credentials.issue_pin(AN)
    assert phone.sign_in(AN, pin, then=then).headers["location"] == "/me"


def test_an_unknown_code_and_a_wrong_pin_get_the_same_answer(home: PortalHome, phone: Phone) -> None:
    home.services.credentials.issue_pin(AN)
    wrong = phone.sign_in(AN, "00000000")
    unknown = phone.sign_in("SV999", "00000000")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace(AN, "SV999") == unknown.text


@pytest.mark.parametrize("code", [AN, "SV999"])
def test_guessing_locks_a_code_whether_or_not_it_exists_until_the_time_is_over(
    home: PortalHome, phone: Phone, code: str
) -> None:
    pin = home.services.credentials.issue_pin(AN)
    answers = [phone.sign_in(code, "00000000").status_code for _ in range(FREE_ATTEMPTS)]
    assert answers == [401] * (FREE_ATTEMPTS - 1) + [429]
    assert phone.sign_in(code, pin).status_code == 429
    home.clock.advance(31)
    assert phone.sign_in(code, pin).status_code == (303 if code == AN else 429)


def test_many_failures_from_one_address_close_it_for_a_while(home: PortalHome, phone: Phone) -> None:
    statuses = [phone.http.get(f"/q/GUESS{number}").status_code for number in range(40)]
    assert statuses[0] == 404
    assert statuses[-1] == phone.http.get(f"/q/{home.token(AN)}").status_code == 429
    assert phone.http.get("/").status_code == 200
    home.clock.advance(60)
    assert phone.http.get(f"/q/{home.token(AN)}").status_code == 200


def test_signing_out_ends_the_session_for_everybody_who_holds_its_cookie(
    home: PortalHome, phone: Phone
) -> None:
    phone.sign_in(AN, home.services.credentials.issue_pin(AN))
    with Phone(home) as copy:
        copy.http.cookies.update(phone.http.cookies)
        assert copy.http.get("/me").status_code == 200
        phone.http.post("/sign-out", data={"csrf": phone.csrf("/me")})
        assert copy.http.get("/me").status_code == 303


def test_taking_access_away_ends_the_session(home: PortalHome, phone: Phone) -> None:
    pin = home.services.credentials.issue_pin(AN)
    phone.sign_in(AN, pin)
    assert phone.http.get("/me").status_code == 200
    assert home.services.credentials.revoke(AN) == 1
    assert phone.http.get("/me").headers["location"] == "/sign-in?then=/me"
    assert phone.sign_in(AN, pin).status_code == 401


def test_a_fresh_pin_ends_the_old_one_and_its_sessions(home: PortalHome, phone: Phone) -> None:
    old = home.services.credentials.issue_pin(AN)
    phone.sign_in(AN, old)
    new = home.services.credentials.issue_pin(AN)
    assert phone.http.get("/me").status_code == 303
    assert phone.sign_in(AN, old).status_code == 401
    assert phone.sign_in(AN, new).status_code == 303


def test_a_session_ends_after_twelve_hours(home: PortalHome, phone: Phone) -> None:
    phone.sign_in(AN, home.services.credentials.issue_pin(AN))
    home.clock.advance(12 * 3600)
    assert phone.http.get("/me").status_code == 303


def test_a_form_without_its_token_is_refused(home: PortalHome, phone: Phone) -> None:
    pin = home.services.credentials.issue_pin(AN)
    assert phone.http.post("/sign-in", data={"code": AN, "pin": pin}).status_code == 403
    phone.sign_in(AN, pin)
    before = home.fact_count()
    for path, form in (
        (f"/q/{home.token(AN)}", {}),
        (f"/q/{home.token(AN)}", {"csrf": "0" * 64}),
        ("/attendance", {"code": AIR_CODE}),
        ("/sign-out", {}),
    ):
        files = [("photos", ("a.jpg", home.photo(AN), "image/jpeg"))] if path.startswith("/q/") else None
        answer = phone.http.post(path, data=form, files=files)
        assert answer.status_code == 403, path
    assert home.fact_count() == before
    assert phone.http.get("/me").status_code == 200


def test_a_form_that_another_site_sends_is_refused_even_with_its_token(
    home: PortalHome, phone: Phone
) -> None:
    phone.sign_in(AN, home.services.credentials.issue_pin(AN))
    form = {"csrf": phone.csrf("/attendance"), "code": AIR_CODE}
    answer = phone.http.post("/attendance", data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403


def test_another_learners_token_does_not_fit_this_browsers_forms(home: PortalHome, phone: Phone) -> None:
    phone.sign_in(AN, home.services.credentials.issue_pin(AN))
    with Phone(home) as other:
        other.sign_in(BINH, home.services.credentials.issue_pin(BINH))
        form = {"csrf": other.csrf("/attendance"), "code": AIR_CODE}
    assert phone.http.post("/attendance", data=form).status_code == 403


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    home: PortalHome, phone: Phone
) -> None:
    cookie = phone.sign_in(AN, home.services.credentials.issue_pin(AN)).headers["set-cookie"]
    assert cookie.startswith("tuxa_session=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_behind_https_cookies_are_secure_and_bound_to_the_host(tmp_path: Path) -> None:
    with portal_home(tmp_path) as home:
        settings = replace(home.services.settings, public_url="https://hoc.example.edu.vn")
        home.services = replace(home.services, settings=settings)
        with served(home), httpx.Client(base_url=home.base_url) as http:
            cookie = http.get("/sign-in").headers["set-cookie"]
    assert cookie.startswith("__Host-tuxa_form=")
    assert "Secure" in cookie


def test_every_answer_carries_the_headers_that_keep_it_to_itself(home: PortalHome, phone: Phone) -> None:
    for path in ("/", "/sign-in", "/nothing", f"/q/{home.token(AN)}", "/healthz", "/static/portal.css"):
        headers = phone.http.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_pages_are_not_kept_by_caches_and_static_files_are(phone: Phone) -> None:
    assert phone.http.get("/").headers["cache-control"] == "no-store"
    assert phone.http.get("/static/portal.css").headers["cache-control"] == "public, max-age=3600"


def test_the_log_holds_no_token_no_code_and_no_pin(
    home: PortalHome, phone: Phone, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    pin = home.services.credentials.issue_pin(AN)
    with caplog.at_level(logging.DEBUG):
        token = home.token(AN)
        phone.sign_in(AN, pin, then=f"/q/{token}")
        phone.send(token, home.photo(AN))
        phone.get("/q/nonsense-token")
        phone.get("/me")
    printed = capsys.readouterr()
    own = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    logged = "\n".join([printed.out, printed.err, *(record.getMessage() for record in own)])
    assert "portal.request" in logged
    for secret in (token, "nonsense-token", pin, AN, home.learner(AN)):
        assert secret not in logged


def test_a_bug_becomes_a_page_and_a_log_line_without_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[object]:
        raise RuntimeError("Nguyễn Văn An, 12 Lê Lợi")

    with portal_home(tmp_path, on_air=broken) as home, served(home), Phone(home) as phone:
        answer = phone.get("/")
    assert answer.status_code == 500
    assert "Đã có lỗi" in answer.text
    printed = capsys.readouterr()
    logged = "\n".join([printed.out, printed.err, *(record.getMessage() for record in caplog.records)])
    assert "RuntimeError" in logged
    assert "Nguyễn" not in answer.text + logged


@pytest.mark.parametrize(("proxies", "secure"), [("", False), ("127.0.0.1", True), ("10.9.9.9", False)])
def test_headers_of_a_proxy_are_believed_only_from_proxies_that_were_named(
    tmp_path: Path, proxies: str, secure: bool
) -> None:
    with portal_home(tmp_path) as home, served(home, proxies=proxies), Phone(home) as phone:
        answer = phone.http.get(
            "/sign-in", headers={"x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.9"}
        )
        assert ("Secure" in answer.headers["set-cookie"]) is secure


def test_a_device_is_remembered_only_when_its_owner_asks_and_never_for_staff(
    home: PortalHome, phone: Phone
) -> None:
    for code, kept in ((AN, 200), ("GV01", 303)):
        form = {
            "csrf": phone.csrf("/sign-in"),
            "code": code,
            "pin": home.services.credentials.issue_pin(code),
        }
        phone.http.post("/sign-in", data={**form, "remember": "1"})
        home.clock.advance(13 * 3600)
        assert phone.http.get("/account").status_code == kept
        phone.http.cookies.clear()


def test_a_person_chooses_a_password_and_other_devices_are_signed_out(home: PortalHome, phone: Phone) -> None:
    pin = home.services.credentials.issue_pin(AN)
    phone.sign_in(AN, pin)

    def change(new: str, *, old: str = pin, again: str = "") -> int:
        form = {"csrf": phone.csrf("/account"), "old": old, "new": new, "again": again or new}
        return phone.http.post("/account/password", data=form).status_code

    with Phone(home) as other:
        other.sign_in(AN, pin)
        assert (
            change("ngắn")
            == change("ba con mèo đen", old="sai")
            == change("abcdefgh", again="abcdefgx")
            == 422
        )
        assert change("ba con mèo đen") == 303
        assert other.http.get("/me").status_code == 303
        assert phone.http.get("/me").status_code == 200
        assert other.sign_in(AN, pin).status_code == 401
        assert other.sign_in(AN, "ba con mèo đen").status_code == 303


def test_somebody_whose_code_was_guessed_at_is_told_after_signing_in(home: PortalHome, phone: Phone) -> None:
    pin = home.services.credentials.issue_pin(AN)
    for _ in range(FREE_ATTEMPTS):
        phone.sign_in(AN, "00000000")
    home.clock.advance(60)
    answer = phone.sign_in(AN, pin)
    assert "lần đăng nhập sai" in phone.get(answer.headers["location"]).text


def test_the_health_page_answers_in_json(phone: Phone) -> None:
    assert json.loads(phone.get("/healthz").text) == {"ok": True}
    assert json.loads(phone.get("/readyz").text) == {"ok": True}


def test_metrics_are_counted_by_route_and_name_nobody(tmp_path: Path) -> None:
    with portal_home(tmp_path) as home, served(home, alone=True), Phone(home) as phone:
        phone.http.get(f"/q/{home.token(AN)}")
        phone.enter(AN)
        phone.http.head(f"/uploads/{'0' * 32}", headers={"tus-resumable": "1.0.0"})
        text = phone.http.get("/metrics").text
    assert 'tuxa_requests_total{method="GET",route="/q/{token}",status="200"} 1' in text
    assert 'tuxa_request_seconds_bucket{route="/q/{token}",le="+Inf"} 1' in text
    assert 'tuxa_requests_total{method="HEAD",route="/uploads/{ident}",status="404"} 1' in text
    assert home.token(AN) not in text


def test_taking_access_away_ends_the_tokens_of_programs_too(home: PortalHome) -> None:
    learner = home.learner(AN)
    for end in (home.services.credentials.revoke, home.services.credentials.issue_pin):
        token = home.services.tokens.make(learner, label="thử", scopes=frozenset({Scope.READ}))
        assert home.services.tokens.find(token)
        end(AN)
        assert home.services.tokens.find(token) is None


def test_signing_in_as_somebody_else_ends_the_session_before(home: PortalHome, phone: Phone) -> None:
    phone.enter(AN)
    before = phone.http.cookies["tuxa_session"]
    form = {"csrf": phone.csrf("/account"), "code": BINH, "pin": home.services.credentials.issue_pin(BINH)}
    assert phone.http.post("/sign-in", data=form).status_code == 303
    assert home.services.credentials.sessions.find(before) is None


@pytest.mark.parametrize(
    ("path", "back"),
    [("/account/password", "/account"), ("/courses/CNTT101/questions", "/courses/CNTT101/questions")],
)
def test_a_form_that_is_sent_after_the_session_ended_leads_back_to_its_page(
    home: PortalHome, phone: Phone, path: str, back: str
) -> None:
    assert phone.http.post(path, data={"x": "y"}).headers["location"] == f"/sign-in?then={back}"


@pytest.mark.parametrize("path", ["/me/", "//evil.example/", "/sign-in//", "/%2F%2Fevil.example/"])
def test_no_redirect_names_the_host_that_a_request_names(phone: Phone, path: str) -> None:
    request = phone.http.build_request("GET", "/", headers={"host": "evil.example"})
    request.url = request.url.copy_with(raw_path=path.encode())
    answer = phone.http.send(request, follow_redirects=False)
    assert answer.status_code in (303, 404)
    assert answer.headers.get("location", "/").startswith("/")
    assert not answer.headers.get("location", "/").startswith("//")


def test_browsers_keep_to_https_once_the_portal_has_it(tmp_path: Path) -> None:
    with portal_home(tmp_path) as home:
        settings = replace(home.services.settings, public_url="https://hoc.example.edu.vn")
        home.services = replace(home.services, settings=settings)
        with served(home, alone=True), Phone(home) as phone:
            assert "max-age=" in phone.http.get("/").headers["strict-transport-security"]
    with portal_home(tmp_path / "plain") as home, served(home), Phone(home) as phone:
        assert "strict-transport-security" not in phone.http.get("/").headers


def test_a_database_that_does_not_answer_is_a_page_that_says_to_try_later(tmp_path: Path) -> None:
    def broken(_learner: str) -> dict[str, object]:
        raise Unavailable(N_("The disk is full: nothing of this step was stored."))

    with portal_home(tmp_path, record_of=broken) as home, served(home), Phone(home) as phone:
        phone.enter(AN)
        answer = phone.http.get("/me")
    assert (answer.status_code, "thử lại sau" in answer.text) == (503, True)


def test_whoever_has_signed_in_does_not_pay_for_what_others_do_at_the_same_address(
    home: PortalHome, phone: Phone
) -> None:
    phone.enter(AN)
    assert phone.http.get("/me").status_code == 200
    with Phone(home) as neighbour:
        while neighbour.http.get("/q/GUESS").status_code != 429:
            pass
        neighbour.http.cookies.set("tuxa_session", "0" * 64)
        assert neighbour.http.get("/sign-in").status_code == 429
    assert phone.http.get("/me").status_code == 200
