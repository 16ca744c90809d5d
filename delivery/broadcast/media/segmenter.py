"""Cut encoded streams into segments of whole ticks.

The encoder's pictures come as a transport stream (read with PyAV, so that presentation order is known), its sound as
ADTS frames. What does not lie exactly on the grid is refused here, before anything is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import av

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.media.transport import FRAME_PTS, AccessUnit, Muxer, audio_frames, video_frames
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
    folder: Path, ticks: Ticks, *, sound: Path, pictures: Path | None = None, gop_ticks: int = GOP_TICKS
) -> list[CutSegment]:
    """Write the segments of one rendition of `ticks` into `folder`, as ``00000.ts``, ``00001.ts`` …

    `sound` is ADTS with the encoder's priming frame still in front; `pictures` a transport stream of H.264, or None.
    Raises NotOnGrid.
    """
    frames = adts_frames(sound)[1:]
    units = access_units(pictures, gop_ticks=gop_ticks) if pictures else None
    out = cut_streams(folder, ticks, frames=frames, units=units)
    if units and next(units, None) is not None:
        raise NotOnGrid(N_("more pictures than {wanted}"), wanted=video_frames(ticks))
    return out


def cut_streams(
    folder: Path, ticks: Ticks, *, frames: Sequence[bytes], units: Iterator[AccessUnit] | None
) -> list[CutSegment]:
    """As :func:`cut`, from sound frames and pictures in memory; what is longer than `ticks` is left over."""
    folder.mkdir(parents=True, exist_ok=True)
    if len(frames) < audio_frames(ticks):
        raise NotOnGrid(
            N_("{found} sound frames instead of {wanted}"), found=len(frames), wanted=audio_frames(ticks)
        )
    muxer = Muxer(video=units is not None)
    out: list[CutSegment] = []
    for first in range(0, ticks, SEGMENT_TICKS):
        length = min(SEGMENT_TICKS, ticks - first)
        wanted = video_frames(length) if units else 0
        batch = list(islice(units, wanted)) if units else []
        if len(batch) != wanted:
            raise NotOnGrid(
                N_("{found} pictures instead of {wanted} at tick {tick}"),
                found=len(batch),
                wanted=wanted,
                tick=first,
            )
        data, packets = muxer.segment(
            first, batch, frames[audio_frames(first) : audio_frames(first + length)]
        )
        name = f"{first // SEGMENT_TICKS:05}.ts"
        (folder / name).write_bytes(data)
        out.append(CutSegment(name, Ticks(length), len(data), hashlib.sha256(data).hexdigest(), packets))
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


def adts_frames(file: Path) -> list[bytes]:
    """The frames of an ADTS file, each with its header. Raises NotOnGrid for anything else."""
    data = file.read_bytes()
    frames: list[bytes] = []
    at = 0
    while at < len(data):
        if len(data) - at < _ADTS_HEADER or data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            raise NotOnGrid(N_("sound frame {number} is damaged"), number=len(frames))
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if size < _ADTS_HEADER or at + size > len(data) or data[at + 6] & 3:
            raise NotOnGrid(N_("sound frame {number} is damaged"), number=len(frames))
        frames.append(data[at : at + size])
        at += size
    return frames
