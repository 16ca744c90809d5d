"""What really left for the transmitter, airing by airing: the evidence from which as-run facts are told (TX-2.4).

One small file for each airing in ``<air>/sent``, replaced as a whole after each segment, so that a killed feed loses at
most the segment that it was sending.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from delivery.broadcast.playout.portions import Portions
from delivery.store.air import RowKind
from delivery.store.files import write_whole

KEEP_DAYS: Final = 30


@dataclass(slots=True)
class Sent:
    """What was sent of one airing."""

    airing: str
    first_tick: int
    end_tick: int
    ticks: int = 0
    """Of the lesson itself, taken by a peer; slates in its place do not count."""
    packets: int = 0
    bytes: int = 0
    first_pts: int = 0
    last_pts: int = 0
    digest: str = ""
    """SHA-256 over the digests of the segments sent, each in order."""
    replaced: int = 0
    """Segments in whose place a slate went out."""
    lost: int = 0
    """Segments that no peer took whole."""
    reasons: list[str] = field(default_factory=list)


class SentJournal:
    """Writes and reads the files. One writer for a channel."""

    def __init__(self, folder: Path, channel: str) -> None:
        self._folder = folder / "sent"
        self._channel = channel
        self._now: Sent | None = None

    def _file(self, airing: str) -> Path:
        plain = "".join(c if c.isalnum() or c in "-_." else "_" for c in f"{self._channel}-{airing}")
        return self._folder / f"{plain}.json"

    def sent(self, load: Portions, *, taken: bool, joined: bool) -> None:
        """A segment has left: add it to its airing."""
        piece = load.piece
        if piece.row.kind is not RowKind.LESSON:
            return
        told = self._now
        if told is None or told.airing != piece.row.airing:
            told = self.read(piece.row.airing) or Sent(piece.row.airing, piece.start_tick, piece.start_tick)
        if load.reason:
            told.replaced += 1
            told.reasons = sorted({*told.reasons, load.reason})[:5]
        elif not taken:
            told.lost += 1
        else:
            if not told.packets:
                told.first_tick, told.first_pts = piece.start_tick, load.first_pts
            told.ticks += piece.ticks
            told.packets += load.packets
            told.bytes += load.size
            told.last_pts = load.last_pts
            told.digest = hashlib.sha256(told.digest.encode() + load.digest).hexdigest()
        told.end_tick = piece.end_tick
        self._now = told
        write_whole(self._file(told.airing), orjson.dumps(asdict(told)))

    def read(self, airing: str) -> Sent | None:
        """What was sent of an airing; None when no feed sent any of it."""
        try:
            document: dict[str, Any] = orjson.loads(self._file(airing).read_bytes())
            return Sent(**document)
        except (OSError, ValueError, TypeError):
            return None
