"""Sheets filled in by hand: a seeded generator of marks as people make them, with what was meant by them.

fill_in(page, layout, seed=3) -> (picture, {(use, question): Meant})
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageDraw, ImageFilter

from delivery.postal.sheetlayout import Bubble, BubbleUse, SheetLayout

Key = tuple[BubbleUse, int]
_FINE = 4
"""Pixels of the canvas for one of the page: marks have soft edges."""

PLAIN = ("fill", "cross", "tick", "scribble", "dot")
ODD = ("erased", "moved", "faint", "beside", "around", "twice", "none", "struck")


@dataclass(frozen=True)
class Meant:
    """What a person meant, and how they wrote it. `plain`: a reader has no excuse for doubt."""

    values: tuple[str, ...]
    how: str

    @property
    def plain(self) -> bool:
        return self.how in PLAIN


def fill_in(
    page: Image.Image, layout: SheetLayout, *, seed: int, odd: float = 0.25
) -> tuple[Image.Image, dict[Key, Meant]]:
    """Fill in every question of a clean page; a share of `odd` answers in a way that no machine should trust."""
    rng = random.Random(seed)
    hand = Hand(page, layout, seed=rng)
    meant: dict[Key, Meant] = {}
    groups: dict[Key, list[Bubble]] = {}
    for bubble in layout.bubbles:
        groups.setdefault((bubble.use, bubble.question), []).append(bubble)
    for key, bubbles in groups.items():
        how = rng.choice(ODD) if rng.random() < odd else rng.choices(PLAIN, (4, 5, 4, 3, 0.0))[0]
        meant[key] = hand.answer(bubbles, how)
    return hand.picture(), meant


class Hand:
    """Draws with one pen on one page."""

    def __init__(
        self, page: Image.Image, layout: SheetLayout, *, seed: int | random.Random, ink: Any = None
    ) -> None:
        rng = seed if isinstance(seed, random.Random) else random.Random(seed)
        self._page, self._rng = page.copy(), rng
        self._per_mm = page.width / layout.width
        grey = page.mode == "L"
        inks = [25, 60, 90, 105] if grey else [(25, 25, 30), (30, 45, 130), (40, 60, 170), (190, 40, 45)]
        self._ink: Any = rng.choice(inks) if ink is None else ink
        self._width_mm = rng.uniform(0.35, 0.8)

    def picture(self) -> Image.Image:
        return self._page

    def answer(self, bubbles: list[Bubble], how: str) -> Meant:
        rng = self._rng
        many = bubbles[0].many and how in PLAIN
        chosen = sorted(rng.sample(range(len(bubbles)), rng.randint(1, len(bubbles)) if many else 1))
        first = bubbles[chosen[0]]
        others = [b for b in bubbles if b is not first]
        if how in ("moved", "twice") and not others:
            how = "none"
        values: tuple[str, ...] = tuple(bubbles[n].value for n in chosen)
        if how in PLAIN:
            for number in chosen:
                self.mark(bubbles[number], how)
        elif how == "erased":
            self.mark(first, "fill", erased=True)
            values = ()
        elif how == "moved":
            self.mark(rng.choice(others), rng.choice(("fill", "cross")), erased=True)
            self.mark(first, rng.choice(("fill", "cross")))
        elif how == "faint":
            self.mark(first, rng.choice(("cross", "tick")), strength=rng.uniform(0.10, 0.22))
        elif how == "beside":
            self.mark(first, rng.choice(("cross", "tick")), away=rng.uniform(1.35, 1.5))
        elif how == "around":
            self._around(first)
        elif how == "twice":
            self.mark(first, rng.choice(("fill", "cross", "tick")))
            other = rng.choice(others)
            self.mark(other, rng.choice(("fill", "cross", "tick")))
            values = tuple(b.value for b in bubbles if b in (first, other)) if bubbles[0].many else ("?",)
        elif how == "struck":
            # Filled in, then struck out with a large cross: nobody knows, but it is not a plain choice.
            self.mark(first, "fill")
            self.mark(first, "cross", size=2.0)
            values = ("?",)
        else:
            values = ()
        return Meant(values, how)

    def mark(
        self,
        bubble: Bubble,
        how: str,
        *,
        erased: bool = False,
        strength: float = 1.0,
        away: float = 0.0,
        size: float = 1.0,
    ) -> None:
        rng, r = self._rng, bubble.radius
        angle = rng.uniform(0, 2 * math.pi)
        x = bubble.x + rng.gauss(0, 0.25) + away * r * math.cos(angle)
        y = bubble.y + rng.gauss(0, 0.25) + away * r * math.sin(angle) * 0.4
        paths: list[list[tuple[float, float]]] = []
        if how == "cross":
            s = rng.uniform(0.75, 1.15) * r * size
            for sx in (1, -1):
                paths.append(
                    [(x - sx * s * rng.uniform(0.8, 1.1), y - s), (x + sx * s * rng.uniform(0.8, 1.1), y + s)]
                )
        elif how == "tick":
            s = rng.uniform(0.9, 1.2) * r
            paths.append([(x - 0.8 * s, y - 0.1 * s), (x - 0.1 * s, y + 0.7 * s), (x + 0.9 * s, y - 1.1 * s)])
        elif how == "dot":
            paths.append([(x - 0.3, y), (x + 0.3, y)])
        elif how == "scribble":
            s = 0.75 * r
            paths.append(
                [
                    (
                        x + (s if n % 2 else -s) * rng.uniform(0.7, 1.1),
                        y - s + 2 * s * n / 9 + rng.uniform(-0.1, 0.1),
                    )
                    for n in range(10)
                ]
            )
        self._draw(
            paths,
            disc=(x, y, r * rng.uniform(0.75, 0.98)) if how == "fill" else None,
            erased=erased,
            strength=strength,
        )

    def _around(self, bubble: Bubble) -> None:
        rng, r = self._rng, bubble.radius * self._rng.uniform(1.3, 1.45)
        turn = rng.uniform(0, 6)
        points = [
            (
                bubble.x + r * math.cos(turn + n / 4) * rng.uniform(0.97, 1.05),
                bubble.y + r * math.sin(turn + n / 4),
            )
            for n in range(28)
        ]
        self._draw([points], disc=None)

    def _draw(
        self,
        paths: list[list[tuple[float, float]]],
        *,
        disc: tuple[float, float, float] | None,
        erased: bool = False,
        strength: float = 1.0,
    ) -> None:
        points = [p for path in paths for p in path]
        if disc is not None:
            x, y, r = disc
            points += [(x - r, y - r), (x + r, y + r)]
        unit = self._per_mm
        left, top = (
            int((min(p[0] for p in points) - 1.5) * unit),
            int((min(p[1] for p in points) - 1.5) * unit),
        )
        right, foot = (
            int((max(p[0] for p in points) + 1.5) * unit),
            int((max(p[1] for p in points) + 1.5) * unit),
        )
        mask = Image.new("L", ((right - left) * _FINE, (foot - top) * _FINE), 0)
        pen = ImageDraw.Draw(mask)

        def at(p: tuple[float, float]) -> tuple[float, float]:
            return (p[0] * unit - left) * _FINE, (p[1] * unit - top) * _FINE

        breadth = self._width_mm * (0.7 if strength < 1 else 1.0)
        for path in paths:
            pen.line(
                [at(p) for p in path], fill=255, width=max(1, round(breadth * unit * _FINE)), joint="curve"
            )
        if disc is not None:
            (cx, cy), rr = at(disc[:2]), disc[2] * unit * _FINE
            pen.ellipse((cx - rr, cy - rr, cx + rr, cy + rr), fill=255)
        mask = mask.resize((right - left, foot - top), Image.Resampling.BOX)
        if erased:
            mask = mask.filter(ImageFilter.GaussianBlur(0.25 * unit))
            strength = self._rng.uniform(0.12, 0.35)
        if strength < 1.0:
            mask = mask.point(lambda value: value * strength)
        self._page.paste(self._ink, (left, top), mask)
