"""What one learner sees is nobody else's: every address that a learner can reach, asked for by others."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.portal_home import (
    AN,
    BINH,
    LECTURER,
    STUDY,
    WORK,
    Phone,
    PortalHome,
    draw_photo,
    portal_home,
    served,
)

COMMENT = "Nhận xét chỉ dành cho An."
TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def an(home: PortalHome) -> Iterator[Phone]:
    """An, who has sent sheets and a file, has a mark with a comment, and an upload under way."""
    with Phone(home) as phone, Phone(home) as desk:
        phone.enter(AN)
        phone.send(home.token(AN), home.photo(AN, 1))
        path = f"/work/{WORK}"
        file = ("file", ("a.jpg", draw_photo([], size=(300, 400)), "image/jpeg"))
        phone.http.post(path, data={"csrf": phone.csrf(path)}, files=[file])
        desk.enter(LECTURER)
        found = re.search(rf'href="(/desk/{WORK}/[0-9a-f]+)"', desk.get(f"/desk/{WORK}").text)
        assert found
        form = {"csrf": desk.csrf(found[1]), "replaces": "", "score": "7.25", "comment": COMMENT}
        assert desk.http.post(f"{found[1]}/mark", data=form).status_code == 303
        yield phone


def reached(phone: Phone) -> dict[str, str]:
    """Address -> text of everything that links lead to, from the first page on."""
    wanted, seen = ["/", "/me", f"/study/{STUDY}", f"/work/{WORK}", "/me/export"], dict[str, str]()
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        answer = phone.get(path)
        seen[path] = answer.text if answer.status_code == 200 else ""
        if "text/html" in answer.headers["content-type"]:
            links = (html.unescape(link) for link in re.findall(r'(?:href|src)="(/[^"#]*)"', answer.text))
            wanted += [link for link in links if "lang=" not in link and not link.startswith("/static/")]
        phone.home.clock.advance(1)
    return seen


def test_nothing_that_a_learner_can_reach_tells_of_it_to_anybody_else(home: PortalHome, an: Phone) -> None:
    upload = an.http.post("/uploads", headers={**TUS, "Upload-Length": "9"}).headers["location"]
    mine = reached(an)
    told = "\n".join(mine.values())
    codes = set(re.findall(r"\b[A-Z2-7]{4}-[A-Z2-7]{4}\b", told))
    facts = set(re.findall(r"/receipt\?f=([0-9a-f-]{36})", told))
    assert len(codes) == len(facts) == 2
    assert COMMENT in told
    secrets = {"Nguyễn Văn An", AN, home.learner(AN), COMMENT, "7,25", *codes}
    with Phone(home) as binh, Phone(home) as stranger:
        binh.enter(BINH)
        for path in {*mine, f"{upload}/reading", *(f"/receipt.pdf?f={fact}" for fact in facts)}:
            for other in (binh, stranger):
                home.clock.advance(5)
                answer = other.http.get(path, headers=TUS)
                leaked = [secret for secret in secrets if secret in answer.text]
                assert leaked == [], (path, answer.status_code)
                if "/receipt" in path or "/uploads" in path:
                    assert answer.status_code in (303, 404)
        for method, path in (
            ("HEAD", upload),
            ("PATCH", upload),
            ("DELETE", upload),
            ("GET", f"{upload}/reading"),
        ):
            headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            assert binh.http.request(method, path, headers=headers).status_code == 404
    assert an.http.head(upload, headers=TUS).status_code == 200


ODD = (
    "/q/%00",
    "/q/..%2f..%2fme",
    "/receipt?f=%00",
    "/receipt?f=..%2f",
    "/me/activity/%00",
    "/me/activity/..%2f..%2fetc%2fpasswd",
    "/courses/%00",
    "/courses/CNTT101/questions/%00",
    "/lesson/%00/..%2f..%2fmaster.m3u8",
    "/study/%F0%9F%98%80",
    "/work/B%C3%A0i%20t%E1%BA%ADp",
    "/uploads/%00",
    "/again/%00/%00",
    "/watch/..%2f",
    "/static/..%2f..%2f..%2fsettings.py",
    "/static/%2e%2e/app.py",
    "/static/vendor/",
    "/attendance?recorded=%00&code=" + "A" * 3000,
    "/study/CNTT101-M1?recorded=%ff",
    "/account?attempts=-99999999999999999999",
    "/sign-in?then=%0d%0aset-cookie:x=1",
    "/?lang=%00",
)


def test_odd_addresses_are_answered_in_words_and_lead_nowhere(home: PortalHome) -> None:
    with Phone(home) as phone:
        phone.enter(AN)
        for path in ODD:
            request = phone.http.build_request("GET", "/")
            request.url = request.url.copy_with(raw_path=path.encode())
            answer = phone.http.send(request, follow_redirects=False)
            assert answer.status_code in (200, 303, 400, 404, 405, 422), path
            assert "set-cookie:x" not in str(answer.headers).lower()
            assert "import annotations" not in answer.text
