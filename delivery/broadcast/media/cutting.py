"""Encoded streams become the renditions of a profile: cut at the grid, written as transport streams, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Final

from delivery.broadcast.asset import TRANSMITTER_LEAD_PTS
from delivery.broadcast.media.cbr import CutTransmitterSegment, cut_transmitter
from delivery.broadcast.media.profiles import AAC_BUFFER_BYTES, Profile, Rung, TransmitterPlan
from delivery.broadcast.media.prove import prove
from delivery.broadcast.media.segmenter import (
    CutSegment,
    NotOnGrid,
    access_units,
    cut,
    none_left,
    sound_frames,
)
from delivery.broadcast.media.transport import AAC, PACKET, AccessUnit
from delivery.broadcast.media.tstd import prove_transmitter
from delivery.errors import N_
from delivery.units import GOP_TICKS, Ticks

TRANSMITTER: Final = "transmitter"
"""Name of the folder of the transmitter rendition."""


@dataclass(frozen=True, slots=True)
class CutRendition:
    """One rung, cut and proved, in the folder ``<working folder>/<name>``."""

    name: str
    kind: str
    codecs: str
    width: int
    height: int
    parameter_sets: str
    segments: tuple[CutSegment, ...]
    pictures: tuple[str, ...] = ()
    """SHA-256 of the coded pictures of each segment."""


@dataclass(frozen=True, slots=True)
class CutTransmitter:
    """The transmitter rendition, cut and proved, in the folder ``<working folder>/transmitter``."""

    plan: TransmitterPlan
    segments: tuple[CutTransmitterSegment, ...]


def cut_ladder(
    folder: Path,
    ticks: Ticks,
    *,
    profile: Profile,
    sounds: Mapping[int, Path],
    pictures: Mapping[str, Path],
) -> tuple[CutRendition, ...]:
    """Cut every rung of `profile` and prove it. `sounds` by kbit/s, `pictures` by the name of the rung."""
    return tuple(
        _cut_rung(folder, ticks, rung, profile, sounds[rung.audio_kbps], pictures.get(rung.name))
        for rung in profile.rungs
    )


def _cut_rung(
    folder: Path, ticks: Ticks, rung: Rung, profile: Profile, voice: Path, video: Path | None
) -> CutRendition:
    segments = cut(folder / rung.name, ticks, sound=voice, pictures=video, codec=profile.codec)
    return proved(folder, rung, segments, profile)


def proved(folder: Path, rung: Rung, segments: Sequence[CutSegment], profile: Profile) -> CutRendition:
    """The rung whose `segments` lie in ``<folder>/<name>``, read back. Raises NotOnGrid."""
    proof = prove(
        folder / rung.name,
        segments,
        video=rung.picture is not None,
        encoder=profile.encoder,
        sound=profile.codec,
    )
    return CutRendition(
        name=rung.name,
        kind="video" if rung.picture else "audio",
        codecs=proof.codecs,
        width=rung.picture.width if rung.picture else 0,
        height=rung.picture.height if rung.picture else 0,
        parameter_sets=proof.parameter_sets,
        segments=tuple(segments),
        pictures=proof.pictures,
    )


def cut_for_transmitter(
    folder: Path,
    ticks: Ticks,
    *,
    profile: Profile,
    renditions: Sequence[CutRendition],
    sounds: Mapping[int, Path],
    pictures: Mapping[str, Path],
) -> CutTransmitter | None:
    """The transmitter rendition of the profile, if it has one: the pictures of its rung among `renditions`."""
    plan = profile.transmitter
    if plan is None:
        return None
    units = access_units(pictures[plan.rung], gop_ticks=GOP_TICKS)
    frames = {kbps: sound_frames(file, AAC) for kbps, file in sounds.items() if kbps <= plan.audio_kbps}
    found = transmitted(folder, ticks, profile, frames=frames, units=units, renditions=renditions)
    none_left(units, ticks)
    return found


def transmitted(
    folder: Path,
    ticks: Ticks,
    profile: Profile,
    *,
    frames: Mapping[int, Sequence[bytes]],
    units: Iterator[AccessUnit],
    renditions: Sequence[CutRendition],
) -> CutTransmitter:
    """Cut and prove the transmitter rendition, from pictures and from sound frames by kbit/s. Raises NotOnGrid.

    An AAC encoder spends more on some moments than on others. The sound is the best, from the plan's bit rate down, of
    which a receiver's buffer can hold every stretch.
    """
    plan = profile.transmitter
    assert plan is not None
    allowed = sorted((kbps for kbps in frames if kbps <= plan.audio_kbps), reverse=True)
    kbps = next((rate for rate in allowed if fits_receiver(frames[rate])), None)
    if kbps is None:
        raise NotOnGrid(N_("its sound is more than a receiver’s buffer holds"))
    place = folder / TRANSMITTER
    segments = cut_transmitter(place, ticks, plan, frames=frames[kbps], units=units)
    pictures = next(rendition.pictures for rendition in renditions if rendition.name == plan.rung)
    prove_transmitter(place, segments, profile, pictures=pictures)
    return CutTransmitter(replace(plan, audio_kbps=kbps), tuple(segments))


def fits_receiver(frames: Sequence[bytes]) -> bool:
    """Whether the T-STD's buffer can hold the sound at every moment.

    A group is sent evenly over its own length, two groups before it is heard; a frame leaves the buffer when it is
    heard. One packet more is allowed for, because packets are sent whole.
    """
    ends = [0, *accumulate(len(frame) for frame in frames)]
    ahead = TRANSMITTER_LEAD_PTS // AAC.group_pts
    for number in range(len(frames)):
        group, within = divmod(number, AAC.group)
        start = min((group + ahead) * AAC.group, len(frames))
        end = min(start + AAC.group, len(frames))
        sent = ends[start] + (ends[end] - ends[start]) * within // AAC.group
        if sent - ends[number] + PACKET > AAC_BUFFER_BYTES:
            return False
    return True
