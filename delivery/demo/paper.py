"""Paper for the sample term: printed sheets are filled in by "hand", scanned askew, or photographed with a phone.

Nothing of this knows what the codes say: it starts from the PDF files that were printed, as a learner does from paper.
Every function repeats for the same seed.
"""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import numpy as np
import pypdfium2
from PIL import Image, ImageDraw, ImageFilter, ImageFont

SCAN_DPI = 200
PHONE_PX = 1600
"""Long side of a photograph as a phone sends it."""

_HAND = fontpkg_be_vietnam_pro.ROOT / "files" / "BeVietnamPro-LightItalic.ttf"
_INKS = ((24, 42, 130), (20, 30, 95), (35, 35, 40))
_ANSWERS = (
    "Em cộng tất cả các giá trị rồi chia cho số giá trị.",
    "Tổng là 9 + 12 + 7 + 15 + 12 + 10 + 5 = 70.",
    "Số trung bình là 70 : 7 = 10.",
    "Sắp xếp dãy số: 5, 7, 9, 10, 12, 12, 15.",
    "Trung vị là giá trị đứng giữa, tức là 10.",
    "Mốt là 12 vì xuất hiện hai lần.",
    "Trung vị mô tả đúng hơn vì có một giá trị quá lớn.",
    "Vậy phần đông nhân viên có thu nhập gần trung vị.",
)


@dataclass(frozen=True, slots=True)
class SheetOnPaper:
    """One page of a printed file: page index from 0."""

    file: Path
    index: int


def render(sheet: SheetOnPaper, *, dpi: int = SCAN_DPI) -> Image.Image:
    """The printed page as clean paper, in colour."""
    with pypdfium2.PdfDocument(sheet.file, autoclose=True) as document:
        page: Image.Image = document[sheet.index].render(scale=dpi / 72).to_pil()
    return page.convert("RGB")


def fill_in(page: Image.Image, *, seed: int) -> Image.Image:
    """Write answers on the ruled lines of a page, leaving the last ones of each area free."""
    rng = random.Random(seed)
    page = page.copy()
    ink = rng.choice(_INKS)
    size = round(page.height * 0.0168)
    text = rng.randrange(len(_ANSWERS))
    for area in _ruled_areas(page):
        for line in area[: max(1, round(len(area) * rng.uniform(0.45, 0.8)))]:
            _write(page, _ANSWERS[text % len(_ANSWERS)], line, ink=ink, size=size, rng=rng)
            text += 1
    return page


def _ruled_areas(page: Image.Image) -> list[list[int]]:
    """Rows of ruled lines, grouped into areas: rows that are grey almost all across the text's width."""
    grey = np.asarray(page.convert("L"))
    left, right = round(page.width * 0.12), round(page.width * 0.88)
    dark = np.mean(grey[:, left:right] < 235, axis=1) > 0.95
    rows = [int(row) for row in np.flatnonzero(dark)]
    lines = [row for n, row in enumerate(rows) if n == 0 or row - rows[n - 1] > 3]
    pitch = page.height * 9.0 / 297
    areas: list[list[int]] = []
    for line in lines:
        if areas and abs(line - areas[-1][-1] - pitch) < pitch * 0.15:
            areas[-1].append(line)
        else:
            areas.append([line])
    return [area for area in areas if len(area) > 1]


@cache
def _hand(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(_HAND), size)


def _grain(shape: tuple[int, int], strength: float, *, seed: int) -> np.ndarray:
    """Noise of a sensor: one tile, repeated, for a whole page of random numbers costs more than the page."""
    tile = np.random.default_rng(seed).normal(0, strength, (509, 503)).astype(np.float32)
    rows, columns = -(-shape[0] // tile.shape[0]), -(-shape[1] // tile.shape[1])
    return np.tile(tile, (rows, columns))[: shape[0], : shape[1], None]


def _write(
    page: Image.Image, text: str, line: int, *, ink: tuple[int, int, int], size: int, rng: random.Random
) -> None:
    """One line, word by word, each a little askew and off the line."""
    x = page.width * 0.105 + rng.uniform(0, page.width * 0.03)
    for word in text.split():
        font = _hand(round(size * rng.uniform(0.92, 1.08)))
        left, top, right, bottom = font.getbbox(word)
        pad = size // 2
        tile = Image.new("L", (round(right - left) + 2 * pad, round(bottom - top) + 2 * pad))
        ImageDraw.Draw(tile).text((pad - left, pad - top), word, fill=rng.randrange(200, 255), font=font)
        tile = tile.rotate(rng.uniform(-2.5, 3.5), Image.Resampling.BICUBIC)
        if x + tile.width > page.width * 0.9:
            return
        foot = font.getmetrics()[0] - top
        y = line - round(foot + pad + rng.uniform(0.02, 0.14) * size)
        page.paste(Image.new("RGB", tile.size, ink), (round(x), y), tile)
        x += tile.width - 2 * pad + size * rng.uniform(0.25, 0.45)


def scan(page: Image.Image, *, seed: int, upside_down: bool = False) -> Image.Image:
    """A page as an office scanner gives it: turned by up to 3 degrees, shaded at one edge, grainy, slightly soft."""
    rng = random.Random(seed)
    angle = rng.choice((-1, 1)) * rng.uniform(0.5, 3.0) + (180 if upside_down else 0)
    turned = page.rotate(angle, Image.Resampling.BILINEAR, fillcolor=(252, 251, 248))
    soft = turned.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 0.7)))
    values = np.asarray(soft, dtype=np.float32)
    width = values.shape[1]
    shade = 1.0 - rng.uniform(0.08, 0.22) * np.exp(-np.arange(width) / (width * rng.uniform(0.05, 0.12)))
    if rng.random() < 0.5:
        shade = shade[::-1]
    values *= (shade * rng.uniform(0.94, 1.0)).astype(np.float32)[None, :, None]
    values += _grain(values.shape[:2], rng.uniform(4, 9), seed=seed)
    return Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8))


