"""Opinions of learners and staff, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest

from delivery.app import App
from delivery.errors import BadInput
from delivery.store.course_facts import CourseFacts
from delivery.store.opinions import Opinions
from tests.network.portal_home import AN, BINH, LECTURER, told_term

pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
def opinions(any_tuxa: App) -> Opinions:
    any_tuxa.facts.append(told_term(any_tuxa.keys))
    course_facts = CourseFacts(any_tuxa.database)
    return Opinions(any_tuxa.facts, course_facts, any_tuxa.learners, any_tuxa.vault, any_tuxa.clock)


def test_an_opinion_counts_once_a_month_and_its_answer_is_read(any_tuxa: App, opinions: Opinions) -> None:
    learner, other = (any_tuxa.keys.learner_id(code) for code in (AN, BINH))
    opinions.give(learner, "CNTT101", score=4, text="Sách đến muộn.\x00 👍")
    opinions.give(learner, "CNTT101", score=1, text="Lần nữa.")
    (mine,) = opinions.given_by(learner)
    assert (mine.score, mine.text, mine.answer) == (4, "Sách đến muộn. 👍", "")
    assert opinions.given_by(other) == []
    opinions.answer(mine.fact, text="Xin cảm ơn.", actor="QL01")
    any_tuxa.records.rebuild()
    assert [opinion.answer for opinion in opinions.with_words()] == ["Xin cảm ơn."]


def test_few_answers_are_counted_and_not_broken_down(any_tuxa: App, opinions: Opinions) -> None:
    opinions.give(any_tuxa.keys.learner_id(AN), "CNTT101", score=4, text="")
    opinions.give_as_staff(LECTURER, "CNTT101", score=5)
    assert [(m.answers, m.staff, m.mean) for m in opinions.measures(least=2)] == [(2, 1, 4.5)]
    assert [m.mean for m in opinions.measures(least=5)] == [None]


@pytest.mark.parametrize("wish", ["", "x", "\x00", "0" * 32])
def test_an_answer_to_nothing_is_refused(opinions: Opinions, wish: str) -> None:
    with pytest.raises(BadInput):
        opinions.answer(wish, text="a", actor="QL01")


def test_a_score_beyond_the_scale_is_refused(any_tuxa: App, opinions: Opinions) -> None:
    for score in (0, 6):
        with pytest.raises(BadInput):
            opinions.give(any_tuxa.keys.learner_id(AN), "", score=score, text="")
