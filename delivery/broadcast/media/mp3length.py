"""How long an MP3 file says that it is: FFmpeg makes do with the frames that are there.

Encoders write a first frame without sound, with ``Xing`` or ``Info`` and the number of frames that follow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_HEAD: Final = 4096
_RATES: Final = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
"""Samples a second by MPEG version bits (ISO/IEC 11172-3 table 2.4.2.3; 13818-3)."""
_SAMPLES: Final = {3: 1152, 2: 576, 0: 576}
"""Of one layer III frame."""


def claimed_seconds(path: Path) -> float:
    """Seconds that the first frame promises; 0 where it says nothing or the file is no MP3."""
    with path.open("rb") as file:
        start = file.read(10)
        if start[:3] == b"ID3":
            # Four bytes of seven bits.
            size = sum(
                (byte & 0x7F) << shift for byte, shift in zip(start[6:10], (21, 14, 7, 0), strict=True)
            )
            file.seek(10 + size)
        else:
            file.seek(0)
        head = file.read(_HEAD)
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0.0
    version, rate = head[1] >> 3 & 3, head[2] >> 2 & 3
    if version not in _RATES or rate > 2:
        return 0.0
    found = [at for at in (head.find(b"Xing", 0, 200), head.find(b"Info", 0, 200)) if at >= 0]
    if not found or not head[found[0] + 7] & 1:
        return 0.0
    frames = int.from_bytes(head[found[0] + 8 : found[0] + 12], "big")
    return frames * _SAMPLES[version] / _RATES[version][rate]
