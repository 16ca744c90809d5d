"""Course plan, due days, works that are alike, opinions, and the pages of managers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from delivery.errors import Message
from delivery.network.web.station import Aired, Alerted, InPackets, Job, MaterialState, SiteRow, Station
from delivery.store.deeds import Deeds
from delivery.store.dues import Dues
from tests.network.portal_home import (
    AN,
    BINH,
    CATALOGUE,
    LECTURER,
    NOW,
    WORK,
    Phone,
    PortalHome,
    portal_home,
    served,
)

LONG = "Đổi số 13 sang hệ nhị phân bằng cách chia liên tiếp cho hai và ghi lại các số dư từ dưới lên trên. "


def station(home: PortalHome) -> Station:
    """A station with something on every page. Only what lies outside the portal is made up."""
    dues = Dues(home.database, home.facts, home.clock)
    catalogue = home.services.catalogue
    home.services = replace(home.services, catalogue=lambda: dues.shown(catalogue()))
    deeds = Deeds(home.database)
    aired = Aired(
        "air1", "tv1", "Truyền hình Mẫu 1", "tv", "Bài giảng 1", "CNTT101", "CNTT101-S1",
        NOW - timedelta(days=1), NOW - timedelta(days=1, minutes=-45), playable=True,
    )  # fmt: skip
    later = replace(
        aired, ident="air2", starts_at=NOW + timedelta(days=2), ends_at=NOW + timedelta(days=2, hours=1),
        title="Bài giảng 2", playable=False,
    )  # fmt: skip
    return Station(
        airings=lambda since, until, channel: [
            item for item in (aired, later) if item.ends_at > since and item.starts_at < until
        ],
        alerts=lambda: [
            Alerted(NOW, True, "tv1", Message("No transmitter feed."), Message("Check the line."), "KT01"),
            Alerted(NOW, True, "tv1", Message("No transmitter feed."), Message("Check the line.")),
        ],
        jobs=lambda: [Job(Message("Print packets"), "TUI1", NOW, Message("waiting"))],
        sites=lambda: [
            SiteRow("MAIN", "Trụ sở chính", "headquarters", 2, own=True),
            SiteRow("CT", "Cần Thơ", "partner", 7, own=False, connected=False, contact=NOW, behind=12),
        ],
        deeds=lambda kinds, before: deeds.newest(kinds, before_us=before),
        material=lambda code: MaterialState(
            modes=("network",) if code == "HL1" else (), reason=Message("not approved")
        ),
        packets=lambda _course: {"CNTT101-A1": InPackets(2, NOW)},
        set_due=lambda activity, day, actor: dues.set(
            activity, date.fromisoformat(day), before=CATALOGUE, actor=actor
        ),
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made:
        found = station(made)
        made.services = replace(made.services, station=found)
        with served(made):
            yield made


def signed_in(home: PortalHome, code: str) -> Phone:
    phone = Phone(home)
    phone.enter(code)
    return phone


def test_a_due_day_that_a_lecturer_sets_is_seen_by_learners_until_an_import_says_otherwise(
    home: PortalHome,
) -> None:
    with signed_in(home, LECTURER) as lecturer, signed_in(home, AN) as learner:
        page = lecturer.get("/teach/CNTT101")
        assert "HL1" in page.text
        assert "chưa phê duyệt" in page.text
        assert "2 túi học liệu" in page.text
        form = {"csrf": lecturer.csrf("/teach/CNTT101"), "activity": WORK, "due": "2026-12-09"}
        assert lecturer.http.post("/teach/CNTT101/due", data=form).status_code == 303
        home.clock.advance(3)
        assert "09/12/2026" in learner.get("/plan").text
        assert "09/12/2026" in learner.get("/courses/CNTT101").text
        refused = lecturer.http.post("/teach/CNTT101/due", data={**form, "due": "2026-11-01"})
        assert refused.status_code == 422
        assert "đã qua" in refused.text
        assert lecturer.http.post("/teach/CNTT101/due", data={**form, "due": "x"}).status_code == 422
        assert lecturer.http.post("/teach/CNTT102/due", data=form).status_code == 404
    moved = replace(CATALOGUE.activities[WORK], due=date(2026, 12, 20))
    imported = replace(CATALOGUE, activities={**CATALOGUE.activities, WORK: moved})
    dues = Dues(home.database, home.facts, home.clock)
    assert dues.shown(CATALOGUE).activities[WORK].due == date(2026, 12, 9)
    assert dues.shown(imported).activities[WORK].due == date(2026, 12, 20)
    assert dues.shown(CATALOGUE) is dues.shown(CATALOGUE)


def test_works_that_are_alike_are_shown_as_a_hint_without_the_words_of_the_task(home: PortalHome) -> None:
    told = {AN: LONG * 3, BINH: LONG * 3 + "Kết quả là 1101."}
    for code, text in told.items():
        with signed_in(home, code) as phone:
            form = {"csrf": phone.csrf(f"/work/{WORK}"), "text": text}
            assert phone.http.post(f"/work/{WORK}", data=form).status_code == 303
    with signed_in(home, LECTURER) as lecturer:
        page = lecturer.get(f"/teach/{WORK}/similar").text
        assert "Nguyễn Văn An" in page
        assert "Trần Thị Bình" in page
        assert "giống" in page
        assert lecturer.http.get("/teach/CNTT102-A1/similar").status_code == 404
    with signed_in(home, "QL01") as manager:
        assert "xem dữ liệu cá nhân" in manager.get("/log?what=personal").text


def test_opinions_are_counted_without_names_and_answered(home: PortalHome) -> None:
    with signed_in(home, AN) as learner, signed_in(home, LECTURER) as lecturer:
        form = {"csrf": learner.csrf("/opinion"), "course": "CNTT101", "score": "4", "text": "Sách đến muộn."}
        assert learner.http.post("/opinion", data={**form, "score": "9"}).status_code == 422
        assert learner.http.post("/opinion", data=form).status_code == 303
        assert learner.http.post("/opinion", data={**form, "score": "1"}).status_code == 303
        given = {"csrf": lecturer.csrf("/opinion"), "course": "CNTT101", "score": "5"}
        assert lecturer.http.post("/opinion", data=given).status_code == 303
    with signed_in(home, "QL01") as manager, signed_in(home, AN) as learner:
        page = manager.get("/satisfaction").text
        assert "Sách đến muộn." in page
        assert "Nguyễn Văn An" not in page
        assert "quá ít" in page
        fact = manager.hidden("/satisfaction", "opinion")
        answer = {"csrf": manager.csrf("/satisfaction"), "opinion": fact, "text": "Chúng tôi gửi sớm hơn."}
        assert manager.http.post("/satisfaction", data=answer).status_code == 303
        assert "Chúng tôi gửi sớm hơn." in learner.get("/opinion").text
        assert "Ý kiến của Anh/Chị đã được trả lời" in learner.get("/").text
    enough = home.services.opinions.measures(least=2)
    assert [(m.course, m.answers, m.staff, m.mean) for m in enough] == [("CNTT101", 2, 1, 4.5)]


def test_managers_see_people_sites_alerts_jobs_and_the_log(home: PortalHome) -> None:
    with signed_in(home, "QL01") as manager:
        assert "Giảng viên" in manager.get("/roles").text
        sites = manager.get("/sites").text
        assert "Cần Thơ" in sites
        assert "mất kết nối" in sites
        assert "chậm 12" in sites
        assert "KT01 đã tiếp nhận" in manager.get("/alerts").text
        assert "In túi học liệu" in manager.get("/jobs").text
        assert manager.get("/log?what=nothing&before=999999999999999999999").status_code == 200


def test_a_lesson_that_was_aired_is_watched_again_and_what_comes_is_in_the_plan(home: PortalHome) -> None:
    with signed_in(home, AN) as learner, Phone(home) as stranger:
        assert "Bài giảng 1" in stranger.get("/again/tv1").text
        page = stranger.get("/again/tv1/air1").text
        assert "/hls/tv1/later/air1/master.m3u8" in page
        assert stranger.http.get("/again/tv1/air2").status_code == 404
        assert stranger.http.get("/again/none").status_code == 404
        plan = learner.get("/plan").text
        assert "Bài giảng 2" in plan
        assert "30/11/2026" in plan


def test_metrics_are_for_this_machine_or_for_who_has_the_token(tmp_path: Path) -> None:
    with portal_home(tmp_path) as made, served(made), Phone(made) as phone:
        assert phone.http.get("/metrics").status_code == 200
        assert phone.http.get("/metrics", headers={"x-forwarded-for": "127.0.0.1"}).status_code == 404
        object.__setattr__(made.services.settings, "metrics_token", "tok-1")
        assert phone.http.get("/metrics").status_code == 404
        assert phone.http.get("/metrics", headers={"authorization": "Bearer tok-2"}).status_code == 404
        assert phone.http.get("/metrics", headers={"authorization": "Bearer tok-1"}).status_code == 200


def test_an_empty_station_has_pages_that_say_so(tmp_path: Path) -> None:
    with portal_home(tmp_path) as made, served(made), signed_in(made, "QL01") as manager:
        for path in ("/sites", "/alerts", "/jobs", "/log", "/satisfaction", "/roles"):
            assert manager.get(path).status_code == 200
