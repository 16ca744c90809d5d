"""Slots to airings: Vietnamese wall time, RFC 5545 rules, the gate, and the grid."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from delivery.broadcast.schedule.schedule import (
    Expanded,
    Lesson,
    Wanted,
    expand,
    make_slot,
    nearest_tick,
    occurrences,
    takes_card,
)
from delivery.clock import VIETNAM, to_micros
from delivery.errors import BadInput
from delivery.store.air import TICK_US, Slot
from delivery.units import Ticks

TUESDAY = datetime.fromisoformat("2026-11-24T19:30")


def lesson_of(material: str) -> Lesson | None:
    if material == "LOST":
        return None
    return Lesson(material, "c" * 64, f"asset of {material}", Ticks(188), "CNTT101", "CNTT101-A1", 1)


def expanded(*slots: Slot, days: int = 14, approved: bool = True) -> Expanded:
    since = datetime(2026, 11, 24, tzinfo=VIETNAM)
    wanted = Wanted(lesson_of, lambda _material, _content, _when: "" if approved else "unapproved")
    return expand(slots, wanted, since=since, before=since + timedelta(days=days))


def test_wall_time_is_that_of_viet_nam() -> None:
    [airing] = expanded(make_slot("TV1", TUESDAY, materials=("M1",))).airings
    assert airing.planned_us == to_micros(datetime(2026, 11, 24, 12, 30, tzinfo=UTC))


def test_the_next_lesson_airs_at_each_occurrence() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1", "M2", "M3"), rule="FREQ=WEEKLY;BYDAY=TU,TH")
    airings = expanded(slot).airings
    assert [a.material for a in airings] == ["M1", "M2", "M3"]
    starts = [datetime.fromtimestamp(a.planned_us / 1e6, VIETNAM).strftime("%a %H:%M") for a in airings]
    assert starts == ["Tue 19:30", "Thu 19:30", "Tue 19:30"]


def test_one_material_airs_at_every_occurrence() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule="FREQ=DAILY;COUNT=5")
    assert [a.material for a in expanded(slot).airings] == ["M1"] * 5
    assert len({a.id for a in expanded(slot).airings}) == 5


@pytest.mark.parametrize(
    ("until", "count"),
    [("20261126", 3), ("20261126T193000", 3), ("20261126T123000Z", 3), ("20261126T122959Z", 2)],
)
def test_until_may_be_a_local_day_a_local_time_or_utc(until: str, count: int) -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule=f"FREQ=DAILY;UNTIL={until}")
    assert len(expanded(slot).airings) == count


@pytest.mark.parametrize(
    "rule",
    [
        "every day",
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYHOUR=25",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;UNTIL=20269999",
        "FREQ=DAILY\nRRULE:FREQ=DAILY",
        "FREQ=MONTHLY;BYDAY=MO,-1TU",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;COUNT=2;UNTIL=20261231",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;;COUNT=2",
        "FREQ=DAILY;COUNT=２",
        "FREQ=DAILY;INTERVAL=99999999999999999999",
        "INTERVAL=2",
        "FREQ=HOURLY;BYMONTH=3",
        "FREQ=DAILY;UNTIL=2026",
        "FREQ=DAILY;DTSTART=20200101T000000",
    ],
)
def test_a_bad_rule_is_refused_with_an_example(rule: str) -> None:
    with pytest.raises(BadInput) as caught:
        make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)
    assert caught.value.do is not None


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=WE",
        "FREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29;BYDAY=1MO",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=HOURLY;INTERVAL=168;BYDAY=WE",
        "FREQ=MINUTELY;INTERVAL=120;BYHOUR=4",
        "FREQ=MINUTELY;INTERVAL=10080;BYDAY=FR",
        "FREQ=DAILY;UNTIL=20200101",
    ],
)
def test_a_rule_that_never_occurs_is_refused_and_not_searched_for_ever(rule: str) -> None:
    with pytest.raises(BadInput, match="never occurs"):
        make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)


@pytest.mark.parametrize(
    ("rule", "year"),
    [
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", 2028),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", 2044),
        ("FREQ=YEARLY;BYWEEKNO=53;BYDAY=FR", 2027),
    ],
)
def test_a_rule_that_occurs_rarely_is_a_rule(rule: str, year: int) -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)
    _, first = next(occurrences(slot, datetime(2098, 1, 1, tzinfo=VIETNAM)))
    assert first.year == year


def test_a_slot_that_has_recurred_for_decades_is_expanded_from_where_it_is_asked() -> None:
    begun = datetime(1980, 1, 1, 6, 0, tzinfo=VIETNAM)
    slot = make_slot("TV1", begun, materials=("M1",), rule="FREQ=MINUTELY;INTERVAL=7")
    airings = expanded(slot, days=1).airings
    assert len(airings) == pytest.approx(24 * 60 / 7, abs=1)
    minutes = {(a.planned_us - to_micros(begun)) // 60_000_000 % 7 for a in airings}
    assert minutes == {0}


@pytest.mark.parametrize("year", [1, 1969, 2100, 9999])
def test_a_start_outside_the_years_of_a_timeline_is_refused(year: int) -> None:
    with pytest.raises(BadInput, match=str(year)):
        make_slot("TV1", TUESDAY.replace(year=year), materials=("M1",))
    with pytest.raises(BadInput, match=str(year)):
        make_slot("TV1", TUESDAY, materials=("M1",), also=[TUESDAY.replace(year=year)])


def test_a_slot_airs_what_is_named_or_a_course_and_not_both() -> None:
    with pytest.raises(BadInput, match="not both"):
        make_slot("TV1", TUESDAY, materials=("M1",), whole_course=True, course="CNTT101")
    with pytest.raises(BadInput, match="at least one"):
        make_slot("TV1", TUESDAY, materials=(" ",))
    assert make_slot("TV1", TUESDAY, materials=(" M1 ",)).materials == ("M1",)


def test_what_is_not_approved_or_not_ingested_gets_no_place() -> None:
    slot = make_slot("TV1", TUESDAY, materials=("M1",))
    assert [f.code for f in expanded(slot, approved=False).findings] == ["unapproved"]
    assert expanded(slot, approved=False).airings == ()
    lost = expanded(make_slot("TV1", TUESDAY, materials=("LOST",)))
    assert [f.code for f in lost.findings] == ["missing-material"]
    assert lost.findings[0].as_json()["at"] == "2026-11-24 19:30:00"


def test_the_same_slot_has_the_same_id() -> None:
    zoned = TUESDAY.replace(tzinfo=VIETNAM).astimezone(UTC)
    assert make_slot("TV1", TUESDAY, materials=("M1",)).id == make_slot("TV1", zoned, materials=("M1",)).id


def test_only_first_runs_of_lessons_on_television_take_a_card() -> None:
    [first] = expanded(make_slot("TV1", TUESDAY, materials=("M1",))).airings
    [again] = expanded(make_slot("TV1", TUESDAY, materials=("M1",), rerun=True)).airings
    assert takes_card(first, kind="tv")
    assert not takes_card(first, kind="radio")
    assert not takes_card(again, kind="tv")


@given(st.integers(0, 2**45))
def test_a_start_moves_to_the_nearest_tick_of_the_epoch(micros: int) -> None:
    assert abs(nearest_tick(micros) * TICK_US - micros) <= TICK_US // 2


def test_half_hours_fall_exactly_on_ticks() -> None:
    half_past = to_micros(datetime(2026, 11, 24, 12, 30, tzinfo=UTC))
    assert nearest_tick(half_past) * TICK_US == half_past


DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def random_rule(chance: random.Random) -> str:
    """A rule with any of the parts that a schedule may use."""
    freq = chance.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY", "HOURLY"])
    parts = [f"FREQ={freq}", f"INTERVAL={chance.randint(1, 5) * (5 if freq == 'HOURLY' else 1)}"]

    def maybe(likely: float, part: str) -> None:
        if chance.random() < likely:
            parts.append(part)

    def some(values: Iterable[int], most: int) -> str:
        held = list(values)
        return ",".join(str(v) for v in sorted(chance.sample(held, chance.randint(1, min(most, len(held))))))

    days = sorted(chance.sample(DAYS, chance.randint(1, 7)))
    if freq in ("MONTHLY", "YEARLY"):
        numbers = chance.choice([("",), ("1", "2", "-1")])
        days = [f"{chance.choice(numbers)}{day}" for day in days]
    maybe(0.7 if freq != "HOURLY" else 0.3, f"BYDAY={','.join(days)}")
    if freq not in ("HOURLY", "MONTHLY"):
        maybe(0.2, f"BYMONTH={some(range(1, 13), 6)}")
    if freq != "HOURLY":
        maybe(0.3, f"BYHOUR={some(range(24), 3)}")
        maybe(0.2, f"BYMINUTE={some(range(0, 60, 5), 3)}")
    if freq in ("MONTHLY", "YEARLY"):
        # Only what can happen: the library looks for an impossible day up to the year 9999.
        end = chance.choice([f"BYMONTHDAY={some([*range(1, 29), -1], 9)}", "BYSETPOS=1", "BYSETPOS=1,-1", ""])
        if end and not (end.startswith("BYMONTHDAY") and any(part.startswith("BYDAY") for part in parts)):
            parts.append(end)
    maybe(0.3, f"WKST={chance.choice(DAYS)}")
    ends = [
        "",
        f"COUNT={chance.randint(1, 40)}",
        f"UNTIL=2027{chance.randint(1, 12):02}{chance.randint(1, 28):02}",
    ]
    end = chance.choice(ends)
    return ";".join([*parts, end] if end else parts)


def random_rules_compared(count: int, *, days: int = 60) -> Counter[str]:
    """Expand so many random rules beside the recurrence library on wall time; frequency -> rules with occurrences."""
    chance = random.Random(2026)
    before = TUESDAY + timedelta(days=days)
    kinds: Counter[str] = Counter()
    for _ in range(count):
        rule = random_rule(chance)
        # A bare day ends with the day; the library takes it for its midnight.
        plain = re.sub(r"(UNTIL=\d{8})$", r"\1T235959", rule)
        # A start that does not fit the rule is no occurrence for the library.
        library = rrulestr(plain, dtstart=TUESDAY)
        try:
            slot = make_slot("TV1", TUESDAY, materials=("M1",), rule=rule)
        except BadInput:
            assert next(iter(library), None) is None, rule
            continue
        found = wall_times(slot, before)
        expected = list(takewhile(lambda at: at < before, library))
        assert found == expected, rule
        later = TUESDAY + timedelta(days=chance.randint(1, days))
        assert [at for at in wall_times(slot, before, since=later) if at >= later] == [
            at for at in expected if at >= later
        ], rule
        kinds[rule.partition(";")[0]] += bool(found)
    return kinds


def wall_times(slot: Slot, before: datetime, *, since: datetime | None = None) -> list[datetime]:
    zoned = since.replace(tzinfo=VIETNAM) if since else None
    found = occurrences(slot, before.replace(tzinfo=VIETNAM), since=zoned)
    return [start.replace(tzinfo=None) for _, start in found]


def test_random_rules_expand_as_the_recurrence_library_does_on_wall_time() -> None:
    # Two thousand of them are compared by `python -m benchmarks air`.
    kinds = random_rules_compared(400)
    assert len(kinds) == 5
    assert min(kinds.values()) > 10
