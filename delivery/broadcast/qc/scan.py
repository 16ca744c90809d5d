"""Whether pictures are interlaced, measured by FFmpeg's idet in a few places: headers are often wrong about it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import ffmpeg as graph

from delivery.broadcast.media.probe import Probe, VideoInfo
from delivery.broadcast.qc.limits import LIMITS, Limits
from delivery.broadcast.qc.measured import Scan

_PLACES: Final = (0.2, 0.5, 0.8)
_PICTURES: Final = 14
"""In each place; idet compares each with the one before and the one after, so the outer two do not count."""
_LINES: Final = (480, 486, 576, 1080, 1088)
_RATES: Final = (25.0, 29.97)
_SEEN: Final = re.compile(rb"pts_time:(\S+)|lavfi\.idet\.multiple\.current_frame=(\w+)")
_APART: Final = 3
"""Pictures further apart than so many are of two places."""


def may_be_fields(video: VideoInfo) -> bool:
    """Whether interlaced television has this size and rate, or the header says that it is.

    Only then is it worth measuring: hard edges of drawn pictures look like fields to idet.
    """
    usual = video.height in _LINES and round(float(video.rate), 2) in _RATES
    return video.interlaced or usual


class FieldMeter:
    """Counts what idet says of the pictures in those places, printed by FFmpeg's metadata filter."""

    def __init__(self, video: VideoInfo) -> None:
        self._apart_s = _APART / (float(video.rate) or 25.0)
        self._rest = b""
        self._seen: list[tuple[float, str]] = []
        self._at = 0.0

    def feed(self, data: bytes) -> None:
        """Take the next bytes; an empty piece is the end."""
        text = self._rest + data
        end = text.rfind(b"\n") + 1
        self._rest = text[end:]
        for at, verdict in _SEEN.findall(text[:end]):
            if at:
                self._at = float(at)
            else:
                self._seen.append((self._at, verdict.decode()))

    @property
    def scan(self) -> Scan:
        """The counts so far."""
        joined = [later[0] - earlier[0] <= self._apart_s for earlier, later in pairwise(self._seen)]
        inner = [one and other for one, other in pairwise(joined)]
        told = Counter(verdict for (_, verdict), good in zip(self._seen[1:-1], inner, strict=False) if good)
        return Scan(told["tff"], told["bff"], told["progressive"])


def scan_outputs(pictures: Any, video: VideoInfo, duration_s: float, told: str) -> list[Any]:
    """Outputs that make ffmpeg write what idet says of a few pictures in each place as text to `told`."""
    length_s = _PICTURES / (float(video.rate) or 25.0)
    places = "+".join(
        f"between(t,{place * duration_s:.3f},{place * duration_s + length_s:.3f})" for place in _PLACES
    )
    seen = pictures.filter("select", places).filter("idet").filter("metadata", mode="print", file=told)
    return [graph.output(seen, "-", f="null", fps_mode="passthrough")]


def as_scanned(probe: Probe, seen: Scan | None, limits: Limits = LIMITS) -> Probe:
    """`probe` with its pictures as measured, where the measure is sure and the header says otherwise."""
    video = probe.video
    if video is None or seen is None:
        return probe
    sure = seen.top_first + seen.bottom_first + seen.progressive
    fields = max(seen.top_first, seen.bottom_first)
    if sure < limits.interlaced_seen:
        return probe
    if seen.progressive >= limits.interlaced_share * sure:
        return replace(probe, video=replace(video, interlaced=False))
    if fields >= limits.interlaced_share * sure:
        bottom = seen.bottom_first == fields
        return replace(probe, video=replace(video, interlaced=True, bottom_first=bottom))
    return probe
