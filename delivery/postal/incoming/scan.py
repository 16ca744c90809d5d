"""Reads the codes on scanned pages and photographs.

The quick way first: the picture at reduced size in grey, QR codes only (no MicroQR or rMQR, which a decoder may see
inside a true code). What that does not read goes through :mod:`delivery.postal.incoming.cascade`. No decoder is trusted
with more than a text: whether it is a code of ours is decided by its MAC (:mod:`delivery.postal.incoming.resolve`).

Pixels are those of the picture as stored: a camera's note on how it was held is not applied.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import simplejpeg
import zxingcpp
from PIL import Image, UnidentifiedImageError

from delivery.errors import N_, BadInput
from delivery.postal.incoming.cascade import Affine, Grey, versions

MAX_PIXELS = 80_000_000
"""A3 at 600 dpi has 70 million pixels; more than this is refused before it is decoded."""
QUICK_LONG_PX = 1500
"""Least long side of the reduced picture. A4 at 300 dpi comes to 1754: a module of 0.59 mm has 3.5 pixels, which is
enough on a clean scan; Letter comes to 1650."""
WHOLE_LONG_PX = 1800
"""The same for the costly passes: A4 at 300 dpi stays as it is, and from 400 dpi on half the dots or fewer are looked
at. More only cost time and memory."""
IMAGE_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "TIFF": "image/tiff",
    "HEIF": "image/heic",
}
_OURS = re.compile(r"(?:.*/q/[A-Z2-7]{24}|[A-Z2-7]{24}|[A-Z2-7]{16})", re.DOTALL)
_FORMATS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCodeModel2])
_CODES_ON_A_SHEET = 3
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")

_BLANK_INK = 0.0004
"""Share of dark pixels below which a page is blank: less than a handwritten word on A4."""
_DARK_LEVEL = 60
"""Median level of grey below which a page shows nothing but the inside of the scanner."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class CodeFound:
    """Where a QR code stands: the corners of its dark square, in its own order top left, top right, bottom right,
    bottom left, in pixels of the picture as stored."""

    text: str
    corners: tuple[Point, Point, Point, Point]


@dataclass(frozen=True, slots=True)
class PageReading:
    """What was read on one picture."""

    texts: tuple[str, ...]
    """Texts of all QR codes found in the pass that found one of ours (and the one after it, when that pass did not
    find all three), or in any pass."""
    width: int
    height: int
    rotation: int = 0
    """Degrees, clockwise, by which the page is turned: 0, 90, 180 or 270. Known only when a code was read."""
    blank: bool = False
    passes: int = 1
    """How many versions of the picture were tried."""
    codes: tuple[CodeFound, ...] = ()
    """The codes that have our form, with their places. A text may stand twice: the side codes are alike."""
    version: str = ""
    """Name of the version on which a code of ours was read, as in :mod:`delivery.postal.incoming.cascade`."""
    dark: bool = False
    """Nothing but black: the lid was open, or the page lay the wrong way up. Never tried further."""
    half: bool = False
    """Codes were read at one end of the sheet, and its other end is not there."""
    framed: bool = False
    """No code of ours was read, but the corner marks of a sheet of ours were seen: it is likely one of ours, and the
    pages before and after it in the file are worth proposing to a person."""


def read_codes(data: bytes) -> list[str]:
    """Texts of the QR codes on a picture. Raises BadInput for what is no picture."""
    return list(read_page_image(data).texts)


def read_page_image(data: bytes, media_type: str = "") -> PageReading:
    """Read a JPEG, PNG, TIFF or HEIC picture; `media_type` is only named in errors, the bytes decide.

    Raises BadInput when the bytes are no picture, are damaged, or would take more than :data:`MAX_PIXELS`.
    """
    first, size = grey_array(data, QUICK_LONG_PX, media_type)
    return read_image(
        first, size=size, full=lambda: Image.fromarray(grey_array(data, WHOLE_LONG_PX, media_type)[0])
    )


