"""Moving a segment of captions in time: its X-TIMESTAMP-MAP, and not one other byte (RFC 8216 section 3.5)."""

from __future__ import annotations

import re
from typing import Final

from delivery.errors import N_, BadInput

WRAP: Final = 1 << 33
"""Time stamps are 33 bits of 1/90,000 s."""
_MAP: Final = re.compile(rb"^X-TIMESTAMP-MAP=MPEGTS:(\d+),LOCAL:00:00:00\.000$", re.MULTILINE)


def timestamp_map(pts: int) -> str:
    """The line that says which time stamp of the transport stream is time 0 of the cues."""
    return f"X-TIMESTAMP-MAP=MPEGTS:{pts % WRAP},LOCAL:00:00:00.000"


def moved_captions(data: bytes, delta90k: int) -> bytes:
    """A stored segment of captions with `delta90k` (1/90,000 s) added, as its pictures and sound have.

    Raises BadInput when it bears no map.
    """
    found = _MAP.search(data)
    if found is None:
        raise BadInput(
            N_("A segment of captions has no X-TIMESTAMP-MAP."), do=N_("Ingest the material again.")
        )
    line = timestamp_map(int(found.group(1)) + delta90k).encode("ascii")
    return data[: found.start()] + line + data[found.end() :]
