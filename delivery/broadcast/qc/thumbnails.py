"""A strip of small pictures, put together from those that passed by while the recording was measured."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import Final

from PIL import Image

from delivery.broadcast.media.probe import VideoInfo
from delivery.broadcast.qc.measured import Thumbnails
from delivery.broadcast.qc.meters import PICTURE_SIZE, PICTURES_PER_SECOND

MOST: Final = 16
_HEIGHT: Final = 108
_WIDEST: Final = 256
_QUALITY: Final = 78


def keep_every(duration_s: float) -> int:
    """Of how many looked-at pictures one is kept, so that at most :data:`MOST` are."""
    return max(1, math.ceil(duration_s * PICTURES_PER_SECOND / MOST))


def strip(kept: Sequence[bytes], every: int, video: VideoInfo) -> Thumbnails | None:
    """The kept pictures side by side, in the shape in which `video` is shown; None when there are none."""
    if not kept:
        return None
    kept = kept[:MOST]
    width = _shown_width(video)
    whole = Image.new("RGB", (width * len(kept), _HEIGHT))
    for number, picture in enumerate(kept):
        whole.paste(_picture(picture).resize((width, _HEIGHT), Image.Resampling.BOX), (number * width, 0))
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=_QUALITY)
    jpeg = base64.b64encode(out.getvalue()).decode("ascii")
    return Thumbnails(every / PICTURES_PER_SECOND, len(kept), width, _HEIGHT, jpeg)


def _shown_width(video: VideoInfo) -> int:
    shape = video.width * video.aspect / video.height
    if video.rotation % 180:
        shape = 1 / shape
    return min(_WIDEST, max(_HEIGHT // 4, round(_HEIGHT * float(shape))))


def _picture(planes: bytes) -> Image.Image:
    width, height = PICTURE_SIZE
    half = (width // 2, height // 2)
    luma, chroma = width * height, half[0] * half[1]
    y = Image.frombytes("L", PICTURE_SIZE, planes[:luma])
    u = Image.frombytes("L", half, planes[luma : luma + chroma]).resize(PICTURE_SIZE)
    v = Image.frombytes("L", half, planes[luma + chroma :]).resize(PICTURE_SIZE)
    return Image.merge("YCbCr", (y, u, v)).convert("RGB")