def grey_array(data: bytes, long_px: int, media_type: str = "") -> tuple[Grey, tuple[int, int]]:
    """A picture in grey, reduced by a whole number as far as its long side keeps `long_px`; and its stored size.

    Raises BadInput as :func:`read_page_image` does.
    """
    if data[:2] == b"\xff\xd8":
        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            check_pixels(width, height)
            factor = max(1, max(width, height) // long_px)
            # Reduced while it is decoded (scaled inverse DCT), and the colours are left alone. The next coarser
            # of the library's eighths: at least as many dots as are asked for.
            quick = simplejpeg.decode_jpeg(
                data, "GRAY", min_height=height // factor, min_width=width // factor, fastdct=True
            )
            return quick[:, :, 0], (width, height)
        except ValueError:
            # A kind of JPEG that the quick way does not know, or a damaged one: the other library tells.
            pass
    image = open_image(data, media_type)
    size = image.size
    return np.asarray(grey(image, long_px)), size


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
            flat = _level(image)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadInput(
            N_("The picture is damaged: {reason}"),
            do=N_("Scan or photograph the page again."),
            reason=str(error),
        ) from error
    return flat.reduce(factor) if factor > 1 else flat


def _level(image: Image.Image) -> Image.Image:
    """Eight bits of grey; what is transparent is paper."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, dtype=np.float32)
        return Image.fromarray(
            (values * (255.0 / max(float(values.max(initial=0.0)), 255.0))).astype(np.uint8)
        )
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        paper = Image.new("RGBA", image.size, "white")
        paper.alpha_composite(image.convert("RGBA"))
        return paper.convert("L")
    return image if image.mode == "L" and image.format is None else image.convert("L")


def read_image(quick: Grey, *, size: tuple[int, int], full: Callable[[], Image.Image]) -> PageReading:
    """Run the cascade: `quick` is the picture at reduced size in grey, `full` gives the same at up to 300 dpi; `size`
    is what it has as stored."""
    if looks_dark(quick):
        return PageReading((), *size, dark=True)
    found: dict[str, None] = {}
    ours: list[CodeFound] = []
    name, rotation, number = "", 0, 0
    for number, version in enumerate(versions(quick, full, stored=size), start=1):
        # A code's modules are some four pixels on the first version: reduced threefold nothing is left of them.
        codes = decode(version.picture, reduced_too=number > 1)
        found.update(dict.fromkeys(code.text for code in codes))
        new = [code for code in codes if _OURS.fullmatch(code.text)]
        if ours:
            ours += _elsewhere(_placed(new, version.to_stored), ours)
            break
        if new:
            ours = _placed(new, version.to_stored)
            name, rotation = version.name, _rotation(new[0], version.to_stored)
            if len(ours) >= _CODES_ON_A_SHEET:
                break
        if not ours and number == 2:
            # A page that looks blank gets a second look at its full size, for a faint code; not a tenth.
            if looks_blank(Image.fromarray(quick)):
                return PageReading(tuple(found), *size, blank=not found, passes=number)
            # A tenth of the price of all that follows, and reads more, where the corner marks are there.
            ours = _rebuilt(quick, size)
            if ours:
                found.update(dict.fromkeys(code.text for code in ours))
                name, rotation = "rebuilt", _turn(ours[0])
                break
    if not ours:
        # Imported here: finding needs the codes' places from this module.
        from delivery.postal.incoming.finding import has_frame

        return PageReading(tuple(found), *size, passes=number, framed=has_frame(quick))
    from delivery.postal.incoming.torn import is_half_missing

    return PageReading(
        tuple(found),
        *size,
        rotation=rotation,
        passes=number,
        codes=tuple(ours),
        version=name,
        half=is_half_missing(quick, ours, stored=size),
    )


def _rebuilt(quick: Grey, size: tuple[int, int]) -> list[CodeFound]:
    """Codes of ours, rebuilt at the places that the corner marks tell."""
    # Imported here: it needs the codes' places from this module.
    from delivery.postal.incoming.rebuilt import rebuilt_codes

    scale = np.array([size[0] / quick.shape[1], size[1] / quick.shape[0]])
    ours = []
    for text, corners in rebuilt_codes(quick):
        if _OURS.fullmatch(text):
            one, two, three, four = ((float(x), float(y)) for x, y in corners * scale)
            ours.append(CodeFound(text, (one, two, three, four)))
    return ours


def _turn(code: CodeFound) -> int:
    (x, y), (u, v) = code.corners[:2]
    return int(round(float(np.degrees(np.arctan2(v - y, u - x))) / 90) * 90 % 360)


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


def decode(picture: Grey, *, reduced_too: bool = True) -> list[Any]:
    """The valid QR codes of one picture, as zxing-cpp gives them; with `reduced_too` also those that it finds at a
    third of the size."""
    codes = zxingcpp.read_barcodes(picture, formats=_FORMATS, try_invert=False, try_downscale=reduced_too)
    return [code for code in codes if code.valid and code.text]


def _is_heif(data: bytes | Path) -> bool:
    if isinstance(data, Path):
        with data.open("rb") as stream:
            data = stream.read(16)
    return data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS


def _heif_ready(media_type: str) -> bool:
    try:
        import pillow_heif
    except ImportError as error:
        raise BadInput(
            N_("Pictures of the kind HEIC cannot be read on this machine ({kind})."),
            do=N_("Install pillow-heif, or set the telephone to save JPEG pictures."),
            kind=media_type or "heic",
        ) from error
    pillow_heif.register_heif_opener(thumbnails=False)
    return True


def _placed(codes: list[Any], to_stored: Affine) -> list[CodeFound]:
    out = []
    for code in codes:
        place = code.position
        four = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
        first, second, third, fourth = (_mapped(to_stored, point.x, point.y) for point in four)
        out.append(CodeFound(code.text, (first, second, third, fourth)))
    return out


def _mapped(to_stored: Affine, x: float, y: float) -> Point:
    a, b, c, d, e, f = to_stored
    return a * x + b * y + c, d * x + e * y + f


def _elsewhere(new: list[CodeFound], known: list[CodeFound]) -> list[CodeFound]:
    """The codes among `new` that are not simply known ones seen again."""
    return [
        code for code in new if not any(code.text == other.text and _overlap(code, other) for other in known)
    ]


def _overlap(one: CodeFound, other: CodeFound) -> bool:
    (x, y), (u, v) = _middle(one), _middle(other)
    side = abs(one.corners[0][0] - one.corners[2][0]) + abs(one.corners[0][1] - one.corners[2][1])
    return abs(x - u) + abs(y - v) < side / 2


def _middle(code: CodeFound) -> Point:
    return sum(x for x, _ in code.corners) / 4, sum(y for _, y in code.corners) / 4


def _rotation(code: Any, to_stored: Affine) -> int:
    a, _, _, d, _, _ = to_stored
    turned = np.degrees(np.arctan2(d, a))
    return int(round(float(code.orientation + turned) / 90) * 90 % 360)
