"""Pens, pencils, rubbers and correcting fluid on a picture of a page, in millimetres from its top left corner.

Lines tremble, ink thins out, graphite leaves the grain of the paper white, a rubber takes off most of a mark and smears
what is left, fluid covers print and ink alike.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Path = Sequence[Point]
_FINE = 3
"""Pixels of the canvas for one of the page: marks have soft edges."""
_ROOM_MM = 1.8
"""Paper about a mark that is drawn with it: blur and smears need some."""


@dataclass(frozen=True)
class Pen:
    """What one writes with."""

    ink: Any
    """Grey, or red, green and blue, as dark as it gets."""
    width_mm: float
    grain: float = 0.0
    """Share of the ink that the paper's grain keeps off: graphite has some, a ballpoint none."""


class Paper:
    """A page that is written on."""

    def __init__(self, page: Image.Image, width_mm: float, rng: random.Random) -> None:
        self.picture = page.copy()
        self._rng = rng
        self._per_mm = page.width / width_mm

    def draw(
        self,
        paths: Sequence[Path],
        pen: Pen,
        *,
        disc: tuple[float, float, float] | None = None,
        strength: float = 1.0,
    ) -> None:
        """Draw lines and perhaps a filled spot (x, y, radius), with a share of the pen's darkness."""
        mask, corner = self._mask(paths, pen.width_mm, disc)
        self._lay(mask, corner, pen, strength)

    def rub(
        self,
        paths: Sequence[Path],
        pen: Pen,
        *,
        disc: tuple[float, float, float] | None = None,
        left: float = 0.2,
        patchy: float = 0.0,
    ) -> None:
        """What is left of such a mark when it was rubbed out: a pale, smeared copy with the share `left` of its
        darkness; in a `patchy` share of its area the rubber did not come."""
        mask, (left_px, top_px) = self._mask(paths, pen.width_mm, disc)
        unit, turn = self._per_mm, self._rng.uniform(0, math.pi)
        soft = mask.filter(ImageFilter.GaussianBlur(0.2 * unit))
        # The hand goes to and fro: what it takes off lies thinly along its way.
        smeared = np.zeros(np.asarray(soft).shape, np.float32)
        for step in (-2, -1, 0, 1, 2):
            dx, dy = round(step * 0.45 * unit * math.cos(turn)), round(step * 0.45 * unit * math.sin(turn))
            smeared += np.asarray(ImageChops.offset(soft, dx, dy), np.float32) / 5
        pale = (0.6 * np.asarray(soft, np.float32) + 0.4 * smeared) * left
        if patchy:
            y, x = np.mgrid[0 : pale.shape[0], 0 : pale.shape[1]]
            along = x * math.cos(turn) + y * math.sin(turn)
            missed = along > np.quantile(along[np.asarray(mask) > 127], 1.0 - patchy)
            pale = np.where(missed, np.asarray(mask, np.float32) * 0.85, pale)
        self._lay(Image.fromarray(pale.clip(0, 255).astype(np.uint8)), (left_px, top_px), pen, 1.0)

    def whiten(self, x: float, y: float, radius: float) -> None:
        """A daub of correcting fluid: whiter than the paper, with an uneven edge."""
        edge = [
            (
                x + radius * math.cos(n / 2) * self._rng.uniform(0.85, 1.15),
                y + radius * math.sin(n / 2) * self._rng.uniform(0.85, 1.15),
            )
            for n in range(13)
        ]
        mask, corner = self._mask([], 0.5, None, area=edge)
        white: Any = 252 if self.picture.mode == "L" else (252, 252, 250)
        self.picture.paste(white, corner, mask.filter(ImageFilter.GaussianBlur(0.1 * self._per_mm)))

    def show_through(self, strength: float) -> None:
        """What is written on the back is seen through thin paper: mirrored, blurred, pale."""
        back = Image.new("L", self.picture.size, 0)
        pen, unit = ImageDraw.Draw(back), self._per_mm
        for line in range(self._rng.randint(8, 22)):
            y = (50 + 9 * line + self._rng.uniform(-2, 2)) * unit
            x = self._rng.uniform(15, 60) * unit
            points = []
            for _ in range(self._rng.randint(40, 110)):
                x += self._rng.uniform(0.2, 1.9) * unit
                points.append((x, y + self._rng.uniform(-1.8, 1.8) * unit))
            pen.line(points, fill=255, width=max(1, round(0.55 * unit)), joint="curve")
        soft = back.filter(ImageFilter.GaussianBlur(0.35 * unit)).point(lambda value: value * strength)
        self.picture.paste(40 if self.picture.mode == "L" else (40, 45, 80), (0, 0), soft)

    def _lay(self, mask: Image.Image, corner: tuple[int, int], pen: Pen, strength: float) -> None:
        if pen.grain:
            rng = np.random.default_rng(self._rng.getrandbits(32))
            grain = rng.random((mask.height, mask.width), dtype=np.float32)
            share = 1.0 - pen.grain * (grain < 0.5) * rng.random(grain.shape, dtype=np.float32)
            mask = Image.fromarray((np.asarray(mask, np.float32) * share).astype(np.uint8))
        if strength < 1.0:
            mask = mask.point(lambda value: value * strength)
        self.picture.paste(pen.ink, corner, mask)

    def _mask(
        self,
        paths: Sequence[Path],
        width_mm: float,
        disc: tuple[float, float, float] | None,
        *,
        area: Path = (),
    ) -> tuple[Image.Image, tuple[int, int]]:
        points = [p for path in paths for p in path] + list(area)
        if disc is not None:
            x, y, r = disc
            points += [(x - r, y - r), (x + r, y + r)]
        unit = self._per_mm
        left, top = (int((min(p[axis] for p in points) - _ROOM_MM) * unit) for axis in (0, 1))
        right, foot = (int((max(p[axis] for p in points) + _ROOM_MM) * unit) for axis in (0, 1))
        mask = Image.new("L", ((right - left) * _FINE, (foot - top) * _FINE), 0)
        pen = ImageDraw.Draw(mask)

        def at(p: Point) -> Point:
            return (p[0] * unit - left) * _FINE, (p[1] * unit - top) * _FINE

        for path in paths:
            width = max(1, round(width_mm * unit * _FINE))
            pen.line([at(p) for p in self._trembling(path)], fill=255, width=width, joint="curve")
        if disc is not None:
            (cx, cy), rr = at(disc[:2]), disc[2] * unit * _FINE
            pen.ellipse((cx - rr, cy - rr, cx + rr, cy + rr), fill=255)
        if area:
            pen.polygon([at(p) for p in area], fill=255)
        return mask.resize((right - left, foot - top), Image.Resampling.BOX), (left, top)

    def _trembling(self, path: Path) -> list[Point]:
        """The path with a point for every millimetre and a half, each a little off: no hand has a ruler."""
        out = [path[0]]
        for (x0, y0), (x1, y1) in itertools.pairwise(path):
            steps = max(1, round(math.hypot(x1 - x0, y1 - y0) / 1.5))
            for n in range(1, steps + 1):
                off = 0.07 if n < steps else 0.0
                out.append(
                    (
                        x0 + (x1 - x0) * n / steps + self._rng.gauss(0, off),
                        y0 + (y1 - y0) * n / steps + self._rng.gauss(0, off),
                    )
                )
        return out
