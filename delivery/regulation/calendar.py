"""Working days, months and deadlines as the law counts them.

Sources: Bộ luật Dân sự 91/2015 Điều 147 and 148 (the first day is not counted; a month ends on the corresponding day or
the last one; a term that ends on a day off ends on the next working day); Bộ luật Lao động Điều 111 and 112.
"""

from __future__ import annotations

import calendar as months
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, lru_cache
from importlib import resources

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Calendar:
    """Which days are worked."""

    off: frozenset[date]
    worked: frozenset[date]
    """Saturdays that are worked in exchange for another day."""
    unconfirmed: frozenset[int]
    """Years whose notice is not known: Tết and 2/9 are computed by rule."""
    doubtful: frozenset[date] = field(default_factory=frozenset)
    """Single days of a known year that were not read in its notice."""

    def is_working(self, day: date) -> bool:
        """Whether `day` counts as a working day."""
        return day in self.worked or (day.weekday() < 5 and day not in self.off)

    def after(self, day: date, working_days: int) -> date:
        """The last of `working_days` working days after `day`, which itself is not counted."""
        while working_days:
            day += _DAY
            working_days -= self.is_working(day)
        return day

    def next_working(self, day: date) -> date:
        """`day`, or the next working day when it is a day off."""
        while not self.is_working(day):
            day += _DAY
        return day

    def months_after(self, day: date, count: int) -> date:
        """End of a term of `count` months: the corresponding day, moved to a working day."""
        return self.next_working(add_months(day, count))

    def confirmed(self, start: date, end: date) -> bool:
        """False when a deadline between the two days rests on a holiday that no notice confirms, or on none at all."""
        if any(start < day <= end for day in self.doubtful):
            return False
        if not all(str(year) in _data()["lunar"] for year in range(start.year, end.year + 1)):
            return False
        return not any(
            year in self.unconfirmed and any(start < day <= end and day in self.off for day in _moving(year))
            for year in range(start.year, end.year + 1)
        )


def add_months(day: date, count: int) -> date:
    """The corresponding day `count` months on (or back), or the last day of that month; never beyond the calendar.

    31/12/9999 is what people write for “without end”.
    """
    index = day.year * 12 + day.month - 1 + count
    year, month = divmod(index, 12)
    if not date.min.year <= year <= date.max.year:
        return date.max if count > 0 else date.min
    last = months.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


@lru_cache(maxsize=4096)
def add_exact_months(day: date, count: Fraction) -> date:
    """As :func:`add_months` for a fraction of months: whole months, then that share of the month that follows."""
    whole = count.numerator // count.denominator
    start = add_months(day, whole)
    rest = count - whole
    return later(start, int(rest * (add_months(day, whole + 1) - start).days))


def later(day: date, days: int) -> date:
    """`days` after `day`; the last day there is, beyond it."""
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))


def years_between(start: date, end: date) -> int:
    """Whole years from `start` to `end`."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def _moving(year: int) -> Iterable[date]:
    """Days around Tết and 2/9 of a year, on which a notice decides."""
    tet = _data()["lunar"].get(str(year), {}).get("new_year")
    if isinstance(tet, date):
        yield from (tet + timedelta(days=n) for n in range(-2, 7))
    yield from (date(year, 8, 31) + timedelta(days=n) for n in range(5))


@cache
def _data() -> dict[str, dict[str, dict[str, object]]]:
    text = (resources.files("delivery.regulation") / "calendars" / "VN.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def load_calendar(*, follow_swaps: bool = True) -> Calendar:
    """The calendar that ships; without `follow_swaps` exchanged days stay as they were."""
    data = _data()
    off: set[date] = set()
    worked: set[date] = set()
    doubtful: set[date] = set()
    years = {int(year) for year in data["lunar"]}
    known = {int(year) for year, notice in data["notice"].items() if notice["confirmed"]}
    for year in sorted(years):
        holidays = set(_lunar(year)) | set(_fixed(year))
        if year in known:
            notice = data["notice"][str(year)]
            off |= set(_days(notice["off"]))
            if follow_swaps:
                off |= set(_days(notice["swapped_off"]))
                worked |= set(_days(notice["worked"]))
                doubtful |= set(_days(notice.get("unconfirmed", [])))
        else:
            # Two days before mùng 1 and mùng 1 to 3, five weekdays in all; 2/9 with the day before it.
            off |= _weekdays(_tet(year) - 2 * _DAY, 5)
            off |= {date(year, 9, 1)}
        made_up = set()
        for day, make_up in sorted(holidays):
            off.add(day)
            if make_up and day.weekday() >= 5:
                made_up.add(day)
        for day in sorted(made_up):
            while day.weekday() >= 5 or day in off:
                day += _DAY
            off.add(day)
    return Calendar(frozenset(off), frozenset(worked), frozenset(years - known), frozenset(doubtful))


def _days(raw: object) -> list[date]:
    return [day for day in raw if isinstance(day, date)] if isinstance(raw, list) else []


def _tet(year: int) -> date:
    day = _data()["lunar"][str(year)]["new_year"]
    assert isinstance(day, date)
    return day


def _lunar(year: int) -> Iterable[tuple[date, bool]]:
    day = _data()["lunar"][str(year)]["kings"]
    assert isinstance(day, date)
    yield day, True


def _fixed(year: int) -> Iterable[tuple[date, bool]]:
    for item in _data()["fixed"].values():
        month, number = item["month"], item["day"]
        assert isinstance(month, int)
        assert isinstance(number, int)
        day = date(year, month, number)
        since = item.get("from")
        if not isinstance(since, date) or day >= since:
            yield day, bool(item["make_up"])


def _weekdays(start: date, count: int) -> set[date]:
    out: set[date] = set()
    while len(out) < count:
        if start.weekday() < 5:
            out.add(start)
        start += _DAY
    return out
