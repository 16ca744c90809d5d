"""A day or a week of one channel, as the grid shows it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from delivery.errors import Message
from tui.shared.values import dicts_of, int_of, message_of, text_of, texts_of, true_of

DAY_US = 86_400_000_000
MINUTE_US = 60_000_000
TICK_US = 320_000
_UNPLACED_US = 15 * MINUTE_US


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with the schedule, in the station's words."""

    code: str
    severity: str
    clause: str
    slot: str
    airing: str
    at: int
    what: Message
    do: Message


@dataclass(frozen=True, slots=True)
class Aired:
    """What became of an airing."""

    airing: str
    material: str
    status: str
    planned: int
    start: int
    planned_us: int
    aired_us: int


@dataclass(frozen=True, slots=True)
class Programme:
    """One airing in the grid; without `airing`, something that finds no place."""

    airing: str
    slot: str
    start: int
    end: int
    planned: int
    title: str
    material: str
    course: str
    unit: int
    rerun: bool
    card: bool
    findings: tuple[Finding, ...] = ()
    aired: Aired | None = None

    @property
    def name(self) -> str:
        """What stays the same while it is looked at."""
        return self.airing or f"{self.slot}@{self.planned}"

    @property
    def severity(self) -> str:
        """The worst of its findings; empty without any."""
        order = ("error", "warning", "note")
        found = [finding.severity for finding in self.findings]
        return next((severity for severity in order if severity in found), "")


@dataclass(frozen=True, slots=True)
class Carried:
    """A programme on its way to another place, or to another length."""

    programme: Programme
    start: int
    minutes: int | None = None
    """Length of its slot, where that is to change."""

    @property
    def has_moved(self) -> bool:
        return self.start != self.programme.planned or self.minutes is not None


@dataclass(frozen=True, slots=True)
class SlotInfo:
    """A slot as it is written."""

    slot: str
    start: int
    rule: str
    materials: tuple[str, ...]
    course: str
    whole_course: bool
    rerun: bool
    unit: int
    minutes: int
    except_days: tuple[str, ...]
    skip_holidays: bool
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Span:
    """Answer to ``schedule.span``."""

    channel: str
    since: int
    before: int
    frozen: int
    programmes: tuple[Programme, ...]
    findings: tuple[Finding, ...]
    aired: tuple[Aired, ...]

    def on_day(self, day: int) -> list[Programme]:
        """Programmes that touch the `day`-th day, in order."""
        first = self.since + day * DAY_US
        return [one for one in self.programmes if one.start < first + DAY_US and one.end > first]


def read_span(document: Any) -> Span:
    """The span with findings and as-run put to their programmes; what finds no place stands at its planned time."""
    findings = tuple(read_finding(one) for one in dicts_of(document, "findings"))
    aired = {one.airing: one for one in (_aired(item) for item in dicts_of(document, "aired"))}
    placed = []
    told: set[int] = set()
    for item in dicts_of(document, "programmes"):
        airing, slot, planned = text_of(item, "airing"), text_of(item, "slot"), int_of(item, "planned_us")
        own = tuple(
            f
            for f in findings
            if (f.airing and f.airing == airing) or (not f.airing and f.slot == slot and f.at == planned)
        )
        told |= {id(finding) for finding in own}
        placed.append(
            Programme(
                airing,
                slot,
                int_of(item, "start_us"),
                int_of(item, "end_us"),
                planned,
                text_of(item, "title"),
                text_of(item, "material"),
                text_of(item, "course"),
                int_of(item, "unit"),
                true_of(item, "rerun"),
                true_of(item, "card"),
                own,
                aired.get(airing),
            )
        )
    unplaced: dict[tuple[str, int], list[Finding]] = {}
    for finding in findings:
        if id(finding) not in told and finding.at:
            unplaced.setdefault((finding.slot, finding.at), []).append(finding)
    for (slot, at), own_findings in unplaced.items():
        material = str(own_findings[0].what.params.get("material", ""))
        placed.append(
            Programme(
                "",
                slot,
                at,
                at + _UNPLACED_US,
                at,
                material or own_findings[0].code,
                material,
                "",
                0,
                False,
                False,
                tuple(own_findings),
            )
        )
    return Span(
        text_of(document, "channel"),
        int_of(document, "since"),
        int_of(document, "before"),
        int_of(document, "frozen"),
        tuple(sorted(placed, key=lambda one: (one.start, one.name))),
        findings,
        tuple(sorted(aired.values(), key=lambda one: one.planned)),
    )


def read_finding(document: Any) -> Finding:
    return Finding(
        text_of(document, "code"),
        text_of(document, "severity"),
        text_of(document, "clause"),
        text_of(document, "slot"),
        text_of(document, "airing"),
        int_of(document, "at"),
        message_of(document.get("what")),
        message_of(document.get("do")),
    )


def _aired(document: Any) -> Aired:
    return Aired(
        text_of(document, "airing"),
        text_of(document, "material"),
        text_of(document, "status"),
        int_of(document, "planned"),
        int_of(document, "start"),
        int_of(document, "planned_us"),
        int_of(document, "aired_us"),
    )


def read_slot(document: Any) -> SlotInfo:
    return SlotInfo(
        text_of(document, "slot"),
        int_of(document, "start"),
        text_of(document, "rule"),
        texts_of(document, "materials"),
        text_of(document, "course"),
        true_of(document, "whole_course"),
        true_of(document, "rerun"),
        int_of(document, "unit"),
        int_of(document, "minutes"),
        texts_of(document, "except"),
        true_of(document, "skip_holidays"),
        dict(document),
    )


def on_tick(micros: int) -> int:
    """The tick of the 320 ms grid nearest to a moment, in µs: where the programme really begins."""
    return (2 * micros + TICK_US) // (2 * TICK_US) * TICK_US
