"""What the judge says: each check with its count, its first position and its worst value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Position:
    """Where in the stream. `seconds` counts from the first clock reference, None without a clock."""

    packet: int
    byte: int
    seconds: float | None
    pid: int | None


@dataclass(frozen=True, slots=True)
class Check:
    """One check of TR 101 290 section 5.2 (`id` is its number there), or one of our own (priority 0)."""

    id: str
    name: str
    priority: int
    limit: str
    count: int = 0
    first: Position | None = None
    worst: float | None = None
    """In the unit of `limit`."""
    measured: bool = True
    """False where the stream has nothing that this check could look at."""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One PID."""

    pid: int
    kind: str
    packets: int
    bit_rate: int
    units: int
    """PES packets with a time stamp."""
    step_90k: int | None
    """Usual distance of presentation times in order."""
    first_pts: int | None
    """As written: 33 bits."""
    last_pts: int | None
    frames: int | None
    """Coded frames of sound, where they were counted."""
    lead_ms: tuple[float, float] | None
    """Least and most time between arrival and decoding."""


@dataclass(frozen=True, slots=True)
class Report:
    """The judgement of one stream."""

    bytes: int
    packets: int
    trailing_bytes: int
    seconds: float
    bit_rate: int
    constant_bit_rate: bool
    null_packets: int
    pcr_interval_ms: float | None
    """Longest."""
    pcr_accuracy_ns: float | None
    """Largest distance of a clock reference from its place in the bytes; None for a variable bit rate."""
    av_offset_ms: tuple[float, float] | None
    """Presentation of sound behind that of the picture, at the start and at the end."""
    streams: tuple[StreamReport, ...]
    checks: tuple[Check, ...]

    @property
    def faults(self) -> int:
        return sum(check.count for check in self.checks)

    def check(self, ident: str) -> Check:
        """The check with that id; KeyError."""
        for check in self.checks:
            if check.id == ident:
                return check
        raise KeyError(ident)

    def as_json(self) -> dict[str, Any]:
        return {"verdict": "clean" if not self.faults else "faults", "faults": self.faults, **asdict(self)}


def counted(check: Check, positions: Sequence[Position], *, worst: float | None = None) -> Check:
    """`check` with what was found."""
    return Check(
        check.id,
        check.name,
        check.priority,
        check.limit,
        len(positions),
        min(positions, key=lambda p: p.packet) if positions else None,
        worst,
        check.measured,
    )


def unmeasured(checks: Iterable[Check]) -> list[Check]:
    """Checks for which the stream holds nothing."""
    return [Check(c.id, c.name, c.priority, c.limit, measured=False) for c in checks]
