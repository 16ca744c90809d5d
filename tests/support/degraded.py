"""Scans as they come out of a mailbag: a seeded generator of damage to printed pages.

    degrade(page, seed=7, severity="severe") -> Degraded(data, media_type, damages)

Every page is laid askew in one of four directions, loses contrast, is blurred, grained and compressed; on top of that
come some of the damages below, three moderate ones or four severe ones. The same page, seed and severity give the same
bytes. Moderate is what a clerk sees in every bag: a plain reader gets nineteen of twenty. Severe is what a clerk would
sigh at: a plain reader gets some seven of eight.
"""

from __future__ import annotations

import io
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFilter

Severity = Literal["moderate", "severe"]


@dataclass(frozen=True)
class Degraded:
    """A damaged scan, as the file that a scanner would write."""

    data: bytes
    media_type: str
    damages: tuple[str, ...]


@dataclass(frozen=True)
class _Level:
    """How strong damage is. Lengths are in parts of the page's width."""

    skew: float
    """Degrees."""
    perspective: float
    curl: float
    blur: float
    """Standard deviation in parts of a thousandth of the width: at 150 dpi a thousandth is 1.24 pixels."""
    noise: float
    contrast: tuple[float, float]
    """Share of the range of grey that is left."""
    quality: tuple[int, int]
    shadow: float
    stains: int
    strokes: int
    tear: float
    overlap: float
    count: int


_LEVELS: dict[str, _Level] = {
    "moderate": _Level(3.0, 0.03, 0.012, 1.5, 13, (0.35, 0.75), (35, 70), 0.6, 5, 10, 0.16, 0.22, 3),
    "severe": _Level(8.0, 0.08, 0.025, 1.5, 18, (0.3, 0.6), (25, 55), 0.7, 7, 12, 0.26, 0.34, 4),
}


def render(file: Path, index: int, *, dpi: int = 150, colour: bool = False) -> Image.Image:
    """A page of a print file as a clean picture."""
    with pypdfium2.PdfDocument(file, autoclose=True) as document:
        return document[index].render(scale=dpi / 72, grayscale=not colour).to_pil()


def degrade(
    page: Image.Image,
    *,
    seed: int,
    severity: Severity,
    other: Image.Image | None = None,
    only: Sequence[str] = (),
) -> Degraded:
    """Damage a clean page in grey or colour. `other` is the sheet that lies over or under it; `only` names damages
    in place of random ones."""
    rng, level = random.Random(f"{seed} {severity}"), _LEVELS[severity]
    names = list(only) or rng.sample(sorted(_DAMAGES), level.count)
    if "overlap" in names and other is None:
        names[names.index("overlap")] = "stains"
    picture = page.copy()
    for name in ("overlap", "stains", "pen", "tear"):
        if name in names:
            picture = _DAMAGES[name](picture, rng, level, other)
    picture = _warp(picture, rng, level, names)
    for name in ("shadow", "contrast"):
        if name in names:
            picture = _DAMAGES[name](picture, rng, level, other)
    picture = _optics(picture, rng, level, extra="blur" in names, grain="noise" in names)
    turn = rng.choice((0, 90, 180, 270))
    if turn:
        picture = picture.rotate(turn, expand=True)
    data, media_type = _encoded(picture, rng, level, fax="fax" in names, coarse="jpeg" in names)
    return Degraded(data, media_type, tuple(names))


def _encoded(
    picture: Image.Image, rng: random.Random, level: _Level, *, fax: bool, coarse: bool
) -> tuple[bytes, str]:
    out = io.BytesIO()
    if fax:
        grey = picture.convert("L")
        cut = float(np.median(np.asarray(grey))) * rng.uniform(0.62, 0.78)
        grey.point(lambda value: 255 if value > cut else 0).convert("1").save(out, "PNG")
        return out.getvalue(), "image/png"
    low, high = level.quality
    picture.save(out, "JPEG", quality=low - 10 if coarse else rng.randint(low, high))
    return out.getvalue(), "image/jpeg"


# On the paper


