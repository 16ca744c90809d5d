"""What a packet's learner's week is made of: lessons on the air and work that is due, from schedule and catalogue."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, time, timedelta

from delivery.catalogue.kinds import ActivityKind
from delivery.catalogue.model import Catalogue
from delivery.clock import VIETNAM, from_micros, to_micros
from delivery.postal.outgoing.packet import Airing, Due
from delivery.store.air import TICK_US
from delivery.store.database import Database
from delivery.store.schedule import ScheduleStore

DAYS = 14
"""Days that a packet's week page covers, from the day it goes out: the post takes some of them."""
DUE_DAYS = 90
"""How far ahead due work is listed."""
MOST_PER_COURSE = 40
"""Rows of one course; a page holds about as many."""
_WEEKDAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")


def days_of(send: date) -> tuple[date, date]:
    """First and last day of the learner's week of a packet that goes out on `send`."""
    return send, send + timedelta(days=DAYS - 1)


def week_of(
    database: Database, catalogue: Catalogue, first: date, last: date
) -> tuple[tuple[Airing, ...], tuple[Due, ...]]:
    """Lessons on the air from `first` to `last`, and work that is due from `first` on; of every course."""
    return tuple(_airings(database, catalogue, first, last)), tuple(_dues(catalogue, first))


def _airings(database: Database, catalogue: Catalogue, first: date, last: date) -> list[Airing]:
    store = ScheduleStore(database)
    channels = {channel.code: channel.name for channel in store.channels()}
    since, before = _tick(first), _tick(last + timedelta(days=1))
    out: list[Airing] = []
    count: Counter[str] = Counter()
    for airing in store.airings(since_tick=since, before_tick=before):
        if not airing.course or airing.start_tick < since or count[airing.course] == MOST_PER_COURSE:
            continue
        count[airing.course] += 1
        activity, material = (
            catalogue.activities.get(airing.activity),
            catalogue.materials.get(airing.material),
        )
        title = activity.title if activity else material.title if material else airing.material
        start = from_micros(airing.start_tick * TICK_US).astimezone(VIETNAM)
        when = f"{_WEEKDAYS[start.weekday()]} {start:%d/%m %H:%M}"
        out.append(Airing(airing.course, when, channels.get(airing.channel, airing.channel), title))
    return out


def _dues(catalogue: Catalogue, first: date) -> list[Due]:
    count: Counter[str] = Counter()
    out: list[Due] = []
    wanted = [
        (activity.due, activity)
        for activity in catalogue.activities.values()
        if activity.kind is ActivityKind.ASSIGNMENT
        and activity.due is not None
        and first <= activity.due <= first + timedelta(days=DUE_DAYS)
    ]
    for due, activity in sorted(wanted, key=lambda pair: (pair[0], pair[1].code)):
        if count[activity.course] < MOST_PER_COURSE:
            count[activity.course] += 1
            out.append(Due(activity.course, f"{due:%d/%m/%Y}", activity.title, str(activity.mode)))
    return out


def _tick(day: date) -> int:
    return to_micros(datetime.combine(day, time(), VIETNAM)) // TICK_US
