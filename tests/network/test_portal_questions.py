"""Questions and answers: between learner and lecturer, between learners, and as interaction in the record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.portal_home import AN, BINH, LECTURER, Phone, PortalHome, portal_home, served

LIST = "/courses/CNTT101/questions"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[PortalHome]:
    with portal_home(tmp_path) as made, served(made):
        yield made


@pytest.fixture
def people(home: PortalHome) -> Iterator[dict[str, Phone]]:
    made = {}
    for code in (AN, BINH, LECTURER):
        made[code] = Phone(home)
        made[code].enter(code)
    yield made
    for phone in made.values():
        phone.http.close()


def ask(phone: Phone, text: str = "Vì sao 13 là 1101?", unit: str = "1") -> str:
    form = {"csrf": phone.csrf(LIST), "once": phone.hidden(LIST, "once"), "unit": unit, "text": text}
    first = phone.http.post(LIST, data=form)
    assert phone.http.post(LIST, data=form).headers["location"] == first.headers["location"]
    return first.headers["location"]


def write(phone: Phone, path: str, text: str, **more: str) -> int:
    form = {"csrf": phone.csrf(path), "once": phone.hidden(path, "once"), "text": text, **more}
    return phone.http.post(path, data=form).status_code


def interactions(home: PortalHome, code: str) -> dict[str, int]:
    courses = home.services.record_of(home.learner(code))["courses"]
    return next(dict(c["interactions"]) for c in courses if c["course"] == "CNTT101")


def test_a_question_reaches_the_lecturer_with_its_age_and_the_answer_the_learner(
    home: PortalHome, people: dict[str, Phone]
) -> None:
    path = ask(people[AN])
    home.clock.advance(4 * 3600)
    queue = people[LECTURER].get("/questions").text
    assert "Vì sao 13 là 1101?" in queue
    address = re.search(r'href="(/questions/CNTT101/[0-9a-f]+)"', queue)
    assert address
    assert "Nguyễn Văn An" in people[LECTURER].get(address[1]).text
    assert write(people[LECTURER], address[1], "Vì 8 + 4 + 1.", minutes="5") == 303
    assert "Không có câu hỏi nào đang chờ" in people[LECTURER].get("/questions").text
    page = people[AN].get(path).text
    assert "Vì 8 + 4 + 1." in page
    assert "Lê Thị Hằng" in page
    assert interactions(home, AN) == {"LS": 2, "SS": 0}


def test_learners_answer_each_other_without_names_and_both_records_count_it(
    home: PortalHome, people: dict[str, Phone]
) -> None:
    path = ask(people[AN])
    page = people[BINH].get(path).text
    assert "Nguyễn" not in page
    assert AN not in page
    assert write(people[BINH], path, "Mình nghĩ là cộng lũy thừa của 2.") == 303
    assert "Mình nghĩ là" in people[AN].get(path).text
    assert "Trần" not in people[AN].get(path).text
    assert interactions(home, AN) == {"LS": 1, "SS": 1}
    assert interactions(home, BINH) == {"LS": 0, "SS": 1}
    assert "Vì sao 13" in people[LECTURER].get("/questions").text  # still waits for the lecturer


def test_the_words_lie_sealed_and_are_shown_as_words_only(home: PortalHome, people: dict[str, Phone]) -> None:
    path = ask(people[AN], "Câu hỏi riêng <script>alert(1)</script>")
    assert "<script>alert" not in people[BINH].get(path).text
    stored = (home.services.settings.home / "tuxa.sqlite").read_bytes()
    assert "Câu hỏi riêng".encode() not in stored


def test_an_empty_question_and_a_course_of_others_are_refused(
    home: PortalHome, people: dict[str, Phone]
) -> None:
    phone = people[AN]
    before = home.fact_count()
    form = {"csrf": phone.csrf(LIST), "once": "a1", "unit": "1", "text": "   "}
    assert phone.http.post(LIST, data=form).status_code == 422
    form["text"] = "x" * 5001
    assert phone.http.post(LIST, data=form).status_code == 422
    assert phone.http.get("/courses/CNTT102/questions").status_code == 404
    assert phone.http.get(f"{LIST}/0123456789abcdef").status_code == 404
    assert home.fact_count() == before
