"""A walk over all packets of a file: how long it really is, how regular its pictures are, where something is missing.

Headers of broken or live recordings are often wrong, so nothing here is taken from them but the length they claim.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream
from numpy.typing import NDArray

SOUND_GAP_S: Final = 0.25
"""Missing sound shorter than this is rounding or the codec's delay."""
PICTURE_GAP_S: Final = 1.0
"""So long without a new picture is a hole in a recording whose pictures otherwise come regularly."""
_REGULAR: Final = 0.2
"""Distances between pictures that differ by less from the usual one are rounding: file formats count milliseconds."""
_ROUNDING_S: Final = 0.0015
_VARIABLE_SHARE: Final = 0.02
"""With more irregular distances than this, the rate is variable."""
_TRUTHFUL: Final = ("mov,", "matroska,", "wav", "avi", "asf", "mxf", "flac")
"""Formats whose header states a length; for others FFmpeg guesses it from the bit rate."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in one stream, in seconds from the start."""

    stream: str
    """``picture`` or ``sound``."""
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Walk:
    """What the packets say."""

    duration_s: float
    """From the first to the end of the last packet of the streams that will be used."""
    missing_s: float
    """By how much the file ends earlier than its header says; 0 when the header says nothing that counts."""
    rate: Fraction
    """Pictures per second as counted; 0 without pictures."""
    middle_rate: Fraction
    """Pictures per second by the middle one of all distances, which a hole does not move; 0 without pictures."""
    variable: bool
    gaps: tuple[Gap, ...]
    broken: str
    """Why reading ended before the end of the file, in FFmpeg's words; empty when it did not."""


def walk(container: av.container.InputContainer, chosen: list[Stream], *, longest_s: float) -> Walk:
    """Read all packets, until `longest_s` is passed. The container has to be sought back afterwards."""
    kept = {stream.index: _Course(stream) for stream in chosen}
    streams = [stream for stream in container.streams if isinstance(stream, VideoStream | AudioStream)]
    end_of_all, broken = 0.0, ""
    try:
        for packet in container.demux(streams):
            at = packet.pts if packet.pts is not None else packet.dts
            if at is None or not packet.size or packet.is_discard:
                continue
            start = at * packet.time_base
            end = float(start + _length(packet))
            end_of_all = max(end_of_all, end)
            course = kept.get(packet.stream_index)
            if course is not None:
                course.take(float(start), end)
                if course.span_s > longest_s:
                    break
    except FFmpegError as error:
        broken = error.strerror or type(error).__name__
    courses = [course for course in kept.values() if course.starts]
    first = min((course.first for course in courses), default=0.0)
    last = max((course.last for course in courses), default=0.0)
    pictures = next((course for course in courses if isinstance(course.stream, VideoStream)), None)
    return Walk(
        duration_s=last - first,
        missing_s=_missing(container, end_of_all) if courses else 0.0,
        rate=pictures.rate if pictures else Fraction(0),
        middle_rate=pictures.middle_rate if pictures else Fraction(0),
        variable=pictures.variable if pictures else False,
        gaps=tuple(gap for course in courses for gap in course.gaps(first)),
        broken=broken,
    )


def _missing(container: av.container.InputContainer, end_s: float) -> float:
    if container.duration is None or not container.format.name.startswith(_TRUTHFUL):
        return 0.0
    begins = (container.start_time or 0) / av.time_base
    return max(0.0, begins + container.duration / av.time_base - end_s)


def _length(packet: av.Packet[Any]) -> Fraction:
    if packet.duration:
        return Fraction(packet.duration * packet.time_base)
    stream = packet.stream
    rate = stream.average_rate if isinstance(stream, VideoStream) else None
    return 1 / rate if rate else Fraction(0)


@dataclass(slots=True)
class _Course:
    """When the packets of one stream come, and how long they last."""

    stream: Stream
    starts: array[float] = field(default_factory=lambda: array("d"))
    ends: array[float] = field(default_factory=lambda: array("d"))
    first: float = 0.0
    last: float = 0.0

    def take(self, start: float, end: float) -> None:
        self.first = min(self.first, start) if self.starts else start
        self.last = max(self.last, end) if self.starts else end
        self.starts.append(start)
        self.ends.append(end)

    @property
    def span_s(self) -> float:
        return self.last - self.first

    @property
    def rate(self) -> Fraction:
        steps = self._steps()
        counted = len(steps) / float(steps.sum()) if len(steps) and steps.sum() > 0 else 0.0
        return Fraction(counted).limit_denominator(1001)

    @property
    def middle_rate(self) -> Fraction:
        steps = self._steps()
        middle = float(np.median(steps)) if len(steps) else 0.0
        return Fraction(1 / middle).limit_denominator(1001) if middle > 0 else Fraction(0)

    @property
    def variable(self) -> bool:
        steps = self._steps()
        return bool(len(steps)) and float(np.mean(~_regular(steps))) > _VARIABLE_SHARE

    def gaps(self, origin_s: float) -> list[Gap]:
        """Holes between packets. Pictures of variable rate have none: each may stay as long as it likes."""
        order = np.argsort(self.starts, kind="stable")
        starts = np.asarray(self.starts)[order]
        ends = np.maximum.accumulate(np.asarray(self.ends)[order])
        if isinstance(self.stream, VideoStream):
            if self.variable:
                return []
            name, least = "picture", PICTURE_GAP_S
        else:
            name, least = "sound", SOUND_GAP_S
        holes = np.flatnonzero(starts[1:] - ends[:-1] > least)
        return [
            Gap(name, round(float(ends[n]) - origin_s, 3), round(float(starts[n + 1]) - origin_s, 3))
            for n in holes
        ]

    def _steps(self) -> NDArray[np.float64]:
        return np.diff(np.sort(np.asarray(self.starts)))


def _regular(steps: NDArray[np.float64]) -> NDArray[np.bool_]:
    usual = float(np.median(steps))
    close: NDArray[np.bool_] = np.abs(steps - usual) <= max(_REGULAR * usual, _ROUNDING_S)
    return close
