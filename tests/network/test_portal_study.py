"""Material on the portal: who may read it, what is shown of it, and how its time is counted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from delivery.clock import to_micros
from delivery.network.web.prose import to_html
from delivery.network.web.study import studied_minutes
from delivery.record.facts import Fact
from delivery.record.kinds import FactKind
from tests.network.portal_home import (
    AN,
    BINH,
    FOREIGN_STUDY,
    LOST,
    NOW,
    PICTURE,
    POST_ONLY,
    STUDY,
    UNAPPROVED,
    WORK,
    Phone,
    PortalHome,
    portal_home,
    served,
)

PATH = f"/study/{STUDY}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def opened(phone: Phone, path: str = PATH) -> dict[str, str]:
    """What the form on the page would send."""
    page = phone.get(path).text
    return {**dict(re.findall(r'name="(csrf|opened)" value="([^"]*)"', page)), "done": "1"}


def finish(phone: Phone, form: Mapping[str, str], path: str = PATH) -> httpx.Response:
    return phone.http.post(path, data=dict(form))


def told(home: PortalHome) -> list[Fact]:
    return list(home.facts.select(kind=FactKind.PARTICIPATION_RECORDED))


def record(home: PortalHome, code: str = STUDY) -> Mapping[str, object]:
    courses = home.services.record_of(home.learner(AN))["courses"]
    return next(a for course in courses for a in course["activities"] if a["activity"] == code)


def test_the_material_is_shown_as_safe_html_under_its_title(phone: Phone) -> None:
    page = phone.get(PATH).text
    assert page.count("<h1>") == page.count("Hệ đếm nhị phân</h1>") == 1
    for shown in ("<h2>1. Bit và byte</h2>", "<em>hai</em>", "<strong>0</strong>", "<td>101</td>", "Bảng mã"):
        assert shown in page
    for hidden in ("<script>alert", 'href="javascript', "<img", "theo-doi.png"):
        assert hidden not in page


def test_opening_the_material_records_nothing(home: PortalHome, phone: Phone) -> None:
    before = home.fact_count()
    for path in (PATH, f"{PATH}?done=1", f"{PATH}?recorded=x", "/me", f"/work/{WORK}"):
        assert phone.get(path).status_code == 200
    assert home.fact_count() == before


def test_the_time_from_opening_to_the_button_is_recorded_once(home: PortalHome, phone: Phone) -> None:
    form = opened(phone)
    home.clock.advance(25 * 60 + 59)
    first = finish(phone, form)
    home.clock.advance(600)
    second = finish(phone, form)
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert "Đã ghi nhận: Học HL1, 25 phút." in phone.get(first.headers["location"]).text
    (fact,) = told(home)
    assert fact.data == {"source": "system", "method": "portal", "minutes": 25}
    assert (fact.learner, fact.activity, fact.course) == (home.learner(AN), STUDY, "CNTT101")
    assert (fact.mode, fact.stream) == ("network", "MAIN/MAIN")
    assert fact.occurred_at == to_micros(NOW) + (25 * 60 + 59) * 1_000_000
    assert (record(home)["status"], record(home)["minutes"]) == ("recorded", 25)


def test_another_opening_is_another_fact(home: PortalHome, phone: Phone) -> None:
    finish(phone, opened(phone))
    home.clock.advance(1)
    finish(phone, opened(phone))
    assert [fact.data["minutes"] for fact in told(home)] == [1, 1]


def test_an_opening_of_a_whole_day_counts_no_more_than_the_designed_time(
    home: PortalHome, phone: Phone
) -> None:
    form = opened(phone)
    home.clock.advance(11 * 3600)
    finish(phone, form)
    assert [fact.data["minutes"] for fact in told(home)] == [90]


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 1), (59, 1), (119, 1), (120, 2), (90 * 60, 90), (10**6, 90), (-60, 1)]
)
def test_minutes_are_whole_at_least_one_and_at_most_the_designed(seconds: int, minutes: int) -> None:
    assert studied_minutes(seconds * 1_000_000, at_most=90) == minutes


def test_an_opening_that_was_altered_or_made_for_another_page_is_refused(
    home: PortalHome, phone: Phone
) -> None:
    form = opened(phone)
    task = opened(phone, f"/study/{PICTURE}").get("opened", "")
    for token in ("", "1", f"0{form['opened']}", form["opened"][1:], task):
        assert finish(phone, {**form, "opened": token}).status_code == 403
    assert finish(phone, {**form, "csrf": "0" * 64}).status_code == 403
    assert finish(phone, {**form, "done": ""}).status_code == 400
    with Phone(home) as other:
        other.enter(BINH)
        mixed = {**opened(other), "opened": form["opened"]}
        assert finish(other, mixed).status_code == 403
    assert told(home) == []


def test_material_of_a_course_without_enrolment_looks_like_no_material(
    home: PortalHome, phone: Phone
) -> None:
    unknown = phone.http.get("/study/NOTHING")
    for path in (f"/study/{FOREIGN_STUDY}", "/study/CNTT101-A1", "/study/CNTT101-C1"):
        answer = phone.http.get(path)
        assert (answer.status_code, answer.text) == (404, unknown.text)
        assert finish(phone, opened(phone), path).status_code == 404
    assert told(home) == []


@pytest.mark.parametrize("code", [UNAPPROVED, POST_ONLY])
def test_material_that_is_not_approved_for_the_portal_is_not_shown_and_not_counted(
    home: PortalHome, phone: Phone, code: str
) -> None:
    answer = phone.get(f"/study/{code}")
    assert answer.status_code == 404
    assert "chưa được phê duyệt" in answer.text
    assert "Bản thảo" not in answer.text
    assert "Chỉ gửi thư" not in answer.text
    assert finish(phone, opened(phone), f"/study/{code}").status_code == 404
    assert f"/study/{code}" not in phone.get("/me").text
    assert told(home) == []


def test_approval_taken_away_while_reading_is_noticed(tmp_path: Path) -> None:
    approved = [True]
    with portal_home(tmp_path, is_approved=lambda _material, _content: approved[0]) as home, served(home):
        with Phone(home) as phone:
            phone.enter(AN)
            form = opened(phone)
            approved[0] = False
            assert finish(phone, form).status_code == 404
        assert told(home) == []


def test_material_whose_file_is_lost_is_not_shown(phone: Phone) -> None:
    answer = phone.get(f"/study/{LOST}")
    assert answer.status_code == 404
    assert "Hiện không hiển thị được" in answer.text


def test_material_that_is_no_text_says_so_and_has_no_button(phone: Phone) -> None:
    page = phone.get(f"/study/{PICTURE}")
    assert page.status_code == 200
    assert "không phải dạng văn bản" in page.text
    assert 'name="done"' not in page.text


def test_the_task_of_an_assignment_leads_to_sending_work_and_counts_no_time(
    home: PortalHome, phone: Phone
) -> None:
    page = phone.get(f"/study/{WORK}").text
    assert "Đổi số 13" in page
    assert f'href="/work/{WORK}"' in page
    assert 'name="done"' not in page
    assert finish(phone, opened(phone), f"/study/{WORK}").status_code == 404
    assert told(home) == []


def test_reading_needs_a_session_and_comes_back_after_signing_in(home: PortalHome) -> None:
    with Phone(home) as stranger:
        assert stranger.http.get(PATH).headers["location"] == f"/sign-in?then={PATH}"


def test_headings_fit_below_the_title_of_the_page() -> None:
    again = to_html("# Tên\n## Mục\n".encode(), file="a.md", title="Tên")
    assert again == "<h2>Mục</h2>\n"
    other = to_html("# Phần\n## Mục\n".encode(), file="a.md", title="Tên")
    assert other == "<h2>Phần</h2>\n<h3>Mục</h3>\n"


def test_plain_text_is_shown_as_it_is() -> None:
    assert to_html(b"<b>1 * 2 * 3", file="A.TXT", title="") == '<p class="plain">&lt;b&gt;1 * 2 * 3</p>'
