"""Taking part on the portal, as facts."""

from __future__ import annotations

import pytest

from delivery.app import App
from delivery.clock import to_micros
from delivery.errors import Refused
from delivery.ids import fact_id
from delivery.record.facts import Draft
from delivery.record.kinds import FactKind
from delivery.store.participation import Participation
from tests.record.builders import catalogue
from tests.store.test_factlog import registered

ACTIVITY = "C1-Q1"


@pytest.fixture
def app(any_tuxa: App) -> App:
    """L1 of site MAIN, enrolled in C1."""
    enrolled = Draft(
        id=fact_id(FactKind.COURSE_ENROLLED, "L1", "C1"),
        kind=FactKind.COURSE_ENROLLED,
        occurred_at=to_micros(any_tuxa.clock.now()),
        actor="import",
        audience="MAIN",
        learner="L1",
        course="C1",
        data={"cohort": "K1"},
    )
    any_tuxa.facts.append([registered(any_tuxa), registered(any_tuxa, "L2"), enrolled])
    return any_tuxa


def record(
    app: App, *, learner: str = "L1", activity: str = ACTIVITY, minutes: int = 10, opened_us: int = 5
) -> str:
    participation = Participation(app.facts, app.learners, app.clock)
    return participation.record(
        learner, activity, minutes=minutes, opened_us=opened_us, catalogue=catalogue()
    )


def test_one_opening_is_told_once_and_in_the_stream_of_the_learners_site(app: App) -> None:
    first, again = record(app, minutes=10), record(app, minutes=20)
    assert first == again == str(fact_id(FactKind.PARTICIPATION_RECORDED, "L1", ACTIVITY, 5))
    (fact,) = app.facts.select(kind=FactKind.PARTICIPATION_RECORDED)
    assert (fact.stream, fact.course, fact.mode, fact.data["minutes"]) == ("MAIN/MAIN", "C1", "network", 10)
    assert record(app, opened_us=6) != first


def test_no_more_than_the_designed_minutes_are_told(app: App) -> None:
    fact = app.facts.get(record(app, minutes=31))
    assert fact is not None
    assert fact.data["minutes"] == 30


@pytest.mark.parametrize(
    ("learner", "activity"), [("L1", "C2-A1"), ("L2", ACTIVITY), ("X", ACTIVITY), ("L1", "X")]
)
def test_only_activities_of_the_learners_own_courses_are_told(app: App, learner: str, activity: str) -> None:
    with pytest.raises(Refused):
        record(app, learner=learner, activity=activity)
    assert list(app.facts.select(kind=FactKind.PARTICIPATION_RECORDED)) == []