def _stains(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """Tea, grease and rain: soft-edged, darker at the rim."""
    width, height = page.size
    veil = Image.new("L", (width // 4, height // 4), 0)
    pen = ImageDraw.Draw(veil)
    for _ in range(rng.randint(1, level.stains)):
        r = rng.uniform(0.03, 0.10) * width / 4
        x, y = rng.uniform(0, width / 4), rng.uniform(0, height / 4)
        depth = rng.randint(40, 110)
        for _ in range(5):
            dx, dy, s = rng.uniform(-r, r) / 2, rng.uniform(-r, r) / 2, rng.uniform(0.6, 1.1) * r
            pen.ellipse(
                (x + dx - s, y + dy - s, x + dx + s, y + dy + s), fill=depth, outline=min(150, depth + 30)
            )
    soft = veil.filter(ImageFilter.GaussianBlur(2)).resize(page.size, Image.Resampling.BILINEAR)
    colour: Any = 70 if page.mode == "L" else (120, 85, 45)
    return Image.composite(Image.new(page.mode, page.size, colour), page, soft)


def _pen(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """Strokes of a pen, some of them across the codes: a signature, a test of the ballpoint, a tick."""
    page = page.copy()
    pen, width = ImageDraw.Draw(page), page.width
    ink: Any = 45 if page.mode == "L" else rng.choice([(20, 30, 120), (170, 30, 40), (30, 30, 30)])
    spots = [(0.87, 0.088), (0.114, 0.921), (0.886, 0.921)]
    for number in range(rng.randint(1, level.strokes)):
        x, y = rng.choice(spots) if number % 2 == 0 else (rng.random(), rng.random())
        x, y = x * page.width, y * page.height
        reach = rng.uniform(0.02, 0.06) * width
        points = [
            (x + rng.uniform(-reach, reach), y + rng.uniform(-reach, reach)) for _ in range(rng.randint(2, 6))
        ]
        pen.line(points, fill=ink, width=max(2, round(width * rng.uniform(0.0025, 0.0050))), joint="curve")
    return page


def _tear(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """A corner or a strip torn off; the scanner's lid shows."""
    page = page.copy()
    w, h = page.size
    size = rng.uniform(0.4, 1.0) * level.tear * w
    x0, y0 = rng.choice([(0, 0), (w, 0), (0, h), (w, h)])
    sx, sy = (1 if x0 == 0 else -1), (1 if y0 == 0 else -1)
    steps = 9
    edge = [
        (
            x0 + sx * size * (1 - n / steps) * rng.uniform(0.8, 1.1),
            y0 + sy * size * 1.3 * (n / steps) * rng.uniform(0.8, 1.1),
        )
        for n in range(steps + 1)
    ]
    lid: Any = rng.choice([30, 235]) if page.mode == "L" else rng.choice([(30, 30, 30), (235, 235, 235)])
    ImageDraw.Draw(page).polygon([(x0, y0), *edge], fill=lid)
    return page


def _overlap(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """Another sheet lies over one edge of this one, its back or its own text up, but none of its codes."""
    page = page.copy()
    assert other is not None
    w, h = page.size
    depth = rng.uniform(0.4, 1.0) * level.overlap
    # A strip from the middle of the other sheet: what slipped in is seen without its codes.
    strip = other.resize(page.size).crop((round(w * 0.1), round(h * 0.3), round(w * 0.9), round(h * 0.7)))
    strip = strip.convert(page.mode).rotate(rng.uniform(-8, 8), expand=True, fillcolor=_paper(page.mode))
    side = rng.randrange(4)
    if side % 2 == 0:
        strip = strip.resize((w, max(8, round(h * depth))))
        page.paste(strip, (0, 0 if side == 0 else h - strip.height))
    else:
        strip = strip.resize((max(8, round(w * depth)), h))
        page.paste(strip, (0 if side == 1 else w - strip.width, 0))
    return page


# On the glass


def _warp(page: Image.Image, rng: random.Random, level: _Level, names: Sequence[str]) -> Image.Image:
    """Skew always; perspective and curl when they are among the damages. The lid shows around the page."""
    w, h = page.size
    skew = math.radians(rng.uniform(-level.skew, level.skew) * (1.0 if "skew" in names else 0.6))
    tilt = (
        [rng.uniform(-level.perspective, level.perspective) for _ in range(2)]
        if "perspective" in names
        else [0, 0]
    )
    bend = rng.uniform(0.4, 1.0) * level.curl * w * rng.choice((-1, 1)) if "curl" in names else 0.0
    phase, upright = rng.uniform(0, math.pi / 3), rng.random() < 0.5
    size = 1.0 + 0.6 * abs(math.sin(skew)) + abs(tilt[0]) + abs(tilt[1]) if names != ["fax"] else 1.02

    def source(x: Any, y: Any) -> tuple[Any, Any]:
        u, v = (x - w / 2) * size, (y - h / 2) * size
        u, v = u * math.cos(skew) - v * math.sin(skew), u * math.sin(skew) + v * math.cos(skew)
        depth = 1 + tilt[0] * 2 * u / w + tilt[1] * 2 * v / h
        u, v = u / depth + w / 2, v / depth + h / 2
        if upright:
            v = v + bend * np.sin(np.pi * u / w + phase)
        else:
            u = u + bend * np.sin(np.pi * v / h + phase)
        return u, v

    return warped(page, source, fill=rng.choice((25, 225)))


def warped(
    page: Image.Image, source: Callable[[Any, Any], tuple[Any, Any]], *, fill: int, cells: int = 24
) -> Image.Image:
    """The page as a picture in which pixel (x, y) shows the page's pixel `source(x, y)`."""
    w, h = page.size
    # A border of lid, because a mesh asks for what is beyond the edge too.
    rim = round(0.25 * w)
    lid: Any = fill if page.mode == "L" else (fill, fill, fill)
    bordered = Image.new(page.mode, (w + 2 * rim, h + 2 * rim), lid)
    bordered.paste(page, (rim, rim))
    xs, ys = np.linspace(0, w, cells + 1).round(), np.linspace(0, h, cells + 1).round()
    gx, gy = np.meshgrid(xs, ys)
    sx, sy = source(gx, gy)
    sx, sy = np.clip(sx + rim, 0, w + 2 * rim - 1), np.clip(sy + rim, 0, h + 2 * rim - 1)
    mesh = [
        (
            (int(xs[j]), int(ys[i]), int(xs[j + 1]), int(ys[i + 1])),
            tuple(
                float(c)
                for a, b in ((i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1))
                for c in (sx[a, b], sy[a, b])
            ),
        )
        for i in range(cells)
        for j in range(cells)
    ]
    return bordered.transform((w, h), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)  # type: ignore[arg-type]


def _shadow(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """A hand's or a fold's shadow: a ramp from full light to what is left."""
    w, h = page.size
    angle, place = rng.uniform(0, 2 * math.pi), rng.uniform(0.3, 0.7)
    y, x = np.mgrid[0 : h // 8 + 1, 0 : w // 8 + 1] / max(h // 8, 1)
    away = (x * math.cos(angle) + y * math.sin(angle)) * rng.uniform(2, 6)
    ramp = 1 / (1 + np.exp(-(away - place * float(away.max() + away.min()))))
    light = 1 - level.shadow * rng.uniform(0.6, 1.0) * ramp
    veil = Image.fromarray((light * 255).astype(np.uint8)).resize(page.size, Image.Resampling.BILINEAR)
    values = np.asarray(page, dtype=np.float32)
    share = np.asarray(veil, dtype=np.float32) / 255
    return Image.fromarray((values * (share if values.ndim == 2 else share[..., None])).astype(np.uint8))


def _contrast(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """A pale toner, an old lamp, a wrong setting."""
    left = rng.uniform(*level.contrast)
    floor = rng.uniform(0.3, 0.8) * 255 * (1 - left)
    return page.point(lambda value: floor + value * left)


def _optics(page: Image.Image, rng: random.Random, level: _Level, *, extra: bool, grain: bool) -> Image.Image:
    unit = page.width / 1000
    page = page.filter(
        ImageFilter.GaussianBlur(unit * level.blur * (1.0 if extra else rng.uniform(0.2, 0.5)))
    )
    noise = np.random.default_rng(rng.getrandbits(32))
    deviation = level.noise * (1.0 if grain else rng.uniform(0.2, 0.5))
    values = np.asarray(page, dtype=np.float32)
    speckle = noise.standard_normal(values.shape[:2], dtype=np.float32) * deviation
    values = values * 0.94 + (speckle if values.ndim == 2 else speckle[..., None])
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _paper(mode: str) -> Any:
    return 245 if mode == "L" else (245, 245, 245)


def _later(page: Image.Image, rng: random.Random, level: _Level, other: Image.Image | None) -> Image.Image:
    """Damage that belongs to a later step, which looks for its name."""
    return page


_DAMAGES: dict[str, Callable[[Image.Image, random.Random, _Level, Image.Image | None], Image.Image]] = {
    "stains": _stains,
    "pen": _pen,
    "tear": _tear,
    "overlap": _overlap,
    "shadow": _shadow,
    "contrast": _contrast,
    "skew": _later,
    "perspective": _later,
    "curl": _later,
    "blur": _later,
    "noise": _later,
    "jpeg": _later,
    "fax": _later,
}
DAMAGES = tuple(_DAMAGES)
