"""The manager's pages on the regulation: state by article with plots, and the rows behind every number."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from delivery.app.portal import build_portal
from delivery.clock import ManualClock
from delivery.demo.sample import sample_institution
from tests.support.home import make_app


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A manager who is signed in at the portal of the sample institution."""
    folder = tmp_path_factory.mktemp("term") / "term"
    with sample_institution() as made:
        shutil.copytree(made, folder)
    # Text of the institution is shown as text.
    systems = folder / "systems.csv"
    systems.write_text(systems.read_text(encoding="utf-8").replace("Cổng", "<b>Cổng</b>"), encoding="utf-8")
    sites = folder / "sites.csv"
    sites.write_text(
        sites.read_text(encoding="utf-8").replace("thường xuyên Thất Sơn", "<script>alert(1)</script>"),
        encoding="utf-8",
    )
    app = make_app(tmp_path_factory.mktemp("home"))
    assert isinstance(app.clock, ManualClock)
    app.clock.at = datetime(2026, 11, 22, 1, tzinfo=UTC)
    app.importer.run(folder, actor="QL01")
    with ThreadPoolExecutor(1) as executor:
        client = TestClient(build_portal(app, executor), base_url="http://localhost")
        form = client.get("/sign-in").text
        csrf = re.search(r'name="csrf" value="([^"]+)"', form)
        assert csrf is not None
        words = {
            "csrf": csrf.group(1),
            "code": "QL01",
            "pin": app.credentials.issue_pin("QL01"),
            "then": "/staff",
        }
        assert client.post("/sign-in", data=words).url.path == "/staff"
        yield client
    app.close()


def test_the_page_shows_articles_plots_and_duties_without_script_or_inline_style(manager: TestClient) -> None:
    page = manager.get("/regulation")
    assert page.status_code == 200
    assert "TX-14.1a" in page.text
    assert page.text.count('<svg class="plot"') >= 4
    assert "Quần đảo Hoàng Sa" in page.text  # a map of the country shows its archipelagos
    assert "Quần đảo Trường Sa" in page.text
    assert 'style="' not in page.text
    assert "<script>alert" not in page.text
    assert "Điều" in page.text


def test_a_number_of_the_report_opens_to_its_rows(manager: TestClient) -> None:
    report = manager.get("/regulation/report", params={"kind": "annex1", "year": 2026})
    links = re.findall(r'href="(/regulation/rows[^"]+)">([\d.]+)<', report.text)
    assert links
    for address, number in links:
        rows = manager.get(address.replace("&amp;", "&"))
        assert rows.status_code == 200
        body = rows.text.split("<tbody>")[1]
        if "quotas" not in body:
            assert body.count("<tr>") == int(number)


@pytest.mark.parametrize(
    "query",
    ["kind=x&year=2026", "kind=annex1&year=1", "kind=annex2&year=2026&partner=NOPE", "kind=annex1&year=x"],
)
def test_a_report_that_is_not_there_is_refused_in_words(manager: TestClient, query: str) -> None:
    assert manager.get(f"/regulation/report?{query}").status_code in (400, 422)
    assert manager.get(f"/regulation/rows?{query}&cell=III/99/1").status_code in (400, 422)
