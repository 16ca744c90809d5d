"""What the shape and the ink of a picture tell of a page whose codes were read."""

from __future__ import annotations

from PIL import Image

from delivery.errors import BadInput
from delivery.postal.incoming.codes import sheets_in
from delivery.postal.incoming.pictures import grey, looks_blank, open_image
from delivery.postal.incoming.scan import PageReading

_LEAST = 0.62
"""Share of A4 below which a picture shows a part of a sheet only: half a page has 0.5; a whole one that a phone saw in
perspective measures 0.7 or more."""
_BAND = (0.17, 0.83)
"""From top and bottom: between header and footer an empty back bears no print, either way up."""
_LONG_PX = 1200


def is_part_of_a_sheet(reading: PageReading) -> bool:
    """Whether an end of the sheet is missing, or the picture is much smaller than a sheet, measured by the size of the
    codes on it."""
    if reading.half:
        return True
    return 0 < sheets_in(reading.codes, (reading.width, reading.height)) < _LEAST


def written_on(image: bytes) -> bool:
    """Whether something is written on the back of a sheet, between its printed header and footer.

    A picture that cannot be looked at counts as written on: a person then sees it with the work.
    """
    try:
        picture = grey(open_image(image, ""), _LONG_PX)
    except BadInput:
        return True
    return not looks_blank(_band(picture))


def _band(picture: Image.Image) -> Image.Image:
    if picture.height >= picture.width:
        box = (0, round(picture.height * _BAND[0]), picture.width, round(picture.height * _BAND[1]))
    else:
        box = (round(picture.width * _BAND[0]), 0, round(picture.width * _BAND[1]), picture.height)
    return picture.crop(box)
