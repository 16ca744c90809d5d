"""Pictures of whole pages for a person: upright and in grey."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from delivery.errors import N_, NotFound
from delivery.postal.incoming.pictures import grey_array
from delivery.postal.incoming.scan import read_page_image
from delivery.postal.parts import Desk
from delivery.store.returned import ReturnedPages

_QUALITY = 60


def whole_page(desk: Desk, fact: str, *, long_px: int) -> bytes:
    """JPEG of the page that `fact` tells of, its long side at most `long_px`.

    Raises NotFound for a page that is not kept here, LedgerBroken for a picture that was altered.
    """
    page = ReturnedPages(desk.database).with_facts([fact]).get(fact)
    if page is None:
        raise NotFound(
            N_("The page of this reading is not kept at this site."),
            do=N_("Ask the site that took it in, or look at the paper."),
        )
    data = desk.scans.get(page.learner, page.blob)
    turned = read_page_image(data, page.media_type).rotation
    out = io.BytesIO()
    upright(data, page.media_type, turned, long_px=long_px).save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def upright(data: bytes, media_type: str, rotation: int, *, long_px: int) -> Image.Image:
    """A page that lies `rotation` degrees clockwise, a multiple of 90, turned upright; its long side at most
    `long_px`. Raises BadInput for what cannot be decoded."""
    grey = np.rot90(grey_array(data, long_px, media_type)[0], -(rotation // 90))
    picture = Image.fromarray(np.ascontiguousarray(grey))
    picture.thumbnail((long_px, long_px))
    return picture
