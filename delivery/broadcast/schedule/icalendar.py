"""iCalendar (RFC 5545), as far as a broadcast schedule needs it: events out, events in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery.broadcast.schedule.programme import Programme
from delivery.clock import VIETNAM, from_micros
from delivery.errors import N_, BadInput

_FOLD = 75
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def to_ical(programmes: Iterable[Programme], *, name: str, stamp_us: int) -> str:
    """A calendar of programmes, in UTC. `name` is what calendar programs show."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tuxa//schedule//VI", "CALSCALE:GREGORIAN"]
    lines += [f"X-WR-CALNAME:{name.translate(_ESCAPES)}", "X-WR-TIMEZONE:Asia/Ho_Chi_Minh"]
    for one in programmes:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{one.airing}@tuxa",
            f"DTSTAMP:{_utc(stamp_us)}",
            f"DTSTART:{_utc(one.start_us)}",
            f"DTEND:{_utc(one.end_us)}",
            f"SUMMARY:{one.title.translate(_ESCAPES)}",
            f"LOCATION:{one.channel_name.translate(_ESCAPES)}",
            *([f"DESCRIPTION:{one.course_name.translate(_ESCAPES)}"] if one.course_name else []),
            *([f"CATEGORIES:{one.course.translate(_ESCAPES)}"] if one.course else []),
            "END:VEVENT",
        ]
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"])


def _utc(micros: int) -> str:
    return from_micros(micros).strftime("%Y%m%dT%H%M%SZ")


def _folded(line: str) -> str:
    """Lines of at most 75 octets, cut between characters (section 3.1)."""
    out, size = [], 0
    for char in line:
        width = len(char.encode())
        if size + width > _FOLD:
            out.append("\r\n ")
            size = 1
        out.append(char)
        size += width
    return "".join(out)


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """One VEVENT."""

    line: int
    start: datetime
    rule: str
    except_days: tuple[str, ...]
    also: tuple[datetime, ...]
    properties: dict[str, str]


def read_ical(text: str, *, source: str) -> list[IncomingEvent]:
    """The events of a calendar. Raises BadInput naming the line."""
    events: list[IncomingEvent] = []
    held: dict[str, list[tuple[dict[str, str], str]]] | None = None
    begun = 0
    for number, line in _unfolded(text):
        if not line:
            continue
        name, parameters, value = _content_line(line, number, source)
        if (name, value.upper()) == ("BEGIN", "VEVENT"):
            held, begun = {}, number
        elif (name, value.upper()) == ("END", "VEVENT") and held is not None:
            events.append(_event(held, begun, source))
            held = None
        elif held is not None:
            held.setdefault(name, []).append((parameters, value))
    if not events:
        raise BadInput(
            N_("{file} has no events."), do=N_("Give an iCalendar file (.ics) with VEVENTs."), file=source
        )
    return events


def _event(held: dict[str, list[tuple[dict[str, str], str]]], line: int, source: str) -> IncomingEvent:
    if "DTSTART" not in held:
        raise _broken(source, line, "DTSTART")
    parameters, value = held["DTSTART"][0]
    try:
        start = _moment(value, parameters)
        without = [_moment(v, p) for p, values in held.get("EXDATE", ()) for v in values.split(",")]
        also = [_moment(v, p) for p, values in held.get("RDATE", ()) for v in values.split(",")]
    except (ValueError, KeyError) as error:
        raise _broken(source, line, str(error)) from error
    plain = {
        name: values[0][1].replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").replace("\\\\", "\\")
        for name, values in held.items()
    }
    return IncomingEvent(
        line,
        start,
        plain.get("RRULE", ""),
        tuple(sorted({m.date().isoformat() for m in without})),
        tuple(sorted(also)),
        plain,
    )


def _moment(value: str, parameters: dict[str, str]) -> datetime:
    """A time in Viet Nam. Floating times are Vietnamese; other zones than that and UTC are not guessed."""
    if parameters.get("VALUE", "").upper() == "DATE" or len(value) == 8:
        return datetime.strptime(value, "%Y%m%d").replace(tzinfo=VIETNAM)
    if value.endswith("Z"):
        return datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).astimezone(VIETNAM)
    zone = parameters.get("TZID", "Asia/Ho_Chi_Minh").strip('"')
    if zone not in ("Asia/Ho_Chi_Minh", "Asia/Saigon", "Asia/Bangkok", "SE Asia Standard Time"):
        raise ValueError(f"TZID={zone}")
    return datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=VIETNAM)


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    held, begun = "", 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t"):
            held += line[1:]
            continue
        if held:
            yield begun, held
        held, begun = line, number
    if held:
        yield begun, held


def _content_line(line: str, number: int, source: str) -> tuple[str, dict[str, str], str]:
    quoted = False
    for at, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            name, *parts = line[:at].split(";")
            parameters = dict(part.upper().partition("=")[::2] for part in parts if "=" in part)
            zone = next((p.partition("=")[2] for p in parts if p.upper().startswith("TZID=")), None)
            if zone:
                parameters["TZID"] = zone
            return name.upper(), parameters, line[at + 1 :]
    raise _broken(source, number, line[:40])


def _broken(source: str, line: int, what: Any) -> BadInput:
    return BadInput(
        N_("{file}, line {line}: {what} cannot be used."),
        do=N_("Export the calendar again, in Vietnamese time or UTC."),
        file=source,
        line=line,
        what=what,
    )
