"""Slots to airings: local calendar and RFC 5545 recurrence on one side, the tick grid on the other. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from dateutil.rrule import rrule, rrulestr

from delivery.broadcast.schedule.findings import Finding, missing_material, unapproved
from delivery.clock import VIETNAM, to_micros
from delivery.errors import N_, BadInput
from delivery.ids import digest_of
from delivery.store.air import TICK_US, Airing, Slot
from delivery.units import Ticks

_UNTIL = re.compile(r"UNTIL=(\d{8})(?:T(\d{6})(Z?))?", re.IGNORECASE)
_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
_DAY_PARTS = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")


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


@dataclass(frozen=True, slots=True)
class Expanded:
    airings: tuple[Airing, ...]
    findings: tuple[Finding, ...]


def nearest_tick(micros: int) -> int:
    """Tick of the grid nearest to `micros` (µs since 1970 UTC); half a tick goes up."""
    return (2 * micros + TICK_US) // (2 * TICK_US)


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
) -> Slot:
    """A slot under its derived id. A naive `start` is Vietnamese wall time. Raises BadInput for a bad rule."""
    if not materials or any(not m.strip() or "," in m for m in materials):
        raise BadInput(
            N_("A slot needs at least one material code."), do=N_("Name the materials that it airs.")
        )
    local = start.replace(tzinfo=VIETNAM) if start.tzinfo is None else start.astimezone(VIETNAM)
    rule = _clean_rule(rule, local)
    key = digest_of([channel, local.astimezone(UTC).isoformat(), rule, *materials])[:20]
    return Slot(key, channel, local, rule, materials, rerun, course, activity, unit)


def occurrences(slot: Slot, before: datetime) -> Iterator[tuple[int, datetime]]:
    """(number, aware start) of each occurrence that begins before `before`, from the first."""
    if not slot.rule:
        if slot.start < before:
            yield 0, slot.start
        return
    for number, start in enumerate(_parse(slot.rule, slot.start)):
        if start >= before:
            return
        yield number, start


def expand(
    slots: Iterable[Slot],
    *,
    lesson_of: Callable[[str], Lesson | None],
    is_approved: Callable[[str, str], bool],
    since: datetime,
    before: datetime,
) -> Expanded:
    """Airings that begin in the span, and a finding for each that may not or cannot air."""
    airings: list[Airing] = []
    findings: list[Finding] = []
    for slot in slots:
        for number, start in occurrences(slot, before):
            if len(slot.materials) > 1 and number >= len(slot.materials):
                break
            if start < since:
                continue
            material = slot.materials[number % len(slot.materials)]
            planned = to_micros(start)
            lesson = lesson_of(material)
            if lesson is None:
                findings.append(missing_material(slot, material, _airing_id(slot, planned), planned))
                continue
            airing = _airing(slot, lesson, planned)
            if not is_approved(material, lesson.content):
                findings.append(unapproved(airing))
                continue
            airings.append(airing)
    return Expanded(tuple(airings), tuple(findings))


def _airing_id(slot: Slot, planned_us: int) -> str:
    return digest_of([slot.channel, slot.id, str(planned_us)])[:20]


def _airing(slot: Slot, lesson: Lesson, planned_us: int) -> Airing:
    return Airing(
        id=_airing_id(slot, planned_us),
        channel=slot.channel,
        slot=slot.id,
        material=lesson.material,
        content=lesson.content,
        asset=lesson.asset,
        ticks=lesson.ticks,
        planned_us=planned_us,
        start_tick=nearest_tick(planned_us),
        course=slot.course or lesson.course,
        activity=slot.activity or lesson.activity,
        unit=slot.unit or lesson.unit,
        rerun=slot.rerun,
    )


def takes_card(airing: Airing, *, kind: str) -> bool:
    """Whether an attendance card follows on a channel of that kind: after first runs of lessons on television."""
    return kind == "tv" and bool(airing.course) and not airing.rerun


def _clean_rule(rule: str, start: datetime) -> str:
    """The RRULE value with UNTIL in UTC, as RFC 5545 section 3.3.10 demands beside a zoned DTSTART."""
    rule = rule.strip().removeprefix("RRULE:").upper()
    if not rule:
        return ""
    match = re.search(r"(?:^|;)FREQ=([A-Z]+)", rule)
    frequency = match.group(1) if match else ""
    if "\n" in rule or frequency not in _FREQUENCIES:
        raise _bad_rule(rule, "FREQ=" + "|".join(_FREQUENCIES))
    if frequency in ("HOURLY", "MINUTELY") and any(f"{part}=" in rule for part in _DAY_PARTS):
        # Such a rule may search for years before its next occurrence.
        raise _bad_rule(rule, f"{frequency} + {', '.join(_DAY_PARTS)}")
    try:
        rule = _UNTIL.sub(_until_in_utc, rule)
        _parse(rule, start)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise _bad_rule(rule, str(error)) from error
    return rule


def _until_in_utc(match: re.Match[str]) -> str:
    day, time, zulu = match.groups()
    if zulu:
        return match.group(0).upper()
    # A bare date includes that whole local day.
    local = datetime.strptime(day + (time or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    return f"UNTIL={local.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _parse(rule: str, start: datetime) -> rrule:
    parsed = rrulestr(rule, dtstart=start)
    if not isinstance(parsed, rrule):
        raise ValueError(rule)
    return parsed


def _bad_rule(rule: str, reason: str) -> BadInput:
    return BadInput(
        N_("The recurrence rule “{rule}” cannot be used: {reason}"),
        do=N_("Write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261231."),
        rule=rule,
        reason=reason,
    )
