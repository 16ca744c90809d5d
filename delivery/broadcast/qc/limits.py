"""Every threshold of quality control, in one place, each with its source.

Values marked *house* are this program's own: chosen so that a healthy lecture (slides that stand for minutes, a
speaker who pauses, a dark title) raises nothing. What is only *noted* stands in the report and changes no verdict; a
*warning* is also among the problems that are told; a *refusal* keeps the recording off the air.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, shares (0 to 1) and decibels."""

    black_level: int = 26
    """A point is black up to this luma of 255: 10 %, as FFmpeg's blackdetect (``pixel_black_th``)."""
    end_noted_s: float = 1.0
    """House: a track that ends so much before the other one was cut off, or exported wrongly."""

    picture_missing_refused_share: float = 0.5
    """House: no television lesson stands on its last picture for half its time."""

    black_points: float = 0.995
    """A picture is black when so many of its points are; blackdetect's 0.98 passes for a white title on black."""
    black_noted_s: float = 1.0
    """House: a fade lasts less."""
    black_warned_s: float = 3.0
    """House."""
    black_refused_share: float = 0.9
    """House: nothing was filmed."""

    freeze_difference: float = 0.001 * 255
    """A picture stands still while its mean difference from the first one stays below this: -60 dB, as freezedetect."""
    freeze_noted_s: float = 10.0
    """House. Slides stand still and are good television, so freezing alone is never refused."""
    still_share: float = 0.98
    """House: a picture that stands still for all this time is no moving picture."""

    silence_dbfs: float = -60.0
    """Below this sample peak nothing is heard: FFmpeg's silencedetect takes the same."""
    silence_noted_s: float = 2.0
    """As silencedetect."""
    silence_warned_s: float = 10.0
    """House."""
    silence_refused_share: float = 0.5
    """House: a lesson that is silent for half its time has lost its sound."""

    clip_run: int = 3
    """So many samples at full scale in a row are clipping; fewer can be a true peak."""
    clip_warned_share: float = 1e-4
    """House: some 5 clipped samples in a second are heard as distortion."""
    clip_refused_share: float = 0.05
    """House: speech cannot be understood."""

    phase_correlation: float = -0.5
    """House: below it a mono receiver loses most of the sound. +1 is mono, 0 unrelated, -1 opposite."""
    phase_noted_s: float = 3.0
    """House."""
    phase_turned: float = -0.9
    """House: over the whole recording, one channel was wired the wrong way round; it is turned back."""
    heard_dbfs: float = -50.0
    """House: phase and balance are judged only where the sound is louder (RMS)."""
    one_sided_db: float = 30.0
    """House: a channel so much softer is an unused input; the other one is used for both."""
    unbalanced_db: float = 10.0
    """House."""

    lift_warned_db: float = 20.0
    """House: raising a recording so far raises its noise to a level that is heard."""
    range_warned_lu: float = 20.0
    """House: soft passages of speech are then lost on a small receiver."""
    range_least_s: float = 60.0
    """EBU Tech 3342: the loudness range of less than a minute says little."""

    damage_warned_s: float = 0.0
    """Any damage is told, with its time."""
    damage_refused_s: float = 2.0
    damage_refused_share: float = 0.01
    """House: refused when damage exceeds both; shorter damage is for the technician to judge."""

    interlaced_seen: int = 20
    """Pictures that FFmpeg's idet has to be sure of before it overrules the header."""
    interlaced_share: float = 0.95
    """Share of them that must agree."""


LIMITS: Final = Limits()
SPANS_KEPT: Final = 100
"""Spans of one kind in a report; the longest ones."""
