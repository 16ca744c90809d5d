"""Pictures of pages: opened within bounds, in grey at the size that is wanted, and what their ink tells.

Pixels are those of the picture as stored: a camera's note on how it was held is not applied.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image, UnidentifiedImageError

from delivery.errors import N_, BadInput
from delivery.imaging import in_colour, in_grey, know_heic

Grey = npt.NDArray[np.uint8]

MAX_PIXELS = 80_000_000
"""A3 at 600 dpi has 70 million pixels; more than this is refused before it is decoded."""
IMAGE_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
}
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_BLANK_INK = 0.0004
"""Share of dark pixels below which a page is blank: less than a handwritten word on A4."""
_DARK_LEVEL = 60
"""Median level of grey below which a page shows nothing but the inside of the scanner."""


def glance_at(data: bytes, long_px: int, *, beside: int) -> tuple[Grey, tuple[int, int]] | None:
    """A JPEG in grey at the fewest eighths of its size that leave its long side `long_px`, and its stored size.

    None for other pictures, for damaged ones, and where it would save nothing beside :func:`grey_array` with a long
    side of `beside`. Raises BadInput for a picture that is too large.
    """
    if data[:2] != b"\xff\xd8":
        return None
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        check_pixels(width, height)
        longest = max(width, height)
        eighths = -(-8 * long_px // longest)
        # Between a half and the whole, the library decodes more slowly than it does the whole.
        if eighths > 4 or eighths * (longest // beside) >= 8:
            return None
        return _jpeg_in_grey(data, height * eighths // 8, width * eighths // 8), (width, height)
    except ValueError:
        return None


def grey_array(data: bytes, long_px: int, media_type: str = "") -> tuple[Grey, tuple[int, int]]:
    """A picture in grey, reduced by a whole number as far as its long side keeps `long_px`; and its stored size.

    Raises BadInput when the bytes are no picture, are damaged, or would take more than :data:`MAX_PIXELS`.
    """
    if data[:2] == b"\xff\xd8":
        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            check_pixels(width, height)
            factor = max(1, max(width, height) // long_px)
            # Reduced while it is decoded (scaled inverse DCT), and the colours are left alone. The next coarser
            # of the library's eighths: at least as many dots as are asked for.
            return _jpeg_in_grey(data, height // factor, width // factor), (width, height)
        except ValueError:
            # A kind of JPEG that the quick way does not know, or a damaged one: the other library tells.
            pass
    image = open_image(data, media_type)
    size = image.size
    return np.asarray(grey(image, long_px)), size


def _jpeg_in_grey(data: bytes, least_height: int, least_width: int) -> Grey:
    grey: Grey = simplejpeg.decode_jpeg(
        data, "GRAY", min_height=least_height, min_width=least_width, fastdct=True
    )[:, :, 0]
    return grey


def open_image(data: bytes | Path, media_type: str = "") -> Image.Image:
    """Open a picture, from its bytes or from a file, without decoding it, after its kind and size were checked."""
    formats = ["JPEG", "PNG", "TIFF"]
    try:
        if _is_heif(data) and _heif_ready(media_type):
            formats = ["HEIF"]
        with quietly():
            image = Image.open(data if isinstance(data, Path) else io.BytesIO(data), formats=formats)
    except Image.DecompressionBombError as error:
        raise BadInput(
            N_("The picture has far more pixels than a page."),
            do=N_("Scan or photograph each page at up to 600 dpi."),
        ) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BadInput(
            N_("This is not a picture that can be read ({kind})."),
            do=N_("Send a JPEG, PNG or TIFF picture, or a PDF from a scanner."),
            kind=media_type or "?",
        ) from error
    check_size(image)
    return image


@contextmanager
def quietly() -> Iterator[None]:
    """Without the library's warnings about odd tags and large pictures: both are judged here, with errors that a
    person can act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def check_size(image: Image.Image) -> None:
    """Raises BadInput for more than :data:`MAX_PIXELS`; also of a further page of a TIFF, whose size is its own."""
    check_pixels(image.width, image.height)


def check_pixels(width: int, height: int) -> None:
    """Raises BadInput for more than :data:`MAX_PIXELS`."""
    if width * height > MAX_PIXELS:
        raise BadInput(
            N_("The picture has {width} × {height} pixels, which is too large."),
            do=N_("Scan or photograph each page at up to 600 dpi."),
            width=width,
            height=height,
        )


def grey(image: Image.Image, long_px: int) -> Image.Image:
    """Decode in grey, reduced by a whole number as far as the long side keeps `long_px`.

    A JPEG is reduced while it is decoded (scaled inverse DCT), and its colours are left alone. Raises BadInput for a
    damaged picture.
    """
    factor = max(1, max(image.size) // long_px)
    try:
        with quietly():
            if image.format in ("JPEG", "MPO"):
                image.draft("L", (image.width // factor, image.height // factor))
                factor = max(1, max(image.size) // long_px)
            elif image.mode in ("RGBA", "LA") and factor > 1:
                # Reduced first: on paper of its own, a large one would take four bytes for each dot three times.
                image = image.reduce(factor)
                factor = 1
            flat = in_grey(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput(
            N_("The picture is damaged: {reason}"),
            do=N_("Scan or photograph the page again."),
            reason=str(error),
        ) from error
    return flat.reduce(factor) if factor > 1 else flat


def plain(image: Image.Image) -> Image.Image:
    """A picture decoded to what a person sees: eight bits of grey or of colour, and paper where it is transparent.

    Raises BadInput for a damaged picture.
    """
    try:
        with quietly():
            if image.mode in ("L", "RGB") and "transparency" not in image.info:
                image.load()
                return image
            grey_only = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
            return in_grey(image) if grey_only else in_colour(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise BadInput(
            N_("The picture is damaged: {reason}"),
            do=N_("Scan or photograph the page again."),
            reason=str(error),
        ) from error


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


def looks_dark(picture: Grey) -> bool:
    """Whether a grey picture shows nothing but black, apart from dust."""
    some = picture[::16, ::16]
    if not some.size or float(np.median(some)) >= _DARK_LEVEL:
        return False
    return float(np.quantile(some, 0.98)) < 2 * _DARK_LEVEL


def _is_heif(data: bytes | Path) -> bool:
    if isinstance(data, Path):
        with data.open("rb") as stream:
            data = stream.read(16)
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def _heif_ready(media_type: str) -> bool:
    try:
        know_heic()
    except ImportError as error:
        raise BadInput(
            N_("Pictures of the kind HEIC cannot be read on this machine ({kind})."),
            do=N_("Install pillow-heif, or set the telephone to save JPEG pictures."),
            kind=media_type or "heic",
        ) from error
    return True
