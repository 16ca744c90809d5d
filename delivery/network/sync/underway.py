"""What is under way between two sites: how far the other one has each stream, and a chain that comes to mend ours."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from delivery.record.segment import Place, Segment


@dataclass(slots=True)
class Outgoing:
    """How far the other site has a stream, and what is on its way to it."""

    cursor: Place
    """End of what was sent."""
    acknowledged: int = 0
    flying: deque[int] = field(default_factory=deque)
    """Last sequences of the stretches on their way."""
    reading: bool = False
    blocked: bool = False
    """The chains differ: nothing is sent until one side has mended."""


@dataclass(slots=True)
class Mending:
    """The other's chain behind `common`, held until it is here whole."""

    common: Place
    until: int
    segments: list[Segment] = field(default_factory=list)
    size: int = 0

    @property
    def end(self) -> Place:
        return self.segments[-1].end if self.segments else self.common


def digest_of(places: Iterable[Place]) -> str:
    """SHA-256 over places, in order."""
    lines = "".join(f"{place.stream} {place.seq} {place.hash}\n" for place in places)
    return hashlib.sha256(lines.encode()).hexdigest()
