"""What the shape of a mark tells: whether it was struck out again, half rubbed out or painted over.

A plain mark fills its bubble, or crosses it with a few strokes that end near it. Who strikes one out goes over it with
a larger cross, a line, a ring or a scrawl; who rubs one out leaves a piece of it at one side, and a smear.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

ROOM_MM = 2.25
"""Paper beyond a bubble's edge that is looked at: as far as the ring of the next bubble leaves."""
INK, TRACE = 0.30, 0.12
"""Darkness (0 paper, 1 black print) from which a sample is ink, and from which it is more than paper."""

_SECTORS = 120
"""Directions about a bubble's middle, 3 degrees each."""
_EDGE_MM = 0.45
"""Half the breadth that belongs to the print of the bubble's edge."""
_NEAR_MM = (0.5, 0.8)
"""Beyond the edge: here strokes that leave the bubble are counted."""
_ABOUT_MM = (0.45, 1.6)
"""Beyond the edge: here a ring about the bubble runs."""
_FAR_MM = (1.75, 2.1)
"""Beyond the edge: a plain cross or tick ends before this."""
_PAST_MM = (1.0, 1.5)
"""Beyond the edge: what fills a bubble, however broadly, ends before this."""
_WITHIN = (0.56, 0.66)
"""In parts of the radius: beyond the printed letter. A filled bubble is dark here all about."""
_SMEAR_MM = 0.42
"""So far from ink, what is darker than paper is not the ink's own soft edge."""
_LEAST = 20
"""Samples of ink below which a mark has no shape."""

_MOST_ARMS = 4
"""A cross has four."""
_ARM_GAP = 60.0
"""Degrees between neighbouring arms of a cross, at least; a line through a mark comes nearer to one of its arms."""
_SPREAD = 2.4
"""A cross fills so many times the share of directions within that it fills beyond the edge, at most: its arms are
nearer together there (1.5 to 2.1). More of them, and another mark lies beneath: a tick along one arm, 3.1."""
_ROUND = 0.32
"""Share of directions with ink about the bubble: a cross has 0.29 at most."""
_PALE = 0.15
"""Mean darkness, over a zone, of a thin stroke on a blurred scan; grain has 0.05."""
_RINGED = 0.44
"""Share of directions about the bubble that are so dark on the whole: four arms of a blurred cross have 0.4."""
_WHOLE = 0.5
"""Share of ink that does not vanish when a sample is taken off all its edges and put on again: of a pen's thinnest
stroke nearly all, of what a fax makes of a rubbed-out mark little."""
_FULL = 0.7
"""Share of directions with ink within: thick crosses have 0.6."""
_ASIDE, _FAR_ASIDE = 0.38, 0.6
"""How far the middle of the ink is off the bubble's, in parts of the clear radius: aside when it is also short, and far
aside."""
_BROAD, _BROAD_ASIDE = 0.5, 0.36
"""Share of directions within from which a mark is broad, and how far aside it may then be."""
_TAIL = (15.0, 85.0)
"""Directions of a tick's long stroke, in degrees up from the right."""
_BEHIND = 0.1
"""How far the ink of a tick within its bubble may lie towards its long stroke, in parts of the clear radius: the hook
lies below and behind. What a rubber left of a stroke lies where the stroke leaves."""
_SHARP = 0.02
"""Share of the clear inside that may be smeared about a tick."""
_SHORT, _TINY = 0.65, 0.5
"""Extent of the ink, in parts of the clear width: a piece of a stroke when it also lies aside; a piece or a dot."""
_SMEARED = 0.10
"""Share of the clear inside that is smeared, more than in an empty bubble."""
_RIM_INK, _RIM = 0.2, 0.9
"""Darkness from which the bubble's printed edge is seen, and share of the directions in which it must be: correcting
fluid covers print and mark alike."""
_MIDDLE_PART = 0.45
"""Part of the radius that is the middle where no letter is printed: every plain mark goes through it."""
_MIDDLE = 0.25
"""Darkness of the middle: beneath ink, and a printed letter beneath a tick, has 0.28 at least."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a mark lies in its bubble and about it."""

    arms: int
    """Strokes that leave the bubble."""
    far: int
    """Those among them that go on to where the next bubble begins."""
    round: float
    """Share of the directions in which something is written close about the bubble."""
    ringed: float
    """The same of what is dark there on the whole, though pale: a ring that a blurred scan has run into the print."""
    past: int
    """Strokes, also pale ones, that go on from a filled bubble."""
    apart: bool
    """The strokes that leave the bubble are three or four, none nearer to another than the arms of a cross."""
    tick: bool
    """One stroke leaves the bubble, upwards to the right, and its hook lies behind it, without a smear."""
    within: float
    """Share of the directions in which there is ink within."""
    aside: float
    """Distance of the ink's middle from the bubble's, in parts of the clear radius."""
    extent: float
    """Lesser of the ink's width and height, in parts of the clear width."""
    smear: float
    """Share of the clear inside that is darker than paper, away from ink."""
    whole: float
    """Share of the ink that is more than specks."""
    rim: float
    """Share of the directions in which the bubble's printed edge is seen."""
    middle: float
    """Darkness of the printed letter, or of the middle where none is printed."""

    @property
    def is_broad(self) -> bool:
        """Whether it fills the bubble, rather than crosses it. On a scan in black and white, what a rubber left of such
        a mark is as black as the mark."""
        return self.within > _BROAD

    @property
    def is_struck(self) -> bool:
        """Whether it may have been struck out."""
        # One stroke goes far and another, or its other end, half as far: a line across, drawn a bit to one side.
        cross = self.arms == _MOST_ARMS and self.apart and self.within <= _SPREAD * self.round
        across = self.far and (self.arms >= 3 or self.past >= 2) and not cross
        # Or it ends soon at both sides; but no arm of a cross comes near another.
        short = self.past >= 2 and not self.apart
        reaching = self.far >= 2 or across or short or (self.past and self.within > _FULL)
        ringed = self.round > _ROUND or self.ringed > _RINGED
        return bool(reaching or ringed or self.arms > _MOST_ARMS)

    @property
    def is_rubbed(self) -> bool:
        """Whether it may be what is left of a mark that was rubbed out or painted over."""
        short = self.aside > _ASIDE and self.extent < _SHORT
        broad = self.aside > _BROAD_ASIDE and self.is_broad
        aside = short or broad or self.aside > _FAR_ASIDE
        return (
            self.extent < _TINY
            or (aside and not self.tick)
            or self.smear > _SMEARED
            or self.whole < _WHOLE
            or self.rim < _RIM
            or self.middle < _MIDDLE
        )


