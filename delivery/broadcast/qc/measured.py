"""What the analysing decode found, as a frozen value that passes through JSON unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from delivery.broadcast.media.sound import Loudness
from delivery.broadcast.qc.spans import Span

FORMAT: Final = 2
"""Rises when the same recording would be measured otherwise."""


@dataclass(frozen=True, slots=True)
class SoundFigures:
    """Of the sound track that is used."""

    channels: int
    length_s: float
    max_short_term_lufs: float
    silent_s: float
    clipped_samples: int
    clipped_share: float
    left_dbfs: float
    """Mean level (RMS) where anything is heard."""
    right_dbfs: float
    correlation: float | None
    """Between left and right over everything that is heard: 1 the same, -1 opposite; None for mono or silence."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Of the pictures that idet looked at, how many it is sure about; upper field first, lower first, progressive."""

    top_first: int
    bottom_first: int
    progressive: int


@dataclass(frozen=True, slots=True)
class PictureFigures:
    """Of the picture track that is used."""

    length_s: float
    black_s: float
    still_s: float
    scan: Scan | None = None


@dataclass(frozen=True, slots=True)
class Curves:
    """For drawing: one value for each `step_s`."""

    step_s: float
    peak_dbfs: tuple[float, ...]
    level_dbfs: tuple[float, ...]
    short_term_lufs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Thumbnails:
    """Small pictures side by side in one JPEG."""

    step_s: float
    count: int
    width: int
    height: int
    jpeg: str
    """Base64."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that one decode of a recording says."""

    loudness: Loudness
    sound: SoundFigures
    picture: PictureFigures | None
    spans: tuple[Span, ...]
    damaged_s: float
    curves: Curves
    thumbnails: Thumbnails | None = None

    def of(self, kind: str) -> tuple[Span, ...]:
        """The spans of one kind, in order of time."""
        return tuple(span for span in self.spans if span.kind == kind)

    def to_json(self) -> dict[str, Any]:
        bare = asdict(replace(self, curves=Curves(self.curves.step_s, (), (), ())))
        curves = {name: getattr(self.curves, name) for name in Curves.__dataclass_fields__}
        return {"format": FORMAT, **bare, "curves": curves}  # asdict would copy every point

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Analysis | None:
        """The value, or None when another version of this program measured it."""
        if document.get("format") != FORMAT:
            return None
        curves, picture, thumbnails = document["curves"], document["picture"], document["thumbnails"]
        return Analysis(
            loudness=Loudness(**document["loudness"]),
            sound=SoundFigures(**document["sound"]),
            picture=_picture(picture) if picture else None,
            spans=tuple(Span(**span) for span in document["spans"]),
            damaged_s=document["damaged_s"],
            curves=Curves(
                curves["step_s"],
                *(tuple(curves[name]) for name in ("peak_dbfs", "level_dbfs", "short_term_lufs")),
            ),
            thumbnails=Thumbnails(**thumbnails) if thumbnails else None,
        )


def _picture(document: Mapping[str, Any]) -> PictureFigures:
    scan = document["scan"]
    return PictureFigures(**{**document, "scan": Scan(**scan) if scan else None})
