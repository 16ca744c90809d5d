"""The exact place of damage: the seconds around each complaint are decoded once more, packet by packet, strictly.

While a whole file is decoded, complaints come from threads that work ahead, so their places are right to about a
second and differ from run to run. A verdict must not: what counts is which packets cannot be decoded, and for
pictures how long what was built on them stays on the screen, which is until the next key frame.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import av
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.video.stream import VideoStream

from delivery.broadcast.media.probe import Probe
from delivery.broadcast.media.sources import open_source
from delivery.broadcast.qc.spans import DAMAGE, PICTURE_DAMAGED, SOUND_DAMAGED, Span, joined

_AROUND_S: Final = 4.0
_PLACES: Final = 20
"""Places that are looked at again; a file with more is past saving anyhow."""
_JOIN_S: Final = 0.5


def located(source: Path, probe: Probe, heard: Sequence[Span]) -> list[Span]:
    """`heard`, moved to where the packets are bad. What cannot be found again stays as it was heard."""
    windows = joined(
        (Span(DAMAGE, span.from_s - _AROUND_S, span.to_s + _AROUND_S, span.words) for span in heard), 0.0
    )
    out: list[Span] = []
    for window in windows[:_PLACES]:
        exact = [span for index in _tracks(probe) for span in _bad(source, index, window)]
        inside = [span for span in heard if window.from_s <= span.from_s <= window.to_s]
        out += joined(exact, _JOIN_S) or inside
    out += [
        span for window in windows[_PLACES:] for span in heard if window.from_s <= span.from_s <= window.to_s
    ]
    return joined(out, _JOIN_S)


def _tracks(probe: Probe) -> list[int]:
    return [track.index for track in (probe.video, probe.audio) if track]


def _bad(source: Path, index: int, window: Span) -> list[Span]:
    with suppress(FFmpegError), open_source(source) as container:
        stream = container.streams[index]
        if isinstance(stream, VideoStream | AudioStream):
            stream.codec_context.thread_type = "NONE"
            stream.codec_context.options = {"err_detect": "explode"}
            return list(_packets(container, stream, window))
    return []


def _packets(
    container: av.container.InputContainer, stream: VideoStream | AudioStream, window: Span
) -> Iterator[Span]:
    begins_s = (container.start_time or 0) / av.time_base
    container.seek(round(max(0.0, window.from_s + begins_s) * av.time_base))
    broken_at: float | None = None
    for packet in container.demux(stream):
        if packet.dts is None or packet.time_base is None:
            continue
        at = round(float((packet.pts or packet.dts) * packet.time_base) - begins_s, 3)
        if packet.is_keyframe and broken_at is not None and isinstance(stream, VideoStream):
            yield Span(DAMAGE, broken_at, max(at, broken_at), PICTURE_DAMAGED)
            broken_at = None
        if at > window.to_s and broken_at is None:
            return
        if not _decodes(packet) and window.from_s <= at:
            if isinstance(stream, VideoStream):
                broken_at = at if broken_at is None else min(broken_at, at)
            else:
                length = float((packet.duration or 0) * packet.time_base)
                yield Span(DAMAGE, at, round(at + length, 3), SOUND_DAMAGED)
    if broken_at is not None:
        yield Span(DAMAGE, broken_at, max(broken_at, min(window.to_s, at)), PICTURE_DAMAGED)


def _decodes(packet: av.Packet[Any]) -> bool:
    try:
        return not packet.is_corrupt and all(not frame.is_corrupt for frame in packet.decode())
    except FFmpegError:
        return False
