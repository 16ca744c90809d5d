"""The marking desk, rubrics, two markers, blind marking, grade sheet, and what the learner then sees."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from openpyxl import load_workbook
from PIL import Image

from delivery.record.kinds import FactKind
from tests.network.portal_home import (
    AN,
    BINH,
    LECTURER,
    SECOND,
    WORK,
    Phone,
    PortalHome,
    draw_photo,
    portal_home,
    served,
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def an(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(AN)
        yield made


@pytest.fixture
def lecturer(home: PortalHome) -> Iterator[Phone]:
    with Phone(home) as made:
        made.enter(LECTURER)
        yield made


def hand_in(phone: Phone, *, seed: int = 1) -> None:
    files = [
        ("file", (f"{n}.jpg", draw_photo([], seed=seed + n, size=(300, 400)), "image/jpeg")) for n in (0, 1)
    ]
    path = f"/work/{WORK}"
    assert phone.http.post(path, data={"csrf": phone.csrf(path)}, files=files).status_code == 303


def first_work(phone: Phone) -> str:
    match = re.search(rf'href="(/desk/{WORK}/[0-9a-f]+)"', phone.get(f"/desk/{WORK}").text)
    assert match
    return match[1]


def give(phone: Phone, path: str, **fields: str) -> httpx.Response:
    form = {"csrf": phone.csrf(path), "replaces": phone.hidden(path, "replaces"), "then": "stay", **fields}
    return phone.http.post(f"{path}/mark", data=form)


def set_rubric(phone: Phone, **fields: str | list[str]) -> httpx.Response:
    path = f"/desk/{WORK}/rubric"
    form = {"csrf": phone.csrf(path), "title": ["Cách làm", "Trình bày"], "points": ["3", "2"], **fields}
    return phone.http.post(path, data=form)


def marks(home: PortalHome) -> list[str]:
    return [fact.data["score"] for fact in home.facts.select(kind=FactKind.MARK_RECORDED)]


def test_work_is_marked_beside_its_pages_and_the_learner_sees_mark_and_comment(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    assert "1 bài đang chờ" in lecturer.get("/desk").text
    path = first_work(lecturer)
    page = lecturer.get(path).text
    pictures = re.findall(r'src="([^"]*/page/[^"]*)"', page)
    assert len(pictures) == 2
    for address in pictures:
        picture = lecturer.get(address)
        assert Image.open(io.BytesIO(picture.content)).format == "JPEG"
        assert an.http.get(address).status_code == 403
    assert give(lecturer, path, score="8,25", comment="Bài làm tốt.\n<b>Chú ý</b> đơn vị.").status_code == 303
    seen = an.get(f"/me/activity/{WORK}").text
    assert "8,25" in seen
    assert "Bài làm tốt." in seen
    assert "<b>Chú ý" not in seen
    stored = (home.services.settings.home / "tuxa.sqlite").read_bytes()
    assert "Bài làm tốt".encode() not in stored


def test_points_by_criterion_make_the_mark(home: PortalHome, an: Phone, lecturer: Phone) -> None:
    hand_in(an)
    assert set_rubric(lecturer).status_code == 303
    path = first_work(lecturer)
    refused = give(lecturer, path, **{"criterion-c1": "4", "criterion-c2": "2"})
    assert (refused.status_code, "nhận từ 0 đến 3 điểm" in refused.text) == (422, True)
    give(lecturer, path, **{"criterion-c1": "2,5", "criterion-c2": "2"})
    assert marks(home) == ["9.00"] or marks(home) == ["9"]
    assert "2,5 / 3" in an.get(f"/me/activity/{WORK}").text


def test_a_mark_given_by_somebody_else_in_the_meantime_is_not_overwritten(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    path = first_work(lecturer)
    give(lecturer, path, score="5")
    form = {"csrf": lecturer.csrf(path), "replaces": "", "score": "7", "then": "stay"}
    answer = lecturer.http.post(f"{path}/mark", data=form)
    assert (answer.status_code, "Vừa có người chấm" in answer.text) == (422, True)
    assert marks(home) == ["5"]
    give(lecturer, path, score="7")
    assert marks(home) == ["5", "7"]
    give(lecturer, path, score="7")
    assert len(marks(home)) == 2


def test_remarks_are_pinned_to_a_page_and_shown_to_the_learner_with_the_mark_only(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    path = first_work(lecturer)
    form = {name: lecturer.hidden(path, name) for name in ("csrf", "fact", "page", "once")}
    form |= {"x": "420", "y": "130", "text": "Thiếu một bước."}
    for _ in range(2):
        assert lecturer.http.post(f"{path}/remark", data=form).status_code == 303
    assert lecturer.get(path).text.count("Thiếu một bước.") == 1
    assert 'data-x="420" data-y="130"' in lecturer.get(path).text
    assert "Thiếu một bước" not in an.get(f"/me/activity/{WORK}").text
    give(lecturer, path, score="6")
    assert "Thiếu một bước" in an.get(f"/me/activity/{WORK}").text
    note = lecturer.hidden(path, "note")
    lecturer.http.post(f"{path}/remark/remove", data={"csrf": lecturer.csrf(path), "note": note})
    assert "Thiếu một bước" not in lecturer.get(path).text


def test_blind_marking_shows_no_name_anywhere_at_the_desk(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    assert "Nguyễn Văn An" in lecturer.get(f"/desk/{WORK}").text
    set_rubric(lecturer, blind="1")
    path = first_work(lecturer)
    for page in (lecturer.get(f"/desk/{WORK}").text, lecturer.get(path).text):
        assert "Nguyễn" not in page
        assert AN not in page
        assert home.learner(AN) not in page


def test_two_markers_are_heard_before_the_lecturer_decides(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    with Phone(home) as second:
        second.enter(SECOND)
        assert second.http.get(f"/desk/{WORK}").status_code == 404
        set_rubric(lecturer, second=SECOND)
        path = first_work(second)
        give(second, path, score="6")
        assert "6" not in re.findall(r"<li>GV02: <b>([^<]*)", lecturer.get(path).text)
        give(lecturer, path, score="8")
        assert marks(home) == []
        assert f"{SECOND}: <b>6</b>" in lecturer.get(path).text
        assert f"{LECTURER}: " not in second.get(path).text
        assert give(second, path, score="9", final="1").status_code == 422
        give(lecturer, path, score="7", final="1")
    assert marks(home) == ["7"]


def test_a_lecturer_sees_no_work_of_a_course_of_somebody_else(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    path = first_work(lecturer)
    with Phone(home) as other:
        other.enter(SECOND)
        for address in (f"/desk/{WORK}", path, "/grades/CNTT101", "/progress/CNTT101"):
            assert other.http.get(address).status_code == 404
        assert "Bài tập 2" not in other.get("/desk").text


def test_who_looked_is_told_once_a_day_and_shown_to_the_learner(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    for _ in range(3):
        lecturer.get(first_work(lecturer))
    told = list(home.facts.select(kind=FactKind.PERSONAL_DATA_SEEN, learner=home.learner(AN)))
    assert [(fact.actor, fact.data["what"]) for fact in told] == [(LECTURER, "work")]
    assert "Lê Thị Hằng" in an.get("/me/seen").text


def test_the_grade_sheet_is_a_spreadsheet_without_formulas(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    give(lecturer, first_work(lecturer), score="7.5")
    home.services.marks.set(
        AN, "CNTT101-A1", score="7.5", marker=LECTURER, catalogue=home.services.catalogue()
    )
    assert "Nguyễn Văn An" in lecturer.get("/grades/CNTT101").text
    book = load_workbook(io.BytesIO(lecturer.get("/grades/CNTT101/sheet.xlsx").content))
    rows = {row[0]: row for row in book.active.iter_rows(min_row=4, values_only=True)}
    assert set(rows) == {AN, BINH}
    assert 7.5 in rows[AN]
    progress = lecturer.get("/progress/CNTT101").text
    assert progress.index(BINH) < progress.index(AN)


def test_pressing_save_twice_gives_one_mark_and_no_reproach(
    home: PortalHome, an: Phone, lecturer: Phone
) -> None:
    hand_in(an)
    path = first_work(lecturer)
    form = {"csrf": lecturer.csrf(path), "replaces": "", "score": "7,5", "comment": "Khá.", "then": "stay"}
    assert [lecturer.http.post(f"{path}/mark", data=form).status_code for _ in range(2)] == [303, 303]
    assert lecturer.http.post(f"{path}/mark", data={**form, "score": "6"}).status_code == 422
    assert marks(home) == ["7.5"]
