"""A conformed lesson: what ingest produces, and all that schedule and playout need to know of it.

Every time stamp in a segment counts from the asset's own start: tick 0 of the asset has PTS :data:`ORIGIN_PTS`.
Playout adds one delta to all of them (design D6), so that nothing is encoded again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from delivery.ids import digest_of
from delivery.units import TICK_MS, Ticks

ORIGIN_PTS = 126_000
"""PTS (90 kHz) of the first video frame and of the first audio frame of every segment chain: 1.4 s, so that decode
time stamps that precede presentation stay positive."""
TRANSMITTER_LEAD_PTS = 19_200
"""In the transmitter rendition the clock reads :data:`ORIGIN_PTS` minus this (213 ms, two groups of audio frames) when
the first packet of the asset is sent. Everything of an asset is sent within its own ticks, so this is also how much of
it a receiver holds at a join: more sound than that would not fit the 3,584 bytes that ISO/IEC 13818-1 (2.4.2.7) gives
a stereo AAC decoder."""


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
class TransmitterSegment:
    """Exactly ``ticks x packets_per_tick`` transport packets, complete in themselves: nothing of them is sent earlier
    or later."""

    blob: str
    ticks: Ticks
    bytes: int
    packets: Mapping[str, int]
    """PID (decimal text) -> number of packets that advance the continuity counter."""
    sidecar: str
    """Blob that says where the fields lie that playout moves (delivery.broadcast.sidecar)."""


@dataclass(frozen=True, slots=True)
class Transmitter:
    """The rendition of constant bit rate for a transmitter. The n-th packet of the asset leaves n / packets_per_tick
    ticks after its start."""

    packets_per_tick: int
    picture: str
    """Name of the rung whose coded pictures it carries."""
    audio_kbps: int
    segments: tuple[TransmitterSegment, ...]

    @property
    def bit_rate(self) -> int:
        """Bits per second, exact: a packet per tick is 4,700."""
        return self.packets_per_tick * 188 * 8 * 1000 // TICK_MS


@dataclass(frozen=True, slots=True)
class Captions:
    """Captions in one language, as WebVTT."""

    language: str
    """BCP 47, for example ``vi``."""
    segments: tuple[str, ...]
    """Blobs, one for each segment of the asset. Their X-TIMESTAMP-MAP counts from the asset's own start
    (delivery.broadcast.captions moves it)."""
    whole: str
    """Blob of all captions in one file without X-TIMESTAMP-MAP, for players of files."""
    cues: int


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Small pictures for scrubbing, one for each segment, on sheets."""

    sheets: tuple[str, ...]
    """Blobs of JPEG files, called ``thumbnails-000.jpg`` … by the track."""
    track: str
    """Blob of a WebVTT file whose cues name sheet and rectangle."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A conformed lesson in all its renditions. What stands under an id never changes."""

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
    transmitter: Transmitter | None = None
    captions: tuple[Captions, ...] = ()
    thumbnails: Thumbnails | None = None
    twin: str = ""
    """The radio version of a TV lesson: an asset of its own, or empty."""

    def rendition(self, name: str) -> Rendition:
        """The rung called `name`; KeyError if there is none."""
        for rendition in self.renditions:
            if rendition.name == name:
                return rendition
        raise KeyError(name)

    def blobs(self) -> Iterator[tuple[str, str]]:
        """(what it is, address) of every stored file that makes up the asset, some more than once."""
        for rendition in self.renditions:
            for number, segment in enumerate(rendition.segments):
                yield f"{rendition.name}/{number:05}", segment.blob
        if self.transmitter:
            for number, piece in enumerate(self.transmitter.segments):
                yield f"transmitter/{number:05}", piece.blob
                yield f"transmitter/{number:05} sidecar", piece.sidecar
        for captions in self.captions:
            yield f"captions {captions.language}", captions.whole
            for number, blob in enumerate(captions.segments):
                yield f"captions {captions.language}/{number:05}", blob
        if self.thumbnails:
            for number, blob in enumerate(self.thumbnails.sheets):
                yield f"thumbnails-{number:03}", blob
            yield "thumbnails", self.thumbnails.track
        if self.poster:
            yield "poster", self.poster

    @property
    def content(self) -> str:
        """What an appraisal judges and an approval is bound to: a digest of everything a viewer may see or hear. Other
        bytes, by whatever way they came about, are other content (TX-4.3c)."""
        return digest_of(
            [self.source, self.kind, str(self.ticks), *(text for pair in self.blobs() for text in pair)]
        )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Asset:
        renditions = tuple(
            Rendition(**{**rendition, "segments": tuple(_segment(s) for s in rendition["segments"])})
            for rendition in document["renditions"]
        )
        sent = document.get("transmitter")
        small = document.get("thumbnails")
        read = {
            "ticks": Ticks(document["ticks"]),
            "renditions": renditions,
            "transmitter": _transmitter(sent) if sent else None,
            "captions": tuple(
                Captions(**{**c, "segments": tuple(c["segments"])}) for c in document.get("captions", ())
            ),
            "thumbnails": Thumbnails(tuple(small["sheets"]), small["track"]) if small else None,
        }
        return Asset(**{**document, **read})


def _segment(s: Mapping[str, Any]) -> Segment:
    return Segment(s["blob"], Ticks(s["ticks"]), s["bytes"], dict(s["packets"]))


def _transmitter(document: Mapping[str, Any]) -> Transmitter:
    pieces = tuple(
        TransmitterSegment(s["blob"], Ticks(s["ticks"]), s["bytes"], dict(s["packets"]), s["sidecar"])
        for s in document["segments"]
    )
    return Transmitter(**{**document, "segments": pieces})
