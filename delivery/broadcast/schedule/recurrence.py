"""Recurrence rules (RFC 5545 section 3.3.10): taken in when they are sound, and expanded without searching for ever.

python-dateutil expands them. It looks for a day that never comes up to the year 9999, and does not return from a rule
that does not move on; so rules are looked at before they are stored, and a search that leads nowhere is given up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from dateutil.rrule import rrule, rrulestr

from delivery.clock import VIETNAM
from delivery.errors import N_, BadInput, Message

FREQUENCIES: Final = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
_PERIODS: Final = {
    "WEEKLY": timedelta(weeks=1),
    "DAILY": timedelta(days=1),
    "HOURLY": timedelta(hours=1),
    "MINUTELY": timedelta(minutes=1),
}
_YEARS: Final = 41
"""A 29 February that is a Monday may be 40 years away: what does not come in so many years never comes."""
_MOST_STEPS: Final = {
    "YEARLY": _YEARS,
    "MONTHLY": _YEARS * 12,
    "WEEKLY": _YEARS * 53,
    "DAILY": _YEARS * 366,
    # Without days of the month or year, which they may not have, these repeat after a week at the latest.
    "HOURLY": 7 * 24 * 60,
    "MINUTELY": 7 * 24 * 60,
}
_MOST_INTERVAL: Final = 99_999
_MOST_COUNT: Final = 99_999
_UNTIL: Final = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_NEVER: Final = Message(N_("it never occurs"))
_DAY_PARTS: Final = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS", "BYEASTER")


def clean_rule(rule: str, start: datetime) -> str:
    """The RRULE value, with UNTIL in UTC as the section demands beside a zoned DTSTART; empty for no rule.

    Raises BadInput for one that is malformed, never occurs from `start` on, or would be searched for years.
    """
    rule = rule.strip().upper().removeprefix("RRULE:")
    if not rule:
        return ""
    parts = _parts(rule)
    if problem := _problem(parts):
        raise _bad_rule(rule, problem)
    try:
        if "UNTIL" in parts:
            parts["UNTIL"] = _until_in_utc(parts["UNTIL"])
        cleaned = ";".join(f"{name}={value}" for name, value in parts.items())
        occurs = next(starts(cleaned, start), None)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        # The library says “empty” of hours and minutes that the interval never meets.
        raise _bad_rule(rule, _NEVER if "empty" in str(error) else str(error)) from error
    if occurs is None:
        raise _bad_rule(rule, _NEVER)
    return cleaned


def starts(rule: str, first: datetime, *, since: datetime | None = None) -> Iterator[datetime]:
    """Occurrences of a rule that is clean, in order, from `first` on.

    With `since`, those before it may be left out: a slot that has recurred for years costs no more than a new one.
    """
    parts = _parts(rule)
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    period = _PERIODS.get(frequency)
    if since and period and "COUNT" not in parts:
        # A whole number of intervals later, the rule goes on as if it began there.
        first += max((since - first) // (period * interval), 0) * period * interval
    steps = _Steps(interval)
    parsed = rrulestr(rule, dtstart=first)
    if not isinstance(parsed, rrule):
        raise ValueError(rule)
    found = iter(parsed.replace(interval=steps))
    while True:
        steps.left = _MOST_STEPS[frequency]
        try:
            yield next(found)
        except (StopIteration, _NothingComes):
            return


class _NothingComes(Exception):
    """A search has gone through as many periods as it may."""


class _Steps(int):
    """The interval of a rule. The library adds it, or for weeks multiplies it, once for each period that it looks
    through: so it is the interval that ends a search."""

    left: int

    def __radd__(self, other: int) -> int:
        self._step()
        return int.__add__(self, other)

    def __mul__(self, other: int) -> int:
        self._step()
        return int.__mul__(self, other)

    def _step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _NothingComes


def _parts(rule: str) -> dict[str, str]:
    """Names and values, in order. A part that is there twice keeps an empty name, which no rule may have."""
    found: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        found["" if name in found else name] = value
    return found


def _problem(parts: dict[str, str]) -> Message | None:
    """What is wrong with a rule, as far as the library would not notice or not return."""
    frequency = parts.get("FREQ", "")
    if "" in parts or "" in parts.values() or any(char.isspace() for char in "".join(parts.values())):
        return Message(N_("each part is NAME=VALUE, once, and parts are separated by “;”"))
    if frequency not in FREQUENCIES:
        return Message(N_("FREQ is one of {known}"), {"known": ", ".join(FREQUENCIES)})
    for name, most in (("INTERVAL", _MOST_INTERVAL), ("COUNT", _MOST_COUNT)):
        text = parts.get(name, "1")
        if not (text.isascii() and text.isdigit() and len(text) < 9 and 1 <= int(text) <= most):
            return Message(N_("{part} is a whole number from 1 to {most}"), {"part": name, "most": most})
    if "COUNT" in parts and "UNTIL" in parts:
        return Message(N_("it ends either with COUNT or with UNTIL"))
    if frequency in ("HOURLY", "MINUTELY") and (held := [part for part in _DAY_PARTS if part in parts]):
        return Message(N_("{part} does not go with {frequency}"), {"part": held[0], "frequency": frequency})
    days = parts.get("BYDAY", "")
    if len({any(char.isdigit() for char in day) for day in days.split(",")}) > 1:
        # The library would look for a day that is both.
        return Message(N_("BYDAY has days with numbers and days without"))
    return None


def _until_in_utc(value: str) -> str:
    match = _UNTIL.fullmatch(value)
    if match is None:
        raise ValueError(f"UNTIL={value}")
    day, time, zulu = match.groups()
    if zulu:
        return value
    # A bare date includes that whole local day.
    local = datetime.strptime(day + (time or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=VIETNAM)
    return f"{local.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _bad_rule(rule: str, reason: Message | str) -> BadInput:
    return BadInput(
        N_("The recurrence rule “{rule}” cannot be used: {reason}"),
        do=N_("Write it as in RFC 5545, for example FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261231."),
        rule=rule,
        reason=reason,
    )
