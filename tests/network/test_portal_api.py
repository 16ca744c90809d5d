"""The interface for programs: tokens and scopes, and that no request of any shape makes it stumble."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from delivery.record.kinds import FactKind
from delivery.store.api_tokens import Scope
from tests.network.portal_home import AN, LECTURER, WORK, PortalHome, draw_photo, portal_home, served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalHome]:
    with portal_home(tmp_path_factory.mktemp("home")) as made, served(made):
        yield made


def client(home: PortalHome, account: str, *scopes: Scope) -> httpx.Client:
    home.clock.advance(60)
    token = home.services.tokens.make(account, label="thử", scopes=frozenset(scopes))
    headers = {"authorization": f"Bearer {token}"}
    return httpx.Client(base_url=f"{home.base_url}/api", headers=headers, trust_env=False)


def test_a_token_may_do_what_its_scopes_and_its_owner_may_and_no_more(home: PortalHome) -> None:
    learner, lecturer = home.learner(AN), f"staff:{LECTURER}"
    for account, scopes, path, status in (
        (learner, (Scope.READ,), "/record", 200),
        (learner, (Scope.SUBMIT,), "/record", 403),
        (learner, (Scope.TEACH,), f"/desk/{WORK}", 403),
        (lecturer, (Scope.TEACH,), f"/desk/{WORK}", 200),
        (lecturer, (Scope.READ,), f"/desk/{WORK}", 403),
        (lecturer, (Scope.READ,), "/record", 403),
    ):
        with client(home, account, *scopes) as http:
            assert http.get(path).status_code == status, (account, scopes, path)


def test_a_token_that_is_unknown_or_was_taken_back_opens_nothing(home: PortalHome) -> None:
    with client(home, home.learner(AN), Scope.READ) as http:
        assert http.get("/record").status_code == 200
        for token in home.services.tokens.of(home.learner(AN)):
            home.services.tokens.revoke(home.learner(AN), token.ident)
        answer = http.get("/record")
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_work_goes_in_by_program_and_is_marked_by_program(home: PortalHome) -> None:
    with client(home, home.learner(AN), Scope.SUBMIT) as http:
        file = ("files", ("a.jpg", draw_photo([], size=(300, 400)), "image/jpeg"))
        sent = http.post(f"/assignments/{WORK}", files=[file]).json()
    assert sent["again"] == []
    with client(home, f"staff:{LECTURER}", Scope.TEACH) as http:
        (work,) = http.get(f"/desk/{WORK}").json()
        path = f"/desk/{WORK}/{work['work']}/mark"
        assert http.put(path, json={"score": "9.5"}).status_code == 200
        assert http.put(path, json={"score": "4"}).status_code == 409
    assert [fact.data["score"] for fact in home.facts.select(kind=FactKind.MARK_RECORDED)] == ["9.5"]


def test_a_session_cookie_is_no_token(home: PortalHome) -> None:
    session = home.services.credentials.sessions.start(home.learner(AN))
    with httpx.Client(
        base_url=home.base_url, cookies={"tuxa_session": session.token}, trust_env=False
    ) as http:
        assert http.get("/api/record").status_code == 401


@pytest.mark.parametrize("who", ["learner", "lecturer"])
def test_no_request_of_any_shape_makes_the_interface_stumble(home: PortalHome, who: str) -> None:
    account = home.learner(AN) if who == "learner" else f"staff:{LECTURER}"
    token = home.services.tokens.make(account, label="thử", scopes=frozenset(Scope))
    schema = schemathesis.openapi.from_url(f"{home.base_url}/api/openapi.json")
    headers = {"authorization": f"Bearer {token}"}
    judged = 0
    checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=12,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        )
        @given(case=operation.as_strategy())
        def judge(case: schemathesis.Case) -> None:
            nonlocal judged
            judged += 1
            home.clock.advance(5)
            case.call_and_validate(headers=headers, checks=checks)

        judge()
    assert judged > 30
