"""Reads the codes on scanned pages and photographs.

The quick way first: the picture at reduced size in grey, QR codes only. What that does not read goes through a cascade
of cleaned and enlarged versions. No decoder is trusted with more than a text: whether it is a code of ours is decided
by its MAC (:mod:`delivery.postal.incoming.resolve`).
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from delivery.errors import N_, BadInput

MAX_PIXELS = 80_000_000
"""A3 at 600 dpi has 70 million pixels; more than this is refused before it is decoded."""
QUICK_PX = (1240, 1754)
"""A4 at 150 dpi: a module of 0.59 mm has 3.5 pixels, which is enough on a clean scan."""
IMAGE_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}
_ENLARGE_BELOW = 12_000_000
_OURS = re.compile(r"(?:.*/q/[A-Z2-7]{24}|[A-Z2-7]{24}|[A-Z2-7]{16})", re.DOTALL)
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2])

_BLANK_INK = 0.0004
"""Share of dark pixels below which a page is blank: less than a handwritten word on A4."""


@dataclass(frozen=True, slots=True)
class PageReading:
    """What was read on one picture."""

    texts: tuple[str, ...]
    """Texts of all QR codes found in the pass that found one of ours, or in any pass."""
    width: int
    height: int
    rotation: int = 0
    """Degrees, clockwise, by which the page is turned: 0, 90, 180 or 270. Known only when a code was read."""
    blank: bool = False
    passes: int = 1
    """How many versions of the picture were tried."""


def read_codes(data: bytes) -> list[str]:
    """Texts of the QR codes on a picture. Raises BadInput for what is no picture."""
    return list(read_page_image(data).texts)


def read_page_image(data: bytes, media_type: str = "") -> PageReading:
    """Read a JPEG, PNG or TIFF picture; `media_type` is only named in errors, the bytes decide.

    Raises BadInput when the bytes are no picture, are damaged, or would take more than :data:`MAX_PIXELS`.
    """
    image = open_image(data, media_type)
    width, height = image.size
    image.draft("L", QUICK_PX)
    return read_image(
        lambda: _grey(image), size=(width, height), full=lambda: _grey(open_image(data, media_type))
    )


def open_image(data: bytes, media_type: str = "") -> Image.Image:
    """Open a picture without decoding it, after its kind and size have been checked."""
    try:
        with warnings.catch_warnings():
            # The size is judged just below, with an error a person can act on.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "TIFF"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise BadInput(
            N_("This is not a picture that can be read ({kind})."),
            do=N_("Send a JPEG, PNG or TIFF picture, or a PDF from a scanner."),
            kind=media_type or "?",
        ) from error
    if image.width * image.height > MAX_PIXELS:
        raise BadInput(
            N_("The picture has {width} × {height} pixels, which is too large."),
            do=N_("Scan or photograph each page at up to 600 dpi."),
            width=image.width,
            height=image.height,
        )
    return image


def read_image(
    quick: Callable[[], Image.Image],
    *,
    size: tuple[int, int],
    full: Callable[[], Image.Image],
) -> PageReading:
    """Run the cascade: `quick` gives the picture at reduced size in grey, `full` the same at its own size."""
    found: dict[str, None] = {}
    first = quick()
    blank = looks_blank(first)
    number = 0
    for number, (version, turned) in enumerate(_versions(first, full, blank=blank), start=1):
        codes = _decode(version)
        found.update(dict.fromkeys(code.text for code in codes))
        if any(_OURS.fullmatch(code.text) for code in codes):
            texts = tuple(dict.fromkeys(code.text for code in codes))
            return PageReading(texts, *size, rotation=_rotation(codes, turned), passes=number)
    return PageReading(tuple(found), *size, blank=blank and not found, passes=number)


def looks_blank(image: Image.Image) -> bool:
    """Whether a grey picture shows nothing but paper, apart from its edges, where scanners leave shadows."""
    small = np.asarray(image.reduce(max(1, image.width // 600)), dtype=np.float32)
    edge_y, edge_x = small.shape[0] // 20, small.shape[1] // 20
    inner = small[edge_y : small.shape[0] - edge_y, edge_x : small.shape[1] - edge_x]
    if inner.size == 0:
        return False
    paper = float(np.median(inner))
    # Grain and show-through stay within a tenth of the range of grey; ink does not.
    return paper > 100 and float(np.mean(inner < paper - 40)) < _BLANK_INK


def _versions(
    quick: Image.Image, full: Callable[[], Image.Image], *, blank: bool
) -> Iterator[tuple[Image.Image, int]]:
    """Versions of the picture, from cheap to costly, and the degrees by which each was turned to the left."""
    yield quick, 0
    if blank:
        return
    whole = full()
    if whole.size != quick.size:
        yield whole, 0
    yield ImageOps.autocontrast(whole, cutoff=1).filter(ImageFilter.MedianFilter(3)), 0
    flat = _flattened(whole)
    yield flat, 0
    yield flat.point(lambda value: 255 if value > 150 else 0), 0
    yield whole.filter(ImageFilter.UnsharpMask(radius=3, percent=250, threshold=2)), 0
    if whole.width * whole.height <= _ENLARGE_BELOW:
        large = flat.resize((whole.width * 2, whole.height * 2), Image.Resampling.BICUBIC)
        yield large, 0
        yield large.filter(ImageFilter.GaussianBlur(2)), 0
    for degrees in (20, 45, 70):
        yield quick.rotate(degrees, expand=True, fillcolor=255), degrees


def _flattened(image: Image.Image) -> Image.Image:
    """The picture divided by its background: shadows and folds go, ink stays."""
    small = image.reduce(8).filter(ImageFilter.MedianFilter(9)).filter(ImageFilter.GaussianBlur(4))
    background = np.asarray(small.resize(image.size, Image.Resampling.BILINEAR), dtype=np.float32)
    values = np.asarray(image, dtype=np.float32) / np.maximum(background, 1.0) * 235.0
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def _grey(image: Image.Image) -> Image.Image:
    try:
        return image.convert("L")
    except (OSError, ValueError, SyntaxError) as error:
        raise BadInput(
            N_("The picture is damaged: {reason}"),
            do=N_("Scan or photograph the page again."),
            reason=str(error),
        ) from error


def _decode(image: Image.Image) -> list[Any]:
    return [
        code
        for code in zxingcpp.read_barcodes(np.asarray(image), formats=_FORMATS, try_invert=False)
        if code.valid and code.text
    ]


def _rotation(codes: list[Any], turned: int) -> int:
    ours = [code for code in codes if _OURS.fullmatch(code.text)]
    return int(round((ours[0].orientation + turned) / 90) * 90 % 360)
