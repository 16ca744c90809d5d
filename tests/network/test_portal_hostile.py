"""A sample of hostile uploads: none is served as something that a browser runs, none makes the portal stumble."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.record.kinds import FactKind
from tests.network.hostile import files
from tests.network.portal_home import AN, LECTURER, WORK, Phone, PortalHome, portal_home, served

HARMLESS = ("image/jpeg", "application/octet-stream")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


def test_hostile_files_are_refused_or_kept_and_never_served_as_active_content(home: PortalHome) -> None:
    path = f"/work/{WORK}"
    with Phone(home) as phone, Phone(home) as desk:
        phone.enter(AN)
        desk.enter(LECTURER)
        csrf = phone.csrf(path)
        for name, data in files(30, seed=1):
            home.clock.advance(5)
            parts = [("file", (name, data, "text/html"))]
            before = len(list(home.facts.select(kind=FactKind.WORK_RECEIVED)))
            answer = phone.http.post(path, data={"csrf": csrf}, files=parts)
            assert answer.status_code in (303, 400, 422), (name, data[:40])
            if (
                answer.status_code != 303
                or len(list(home.facts.select(kind=FactKind.WORK_RECEIVED))) == before
            ):
                continue
            work = re.search(rf'href="(/desk/{WORK}/[0-9a-f]+)"', desk.get(f"/desk/{WORK}").text)
            assert work
            page = desk.get(work[1])
            assert page.status_code == 200
            assert "alert(" not in page.text
            for address in re.findall(rf'(?:src|href)="({work[1]}/(?:page|file)/[^"]*)"', page.text):
                served_as = desk.get(address)
                assert served_as.status_code in (200, 404)
                if served_as.status_code == 200:
                    assert served_as.headers["content-type"] in HARMLESS
                    assert served_as.headers["x-content-type-options"] == "nosniff"
                    if "/file/" in address:
                        assert served_as.headers["content-disposition"].startswith("attachment")
                        assert "sandbox" in served_as.headers["content-security-policy"]
        assert phone.http.get("/healthz").status_code == 200
