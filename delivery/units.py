"""Units as types, and the numbers of the 320 ms grid.

One **tick** is lcm(1920, 1024) samples at 48 kHz = 15,360 samples = 320 ms = 8 video frames at 25 fps = 15 AAC frames.
Whatever starts and ends on a tick splices exactly in video and audio (design D6).
"""

from __future__ import annotations

from typing import NewType

Ticks = NewType("Ticks", int)
DurationMs = NewType("DurationMs", int)
Minutes = NewType("Minutes", int)
Micros = NewType("Micros", int)
"""Microseconds since 1970-01-01T00:00:00Z."""
Pts90k = NewType("Pts90k", int)
"""MPEG time stamps, units of 1/90,000 s."""

TICK_MS = 320
TICK_PTS = 28_800
TICK_VIDEO_FRAMES = 8
TICK_AUDIO_FRAMES = 15
TICK_SAMPLES = 15_360
GOP_TICKS = 6
"""Closed group of pictures: 48 frames = 1.92 s."""
SEGMENT_TICKS = 18
"""HLS segment: 5.76 s."""


def hours_minutes(seconds: float) -> str:
    """A place in a recording as people write it: ``01:02:03``."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
