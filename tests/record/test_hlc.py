"""The hybrid logical clock."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from delivery.record.hlc import MOST_AHEAD_MS, counter, merge, milliseconds, tick

moments = st.integers(0, 2**47)


@given(st.lists(moments, min_size=1))
def test_stamps_rise_whatever_the_wall_clock_does(clock: list[int]) -> None:
    last = 0
    for now in clock:
        stamp = tick(last, now)
        assert stamp > last
        assert milliseconds(stamp) >= now
        last = stamp


@given(moments, moments, moments)
def test_a_stamp_is_later_than_what_was_seen_from_elsewhere_unless_that_is_out_of_reason(
    last: int, seen: int, now: int
) -> None:
    told = tick(merge(last << 16, [seen << 16], now), now)
    assert told > last << 16
    assert (told > seen << 16) == (seen <= max(now + MOST_AHEAD_MS, last))


def test_many_facts_in_one_millisecond_are_told_apart_by_the_counter() -> None:
    first = tick(0, 1000)
    second = tick(first, 1000)
    assert (milliseconds(second), counter(second) - counter(first)) == (1000, 1)
