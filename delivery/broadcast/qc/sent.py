"""Loudness of what is sent: a stored segment is decoded and measured as ITU-R BS.1770-4 says, by FFmpeg's ebur128.

A segment never changes under its address, so what was measured once is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import av
from av.filter import Graph

from delivery.broadcast.qc.meters import SILENT_DB

STEP_S: Final = 0.1
"""ebur128 tells its figures ten times a second."""
_MOMENTARY: Final = "lavfi.r128.M"
_SETTLED: Final = 4
"""The momentary window is 0.4 s long: the first three figures of a segment are not yet whole."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Momentary loudness (window of 400 ms) in LUFS, one value for each :data:`STEP_S`."""

    momentary: tuple[float, ...]

    def at(self, seconds: float) -> float | None:
        """What is heard `seconds` after the segment's start; None where it has no sound."""
        if not self.momentary:
            return None
        place = min(max(int(seconds / STEP_S), _SETTLED - 1), len(self.momentary) - 1)
        return self.momentary[place]


def measure(segment: bytes) -> Sound:
    """The sound of a segment (MPEG-TS, or frames of AAC or MP3). Raises ValueError when it cannot be decoded."""
    values: list[float] = []
    try:
        with av.open(BytesIO(segment), "r") as source:
            stream = source.streams.audio[0]
            graph = Graph()
            entry = graph.add_abuffer(template=stream)
            meter = graph.add("ebur128", "metadata=1:framelog=quiet")
            leave = graph.add("abuffersink")
            entry.link_to(meter)
            meter.link_to(leave)
            graph.configure()
            for frame in source.decode(stream):
                graph.push(frame)
                _pull(graph, values)
            graph.push(None)
            _pull(graph, values)
    except (av.FFmpegError, IndexError) as error:
        raise ValueError(str(error)) from error
    return Sound(tuple(values))


def _pull(graph: Graph, values: list[float]) -> None:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        told = frame.metadata.get(_MOMENTARY) if frame.metadata else None
        if told is not None:
            values.append(_number(told))


def _number(text: str) -> float:
    try:
        return max(float(text), SILENT_DB)
    except ValueError:
        return SILENT_DB