def shape_of(inked: Any, radius: float, *, per_mm: int, square: bool, letter: Any | None) -> Shape:
    """The shape of the mark in the middle of `inked`: darkness, 0 to 1, `per_mm` samples for a millimetre, of a bubble
    and :data:`ROOM_MM` about it. `letter` says of each sample whether the letter is printed there."""
    at = _places(inked.shape[0], radius, per_mm, square)
    clear = at.clear if letter is None else at.clear & ~letter
    ink = (inked > INK) & clear
    rows, columns = np.nonzero(ink)
    aside, extent, middle = 0.0, 1.0, np.zeros(2)
    if rows.size > _LEAST:
        reach = radius - _EDGE_MM
        x, y = at.axis[columns], at.axis[rows]
        middle = np.array([x.mean(), y.mean()]) / reach
        aside = float(np.hypot(*middle))
        extent = min(float(np.quantile(v, 0.97) - np.quantile(v, 0.03)) for v in (x, y)) / (2 * reach)
    side = 2 * round(_SMEAR_MM * per_mm) + 1
    beside_ink = np.asarray(Image.fromarray(ink).convert("L").filter(ImageFilter.MaxFilter(side))) > 0
    opened = (
        Image.fromarray(ink).convert("L").filter(ImageFilter.MinFilter(3)).filter(ImageFilter.MaxFilter(3))
    )
    smear = float(((inked > TRACE) & clear & ~beside_ink).sum() / max(int(clear.sum()), 1))
    arms = _most_strokes(at, inked, at.near)
    return Shape(
        arms=len(arms),
        far=len(_most_strokes(at, inked, at.far)),
        round=float((at.darkest(inked, at.about) > INK).mean()),
        ringed=float((at.mean(inked, at.near) > _PALE).mean()),
        past=len(_strokes(at.mean(inked, at.past) > _PALE)),
        apart=len(arms) in (3, _MOST_ARMS) and _are_apart(arms),
        tick=smear < _SHARP and _is_tick(arms, middle),
        within=float((at.mean(inked, at.within) > INK).mean()),
        aside=aside,
        extent=extent,
        smear=smear,
        whole=float(((np.asarray(opened) > 0) & ink).sum() / max(int(ink.sum()), 1)),
        rim=float((at.darkest(inked, at.rim) > _RIM_INK).mean()),
        middle=float(np.quantile(inked[at.middle if letter is None else letter], 0.9)),
    )


