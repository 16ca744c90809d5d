"""Reads the codes on scanned pages and photographs.

The quick way first: the picture at reduced size in grey, QR codes only (no MicroQR or rMQR, which a decoder may see
inside a true code). What that does not read goes through :mod:`delivery.postal.incoming.cascade`.

Pixels are those of the picture as stored: a camera's note on how it was held is not applied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from delivery.postal.incoming.cascade import TURNED, Version, scaled, versions
from delivery.postal.incoming.codes import (
    CodeFound,
    decode,
    elsewhere,
    has_our_form,
    is_one_whole_sheet,
    of_ours,
    placed,
    rotation,
    shows_both_ends,
)
from delivery.postal.incoming.finding import has_frame
from delivery.postal.incoming.pictures import (
    Grey,
    glance_at,
    grey_array,
    looks_blank,
    looks_dark,
)
from delivery.postal.incoming.rebuilt import rebuilt_codes
from delivery.postal.incoming.torn import is_half_missing
from delivery.postal.incoming.unread import UnreadCode, unread_codes

GLANCE_LONG_PX = 1150
"""Least long side at a glance. A4 at 200 dpi comes to 1170: a module of 0.73 mm, the usual one, has 2.9 pixels."""
QUICK_LONG_PX = 1500
"""Least long side of the reduced picture. A4 at 300 dpi comes to 1754: a module of 0.59 mm has 3.5 pixels, which is
enough on a clean scan; Letter comes to 1650."""
WHOLE_LONG_PX = 1800
"""The same for the costly passes: A4 at 300 dpi stays as it is, and from 400 dpi on half the dots or fewer are looked
at. More only cost time and memory."""


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
    unread: tuple[UnreadCode, ...] = ()
    """Codes that were seen and not read, at the end of the sheet where none was read."""
    half: bool = False
    """Codes were read at one end of the sheet, and its other end is not there."""
    framed: bool = False
    """No code of ours was read, but the corner marks of a sheet of ours were seen: it is likely one of ours, and the
    pages before and after it in the file are worth proposing to a person."""


def read_codes(data: bytes) -> list[str]:
    """Texts of the QR codes on a picture. Raises BadInput for what is no picture."""
    return list(read_page_image(data).texts)


def read_page_image(data: bytes, media_type: str = "", *, places: bool = False) -> PageReading:
    """Read a JPEG, PNG, TIFF or HEIC picture; `media_type` is only named in errors, the bytes decide.

    With `places`, where each code stands is wanted to a quarter of a millimetre, for finding the page by it; a glance
    tells it to a millimetre.

    Raises BadInput when the bytes are no picture, are damaged, or would take more than :data:`MAX_PIXELS`.
    """
    at_a_glance = None if places else _glance(data)
    if at_a_glance is not None:
        return at_a_glance
    first, size = grey_array(data, QUICK_LONG_PX, media_type)
    return read_image(
        first, size=size, full=lambda: Image.fromarray(grey_array(data, WHOLE_LONG_PX, media_type)[0])
    )


def _glance(data: bytes) -> PageReading | None:
    """What a small picture tells, when it shows the three codes of one sheet and nothing is left to look for."""
    glance = glance_at(data, GLANCE_LONG_PX, beside=QUICK_LONG_PX)
    if glance is None:
        return None
    picture, size = glance
    version = Version("glance", picture, scaled((picture.shape[1], picture.shape[0]), size))
    codes = decode(version.picture, reduced_too=False)
    ours = of_ours(codes)
    places = placed(ours, version.to_stored)
    if not is_one_whole_sheet(places, size):
        return None
    return PageReading(
        tuple(dict.fromkeys(code.text for code in codes)),
        *size,
        rotation=rotation(ours[0], version.to_stored),
        codes=tuple(places),
        version=version.name,
    )


def read_image(quick: Grey, *, size: tuple[int, int], full: Callable[[], Image.Image]) -> PageReading:
    """Run the cascade until codes at both ends of a sheet are read, and at least once more after the first of ours: the
    end without one may be another sheet, lying over this one or under it.

    `quick` is the picture at reduced size in grey, `full` gives the same at up to 300 dpi; `size` is what it has as
    stored.
    """
    if looks_dark(quick):
        return PageReading((), *size, dark=True)
    found: dict[str, None] = {}
    ours: list[CodeFound] = []
    name, turned, number, tried_rebuilding = "", 0, 0, False

    def rebuilt() -> list[CodeFound]:
        nonlocal tried_rebuilding
        tried_rebuilding = True
        codes = _rebuilt(quick, size)
        found.update(dict.fromkeys(code.text for code in codes))
        return codes

    for number, version in enumerate(versions(quick, full, stored=size), start=1):
        if ours and version.name.startswith(TURNED):
            break
        # A code's modules are some four pixels on the first version: reduced threefold nothing is left of them.
        codes = decode(version.picture, reduced_too=number > 1)
        found.update(dict.fromkeys(code.text for code in codes))
        new = of_ours(codes)
        if ours:
            ours += elsewhere(placed(new, version.to_stored), ours)
            if not shows_both_ends(ours) and not tried_rebuilding:
                ours += elsewhere(rebuilt(), ours)
            if shows_both_ends(ours):
                break
            continue
        if new:
            ours = placed(new, version.to_stored)
            name, turned = version.name, rotation(new[0], version.to_stored)
            if is_one_whole_sheet(ours, size):
                break
        if not ours and number == 2:
            # A page that looks blank gets a second look at its full size, for a faint code; not a tenth.
            if looks_blank(Image.fromarray(quick)):
                return PageReading(tuple(found), *size, blank=not found, passes=number)
            # A tenth of the price of all that follows, and reads more, where the corner marks are there.
            ours = rebuilt()
            if ours:
                name, turned = "rebuilt", _turn(ours[0])
                if shows_both_ends(ours):
                    break
    if not ours:
        return PageReading(tuple(found), *size, passes=number, framed=has_frame(quick))
    return PageReading(
        tuple(found),
        *size,
        rotation=turned,
        passes=number,
        codes=tuple(ours),
        version=name,
        unread=unread_codes(quick, ours, stored=size),
        half=is_half_missing(quick, ours, stored=size),
    )


def _rebuilt(quick: Grey, size: tuple[int, int]) -> list[CodeFound]:
    """Codes of ours, rebuilt at the places that the corner marks tell."""
    scale = np.array([size[0] / quick.shape[1], size[1] / quick.shape[0]])
    ours = []
    for text, corners in rebuilt_codes(quick):
        if has_our_form(text):
            one, two, three, four = ((float(x), float(y)) for x, y in corners * scale)
            ours.append(CodeFound(text, (one, two, three, four)))
    return ours


def _turn(code: CodeFound) -> int:
    (x, y), (u, v) = code.corners[:2]
    return int(round(float(np.degrees(np.arctan2(v - y, u - x))) / 90) * 90 % 360)
