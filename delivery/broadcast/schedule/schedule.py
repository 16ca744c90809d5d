"""Slots to airings: local calendar and RFC 5545 recurrence on one side, the tick grid on the other. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from heapq import merge

from delivery.broadcast.schedule.findings import Finding, closed, missing_material, no_lessons, overrun
from delivery.broadcast.schedule.recurrence import clean_rule, starts
from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, BadInput
from delivery.ids import digest_of
from delivery.record.canonical import canonical
from delivery.store.air import TICK_US, Airing, Slot
from delivery.units import Ticks

_FIRST_YEAR, _LAST_YEAR = 1970, 2099
"""Ticks are counted from 1970, and media sequence numbers last until 2100."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is known of a material that can be aired."""

    material: str
    content: str
    """SHA-256 of the file that was ingested; the approval must name the same."""
    asset: str
    ticks: Ticks
    course: str = ""
    activity: str = ""
    unit: int = 0
    kind: str = ""
    """``tv`` or ``radio``; empty where it fits either."""


@dataclass(frozen=True, slots=True)
class Expanded:
    airings: tuple[Airing, ...]
    findings: tuple[Finding, ...]


def nearest_tick(micros: int, grain: int = 1) -> int:
    """Tick of the grid nearest to `micros` (µs since 1970 UTC), a multiple of `grain`; half of it goes up."""
    step = grain * TICK_US
    return (2 * micros + step) // (2 * step) * grain


def tick_at(moment: datetime) -> int:
    """The tick that is running at `moment`."""
    return to_micros(moment) // TICK_US


def make_slot(
    channel: str,
    start: datetime,
    *,
    materials: tuple[str, ...],
    rule: str = "",
    rerun: bool = False,
    course: str = "",
    activity: str = "",
    unit: int = 0,
    except_days: Iterable[str] = (),
    also: Iterable[datetime] = (),
    skip_holidays: bool = False,
    minutes: int = 0,
    whole_course: bool = False,
    makes_good: str = "",
) -> Slot:
    """A slot under its derived id. A naive `start` is Vietnamese wall time. Raises BadInput for a bad rule."""
    materials = tuple(m.strip() for m in materials)
    if materials and whole_course:
        raise BadInput(
            N_("A slot airs materials that are named, or the lessons of a course, but not both."),
            do=N_("Leave out the materials, or --lessons."),
        )
    if any(not m or "," in m for m in materials) or not (materials or whole_course):
        raise BadInput(
            N_("A slot needs at least one material code."), do=N_("Name the materials that it airs.")
        )
    if whole_course and not course:
        raise BadInput(
            N_("The lessons of which course should this slot air?"), do=N_("Name the course with --course.")
        )
    local = in_viet_nam(start)
    rule = clean_rule(rule, local)
    plain = Slot(
        "",
        channel,
        local,
        rule,
        materials,
        rerun,
        course,
        activity,
        unit,
        tuple(sorted({_day(text) for text in except_days})),
        tuple(sorted({in_viet_nam(moment) for moment in also})),
        skip_holidays,
        minutes,
        whole_course,
        makes_good,
    )
    parts = [channel, local.astimezone(UTC).isoformat(), rule, *materials]
    if details := plain.details():
        parts.append(canonical({**details, "course": course}).decode())
    return replace(plain, id=digest_of(parts)[:20])


def in_viet_nam(moment: datetime) -> datetime:
    """The moment there; a naive one is Vietnamese wall time. Raises BadInput outside the years of a timeline."""
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:
        raise BadInput(
            N_("No programme begins in the year {year}."),
            do=N_("Write the time as in 2026-11-24T19:30."),
            year=moment.year,
        )
    return moment.replace(tzinfo=VIETNAM) if moment.tzinfo is None else moment.astimezone(VIETNAM)


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError as error:
        raise BadInput(
            N_("“{text}” is not a day."), do=N_("Write it as in 2026-11-24."), text=text
        ) from error


def occurrences(
    slot: Slot, before: datetime, *, days_off: Collection[str] = (), since: datetime | None = None
) -> Iterator[tuple[int, datetime]]:
    """(number, aware start) of each occurrence that begins before `before`, from the first.

    With `since`, those before it may be left out, and numbers count from the first that is not.

    Occurrences on the slot's exceptions and, where it skips holidays, on `days_off` (local days, ISO 8601) do not
    count: what comes next in order airs at the next occurrence.
    """
    shut = {*slot.except_days, *(days_off if slot.skip_holidays else ())}
    rule: Iterable[datetime] = starts(slot.rule, slot.start, since=since) if slot.rule else (slot.start,)
    number = 0
    previous = None
    for start in merge(rule, slot.also):
        if start >= before:
            return
        if start == previous or start.date().isoformat() in shut:
            continue
        previous = start
        yield number, start
        number += 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an expansion needs to know of the rest of the program."""

    lesson_of: Callable[[str], Lesson | None]
    gate: Callable[[str, str, datetime], str]
    """(material, content, when) -> why it may not air then, as a code of :mod:`findings`; empty when it may."""
    lessons_of: Callable[[str], Sequence[str]] = lambda _course: ()
    """Course -> materials of its broadcast lessons in order of the units."""
    days_off: Collection[str] = ()
    grain: int = 1
    """Ticks of which every start on the channel is a multiple."""


def expand(slots: Iterable[Slot], wanted: Wanted, *, since: datetime, before: datetime) -> Expanded:
    """Airings that begin in the span, and a finding for each that may not or cannot air."""
    airings: list[Airing] = []
    findings: list[Finding] = []
    for slot in slots:
        materials = wanted.lessons_of(slot.course) if slot.whole_course else slot.materials
        in_turn = slot.whole_course or len(materials) > 1
        if not materials:
            findings.append(no_lessons(slot))
            continue
        # What airs next in turn depends on everything before it.
        reach = None if in_turn else since
        for number, start in occurrences(slot, before, days_off=wanted.days_off, since=reach):
            if in_turn and number >= len(materials):
                break
            if start < since:
                continue
            material = materials[number % len(materials)]
            planned = to_micros(start)
            lesson = wanted.lesson_of(material)
            if lesson is None:
                findings.append(missing_material(slot, material, _airing_id(slot, planned), planned))
                continue
            airing = _airing(slot, lesson, planned, wanted.grain)
            if reason := wanted.gate(material, lesson.content, start):
                findings.append(closed(airing, reason))
                continue
            if slot.minutes and lesson.ticks * TICK_US > slot.minutes * 60_000_000:
                findings.append(overrun(airing, slot.minutes))
            airings.append(airing)
    return Expanded(tuple(airings), tuple(findings))


def _airing_id(slot: Slot, planned_us: int) -> str:
    return digest_of([slot.channel, slot.id, str(planned_us)])[:20]


def _airing(slot: Slot, lesson: Lesson, planned_us: int, grain: int) -> Airing:
    return Airing(
        id=_airing_id(slot, planned_us),
        channel=slot.channel,
        slot=slot.id,
        material=lesson.material,
        content=lesson.content,
        asset=lesson.asset,
        ticks=lesson.ticks,
        planned_us=planned_us,
        start_tick=nearest_tick(planned_us, grain),
        course=slot.course or lesson.course,
        activity=slot.activity or lesson.activity,
        unit=slot.unit or lesson.unit,
        rerun=slot.rerun,
        makes_good=slot.makes_good,
    )


def takes_card(airing: Airing, *, kind: str) -> bool:
    """Whether an attendance card follows on a channel of that kind: after first runs of lessons on television."""
    return kind == "tv" and bool(airing.course) and not airing.rerun
