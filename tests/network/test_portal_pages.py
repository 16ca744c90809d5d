"""What is on air, attendance, and the learner's own record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from starlette.responses import PlainTextResponse

from delivery.record.kinds import FactKind
from tests.network.portal_home import AIR_CODE, AN, LECTURER, WORK, Phone, PortalHome, portal_home, served


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def test_the_first_page_shows_what_is_on_air_in_vietnamese(phone: Phone) -> None:
    page = phone.get("/").text
    for text in (
        "Đại học Mẫu",
        "Đang phát",
        "Truyền hình Mẫu 1",
        "Bài giảng 1: Máy tính",
        "09:00–09:45",
        "Chủ Nhật, 22/11/2026",
    ):
        assert text in page


def test_the_language_is_chosen_by_address_and_remembered(phone: Phone) -> None:
    assert '<html lang="vi">' in phone.get("/").text
    assert "On air now" in phone.get("/?lang=en").text
    assert '<html lang="en">' in phone.get("/attendance").text
    assert '<html lang="vi">' in phone.get("/attendance?lang=vi").text
    assert '<html lang="vi">' in phone.get("/attendance?lang=xx").text


def test_the_player_plays_the_channels_own_playlist(phone: Phone) -> None:
    assert 'src="/hls/tv1/master.m3u8"' in phone.get("/watch/tv1").text
    assert "<audio" in phone.get("/watch/radio1").text
    assert phone.get("/watch/nothing").status_code == 404


def test_more_routers_are_mounted_and_may_choose_their_own_cache_header(tmp_path: Path) -> None:
    router = APIRouter()

    @router.get("/hls/tv1/master.m3u8")
    def playlist() -> PlainTextResponse:
        return PlainTextResponse("#EXTM3U", headers={"cache-control": "max-age=2"})

    with portal_home(tmp_path, routers=[router]) as home, served(home), Phone(home) as phone:
        answer = phone.get("/hls/tv1/master.m3u8")
    assert (answer.text, answer.headers["cache-control"]) == ("#EXTM3U", "max-age=2")


def test_the_player_script_comes_from_where_the_wiring_says(tmp_path: Path) -> None:
    script = tmp_path / "hls.min.js"
    script.write_text("var Hls;")
    with portal_home(tmp_path, hls_js=script) as home, served(home), Phone(home) as phone:
        answer = phone.get("/static/vendor/hls.min.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")


def test_an_attendance_code_is_recorded_once(home: PortalHome, phone: Phone) -> None:
    form = {"csrf": phone.csrf("/attendance"), "code": AIR_CODE.lower()}
    first = phone.http.post("/attendance", data=form)
    second = phone.http.post("/attendance", data=form)
    assert first.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert "Bài giảng 1: Máy tính, 45 phút" in phone.get(first.headers["location"]).text
    assert len(list(home.facts.select(kind=FactKind.ATTENDANCE_RECORDED))) == 1


def test_a_link_with_the_code_fills_in_the_field_and_confirms_nothing(home: PortalHome, phone: Phone) -> None:
    before = home.fact_count()
    assert f'value="{AIR_CODE}"' in phone.get(f"/attendance?code={AIR_CODE}").text
    assert "<script>" not in phone.get('/attendance?code="><script>').text
    assert home.fact_count() == before


def test_the_code_of_a_link_is_still_there_after_signing_in(home: PortalHome) -> None:
    with Phone(home) as stranger:
        asked = stranger.http.get(f"/attendance?code={AIR_CODE}").headers["location"]
        then = stranger.hidden(asked, "then")
        answer = stranger.sign_in(AN, home.services.credentials.issue_pin(AN), then=then)
        assert f'value="{AIR_CODE}"' in stranger.get(answer.headers["location"]).text


def test_a_wrong_attendance_code_is_refused_with_what_to_do(phone: Phone) -> None:
    form = {"csrf": phone.csrf("/attendance"), "code": "WRONG"}
    answer = phone.http.post("/attendance", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_the_own_record_shows_courses_activities_by_mode_evidence_and_components(
    home: PortalHome, phone: Phone
) -> None:
    phone.send(home.token(AN), home.photo(AN, 1), home.photo(AN, 2))
    page = phone.get("/me").text
    for text in (
        "Nhập môn Tin học",
        "Thư tín",
        "Mạng máy tính và viễn thông",
        "Phát thanh - Truyền hình",
        "Đã nhận",
        "2 minh chứng",
        "Chưa ghi nhận",
        "Quá trình",
        "40%",
        "Chưa có điểm",
    ):
        assert text in page


def test_the_own_record_needs_a_session(home: PortalHome) -> None:
    with Phone(home) as stranger:
        assert stranger.http.get("/me").headers["location"] == "/sign-in?then=/me"


def test_marks_and_the_grade_are_shown_as_people_write_them(tmp_path: Path) -> None:
    activity = {
        "activity": "CNTT101-A1",
        "title": "Bài tập 1",
        "kind": "assignment",
        "mode": "postal",
        "minutes": 120,
        "planned_minutes": 120,
        "status": "marked",
        "late": True,
        "mark": "8.25",
        "evidence": ["a", "b", "c"],
    }
    course = {
        "course": "CNTT101",
        "name": "Nhập môn Tin học",
        "activities": [activity],
        "components": [{"component": "QT", "name": "Quá trình", "weight": "40", "score": "8.25"}],
        "grade": {"score": "8.3", "letter": "B", "points": "3.0", "passed": True},
    }
    changed = portal_home(tmp_path, record_of=lambda learner: {"courses": [course]})
    with changed as home, served(home), Phone(home) as phone:
        phone.enter(AN)
        page = phone.get("/me").text
    for text in ("<b>B</b> <span>8,3</span>", "8,25", "Đã chấm", "Nộp muộn", "3 minh chứng"):
        assert text in page


def test_the_first_page_of_a_learner_shows_what_is_due_and_what_arrived(
    home: PortalHome, phone: Phone
) -> None:
    page = phone.get("/").text
    assert "Sắp đến hạn nộp" in page
    assert f'href="/work/{WORK}"' in page
    home.services.marks.set(AN, WORK, score="8", marker=LECTURER, catalogue=home.services.catalogue())
    page = phone.get("/").text
    assert f'href="/work/{WORK}"' not in page
    assert "Đã cho điểm" in page
    with Phone(home) as stranger:
        assert "Sắp đến hạn" not in stranger.get("/").text


def test_the_record_shows_the_evidence_of_each_activity_and_can_be_taken_away(
    home: PortalHome, phone: Phone
) -> None:
    form = {"csrf": phone.csrf("/attendance"), "code": AIR_CODE}
    phone.http.post("/attendance", data=form)
    assert "Bạn đã điểm danh buổi học" in phone.get("/me/activity/CNTT101-S1").text
    assert phone.http.get("/me/activity/CNTT102-A1").status_code == 404
    export = phone.get("/me/export")
    assert export.headers["content-disposition"].startswith("attachment")
    assert {fact["learner"] for fact in export.json()["facts"]} == {home.learner(AN)}
    assert "Hệ đếm" in phone.get("/courses/CNTT101").text
    assert phone.http.get("/courses/CNTT102").status_code == 404