def blank_back(*, seed: int, dpi: int = SCAN_DPI) -> Image.Image:
    """The empty back of a sheet, as a duplex scanner gives it."""
    paper = Image.new("RGB", (round(210 / 25.4 * dpi), round(297 / 25.4 * dpi)), (250, 249, 246))
    return scan(paper, seed=seed)


def write_scan(pages: Sequence[Image.Image], file: Path, *, dpi: int = SCAN_DPI, quality: int = 65) -> Path:
    """One PDF with a JPEG per page, as scanners write it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    pages[0].save(
        part, "PDF", save_all=True, append_images=list(pages[1:]), resolution=float(dpi), quality=quality
    )
    part.replace(file)
    return file


def returned_mail(sheets: Sequence[SheetOnPaper], file: Path, *, seed: int, blank_backs: int = 1) -> Path:
    """The mailbag as one scan: sheets of several learners filled in and shuffled, one of them upside down."""
    rng = random.Random(seed)
    order = list(sheets)
    rng.shuffle(order)
    turned = rng.randrange(len(order))
    pages = [
        scan(fill_in(render(sheet), seed=seed + n), seed=seed + n, upside_down=n == turned)
        for n, sheet in enumerate(order)
    ]
    for n in range(blank_backs):
        pages.insert(rng.randrange(1, len(pages) + 1), blank_back(seed=seed + 1000 + n))
    return write_scan(pages, file)


def phone_photo(sheet: SheetOnPaper, *, seed: int) -> bytes:
    """A filled-in sheet photographed on a table: in perspective, unevenly lit, a little blurred, as a JPEG."""
    return photograph(fill_in(render(sheet), seed=seed), seed=seed)


def photograph(page: Image.Image, *, seed: int) -> bytes:
    """A photograph of any page."""
    rng = random.Random(seed)
    width, height = round(PHONE_PX * 0.75), PHONE_PX
    margin = 0.05

    def near(x: float, y: float) -> tuple[float, float]:
        return (
            (x + rng.uniform(-0.025, 0.025)) * width,
            (y + rng.uniform(-0.025, 0.025)) * height,
        )

    corners = [
        near(margin, margin),
        near(1 - margin, margin),
        near(1 - margin, 1 - margin),
        near(margin, 1 - margin),
    ]
    coefficients = _perspective(corners, page.size)
    photo = page.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        coefficients,
        Image.Resampling.BICUBIC,
        fillcolor=(96, 74, 58),
    )
    photo = photo.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 0.9)))
    values = np.asarray(photo, dtype=np.float32)
    light_x, light_y = rng.uniform(0.2, 0.8), rng.uniform(0.1, 0.6)
    ys, xs = np.mgrid[0:height, 0:width]
    far = np.hypot(xs / width - light_x, ys / height - light_y)
    values *= (1.02 - 0.38 * far).astype(np.float32)[:, :, None]
    values += _grain((height, width), 4, seed=seed)
    out = io.BytesIO()
    Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8)).save(out, "JPEG", quality=78)
    return out.getvalue()


def _perspective(corners: Sequence[tuple[float, float]], size: tuple[int, int]) -> list[float]:
    """Coefficients that map the photograph's `corners` (clockwise from top left) back to the page's corners."""
    width, height = size
    targets = ((0, 0), (width, 0), (width, height), (0, height))
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, targets, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    solved = np.linalg.solve(np.array(rows, dtype=float), np.array(values, dtype=float))
    return [float(value) for value in solved]
