"""Other chains on their way here, each held until it is whole: nothing of it is stored before."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from delivery.record.segment import Place, Segment

MAX_MEND: Final = 1 << 28
"""Bytes of content that are held for all chains of one other site."""


@dataclass(slots=True)
class Mending:
    """The other's chain of a stream behind `common`."""

    common: Place
    until: int
    segments: list[Segment] = field(default_factory=list)
    size: int = 0
    """Bytes of content."""

    @property
    def end(self) -> Place:
        return self.segments[-1].end if self.segments else self.common

    @property
    def is_whole(self) -> bool:
        return self.end.seq >= self.until


class Mendings:
    """Every chain that comes from one other site."""

    def __init__(self) -> None:
        self._open: dict[str, Mending] = {}

    def begin(self, common: Place, until: int) -> None:
        """A chain comes behind `common`, up to `until`."""
        self._open[common.stream] = Mending(common, until)

    def of(self, stream: str) -> Mending | None:
        """The chain of this stream that is on its way."""
        return self._open.get(stream)

    def drop(self, stream: str) -> None:
        """Wait for it no more."""
        self._open.pop(stream, None)

    def clear(self) -> None:
        """Wait for nothing any more."""
        self._open.clear()

    def add(self, mending: Mending, segment: Segment) -> bool:
        """Keep the next stretch of a chain; false, and the chain is dropped, when too much would be held."""
        mending.size += sum(len(row.content) for row in segment.rows)
        if sum(held.size for held in self._open.values()) > MAX_MEND:
            self.drop(segment.stream)
            return False
        mending.segments.append(segment)
        return True
