"""Whether pictures are interlaced, measured by FFmpeg's idet in a few places: headers are often wrong about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import av
from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from delivery.broadcast.media.probe import Probe, VideoInfo
from delivery.broadcast.qc.limits import LIMITS, Limits
from delivery.broadcast.qc.measured import Scan

_PLACES: Final = (0.2, 0.5, 0.8)
_PICTURES: Final = 12
_LINES: Final = (480, 486, 576, 1080, 1088)
_RATES: Final = (25.0, 29.97)
_VERDICT: Final = "lavfi.idet.multiple.current_frame"


def may_be_fields(video: VideoInfo) -> bool:
    """Whether interlaced television has this size and rate, or the header says that it is.

    Only then is it worth measuring: hard edges of drawn pictures look like fields to idet.
    """
    usual = video.height in _LINES and round(float(video.rate), 2) in _RATES
    return video.interlaced or usual


def scan(source: Path, probe: Probe) -> Scan | None:
    """Count what idet says of a few pictures in three places; None where it is not worth measuring."""
    if probe.video is None or not may_be_fields(probe.video):
        return None
    told: Counter[str] = Counter()
    with suppress(FFmpegError), av.open(str(source)) as container:
        stream = container.streams[probe.video.index]
        assert isinstance(stream, VideoStream)
        for place in _PLACES:
            told.update(_look(container, stream, place * probe.duration_s))
    return Scan(told["tff"], told["bff"], told["progressive"])


def _look(container: av.container.InputContainer, stream: VideoStream, at_s: float) -> Iterator[str]:
    container.seek(round(at_s * av.time_base) + (container.start_time or 0))
    graph: Graph | None = None
    for count, frame in enumerate(container.decode(stream)):
        if count >= _PICTURES:
            return
        if graph is None:
            graph = _idet(stream, frame)
        graph.push(frame)
        with suppress(BlockingIOError, EOFError, FFmpegError):
            seen = graph.pull()
            if isinstance(seen, VideoFrame):
                yield str(seen.metadata.get(_VERDICT, ""))


def _idet(stream: VideoStream, frame: VideoFrame) -> Graph:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=stream.time_base
    )
    graph.link_nodes(source, graph.add("idet"), graph.add("buffersink")).configure()
    return graph


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
