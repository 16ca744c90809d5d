"""What a file from outside holds, read with PyAV before anything is started on it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from delivery.broadcast.media.profiles import Kind
from delivery.errors import N_, BadInput, Message

LONGEST_S = 6 * 3600.0
"""No lesson is longer; a file that says so is mistaken or hostile."""
_LOOK_FRAMES = 6
"""Pictures decoded to see whether they are interlaced."""
_UNSPECIFIED_MATRIX = 2
"""ITU-T H.273 table 4, value 2."""
_PIPED_PICTURES = "_pipe"
"""FFmpeg's readers of still pictures are called ``png_pipe``, ``jpeg_pipe`` …"""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """The picture stream that will be used."""

    index: int
    codec: str
    width: int
    height: int
    aspect: Fraction
    """Shape of one pixel; 1 when square or unknown."""
    rate: Fraction
    """Pictures per second on average; 0 when unknown."""
    interlaced: bool
    matrix: str = "auto"
    """Colour matrix to read it with, as ffmpeg's scale filter names it; ``auto`` when the source says."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The sound stream that will be used: the first one."""

    index: int
    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Probe:
    """What a media file holds."""

    format: str
    duration_s: float
    """From the first to the end of the last packet of the streams that will be used, not what the header claims."""
    video: VideoInfo | None
    audio: AudioInfo | None
    audio_tracks: int


def probe(path: Path, kind: Kind) -> Probe:
    """Look into `path` for a lesson of `kind`. Raises BadInput saying what is wrong and what to do."""
    require_readable(path)
    try:
        with av.open(str(path)) as container:
            found = _look(container, want_video=kind == "tv")
    except (FFmpegError, OSError, ValueError) as error:
        raise BadInput(
            N_("{file} is not a sound or video file that can be read ({reason})."),
            do=N_("Check that it plays on this computer, and export it again as MP4 or MKV."),
            file=path.name,
            reason=error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__,
        ) from error
    problems = _problems(found, kind)
    if problems:
        raise BadInput(
            N_("{file} cannot become a lesson."),
            do=N_("Record or export it again, and add the new file."),
            problems=problems,
            file=path.name,
        )
    return found


def require_readable(path: Path) -> None:
    """Raises BadInput unless `path` is a file with something in it that this user may read."""
    try:
        size = path.stat().st_size
        folder = path.is_dir()
        allowed = os.access(path, os.R_OK)
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}."),
            do=N_("Check the name and the rights of the file."),
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    if folder or not allowed:
        raise BadInput(
            N_("{file} is a folder, or may not be read by this user."),
            do=N_("Name one file, and give this user the right to read it."),
            file=str(path),
        )
    if size == 0:
        raise BadInput(
            N_("{file} is empty."), do=N_("Copy it again from where it was recorded."), file=path.name
        )


def _look(container: av.container.InputContainer, *, want_video: bool) -> Probe:
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    video = pictures[0] if want_video and pictures else None
    audio = next(iter(container.streams.audio), None)
    chosen = [stream for stream in (video, audio) if stream is not None]
    format_name = container.format.name
    duration = 0.0 if format_name.endswith(_PIPED_PICTURES) else _duration(container, chosen)
    interlaced = _interlaced(container, video) if video and duration else False
    return Probe(
        format=format_name,
        duration_s=duration,
        video=_video_info(video, interlaced=interlaced) if video else None,
        audio=_audio_info(audio) if audio else None,
        audio_tracks=len(container.streams.audio),
    )


def _duration(container: av.container.InputContainer, streams: list[VideoStream | AudioStream]) -> float:
    """Walk over all packets: headers of broken or live recordings are often wrong."""
    first: Fraction | None = None
    last = Fraction(0)
    if not streams:
        return 0.0
    for packet in container.demux(streams):
        at = packet.pts if packet.pts is not None else packet.dts
        if at is None or not packet.size or packet.is_discard:
            continue
        start = at * packet.time_base
        length = _length(packet)
        first = start if first is None else min(first, start)
        last = max(last, start + length)
        if last - first > LONGEST_S:
            break
    return float(last - first) if first is not None else 0.0


def _length(packet: av.Packet[Any]) -> Fraction:
    if packet.duration:
        return Fraction(packet.duration * packet.time_base)
    stream = packet.stream
    rate = stream.average_rate if isinstance(stream, VideoStream) else None
    return 1 / rate if rate else Fraction(0)


def _interlaced(container: av.container.InputContainer, stream: VideoStream) -> bool:
    """Whether most of the first pictures say so."""
    container.seek(0)
    marks: list[bool] = []
    for frame in container.decode(stream):
        marks.append(bool(frame.interlaced_frame))
        if len(marks) >= _LOOK_FRAMES:
            break
    return sum(marks) * 2 > len(marks)


def _video_info(stream: VideoStream, *, interlaced: bool) -> VideoInfo:
    context = stream.codec_context
    return VideoInfo(
        index=stream.index,
        codec=context.name,
        width=context.width,
        height=context.height,
        aspect=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
        rate=Fraction(stream.average_rate or 0),
        interlaced=interlaced,
        matrix=_matrix(context.colorspace, context.height),
    )


def _matrix(colorspace: int, height: int) -> str:
    """Sources that do not say are taken as BT.709 in high definition and BT.601 below, as receivers do."""
    if colorspace != _UNSPECIFIED_MATRIX:
        return "auto"
    return "bt709" if height >= 720 else "bt601"


def _audio_info(stream: AudioStream) -> AudioInfo:
    context = stream.codec_context
    return AudioInfo(
        index=stream.index, codec=context.name, rate=context.sample_rate, channels=context.channels
    )


def _problems(found: Probe, kind: Kind) -> tuple[Message, ...]:
    problems: list[Message] = []
    if found.audio is None:
        problems.append(Message(N_("It has no sound.")))
    if kind == "tv" and found.video is None:
        problems.append(Message(N_("It has no moving picture; for the radio, use --kind radio.")))
    if found.duration_s <= 0:
        problems.append(Message(N_("It has no length: nothing is recorded in it.")))
    if found.duration_s > LONGEST_S:
        problems.append(Message(N_("It is longer than {hours} hours."), {"hours": round(LONGEST_S / 3600)}))
    return tuple(problems)
