"""Pictures of any kind of pixels, as a person sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from delivery.imaging import in_colour, in_grey

_RAMP: Any = np.linspace(0, 255, 256, dtype=np.uint8).reshape(1, 256).repeat(4, axis=0)


def _deep(depth: int) -> Image.Image:
    return Image.fromarray((_RAMP.astype(np.uint32) * ((1 << depth) - 1) // 255).astype(np.uint16))


def _clear(mode: str) -> Image.Image:
    """Black ink, as thick as the ramp is dark, on nothing."""
    ink = Image.new("RGBA", (256, 4), (0, 0, 0, 0))
    ink.putalpha(Image.fromarray(255 - _RAMP))
    return ink.convert(mode)


def _palette() -> Image.Image:
    indexed = Image.new("P", (256, 4))
    indexed.putdata([(x * 7) % 256 for _ in range(4) for x in range(256)])
    shades = [0] * 256
    for x in range(256):
        shades[(x * 7) % 256] = x
    indexed.putpalette([shade for shade in shades for _ in range(3)])
    return indexed


@pytest.mark.parametrize(
    "make",
    [
        lambda: Image.fromarray(_RAMP),
        lambda: Image.fromarray(_RAMP).convert("RGB"),
        lambda: Image.fromarray(_RAMP).convert("RGB").convert("CMYK"),
        lambda: _deep(16),
        lambda: _deep(12),
        lambda: Image.fromarray(_RAMP.astype(np.int32) * 257),
        lambda: Image.fromarray(_RAMP.astype(np.float32) / 255),
        lambda: Image.fromarray(_RAMP.astype(np.float32)),
        lambda: _clear("LA"),
        lambda: _clear("RGBA"),
        _palette,
    ],
    ids=[
        "grey",
        "colour",
        "inks",
        "16 bits",
        "12 bits",
        "32 bits",
        "shares",
        "floats",
        "LA",
        "RGBA",
        "palette",
    ],
)
def test_a_ramp_from_black_to_white_is_one_in_grey_and_in_colour(make: Callable[[], Image.Image]) -> None:
    grey, colour = in_grey(make()), in_colour(make())
    assert (grey.mode, colour.mode) == ("L", "RGB")
    assert np.abs(np.asarray(grey, int) - _RAMP).max() <= 2
    assert np.abs(np.asarray(colour, int) - _RAMP[..., None]).max() <= 2


def test_a_colour_that_is_named_as_transparent_is_paper() -> None:
    ink = Image.new("RGB", (4, 4), (0, 255, 0))
    ink.putpixel((1, 1), (10, 10, 10))
    ink.info["transparency"] = (0, 255, 0)
    assert in_grey(ink).getpixel((0, 0)) == 255
    assert in_colour(ink).getpixel((1, 1)) == (10, 10, 10)
