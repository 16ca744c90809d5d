"""Recurrence as people think of it, to and from RFC 5545; and the span that the grid shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.tui.studio import DAY, HOUR, MONDAY, slot
from tui.technician.recurrence import DAYS, Draft, draft_of
from tui.technician.span import on_tick, read_slot


def made_of(rule: str) -> Draft:
    return draft_of(read_slot(slot("x", MONDAY + 8 * HOUR, rule)))


@given(
    repeat=st.sampled_from(["", "DAILY", "WEEKLY", "MONTHLY"]),
    days=st.frozensets(st.sampled_from(DAYS), min_size=1),
    every=st.integers(1, 9),
    end=st.sampled_from(["never", "count", "until"]),
    count=st.integers(1, 99),
)
def test_what_the_editor_writes_it_reads_back(
    repeat: str, days: frozenset[str], every: int, end: str, count: int
) -> None:
    draft = Draft(MONDAY, repeat, days, every, end, MONDAY + 30 * DAY, count)
    read = made_of(draft.rule())
    assert read.rule() == draft.rule()
    assert read.raw == ""


def test_a_rule_that_the_editor_cannot_say_is_kept_as_it_is() -> None:
    for rule in ("FREQ=MONTHLY;BYDAY=1MO", "FREQ=WEEKLY;BYDAY=MO;WKST=SU", "FREQ=HOURLY;INTERVAL=4"):
        draft = made_of(rule)
        assert draft.rule() == rule
        assert draft.moved(DAY).rule() == rule
        assert draft.with_repeat("DAILY").rule() == "FREQ=DAILY"


def test_the_only_weekday_of_a_slot_goes_along_with_its_first_day() -> None:
    assert made_of("FREQ=WEEKLY;BYDAY=MO").moved(2 * DAY).rule() == "FREQ=WEEKLY;BYDAY=WE"
    assert made_of("FREQ=WEEKLY;BYDAY=MO,TH").moved(2 * DAY).rule() == "FREQ=WEEKLY;BYDAY=MO,TH"


@given(st.integers(0, 1 << 51))
def test_a_start_is_shown_on_the_tick_on_which_it_will_be(micros: int) -> None:
    assert on_tick(micros) % 320_000 == 0
    assert abs(on_tick(micros) - micros) <= 160_000
