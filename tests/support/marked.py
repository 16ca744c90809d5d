"""Sheets filled in by hand: a seeded generator of marks as people make them, with what was meant by them.

fill_in(page, layout, seed=3) -> (picture, {(use, question): Meant})
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from delivery.postal.sheetlayout import Bubble, BubbleUse, SheetLayout
from tests.support.pens import Paper, Path, Pen

Key = tuple[BubbleUse, int]

PLAIN = ("fill", "cross", "tick", "scribble", "pencil")
_OFTEN = (4, 5, 4, 3, 2)
ODD = (
    "erased",
    "half erased",
    "moved",
    "faint",
    "light pencil",
    "beside",
    "around",
    "words",
    "twice",
    "none",
    "struck",
    "changed",
    "fluid",
    "speck",
    "slip",
    "dot",
    "large",
)
UNKNOWN = ("?",)
"""Nobody but its writer knows what was meant: whatever a machine says is wrong."""


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
    """Fill in every question of a clean page, a share of `odd` answers not plainly; one page in eight is so thin that
    its back shows through."""
    rng = random.Random(seed)
    hand = Hand(page, layout, seed=rng)
    if rng.random() < 0.125:
        hand.paper.show_through(rng.uniform(0.05, 0.16))
    meant: dict[Key, Meant] = {}
    groups: dict[Key, list[Bubble]] = {}
    for bubble in layout.bubbles:
        groups.setdefault((bubble.use, bubble.question), []).append(bubble)
    for key, bubbles in groups.items():
        how = rng.choice(ODD) if rng.random() < odd else rng.choices(PLAIN, _OFTEN)[0]
        meant[key] = hand.answer(bubbles, how)
    return hand.picture(), meant


class Hand:
    """Writes with one pen on one page."""

    def __init__(
        self, page: Image.Image, layout: SheetLayout, *, seed: int | random.Random, ink: Any = None
    ) -> None:
        rng = seed if isinstance(seed, random.Random) else random.Random(seed)
        self.paper, self._rng = Paper(page, layout.width, rng), rng
        grey = page.mode == "L"
        inks = [25, 60, 90, 105] if grey else [(25, 25, 30), (30, 45, 130), (40, 60, 170), (190, 40, 45)]
        self._pen = Pen(rng.choice(inks) if ink is None else ink, rng.uniform(0.35, 0.8))
        self._pencil = Pen(75 if grey else (75, 75, 80), rng.uniform(0.45, 0.9), grain=0.6)
        self._odd: dict[str, Callable[[Bubble, list[Bubble]], tuple[str, ...]]] = {
            "erased": self._erased,
            "half erased": self._half_erased,
            "moved": self._moved,
            "faint": self._faint,
            "light pencil": self._light_pencil,
            "beside": self._beside,
            "around": self._around,
            "words": self._words,
            "twice": self._twice,
            "none": lambda first, others: (),
            "struck": self._struck,
            "changed": self._changed,
            "fluid": self._fluid,
            "speck": self._speck,
            "slip": self._slip,
            "dot": self._dot,
            "large": self._large,
        }

    def picture(self) -> Image.Image:
        return self.paper.picture

    def answer(self, bubbles: list[Bubble], how: str) -> Meant:
        """Answer one question in a way of :data:`PLAIN` or :data:`ODD`."""
        rng = self._rng
        many = bubbles[0].many and how in PLAIN
        chosen = sorted(rng.sample(range(len(bubbles)), rng.randint(1, len(bubbles)) if many else 1))
        if how in PLAIN:
            for number in chosen:
                self.mark(bubbles[number], how)
            return Meant(tuple(bubbles[number].value for number in chosen), how)
        first = bubbles[chosen[0]]
        others = [b for b in bubbles if b is not first]
        if not others and how in ("moved", "twice", "changed", "speck", "slip"):
            how = "none"
        return Meant(self._odd[how](first, others), how)

    def mark(
        self,
        bubble: Bubble,
        how: str,
        *,
        strength: float = 1.0,
        away: float = 0.0,
        size: float = 1.0,
        pen: Pen | None = None,
    ) -> None:
        """Make a mark in a bubble, or `away` radii from its middle."""
        pencil = how == "pencil"
        shape = self._rng.choice(("fill", "cross", "scribble")) if pencil else how
        paths, disc = self._shape(bubble, shape, away=away, size=size)
        pen = pen or (self._pencil if pencil else self._pen)
        self.paper.draw(paths, pen, disc=disc, strength=self._rng.uniform(0.75, 1.0) if pencil else strength)

    def _shape(
        self, bubble: Bubble, how: str, *, away: float = 0.0, size: float = 1.0
    ) -> tuple[list[Path], tuple[float, float, float] | None]:
        """Lines of a mark, and the spot that is filled."""
        rng, r = self._rng, bubble.radius
        angle = rng.uniform(0, 2 * math.pi)
        x = bubble.x + rng.gauss(0, 0.25) + away * r * math.cos(angle)
        y = bubble.y + rng.gauss(0, 0.25) + away * r * math.sin(angle) * 0.4
        if how == "fill":
            return [], (x, y, r * rng.uniform(0.7, 1.0) * size)
        if how == "cross":
            s = rng.uniform(0.75, 1.15) * r * size
            wide = [(rng.uniform(0.8, 1.1) * s, rng.uniform(0.8, 1.1) * s) for _ in range(2)]
            return [
                [(x - sx * a, y - s), (x + sx * b, y + s)] for sx, (a, b) in zip((1, -1), wide, strict=True)
            ], None
        if how == "tick":
            s = rng.uniform(0.9, 1.2) * r * size
            return [
                [(x - 0.8 * s, y - 0.1 * s), (x - 0.1 * s, y + 0.7 * s), (x + 0.9 * s, y - 1.1 * s)]
            ], None
        s = 0.75 * r * size
        turns = [
            (x + (s if n % 2 else -s) * rng.uniform(0.7, 1.1), y - s + 2 * s * n / 9 + rng.uniform(-0.1, 0.1))
            for n in range(10)
        ]
        return [turns], None

    # What is not plain

    def _erased(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        paths, disc = self._shape(first, self._rng.choice(("fill", "cross", "scribble")))
        pen = self._rng.choice((self._pencil, self._pen))
        self.paper.rub(paths, pen, disc=disc, left=self._rng.uniform(0.1, 0.4))
        return ()

    def _half_erased(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        paths, disc = self._shape(first, self._rng.choice(("fill", "cross", "scribble")))
        rubbed, missed = self._rng.uniform(0.1, 0.3), self._rng.uniform(0.1, 0.35)
        self.paper.rub(paths, self._pencil, disc=disc, left=rubbed, patchy=missed)
        return UNKNOWN

    def _moved(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        self._erased(self._rng.choice(others), [])
        self.mark(first, self._rng.choice(("fill", "cross", "pencil")))
        return (first.value,)

    def _faint(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        thin = Pen(self._pen.ink, self._pen.width_mm * 0.7)
        self.mark(
            first, self._rng.choice(("cross", "tick")), strength=self._rng.uniform(0.10, 0.22), pen=thin
        )
        return (first.value,)

    def _light_pencil(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        how = self._rng.choice(("fill", "cross", "tick", "scribble"))
        self.mark(first, how, strength=self._rng.uniform(0.3, 0.7), pen=self._pencil)
        return (first.value,)

    def _beside(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        self.mark(first, self._rng.choice(("cross", "tick")), away=self._rng.uniform(1.35, 1.5))
        return (first.value,)

    def _around(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        self._ring(first, self._rng.uniform(1.3, 1.45))
        return (first.value,)

    def _words(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """The words behind the bubble are ringed, or the letter is written in the margin."""
        x, y, r = first.x + 9, first.y, 4.2
        ring = [(x + 1.4 * r * math.cos(n / 4), y + r * math.sin(n / 4)) for n in range(27)]
        self.paper.draw([ring], self._pen)
        return UNKNOWN

    def _twice(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        other = self._rng.choice(others)
        for bubble in (first, other):
            self.mark(bubble, self._rng.choice(("fill", "cross", "tick")))
        both = [bubble.value for bubble in (first, other)]
        return tuple(both) if first.many else UNKNOWN

    def _struck(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """Marked, then struck out: by a larger cross, a line, a ring or a scrawl. Nobody knows, or nothing is meant."""
        rng, r = self._rng, first.radius
        self.mark(first, rng.choice(("fill", "fill", "cross", "tick", "scribble")))
        how = rng.choice(("cross", "line", "ring", "scrawl"))
        if how == "cross":
            self.mark(first, "cross", size=rng.uniform(1.5, 2.1))
        elif how == "line":
            reach, lean = rng.uniform(1.6, 2.4) * r, rng.uniform(-0.6, 0.6)
            self.paper.draw(
                [[(first.x - reach, first.y + lean * r), (first.x + reach, first.y - lean * r)]], self._pen
            )
        elif how == "ring":
            self._ring(first, rng.uniform(1.2, 1.45))
        else:
            self.mark(first, "scribble", size=rng.uniform(1.7, 2.0))
        return UNKNOWN

    def _changed(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        self._struck(self._rng.choice(others), [])
        self.mark(first, self._rng.choice(("fill", "cross", "tick")))
        return (first.value,)

    def _fluid(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """Painted over with correcting fluid, more or less of it; then another one is marked, or none."""
        rng = self._rng
        self.mark(first, rng.choice(("fill", "cross")))
        covered = first.radius * rng.uniform(0.75, 1.6)
        self.paper.whiten(first.x + rng.gauss(0, 0.5), first.y + rng.gauss(0, 0.5), covered)
        if others and rng.random() < 0.6:
            other = rng.choice(others)
            self.mark(other, rng.choice(("fill", "cross")))
            return (other.value,)
        return UNKNOWN

    def _speck(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """The pen was set down on another bubble first."""
        self._dot(self._rng.choice(others), [])
        self.mark(first, self._rng.choice(("fill", "cross", "tick")))
        return (first.value,)

    def _slip(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """A tick whose tail runs on to what stands beside it."""
        r, reach = first.radius, self._rng.uniform(2.0, 4.5)
        x, y = first.x, first.y
        tail = (x + reach * r, y - self._rng.uniform(0.2, 1.6) * r)
        self.paper.draw([[(x - 0.8 * r, y - 0.1 * r), (x - 0.1 * r, y + 0.7 * r), tail]], self._pen)
        return (first.value,)

    def _dot(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        x, y = (at + self._rng.uniform(-0.5, 0.5) * first.radius for at in (first.x, first.y))
        self.paper.draw([], self._pen, disc=(x, y, self._rng.uniform(0.15, 0.5)))
        return UNKNOWN

    def _large(self, first: Bubble, others: list[Bubble]) -> tuple[str, ...]:
        """A choice by somebody who writes large, who may as well have meant to strike it out."""
        self.mark(first, self._rng.choice(("cross", "tick")), size=self._rng.uniform(1.3, 1.7))
        return (first.value,)

    def _ring(self, bubble: Bubble, size: float) -> None:
        rng, r, turn = self._rng, bubble.radius * size, self._rng.uniform(0, 6)
        points = [
            (
                bubble.x + r * math.cos(turn + n / 4) * rng.uniform(0.97, 1.05),
                bubble.y + r * math.sin(turn + n / 4),
            )
            for n in range(28)
        ]
        self.paper.draw([points], self._pen)
