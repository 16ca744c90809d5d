"""Recurrence as people think of it, to and from RFC 5545 rules. What cannot be said so is kept as it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from delivery.clock import VIETNAM, from_micros, to_micros
from tui.technician.span import DAY_US, SlotInfo

DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
REPEATS: Final = ("", "DAILY", "WEEKLY", "MONTHLY")
ENDS: Final = ("never", "until", "count")
_KNOWN: Final = {"FREQ", "BYDAY", "INTERVAL", "UNTIL", "COUNT"}


@dataclass(frozen=True, slots=True)
class Draft:
    """A slot that is being written."""

    start: int
    """First start, µs since 1970 UTC."""
    repeat: str = ""
    days: frozenset[str] = frozenset()
    every: int = 1
    end: str = "never"
    until: int = 0
    """A moment within the last day."""
    count: int = 10
    minutes: int = 0
    rerun: bool = False
    skip_holidays: bool = True
    raw: str = ""
    """A rule that this editor cannot say; kept as it is."""
    rest: dict[str, Any] = field(default_factory=dict)
    """What else the slot has."""

    def weekday(self) -> str:
        """The weekday of the first start."""
        return DAYS[from_micros(self.start).astimezone(VIETNAM).weekday()]

    def rule(self) -> str:
        """The RRULE value; empty for a slot that happens once."""
        if self.raw or not self.repeat:
            return self.raw
        parts = [f"FREQ={self.repeat}"]
        if self.every > 1:
            parts.append(f"INTERVAL={self.every}")
        if self.repeat == "WEEKLY" and self.days:
            parts.append("BYDAY=" + ",".join(sorted(self.days, key=DAYS.index)))
        if self.end == "until" and self.until:
            parts.append(f"UNTIL={from_micros(self.until).astimezone(VIETNAM):%Y%m%d}")
        elif self.end == "count":
            parts.append(f"COUNT={self.count}")
        return ";".join(parts)

    def document(self) -> dict[str, Any]:
        """As the station takes it."""
        return {
            **{name: value for name, value in self.rest.items() if name not in ("slot", "channel")},
            "start": self.start,
            "rule": self.rule(),
            "minutes": self.minutes,
            "rerun": self.rerun,
            "skip_holidays": self.skip_holidays,
        }

    def moved(self, by: int) -> Draft:
        """Beginning later by so many µs; the only weekday of a weekly slot goes along."""
        made = replace(self, start=self.start + by)
        if self.days == frozenset({self.weekday()}):
            return replace(made, days=frozenset({made.weekday()}))
        return made

    def with_repeat(self, repeat: str) -> Draft:
        days = self.days or frozenset({self.weekday()})
        until = self.until or self.start + 105 * DAY_US
        return replace(self, repeat=repeat, raw="", days=days, until=until)

    def toggled(self, day: str) -> Draft:
        return replace(self, days=self.days ^ {day})


def draft_of(slot: SlotInfo) -> Draft:
    """A slot as it stands, to be changed."""
    parts = dict(part.partition("=")[::2] for part in slot.rule.split(";") if part)
    simple = set(parts) <= _KNOWN and parts.get("FREQ", "") in REPEATS
    days = parts.get("BYDAY", "").split(",") if parts.get("BYDAY") else []
    simple = simple and all(day in DAYS for day in days) and (not days or parts.get("FREQ") == "WEEKLY")
    made = Draft(
        slot.start,
        minutes=slot.minutes,
        rerun=slot.rerun,
        skip_holidays=slot.skip_holidays,
        rest=slot.document,
    )
    if not slot.rule:
        return made
    if not simple:
        return replace(made, raw=slot.rule)
    end = "until" if "UNTIL" in parts else "count" if "COUNT" in parts else "never"
    return replace(
        made,
        repeat=parts.get("FREQ", ""),
        days=frozenset(days),
        every=int(parts.get("INTERVAL", "1") or 1),
        end=end,
        until=_until(parts.get("UNTIL", "")),
        count=int(parts.get("COUNT", "10") or 10),
    )


def _until(text: str) -> int:
    """The moment of an UNTIL, in UTC where it says so."""
    for form in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007
        except ValueError:
            continue
        zone = from_micros(0).tzinfo if form.endswith("Z") else VIETNAM
        return to_micros(moment.replace(tzinfo=zone))
    return 0
