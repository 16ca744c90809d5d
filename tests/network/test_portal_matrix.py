"""Who may open what: every route of the portal against every role, cell by cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext
from starlette.routing import Mount

from delivery.catalogue.kinds import Role
from delivery.network.web.access import MATRIX, Capability, capability_of
from delivery.network.web.app import create_portal, routes_of
from delivery.store.api_tokens import Scope
from tests.network.portal_home import AN, STAFF, Phone, PortalHome, portal_home, served

OPEN = {
    "/",
    "/watch/{channel}",
    "/sign-in",
    "/sign-out",
    "/static/vendor/hls.min.js",
    "/healthz",
    "/readyz",
    "/metrics",
    "/again/{channel}",
    "/again/{channel}/{airing}",
    "/sign-in/provider",
    "/sign-in/provider/back",
    "/sign-in/provider/out",
}
"""For everybody. The address on a sheet is open too, as far as its sign-in form; the abilities of the upload server are
no secret."""
SHEET = "/q/{token}"
EXPECTED = {
    Role.LEARNER: {Capability.LEARN, Capability.OWN},
    Role.LECTURER: {Capability.OWN, Capability.STAFF, Capability.TEACH, Capability.READ_GRADES},
    Role.CLERK: {Capability.OWN, Capability.STAFF, Capability.FILE},
    Role.TECHNICIAN: {Capability.OWN, Capability.STAFF, Capability.OPERATE},
    Role.MANAGER: {
        Capability.OWN,
        Capability.STAFF,
        Capability.OVERSEE,
        Capability.READ_GRADES,
        Capability.FILE,
        Capability.OPERATE,
    },
    Role.ADMIN: {Capability.OWN, Capability.STAFF, Capability.ADMINISTER, Capability.OPERATE},
}
"""The decision, written down a second time: a change of the matrix must be meant."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalHome]:
    with portal_home(tmp_path_factory.mktemp("home")) as made, served(made):
        yield made


@pytest.fixture(scope="module")
def phones(home: PortalHome) -> Iterator[dict[Role, Phone]]:
    """One signed-in browser for each role."""
    accounts = {Role.LEARNER: AN} | {role: code for code, _, role in reversed(STAFF)}
    made = {}
    for role, code in accounts.items():
        made[role] = Phone(home)
        made[role].enter(code)
    yield made
    for phone in made.values():
        phone.http.close()


def wanted(dependant: Dependant) -> set[Capability]:
    """Every capability that a route's dependencies ask for."""
    found = {capability_of(dependant.call)} - {None}
    for inner in dependant.dependencies:
        found |= wanted(inner)
    return found  # type: ignore[return-value]


def asked(route: RouteContext) -> set[Capability]:
    """Every capability that a route asks for, by its dependencies or by itself."""
    own = capability_of(route.endpoint)
    return {own} if own else wanted(route.dependant) if isinstance(route.original_route, APIRoute) else set()


def cells(home: PortalHome) -> list[tuple[str, str, Capability]]:
    out = []
    for route in routes_of(create_portal(home.services)):
        (capability,) = asked(route) or {None}
        if capability is not None and route.path != SHEET:
            out += [(method, route.path, capability) for method in sorted(route.methods)]
    assert len(out) > 60
    return out


def test_the_matrix_is_the_one_that_was_decided() -> None:
    assert {role: set(found) for role, found in MATRIX.items()} == EXPECTED


def test_every_route_asks_for_a_capability_or_is_meant_to_be_open(home: PortalHome) -> None:
    for route in routes_of(create_portal(home.services)):
        if "OPTIONS" in route.methods:
            continue
        found = asked(route)
        assert len(found) == 1 or (not found and route.path in OPEN | {SHEET}), (route.path, found)


def test_every_cell_of_the_matrix_answers_as_decided(home: PortalHome, phones: dict[Role, Phone]) -> None:
    """Allowed is any answer but “may not”: the page, or that there is nothing at a made-up address, or that the form
    lacks its token, which is judged after the right."""
    wrong = []
    for method, path, capability in cells(home):
        address = path.replace("{file:path}", "x")
        for name in (
            "activity",
            "course",
            "channel",
            "work",
            "fact",
            "leaf",
            "thread",
            "ident",
            "token",
            "airing",
        ):
            address = address.replace("{" + name + "}", "1")
        for role, phone in phones.items():
            home.clock.advance(30)
            answer = phone.http.request(method, address, headers={"tus-resumable": "1.0.0"})
            denied = answer.status_code == 403 and (
                "không được mở trang này" in answer.text or method == "HEAD"
            )
            if denied == (capability in EXPECTED[role]):
                wrong.append((method, path, str(role), answer.status_code))
    assert wrong == []


def test_every_cell_of_the_interface_for_programs_answers_as_decided(home: PortalHome) -> None:
    (api,) = (r.app for r in create_portal(home.services).routes if isinstance(r, Mount) and r.path == "/api")
    accounts = {Role.LEARNER: home.learner(AN)} | {role: f"staff:{code}" for code, _, role in reversed(STAFF)}
    wrong, judged = [], 0
    for role, account in accounts.items():
        token = home.services.tokens.make(account, label="thử", scopes=frozenset(Scope))
        with Phone(home) as program:
            for route in routes_of(api):
                if route.path == "/openapi.json":
                    continue
                (capability,) = asked(route)
                address = "/api" + re.sub(r"{(\w+)}", "0123456789abcdef", str(route.path))
                for method in sorted(route.methods or ()):
                    home.clock.advance(30)
                    judged += 1
                    answer = program.http.request(
                        method, address, headers={"authorization": f"Bearer {token}"}
                    )
                    if (answer.status_code == 403) == (capability in EXPECTED[role]):
                        wrong.append((method, route.path, str(role), answer.status_code))
    assert wrong == []
    assert judged > 40


def test_without_signing_in_every_page_leads_to_the_sign_in(home: PortalHome) -> None:
    with Phone(home) as stranger:
        for method, path, _ in cells(home):
            home.clock.advance(30)
            address = path.replace("{", "").replace("}", "").replace(":path", "")
            answer = stranger.http.request(method, address.replace("leaf", "1"))
            assert answer.status_code in (303, 422), (method, path, answer.status_code)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/sign-in")


def test_a_role_that_is_taken_away_ends_at_once(tmp_path: Path) -> None:
    from dataclasses import replace

    with portal_home(tmp_path) as home:
        catalogue = home.services.catalogue()
        people = dict(catalogue.people)
        home.services = replace(home.services, catalogue=lambda: replace(catalogue, people=people))
        with served(home), Phone(home) as phone:
            phone.enter("GV01")
            assert phone.http.get("/desk").status_code == 200
            del people["GV01"]
            home.clock.advance(5)
            assert phone.http.get("/desk").status_code == 403
