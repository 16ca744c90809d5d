"""A conformed lesson: what ingest produces, and all that schedule and playout need to know of it.

Every time stamp in a segment counts from the asset's own start: tick 0 of the asset has PTS :data:`ORIGIN_PTS`.
Playout adds one delta to all of them (design D6), so that nothing is encoded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.units import Ticks

ORIGIN_PTS = 126_000
"""PTS (90 kHz) of the first video frame and of the first audio frame of every segment chain: 1.4 s, so that decode
time stamps that precede presentation stay positive."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One MPEG-TS file of whole ticks, beginning with PAT, PMT and (for video) a key frame."""

    blob: str
    """Content address (SHA-256) of the bytes."""
    ticks: Ticks
    bytes: int
    packets: Mapping[str, int]
    """PID (decimal text) -> number of packets that advance the continuity counter."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One rung: the same content at one size and bit rate. Segment boundaries are the same in every rung."""

    name: str
    kind: str
    """``video`` (with sound) or ``audio``."""
    codecs: str
    """RFC 6381, for example ``avc1.64001f,mp4a.40.2``."""
    bandwidth: int
    """Peak bits per second over any one segment (RFC 8216 section 4.3.4.2)."""
    average_bandwidth: int
    width: int
    height: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Asset:
    """A conformed lesson in all its renditions."""

    id: str
    """Digest of source and profile version: the same file under the same profile is the same asset."""
    source: str
    profile: str
    profile_version: int
    kind: str
    """``tv`` or ``radio``."""
    ticks: Ticks
    loudness_lufs: float
    true_peak_dbtp: float
    renditions: tuple[Rendition, ...]
    poster: str = ""
    """Blob of a JPEG, or empty."""

    def rendition(self, name: str) -> Rendition:
        """The rung called `name`; KeyError if there is none."""
        for rendition in self.renditions:
            if rendition.name == name:
                return rendition
        raise KeyError(name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Asset:
        renditions = tuple(
            Rendition(
                **{
                    **rendition,
                    "segments": tuple(
                        Segment(s["blob"], Ticks(s["ticks"]), s["bytes"], dict(s["packets"]))
                        for s in rendition["segments"]
                    ),
                }
            )
            for rendition in document["renditions"]
        )
        return Asset(**{**document, "ticks": Ticks(document["ticks"]), "renditions": renditions})
