"""What is wrong with a whole term although each airing finds its place: load, order, packets, gaps. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from delivery.broadcast.schedule.findings import Finding, before_packets, gap, out_of_order, over_load
from delivery.clock import VIETNAM, from_micros
from delivery.store.air import TICK_US, Airing, Row, RowKind
from delivery.store.schedule import PacketsOfActivity

_MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """T8-6.4 by way of TX-8.1: 15 teaching hours a week and 4 a day for one course; reruns do not count."""

    hour_minutes: int = 50
    """A teaching hour, unless the institution's regulation says otherwise."""
    day_hours: int = 4
    week_hours: int = 15

    @property
    def day_minutes(self) -> int:
        return self.day_hours * self.hour_minutes

    @property
    def week_minutes(self) -> int:
        return self.week_hours * self.hour_minutes


@dataclass(frozen=True, slots=True)
class Post:
    """What the checks need to know of post."""

    packets_of: Callable[[str], Sequence[PacketsOfActivity]]
    """Course -> how far the packets of its activities are."""
    unit_of: Callable[[str], int]
    """Activity -> its unit; 0 when it is unknown."""
    transit_days: int = 7
    """From the post office to the last learner."""


def load_findings(airings: Iterable[Airing], limits: LoadLimits) -> Iterator[Finding]:
    """Airings that bring their course above what may be taught in one local day or week (Monday to Sunday)."""
    days: dict[tuple[str, date], int] = defaultdict(int)
    weeks: dict[tuple[str, date], int] = defaultdict(int)
    for airing in _first_runs(airings):
        day = from_micros(airing.planned_us).astimezone(VIETNAM).date()
        week = day - timedelta(days=day.weekday())
        spent = airing.ticks * TICK_US
        for code, totals, key, limit in (
            ("load-day", days, day, limits.day_minutes),
            ("load-week", weeks, week, limits.week_minutes),
        ):
            totals[airing.course, key] += spent
            total = totals[airing.course, key]
            if total > limit * _MINUTE_US:
                yield over_load(airing, code=code, minutes=f"{total / _MINUTE_US:.1f}", limit=limit)


def order_findings(airings: Iterable[Airing]) -> Iterator[Finding]:
    """First runs of a course whose unit is lower than one that has aired before."""
    latest: dict[str, Airing] = {}
    for airing in _first_runs(airings):
        before = latest.get(airing.course)
        if before and airing.unit and airing.unit < before.unit:
            yield out_of_order(airing, before=before)
        elif airing.unit:
            latest[airing.course] = airing


def packet_findings(airings: Iterable[Airing], post: Post, *, now_us: int) -> Iterator[Finding]:
    """First runs of a unit whose packets were posted too late, or not yet and it is too late now."""
    transit_us = post.transit_days * 86_400_000_000
    arrivals: dict[str, dict[int, tuple[int, int]]] = {}
    for airing in _first_runs(airings):
        if airing.course not in arrivals:
            arrivals[airing.course] = _arrivals(airing.course, post, now_us + transit_us, transit_us)
        arrival_us, waiting = arrivals[airing.course].get(airing.unit, (0, 0))
        if airing.unit and arrival_us > airing.planned_us:
            yield before_packets(airing, arrival_us=arrival_us, waiting=waiting)


def _arrivals(course: str, post: Post, if_posted_now: int, transit_us: int) -> dict[int, tuple[int, int]]:
    """Unit -> (when its last packet can have arrived, sheets that wait to be posted)."""
    found: dict[int, tuple[int, int]] = {}
    for packets in post.packets_of(course):
        unit = post.unit_of(packets.activity)
        arrival = if_posted_now if packets.waiting else packets.last_posted_us + transit_us
        before = found.get(unit, (0, 0))
        found[unit] = (max(before[0], arrival), before[1] + packets.waiting)
    return found


def gap_findings(channel: str, rows: Sequence[Row], *, minutes: int) -> Iterator[Finding]:
    """Stretches of slate of more than `minutes` between two programmes of one local day; none for 0 minutes."""
    if not minutes:
        return
    programmes = [row for row in rows if row.kind is not RowKind.SLATE]
    for row, following in pairwise(programmes):
        empty_us = (following.start_tick - row.end_tick) * TICK_US
        same_day = _day(row.end_tick) == _day(following.start_tick)
        if same_day and empty_us > minutes * _MINUTE_US:
            yield gap(channel, row.end_tick * TICK_US, empty_us // _MINUTE_US)


def _day(tick: int) -> date:
    return from_micros(tick * TICK_US).astimezone(VIETNAM).date()


def _first_runs(airings: Iterable[Airing]) -> list[Airing]:
    """Lessons that count: neither reruns nor what stands in for an airing that was missed."""
    counted = [a for a in airings if a.course and not a.rerun and not a.makes_good]
    return sorted(counted, key=lambda a: (a.planned_us, a.id))
