"""Where each bubble of a page lies: by its own ring, because paper curls between the corner marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from PIL import Image

from delivery.postal.incoming.cornermarks import Floats, Matrix, correlation, patch, peak
from delivery.postal.incoming.finding import Found
from delivery.postal.sheetlayout import Bubble, BubbleUse

_SEEK_MM = 2.6
"""How far off its place a bubble is looked for; half of what is between two is 3.8."""
_STEPS_PER_MM = 8
_OWN_RING = 0.42
"""Correlation from which a bubble's place is told by its own ring; on paper without print it stays below 0.2."""
_COVERED_RING = 0.25
"""The same for a ring under ink, when its neighbours tell nearly the same."""
_ALIKE_MM = 0.7
"""How far a bubble's own place may differ from what its neighbours tell."""
_NEIGHBOURS_MM = 45.0
"""How far neighbours tell anything about a bubble's place."""
_MARGIN_MM = 0.8
"""Paper beyond a ring that belongs to its shape."""


def find_bubbles(dark: Image.Image, found: Found, bubbles: Sequence[Bubble]) -> dict[Bubble, Matrix]:
    """Millimetres by which each bubble lies off its place on the flat page; without those that cannot be told.

    A bubble's own ring tells, where it is seen and agrees with the rings around it; a ring under ink takes its place
    from its neighbours.
    """
    own = {bubble: _ring_place(dark, found, bubble) for bubble in bubbles}
    trusted = {bubble: place for bubble, (place, score) in own.items() if score >= _OWN_RING}
    agreeing = {}
    for bubble, place in trusted.items():
        told = _told(bubble, {other: at for other, at in trusted.items() if other is not bubble})
        if told is None or float(np.hypot(*(told - place))) <= _ALIKE_MM:
            agreeing[bubble] = place
    out = {}
    for bubble in bubbles:
        place, score = own[bubble]
        told = agreeing.get(bubble)
        if told is None:
            told = _told(bubble, agreeing)
            if told is not None and score >= _COVERED_RING and np.hypot(*(told - place)) <= _ALIKE_MM:
                told = place
        if told is not None:
            out[bubble] = told
    return out


def _told(bubble: Bubble, known: Mapping[Bubble, Matrix]) -> Matrix | None:
    """The place that neighbours tell: a plane through theirs, the nearer the heavier; None without any."""
    near = [(other, at) for other, at in known.items() if _distance(bubble, other) < 2 * _NEIGHBOURS_MM]
    if not near:
        return None
    x = np.array([other.x - bubble.x for other, _ in near]) / _NEIGHBOURS_MM
    y = np.array([other.y - bubble.y for other, _ in near]) / _NEIGHBOURS_MM
    weight = np.exp(-2.0 * (x**2 + y**2))[:, None]
    terms = np.column_stack([np.ones(len(x)), x, y])
    # Some force keeps the plane level where few points say how it leans.
    normal = terms.T @ (weight * terms) + np.diag([1e-9, 0.15, 0.15])
    solved = np.linalg.solve(normal, terms.T @ (weight * np.array([at for _, at in near])))
    out: Matrix = solved[0]
    return out


def _distance(one: Bubble, other: Bubble) -> float:
    return float(np.hypot(one.x - other.x, one.y - other.y))


def _ring_place(dark: Image.Image, found: Found, bubble: Bubble) -> tuple[Matrix, float]:
    """Where a bubble's ring fits best, off its place in millimetres, and how well: a correlation."""
    side = 2 * (_SEEK_MM + bubble.radius + _MARGIN_MM)
    corner = (bubble.x - side / 2, bubble.y - side / 2)
    values = patch(dark, found.homography, corner, (side, side), per_mm=_STEPS_PER_MM)
    # Ink darker than the ring counts no more than the ring.
    floor = float(np.quantile(values, 0.8)) - 150.0
    shape = _ring(bubble.radius, square=bubble.use is BubbleUse.CONFIRM)
    scores = correlation(np.maximum(values, floor), shape)
    at = np.unravel_index(int(np.argmax(scores)), scores.shape)
    row, column = peak(scores, int(at[0]), int(at[1]))
    # From the top left of the shape to its middle.
    half = shape.shape[0] / 2
    place = np.array([(column + half) / _STEPS_PER_MM - side / 2, (row + half) / _STEPS_PER_MM - side / 2])
    return place, float(scores[at])


@lru_cache(maxsize=16)
def _ring(radius: float, *, square: bool) -> Floats:
    side = 2 * (radius + _MARGIN_MM)
    n = round(side * _STEPS_PER_MM)
    at = (np.arange(n) + 0.5) / _STEPS_PER_MM - side / 2
    x, y = np.meshgrid(at, at)
    away = np.maximum(np.abs(x), np.abs(y)) if square else np.hypot(x, y)
    shape: Floats = np.clip(1.0 - np.abs(away - radius) / 0.3, 0.0, 1.0).astype(np.float32)
    return shape
