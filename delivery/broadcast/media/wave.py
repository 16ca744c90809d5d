"""How long a WAV file says that it is: FFmpeg does not tell, but makes do with the bytes that are there."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, Final

_HEADERS: Final = 64
"""Chunks before the samples; there are a handful."""
_UNKNOWN: Final = (0, 0xFFFFFFFF)
"""What programs write that do not know the size yet, or cannot express it."""


def missing_seconds(path: Path) -> float:
    """Seconds of sound that the header promises and the file does not hold (RIFF: chunk ``data``); 0 when unclear.

    Less than 0: seconds that lie behind what the header says, and are no other chunk.
    """
    with path.open("rb") as file:
        start = file.read(12)
        if start[:4] != b"RIFF" or start[8:] != b"WAVE":
            return 0.0
        bytes_per_s = 0
        for _ in range(_HEADERS):
            head = file.read(8)
            if len(head) < 8:
                return 0.0
            name, size = struct.unpack("<4sI", head)
            if name == b"data":
                there = path.stat().st_size - file.tell()
                lacking = 0 if size in _UNKNOWN else size - there
                if lacking < 0 and _is_chunk(file, size + size % 2, there):
                    lacking = 0
                return lacking / bytes_per_s if bytes_per_s else 0.0
            if name == b"fmt " and size >= 16:
                bytes_per_s = struct.unpack("<8xI", file.read(12))[0]
                file.seek(size - 12 + size % 2, 1)
            else:
                file.seek(size + size % 2, 1)
    return 0.0


def _is_chunk(file: BinaryIO, behind: int, there: int) -> bool:
    """Whether another chunk follows the samples, as programs write titles and marks there."""
    file.seek(behind, 1)
    head = file.read(8)
    if len(head) < 8:
        return True
    name, size = struct.unpack("<4sI", head)
    return bool(name.isascii()) and name.decode("ascii").isprintable() and behind + 8 + size <= there + 1
