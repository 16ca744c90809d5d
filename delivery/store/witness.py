"""A witness outside the database: how far each stream had come when it was last extended (design D2).

Chain and signed heads cannot show that somebody put back an older copy of the whole database, heads included. This
file can, as long as it is not put back too: each committed append adds a line, and verification compares. It is
written after the commit and without waiting for the disk, so it may lag behind the database and is never ahead of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery.store.files import write_whole

_LONGEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """The furthest place of a stream that was ever committed here."""

    seq: int
    hash: str


class Witness:
    """The witness file of one home."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, ends: Iterable[tuple[str, int, str]]) -> None:
        """Add (stream, sequence, hash) of streams that have just been extended."""
        lines = "".join(json.dumps(end) + "\n" for end in ends).encode()
        handle = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, lines)  # one call: whole lines, also when several processes write
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        if size > _LONGEST_BYTES:
            self._shorten()

    def _shorten(self) -> None:
        kept = "".join(
            json.dumps([stream, seen.seq, seen.hash]) + "\n" for stream, seen in self.seen().items()
        )
        write_whole(self._file, kept.encode(), mode=0o600)

    def seen(self) -> Mapping[str, Seen]:
        """Stream -> furthest place; empty when there is no file. A line cut off by a crash is passed over."""
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        found: dict[str, Seen] = {}
        for line in lines:
            try:
                stream, seq, digest = json.loads(line)
            except (ValueError, TypeError):
                continue
            if stream not in found or seq > found[stream].seq:
                found[stream] = Seen(seq, digest)
        return found
