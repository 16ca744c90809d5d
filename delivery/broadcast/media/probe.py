"""What a file from outside holds, read with PyAV before anything is started on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from stat import S_ISREG

import av
from av.audio.stream import AudioStream
from av.error import ArgumentError, FFmpegError
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from delivery.broadcast.media.mp3length import claimed_seconds
from delivery.broadcast.media.profiles import Kind
from delivery.broadcast.media.sources import open_source, shown_name
from delivery.broadcast.media.walk import Gap, Walk, walk
from delivery.broadcast.media.wave import missing_seconds
from delivery.errors import N_, BadInput, Message
from delivery.units import hours_minutes

LONGEST_S = 6 * 3600.0
"""No lesson is longer; a file that says so is mistaken or hostile."""
_LOOK_FRAMES = 6
"""Pictures decoded to see whether they are interlaced."""
_UNSPECIFIED_MATRIX = 2
"""ITU-T H.273 table 4, value 2."""
_HIGH_RANGE = {16: "smpte2084", 18: "arib-std-b67"}
"""ITU-T H.273 table 3."""
_CUT_OFF_S = 1.0
_CUT_OFF_SHARE = 0.01
"""A file that ends earlier than its header says, by more than both of these, was cut off."""
_GAPS_KEPT = 200
_VIETNAMESE = ("vie", "vi")
"""ISO 639-2 and 639-1."""
_USUAL_RATES = tuple(
    Fraction(n, d)
    for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (50, 1), (60000, 1001), (60, 1))
)
_SAME_RATE = 0.0005
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
    transfer: str = ""
    """``smpte2084`` or ``arib-std-b67`` for high dynamic range (ITU-R BT.2100), else empty."""
    variable: bool = False
    """The distance between its pictures changes."""
    rotation: int = 0
    """Degrees by which players turn it, clockwise; ffmpeg turns it so by itself."""
    pixels: str = ""
    """Pixel format, as FFmpeg names it."""
    bottom_first: bool = False
    """Of interlaced pictures, whether the lower field is the earlier one."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """The sound stream that will be used: the default one, else a Vietnamese one, else the first."""

    index: int
    codec: str
    rate: int
    channels: int
    track: int = 1
    """Its place among the sound streams, from 1."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a media file holds."""

    format: str
    duration_s: float
    """From the first to the end of the last packet of the streams that will be used, not what the header claims."""
    video: VideoInfo | None
    audio: AudioInfo | None
    audio_tracks: int
    missing_s: float = 0.0
    """By how much the file ends earlier than its header says."""
    gaps: tuple[Gap, ...] = ()
    """Holes in the streams that will be used."""
    broken: str = ""
    """Why reading ended before the end of the file; empty when it did not."""
    claims_s: float = 0.0
    """Length that its header claims, where that differs and the header may be wrong; else 0."""
    unread_s: float = 0.0
    """Sound that lies in the file behind the end that its header names."""


class Unfit(BadInput):
    """A file that can be read but cannot become a lesson. `found` is what it holds."""

    found: Probe | None = None


def probe(path: Path, kind: Kind) -> Probe:
    """Look into `path` for a lesson of `kind`.

    Raises BadInput saying what is wrong and what to do: Unfit when the file could at least be read.
    """
    found = look(path, want_video=kind == "tv")
    problems = _problems(found, kind)
    if problems:
        unfit = Unfit(
            N_("{file} cannot become a lesson."),
            do=N_("Record or export it again, and add the new file."),
            problems=problems,
            file=path.name,
        )
        unfit.found = found
        raise unfit
    return found


def look(path: Path, *, want_video: bool) -> Probe:
    """What `path` holds, be it of use or not. Raises BadInput when it cannot be read as sound or video."""
    require_readable(path)
    try:
        with open_source(path) as container:
            found = _look(container, want_video=want_video)
        return _with_claims(found, path)
    except ArgumentError as error:
        raise BadInput(
            N_("{file} is no recording: it is a list of other files, or of a kind that is not read."),
            do=N_("Add the recordings themselves; join several into one MP4 or MKV first."),
            file=path.name,
        ) from error
    except (FFmpegError, OSError, ValueError) as error:
        raise BadInput(
            N_("{file} is not a sound or video file that can be read ({reason})."),
            do=N_("Check that it plays on this computer, and export it again as MP4 or MKV."),
            file=path.name,
            reason=error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__,
        ) from error


def _with_claims(found: Probe, path: Path) -> Probe:
    """`found`, with what the file's own header says of its length."""
    missing_s = missing_seconds(path)
    claims_s = claimed_seconds(path) if found.format == "mp3" else 0.0
    little_s = max(_CUT_OFF_S, _CUT_OFF_SHARE * found.duration_s)
    return replace(
        found,
        missing_s=max(found.missing_s, missing_s, 0.0),
        claims_s=claims_s if abs(claims_s - found.duration_s) > little_s else 0.0,
        unread_s=-missing_s if -missing_s > little_s else 0.0,
    )


def require_readable(path: Path) -> None:
    """Raises BadInput unless `path` is a file with something in it that this user may read."""
    if shown_name(path) != path.name:
        raise BadInput(
            N_("The name of {file} is not written in UTF-8."),
            do=N_("Rename the file, and add it again."),
            file=shown_name(path),
        )
    try:
        stat = path.stat()
        allowed = os.access(path, os.R_OK)
    except OSError as error:
        raise BadInput(
            N_("{file} cannot be read: {reason}."),
            do=N_("Check the name and the rights of the file."),
            file=str(path),
            reason=error.strerror or str(error),
        ) from error
    if not S_ISREG(stat.st_mode) or not allowed:
        raise BadInput(
            N_("{file} is a folder or a device, or may not be read by this user."),
            do=N_("Name one file, and give this user the right to read it."),
            file=str(path),
        )
    if stat.st_size == 0:
        raise BadInput(
            N_("{file} is empty."), do=N_("Copy it again from where it was recorded."), file=path.name
        )


def _look(container: av.container.InputContainer, *, want_video: bool) -> Probe:
    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    video = pictures[0] if want_video and pictures else None
    audio = _voice(container.streams.audio)
    chosen: list[Stream] = [stream for stream in (video, audio) if stream is not None]
    format_name = container.format.name
    seen = walk(container, chosen, longest_s=LONGEST_S)
    still = format_name.endswith(_PIPED_PICTURES)
    first = _first_pictures(container, video) if video and seen.duration_s and not still else []
    return Probe(
        format=format_name,
        duration_s=0.0 if still else seen.duration_s,
        video=_video_info(video, first, seen) if video else None,
        audio=_audio_info(audio, container.streams.audio) if audio else None,
        audio_tracks=len(container.streams.audio),
        missing_s=seen.missing_s,
        gaps=seen.gaps[:_GAPS_KEPT],
        broken=seen.broken,
    )


def _first_pictures(container: av.container.InputContainer, stream: VideoStream) -> list[VideoFrame]:
    """The first pictures; none when they cannot be decoded, which the analysis will tell more of."""
    frames: list[VideoFrame] = []
    with suppress(FFmpegError):
        container.seek(0)
        for frame in container.decode(stream):
            frames.append(frame)
            if len(frames) >= _LOOK_FRAMES:
                break
    return frames


def _video_info(stream: VideoStream, first: list[VideoFrame], seen: Walk) -> VideoInfo:
    """`interlaced` is what most of the first pictures say."""
    context = stream.codec_context
    return VideoInfo(
        index=stream.index,
        codec=context.name,
        width=context.width,
        height=context.height,
        aspect=Fraction(stream.sample_aspect_ratio or 1) or Fraction(1),
        rate=_rate(stream, seen),
        interlaced=sum(bool(frame.interlaced_frame) for frame in first) * 2 > len(first),
        matrix=_matrix(context.colorspace, context.height),
        transfer=_HIGH_RANGE.get(int(context.color_trc), ""),
        variable=seen.variable,
        rotation=-first[0].rotation % 360 if first else 0,
        pixels=context.pix_fmt or "",
    )


def _rate(stream: VideoStream, seen: Walk) -> Fraction:
    """The header's, unless the pictures come regularly at a usual rate: fragmented files count their own length."""
    if not seen.variable:
        for counted in (seen.rate, seen.middle_rate):
            for usual in _USUAL_RATES:
                if abs(counted / usual - 1) < _SAME_RATE:
                    return usual
    return Fraction(stream.average_rate or seen.rate)


def _matrix(colorspace: int, height: int) -> str:
    """Sources that do not say are taken as BT.709 in high definition and BT.601 below, as receivers do."""
    if colorspace != _UNSPECIFIED_MATRIX:
        return "auto"
    return "bt709" if height >= 720 else "bt601"


def _voice(streams: Sequence[AudioStream]) -> AudioStream | None:
    """The sound track that a player would choose here."""

    def rank(stream: AudioStream) -> tuple[bool, bool]:
        vietnamese = (stream.language or "").lower() in _VIETNAMESE
        return not stream.disposition & Disposition.default, not vietnamese

    return min(streams, key=rank, default=None)


def _audio_info(stream: AudioStream, every: Sequence[AudioStream]) -> AudioInfo:
    context = stream.codec_context
    return AudioInfo(
        index=stream.index,
        codec=context.name,
        rate=context.sample_rate,
        channels=context.channels,
        track=[one.index for one in every].index(stream.index) + 1,
    )


def _problems(found: Probe, kind: Kind) -> tuple[Message, ...]:
    problems: list[Message] = []
    if found.audio is None:
        problems.append(Message(N_("It has no sound.")))
    if kind == "tv" and found.video is None:
        problems.append(Message(N_("It has no moving picture; for the radio, use --kind radio.")))
    if found.duration_s <= 0:
        problems.append(Message(N_("It has no length: nothing is recorded in it.")))
    if found.duration_s + found.missing_s > LONGEST_S:
        problems.append(Message(N_("It is longer than {hours} hours."), {"hours": round(LONGEST_S / 3600)}))
    elif found.duration_s and found.missing_s > max(_CUT_OFF_S, _CUT_OFF_SHARE * found.duration_s):
        problems.append(
            Message(
                N_("It is cut off: it ends at {end}, but was {whole} long when it was recorded."),
                {
                    "end": hours_minutes(found.duration_s),
                    "whole": hours_minutes(found.duration_s + found.missing_s),
                },
            )
        )
    return tuple(problems)
