"""Signing in through a real OpenID Connect provider on loopback: who the claim's code names, and nobody else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from delivery.clock import SystemClock
from tests.network.portal_home import AN, LECTURER, Phone, PortalHome, portal_home, served

CLAIM = "preferred_username"
PEOPLE = {
    "1": {CLAIM: AN, "email": "an@example.edu.vn"},
    "2": {CLAIM: LECTURER},
    "3": {CLAIM: "NOBODY", "email": "an@example.edu.vn"},
    "4": {"email": "an@example.edu.vn"},
}
_PROVIDER = """
import json, sys
from authlib.jose import jwt
from flask import request
from oidc_provider_mock import User, app
from oidc_provider_mock._storage import storage
from werkzeug.serving import make_server
people = [User(sub=sub, claims=claims) for sub, claims in json.loads(sys.argv[1]).items()]
provider = app(require_nonce=True, user_claims=people)
@provider.post("/signed")
def signed():
    return jwt.encode({"alg": "RS256", "typ": "logout+jwt"}, request.json, storage.jwk)
server = make_server("localhost", 0, provider, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""It signs what it is asked to, because it sends no notices of its own that somebody signed out."""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """In a process of its own, as a university's is."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", _PROVIDER, json.dumps(PEOPLE)],
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield f"http://localhost:{int(server.stdout.readline())}"
        server.terminate()


@pytest.fixture
def home(tmp_path: Path, provider: str) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made:
        made.clock.at = SystemClock().now()  # the provider's clock cannot be set
        settings = replace(
            made.services.settings, oidc_issuer=provider, oidc_client_id="tuxa", oidc_client_secret="s3cret-9"
        )
        made.services = replace(made.services, settings=settings)
        with served(made, alone=True):
            # The provider sends people back to where the portal says it is.
            object.__setattr__(settings, "public_url", made.base_url)
            yield made


def begin(phone: Phone, then: str = "/me") -> str:
    answer = phone.http.get(f"/sign-in/provider?then={then}")
    assert answer.status_code == 303
    return answer.headers["location"]


def signed_in_at_provider(address: str, sub: str) -> str:
    """Where the provider sends the browser back to."""
    answer = httpx.post(address, data={"sub": sub}, trust_env=False)
    return str(answer.headers["location"])


def test_a_learner_signs_in_and_comes_to_the_page_that_was_asked_for(home: PortalHome) -> None:
    with Phone(home) as phone:
        assert "localhost" in phone.get("/sign-in?then=/courses").text
        address = begin(phone, "/courses")
        asked = parse_qs(urlsplit(address).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["nonce"]
        assert asked["state"]
        assert asked["scope"] == ["openid profile"]
        answer = phone.http.get(signed_in_at_provider(address, "1"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/courses")
        assert phone.get("/me").status_code == 200


def test_staff_come_to_their_own_first_page(home: PortalHome) -> None:
    with Phone(home) as phone:
        answer = phone.http.get(signed_in_at_provider(begin(phone), "2"))
        assert answer.headers["location"] == "/staff"


@pytest.mark.parametrize("sub", ["3", "4"])
def test_a_mail_address_makes_nobody_somebody_else(home: PortalHome, sub: str) -> None:
    with Phone(home) as phone:
        assert phone.http.get(signed_in_at_provider(begin(phone), sub)).status_code == 401
        assert phone.http.get("/me").status_code == 303


def test_an_answer_works_once_in_the_browser_that_asked_and_in_no_other(home: PortalHome) -> None:
    with Phone(home) as phone, Phone(home) as thief:
        back = signed_in_at_provider(begin(phone), "1")
        begin(thief)
        assert thief.http.get(back).status_code == 401
        assert phone.http.get(f"{back}&iss=https://evil.example").status_code == 401
        assert phone.http.get(back).status_code == 401, "the state was used up by the attempt before"


def test_an_answer_for_another_nonce_is_not_believed(home: PortalHome) -> None:
    with Phone(home) as phone:
        address = begin(phone)
        nonce = parse_qs(urlsplit(address).query)["nonce"][0]
        back = signed_in_at_provider(address.replace(nonce, "0" * 64), "1")
        assert phone.http.get(back).status_code == 401


def test_a_provider_that_names_another_issuer_is_not_used(home: PortalHome, provider: str) -> None:
    object.__setattr__(home.services.settings, "oidc_issuer", provider.replace("localhost", "LOCALHOST"))
    with served(home, alone=True), Phone(home) as phone:
        answer = phone.http.get("/sign-in/provider")
        assert answer.status_code == 503
        assert "mã PIN" in answer.text


def test_without_the_setting_there_is_no_such_page(tmp_path: Path) -> None:
    with portal_home(tmp_path) as made, served(made), Phone(made) as phone:
        assert phone.http.get("/sign-in/provider").status_code == 404
        assert phone.http.get("/sign-in/provider/back?code=1&state=1").status_code == 404
        assert "/sign-in/provider" not in phone.get("/sign-in").text


EVENT = "http://schemas.openid.net/event/backchannel-logout"


def notice(home: PortalHome, provider: str, **changes: object) -> httpx.Response:
    """Tell the portal that somebody signed out at the provider; `changes` to the notice make it another one."""
    now = int(home.clock.now().timestamp())
    claims = {"iss": provider, "aud": "tuxa", "iat": now, "exp": now + 120, "jti": "1", "events": {EVENT: {}}}
    told = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    token = httpx.post(f"{provider}/signed", json=told, trust_env=False).text
    return httpx.post(f"{home.base_url}/sign-in/provider/out", data={"logout_token": token}, trust_env=False)


def test_whoever_signs_out_at_the_provider_is_signed_out_here_and_nobody_else(
    home: PortalHome, provider: str
) -> None:
    with Phone(home) as one, Phone(home) as other, Phone(home) as by_pin:
        for phone, sub in ((one, "1"), (other, "2")):
            phone.http.get(signed_in_at_provider(begin(phone), sub))
        by_pin.enter(AN)
        answer = notice(home, provider, sub="1")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert one.http.get("/account").status_code == 303
        assert other.http.get("/account").status_code == 200
        assert by_pin.http.get("/account").status_code == 200, "this session the provider did not open"
        assert notice(home, provider, sub="1").status_code == 200, "again is the same"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "http://localhost:1"},
        {"nonce": "n"},
        {"events": {}},
        {"events": None},
        {"sub": None},
        {"jti": None},
        {"iat": 1_000_000_000},
        {"exp": 1_000_000_000},
        {"iat": "x"},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_a_notice_that_proves_nothing_signs_nobody_out(
    home: PortalHome, provider: str, changes: dict[str, object]
) -> None:
    with Phone(home) as phone:
        phone.http.get(signed_in_at_provider(begin(phone), "1"))
        assert notice(home, provider, **{"sub": "1", **changes}).status_code == 400
        forged = {"logout_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}
        assert phone.http.post("/sign-in/provider/out", data=forged).status_code == 400
        assert phone.http.post("/sign-in/provider/out").status_code == 400
        assert phone.http.get("/account").status_code == 200
