"""Cut encoded streams into segments of whole ticks.

The encoder's pictures come as a transport stream (read with PyAV, so that presentation order is known), its sound as
ADTS or MP3 frames. What does not lie exactly on the grid is refused here, before anything is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.media.profiles import MP3_KBPS
from delivery.broadcast.media.transport import (
    AAC,
    FRAME_PTS,
    MP3,
    AccessUnit,
    Muxer,
    SoundCodec,
    video_frames,
)
from delivery.errors import N_, Message, Refused
from delivery.units import GOP_TICKS, SEGMENT_TICKS, Ticks

_ADTS_HEADER = 7


class NotOnGrid(Refused):
    """Encoded material cannot be proved to lie exactly on the 320 ms grid."""

    def __init__(self, reason: str, /, **params: object) -> None:
        super().__init__(
            N_("The converted lesson is not exact: {reason}"),
            do=N_("Run the same command again. If it happens again, name another ffmpeg in the settings."),
            reason=Message(reason, params),
        )

    def __reduce__(self) -> tuple[object, ...]:
        reason: Message = self.what.params["reason"]
        return (_rebuild, (reason.msgid, reason.params))


def _rebuild(reason: str, params: dict[str, object]) -> NotOnGrid:
    return NotOnGrid(reason, **params)


@dataclass(frozen=True, slots=True)
class CutSegment:
    """A segment that lies in a working folder."""

    file: str
    ticks: Ticks
    bytes: int
    digest: str
    """SHA-256 of the bytes."""
    packets: dict[str, int]


def cut(
    folder: Path,
    ticks: Ticks,
    *,
    sound: Path,
    pictures: Path | None = None,
    gop_ticks: int = GOP_TICKS,
    codec: SoundCodec = AAC,
) -> list[CutSegment]:
    """Write the segments of one rendition of `ticks` into `folder`, as ``00000.ts``, ``00001.ts`` …

    `sound` is coded sound with the encoder's priming frame still in front; `pictures` a transport stream of H.264, or
    None. Raises NotOnGrid.
    """
    frames = sound_frames(sound, codec)
    units = access_units(pictures, gop_ticks=gop_ticks) if pictures else None
    out = cut_streams(folder, ticks, frames=frames, units=units, codec=codec)
    if units:
        none_left(units, ticks)
    return out


def none_left(units: Iterator[AccessUnit], ticks: Ticks) -> None:
    """Raises NotOnGrid when there are more pictures than `ticks` hold."""
    if next(units, None) is not None:
        raise NotOnGrid(N_("more pictures than {wanted}"), wanted=video_frames(ticks))


@dataclass(frozen=True, slots=True)
class Batch:
    """The coded pictures and sound of one segment."""

    first_tick: int
    ticks: Ticks
    units: list[AccessUnit]
    frames: Sequence[bytes]


def batches(
    ticks: Ticks, *, frames: Sequence[bytes], units: Iterator[AccessUnit] | None, codec: SoundCodec = AAC
) -> Iterator[Batch]:
    """What goes into each segment; what is longer than `ticks` is left over. Raises NotOnGrid when there is less."""
    if ticks % codec.grain:
        raise NotOnGrid(N_("{ticks} ticks are not a whole number of sound frames"), ticks=ticks)
    if len(frames) < codec.frames(ticks):
        raise NotOnGrid(
            N_("{found} sound frames instead of {wanted}"), found=len(frames), wanted=codec.frames(ticks)
        )
    for first in range(0, ticks, SEGMENT_TICKS):
        length = min(SEGMENT_TICKS, ticks - first)
        wanted = video_frames(length) if units else 0
        shown = list(islice(units, wanted)) if units else []
        if len(shown) != wanted:
            raise NotOnGrid(
                N_("{found} pictures instead of {wanted} at tick {tick}"),
                found=len(shown),
                wanted=wanted,
                tick=first,
            )
        heard = frames[codec.frames(first) : codec.frames(first + length)]
        yield Batch(first, Ticks(length), shown, heard)


def cut_streams(
    folder: Path,
    ticks: Ticks,
    *,
    frames: Sequence[bytes],
    units: Iterator[AccessUnit] | None,
    codec: SoundCodec = AAC,
) -> list[CutSegment]:
    """As :func:`cut`, from sound frames and pictures in memory; what is longer than `ticks` is left over."""
    folder.mkdir(parents=True, exist_ok=True)
    muxer = Muxer(video=units is not None, sound=codec)
    out: list[CutSegment] = []
    for number, batch in enumerate(batches(ticks, frames=frames, units=units, codec=codec)):
        data, packets = muxer.segment(batch.first_tick, batch.units, batch.frames)
        name = f"{number:05}.ts"
        (folder / name).write_bytes(data)
        out.append(CutSegment(name, batch.ticks, len(data), hashlib.sha256(data).hexdigest(), packets))
    return out


def access_units(file: Path, *, gop_ticks: int) -> Iterator[AccessUnit]:
    """The pictures of `file` in decode order, timed from the asset's start.

    Raises NotOnGrid unless every step is one frame, key frames stand at every `gop_ticks`, and none refers across them.
    """
    gop = video_frames(gop_ticks)
    with av.open(str(file), format="mpegts") as container:
        stream = container.streams.video[0]
        origin: tuple[int, int] | None = None
        for number, packet in enumerate(p for p in container.demux(stream) if p.size):
            pts, dts = packet.pts, packet.dts
            if pts is None or dts is None:
                raise NotOnGrid(N_("picture {number} has no time"), number=number)
            origin = origin or (pts, dts)
            start = number - number % gop
            first = origin[0] + start * FRAME_PTS
            if dts - origin[1] != number * FRAME_PTS:
                raise NotOnGrid(N_("picture {number} is not one frame after the one before"), number=number)
            if packet.is_keyframe != (number == start) or not first <= pts < first + gop * FRAME_PTS:
                raise NotOnGrid(
                    N_("picture {number} breaks the group of {gop} pictures"), number=number, gop=gop
                )
            move = ORIGIN_PTS - origin[0]
            yield AccessUnit(bytes(packet), pts + move, dts + move, packet.is_keyframe)


def sound_frames(file: Path, codec: SoundCodec) -> list[bytes]:
    """The coded frames of `file` without the encoder's priming frame, each with its header. Raises NotOnGrid."""
    data = file.read_bytes()
    size_of = {AAC.name: _adts_size, MP3.name: _mp3_size}[codec.name]
    frames: list[bytes] = []
    at = 0
    while at < len(data):
        size = size_of(data, at)
        if not size or at + size > len(data):
            raise NotOnGrid(N_("sound frame {number} is damaged"), number=len(frames))
        frames.append(data[at : at + size])
        at += size
    return frames[1:]


def _adts_size(data: bytes, at: int) -> int:
    """Bytes of the ADTS frame at `at` (ISO/IEC 14496-3, 1.A.2.2); 0 for anything else."""
    if len(data) - at < _ADTS_HEADER or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0 or data[at + 6] & 3:
        return 0
    size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
    return size if size >= _ADTS_HEADER else 0


def _mp3_size(data: bytes, at: int) -> int:
    """Bytes of the MPEG-1 layer III frame at `at`, at 48 kHz and without padding (ISO/IEC 11172-3, 2.4); 0 for anything
    else, and for a frame that needs bits of the frame before it (the bit reservoir): it could not be cut off there."""
    if len(data) - at < 6 or data[at] != 0xFF or data[at + 1] & 0xFE != 0xFA or data[at + 2] & 0x0E != 0x04:
        return 0
    index = data[at + 2] >> 4
    borrowed = data[at + 4 : at + 6] if data[at + 1] & 1 else data[at + 6 : at + 8]
    if not 0 < index <= len(MP3_KBPS) or int.from_bytes(borrowed, "big") >> 7:
        return 0
    return 3 * MP3_KBPS[index - 1]
