"""Pages of work as pictures for a marker, whatever the picture that was kept is made of."""

from __future__ import annotations

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from delivery.network.web.leaves import leaf_jpeg


@pytest.mark.parametrize("kind", ["jpeg", "sixteen bits", "ink on nothing", "heic"])
def test_a_page_shows_dark_ink_on_light_paper(kind: str) -> None:
    page = Image.new("L", (320, 400), 235)
    page.paste(70, (40, 50, 280, 150))
    out = io.BytesIO()
    match kind:
        case "jpeg":
            page.save(out, "JPEG")
        case "sixteen bits":
            Image.fromarray(np.asarray(page, dtype=np.uint16) * 257).save(out, "PNG")
        case "ink on nothing":
            ink = Image.new("RGBA", page.size, (0, 0, 0, 0))
            ink.paste((70, 70, 70, 255), (40, 50, 280, 150))
            ink.save(out, "PNG")
        case _:
            pillow_heif.from_pillow(page.convert("RGB")).save(out, quality=90)
    with Image.open(io.BytesIO(leaf_jpeg(out.getvalue(), f"image/{kind}", 1))) as leaf:
        grey = np.asarray(leaf.convert("L"), dtype=float)
    assert grey.shape == (400, 320)
    assert grey[80:120, 80:240].mean() == pytest.approx(70, abs=6)
    assert grey[200:380].mean() > 225
