"""What a person sees of a picture, whatever its pixels are: sixteen bits, a palette, inks, transparent parts.

For pictures of pages, which are dark on light: what is transparent is paper. Nothing here decides what is accepted;
whoever opens a picture does.
"""

from __future__ import annotations

import numpy as np
from PIL import Image


def in_grey(image: Image.Image) -> Image.Image:
    """Eight bits of grey. Raises OSError or ValueError for a damaged picture."""
    if _deep(image):
        values = np.asarray(image, dtype=np.float32)
        # Whole numbers of any depth; or shares of white.
        most = float(values.max(initial=0.0))
        white = 1.0 if image.mode == "F" and most <= 1.0 else max(most, 255.0)
        return Image.fromarray((values * (255.0 / white)).clip(0, 255).astype(np.uint8))
    if has_clear_parts(image):
        return _on_paper(image).convert("L")
    return image if image.mode == "L" and image.format is None else image.convert("L")


def in_colour(image: Image.Image) -> Image.Image:
    """Eight bits each of red, green and blue. Raises OSError or ValueError for a damaged picture."""
    if _deep(image):
        return in_grey(image).convert("RGB")
    return (_on_paper(image) if has_clear_parts(image) else image).convert("RGB")


def has_clear_parts(image: Image.Image) -> bool:
    """Whether something of it may be transparent, by its mode or by a colour named for that."""
    return image.mode in ("LA", "PA", "La", "RGBA", "RGBa") or "transparency" in image.info


def know_heic() -> None:
    """Let pictures as telephones make them be opened as ``HEIF``. Raises ImportError where that is not installed.

    Asked for when such a picture comes: the library is large.
    """
    import pillow_heif

    pillow_heif.register_heif_opener(thumbnails=False)


def _deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _on_paper(image: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper
