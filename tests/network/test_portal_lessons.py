"""Lessons on demand: what the player gets, and which minutes are believed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.errors import N_, NotFound
from delivery.network.web.services import Lesson
from delivery.record.kinds import FactKind
from tests.network.portal_home import AN, FOREIGN_STUDY, STUDY, Phone, PortalHome, portal_home, served

PATH = f"/lesson/{STUDY}"


def lesson_file(material: str, name: str) -> bytes:
    if (material, name) != ("HL1", "master.m3u8"):
        raise NotFound(N_("This lesson has no such file."))
    return b"#EXTM3U\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    lesson = Lesson("tv", "master.m3u8", "audio.m3u8", 90, ("vi",))
    found = {"HL1": lesson}
    with portal_home(tmp_path, lesson=found.get, lesson_file=lesson_file) as made, served(made):
        yield made


@pytest.fixture
def phone(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


def minutes(home: PortalHome) -> list[int]:
    told = home.facts.select(kind=FactKind.PARTICIPATION_RECORDED, learner=home.learner(AN))
    return [fact.data["minutes"] for fact in told]


def test_the_player_has_captions_sound_only_speed_and_data_saver(phone: Phone) -> None:
    page = phone.get(PATH).text
    for shown in (
        f'data-playlist="{PATH}/master.m3u8"',
        "captions-vi.vtt",
        "Chỉ nghe tiếng",
        "Tốc độ",
        "Tiết kiệm",
    ):
        assert shown in page
    assert phone.get(f"{PATH}/master.m3u8").headers["content-type"] == "application/vnd.apple.mpegurl"
    assert phone.http.get(f"{PATH}/other.ts").status_code == 404
    assert phone.http.get(f"/lesson/{FOREIGN_STUDY}").status_code == 404


def test_watched_minutes_are_told_once_each_and_only_as_far_as_the_clock_allows(
    home: PortalHome, phone: Phone
) -> None:
    form = {"csrf": phone.csrf(PATH), "opened": phone.hidden(PATH, "opened"), "seconds": "99999"}
    assert phone.http.post(f"{PATH}/watched", data=form).json() == {"minutes": 0}
    home.clock.advance(6 * 60)
    assert phone.http.post(f"{PATH}/watched", data={**form, "seconds": "340"}).json() == {"minutes": 5}
    phone.http.post(f"{PATH}/watched", data={**form, "seconds": "340"})
    assert minutes(home) == [5]
    assert phone.http.post(f"{PATH}/watched", data={**form, "ended": "1"}).json() == {"minutes": 12}
    assert minutes(home) == [5, 5, 2]
    assert phone.http.post(f"{PATH}/watched", data={**form, "opened": "1.x"}).status_code == 403


def test_minutes_are_counted_in_full_however_often_one_looks_away(home: PortalHome, phone: Phone) -> None:
    form = {"csrf": phone.csrf(PATH), "opened": phone.hidden(PATH, "opened"), "ended": "1"}
    home.clock.advance(3600)
    for seconds in (90, 430, 430, 1210, 1200):
        phone.http.post(f"{PATH}/watched", data={**form, "seconds": str(seconds)})
    assert sum(minutes(home)) == 20


def test_captions_are_offered_under_the_name_of_their_language(phone: Phone) -> None:
    assert 'srclang="vi" label="Tiếng Việt"' in phone.get(PATH).text