def _most_strokes(at: _Places, inked: Any, zone: Any) -> list[float]:
    """Strokes through a zone: by their darkest, or on the whole, where blur has made them pale and run together."""
    dark, pale = at.darkest(inked, zone) > INK, at.mean(inked, zone) > _PALE
    return max(_strokes(dark), _strokes(pale), key=len)


def _strokes(ink: Any) -> list[float]:
    """The middles of the runs of directions with ink, in degrees; many when there is ink in all."""
    if ink.all():
        return [float(at) for at in range(_SECTORS)]
    starts = np.flatnonzero(ink & ~np.roll(ink, 1))
    ends = np.flatnonzero(ink & ~np.roll(ink, -1))
    if len(starts) and ends[0] < starts[0]:
        ends = np.append(ends[1:], ends[0] + len(ink))
    return [float(at) for at in (starts + ends) / 2 * (360 / _SECTORS)]


def _is_tick(strokes: list[float], middle: Any) -> bool:
    """`middle` of the ink, right and down, in parts of the clear radius."""
    if len(strokes) != 1:
        return False
    # Directions run clockwise from the left.
    turn = math.radians(strokes[0] - 180.0)
    behind = float(middle @ np.array([math.cos(turn), math.sin(turn)])) < _BEHIND
    return behind and _TAIL[0] < 180.0 - strokes[0] < _TAIL[1]


def _are_apart(strokes: list[float]) -> bool:
    return float(np.diff([*strokes, strokes[0] + 360.0]).min()) >= _ARM_GAP


@dataclass(frozen=True, slots=True)
class _Places:
    """Which samples of a bubble's square lie where."""

    axis: Any
    sector: Any
    clear: Any
    rim: Any
    near: Any
    about: Any
    far: Any
    past: Any
    within: Any
    middle: Any

    def darkest(self, inked: Any, zone: Any) -> Any:
        """Greatest darkness in a zone, by direction."""
        out = np.zeros(_SECTORS, np.float32)
        np.maximum.at(out, self.sector[zone], inked[zone])
        return out

    def mean(self, inked: Any, zone: Any) -> Any:
        """Mean darkness in a zone, by direction."""
        sector = self.sector[zone]
        count = np.bincount(sector, minlength=_SECTORS)
        return np.bincount(sector, weights=inked[zone], minlength=_SECTORS) / np.maximum(count, 1)


@lru_cache(maxsize=16)
def _places(n: int, radius: float, per_mm: int, square: bool) -> _Places:
    axis = (np.arange(n) + 0.5) / per_mm - n / per_mm / 2
    x, y = np.meshgrid(axis, axis)
    away = np.hypot(x, y)
    # A square's edge is not a circle; but how far a stroke goes is told by a circle for both.
    edge = np.maximum(np.abs(x), np.abs(y)) if square else away

    def beyond(what: Any, zone: tuple[float, float]) -> Any:
        return (what > radius + zone[0]) & (what < radius + zone[1])

    return _Places(
        axis=axis,
        sector=np.floor((np.arctan2(y, x) + np.pi) / (2 * np.pi) * _SECTORS).astype(int) % _SECTORS,
        clear=edge < radius - _EDGE_MM,
        rim=np.abs(edge - radius) <= _EDGE_MM,
        near=beyond(edge, _NEAR_MM),
        about=beyond(edge, _ABOUT_MM),
        far=beyond(away, _FAR_MM),
        past=beyond(edge, _PAST_MM),
        within=(away > _WITHIN[0] * radius) & (away < _WITHIN[1] * radius),
        middle=away < _MIDDLE_PART * radius,
    )
