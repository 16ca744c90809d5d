"""Read back what was produced, with another reader than the writer, and refuse what is not exact.

The writer is :mod:`delivery.broadcast.media.transport`; the reader is FFmpeg's demuxer through PyAV. It counts, looks
at the time stamps, and compares the H.264 parameter sets: all lessons of a profile version must carry the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from delivery.broadcast.asset import ORIGIN_PTS
from delivery.broadcast.media.profiles import Encoder
from delivery.broadcast.media.segmenter import CutSegment, NotOnGrid
from delivery.broadcast.media.transport import AAC, FRAME_PTS, SoundCodec, video_frames
from delivery.errors import N_
from delivery.units import TICK_PTS

_SPS: Final = 7
_PPS: Final = 8


@dataclass(frozen=True, slots=True)
class Proof:
    """What a rendition was proved to be."""

    parameter_sets: str
    """SPS and PPS in hexadecimal, parted by a comma; empty for sound alone."""
    codecs: str
    """RFC 6381."""
    pictures: tuple[str, ...] = ()
    """SHA-256 of the coded pictures of each segment."""


def prove(
    folder: Path,
    segments: Sequence[CutSegment],
    *,
    video: bool,
    encoder: Encoder,
    sound: SoundCodec = AAC,
) -> Proof:
    """Read every segment back. Raises NotOnGrid naming the segment and what is not exact."""
    tick = 0
    headers: set[str] = set()
    pictures: list[str] = []
    for segment in segments:
        found, digest = _prove_one(
            folder / segment.file, segment, tick, encoder=encoder if video else None, codec=sound
        )
        headers |= found
        pictures.append(digest)
        tick += segment.ticks
    if not video:
        return Proof("", sound.rfc6381)
    if len(headers) != 1:
        raise NotOnGrid(N_("the parameter sets change inside the lesson"))
    sets = headers.pop()
    return Proof(sets, f"avc1.{sets[2:8]},{sound.rfc6381}", tuple(pictures))


def _prove_one(
    file: Path, segment: CutSegment, tick: int, *, encoder: Encoder | None, codec: SoundCodec
) -> tuple[set[str], str]:
    """The parameter sets of a segment of pictures by `encoder` (None: sound alone), and the pictures' digest."""
    start = ORIGIN_PTS + tick * TICK_PTS
    sound: list[int] = []
    pictures: list[tuple[int, int]] = []
    headers: set[str] = set()
    digest = hashlib.sha256()
    with av.open(str(file), format="mpegts") as container:
        if len(container.streams.video) != int(encoder is not None) or len(container.streams.audio) != 1:
            raise NotOnGrid(N_("segment {name} does not hold the streams it should"), name=file.name)
        for packet in container.demux():
            if packet.pts is None or packet.dts is None or not packet.size:
                continue
            if packet.stream.type == "audio":
                sound.append(packet.pts)
                continue
            if not pictures and not packet.is_keyframe:
                raise NotOnGrid(N_("segment {name} does not begin with a key frame"), name=file.name)
            unit = bytes(packet)
            digest.update(unit)
            if packet.is_keyframe:
                headers.add(parameter_sets(unit))
            pictures.append((packet.dts, packet.pts))
    wanted = codec.frames(segment.ticks)
    if sound != [start + number * codec.frame_pts for number in range(wanted)]:
        raise NotOnGrid(
            N_("segment {name} holds {found} sound frames, not {wanted} in step"),
            name=file.name,
            found=len(sound),
            wanted=wanted,
        )
    if encoder:
        _prove_pictures(file.name, pictures, start=start, count=video_frames(segment.ticks), encoder=encoder)
    return headers, digest.hexdigest()


def _prove_pictures(
    name: str, pictures: list[tuple[int, int]], *, start: int, count: int, encoder: Encoder
) -> None:
    """Every picture of the segment's time span once, decoded one frame apart, ahead by the fixed reordering delay."""
    delay = FRAME_PTS if encoder.bframes else 0
    due = [start + number * FRAME_PTS for number in range(count)]
    shown = sorted(pts for _, pts in pictures)
    decoded = [dts + delay for dts, _ in pictures]
    if shown != due or decoded != due:
        raise NotOnGrid(
            N_("segment {name} holds {found} pictures, not {wanted} in step"),
            name=name,
            found=len(pictures),
            wanted=count,
        )


def parameter_sets(unit: bytes) -> str:
    """SPS and PPS of an Annex B access unit, in hexadecimal, parted by commas."""
    return ",".join(nal.hex() for nal in _nal_units(unit) if nal[0] & 31 in (_SPS, _PPS))


def _nal_units(unit: bytes) -> Iterator[bytes]:
    """The NAL units of an access unit that come before its first slice, and that slice's head."""
    for piece in unit[:4096].split(b"\x00\x00\x01"):
        nal = piece.rstrip(b"\x00")
        if nal:
            yield nal
