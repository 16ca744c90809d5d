"""The only place that reads the time. Everything else receives a :class:`Clock` (design D10)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from delivery.units import Micros

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Wall time (aware, UTC) and a monotonic second counter."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told to: for simulation, rendering of past or future spans, and tests."""

    at: datetime
    elapsed: float = field(default=0.0)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds`."""
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds


def to_micros(moment: datetime) -> Micros:
    """Aware datetime -> microseconds since the Unix epoch. Raises ValueError on a naive datetime."""
    if moment.tzinfo is None:
        raise ValueError("naive datetime")
    return Micros((moment - _EPOCH) // timedelta(microseconds=1))


def from_micros(micros: int) -> datetime:
    """Microseconds since the Unix epoch -> aware UTC datetime."""
    return _EPOCH + timedelta(microseconds=micros)


def to_iso(moment: datetime) -> str:
    """RFC 3339 in UTC, for JSON documents: ``2026-11-22T02:00:00.000000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
