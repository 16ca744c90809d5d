"""Make-goods: where what was missed, or aired only in part, can air again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.broadcast.schedule.findings import local_time
from delivery.store.air import TICK_US, Row, RowKind

_MINUTE_TICKS = 60_000_000 // TICK_US
_EARLIEST, _LATEST = 6, 22
"""Local hours between which a make-good is proposed."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An airing that did not go out whole."""

    airing: str
    channel: str
    material: str
    course: str
    unit: int
    ticks: int
    aired_ticks: int
    planned_us: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A time for it; 0 when none was found."""

    missed: Missed
    start_us: int

    def as_json(self) -> dict[str, Any]:
        one = self.missed
        return {
            "airing": one.airing,
            "channel": one.channel,
            "material": one.material,
            "course": one.course or None,
            "unit": one.unit or None,
            "planned": local_time(one.planned_us),
            "status": "partial" if one.aired_ticks else "missed",
            "aired_minutes": round(one.aired_ticks * TICK_US / 60_000_000, 1),
            "proposed": local_time(self.start_us) if self.start_us else None,
        }


def propose(
    missed: Sequence[Missed], rows: Mapping[str, Sequence[Row]], *, from_tick: int, room_ticks: int
) -> list[Proposal]:
    """For each, the first whole minute by day in a run of slates or fillers long enough for it and `room_ticks` more.

    Proposals do not overlap one another.
    """
    taken: list[tuple[str, int, int]] = []
    out = []
    for one in sorted(missed, key=lambda m: (m.planned_us, m.airing)):
        start = _place(one, rows.get(one.channel, ()), from_tick, one.ticks + room_ticks, taken)
        if start:
            taken.append((one.channel, start, start + one.ticks + room_ticks))
        out.append(Proposal(one, start * TICK_US))
    return out


def _place(
    one: Missed, rows: Sequence[Row], from_tick: int, length: int, taken: Iterable[tuple[str, int, int]]
) -> int:
    busy = [(first, stop) for channel, first, stop in taken if channel == one.channel]
    for first, stop in _free(rows):
        start = _whole_minute(max(first, from_tick))
        while start + length <= stop:
            clash = next((b for b in busy if b[0] < start + length and start < b[1]), None)
            if clash:
                start = _whole_minute(clash[1])
            elif not _EARLIEST <= int(local_time(start * TICK_US)[11:13]) < _LATEST:
                start = _whole_minute(start + 30 * _MINUTE_TICKS)
            else:
                return start
    return 0


def _free(rows: Sequence[Row]) -> list[tuple[int, int]]:
    """Stretches without a programme of a course."""
    out: list[tuple[int, int]] = []
    for row in rows:
        if row.kind is RowKind.SLATE or (row.kind is RowKind.FILLER and not row.airing):
            if out and out[-1][1] == row.start_tick:
                out[-1] = (out[-1][0], row.end_tick)
            else:
                out.append((row.start_tick, row.end_tick))
    return out


def _whole_minute(tick: int) -> int:
    """The first tick at or after the next whole minute."""
    minute = -(-tick * TICK_US // 60_000_000)
    return -(-minute * 60_000_000 // TICK_US)
